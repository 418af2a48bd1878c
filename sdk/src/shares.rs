//! Files of shares: who gets how many of an asset's million, as CSV.
//!
//! Two columns, an account and a whole number of shares; a first line `account,shares` may name them. Accounts are SS58
//! addresses of any network or public keys in hex.

use crate::{
    chain::royalties::{Holding, WHOLE},
    keys::AccountId32,
};
use std::{collections::BTreeMap, io::Read};

/// Most lines that are read.
const MAX_LINES: usize = 1_000_001;

/// Why a file of shares can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SharesError {
    /// The file isn't CSV, or can't be read.
    #[error("the file of shares can't be read: {0}")]
    Csv(#[from] csv::Error),
    /// A line that can't be used.
    #[error("line {line} of the file of shares: {reason}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody in it.
    #[error("the file of shares names nobody: write a line `account,shares` for each holder")]
    Empty,
    /// More than there are.
    #[error("the file gives out {0} shares, and an asset has {WHOLE}")]
    TooMany(u64),
}

/// Reads who gets how many shares, in the order of the file.
pub fn read_shares(source: impl Read) -> Result<Vec<(AccountId32, u32)>, SharesError> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(source);
    let mut shares = Vec::new();
    let mut lines = BTreeMap::new();
    let mut sum = 0_u64;
    let mut record = csv::StringRecord::new();
    let mut first = true;
    while reader.read_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let bad = |reason: String| SharesError::Line { line, reason };
        let heading = std::mem::take(&mut first) && record.get(1).is_some_and(|word| word == "shares");
        if heading {
            continue;
        }
        let (Some(account), Some(number), 2) = (record.get(0), record.get(1), record.len()) else {
            return Err(bad(format!("it has {} columns where account and shares belong", record.len())));
        };
        let account = parse_account(account).map_err(bad)?;
        let number: u32 = match number.parse() {
            Ok(number @ 1..=WHOLE) => number,
            _ => return Err(bad(format!("`{number}` isn't a whole number of shares from 1 to {WHOLE}"))),
        };
        if let Some(earlier) = lines.insert(account, line) {
            return Err(bad(format!("line {earlier} has the same account: add the two up")));
        }
        sum = sum.saturating_add(number.into());
        shares.push((account, number));
        if shares.len() > MAX_LINES {
            return Err(SharesError::TooMany(sum));
        }
    }
    if shares.is_empty() {
        return Err(SharesError::Empty);
    }
    if sum > WHOLE.into() {
        return Err(SharesError::TooMany(sum));
    }
    Ok(shares)
}

/// An account as people write it: an SS58 address, or a public key in hex.
pub fn parse_account(text: &str) -> Result<AccountId32, String> {
    let bad = || format!("`{text}` is neither an SS58 address nor a public key of 64 hexadecimal digits");
    if let Some(digits) = text.strip_prefix("0x") {
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| bad())?;
        return Ok(AccountId32(bytes));
    }
    text.parse().map_err(|_| bad())
}

/// What must be loaded so that the holders of an asset that isn't open are those of a file; whoever is in neither gets
/// 0. Those who lose come first, so that no part of it goes beyond the million.
pub fn changes(wanted: &[(AccountId32, u32)], holders: &[Holding]) -> Vec<(AccountId32, u32)> {
    let held: BTreeMap<_, _> = holders.iter().map(|holder| (holder.account, holder.shares)).collect();
    let named: BTreeMap<_, _> = wanted.iter().copied().collect();
    let gone = holders.iter().filter(|holder| !named.contains_key(&holder.account));
    let mut changes: Vec<_> = gone.map(|holder| (holder.account, 0)).collect();
    let before = |account: &AccountId32| held.get(account).copied().unwrap_or(0);
    let (less, more): (Vec<(AccountId32, u32)>, Vec<_>) = wanted
        .iter()
        .copied()
        .filter(|(account, shares)| before(account) != *shares)
        .partition(|(account, shares)| *shares < before(account));
    changes.extend(less);
    changes.extend(more);
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_primitives::registry::AssetId;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    const BOB: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

    fn read(text: &str) -> Result<Vec<(AccountId32, u32)>, SharesError> {
        read_shares(text.as_bytes())
    }

    fn account(seed: u8) -> AccountId32 {
        AccountId32([seed; 32])
    }

    #[test]
    fn files_are_read_with_and_without_a_heading() {
        let alice: AccountId32 = ALICE.parse().unwrap();
        let expected = vec![(alice, 600_000), (account(7), 400_000)];
        let hex = "07".repeat(32);
        for text in [
            format!("{ALICE},600000\n0x{hex},400000\n"),
            format!("account,shares\n{ALICE},600000\n0x{hex},400000"),
            format!(" {ALICE} , 600000 \r\n\r\n\"0x{hex}\",\"400000\"\r\n"),
        ] {
            assert_eq!(read(&text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn bad_lines_are_named() {
        for (text, line) in [
            (format!("{ALICE},1\n{BOB}"), 2),
            (format!("{ALICE},1,2"), 1),
            (format!("account,shares\n{ALICE},0"), 2),
            (format!("{ALICE},-5"), 1),
            (format!("{ALICE},1.5"), 1),
            (format!("{ALICE},1000001"), 1),
            (format!("{ALICE},ten"), 1),
            (format!("{ALICE}x,1"), 1),
            ("0x07,1".to_owned(), 1),
            (format!("{ALICE},1\n{BOB},1\n{ALICE},1"), 3),
            (format!("{ALICE},1\naccount,shares"), 2),
        ] {
            let error = read(&text).unwrap_err();
            assert!(
                matches!(error, SharesError::Line { line: found, .. } if found == line),
                "{text}: {error}"
            );
        }
        assert!(matches!(read(""), Err(SharesError::Empty)));
        assert!(matches!(read("account,shares\n"), Err(SharesError::Empty)));
        assert!(matches!(read(&format!("{ALICE},999999\n{BOB},2")), Err(SharesError::TooMany(1_000_001))));
        assert!(read_shares(&b"\xff\xfe,1"[..]).is_err());
    }

    #[test]
    fn only_what_differs_is_loaded_and_losses_come_first() {
        let holder =
            |seed, shares| Holding { asset: AssetId(0), account: account(seed), shares, locked: 0, due: 0 };
        let held = [holder(1, 500_000), holder(2, 300_000), holder(3, 200_000)];
        let wanted = [(account(4), 600_000), (account(1), 500_000), (account(2), 100_000)];
        assert_eq!(changes(&wanted, &held), [(account(3), 0), (account(2), 100_000), (account(4), 600_000)]);
        assert!(changes(&[(account(1), 5)], &[holder(1, 5)]).is_empty());
    }
}
