//! What each call costs at its worst: sales of keys, and a holder whose list of licences is nearly full.

use crate::{
    Call, Commitments, Config, Licences, Listings, NextLicence, NextListing, Pallet, Programs,
    keybox::{self, Contents, Sale, SealedKey},
    traits::{Grants as _, Registry, Royalties},
    types::{Balance, LicenceId, ListingId, MAX_LICENCES, Money, Offer, Terms},
};
use polkadot_sdk::{
    frame_benchmarking::{account, v2::*},
    frame_support::traits::{
        Get,
        fungible::{Balanced, Inspect},
        tokens::Precision,
    },
    frame_system::{self, RawOrigin, pallet_prelude::BlockNumberFor},
    sp_runtime::{Saturating, traits::Zero},
};
use stoa_primitives::{
    Codec, ContentId,
    registry::{AssetId, CommitId, Visibility},
};

const PRICE: Balance = 1_000_000_000_000_000;
const SECRET: [u8; 32] = [5; 32];
const CONTENTS: Contents = Contents { key: [1; 32], salt: [2; 32] };
const PROGRAM: ContentId = ContentId { codec: Codec::Raw, digest: [3; 32] };

/// An account with enough for every deposit and price.
fn rich<T: Config>(index: u32) -> T::AccountId {
    let who = account("rich", index, 0);
    let plenty = Balance::MAX / 1_000_000;
    let missing = plenty.saturating_sub(T::Currency::balance(&who));
    // Dropping the debt issues it.
    drop(T::Currency::deposit(&who, missing, Precision::BestEffort));
    who
}

fn origin<T: Config>(who: &T::AccountId) -> T::RuntimeOrigin {
    RawOrigin::Signed(who.clone()).into()
}

/// An asset that can be sold.
fn open<T: Config>(owner: &T::AccountId, visibility: Visibility) -> (AssetId, CommitId) {
    let (asset, revision) = T::Registry::create_asset(owner, visibility);
    T::Royalties::open(owner, asset);
    (asset, revision)
}

/// An asset that can be sold, whose revision is committed to a key.
fn asset<T: Config>(owner: &T::AccountId) -> Result<(AssetId, CommitId), BenchmarkError> {
    let (asset, revision) = open::<T>(owner, Visibility::Private);
    let commitment = keybox::commitment(&CONTENTS);
    Pallet::<T>::commit_key(origin::<T>(owner), asset, revision, commitment)?;
    Ok((asset, revision))
}

fn offer<T: Config>(revision: CommitId) -> Offer<BlockNumberFor<T>> {
    Offer {
        terms: Terms::Perpetual,
        price: PRICE,
        supply: Some(5),
        revision: Some(revision),
        sealed: true,
        refund: Zero::zero(),
        notice: None,
        until: None,
    }
}

fn listed<T: Config>(owner: &T::AccountId) -> Result<(ListingId, CommitId), BenchmarkError> {
    let (asset, revision) = asset::<T>(owner)?;
    let listing = ListingId(NextListing::<T>::get());
    Pallet::<T>::list(origin::<T>(owner), asset, offer::<T>(revision))?;
    Ok((listing, revision))
}

/// Fills a holder's list of licences of an asset but for one.
fn nearly_full<T: Config>(
    owner: &T::AccountId,
    listing: ListingId,
    holder: &T::AccountId,
) -> Result<(), BenchmarkError> {
    let asset =
        Listings::<T>::get(listing).map(|found| found.asset).ok_or(BenchmarkError::Stop("not listed"))?;
    for _ in 1..MAX_LICENCES {
        Pallet::<T>::grant(origin::<T>(owner), asset, holder.clone(), None, None)?;
    }
    Ok(())
}

/// A sale whose key is due.
fn sold<T: Config>(
    owner: &T::AccountId,
    buyer: &T::AccountId,
) -> Result<(LicenceId, CommitId), BenchmarkError> {
    let (listing, revision) = listed::<T>(owner)?;
    nearly_full::<T>(owner, listing, buyer)?;
    let licence = LicenceId(NextLicence::<T>::get());
    let reader = Some(keybox::public_of(SECRET));
    Pallet::<T>::buy(origin::<T>(buyer), listing, 0, PRICE, reader)?;
    Ok((licence, revision))
}

fn sealed(licence: LicenceId, revision: CommitId, contents: &Contents) -> Result<SealedKey, BenchmarkError> {
    let sale = Sale { licence: licence.0, revision };
    keybox::seal(contents, [7; 32], keybox::public_of(SECRET), &sale).ok_or(BenchmarkError::Stop("weak key"))
}

/// A sale whose key was delivered.
fn delivered<T: Config>(
    owner: &T::AccountId,
    buyer: &T::AccountId,
    contents: &Contents,
) -> Result<LicenceId, BenchmarkError> {
    let (licence, revision) = sold::<T>(owner, buyer)?;
    Pallet::<T>::deliver_key(origin::<T>(owner), licence, sealed(licence, revision, contents)?)?;
    Ok(licence)
}

