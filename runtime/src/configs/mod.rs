//! The pallets' configuration, a file for each concern.

mod accounts;
mod consensus;
mod governance;
mod hub;
mod money;
mod parameters;
mod system;

pub use accounts::ProxyType;
pub use governance::{UNSTOPPABLE, Unstoppable, UnstoppableNames, default_rules, track};
pub use money::{EXISTENTIAL_DEPOSIT, FeePerWeight, LENGTH_FEE, StoragePrice};
pub use parameters::{RuntimeParameters, dynamic_params};
pub use system::{MAXIMUM_BLOCK_LENGTH, MAXIMUM_BLOCK_WEIGHT, SS58_PREFIX};
