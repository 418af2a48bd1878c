//! What this crate knows of the runtime: its names and its limits.

/// The prefix of addresses; a constant of the runtime.
pub const SS58_PREFIX: u16 = 42;
/// The token whose metadata hash a release of the runtime carries.
pub const TOKEN: (&str, u8) = ("STOA", 12);
/// The least that an account may hold, in plancks.
pub const EXISTENTIAL_DEPOSIT: u128 = 1_000_000_000;
/// What a validator's account needs for the deposit on its session keys and for fees, in plancks.
pub const VALIDATOR_NEEDS: u128 = 1_000_000_000_000;
/// Largest supply, in plancks: votes of the highest conviction count six times.
pub const MAX_SUPPLY: u128 = u128::MAX / 6;
/// Milliseconds of a block.
pub const BLOCK_TIME_MS: std::ops::RangeInclusive<u64> = 2_000..=60_000;
/// Fewest slots of an epoch.
pub const MIN_EPOCH_SLOTS: u64 = 10;
/// Longest epoch: validators change two epochs after the vote.
pub const MAX_EPOCH_MS: u64 = 7 * 24 * 3_600_000;
/// Most validators.
pub const MAX_VALIDATORS: usize = 1_000;
/// Fewest validators of which GRANDPA can lose one: two thirds and one more must vote.
pub const MIN_VALIDATORS: usize = 4;
/// Most members of the technical committee.
pub const MAX_COMMITTEE: usize = 100;
/// Fewest members of whom two thirds are still there when one is gone.
pub const MIN_COMMITTEE: usize = 3;
/// The share of the supply, in percent, that must vote aye on the root track by the end.
pub const ROOT_SUPPORT_PERCENT: u128 = 5;
/// The account that `py/trsry` names.
pub const TREASURY: [u8; 32] = *b"modlpy/trsry\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
