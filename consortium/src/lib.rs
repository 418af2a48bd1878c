//! A network of one's own from one configuration file: genesis, keys, units and a runbook.
//!
//! 1. [`Config::parse`] reads a `consortium.toml`; what it doesn't know, it refuses.
//! 2. [`Config::check`] refuses what can't live, with all its reasons at once, and gives a [`Network`].
//! 3. [`Network::launch`] makes the keys that the file doesn't give, [sealed](seal) with a password per member, and gives
//!    a [`Launch`].
//! 4. A [`Launch`] writes the genesis ([`Launch::genesis_patch`], [`Launch::properties`], [`Launch::bootnodes`]) and
//!    everything around it ([`Launch::files`]): keys, units, a compose file, firewalls, monitoring, a runbook.
//!
//! Each step needs the one before, so nothing is written of a network that wasn't checked. The chain specification
//! itself is the node's to write: it has the runtime.
//!
//! # What it knows of the runtime
//! Tracks stand in [`governance`], parameters in [`parameters`], the existential deposit and a few limits in [`runtime`]; the
//! node, which has the runtime, tests that they are its own. The genesis is JSON, and the runtime refuses what it doesn't
//! know.
//!
//! # Invariants
//! - Nothing that is written depends on anything but the file and fresh keys, so two runs differ in keys alone.
//! - A secret leaves this crate only in a sealed file, or in what [`seal::open`] gives.
//!
//! ```
//! let text = include_str!("../../chain-specs/consortium.toml");
//! let network = stoa_consortium::Config::parse(text).unwrap().check().unwrap();
//! assert_eq!(network.validators().count(), 4);
//! ```

pub mod amount;
mod check;
pub mod config;
pub mod files;
mod genesis;
pub mod governance;
pub mod keys;
pub mod network;
pub mod parameters;
pub mod period;
pub mod runtime;
pub mod seal;

pub use check::Problem;
pub use config::{Config, ParseError};
pub use files::File;
pub use keys::{KeyError, Launch};
pub use network::Network;
