//! What a referendum may change, and the relations that it may not break.

use crate::types::{Balance, BlockNo, LEAVES_PER_GIB, Leaves, MAX_CHALLENGES, WindowIndex};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::sp_runtime::{Permill, traits::Zero};
use scale_info::TypeInfo;

/// How many groups the providers are spread over, so that their proofs don't arrive in a burst.
pub const PHASES: u8 = 64;
/// Blocks from a window's opening, which freezes the sets, to the last block that enters its seed.
pub const SEED_DELAY: BlockNo = 8;
/// Fewest blocks in which a window's proof may be submitted, wherever money is at stake.
pub const MIN_RESPONSE: BlockNo = 50;
/// What all challenges of a window must cost who can't answer them, over the highest price of what it stores.
pub const DETERRENCE: Balance = 10;
/// Largest share of a slash that a reporter may get: more would pay for reporting oneself.
pub const MAX_REPORTER_SHARE: Permill = Permill::from_percent(10);

/// Everything that is governed. Amounts are in plancks; a change applies to windows that open after it.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Parameters {
    /// Blocks in a window: at least one for each phase.
    pub window: BlockNo,
    /// Blocks from a window's opening to the last one that takes a proof; at most half of the window.
    pub response: BlockNo,
    /// Leaves that a proof shows.
    pub challenges: u32,
    /// What a missed window costs for each frozen leaf.
    pub slash: Balance,
    /// Missed windows after which a provider is jailed.
    pub max_misses: u32,
    /// Proven windows after which the first fault is forgiven again.
    pub grace_after: u32,
    /// Windows in jail after which anybody may close the provider's replicas.
    pub jail_windows: WindowIndex,
    /// Windows from a notice to the replica's end, and from a stake's shortage to jail.
    pub notice: WindowIndex,
    /// Stake for a GiB of capacity.
    pub stake_per_gib: Balance,
    /// Lowest price for a GiB and window.
    pub min_price: Balance,
    /// Highest price for a GiB and window.
    pub max_price: Balance,
    /// The part of every payment that goes to the treasury.
    pub levy: Permill,
    /// The part of a slash that goes to the account that reported the fault.
    pub reporter_share: Permill,
    /// Fewest windows of an order, and proven ones before its payer may cancel a replica.
    pub min_term: WindowIndex,
    /// Blocks within which providers may accept an order.
    pub accept_within: BlockNo,
    /// Deposit for an order's record, and again for each of its replicas.
    pub order_deposit: Balance,
    /// Deposit for a provider's record.
    pub provider_deposit: Balance,
}

impl Parameters {
    /// What holds where nothing was set. With 32 challenges, an author with a quarter of the slots who withholds blocks and forks off others' helps a
    /// provider that lost a tenth by less than 5 points (`tests/grinding.rs`); with 20 it would be 10.
    pub const DEFAULT: Self = Self {
        window: 600,
        response: 150,
        challenges: 32,
        slash: 17_000,
        max_misses: 3,
        grace_after: 100,
        jail_windows: 24,
        notice: 24,
        stake_per_gib: 430_000_000_000,
        min_price: 100_000_000,
        max_price: 50_000_000_000,
        levy: Permill::from_percent(2),
        reporter_share: Permill::from_percent(10),
        min_term: 24,
        accept_within: 14_400,
        order_deposit: 10_000_000_000,
        provider_deposit: 100_000_000_000,
    };
}

