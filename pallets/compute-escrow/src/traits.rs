//! What the escrow asks of its neighbours; the runtime joins them.

use polkadot_sdk::sp_runtime::{DispatchError, DispatchResult};
use stoa_primitives::{
    ContentId,
    registry::{AssetId, AssetKind, CommitId, Visibility},
};

/// What the registry says of a revision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RevisionFacts {
    /// What its asset is.
    pub kind: AssetKind,
    /// Who may read it.
    pub visibility: Visibility,
    /// The root of its DAG.
    pub content: ContentId,
}

/// The registry of assets. `()` knows none.
pub trait Registry<AccountId> {
    /// A revision of the asset; `None` when there's none, or it was taken down.
    fn revision(asset: AssetId, commit: CommitId) -> Option<RevisionFacts>;
    /// Whether an account is the asset's owner or an admin of it.
    fn is_admin(asset: AssetId, who: &AccountId) -> bool;
}

impl<AccountId> Registry<AccountId> for () {
    fn revision(_: AssetId, _: CommitId) -> Option<RevisionFacts> {
        None
    }

    fn is_admin(_: AssetId, _: &AccountId) -> bool {
        false
    }
}

/// The marketplace. `()` sells nothing, so that jobs can't use gated assets.
///
/// `program` is the content that a job runs on the asset; `None` where the asset is the job's program itself.
pub trait Licences<AccountId, Balance> {
    /// What one job of the requester's pays to use a gated asset; zero for who may read it anyway, `None` when it isn't
    /// for sale by the job.
    fn job_fee(
        requester: &AccountId,
        asset: AssetId,
        commit: CommitId,
        program: Option<ContentId>,
    ) -> Option<Balance>;
    /// Whether the dataset's owner lets a program run on it.
    fn allows(dataset: AssetId, program: ContentId) -> bool;
    /// A job begins, and has set the fee aside: one less is for sale.
    fn begin_job(
        requester: &AccountId,
        asset: AssetId,
        commit: CommitId,
        program: Option<ContentId>,
        fee: Balance,
    ) -> DispatchResult;
    /// Takes the fee from the payer's free balance to the asset's vault; a job had the licence.
    fn charge(payer: &AccountId, job: u64, asset: AssetId, fee: Balance) -> DispatchResult;
}

impl<AccountId, Balance> Licences<AccountId, Balance> for () {
    fn job_fee(_: &AccountId, _: AssetId, _: CommitId, _: Option<ContentId>) -> Option<Balance> {
        None
    }

    fn allows(_: AssetId, _: ContentId) -> bool {
        false
    }

    fn begin_job(_: &AccountId, _: AssetId, _: CommitId, _: Option<ContentId>, _: Balance) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }

    fn charge(_: &AccountId, _: u64, _: AssetId, _: Balance) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}

/// The royalties of assets. `()` takes none, and the money goes back to the requester.
pub trait Royalties<AccountId, Balance> {
    /// Takes an amount from the payer's free balance to the asset's vault, for a job.
    fn pay(payer: &AccountId, job: u64, asset: AssetId, amount: Balance) -> DispatchResult;
}

impl<AccountId, Balance> Royalties<AccountId, Balance> for () {
    fn pay(_: &AccountId, _: u64, _: AssetId, _: Balance) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}

/// Randomness that nobody knew when a block was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SeedState {
    /// It isn't there yet: try again in a few blocks.
    NotYet,
    /// It never will be.
    Lost,
    /// Here it is; the same whenever it is asked for.
    Ready([u8; 32]),
}

/// The chain's running hash of VRF outputs. `()` has none.
pub trait Seeds<BlockNumber> {
    /// The seed that was fixed some blocks after `block`. It must stay available for so long that somebody draws with
    /// it, because whoever can make it lapse can have the draw repeated.
    fn seed_after(block: BlockNumber) -> SeedState;
}

impl<BlockNumber> Seeds<BlockNumber> for () {
    fn seed_after(_: BlockNumber) -> SeedState {
        SeedState::Lost
    }
}

/// What the benchmarks need of the runtime. `()` benchmarks jobs on plain content.
#[cfg(feature = "runtime-benchmarks")]
pub trait BenchmarkHelper<AccountId, BlockNumber> {
    /// An asset that an account owns, and a revision of it: a program that all may use, or a dataset that is as dear to
    /// look up as can be.
    fn revision(owner: &AccountId, number: u8, program: bool) -> Option<(AssetId, CommitId)>;
    /// Who may speak for these assets.
    fn admin(owner: &AccountId) -> AccountId;
    /// Fixes a seed for applications that closed at a block.
    fn fix_seed(block: BlockNumber);
}

#[cfg(feature = "runtime-benchmarks")]
impl<AccountId: Clone, BlockNumber> BenchmarkHelper<AccountId, BlockNumber> for () {
    fn revision(_: &AccountId, _: u8, _: bool) -> Option<(AssetId, CommitId)> {
        None
    }

    fn admin(owner: &AccountId) -> AccountId {
        owner.clone()
    }

    fn fix_seed(_: BlockNumber) {}
}
