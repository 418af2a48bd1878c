//! The chain: reading it and sending transactions to it, over a node's WebSocket RPC. Here is the registry; [`storage`]
//! has orders and providers.
//!
//! Reads are answered from the node's best block, so that a client sees at once what it did. The calls and types come
//! from `metadata.scale`; a runtime whose registry differs from it is refused before anything is sent.

mod client;
mod delegate;
mod error;
pub mod storage;
mod types;

pub use client::{Chain, ChainState};
pub use error::ChainError;
pub use types::{Asset, Included, Lineage, Namespace, NewRevision, Parent, Ref, Revision, Wait, commit_text};

/// What amounts are counted in: this many plancks make one token.
pub const PLANCKS: u128 = 1_000_000_000_000;

/// An amount as people read it.
pub fn amount(plancks: u128) -> String {
    let (whole, part) = (plancks / PLANCKS, plancks % PLANCKS);
    let digits = format!("{part:012}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { format!("{whole} STOA") } else { format!("{whole}.{digits} STOA") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_without_needless_digits() {
        assert_eq!(amount(0), "0 STOA");
        assert_eq!(amount(PLANCKS), "1 STOA");
        assert_eq!(amount(1_500_000_000_000), "1.5 STOA");
        assert_eq!(amount(1), "0.000000000001 STOA");
    }
}