fn pass<T: Config>(blocks: BlockNumberFor<T>) {
    let now = frame_system::Pallet::<T>::block_number();
    frame_system::Pallet::<T>::set_block_number(now.saturating_add(blocks).saturating_add(1_u32.into()));
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn commit_key() {
        let caller = rich::<T>(1);
        let (asset, revision) = T::Registry::create_asset(&caller, Visibility::Private);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, revision, [1; 32]);

        assert!(Commitments::<T>::contains_key(asset, revision));
    }

    #[benchmark]
    fn list() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        let (asset, revision) = asset::<T>(&caller)?;
        let listing = ListingId(NextListing::<T>::get());

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, offer::<T>(revision));

        assert!(Listings::<T>::contains_key(listing));
        Ok(())
    }

    #[benchmark]
    fn update_listing() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        let (listing, _) = listed::<T>(&caller)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), listing, 3, Some(4), None);

        assert_eq!(Listings::<T>::get(listing).map(|found| found.offer.price), Some(3));
        Ok(())
    }

    #[benchmark]
    fn unlist() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        let (listing, _) = listed::<T>(&caller)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), listing);

        assert!(!Listings::<T>::contains_key(listing));
        Ok(())
    }

    /// Without a key, and so paid into royalties at once.
    #[benchmark]
    fn buy() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let (asset, revision) = open::<T>(&owner, Visibility::Gated);
        let listing = ListingId(NextListing::<T>::get());
        let offer = Offer { sealed: false, terms: Terms::Blocks(5_u32.into()), ..offer::<T>(revision) };
        Pallet::<T>::list(origin::<T>(&owner), asset, offer)?;
        nearly_full::<T>(&owner, listing, &caller)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), listing, 0, PRICE, None);

        assert!(Pallet::<T>::can_read(&caller, asset, revision));
        Ok(())
    }

    #[benchmark]
    fn buy_key() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let (listing, _) = listed::<T>(&owner)?;
        nearly_full::<T>(&owner, listing, &caller)?;
        let licence = LicenceId(NextLicence::<T>::get());
        let reader = Some(keybox::public_of(SECRET));

        #[extrinsic_call]
        buy(RawOrigin::Signed(caller), listing, 0, PRICE, reader);

        assert!(Licences::<T>::contains_key(licence));
        Ok(())
    }

    #[benchmark]
    fn grant() -> Result<(), BenchmarkError> {
        let (caller, to) = (rich::<T>(1), rich::<T>(2));
        let (listing, revision) = listed::<T>(&caller)?;
        nearly_full::<T>(&caller, listing, &to)?;
        let asset =
            Listings::<T>::get(listing).map(|found| found.asset).ok_or(BenchmarkError::Stop("gone"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, to.clone(), Some(revision), None);

        assert!(Pallet::<T>::can_read(&to, asset, revision));
        Ok(())
    }

    #[benchmark]
    fn refund() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let (licence, _) = sold::<T>(&owner, &caller)?;
        pass::<T>(T::DeliveryPeriod::get());

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), licence);

        assert!(!Licences::<T>::contains_key(licence));
        Ok(())
    }

    #[benchmark]
    fn revoke() -> Result<(), BenchmarkError> {
        let (caller, buyer) = (rich::<T>(1), rich::<T>(2));
        let (licence, _) = sold::<T>(&caller, &buyer)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), licence);

        assert!(!Licences::<T>::contains_key(licence));
        Ok(())
    }

    #[benchmark]
    fn deliver_key() -> Result<(), BenchmarkError> {
        let (caller, buyer) = (rich::<T>(1), rich::<T>(2));
        let (licence, revision) = sold::<T>(&caller, &buyer)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), licence, sealed(licence, revision, &CONTENTS)?);

        let money = Licences::<T>::get(licence).map(|found| found.money);
        assert!(matches!(money, Some(Money::Disputable(_))));
        Ok(())
    }

    /// A false dispute: the box is opened to the end, and two payments are made.
    #[benchmark]
    fn dispute() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let licence = delivered::<T>(&owner, &caller, &CONTENTS)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), licence, SECRET);

        assert_eq!(Licences::<T>::get(licence).map(|found| found.money), Some(Money::Settled));
        Ok(())
    }

    /// A dispute that is right, to see that it weighs no more than a false one.
    #[benchmark(extra)]
    fn dispute_upheld() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let wrong = Contents { key: [9; 32], ..CONTENTS };
        let licence = delivered::<T>(&owner, &caller, &wrong)?;

        #[extrinsic_call]
        dispute(RawOrigin::Signed(caller), licence, SECRET);

        assert!(!Licences::<T>::contains_key(licence));
        Ok(())
    }

    #[benchmark]
    fn settle() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let licence = delivered::<T>(&owner, &caller, &CONTENTS)?;
        pass::<T>(T::DisputePeriod::get());

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), licence);

        assert_eq!(Licences::<T>::get(licence).map(|found| found.money), Some(Money::Settled));
        Ok(())
    }

    #[benchmark]
    fn remove_licence() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let licence = delivered::<T>(&owner, &caller, &CONTENTS)?;
        pass::<T>(T::DisputePeriod::get());
        Pallet::<T>::settle(origin::<T>(&caller), licence)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), licence);

        assert!(!Licences::<T>::contains_key(licence));
        Ok(())
    }

    #[benchmark]
    fn allow_program() {
        let caller = rich::<T>(1);
        let (asset, _) = T::Registry::create_asset(&caller, Visibility::Private);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, PROGRAM);

        assert!(Programs::<T>::contains_key(asset, PROGRAM));
    }

    #[benchmark]
    fn disallow_program() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        let (asset, _) = T::Registry::create_asset(&caller, Visibility::Private);
        Pallet::<T>::allow_program(origin::<T>(&caller), asset, PROGRAM)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, PROGRAM);

        assert!(!Programs::<T>::contains_key(asset, PROGRAM));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ExtBuilder.build(), crate::mock::Test);
}
