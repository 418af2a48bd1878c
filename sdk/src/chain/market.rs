//! Listings, licences, and keys that are sold: calls and reads.

use super::{
    ChainError, Events, amount,
    client::{ChainState, api},
    types::{asset_id, commit_id, commit_id_option, plancks},
};
use crate::keybox::{PublicKey, SealedKey};
use serde::{Serialize, Serializer};
use std::fmt;
use stoa_primitives::registry::{AssetId, CommitId};
use subxt::{tx::Payload, utils::AccountId32};

use api::runtime_types::pallet_marketplace::types as raw;

/// Most entries of a page.
pub const PAGE: u32 = 256;

/// What a buyer gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "blocks")]
pub enum LicenceTerms {
    /// To read the asset for ever.
    Perpetual,
    /// To read the asset for so many blocks.
    Blocks(u32),
    /// To use the asset in one compute job, which is charged for it.
    PerJob,
}

impl fmt::Display for LicenceTerms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Perpetual => formatter.write_str("for ever"),
            Self::Blocks(blocks) => write!(formatter, "for {blocks} blocks"),
            Self::PerJob => formatter.write_str("per job"),
        }
    }
}

/// What is put on sale.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Offer {
    /// What a buyer gets.
    pub terms: LicenceTerms,
    /// For how much, in plancks.
    #[serde(serialize_with = "plancks")]
    pub price: u128,
    /// How many times it is sold; without a number, without end.
    pub supply: Option<u32>,
    /// The only revision that it is for.
    #[serde(serialize_with = "commit_id_option")]
    pub revision: Option<CommitId>,
    /// Comes with a key, to which the revision is committed.
    pub sealed: bool,
    /// For so many blocks a buyer may return the licence.
    pub refund: u32,
    /// How many blocks after the seller revokes it a licence ends; without a number, it can't be revoked.
    pub notice: Option<u32>,
    /// The last block in which it is sold.
    pub until: Option<u32>,
}

impl fmt::Display for Offer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}", amount(self.price), self.terms)?;
        if let Some(supply) = self.supply {
            write!(formatter, ", {supply} left")?;
        }
        if let Some(revision) = self.revision {
            write!(formatter, ", revision {}", super::commit_text(&revision))?;
        }
        if self.sealed {
            formatter.write_str(", with the key to its encrypted files")?;
        }
        if self.refund > 0 {
            write!(formatter, ", can be returned for {} blocks", self.refund)?;
        }
        if let Some(notice) = self.notice {
            write!(formatter, ", can be revoked with {notice} blocks' notice")?;
        }
        if let Some(until) = self.until {
            write!(formatter, ", until block {until}")?;
        }
        Ok(())
    }
}

/// Something on sale.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Listing {
    /// Its number.
    pub id: u64,
    /// What is sold.
    #[serde(serialize_with = "asset_id")]
    pub asset: AssetId,
    /// On what terms; `supply` is what is left.
    pub offer: Offer,
    /// What a buyer states, so that nothing changes under them.
    pub version: u32,
    /// Who made it.
    pub seller: AccountId32,
    /// It can be bought now.
    pub on_sale: bool,
}

/// Where the money of a licence is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "until")]
pub enum Money {
    /// With the asset's holders, or there was none.
    Settled,
    /// Held: the licence can be returned up to and with this block.
    Refundable(u32),
    /// Held: the key must be delivered up to and with this block.
    AwaitsKey(u32),
    /// Held: the key can be disputed up to and with this block.
    Disputable(u32),
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settled => formatter.write_str("paid"),
            Self::Refundable(until) => write!(formatter, "can be returned up to block {until}"),
            Self::AwaitsKey(until) => write!(formatter, "awaits its key up to block {until}"),
            Self::Disputable(until) => write!(formatter, "its key can be disputed up to block {until}"),
        }
    }
}

/// The sale of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeySale {
    /// Whom the key is sealed to.
    pub reader: PublicKey,
    /// What key and salt must hash to.
    pub commitment: [u8; 32],
    /// The key, once delivered.
    pub sealed: Option<SealedKey>,
}

