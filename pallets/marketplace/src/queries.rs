//! Reads for clients and neighbours. They are bounded: a node answers them for strangers.

use crate::{
    Commitments, Config, DeliveriesOf, Grants, LicenceOf, Licences, LicencesOf, ListingOf, Listings,
    ListingsOf, Pallet, Programs,
    listings::ordinal,
    runtime_api::MAX_PAGE,
    traits::{self, Registry, Royalties},
    types::{
        Commitment, DeliveryInfo, GrantInfo, KeyTerms, LicenceId, LicenceInfo, Listing, ListingId,
        ListingInfo, Money,
    },
};
use alloc::vec::Vec;
use polkadot_sdk::{
    frame_support::traits::Get, frame_system::pallet_prelude::BlockNumberFor,
    sp_runtime::traits::UniqueSaturatedInto,
};
use stoa_primitives::{
    ContentId,
    registry::{AssetId, CommitId, Visibility},
};

/// How many entries a page has.
fn page(limit: u32) -> usize {
    limit.min(MAX_PAGE).unique_saturated_into()
}

impl<T: Config> traits::Grants<T::AccountId> for Pallet<T> {
    /// Everybody reads what is public, admins what is theirs, and others what they hold a live licence of. Nobody reads
    /// what was taken down.
    fn can_read(account: &T::AccountId, asset: AssetId, revision: CommitId) -> bool {
        if T::Registry::is_taken_down(asset) || !T::Registry::has_revision(asset, revision) {
            return false;
        }
        match T::Registry::visibility(asset) {
            None => false,
            Some(Visibility::Public) => true,
            Some(Visibility::Gated | Visibility::Private) => {
                T::Registry::is_admin(asset, account)
                    || Grants::<T>::get(asset, account)
                        .into_iter()
                        .filter_map(Licences::<T>::get)
                        .any(|licence| Self::covers(&licence, revision))
            }
        }
    }
}

impl<T: Config> Pallet<T> {
    fn covers(licence: &LicenceOf<T>, revision: CommitId) -> bool {
        licence.is_live(Self::now()) && licence.revision.is_none_or(|only| only == revision)
    }

    fn listing_info(id: ListingId, listing: ListingOf<T>) -> ListingInfo<T::AccountId, BlockNumberFor<T>> {
        let Listing { asset, offer, version, seller, .. } = listing;
        let in_time = offer.until.is_none_or(|until| Self::now() <= until);
        let on_sale = in_time && offer.supply != Some(0) && T::Royalties::ensure_payable(asset).is_ok();
        ListingInfo { id, asset, offer, version, seller, on_sale }
    }

    fn licence_info(id: LicenceId, licence: LicenceOf<T>) -> LicenceInfo<T::AccountId, BlockNumberFor<T>> {
        let live = licence.is_live(Self::now());
        LicenceInfo {
            id,
            asset: licence.asset,
            revision: licence.revision,
            holder: licence.holder,
            payer: licence.payer,
            seller: licence.seller,
            listing: licence.listing,
            price: licence.price,
            money: licence.money,
            key: licence.key,
            until: licence.until,
            notice: licence.notice,
            live,
        }
    }

    /// The listing of a number.
    pub fn listing(listing: ListingId) -> Option<ListingInfo<T::AccountId, BlockNumberFor<T>>> {
        Listings::<T>::get(listing).map(|found| Self::listing_info(listing, found))
    }

    /// The listings of an asset after one of them, oldest first.
    pub fn listings(
        asset: AssetId,
        after: Option<ListingId>,
        limit: u32,
    ) -> Vec<ListingInfo<T::AccountId, BlockNumberFor<T>>> {
        let numbers = match after {
            None => ListingsOf::<T>::iter_key_prefix(asset),
            Some(last) => ListingsOf::<T>::iter_key_prefix_from(
                asset,
                ListingsOf::<T>::hashed_key_for(asset, ordinal(last.0)),
            ),
        };
        let ids = numbers.take(page(limit)).map(|key| ListingId(u64::from_be_bytes(key)));
        ids.filter_map(Self::listing).collect()
    }