impl Default for Parameters {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Which relation a set of parameters breaks.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum ParameterFault {
    /// A window has fewer blocks than there are phases.
    #[codec(index = 0)]
    Window,
    /// The response leaves too few blocks after the seed, or takes more than half of the window.
    #[codec(index = 1)]
    Response,
    /// No challenge, or more than a proof can hold.
    #[codec(index = 2)]
    Challenges,
    /// A count of windows or blocks is zero.
    #[codec(index = 3)]
    Zero,
    /// The reporter's share is above its limit.
    #[codec(index = 4)]
    ReporterShare,
    /// The lowest price is zero or above the highest.
    #[codec(index = 5)]
    Prices,
    /// A miss is too cheap beside the highest price: swelling a set with bytes that can be made again would pay.
    #[codec(index = 6)]
    Slash,
    /// The stake doesn't cover the windows of a notice, or the misses before jail.
    #[codec(index = 7)]
    Stake,
}

impl Parameters {
    /// Checks every relation; `min_response`: fewest blocks in which a proof may be submitted.
    pub fn check(&self, min_response: BlockNo) -> Result<(), ParameterFault> {
        let fault = |sound: bool, fault| if sound { Ok(()) } else { Err(fault) };
        fault(self.window >= PHASES.into(), ParameterFault::Window)?;
        let takes_proofs = self.response.saturating_sub(SEED_DELAY);
        fault(
            takes_proofs >= min_response.max(1) && self.response <= self.window / 2,
            ParameterFault::Response,
        )?;
        fault((1..=MAX_CHALLENGES).contains(&self.challenges), ParameterFault::Challenges)?;
        let counts = [
            self.max_misses,
            self.grace_after,
            self.jail_windows,
            self.notice,
            self.min_term,
            self.accept_within,
        ];
        fault(!counts.contains(&0), ParameterFault::Zero)?;
        fault(self.reporter_share <= MAX_REPORTER_SHARE, ParameterFault::ReporterShare)?;
        fault((1..=self.max_price).contains(&self.min_price), ParameterFault::Prices)?;

        let lost = self.slash.saturating_sub(self.reporter_share.mul_ceil(self.slash));
        let deterrent = lost.checked_mul(self.challenges.into());
        let needed = per_leaf(self.max_price).checked_mul(DETERRENCE);
        fault(
            matches!((deterrent, needed), (Some(deterrent), Some(needed)) if deterrent >= needed),
            ParameterFault::Slash,
        )?;
        let windows: Balance = self.max_misses.max(self.notice).into();
        let cover = self.slash.checked_mul(windows).and_then(|leaf| leaf.checked_mul(LEAVES_PER_GIB.into()));
        fault(cover.is_some_and(|cover| self.stake_per_gib >= cover), ParameterFault::Stake)
    }

    /// What a window that opens now takes with it.
    pub fn terms(&self) -> Terms {
        Terms {
            challenges: self.challenges,
            slash: self.slash,
            max_misses: self.max_misses,
            grace_after: self.grace_after,
            notice: self.notice,
            stake_per_gib: self.stake_per_gib,
        }
    }
}

/// The parameters that a window's outcome depends on.
#[derive(Clone, Copy, Debug, Decode, Default, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Terms {
    /// Leaves that a proof shows.
    pub challenges: u32,
    /// What a missed window costs for each frozen leaf.
    pub slash: Balance,
    /// Missed windows after which a provider is jailed.
    pub max_misses: u32,
    /// Proven windows after which the first fault is forgiven again.
    pub grace_after: u32,
    /// Windows from a stake's shortage to jail.
    pub notice: WindowIndex,
    /// Stake for a GiB of capacity.
    pub stake_per_gib: Balance,
}

/// The price of one leaf and window from that of a GiB, rounded up.
pub fn per_leaf(per_gib: Balance) -> Balance {
    per_gib.div_ceil(LEAVES_PER_GIB.into())
}

/// The stake that so many leaves require, rounded up; `None` when no balance can hold it.
pub fn required_stake(leaves: Leaves, stake_per_gib: Balance) -> Option<Balance> {
    Some(stake_per_gib.checked_mul(leaves.into())?.div_ceil(LEAVES_PER_GIB.into()))
}

/// What `windows` of `leaves` cost; `None` when no balance can hold it.
pub fn cost(leaves: Leaves, windows: WindowIndex, price: Balance) -> Option<Balance> {
    price.checked_mul(leaves.into())?.checked_mul(windows.into())
}