/// What a buyer holds.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Licence {
    /// Its number.
    pub id: u64,
    /// What it is for.
    #[serde(serialize_with = "asset_id")]
    pub asset: AssetId,
    /// The only revision that it is for.
    #[serde(serialize_with = "commit_id_option")]
    pub revision: Option<CommitId>,
    /// Who may read.
    pub holder: AccountId32,
    /// Who paid.
    pub payer: AccountId32,
    /// Who made the listing, or granted it.
    pub seller: AccountId32,
    /// The listing that it was bought from; without one, it was granted.
    pub listing: Option<u64>,
    /// What was paid, in plancks.
    #[serde(serialize_with = "plancks")]
    pub price: u128,
    /// Where that is.
    pub money: Money,
    /// The key that belongs to it.
    #[serde(serialize_with = "key_state")]
    pub key: Option<KeySale>,
    /// The first block in which it no longer counts.
    pub until: Option<u32>,
    /// How many blocks after the seller revokes it it ends.
    pub notice: Option<u32>,
    /// It lets its holder read now.
    pub live: bool,
}

/// A key that a seller must deliver.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Delivery {
    /// The licence.
    pub licence: u64,
    /// Its asset.
    #[serde(serialize_with = "asset_id")]
    pub asset: AssetId,
    /// The revision whose key was sold.
    #[serde(serialize_with = "commit_id")]
    pub revision: CommitId,
    /// Whom the key is sealed to.
    #[serde(skip)]
    pub reader: PublicKey,
    /// What key and salt must hash to.
    #[serde(skip)]
    pub commitment: [u8; 32],
    /// The last block in which it can be delivered.
    pub deadline: u32,
}

/// Who holds licences of an asset.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Grant {
    /// The holder.
    pub account: AccountId32,
    /// Their licences.
    pub licences: Vec<u64>,
    /// One of them lets the holder read now.
    pub live: bool,
}

/// How long a sale of a key takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct KeyTerms {
    /// In how many blocks after a sale the key must be delivered.
    pub delivery: u32,
    /// For how many blocks after its delivery it can be disputed.
    pub dispute: u32,
    /// What a false dispute costs, in plancks.
    #[serde(serialize_with = "plancks")]
    pub forfeit: u128,
}

/// What a deposit is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deposit {
    /// A listing.
    Listing,
    /// A licence.
    Licence,
    /// A commitment to a key.
    Commitment,
}

/// Commits a revision to the hash of its key and salt.
pub fn commit_key(asset: AssetId, revision: CommitId, commitment: [u8; 32]) -> impl Payload + use<> {
    api::transactions().marketplace().commit_key(asset.into(), revision.into(), commitment)
}

/// Puts an open asset on sale.
pub fn list(asset: AssetId, offer: Offer) -> impl Payload + use<> {
    api::transactions().marketplace().list(asset.into(), offer.into())
}

/// Changes a listing's price, supply and end.
pub fn update_listing(
    listing: u64,
    price: u128,
    supply: Option<u32>,
    until: Option<u32>,
) -> impl Payload + use<> {
    api::transactions().marketplace().update_listing(raw::ListingId(listing), price, supply, until)
}

/// Takes a listing off sale.
pub fn unlist(listing: u64) -> impl Payload + use<> {
    api::transactions().marketplace().unlist(raw::ListingId(listing))
}

/// Buys a licence; `max_price` and the listing's version make sure that it is the offer that the buyer saw.
pub fn buy(listing: &Listing, max_price: u128, reader: Option<PublicKey>) -> impl Payload + use<> {
    let id = raw::ListingId(listing.id);
    api::transactions().marketplace().buy(id, listing.version, max_price, reader)
}

/// Buys a licence for somebody else.
pub fn gift(
    to: AccountId32,
    listing: &Listing,
    max_price: u128,
    reader: Option<PublicKey>,
) -> impl Payload + use<> {
    let id = raw::ListingId(listing.id);
    api::transactions().marketplace().gift(to, id, listing.version, max_price, reader)
}

