//! Shares of an asset's earnings, terms between assets, and payments that reach upstream.
//!
//! An asset has a million shares. Its owner loads their holders, [links](Pallet::link_parent) the assets that it was
//! built on, and [opens](Pallet::open) it; from then on it can be paid, and neither shares nor links are set any more.
//! A payment goes into the asset's vault at once; [`Pallet::distribute`] hands ancestors what they are owed, and
//! [`Pallet::claim`] pays a holder. Anybody may call both, in any order and at any time: every sum is worked out
//! from totals, so it makes no difference to what anybody gets.
//!
//! # Terms
//! - *Absolute*: this part of every outside payment to the child and all its descendants. Copied down the line.
//! - *Relative*: this part of what the child receives after that, be it from outside or from its own descendants.
//! - An ancestor on two roads counts once, with the larger part; when one of its terms is absolute, the result is.
//! - Only open assets are linked to, and only before the child opens: so there is no cycle, and no term changes later.
//!   A parent's owner may [ask a minimum](Pallet::set_offer) of those who link from then on.
//! - Linking is voluntary. The chain can't know a parent that nobody named.
//!
//! # Neighbours
//! [`traits::Registry`] says who owns an asset and what was taken down. Other pallets pay by [`Pallet::pay_from`],
//! which begins a purchase and refuses what was taken down, or by [`Pallet::pay_from_hold`] and [`Pallet::pay_credit`],
//! which end one that began earlier. A DAO locks the shares that vote by [`Pallet::lock_shares`].
//!
//! # Money
//! All of it sits in one pallet account, which genesis gives its existential deposit. Rounding goes down, and the
//! remainder stays in the vault until it makes a plank. A payout that its receiver's account can't take yet, because it
//! is below the existential deposit, waits. What a taken-down asset earned is still distributed and claimed.
//!
//! # Invariants
//! The account holds what all vaults add up to. An open asset's shares are a million. What holders have claimed, can
//! claim and carry over is their total, to the millionth of a plank. `try_state` checks all of it.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod math;
pub mod runtime_api;
pub mod traits;
pub mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod deposits;
mod links;
#[cfg(test)]
mod mock;
mod payments;
mod queries;
mod shares;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;

pub use pallet::*;
pub use weights::WeightInfo;

use polkadot_sdk::{
    frame_support::{self, traits::fungible::Credit},
    frame_system,
};

