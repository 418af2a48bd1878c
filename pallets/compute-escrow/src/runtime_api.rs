//! What clients read.

pub use crate::types::*;
use alloc::vec::Vec;
use codec::Codec;
use polkadot_sdk::{sp_api, sp_runtime::DispatchError};
use stoa_primitives::{ContentId, registry::AssetId};

/// Most entries that one answer has; more asked for is cut to this.
pub const MAX_PAGE: u32 = 256;
/// Most entries that one answer looks at.
pub const MAX_WALK: u32 = 4_096;

sp_api::decl_runtime_apis! {
    /// Workers, jobs and certificates. Lists are paged and have at most [`MAX_PAGE`] entries.
    #[api_version(1)]
    pub trait ComputeEscrowApi<AccountId, Balance, BlockNumber>
    where
        AccountId: Codec,
        Balance: Codec,
        BlockNumber: Codec,
    {
        /// What a worker offers and has at stake.
        fn worker(account: AccountId) -> Option<WorkerInfo<AccountId, Balance>>;
        /// The workers, in no particular order; `after` is the last account of the page before.
        fn workers(after: Option<AccountId>, limit: u32) -> Vec<WorkerInfo<AccountId, Balance>>;
        /// A job that hasn't ended: phase, deadlines, seats and receipts. One that has left its certificate, or nothing.
        fn job(job: JobId) -> Option<JobInfo<AccountId, Balance, BlockNumber>>;
        /// All jobs that haven't ended, in no particular order; `after` is the `next` of the page before.
        fn jobs(after: Option<JobId>, limit: u32) -> Page<JobInfo<AccountId, Balance, BlockNumber>>;
        /// The jobs that a worker could apply for now; `after` is the `next` of the page before.
        fn open_jobs(
            worker: AccountId,
            after: Option<JobId>,
            limit: u32,
        ) -> Page<JobInfo<AccountId, Balance, BlockNumber>>;
        /// What a worker has to do, job by job, in no particular order; `after` is the last job of the page before.
        fn duties(worker: AccountId, after: Option<JobId>, limit: u32) -> Vec<(JobId, Action<BlockNumber>)>;
        /// Whether a worker may read a gated asset for a job. Nodes ask this before they hand out a piece.
        fn may_read(worker: AccountId, job: JobId, asset: AssetId) -> bool;
        /// A certificate.
        fn certificate(certificate: JobId) -> Option<CertificateInfo<AccountId, Balance, BlockNumber>>;
        /// The certificates of results that used an asset, oldest first; `after` is the last one of the page before.
        fn certificates_of(
            asset: AssetId,
            after: Option<JobId>,
            limit: u32,
        ) -> Vec<CertificateInfo<AccountId, Balance, BlockNumber>>;
        /// How the jobs of a program ended, by the root of its content.
        fn figures(program: ContentId) -> Figures;
        /// What a job would hold, or why it would be refused.
        fn quote(
            requester: AccountId,
            request: JobRequest<AccountId, Balance, BlockNumber>,
        ) -> Result<Quote<Balance>, DispatchError>;
        /// What a challenge would hold, or why it would be refused.
        fn quote_challenge(challenger: AccountId, certificate: JobId) -> Result<Quote<Balance>, DispatchError>;
        /// What the pot has, in planks.
        fn pot() -> Balance;
    }
}
