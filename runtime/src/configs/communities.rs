//! Communities that own things together, and referendum votes that cost no fee.

use super::{dynamic_params::voting::MinFreeVote, governance::Minutes, hub::Hub, money::StoragePrice};
use crate::*;
use frame_support::{
    PalletId, parameter_types,
    traits::{ConstU32, Everything, Polling},
};
use pallet_conviction_voting::AccountVote;
use pallet_dao::free_vote::{PollIndex, StatedVote};
use pallet_royalties::types::LockId;
use sp_runtime::DispatchResult;
use stoa_primitives::registry::AssetId;

parameter_types! {
    pub const DaoPalletId: PalletId = PalletId(*b"st/daoac");
}

impl pallet_dao::Config for Runtime {
    type RuntimeCall = RuntimeCall;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type DepositPrice = StoragePrice;
    // What any account may do: a community's is one like others.
    type CallFilter = Everything;
    type Shares = Hub;
    type PalletId = DaoPalletId;
    type MinPeriod = ConstU32<5>;
    type MaxPeriod = Minutes<{ 90 * 24 * 60 }>;
    type WeightInfo = crate::weights::pallet_dao::WeightInfo<Runtime>;
}

impl pallet_dao::VotingShares<AccountId> for Hub {
    fn shares_of(asset: AssetId, who: &AccountId) -> u32 {
        Royalties::shares_of(asset, who)
    }

    fn lock(asset: AssetId, who: &AccountId, id: [u8; 16], shares: u32) -> DispatchResult {
        Royalties::lock_shares(asset, who, LockId(id), shares)
    }

    fn unlock(asset: AssetId, who: &AccountId, id: [u8; 16]) -> DispatchResult {
        Royalties::unlock_shares(asset, who, LockId(id))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn create_asset(who: &AccountId) -> AssetId {
        super::hub::benchmarking::create_open_asset(who)
    }
}

impl pallet_dao::free_vote::Config for Runtime {
    type Referenda = Hub;
    type Currency = Balances;
    type MinAmount = MinFreeVote;
    type EraLength = Minutes<{ 24 * 60 }>;
    type MaxPerEra = ConstU32<10>;
    type MaxPerBlock = ConstU32<100>;
    type WeightInfo = crate::weights::pallet_dao_free_vote::WeightInfo<Runtime>;
}

impl pallet_dao::free_vote::Referenda<RuntimeCall, Balance> for Hub {
    fn vote_of(call: &RuntimeCall) -> Option<StatedVote<Balance>> {
        let RuntimeCall::ConvictionVoting(pallet_conviction_voting::Call::vote { poll_index, vote }) = call
        else {
            return None;
        };
        let amount = match *vote {
            AccountVote::Standard { balance, .. } => balance,
            AccountVote::Split { aye, nay } => aye.saturating_add(nay),
            AccountVote::SplitAbstain { aye, nay, abstain } => {
                aye.saturating_add(nay).saturating_add(abstain)
            }
        };
        Some(StatedVote { poll: *poll_index, amount })
    }

    fn is_ongoing(poll: PollIndex) -> bool {
        Referenda::as_ongoing(poll).is_some()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn create_ongoing(amount: Balance) -> (PollIndex, RuntimeCall) {
        let poll =
            <Referenda as Polling<_>>::create_ongoing(super::track::ROOT).expect("the track exists; qed");
        let vote = AccountVote::Standard {
            vote: pallet_conviction_voting::Vote { aye: true, conviction: Default::default() },
            balance: amount,
        };
        let call = pallet_conviction_voting::Call::vote { poll_index: poll, vote };
        (poll, RuntimeCall::ConvictionVoting(call))
    }
}
