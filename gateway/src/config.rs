//! What can be set, with defaults for a node on two cores.

use std::{path::PathBuf, time::Duration};

/// How a gateway behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whom a signature is meant for, part of every signed text: the chain's genesis hash and the node's peer id, for
    /// instance. Has no colon.
    pub audience: String,
    /// File of the table that says whose uploads are here. Made when it is missing; its folder must exist.
    pub ledger: PathBuf,
    /// File of the table that says which tokens were revoked. Made when it is missing; its folder must exist.
    pub tokens: PathBuf,
    /// The limits.
    pub limits: Limits,
}

/// Limits of the routes. The connections below them have [`crate::ConnectionLimits`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// Blocks being read and sent at once; each takes up to 2 MiB.
    pub block_reads: usize,
    /// CAR streams at once; each takes up to 12 MiB and the walk's memory.
    pub car_streams: usize,
    /// Fetches of content that isn't here, at once.
    pub fetches: usize,
    /// How long a reader waits for a fetch.
    pub fetch_time: Duration,
    /// How long the node may take for an answer.
    pub chain_time: Duration,
    /// Largest CAR that is taken.
    pub upload_bytes: u64,
    /// Uploads at once.
    pub uploads: usize,
    /// Uploads of one account at once.
    pub uploads_per_account: usize,
    /// How long a challenge may be answered.
    pub challenge_time: Duration,
    /// Answered challenges that are remembered until they expire, so that none is answered twice.
    pub answered_challenges: usize,
    /// How long the sender of an upload may be silent.
    pub upload_silence: Duration,
    /// Slowest rate of an upload, in bytes a second, once `upload_silence` is over.
    pub upload_rate: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            block_reads: 128,
            car_streams: 32,
            fetches: 8,
            fetch_time: Duration::from_secs(30),
            chain_time: Duration::from_secs(10),
            upload_bytes: 64 << 30,
            uploads: 8,
            uploads_per_account: 2,
            challenge_time: Duration::from_secs(300),
            answered_challenges: 65_536,
            upload_silence: Duration::from_secs(30),
            upload_rate: 16 << 10,
        }
    }
}
