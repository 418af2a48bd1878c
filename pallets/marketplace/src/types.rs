//! What the market keeps and what it tells clients.

use crate::keybox::{PublicKey, SealedKey};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{frame_support::BoundedVec, sp_core::ConstU32};
use scale_info::TypeInfo;
use stoa_primitives::registry::{AssetId, CommitId};

/// Most licences of one asset that an account holds at once.
pub const MAX_LICENCES: u32 = 16;

/// An amount, in planks.
pub type Balance = u128;
/// Hash of a content key and its salt.
pub type Commitment = [u8; 32];
/// The licences of one asset that an account holds.
pub type Held = BoundedVec<LicenceId, ConstU32<MAX_LICENCES>>;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, Ord, PartialEq,
            PartialOrd, TypeInfo,
        )]
        pub struct $name(pub u64);
    };
}

id! {
    /// A listing's number, given in the order they are made.
    ListingId
}

id! {
    /// A licence's number, given in the order they are made.
    LicenceId
}

/// What a buyer gets.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum Terms<BlockNumber> {
    /// To read the asset for ever.
    #[codec(index = 0)]
    Perpetual,
    /// To read the asset for so many blocks from the purchase on.
    #[codec(index = 1)]
    Blocks(BlockNumber),
    /// To use the asset in one compute job, which is charged for it.
    #[codec(index = 2)]
    PerJob,
}

/// What an admin puts on sale.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Offer<BlockNumber> {
    /// What a buyer gets.
    pub terms: Terms<BlockNumber>,
    /// For how much, in planks.
    pub price: Balance,
    /// How many times it is sold; without a number, without end.
    pub supply: Option<u32>,
    /// The only revision that it is for; without one, all of the asset's, later ones too.
    pub revision: Option<CommitId>,
    /// Comes with a key, to which the revision is committed.
    pub sealed: bool,
    /// For so many blocks a buyer may return the licence for the whole price.
    pub refund: BlockNumber,
    /// How many blocks after the seller revokes it a licence ends; without a number, it can't be revoked.
    pub notice: Option<BlockNumber>,
    /// The last block in which it is sold.
    pub until: Option<BlockNumber>,
}

/// Something on sale.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Listing<AccountId, BlockNumber> {
    /// What is sold.
    pub asset: AssetId,
    /// On what terms; `supply` is what is left.
    pub offer: Offer<BlockNumber>,
    /// Goes up with every change of the offer by the seller.
    pub version: u32,
    /// Who made the listing and paid its deposit.
    pub seller: AccountId,
    /// The deposit.
    pub deposit: Balance,
}

/// Where the money of a licence is.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub enum Money<BlockNumber> {
    /// Paid into the asset's vault, or there was none to pay.
    #[codec(index = 0)]
    Settled,
    /// Held: the licence can be returned up to and with this block.
    #[codec(index = 1)]
    Refundable(BlockNumber),
    /// Held: the seller must deliver the key up to and with this block.
    #[codec(index = 2)]
    AwaitsKey(BlockNumber),
    /// Held: the key can be disputed up to and with this block.
    #[codec(index = 3)]
    Disputable(BlockNumber),
}

/// Why a price went back.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum RefundCause {
    /// The buyer returned the licence.
    #[codec(index = 0)]
    Returned,
    /// The seller revoked it.
    #[codec(index = 1)]
    Revoked,
    /// The seller didn't deliver the key.
    #[codec(index = 2)]
    NotDelivered,
    /// The seller delivered a wrong key.
    #[codec(index = 3)]
    WrongKey,
}

/// The sale of a key.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct KeySale {
    /// Whom the key is sealed to.
    pub reader: PublicKey,
    /// What key and salt must hash to.
    pub commitment: Commitment,
    /// The key, once delivered.
    pub sealed: Option<SealedKey>,
}

