//! Watches other providers, and reports faults that pay for the report.

use std::collections::HashMap;

use pallet_storage_proofs::types::{Balance, BlockNo};
use polkadot_sdk::{sp_io::hashing::blake2_128, sp_runtime::Permill};
use stoa_runtime::AccountId;

use super::{
    LOG_TARGET,
    chain::{Answer, At, Call, Chain},
    metrics::{ProviderMetrics, stoa},
    policy::Policy,
};

/// Providers that are looked at per block.
const PAGE: usize = 64;
/// Blocks over which the reporters of one fault spread, so that they don't all pay a fee for what one of them earns.
const SPREAD: u8 = 6;
/// Blocks before a report is sent again.
const PATIENCE: BlockNo = 12;
/// Faults that are remembered.
const MAX_KNOWN: usize = 1_024;

/// Goes over all providers again and again.
#[derive(Default)]
pub struct Watch {
    start: Option<Vec<u8>>,
    /// When a report of a provider may be sent.
    due: HashMap<AccountId, BlockNo>,
}

/// What a report of a fine pays.
fn reward(fine: Balance, share: Permill) -> Balance {
    share.mul_floor(fine)
}

/// How many blocks this reporter waits with a fault.
fn turn(me: &AccountId, other: &AccountId, seen: BlockNo) -> BlockNo {
    let mixed = codec::Encode::using_encoded(&(me, other, seen / PATIENCE), blake2_128);
    BlockNo::from(mixed.first().copied().unwrap_or_default() % SPREAD)
}

impl Watch {
    /// Looks at a page of providers, and at those that were found before.
    pub fn step(
        &mut self,
        chain: &dyn Chain,
        at: At,
        me: &AccountId,
        policy: &Policy,
        metrics: &ProviderMetrics,
    ) -> Answer<()> {
        if !policy.report {
            return Ok(());
        }
        let share = chain.rules(at.hash)?.parameters.reporter_share;
        let page = chain.faults(at.hash, self.start.as_deref(), PAGE)?;
        self.start = page.next;
        self.due.retain(|_, due| at.number < due.saturating_add(PATIENCE.saturating_mul(4)));
        for (other, fine) in page.faults {
            // Whoever reports itself gets nothing.
            if other == *me || reward(fine, share) < policy.min_reward {
                continue;
            }
            let due = match self.due.get(&other) {
                Some(due) => *due,
                None if self.due.len() < MAX_KNOWN => {
                    let due = at.number.saturating_add(turn(me, &other, at.number));
                    self.due.insert(other.clone(), due);
                    due
                }
                None => continue,
            };
            if at.number >= due {
                self.report(chain, at, other, reward(fine, share), metrics);
            }
        }
        Ok(())
    }

    fn report(
        &mut self,
        chain: &dyn Chain,
        at: At,
        other: AccountId,
        reward: Balance,
        metrics: &ProviderMetrics,
    ) {
        match chain.submit(at, Call::report_fault { provider: other.clone() }, 0, false) {
            Ok(()) => {
                metrics.reported.inc();
                log::info!(
                    target: LOG_TARGET,
                    "Provider {other} missed its windows: reported, for {} STOA",
                    stoa(reward)
                );
            }
            Err(error) => log::warn!(target: LOG_TARGET, "Provider {other} can't be reported: {error}"),
        }
        self.due.insert(other, at.number.saturating_add(PATIENCE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reporters_take_turns_within_the_spread() {
        let other = AccountId::new([9; 32]);
        let turns: Vec<_> = (0..32).map(|me| turn(&AccountId::new([me; 32]), &other, 100)).collect();
        assert!(turns.iter().all(|turn| *turn < BlockNo::from(SPREAD)));
        assert!((0..BlockNo::from(SPREAD)).all(|at| turns.contains(&at)), "{turns:?}");
    }
}
