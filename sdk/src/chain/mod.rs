//! The chain: reading it and sending transactions to it, over a node's WebSocket RPC. Here is the registry; [`storage`]
//! has orders and providers, [`market`] listings and licences, [`royalties`] shares and what they earn.
//!
//! Reads are answered from the node's best block, so that a client sees at once what it did. The calls and types come
//! from `metadata.scale`; a runtime whose registry differs from it is refused before anything is sent.

mod client;
pub mod compute;
mod delegate;
mod error;
pub mod governance;
pub mod market;
pub mod royalties;
pub mod storage;
mod types;

pub use client::{Chain, ChainState, Events};
pub use error::ChainError;
pub use subxt::tx::Payload;
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

/// An amount that people write: tokens, with up to twelve decimals.
pub fn parse_amount(text: &str) -> Result<u128, String> {
    let bad = || format!("`{text}` isn't an amount of STOA, such as 10 or 0.25");
    let digits = text.trim().trim_end_matches("STOA").trim_end();
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(decimals) || decimals.len() > 12 {
        return Err(bad());
    }
    let whole: u128 = whole.parse().map_err(|_| bad())?;
    let decimals: u128 = format!("{decimals:0<12}").parse().map_err(|_| bad())?;
    whole.checked_mul(PLANCKS).and_then(|plancks| plancks.checked_add(decimals)).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        for (text, plancks) in [
            ("0", 0),
            ("1", PLANCKS),
            ("0.25", PLANCKS / 4),
            ("1.5 STOA", PLANCKS * 3 / 2),
            ("0.000000000001", 1),
        ] {
            assert_eq!(parse_amount(text), Ok(plancks), "{text}");
        }
        for text in
            ["", "STOA", "-1", "1.", ".5", "1e3", "0.0000000000001", "1,5", "999999999999999999999999999999"]
        {
            assert!(parse_amount(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_are_written_without_needless_digits() {
        assert_eq!(amount(0), "0 STOA");
        assert_eq!(amount(PLANCKS), "1 STOA");
        assert_eq!(amount(1_500_000_000_000), "1.5 STOA");
        assert_eq!(amount(1), "0.000000000001 STOA");
    }
}