/// Lets an account read an asset, or one revision of it, for nothing.
pub fn grant(
    asset: AssetId,
    to: AccountId32,
    revision: Option<CommitId>,
    until: Option<u32>,
) -> impl Payload + use<> {
    api::transactions().marketplace().grant(asset.into(), to, revision.map(Into::into), until)
}

/// Gives a licence back for its price.
pub fn return_licence(licence: u64) -> impl Payload + use<> {
    api::transactions().marketplace().return_licence(raw::LicenceId(licence))
}

/// Ends a licence by its own terms.
pub fn revoke(licence: u64) -> impl Payload + use<> {
    api::transactions().marketplace().revoke(raw::LicenceId(licence))
}

/// Delivers a key.
pub fn deliver_key(licence: u64, sealed: SealedKey) -> impl Payload + use<> {
    api::transactions().marketplace().deliver_key(raw::LicenceId(licence), sealed)
}

/// Disputes a key, and reveals the one-time secret.
pub fn dispute(licence: u64, secret: [u8; 32]) -> impl Payload + use<> {
    api::transactions().marketplace().dispute(raw::LicenceId(licence), secret)
}

/// Returns the price of a sale whose key wasn't delivered.
pub fn refund(licence: u64) -> impl Payload + use<> {
    api::transactions().marketplace().refund(raw::LicenceId(licence))
}

/// Pays a price that can no longer come back to the asset's holders.
pub fn settle(licence: u64) -> impl Payload + use<> {
    api::transactions().marketplace().settle(raw::LicenceId(licence))
}

/// Removes a licence and returns its deposit.
pub fn remove_licence(licence: u64) -> impl Payload + use<> {
    api::transactions().marketplace().remove_licence(raw::LicenceId(licence))
}

/// The number of the listing that a transaction made.
pub fn listed(events: &Events) -> Result<u64, ChainError> {
    let event = events.find_first::<api::marketplace::events::Listed>();
    let event = event.ok_or(ChainError::MissingEvent("Listed"))?;
    Ok(event.map_err(|error| ChainError::Incompatible(error.to_string()))?.listing.0)
}

/// The number of the licence that a transaction bought.
pub fn sold(events: &Events) -> Result<u64, ChainError> {
    let event = events.find_first::<api::marketplace::events::Sold>();
    let event = event.ok_or(ChainError::MissingEvent("Sold"))?;
    Ok(event.map_err(|error| ChainError::Incompatible(error.to_string()))?.licence.0)
}

/// The number of the licence that a transaction granted.
pub fn granted(events: &Events) -> Result<u64, ChainError> {
    let event = events.find_first::<api::marketplace::events::Granted>();
    let event = event.ok_or(ChainError::MissingEvent("Granted"))?;
    Ok(event.map_err(|error| ChainError::Incompatible(error.to_string()))?.licence.0)
}

/// Up to which block the key that a transaction delivered can be disputed.
pub fn disputable(events: &Events) -> Result<u32, ChainError> {
    let event = events.find_first::<api::marketplace::events::KeyDelivered>();
    let event = event.ok_or(ChainError::MissingEvent("KeyDelivered"))?;
    Ok(event.map_err(|error| ChainError::Incompatible(error.to_string()))?.disputable)
}

/// What a dispute came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Verdict {
    /// The key was wrong, and the price came back.
    Refunded {
        /// How much, in plancks.
        #[serde(serialize_with = "plancks")]
        amount: u128,
    },
    /// The key was right, and the disputer paid for it.
    Forfeited {
        /// How much, in plancks.
        #[serde(serialize_with = "plancks")]
        amount: u128,
    },
}

/// What a dispute came to.
pub fn verdict(events: &Events) -> Result<Verdict, ChainError> {
    let unreadable = |error: &dyn fmt::Display| ChainError::Incompatible(error.to_string());
    if let Some(event) = events.find_first::<api::marketplace::events::DisputeFailed>() {
        return Ok(Verdict::Forfeited { amount: event.map_err(|error| unreadable(&error))?.forfeit });
    }
    let event = events.find_first::<api::marketplace::events::Refunded>();
    let event = event.ok_or(ChainError::MissingEvent("Refunded"))?;
    Ok(Verdict::Refunded { amount: event.map_err(|error| unreadable(&error))?.amount })
}

