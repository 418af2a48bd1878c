//! Whatever a few people do in whatever order, everything holds after each call, and in the end everybody can take all
//! that is theirs back.

use super::*;
use crate::{Call, Daos, Proposals, Votes, types::Electorate};
use polkadot_sdk::sp_runtime::traits::Dispatchable;
use proptest::prelude::*;

const PEOPLE: [AccountId; 4] = [ALICE, BOB, CAROL, DAVE];

/// A call by one of a few, on one of the first few things there are.
#[derive(Clone, Copy, Debug)]
struct Step {
    verb: u8,
    who: u8,
    what: u8,
    other: u8,
    number: u32,
}

fn step() -> impl Strategy<Value = Step> {
    (0..20_u8, 0..4_u8, 0..8_u8, 0..4_u8, 0..700_000_u32).prop_map(|(verb, who, what, other, number)| Step {
        verb,
        who,
        what,
        other,
        number,
    })
}

/// The `index`th of a list, round and round.
fn pick<T: Clone>(list: &[T], index: u8) -> Option<T> {
    list.get(usize::from(index).checked_rem(list.len())?).cloned()
}

/// What a DAO is asked to do.
fn act(dao: DaoId, step: Step) -> RuntimeCall {
    let member = PEOPLE[usize::from(step.other)];
    match step.number % 8 {
        0 => Call::add_member { dao, member }.into(),
        1 => Call::remove_member { dao, member }.into(),
        2 => {
            let shares = Daos::<Test>::get(dao).is_some_and(|found| found.electorate != Electorate::Members);
            let rules = if shares { share_rules() } else { rules() };
            Call::set_rules { dao, rules: Rules { voting_period: 3, execution_delay: 0, ..rules } }.into()
        }
        3 => Call::dissolve { dao, beneficiary: member }.into(),
        4 => remark(300),
        5 => Call::execute { proposal: ProposalId(step.what.into()), max_weight: Weight::zero() }.into(),
        _ => pay(member, u64::from(step.number)),
    }
}

fn call_of(step: Step) -> Option<(AccountId, Call<Test>)> {
    let Step { verb, who, what, other, number } = step;
    let who = PEOPLE[usize::from(who)];
    let daos: Vec<_> = Daos::<Test>::iter_keys().collect();
    let dao = pick(&daos, what).unwrap_or(DaoId(0));
    let proposals: Vec<_> = Proposals::<Test>::iter_keys().collect();
    let proposal = pick(&proposals, what).unwrap_or(ProposalId(0));
    // Shares where they vote, and now and then where they don't.
    let of_shares = |dao: DaoId| {
        Daos::<Test>::get(dao).is_some_and(|found| found.electorate != Electorate::Members)
            != (number % 16 == 0)
    };
    let call = match verb {
        0 => Call::create {
            name: name("random"),
            founders: founders(&PEOPLE[..=usize::from(other)]),
            rules: rules(),
        },
        1 => Call::create { name: name("random"), founders: Founders::Shares(ASSET), rules: share_rules() },
        2..=5 => {
            Call::propose { dao, call: Box::new(act(dao, step)), shares: of_shares(dao).then_some(number) }
        }
        6..=11 => {
            let of = Proposals::<Test>::get(proposal).map_or(dao, |found| found.dao);
            Call::vote { proposal, aye: number % 5 > 0, shares: of_shares(of).then_some(number) }
        }
        12 | 13 => Call::execute { proposal, max_weight: heavy() },
        14 => Call::close { proposal },
        15 => {
            let votes: Vec<_> = Votes::<Test>::iter_keys().collect();
            let (proposal, voter) = pick(&votes, what)?;
            Call::release_vote { proposal, voter }
        }
        16 => Call::leave { dao },
        _ => return None,
    };
    Some((who, call))
}

/// The locks on shares are those of the votes with shares, and no more than are held.
fn assert_locks() {
    for who in PEOPLE {
        let expected = Votes::<Test>::iter().filter(|(_, voter, vote)| *voter == who && vote.asset.is_some());
        let expected = expected.map(|(id, _, vote)| (id.lock(), vote.power)).collect();
        assert_eq!(locks(who), expected);
    }
}

fn total() -> u64 {
    pallet_balances::TotalIssuance::<Test>::get()
}

/// Everybody takes back what is theirs.
fn wind_up() {
    forward(1_000);
    for proposal in Proposals::<Test>::iter_keys().collect::<Vec<_>>() {
        assert_ok!(Dao::close(signed(DAVE), proposal));
    }
    for (proposal, voter) in Votes::<Test>::iter_keys().collect::<Vec<_>>() {
        assert_ok!(Dao::release_vote(signed(DAVE), proposal, voter));
    }
    for dao in Daos::<Test>::iter_keys().collect::<Vec<_>>() {
        assert_ok!(Dao::dissolve(signed(Dao::account_of(dao)), dao, DAVE));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), fork: false, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_keeps_everything_and_returns_every_deposit(
        steps in prop::collection::vec(step(), 1..160),
    ) {
        ExtBuilder.build().execute_with(|| {
            let money = total();
            // Something to begin with, or else most sequences get nowhere.
            dao_of(&[ALICE, BOB]);
            dao_of_shares();
            for step in steps {
                match call_of(step) {
                    Some((who, call)) => {
                        let shown = format!("{call:?}");
                        let root = || polkadot_sdk::sp_io::storage::root(
                            polkadot_sdk::sp_runtime::StateVersion::V1,
                        );
                        let before = root();
                        if RuntimeCall::Dao(call).dispatch(signed(who)).is_err() {
                            assert_eq!(before, root(), "{shown} failed and changed something");
                        }
                        assert_eq!(Dao::do_try_state(), Ok(()), "after {shown}");
                    }
                    None if step.verb == 17 => {
                        let [from, to] = [step.who, step.other].map(|who| PEOPLE[usize::from(who)]);
                        transfer_shares(from, to, step.number).ok();
                    }
                    None => forward(u64::from(step.what)),
                }
                assert_locks();
                assert_eq!(Dao::do_try_state(), Ok(()));
            }
            wind_up();
            assert_eq!(Dao::do_try_state(), Ok(()));
            assert_locks();
            for who in PEOPLE {
                assert_eq!(held(who), 0, "{who}");
            }
            let free: u64 = (1..=5).map(Balances::free_balance).sum();
            assert_eq!(free + Balances::free_balance(POOR), money);
            assert_eq!(total(), money);
            assert_eq!(crate::Calls::<Test>::iter().count(), 0);
        });
    }
}

/// A few cases with every test run; a long campaign says how many in `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}