/// What a buyer holds.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Licence<AccountId, BlockNumber> {
    /// What it is for.
    pub asset: AssetId,
    /// The only revision that it is for.
    pub revision: Option<CommitId>,
    /// Who may read.
    pub holder: AccountId,
    /// Who paid price and deposit; an admin, when it was granted.
    pub payer: AccountId,
    /// Who made the listing, or granted it.
    pub seller: AccountId,
    /// The listing that it was bought from; without one, it was granted.
    pub listing: Option<ListingId>,
    /// What was paid.
    pub price: Balance,
    /// Where that is.
    pub money: Money<BlockNumber>,
    /// The key that belongs to it.
    pub key: Option<KeySale>,
    /// The first block in which it no longer counts.
    pub until: Option<BlockNumber>,
    /// How many blocks after the seller revokes it it ends.
    pub notice: Option<BlockNumber>,
    /// The payer's deposit.
    pub deposit: Balance,
}

impl<AccountId, BlockNumber: PartialOrd> Licence<AccountId, BlockNumber> {
    /// Its time is over.
    pub fn is_over(&self, now: BlockNumber) -> bool {
        self.until.as_ref().is_some_and(|until| now >= *until)
    }

    /// It lets its holder read: its time isn't over, and a key that belongs to it was delivered.
    pub fn is_live(&self, now: BlockNumber) -> bool {
        !self.is_over(now) && !matches!(self.money, Money::AwaitsKey(_))
    }
}

/// A deposit and who paid it.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Paid<AccountId, Value> {
    /// What it was paid for.
    pub value: Value,
    /// Who paid it.
    pub depositor: AccountId,
    /// How much.
    pub deposit: Balance,
}

/// A listing, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct ListingInfo<AccountId, BlockNumber> {
    /// Its number.
    pub id: ListingId,
    /// What is sold.
    pub asset: AssetId,
    /// On what terms; `supply` is what is left.
    pub offer: Offer<BlockNumber>,
    /// What a buyer states, so that nothing changes under them.
    pub version: u32,
    /// Who made it.
    pub seller: AccountId,
    /// It can be bought now.
    pub on_sale: bool,
}

/// A licence, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct LicenceInfo<AccountId, BlockNumber> {
    /// Its number.
    pub id: LicenceId,
    /// What it is for.
    pub asset: AssetId,
    /// The only revision that it is for.
    pub revision: Option<CommitId>,
    /// Who may read.
    pub holder: AccountId,
    /// Who paid.
    pub payer: AccountId,
    /// Who made the listing, or granted it.
    pub seller: AccountId,
    /// The listing that it was bought from; without one, it was granted.
    pub listing: Option<ListingId>,
    /// What was paid.
    pub price: Balance,
    /// Where that is.
    pub money: Money<BlockNumber>,
    /// The key that belongs to it.
    pub key: Option<KeySale>,
    /// The first block in which it no longer counts.
    pub until: Option<BlockNumber>,
    /// How many blocks after the seller revokes it it ends.
    pub notice: Option<BlockNumber>,
    /// It lets its holder read now.
    pub live: bool,
}

/// A key that a seller must deliver, for clients.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct DeliveryInfo<BlockNumber> {
    /// The licence.
    pub licence: LicenceId,
    /// Its asset.
    pub asset: AssetId,
    /// The revision whose key was sold.
    pub revision: CommitId,
    /// Whom the key is sealed to.
    pub reader: PublicKey,
    /// What key and salt must hash to.
    pub commitment: Commitment,
    /// The last block in which it can be delivered.
    pub deadline: BlockNumber,
}

/// Who holds licences of an asset, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct GrantInfo<AccountId> {
    /// The holder.
    pub account: AccountId,
    /// Their licences.
    pub licences: Vec<LicenceId>,
    /// One of them lets the holder read now.
    pub live: bool,
}

/// How long a sale of a key takes, for clients.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct KeyTerms<BlockNumber> {
    /// In how many blocks after a sale the key must be delivered.
    pub delivery: BlockNumber,
    /// For how many blocks after its delivery it can be disputed.
    pub dispute: BlockNumber,
    /// What a false dispute costs.
    pub forfeit: Balance,
}

/// What a deposit is asked for.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum DepositFor {
    /// A listing.
    #[codec(index = 0)]
    Listing,
    /// A licence.
    #[codec(index = 1)]
    Licence,
    /// A commitment to a key.
    #[codec(index = 2)]
    Commitment,
    /// A program that jobs may run.
    #[codec(index = 3)]
    Program,
}
