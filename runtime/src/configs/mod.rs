//! The pallets' configuration, a file for each concern.

mod accounts;
mod communities;
mod compute;
mod consensus;
mod governance;
mod hub;
mod market;
mod money;
mod parameters;
mod proofs;
mod system;

pub use accounts::ProxyType;
pub use governance::{UNSTOPPABLE, Unstoppable, UnstoppableNames, default_rules, track};
pub use hub::Hub;
pub use money::{EXISTENTIAL_DEPOSIT, FeePerWeight, LENGTH_FEE, StoragePrice};
pub use parameters::{PARAMETER_NAMES, RuntimeParameters, dynamic_params};
pub use proofs::BlockVrf;
pub use system::{MAXIMUM_BLOCK_LENGTH, MAXIMUM_BLOCK_WEIGHT, SS58_PREFIX};
