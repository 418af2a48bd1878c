//! What the operator wants: which orders to take, and what to do without being asked.
//!
//! A TOML file; what it doesn't say has a default, and what it says wrongly is an error that names the line.

use std::{collections::HashSet, path::Path, str::FromStr};

use pallet_storage_proofs::{
    params::per_leaf,
    types::{Balance, LEAVES_PER_GIB, Leaves, Order},
};
use polkadot_sdk::sp_core::crypto::Ss58Codec;
use serde::Deserialize;
use stoa_consortium::amount::Amount;
use stoa_primitives::{LEAF_SIZE, PieceRoot};
use stoa_runtime::AccountId;

use crate::content_service::parse_root;

/// Digits behind the point of an amount.
const DECIMALS: u8 = 12;
/// Longest policy file.
const MAX_FILE: u64 = 1 << 20;
/// Bytes in a MiB.
const MIB: u64 = 1 << 20;

/// Why a policy can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file can't be read.
    #[error("the provider's policy {path} can't be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is far too long.
    #[error("the provider's policy {0} is over a MiB: lists so long belong into fewer, wider rules")]
    TooLong(String),
    /// The file isn't a policy.
    #[error("the provider's policy can't be understood: {0}")]
    Parse(String),
}

/// The file as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    min_price: Amount,
    max_piece_mib: u64,
    total_gib: u64,
    max_windows: u32,
    accept: bool,
    repair: bool,
    report: bool,
    min_reward: Amount,
    settle_after: u32,
    max_top_up: Amount,
    max_tip: Amount,
    allow: ListFile,
    deny: ListFile,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ListFile {
    payers: Vec<String>,
    pieces: Vec<String>,
}

impl Default for File {
    fn default() -> Self {
        let amount = |text: &str| Amount::from_str(text).unwrap_or(Amount::tokens(1));
        Self {
            min_price: Amount::tokens(0),
            max_piece_mib: 64 << 10,
            total_gib: 100,
            max_windows: u32::MAX,
            accept: true,
            repair: true,
            report: true,
            min_reward: amount("0.01"),
            settle_after: 48,
            max_top_up: Amount::tokens(0),
            max_tip: amount("0.1"),
            allow: ListFile::default(),
            deny: ListFile::default(),
        }
    }
}

/// Accounts and pieces.
#[derive(Clone, Debug, Default)]
struct List {
    payers: HashSet<AccountId>,
    pieces: HashSet<PieceRoot>,
}

impl List {
    fn read(file: ListFile) -> Result<Self, PolicyError> {
        let account = |text: &String| {
            AccountId::from_ss58check(text)
                .map_err(|_| PolicyError::Parse(format!("`{text}` isn't the address of an account")))
        };
        let root = |text: &String| {
            parse_root(text).ok_or_else(|| {
                PolicyError::Parse(format!("`{text}` isn't a piece's root, which has 64 hex digits"))
            })
        };
        Ok(Self {
            payers: file.payers.iter().map(account).collect::<Result<_, _>>()?,
            pieces: file.pieces.iter().map(root).collect::<Result<_, _>>()?,
        })
    }

    fn is_empty(&self) -> bool {
        self.payers.is_empty() && self.pieces.is_empty()
    }

    fn names(&self, order: &Order<AccountId>) -> bool {
        self.payers.contains(&order.payer) || self.pieces.contains(&order.piece.root)
    }
}

/// Why an order isn't taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unwanted {
    /// Its payer or its piece is on the deny list, or not on the allow list.
    Listed,
    /// It pays less than the provider's price, or the provider's price is below the policy's.
    Price,
    /// The piece is larger than a piece may be.
    Size,
    /// The order lasts longer than an order may.
    Windows,
    /// It would take more than the bytes that are left.
    Full,
}

impl Unwanted {
    /// The reason as a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Price => "price",
            Self::Size => "size",
            Self::Windows => "windows",
            Self::Full => "full",
        }
    }
}

/// What the operator wants.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Lowest price of the provider for a leaf and window at which it takes orders.
    pub min_price: Balance,
    max_piece: Leaves,
    /// Most leaves to keep.
    pub total: Leaves,
    max_windows: u32,
    /// Whether to take new orders at all.
    pub accept: bool,
    /// Whether to fetch a damaged piece anew from others that keep it.
    pub repair: bool,
    /// Whether to report other providers' faults.
    pub report: bool,
    /// Smallest reward worth a report.
    pub min_reward: Balance,
    /// Windows after which payments are collected; 0 leaves it to others.
    pub settle_after: u32,
    /// Most that is added to the stake by itself, in all.
    pub max_top_up: Balance,
    /// Highest tip for a proof that doesn't get in.
    pub max_tip: Balance,
    allow: List,
    deny: List,
}