    /// The licence of a number.
    pub fn licence(licence: LicenceId) -> Option<LicenceInfo<T::AccountId, BlockNumberFor<T>>> {
        Licences::<T>::get(licence).map(|found| Self::licence_info(licence, found))
    }

    /// The licences of an account after one of them, oldest first.
    pub fn licences(
        account: T::AccountId,
        after: Option<LicenceId>,
        limit: u32,
    ) -> Vec<LicenceInfo<T::AccountId, BlockNumberFor<T>>> {
        let numbers = match after {
            None => LicencesOf::<T>::iter_key_prefix(&account),
            Some(last) => LicencesOf::<T>::iter_key_prefix_from(
                &account,
                LicencesOf::<T>::hashed_key_for(&account, ordinal(last.0)),
            ),
        };
        let ids = numbers.take(page(limit)).map(|key| LicenceId(u64::from_be_bytes(key)));
        ids.filter_map(Self::licence).collect()
    }

    /// Who holds licences of an asset, after an account, in no particular order.
    pub fn grants(asset: AssetId, after: Option<T::AccountId>, limit: u32) -> Vec<GrantInfo<T::AccountId>> {
        let entries = match after {
            None => Grants::<T>::iter_prefix(asset),
            Some(who) => Grants::<T>::iter_prefix_from(asset, Grants::<T>::hashed_key_for(asset, who)),
        };
        let now = Self::now();
        let is_live = |id: &LicenceId| Licences::<T>::get(id).is_some_and(|licence| licence.is_live(now));
        let entries = entries.take(page(limit));
        entries
            .map(|(account, held)| GrantInfo {
                account,
                live: held.iter().any(is_live),
                licences: held.into_inner(),
            })
            .collect()
    }

    /// The keys that a seller must deliver after one of them, oldest sale first.
    pub fn deliveries_due(
        seller: T::AccountId,
        after: Option<LicenceId>,
        limit: u32,
    ) -> Vec<DeliveryInfo<BlockNumberFor<T>>> {
        let numbers = match after {
            None => DeliveriesOf::<T>::iter_key_prefix(&seller),
            Some(last) => DeliveriesOf::<T>::iter_key_prefix_from(
                &seller,
                DeliveriesOf::<T>::hashed_key_for(&seller, ordinal(last.0)),
            ),
        };
        let due = |id| {
            let found = Licences::<T>::get(id)?;
            let Money::AwaitsKey(deadline) = found.money else { return None };
            let (asset, revision, key) = (found.asset, found.revision?, found.key?);
            let (reader, commitment) = (key.reader, key.commitment);
            Some(DeliveryInfo { licence: id, asset, revision, reader, commitment, deadline })
        };
        let ids = numbers.take(page(limit)).map(|key| LicenceId(u64::from_be_bytes(key)));
        ids.filter_map(due).collect()
    }

    /// What the key of a revision must hash to.
    pub fn commitment(asset: AssetId, revision: CommitId) -> Option<Commitment> {
        Commitments::<T>::get(asset, revision).map(|found| found.value)
    }

    /// The programs that jobs may run on an asset after one of them, in no particular order.
    pub fn programs(asset: AssetId, after: Option<ContentId>, limit: u32) -> Vec<ContentId> {
        let entries = match after {
            None => Programs::<T>::iter_key_prefix(asset),
            Some(program) => {
                Programs::<T>::iter_key_prefix_from(asset, Programs::<T>::hashed_key_for(asset, program))
            }
        };
        entries.take(page(limit)).collect()
    }

    /// How long a sale of a key takes.
    pub fn key_terms() -> KeyTerms<BlockNumberFor<T>> {
        KeyTerms {
            delivery: T::DeliveryPeriod::get(),
            dispute: T::DisputePeriod::get(),
            forfeit: T::DisputeForfeit::get(),
        }
    }
}
