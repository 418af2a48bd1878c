//! Listings, licences and grants, with keys that reach one buyer.
//!
//! An admin [lists](Pallet::list) an open asset; whoever [buys](Pallet::buy) holds a licence. A sale is paid into the
//! asset's royalties, never to the seller. A grant is a licence that an admin [gives](Pallet::grant) for nothing.
//! [`Pallet::can_read`] says who may read what: it is what the gateway and other pallets ask.
//!
//! # Money
//! A price is paid at once, or held on the payer for as long as it can come back: while a licence can be returned, and
//! while a key can be delivered and disputed. After that anybody may [settle](Pallet::settle) it into royalties.
//! Nothing runs by itself; deadlines are blocks that are compared when somebody calls.
//!
//! # Keys
//! Content of a private asset is encrypted, and its revision [commits](Pallet::commit_key) to `blake2_256(key ‖ salt)`.
//! - `buy` fixes the buyer's one-time X25519 key and holds the price. An admin delivers the [box](keybox) by a deadline;
//!   when none came, anybody may have the price [refunded](Pallet::refund).
//! - Then the buyer may [dispute](Pallet::dispute) the box by revealing the one-time secret. The chain opens it: when it
//!   doesn't hold what the revision committed to, the price goes back; when it does, the sale is settled, the disputer
//!   pays a forfeit, and everybody can read the key in the box. So nobody disputes a good one.
//! - The chain can't see whether a committed key opens the content: only a reader of the bytes can.
//!
//! # Jobs
//! A listing per job is what compute jobs are charged by: [`Pallet::begin_job`] says how much. Who only computes on
//! gated data must not carry it out, so such jobs run only [programs that an admin allowed](Pallet::allow_program).
//!
//! # Neighbours
//! [`traits::Registry`] and [`traits::Royalties`] are asked, [`traits::Grants`] is offered.
//!
//! # Invariants
//! What is held for sales is what unsettled licences cost. A licence is listed by its asset, its holder and, while a
//! key is due, by its seller. A listing's terms and a commitment never change under a buyer. `try_state` checks it.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod keybox;
pub mod runtime_api;
pub mod traits;
pub mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod deposits;
mod jobs;
mod keys;
mod licences;
mod listings;
#[cfg(test)]
mod mock;
mod queries;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;

pub use pallet::*;
pub use weights::WeightInfo;

use polkadot_sdk::{
    frame_support::{self, traits::fungible::Credit},
    frame_system::{self, pallet_prelude::BlockNumberFor},
};

