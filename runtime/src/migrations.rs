//! The migrations that this version of the runtime brings.
//!
//! Each step is a `VersionedMigration` with checks before and after, in a file of its pallet. It stays listed here
//! until no network can come from the version before it.

/// Steps that are done in the block of the upgrade.
pub type SingleBlock = ();
/// Steps that take as many blocks as they need.
pub type MultiBlock = ();
