//! A client for Stoa: publish assets, fetch them, and verify every byte.
//!
//! - [`chain`] reads the registry and sends transactions to it over a node's WebSocket RPC.
//! - [`gateway`] reads from and uploads to any gateway; [`fetch`](fetch::fetch) brings a revision into a folder, and
//!   [`verify`](verify::verify) checks a folder against one.
//! - [`publish`] puts a folder on the chain and a gateway in one go.
//! - [`keys`] keeps accounts in the format that polkadot.js reads; [`names`], [`units`] and [`card`] read what people write.
//!
//! Nothing that a gateway sends is believed: every block is checked on the way from the root CID that the chain
//! names. A node is believed about the chain; whoever doesn't trust one runs their own.
//!
//! Errors are enums that say what was wrong and what to do; [`Error`] holds any of them.

pub mod card;
pub mod chain;
pub mod dag;
mod error;
pub mod fetch;
pub mod gateway;
pub mod http;
pub mod keys;
pub mod names;
pub mod observe;
pub mod publish;
pub mod units;
pub mod verify;

pub use chain::Chain;
pub use error::{Error, ErrorKind};
pub use gateway::Gateway;
pub use keys::{Keypair, Keystore};
pub use stoa_content as content;
pub use stoa_primitives as primitives;