/// Calls a method of the market's runtime API.
macro_rules! ask {
    ($state:expr, $method:ident($($argument:expr),*)) => {
        $state.at.runtime_apis().call(api::runtime_apis().marketplace_api().$method($($argument),*)).await
    };
}

impl ChainState {
    /// Whether an account may read a revision now.
    pub async fn can_read(
        &self,
        account: &AccountId32,
        asset: AssetId,
        revision: CommitId,
    ) -> Result<bool, ChainError> {
        Ok(ask!(self, can_read(*account, asset.into(), revision.into()))?)
    }

    /// The listing of a number.
    pub async fn listing(&self, id: u64) -> Result<Option<Listing>, ChainError> {
        Ok(ask!(self, listing(raw::ListingId(id)))?.map(listing))
    }

    /// All listings of an asset, oldest first.
    pub async fn listings(&self, asset: AssetId) -> Result<Vec<Listing>, ChainError> {
        let mut all: Vec<Listing> = Vec::new();
        loop {
            let after = all.last().map(|last| raw::ListingId(last.id));
            let page = ask!(self, listings(asset.into(), after, PAGE))?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page.into_iter().map(listing));
        }
    }

    /// The licence of a number.
    pub async fn licence(&self, id: u64) -> Result<Option<Licence>, ChainError> {
        Ok(ask!(self, licence(raw::LicenceId(id)))?.map(licence))
    }

    /// All licences of an account, oldest first.
    pub async fn licences(&self, account: &AccountId32) -> Result<Vec<Licence>, ChainError> {
        let mut all: Vec<Licence> = Vec::new();
        loop {
            let after = all.last().map(|last| raw::LicenceId(last.id));
            let page = ask!(self, licences(*account, after, PAGE))?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page.into_iter().map(licence));
        }
    }

    /// All who hold licences of an asset.
    pub async fn grants(&self, asset: AssetId) -> Result<Vec<Grant>, ChainError> {
        let mut all: Vec<Grant> = Vec::new();
        loop {
            let after = all.last().map(|last| last.account);
            let page = ask!(self, grants(asset.into(), after, PAGE))?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page.into_iter().map(|found| Grant {
                account: found.account,
                licences: found.licences.into_iter().map(|id| id.0).collect(),
                live: found.live,
            }));
        }
    }

    /// The keys that a seller must deliver after one of them, oldest sale first, a page of them.
    pub async fn deliveries_due(
        &self,
        seller: &AccountId32,
        after: Option<u64>,
    ) -> Result<Vec<Delivery>, ChainError> {
        let page = ask!(self, deliveries_due(*seller, after.map(raw::LicenceId), PAGE))?;
        Ok(page.into_iter().map(delivery).collect())
    }

    /// What the key of a revision must hash to, when it was committed to one.
    pub async fn commitment(
        &self,
        asset: AssetId,
        revision: CommitId,
    ) -> Result<Option<[u8; 32]>, ChainError> {
        Ok(ask!(self, commitment(asset.into(), revision.into()))?)
    }

    /// How long a sale of a key takes.
    pub async fn key_terms(&self) -> Result<KeyTerms, ChainError> {
        let terms = ask!(self, key_terms())?;
        Ok(KeyTerms { delivery: terms.delivery, dispute: terms.dispute, forfeit: terms.forfeit })
    }

    /// What an entry's deposit would be now.
    pub async fn market_deposit(&self, of: Deposit) -> Result<u128, ChainError> {
        let of = match of {
            Deposit::Listing => raw::DepositFor::Listing,
            Deposit::Licence => raw::DepositFor::Licence,
            Deposit::Commitment => raw::DepositFor::Commitment,
        };
        Ok(ask!(self, deposit(of))?)
    }
}

impl From<Offer> for raw::Offer<u32> {
    fn from(offer: Offer) -> Self {
        Self {
            terms: match offer.terms {
                LicenceTerms::Perpetual => raw::Terms::Perpetual,
                LicenceTerms::Blocks(blocks) => raw::Terms::Blocks(blocks),
                LicenceTerms::PerJob => raw::Terms::PerJob,
            },
            price: offer.price,
            supply: offer.supply,
            revision: offer.revision.map(Into::into),
            sealed: offer.sealed,
            refund: offer.refund,
            notice: offer.notice,
            until: offer.until,
        }
    }
}

