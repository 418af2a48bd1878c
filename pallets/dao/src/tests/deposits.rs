//! A deposit is for the rows that an entry takes.

use super::*;
use crate::types::DepositFor;
use codec::Encode;
use polkadot_sdk::sp_io::{hashing::twox_128, storage};

/// The rows of a new entry, as they are in the state: how many, and the bytes of their keys and values.
fn rows_added(entry: impl FnOnce()) -> (u64, u64) {
    let prefix = twox_128(b"Dao");
    let rows = || {
        let mut rows = std::collections::BTreeMap::new();
        let mut key = prefix.to_vec();
        while let Some(next) = storage::next_key(&key).filter(|next| next.starts_with(&prefix)) {
            rows.insert(next.clone(), storage::get(&next).unwrap().len());
            key = next;
        }
        rows
    };
    let before = rows();
    entry();
    // Single values, such as the counters, have the prefix alone for a key and belong to nobody.
    let added: Vec<_> =
        rows().into_iter().filter(|(key, _)| !before.contains_key(key) && key.len() > 32).collect();
    (added.len() as u64, added.iter().map(|(key, value)| (key.len() + value) as u64).sum())
}

fn footprint(of: DepositFor) -> (u64, u64) {
    let footprint = Dao::footprint(of);
    (footprint.count, footprint.size)
}

#[test]
fn members_proposals_and_votes_pay_for_exactly_their_rows() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        let added = rows_added(|| {
            assert_ok!(Dao::add_member(signed(Dao::account_of(dao)), dao, BOB));
        });
        assert_eq!(added, footprint(DepositFor::Member));
        let shares = dao_of_shares();
        for len in [1, 100, 5_000] {
            let call = remark(len);
            let proposal = DepositFor::Proposal { call: call.encoded_size() as u32 };
            let added = rows_added(|| {
                propose(ALICE, shares, call);
            });
            let (rows, bytes) = footprint(proposal);
            let (vote_rows, vote_bytes) = footprint(DepositFor::Vote);
            assert_eq!(added, (rows + vote_rows, bytes + vote_bytes));
        }
    });
}

#[test]
fn a_dao_pays_for_its_row_at_its_longest() {
    ExtBuilder.build_and_execute(|| {
        let added = rows_added(|| {
            dao_of_shares();
        });
        let (rows, bytes) = footprint(DepositFor::Dao);
        assert_eq!(added.0, rows);
        // A name of 64 bytes, whose length takes two, and a list of 32 proposals fit as well.
        assert_eq!(bytes, added.1 + 62 + 32 * 24);
    });
}