/// A listing as this runtime stores it.
pub type ListingOf<T> = types::Listing<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// A licence as this runtime stores it.
pub type LicenceOf<T> = types::Licence<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// Money on its way in this runtime.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::{
        keybox::{PublicKey, SealedKey, SecretKey},
        traits::{Registry, Royalties},
        types::*,
    };
    use polkadot_sdk::{
        frame_support::{
            pallet_prelude::*,
            traits::{
                Footprint, OnUnbalanced,
                fungible::{Balanced, Inspect, MutateHold},
            },
        },
        frame_system::pallet_prelude::*,
        sp_runtime::traits::Convert,
    };
    use stoa_primitives::{
        ContentId,
        registry::{AssetId, CommitId},
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the market needs of its runtime.
    #[pallet::config]
    pub trait Config: polkadot_sdk::frame_system::Config {
        /// The runtime's hold reasons.
        type RuntimeHoldReason: From<HoldReason>;
        /// What prices and deposits are paid in.
        type Currency: Inspect<Self::AccountId, Balance = Balance>
            + MutateHold<Self::AccountId, Reason = <Self as Config>::RuntimeHoldReason>
            + Balanced<Self::AccountId>;
        /// Who administers assets, and what was taken down.
        type Registry: Registry<Self::AccountId>;
        /// Where sales are paid.
        type Royalties: Royalties<Self::AccountId, <Self as Config>::RuntimeHoldReason>;
        /// Where the forfeits of false disputes go.
        type OnForfeit: OnUnbalanced<CreditOf<Self>>;
        /// The deposit for rows and bytes.
        type DepositPrice: Convert<Footprint, Balance> + 'static;
        /// In how many blocks after a sale the key must be delivered.
        type DeliveryPeriod: Get<BlockNumberFor<Self>>;
        /// For how many blocks after its delivery a key can be disputed.
        type DisputePeriod: Get<BlockNumberFor<Self>>;
        /// What a false dispute costs.
        type DisputeForfeit: Get<Balance>;
        /// What the calls weigh.
        type WeightInfo: WeightInfo;
    }

    /// Why a balance is held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The price of a licence that isn't settled.
        #[codec(index = 0)]
        Sale,
        /// For a listing.
        #[codec(index = 1)]
        Listing,
        /// For a licence.
        #[codec(index = 2)]
        Licence,
        /// For a commitment to a key.
        #[codec(index = 3)]
        Commitment,
        /// For a program that jobs may run.
        #[codec(index = 4)]
        Program,
    }

    /// The number of the next listing; none is used twice.
    #[pallet::storage]
    pub type NextListing<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// Everything on sale.
    #[pallet::storage]
    pub type Listings<T: Config> = StorageMap<_, Blake2_128Concat, ListingId, ListingOf<T>>;

    /// The listings of an asset, oldest first.
    // Hasher: the chain gives the numbers, so nobody chooses them, and big-endian ones list in order.
    #[pallet::storage]
    pub type ListingsOf<T: Config> = StorageDoubleMap<_, Blake2_128Concat, AssetId, Identity, [u8; 8], ()>;

    /// The listing by which an asset is used in jobs.
    #[pallet::storage]
    pub type JobListings<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, ListingId>;

    /// The number of the next licence; none is used twice.
    #[pallet::storage]
    pub type NextLicence<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// Every licence.
    #[pallet::storage]
    pub type Licences<T: Config> = StorageMap<_, Blake2_128Concat, LicenceId, LicenceOf<T>>;

    /// The licences of an asset that an account holds.
    #[pallet::storage]
    pub type Grants<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, T::AccountId, Held, ValueQuery>;

    /// The licences of an account, oldest first.
    // Hasher: the chain gives the numbers, so nobody chooses them, and big-endian ones list in order.
    #[pallet::storage]
    pub type LicencesOf<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Identity, [u8; 8], ()>;

    /// The licences for which a seller must deliver a key, oldest first.
    // Hasher: the chain gives the numbers, so nobody chooses them, and big-endian ones list in order.
    #[pallet::storage]
    pub type DeliveriesOf<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Identity, [u8; 8], ()>;

    /// What the key of a private revision must hash to.
    #[pallet::storage]
    pub type Commitments<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        AssetId,
        Blake2_128Concat,
        CommitId,
        Paid<T::AccountId, Commitment>,
    >;

    /// The programs that jobs may run on an asset that isn't public.
    #[pallet::storage]
    pub type Programs<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, ContentId, Paid<T::AccountId, ()>>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A revision was committed to a key.
        #[codec(index = 0)]
        KeyCommitted {
            /// The asset.
            asset: AssetId,
            /// The revision.
            revision: CommitId,
            /// Hash of key and salt.
            commitment: Commitment,
        },
        /// An asset was put on sale.
        #[codec(index = 1)]
        Listed {
            /// The listing.
            listing: ListingId,
            /// What is sold.
            asset: AssetId,
            /// On what terms.
            offer: Offer<BlockNumberFor<T>>,
        },
        /// A listing was changed.
        #[codec(index = 2)]
        ListingChanged {
            /// The listing.
            listing: ListingId,
            /// Its version from now on.
            version: u32,
            /// Its terms from now on.
            offer: Offer<BlockNumberFor<T>>,
        },
        /// A listing was removed.
        #[codec(index = 3)]
        Unlisted {
            /// The listing.
            listing: ListingId,
        },
        /// A licence was sold.
        #[codec(index = 4)]
        Sold {
            /// The licence.
            licence: LicenceId,
            /// The listing.
            listing: ListingId,
            /// What it is for.
            asset: AssetId,
            /// Who may read.
            holder: T::AccountId,
            /// Who paid.
            payer: T::AccountId,
            /// How much.
            price: Balance,
            /// Whom the key must be sealed to.
            reader: Option<PublicKey>,
        },
        /// A licence was given for nothing.
        #[codec(index = 5)]
        Granted {
            /// The licence.
            licence: LicenceId,
            /// What it is for.
            asset: AssetId,
            /// Who may read.
            holder: T::AccountId,
        },
        /// A seller delivered a key.
        #[codec(index = 6)]
        KeyDelivered {
            /// The licence.
            licence: LicenceId,
            /// The box.
            sealed: SealedKey,
            /// The last block in which it can be disputed.
            disputable: BlockNumberFor<T>,
        },
        /// A dispute failed: the box holds what the revision committed to.
        #[codec(index = 7)]
        DisputeFailed {
            /// The licence.
            licence: LicenceId,
            /// Who disputed.
            by: T::AccountId,
            /// What that cost.
            forfeit: Balance,
        },
        /// A price went back to its payer, and the licence ended.
        #[codec(index = 8)]
        Refunded {
            /// The licence.
            licence: LicenceId,
            /// Who paid.
            payer: T::AccountId,
            /// How much.
            amount: Balance,
            /// Why.
            cause: RefundCause,
        },
        /// A price went into royalties.
        #[codec(index = 9)]
        Settled {
            /// The licence.
            licence: LicenceId,
            /// How much.
            amount: Balance,
        },
        /// A seller revoked a licence.
        #[codec(index = 10)]
        Revoked {
            /// The licence.
            licence: LicenceId,
            /// The first block in which it no longer counts.
            until: BlockNumberFor<T>,
        },
        /// A licence was removed.
        #[codec(index = 11)]
        LicenceRemoved {
            /// The licence.
            licence: LicenceId,
        },
        /// Jobs may run a program on an asset.
        #[codec(index = 12)]
        ProgramAllowed {
            /// The asset.
            asset: AssetId,
            /// The program.
            program: ContentId,
        },
        /// Jobs may no longer run a program on an asset.
        #[codec(index = 13)]
        ProgramDisallowed {
            /// The asset.
            asset: AssetId,
            /// The program.
            program: ContentId,
        },
    }

    /// Why a call was refused, and what to do.
    #[pallet::error]
    pub enum Error<T> {
        /// There is no such asset.
        #[codec(index = 0)]
        AssetNotFound,
        /// The asset has no such revision.
        #[codec(index = 1)]
        RevisionNotFound,
        /// There is no such listing.
        #[codec(index = 2)]
        ListingNotFound,
        /// There is no such licence.
        #[codec(index = 3)]
        LicenceNotFound,
        /// The caller neither owns nor administers the asset.
        #[codec(index = 4)]
        NotAdmin,
        /// The licence is somebody else's.
        #[codec(index = 5)]
        NotBuyer,
        /// The price is zero. Grant access to give it away.
        #[codec(index = 6)]
        ZeroPrice,
        /// The supply is zero. State how often it may be sold, or nothing.
        #[codec(index = 7)]
        ZeroSupply,
        /// A time of no blocks, or one that is over.
        #[codec(index = 8)]
        BadTime,
        /// A key is sold for ever: neither for a time, nor per job, nor with a refund or a notice.
        #[codec(index = 9)]
        SealedTerms,
        /// Jobs are charged for the whole asset, without refund, notice or key.
        #[codec(index = 10)]
        JobTerms,
        /// The asset is listed per job already. Change or remove that listing.
        #[codec(index = 11)]
        JobListingExists,
        /// A private asset's listing names a revision and comes with its key.
        #[codec(index = 12)]
        MustBeSealed,
        /// The revision isn't committed to a key. Commit it first.
        #[codec(index = 13)]
        KeyNotCommitted,
        /// The revision is committed to a key already, for ever.
        #[codec(index = 14)]
        KeyCommitted,
        /// The listing was changed. Read it again.
        #[codec(index = 15)]
        ListingChanged,
        /// The price is above what the buyer accepts.
        #[codec(index = 16)]
        PriceAboveGuard,
        /// The listing's time is over.
        #[codec(index = 17)]
        ListingExpired,
        /// Nothing is left of the supply.
        #[codec(index = 18)]
        SoldOut,
        /// The listing is for jobs, which are charged as they run.
        #[codec(index = 19)]
        PerJobOnly,
        /// The licence comes with a key. State a new X25519 public key to seal it to.
        #[codec(index = 20)]
        KeyRequired,
        /// The licence comes without a key. State none.
        #[codec(index = 21)]
        KeyUnexpected,
        /// Anybody could open a box that is sealed to this public key. Make a new pair.
        #[codec(index = 22)]
        WeakKey,
        /// The account holds 16 licences of the asset, which is the most. Remove one.
        #[codec(index = 23)]
        TooManyLicences,
        /// No key is due for the licence.
        #[codec(index = 24)]
        NoKeyDue,
        /// It is too late. See until when it could be done.
        #[codec(index = 25)]
        TooLate,
        /// It is too early. See from when on it can be done.
        #[codec(index = 26)]
        TooEarly,
        /// The secret isn't the one of the key that was stated when buying.
        #[codec(index = 27)]
        WrongSecret,
        /// The licence's price isn't held, so there is nothing to return, dispute, refund or settle.
        #[codec(index = 28)]
        NothingHeld,
        /// The licence's price is held. Settle it first, or have it refunded.
        #[codec(index = 29)]
        NotSettled,
        /// The licence's terms don't let the seller revoke it.
        #[codec(index = 30)]
        NotRevocable,
        /// The licence counts, and isn't the caller's to remove.
        #[codec(index = 31)]
        StillLive,
        /// The moderators took the asset down.
        #[codec(index = 32)]
        TakenDown,
        /// The asset isn't on sale for jobs.
        #[codec(index = 33)]
        NoJobListing,
        /// No admin of the asset allowed this program to run on it.
        #[codec(index = 34)]
        ProgramNotAllowed,
        /// The program is on the list already.
        #[codec(index = 35)]
        ProgramListed,
        /// The asset is private: workers can't read it.
        #[codec(index = 36)]
        Encrypted,
        /// A counter is at its end.
        #[codec(index = 37)]
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
        /// Commits a revision for ever to the hash of the key that its content is encrypted with, and a salt. The caller
        /// owns or administers the asset, and pays a deposit.
        ///
        /// Errors: `AssetNotFound`, `NotAdmin`, `RevisionNotFound`, `KeyCommitted`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::commit_key())]
        pub fn commit_key(
            origin: OriginFor<T>,
            asset: AssetId,
            revision: CommitId,
            commitment: Commitment,
        ) -> DispatchResult {
            Self::do_commit_key(ensure_signed(origin)?, asset, revision, commitment)
        }

        /// Puts an open asset on sale. The caller owns or administers it, and pays a deposit.
        ///
        /// Errors: `AssetNotFound`, `NotAdmin`, `ZeroPrice`, `ZeroSupply`, `BadTime`, `RevisionNotFound`, `SealedTerms`,
        /// `JobTerms`, `JobListingExists`, `MustBeSealed`, `KeyNotCommitted`; royalties refuse what isn't open or was
        /// taken down.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::list())]
        pub fn list(origin: OriginFor<T>, asset: AssetId, offer: Offer<BlockNumberFor<T>>) -> DispatchResult {
            Self::do_list(ensure_signed(origin)?, asset, offer)
        }

        /// Changes a listing's price, supply and end. What was sold keeps its terms. The caller owns or administers the
        /// asset.
        ///
        /// Errors: `ListingNotFound`, `NotAdmin`, `ZeroPrice`, `ZeroSupply`, `BadTime`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::update_listing())]
        pub fn update_listing(
            origin: OriginFor<T>,
            listing: ListingId,
            price: Balance,
            supply: Option<u32>,
            until: Option<BlockNumberFor<T>>,
        ) -> DispatchResult {
            Self::do_update_listing(ensure_signed(origin)?, listing, price, supply, until)
        }

        /// Takes a listing off sale and returns its deposit. What was sold stays as it is. The caller owns or administers
        /// the asset, or made the listing.
        ///
        /// Errors: `ListingNotFound`, `NotAdmin`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::unlist())]
        pub fn unlist(origin: OriginFor<T>, listing: ListingId) -> DispatchResult {
            Self::do_unlist(ensure_signed(origin)?, listing)
        }

        /// Buys a licence for the caller, who pays price and deposit. `version` and `max_price` make sure that it is the
        /// offer that the buyer saw; `reader` is a new X25519 key, where a key is sold.
        ///
        /// Errors: `ListingNotFound`, `ListingChanged`, `PriceAboveGuard`, `ListingExpired`, `SoldOut`, `PerJobOnly`,
        /// `MustBeSealed`, `KeyRequired`, `KeyUnexpected`, `WeakKey`, `TooManyLicences`; royalties refuse what was taken
        /// down.
        #[pallet::call_index(4)]
        #[pallet::weight(if reader.is_some() { T::WeightInfo::buy_key() } else { T::WeightInfo::buy() })]
        pub fn buy(
            origin: OriginFor<T>,
            listing: ListingId,
            version: u32,
            max_price: Balance,
            reader: Option<PublicKey>,
        ) -> DispatchResult {
            let payer = ensure_signed(origin)?;
            Self::do_buy(payer.clone(), payer, listing, version, max_price, reader)
        }

        /// Buys a licence for somebody else. `reader` is a key of theirs. What comes back goes to the caller, who paid.
        ///
        /// Errors: as of `buy`.
        #[pallet::call_index(5)]
        #[pallet::weight(if reader.is_some() { T::WeightInfo::buy_key() } else { T::WeightInfo::buy() })]
        pub fn gift(
            origin: OriginFor<T>,
            to: T::AccountId,
            listing: ListingId,
            version: u32,
            max_price: Balance,
            reader: Option<PublicKey>,
        ) -> DispatchResult {
            Self::do_buy(ensure_signed(origin)?, to, listing, version, max_price, reader)
        }

        /// Lets an account read the asset, or one revision of it, for nothing; up to but without block `until`, or until
        /// it is revoked. The caller owns or administers the asset, and pays a deposit.
        ///
        /// Errors: `AssetNotFound`, `NotAdmin`, `RevisionNotFound`, `BadTime`, `TooManyLicences`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::grant())]
        pub fn grant(
            origin: OriginFor<T>,
            asset: AssetId,
            to: T::AccountId,
            revision: Option<CommitId>,
            until: Option<BlockNumberFor<T>>,
        ) -> DispatchResult {
            Self::do_grant(ensure_signed(origin)?, asset, to, revision, until)
        }

        /// Gives a licence back for its whole price, while its terms let that be done. The caller holds or paid it.
        ///
        /// Errors: `LicenceNotFound`, `NotBuyer`, `NothingHeld`, `TooLate`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::refund())]
        pub fn return_licence(origin: OriginFor<T>, licence: LicenceId) -> DispatchResult {
            Self::do_return(ensure_signed(origin)?, licence)
        }

        /// Ends a licence by its own terms: after its notice, or at once with the price back while that is held. A grant
        /// ends at once. A sale whose key isn't delivered can be called off. The caller owns or administers the asset.
        ///
        /// Errors: `LicenceNotFound`, `NotAdmin`, `NotRevocable`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::revoke())]
        pub fn revoke(origin: OriginFor<T>, licence: LicenceId) -> DispatchResult {
            Self::do_revoke(ensure_signed(origin)?, licence)
        }

        /// Delivers the key of a sale, sealed to its buyer. The caller owns or administers the asset.
        ///
        /// Errors: `LicenceNotFound`, `NotAdmin`, `NoKeyDue`, `TakenDown`, `TooLate`.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::deliver_key())]
        pub fn deliver_key(origin: OriginFor<T>, licence: LicenceId, sealed: SealedKey) -> DispatchResult {
            Self::do_deliver_key(ensure_signed(origin)?, licence, sealed)
        }

        /// Says that a delivered key is wrong, and reveals the one-time secret, so that the chain opens the box. The price
        /// goes back if it doesn't hold what the revision committed to; else the caller, who holds or paid the licence,
        /// pays the forfeit.
        ///
        /// Errors: `LicenceNotFound`, `NotBuyer`, `NothingHeld`, `TooLate`, `WrongSecret`.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::dispute())]
        pub fn dispute(origin: OriginFor<T>, licence: LicenceId, secret: SecretKey) -> DispatchResult {
            Self::do_dispute(ensure_signed(origin)?, licence, secret)
        }

        /// Returns the price of a sale whose key wasn't delivered in time, or can't be since the asset was taken down.
        /// Anybody may call it.
        ///
        /// Errors: `LicenceNotFound`, `NoKeyDue`, `TooEarly`.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::refund())]
        pub fn refund(origin: OriginFor<T>, licence: LicenceId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_refund(licence)
        }

        /// Pays a price that can no longer come back into royalties. Anybody may call it.
        ///
        /// Errors: `LicenceNotFound`, `NothingHeld`, `TooEarly`.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::settle())]
        pub fn settle(origin: OriginFor<T>, licence: LicenceId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_settle(licence)
        }

        /// Removes a settled licence, with the box of its key, and returns the deposit. Its holder may do so at any time,
        /// anybody when it is over.
        ///
        /// Errors: `LicenceNotFound`, `NotSettled`, `StillLive`.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::remove_licence())]
        pub fn remove_licence(origin: OriginFor<T>, licence: LicenceId) -> DispatchResult {
            Self::do_remove_licence(ensure_signed(origin)?, licence)
        }

        /// Lets jobs run a program on an asset that isn't public. Make sure that its output can't be the data itself. The
        /// caller owns or administers the asset, and pays a deposit.
        ///
        /// Errors: `AssetNotFound`, `NotAdmin`, `ProgramListed`.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::allow_program())]
        pub fn allow_program(origin: OriginFor<T>, asset: AssetId, program: ContentId) -> DispatchResult {
            Self::do_allow_program(ensure_signed(origin)?, asset, program)
        }

        /// Takes a program off the list again and returns the deposit. Jobs that began go on.
        ///
        /// Errors: `NotAdmin`, `ProgramNotAllowed`.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::disallow_program())]
        pub fn disallow_program(origin: OriginFor<T>, asset: AssetId, program: ContentId) -> DispatchResult {
            Self::do_disallow_program(ensure_signed(origin)?, asset, program)
        }
    }
}