fn listing(info: raw::ListingInfo<AccountId32, u32>) -> Listing {
    let offer = info.offer;
    Listing {
        id: info.id.0,
        asset: info.asset.0,
        offer: Offer {
            terms: match offer.terms {
                raw::Terms::Perpetual => LicenceTerms::Perpetual,
                raw::Terms::Blocks(blocks) => LicenceTerms::Blocks(blocks),
                raw::Terms::PerJob => LicenceTerms::PerJob,
            },
            price: offer.price,
            supply: offer.supply,
            revision: offer.revision.map(|revision| revision.0),
            sealed: offer.sealed,
            refund: offer.refund,
            notice: offer.notice,
            until: offer.until,
        },
        version: info.version,
        seller: info.seller,
        on_sale: info.on_sale,
    }
}

fn licence(info: raw::LicenceInfo<AccountId32, u32>) -> Licence {
    Licence {
        id: info.id.0,
        asset: info.asset.0,
        revision: info.revision.map(|revision| revision.0),
        holder: info.holder,
        payer: info.payer,
        seller: info.seller,
        listing: info.listing.map(|listing| listing.0),
        price: info.price,
        money: match info.money {
            raw::Money::Settled => Money::Settled,
            raw::Money::Refundable(until) => Money::Refundable(until),
            raw::Money::AwaitsKey(until) => Money::AwaitsKey(until),
            raw::Money::Disputable(until) => Money::Disputable(until),
        },
        key: info.key.map(|key| KeySale {
            reader: key.reader,
            commitment: key.commitment,
            sealed: key.sealed,
        }),
        until: info.until,
        notice: info.notice,
        live: info.live,
    }
}

fn delivery(info: raw::DeliveryInfo<u32>) -> Delivery {
    Delivery {
        licence: info.licence.0,
        asset: info.asset.0,
        revision: info.revision.0,
        reader: info.reader,
        commitment: info.commitment,
        deadline: info.deadline,
    }
}

fn key_state<S: Serializer>(key: &Option<KeySale>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct State {
        reader: String,
        delivered: bool,
    }
    let state = key.map(|key| State { reader: hex::encode(key.reader), delivered: key.sealed.is_some() });
    state.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_says_all_that_a_buyer_must_know() {
        let offer = Offer {
            terms: LicenceTerms::Blocks(600),
            price: 2_500_000_000_000,
            supply: Some(3),
            revision: Some(CommitId([0xab; 20])),
            sealed: false,
            refund: 10,
            notice: Some(20),
            until: Some(99),
        };
        let text = offer.to_string();
        for part in [
            "2.5 STOA",
            "for 600 blocks",
            "3 left",
            &"ab".repeat(20),
            "returned for 10",
            "20 blocks' notice",
            "block 99",
        ] {
            assert!(text.contains(part), "{text}: {part}");
        }
        let json = serde_json::to_value(offer).unwrap();
        assert_eq!(json["price"], "2500000000000");
        assert_eq!(json["terms"]["blocks"], 600);
        assert_eq!(json["revision"], "ab".repeat(20));
    }

    #[test]
    fn a_licence_in_json_shows_no_box() {
        let licence = Licence {
            id: 1,
            asset: AssetId(2),
            revision: None,
            holder: AccountId32([0; 32]),
            payer: AccountId32([0; 32]),
            seller: AccountId32([0; 32]),
            listing: None,
            price: 0,
            money: Money::Disputable(7),
            key: Some(KeySale { reader: [1; 32], commitment: [2; 32], sealed: Some([3; 112]) }),
            until: None,
            notice: None,
            live: true,
        };
        let json = serde_json::to_value(licence).unwrap();
        assert_eq!(json["key"], serde_json::json!({ "reader": "01".repeat(32), "delivered": true }));
        assert_eq!(json["money"], serde_json::json!({ "state": "disputable", "until": 7 }));
    }
}