/// A vault as this runtime stores it.
pub type VaultOf<T> = types::Vault<<T as frame_system::Config>::AccountId>;
/// A holder as this runtime stores it.
pub type HolderOf<T> = types::Holder<<T as frame_system::Config>::AccountId>;
/// Money on its way in this runtime.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::{traits::Registry, types::*};
    use core::marker::PhantomData;
    use polkadot_sdk::{
        frame_support::{
            DefaultNoBound, PalletId,
            pallet_prelude::*,
            traits::{
                Footprint,
                fungible::{Balanced, Inspect, Mutate, MutateHold},
            },
        },
        frame_system::pallet_prelude::*,
        sp_runtime::traits::Convert,
    };
    use stoa_primitives::registry::AssetId;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What royalties need of their runtime.
    #[pallet::config]
    pub trait Config: polkadot_sdk::frame_system::Config {
        /// The runtime's hold reasons.
        type RuntimeHoldReason: From<HoldReason>;
        /// What payments and deposits are made in.
        type Currency: Inspect<Self::AccountId, Balance = Balance>
            + Mutate<Self::AccountId>
            + MutateHold<Self::AccountId, Reason = <Self as Config>::RuntimeHoldReason>
            + Balanced<Self::AccountId>;
        /// Who owns assets, and what was taken down.
        type Registry: Registry<Self::AccountId>;
        /// The deposit for rows and bytes.
        type DepositPrice: Convert<Footprint, Balance> + 'static;
        /// Names the account that holds what vaults have.
        #[pallet::constant]
        type PalletId: Get<PalletId>;
        /// What the calls weigh.
        type WeightInfo: WeightInfo;
    }

    /// Why a balance is held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// For a vault.
        #[codec(index = 0)]
        Vault,
        /// For a holder of shares.
        #[codec(index = 1)]
        Holder,
        /// For an approval.
        #[codec(index = 2)]
        Approval,
    }

    /// What each asset earned.
    #[pallet::storage]
    pub type Vaults<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, VaultOf<T>>;

    /// What each asset was built on.
    #[pallet::storage]
    pub type Upstreams<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, Upstream, ValueQuery>;

    /// The open assets that owe an ancestor something.
    #[pallet::storage]
    pub type Descendants<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, AssetId, ()>;

    /// Who holds shares of an asset, or has something left to claim.
    #[pallet::storage]
    pub type Holders<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, T::AccountId, HolderOf<T>>;

    /// The assets of which an account holds shares.
    #[pallet::storage]
    pub type Holdings<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Blake2_128Concat, AssetId, ()>;

    /// The shares that somebody may transfer for their holder: by asset, holder and spender.
    #[pallet::storage]
    pub type Approvals<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Blake2_128Concat, AssetId>,
            NMapKey<Blake2_128Concat, T::AccountId>,
            NMapKey<Blake2_128Concat, T::AccountId>,
        ),
        Approval,
    >;

    /// Gives the pallet's account its existential deposit, so that every payment and payout can be made to the plank.
    /// The pallet stands after balances, so that this counts as issued.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        #[serde(skip)]
        _config: PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let (account, minimum) = (Pallet::<T>::account(), T::Currency::minimum_balance());
            if T::Currency::total_balance(&account) < minimum {
                T::Currency::set_balance(&account, minimum);
            }
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Holders were set before an asset opened.
        #[codec(index = 0)]
        SharesLoaded {
            /// The asset.
            asset: AssetId,
            /// How many accounts were set.
            accounts: u32,
            /// How many shares have a holder now.
            loaded: Shares,
        },
        /// An asset was linked to one that it was built on.
        #[codec(index = 1)]
        ParentLinked {
            /// The asset.
            asset: AssetId,
            /// What it was built on.
            parent: AssetId,
            /// What it owes for that.
            terms: Terms,
            /// What it owes to all ancestors together.
            upstream: Parts,
        },
        /// A link was removed before the asset opened.
        #[codec(index = 2)]
        ParentUnlinked {
            /// The asset.
            asset: AssetId,
            /// What it is no longer linked to.
            parent: AssetId,
        },
        /// An owner set what is asked of those who link to an asset from now on.
        #[codec(index = 3)]
        OfferSet {
            /// The asset.
            asset: AssetId,
            /// The least terms.
            offer: Option<Terms>,
        },
        /// An asset can be paid, listed and linked to.
        #[codec(index = 4)]
        Opened {
            /// The asset.
            asset: AssetId,
        },
        /// An asset's empty vault was removed before it opened.
        #[codec(index = 5)]
        Discarded {
            /// The asset.
            asset: AssetId,
        },
        /// Shares have another holder.
        #[codec(index = 6)]
        SharesTransferred {
            /// The asset.
            asset: AssetId,
            /// Who held them.
            from: T::AccountId,
            /// Who holds them.
            to: T::AccountId,
            /// How many.
            shares: Shares,
        },
        /// A holder lets somebody transfer shares.
        #[codec(index = 7)]
        Approved {
            /// The asset.
            asset: AssetId,
            /// Whose shares.
            holder: T::AccountId,
            /// Who may transfer them.
            spender: T::AccountId,
            /// How many.
            shares: Shares,
        },
        /// An asset was paid.
        #[codec(index = 8)]
        Paid {
            /// The asset.
            asset: AssetId,
            /// Who paid, when it was one account.
            payer: Option<T::AccountId>,
            /// How much.
            amount: Balance,
            /// What for.
            reason: Reason,
        },
        /// An ancestor was handed what an asset owed it.
        #[codec(index = 9)]
        Forwarded {
            /// The asset that owed it.
            asset: AssetId,
            /// The ancestor.
            ancestor: AssetId,
            /// How much.
            amount: Balance,
        },
        /// A holder was paid out.
        #[codec(index = 10)]
        Claimed {
            /// The asset.
            asset: AssetId,
            /// The holder.
            account: T::AccountId,
            /// How much.
            amount: Balance,
        },
        /// A payout waits, because the holder's account doesn't exist and it is too little to begin one.
        #[codec(index = 11)]
        PayoutWaits {
            /// The asset.
            asset: AssetId,
            /// The holder.
            account: T::AccountId,
            /// How much.
            amount: Balance,
        },
    }

    /// Why a call was refused, and what to do.
    #[pallet::error]
    pub enum Error<T> {
        /// There is no such asset.
        #[codec(index = 0)]
        AssetNotFound,
        /// The caller doesn't own the asset.
        #[codec(index = 1)]
        NotOwner,
        /// The asset isn't open. Its owner opens it once shares and links are set.
        #[codec(index = 2)]
        NotOpen,
        /// The asset is open: shares are transferred now, and links stay as they are.
        #[codec(index = 3)]
        AlreadyOpen,
        /// The moderators took the asset down. What it earned can still be claimed.
        #[codec(index = 4)]
        TakenDown,
        /// The holders would have more than 1,000,000 shares together.
        #[codec(index = 5)]
        TooManyShares,
        /// Some shares have no holder. Load them, or name an account that gets the rest.
        #[codec(index = 6)]
        SharesIncomplete,
        /// The account holds fewer shares.
        #[codec(index = 7)]
        NotEnoughShares,
        /// The shares are locked by a vote. Try again when it is over.
        #[codec(index = 8)]
        SharesLocked,
        /// Giver and receiver are the same account.
        #[codec(index = 9)]
        SameAccount,
        /// The amount is zero.
        #[codec(index = 10)]
        ZeroAmount,
        /// The holder approved fewer shares for the caller, or none.
        #[codec(index = 11)]
        NotApproved,
        /// An asset can't be its own parent.
        #[codec(index = 12)]
        SelfParent,
        /// The parent is linked already. Unlink it first, to link it by other terms.
        #[codec(index = 13)]
        ParentExists,
        /// The asset isn't linked to that parent.
        #[codec(index = 14)]
        ParentNotFound,
        /// The asset has 16 parents, which is the most.
        #[codec(index = 15)]
        TooManyParents,
        /// The asset would owe something to more than 32 ancestors.
        #[codec(index = 16)]
        StackTooLong,
        /// The asset would owe its ancestors more than 100 % together.
        #[codec(index = 17)]
        StackAboveWhole,
        /// The asset would owe its ancestors more than the caller accepts.
        #[codec(index = 18)]
        UpstreamAboveGuard,
        /// The parent's owner asks for other terms, or for more.
        #[codec(index = 19)]
        TermsBelowOffer,
        /// The vault has holders or links. Remove them first.
        #[codec(index = 20)]
        NotEmpty,
        /// No ancestor is owed a plank.
        #[codec(index = 21)]
        NothingToDistribute,
        /// The holder is owed less than a plank.
        #[codec(index = 22)]
        NothingToClaim,
        /// The account holds no shares and has nothing to claim.
        #[codec(index = 23)]
        NotHolder,
        /// The holder's shares have 16 locks, which is the most. Try again when a vote is over.
        #[codec(index = 24)]
        TooManyLocks,
        /// There is no such lock.
        #[codec(index = 25)]
        LockNotFound,
        /// A total is at its end.
        #[codec(index = 26)]
        Overflow,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            Self::check_constants();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Says how many of the asset's million shares accounts hold; 0 removes one. The same batch twice does no harm.
        /// The caller owns the asset, which isn't open, and pays a deposit for each new holder.
        ///
        /// Errors: `AssetNotFound`, `NotOwner`, `AlreadyOpen`, `TooManyShares`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::load_shares(count(shares.len())))]
        pub fn load_shares(
            origin: OriginFor<T>,
            asset: AssetId,
            shares: Batch<T::AccountId>,
        ) -> DispatchResult {
            Self::do_load_shares(ensure_signed(origin)?, asset, shares)
        }

        /// States that the asset was built on another, by terms that never change once it is open. `max_upstream` is the
        /// most that the asset may owe all ancestors together after this. The caller owns the asset, which isn't open.
        ///
        /// Errors: `AssetNotFound`, `NotOwner`, `AlreadyOpen`, `SelfParent`, `NotOpen`, `TakenDown`, `TermsBelowOffer`,
        /// `ParentExists`, `TooManyParents`, `StackTooLong`, `StackAboveWhole`, `UpstreamAboveGuard`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::link_parent())]
        pub fn link_parent(
            origin: OriginFor<T>,
            asset: AssetId,
            parent: AssetId,
            terms: Terms,
            max_upstream: Parts,
        ) -> DispatchResult {
            Self::do_link_parent(ensure_signed(origin)?, asset, parent, terms, max_upstream)
        }

        /// Removes a link, with what it brought into the stack. The caller owns the asset, which isn't open.
        ///
        /// Errors: `AssetNotFound`, `NotOwner`, `AlreadyOpen`, `ParentNotFound`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::unlink_parent())]
        pub fn unlink_parent(origin: OriginFor<T>, asset: AssetId, parent: AssetId) -> DispatchResult {
            Self::do_unlink_parent(ensure_signed(origin)?, asset, parent)
        }

        /// Says the least that those who link to the caller's asset owe from now on; earlier links stay as they are.
        ///
        /// Errors: `AssetNotFound`, `NotOwner`, `StackAboveWhole`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::set_offer())]
        pub fn set_offer(origin: OriginFor<T>, asset: AssetId, offer: Option<Terms>) -> DispatchResult {
            Self::do_set_offer(ensure_signed(origin)?, asset, offer)
        }

        /// Opens the caller's asset for ever: it can be paid, listed and linked to, and shares and links are no longer
        /// set. Shares without a holder go to `rest`. The caller takes over the vault's deposit, and pays one more for
        /// each ancestor.
        ///
        /// Errors: `AssetNotFound`, `NotOwner`, `AlreadyOpen`, `TakenDown`, `SharesIncomplete`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::open())]
        pub fn open(origin: OriginFor<T>, asset: AssetId, rest: Option<T::AccountId>) -> DispatchResult {
            Self::do_open(ensure_signed(origin)?, asset, rest)
        }

        /// Removes the vault of the caller's asset, which isn't open and has neither holders nor links, and returns
        /// its deposit.
        ///
        /// Errors: `AssetNotFound`, `NotOwner`, `NotOpen`, `AlreadyOpen`, `NotEmpty`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::discard())]
        pub fn discard(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            Self::do_discard(ensure_signed(origin)?, asset)
        }

        /// Gives shares of an open asset to another account. What they earned so far stays the caller's, who pays the
        /// deposit of a new holder.
        ///
        /// Errors: `NotOpen`, `ZeroAmount`, `SameAccount`, `NotHolder`, `NotEnoughShares`, `SharesLocked`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::transfer_shares())]
        pub fn transfer_shares(
            origin: OriginFor<T>,
            asset: AssetId,
            to: T::AccountId,
            shares: Shares,
        ) -> DispatchResult {
            let from = ensure_signed(origin)?;
            Self::do_transfer_shares(from.clone(), asset, from, to, shares)
        }

        /// Lets a spender transfer this many of the caller's shares; 0 ends it and returns the deposit.
        ///
        /// Errors: `NotOpen`, `SameAccount`, `NotApproved`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::approve())]
        pub fn approve(
            origin: OriginFor<T>,
            asset: AssetId,
            spender: T::AccountId,
            shares: Shares,
        ) -> DispatchResult {
            Self::do_approve(ensure_signed(origin)?, asset, spender, shares)
        }

        /// Gives away shares that their holder approved for the caller, who pays the deposit of a new holder.
        ///
        /// Errors: `NotOpen`, `ZeroAmount`, `SameAccount`, `NotApproved`, `NotHolder`, `NotEnoughShares`, `SharesLocked`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::transfer_shares_from())]
        pub fn transfer_shares_from(
            origin: OriginFor<T>,
            asset: AssetId,
            from: T::AccountId,
            to: T::AccountId,
            shares: Shares,
        ) -> DispatchResult {
            Self::do_transfer_shares_from(ensure_signed(origin)?, asset, from, to, shares)
        }

        /// Pays an open asset from the caller's account, which is kept alive.
        ///
        /// Errors: `NotOpen`, `TakenDown`, `ZeroAmount`.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::pay())]
        pub fn pay(origin: OriginFor<T>, asset: AssetId, amount: Balance, memo: Memo) -> DispatchResult {
            Self::pay_from(&ensure_signed(origin)?, asset, amount, Reason::Direct(memo))
        }

        /// Hands ancestors what an asset owes them. Anybody may call it, and taken-down assets owe too.
        ///
        /// Errors: `NotOpen`, `NothingToDistribute`.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::distribute(MAX_STACK))]
        pub fn distribute(origin: OriginFor<T>, asset: AssetId) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let ancestors = Self::do_distribute(asset)?;
            Ok(Some(T::WeightInfo::distribute(ancestors)).into())
        }

        /// Pays the caller what their shares earned.
        ///
        /// Errors: `NotOpen`, `NotHolder`, `NothingToClaim`.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::claim())]
        pub fn claim(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            Self::do_claim(asset, ensure_signed(origin)?)
        }

        /// Pays a holder what their shares earned. Anybody may call it.
        ///
        /// Errors: `NotOpen`, `NotHolder`, `NothingToClaim`.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::claim())]
        pub fn claim_for(origin: OriginFor<T>, asset: AssetId, account: T::AccountId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_claim(asset, account)
        }
    }
}