impl Policy {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, PolicyError> {
        let shown = path.display().to_string();
        let failed = |source| PolicyError::Read { path: shown.clone(), source };
        if std::fs::metadata(path).map_err(failed)?.len() > MAX_FILE {
            return Err(PolicyError::TooLong(shown));
        }
        Self::parse(&std::fs::read_to_string(path).map_err(failed)?)
    }

    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text).map_err(|error| PolicyError::Parse(error.to_string()))?;
        let plancks = |name: &str, amount: Amount| {
            amount.plancks(DECIMALS).map_err(|error| PolicyError::Parse(format!("{name}: {error}")))
        };
        Ok(Self {
            min_price: per_leaf(plancks("min_price", file.min_price)?),
            max_piece: file.max_piece_mib.saturating_mul(MIB / LEAF_SIZE),
            total: file.total_gib.saturating_mul(LEAVES_PER_GIB),
            max_windows: file.max_windows,
            accept: file.accept,
            repair: file.repair,
            report: file.report,
            min_reward: plancks("min_reward", file.min_reward)?,
            settle_after: file.settle_after,
            max_top_up: plancks("max_top_up", file.max_top_up)?,
            max_tip: plancks("max_tip", file.max_tip)?,
            allow: List::read(file.allow)?,
            deny: List::read(file.deny)?,
        })
    }

    /// Whether an order is wanted, at the provider's price for a leaf and window, with so many leaves kept or on their way.
    pub fn judge(&self, order: &Order<AccountId>, price: Balance, kept: Leaves) -> Result<(), Unwanted> {
        let leaves = order.piece.leaves();
        let wanted = |fine: bool, why| if fine { Ok(()) } else { Err(why) };
        wanted(!self.deny.names(order), Unwanted::Listed)?;
        wanted(self.allow.is_empty() || self.allow.names(order), Unwanted::Listed)?;
        wanted(price >= self.min_price && price <= order.max_price, Unwanted::Price)?;
        wanted(leaves <= self.max_piece, Unwanted::Size)?;
        wanted(order.windows <= self.max_windows, Unwanted::Windows)?;
        wanted(kept.checked_add(leaves).is_some_and(|all| all <= self.total), Unwanted::Full)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use pallet_storage_proofs::types::{Hints, Named};
    use polkadot_sdk::sp_runtime::Permill;
    use stoa_primitives::Piece;

    use super::*;

    pub(in super::super) fn order(payer: u8, root: u8, leaves: u64, max_price: Balance) -> Order<AccountId> {
        Order {
            payer: AccountId::new([payer; 32]),
            piece: Piece { root: [root; 32], size: leaves * LEAF_SIZE },
            open: 1,
            active: 0,
            windows: 48,
            max_price,
            named: Named::default(),
            hints: Hints::default(),
            expires_at: 1_000,
            min_term: 24,
            levy: Permill::from_percent(2),
            deposit: 0,
        }
    }

    #[test]
    fn an_empty_file_is_a_policy() {
        let policy = Policy::parse("").unwrap();
        assert!(policy.accept && policy.repair && policy.report);
        assert_eq!(policy.min_reward, 10_000_000_000);
        assert_eq!(policy.total, 100 << 20);
        assert_eq!(policy.judge(&order(1, 1, 10, 5), 5, 0), Ok(()));
    }

    #[test]
    fn orders_are_judged_by_price_size_term_and_what_is_left() {
        let policy =
            Policy::parse("min_price = \"0.001048576\"\nmax_piece_mib = 1\ntotal_gib = 1\nmax_windows = 48")
                .unwrap();
        assert_eq!(policy.min_price, 1_000);
        assert_eq!(policy.judge(&order(1, 1, 1_024, 1_000), 1_000, 0), Ok(()));
        assert_eq!(policy.judge(&order(1, 1, 1_024, 1_000), 999, 0), Err(Unwanted::Price));
        assert_eq!(policy.judge(&order(1, 1, 1_024, 999), 1_000, 0), Err(Unwanted::Price));
        assert_eq!(policy.judge(&order(1, 1, 1_025, 1_000), 1_000, 0), Err(Unwanted::Size));
        let longer = Order { windows: 49, ..order(1, 1, 9, 1_000) };
        assert_eq!(policy.judge(&longer, 1_000, 0), Err(Unwanted::Windows));
        assert_eq!(policy.judge(&order(1, 1, 1, 1_000), 1_000, (1 << 20) - 1), Ok(()));
        assert_eq!(policy.judge(&order(1, 1, 1, 1_000), 1_000, 1 << 20), Err(Unwanted::Full));
        assert_eq!(policy.judge(&order(1, 1, 1, 1_000), 1_000, u64::MAX), Err(Unwanted::Full));
    }

    #[test]
    fn lists_name_payers_and_pieces() {
        let payer = AccountId::new([1; 32]).to_ss58check();
        let root = "02".repeat(32);
        let deny = Policy::parse(&format!("[deny]\npayers = [\"{payer}\"]\npieces = [\"{root}\"]")).unwrap();
        assert_eq!(deny.judge(&order(1, 1, 1, 9), 9, 0), Err(Unwanted::Listed));
        assert_eq!(deny.judge(&order(3, 2, 1, 9), 9, 0), Err(Unwanted::Listed));
        assert_eq!(deny.judge(&order(3, 3, 1, 9), 9, 0), Ok(()));
        let allow = Policy::parse(&format!("[allow]\npayers = [\"{payer}\"]")).unwrap();
        assert_eq!(allow.judge(&order(1, 1, 1, 9), 9, 0), Ok(()));
        assert_eq!(allow.judge(&order(2, 1, 1, 9), 9, 0), Err(Unwanted::Listed));
    }

    #[test]
    fn the_policy_of_the_documentation_is_one() {
        let page = include_str!("../../../../docs/storage.md");
        let block = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let policy = Policy::parse(block).unwrap();
        assert_eq!(policy.total, 500 << 20);
        assert!(policy.accept && policy.repair && policy.report);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (text, told) in [
            ("min_prise = \"1\"", "min_prise"),
            ("min_price = -1", "amount in whole tokens"),
            ("min_price = \"0.0000000000001\"", "min_price"),
            ("max_piece_mib = \"big\"", "max_piece_mib"),
            ("[allow]\npayers = [\"alice\"]", "alice"),
            ("[deny]\npieces = [\"abcd\"]", "abcd"),
            ("accept = 1", "accept"),
        ] {
            let error = Policy::parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        let missing = Policy::load(Path::new("/nonexistent/policy.toml")).unwrap_err().to_string();
        assert!(missing.contains("/nonexistent/policy.toml"), "{missing}");
    }
}