/// A payment's two parts: what the provider gets and what the treasury gets. Together they are the payment.
pub fn split(payment: Balance, levy: Permill) -> (Balance, Balance) {
    let part = if payment.is_zero() { 0 } else { levy.mul_floor(payment) };
    (payment.saturating_sub(part), part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn broken(change: impl FnOnce(&mut Parameters)) -> Result<(), ParameterFault> {
        let mut parameters = Parameters::default();
        change(&mut parameters);
        parameters.check(50)
    }

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(Parameters::default().check(50), Ok(()));
    }

    #[test]
    fn each_broken_relation_is_found() {
        use ParameterFault::*;
        assert_eq!(broken(|set| set.window = 63), Err(Window));
        assert_eq!(broken(|set| set.response = 57), Err(Response));
        assert_eq!(broken(|set| set.response = 301), Err(Response));
        assert_eq!(broken(|set| set.response = 0), Err(Response));
        assert_eq!(broken(|set| set.challenges = 0), Err(Challenges));
        assert_eq!(broken(|set| set.challenges = MAX_CHALLENGES + 1), Err(Challenges));
        assert_eq!(broken(|set| set.max_misses = 0), Err(Zero));
        assert_eq!(broken(|set| set.grace_after = 0), Err(Zero));
        assert_eq!(broken(|set| set.jail_windows = 0), Err(Zero));
        assert_eq!(broken(|set| set.notice = 0), Err(Zero));
        assert_eq!(broken(|set| set.min_term = 0), Err(Zero));
        assert_eq!(broken(|set| set.accept_within = 0), Err(Zero));
        assert_eq!(broken(|set| set.reporter_share = Permill::from_parts(100_001)), Err(ReporterShare));
        assert_eq!(broken(|set| set.min_price = 0), Err(Prices));
        assert_eq!(broken(|set| set.min_price = set.max_price + 1), Err(Prices));
        assert_eq!(broken(|set| set.slash = 0), Err(Slash));
        assert_eq!(broken(|set| set.max_price = Balance::MAX), Err(Slash));
        assert_eq!(broken(|set| set.slash = Balance::MAX), Err(Slash));
        assert_eq!(broken(|set| set.stake_per_gib = 0), Err(Stake));
        assert_eq!(broken(|set| set.max_misses = 1_000), Err(Stake));
    }

    #[test]
    fn a_miss_must_cost_ten_times_the_highest_price_of_what_is_stored() {
        // 32 challenges, a tenth to the reporter: 28.8 slashes against ten prices.
        let edge = |slash, price| {
            broken(|set| {
                set.slash = slash;
                set.max_price = price * Balance::from(LEAVES_PER_GIB);
                set.stake_per_gib = Balance::MAX;
                set.min_price = 1;
            })
        };
        assert_eq!(edge(1_000, 2_880), Ok(()));
        assert_eq!(edge(1_000, 2_881), Err(ParameterFault::Slash));
    }

    #[test]
    fn prices_round_up() {
        assert_eq!(per_leaf(0), 0);
        assert_eq!(per_leaf(1), 1);
        assert_eq!(per_leaf(LEAVES_PER_GIB.into()), 1);
        assert_eq!(per_leaf(Balance::from(LEAVES_PER_GIB) + 1), 2);
        assert_eq!(required_stake(1, 1), Some(1));
        assert_eq!(required_stake(LEAVES_PER_GIB, 77), Some(77));
        assert_eq!(required_stake(LEAVES_PER_GIB + 1, 77), Some(78));
        assert_eq!(required_stake(2, Balance::MAX), None);
        assert_eq!(cost(2, 3, 5), Some(30));
        assert_eq!(cost(2, 1, Balance::MAX), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, fork: false, ..ProptestConfig::default() })]

        #[test]
        fn a_payment_is_split_without_loss(payment in 0..Balance::MAX, levy in 0..=1_000_000_u32) {
            let levy = Permill::from_parts(levy);
            let (provider, treasury) = split(payment, levy);
            prop_assert_eq!(provider + treasury, payment);
            prop_assert!(treasury <= levy.mul_ceil(payment));
        }

        #[test]
        fn parameters_from_anywhere_are_checked_without_panic(bytes in prop::collection::vec(any::<u8>(), 200)) {
            if let Ok(parameters) = Parameters::decode(&mut &bytes[..]) {
                prop_assert!(parameters.check(50).is_err() || parameters.window >= 64);
            }
        }
    }
}
