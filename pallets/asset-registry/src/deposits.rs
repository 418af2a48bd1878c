//! What an entry costs: a deposit on the exact rows that it takes, held on whoever paid it.

use crate::{
    AssetOf, AttestationOf, BalanceOf, CollaboratorOf, Config, HoldReason, NamespaceOf, Pallet, ReferenceOf,
    RevisionOf, TombstoneOf,
    types::{DepositFor, MAX_LICENCE_LEN, MAX_MESSAGE_LEN, MAX_PARENTS, NameKey, Parent, PieceRecord},
};
use codec::MaxEncodedLen;
use core::marker::PhantomData;
use polkadot_sdk::{
    frame_support::traits::{Consideration, Footprint, Get, fungible::HoldConsideration},
    sp_runtime::{
        DispatchError, Saturating,
        traits::{Convert, UniqueSaturatedInto},
    },
};
use stoa_primitives::{
    ContentId, PieceRoot,
    registry::{AssetId, CommitId, MAX_NAME_LEN},
};

/// Pallet and item hash before every key.
const PREFIX: usize = 32;
/// The hash before a part of a key.
const HASH: usize = 16;
/// A big-endian number as part of a key.
const ORDINAL: usize = 8;

/// A price per row and per byte of its key and value.
pub struct StoragePrice<PerRow, PerByte>(PhantomData<(PerRow, PerByte)>);

impl<PerRow, PerByte, Balance> Convert<Footprint, Balance> for StoragePrice<PerRow, PerByte>
where
    PerRow: Get<Balance>,
    PerByte: Get<Balance>,
    Balance: From<u64> + Saturating,
{
    fn convert(footprint: Footprint) -> Balance {
        let rows = PerRow::get().saturating_mul(footprint.count.into());
        PerByte::get().saturating_mul(footprint.size.into()).saturating_add(rows)
    }
}

macro_rules! tickets {
    ($($variant:ident: $reason:ident, $ticket:ident;)*) => {$(
        #[doc = concat!("[`HoldReason::", stringify!($variant), "`] as a type.")]
        pub struct $reason<T>(PhantomData<T>);

        impl<T: Config> Get<T::RuntimeHoldReason> for $reason<T> {
            fn get() -> T::RuntimeHoldReason {
                HoldReason::$variant.into()
            }
        }

        #[doc = concat!("A deposit held for [`HoldReason::", stringify!($variant), "`].")]
        pub type $ticket<T> = HoldConsideration<
            <T as polkadot_sdk::frame_system::Config>::AccountId,
            <T as Config>::Currency,
            $reason<T>,
            <T as Config>::DepositPrice,
        >;
    )*};
}

tickets! {
    Namespace: NamespaceReason, NamespaceTicket;
    Asset: AssetReason, AssetTicket;
    Revision: RevisionReason, RevisionTicket;
    Reference: ReferenceReason, ReferenceTicket;
    Collaborator: CollaboratorReason, CollaboratorTicket;
    Attestation: AttestationReason, AttestationTicket;
}

/// Adds rows up.
#[derive(Clone, Copy, Default)]
struct Rows {
    count: u64,
    size: u64,
}

impl Rows {
    /// `times` rows whose key is `key` bytes long after the prefix, and whose value has `value` bytes.
    fn and(self, times: usize, key: usize, value: usize) -> Self {
        let times: u64 = times.unique_saturated_into();
        let size: u64 = PREFIX.saturating_add(key).saturating_add(value).unique_saturated_into();
        Self {
            count: self.count.saturating_add(times),
            size: self.size.saturating_add(size.saturating_mul(times)),
        }
    }

    fn footprint(self) -> Footprint {
        Footprint { count: self.count, size: self.size }
    }
}

/// The longest encoding of `V`, less the bytes of its lists that aren't used.
fn value<V: MaxEncodedLen>(lists: &[(u32, u32)]) -> usize {
    let spare = |(most, used): &(u32, u32)| most.saturating_sub(*used).unique_saturated_into();
    lists.iter().map(spare).fold(V::max_encoded_len(), usize::saturating_sub)
}

/// The bytes that `parents` take of all that a record has room for.
fn parent_bytes(parents: u32) -> (u32, u32) {
    let each: u32 = Parent::max_encoded_len().unique_saturated_into();
    (MAX_PARENTS.saturating_mul(each), parents.saturating_mul(each))
}

impl<T: Config> Pallet<T> {
    /// The rows that an entry takes, at their longest for what was stated.
    pub fn footprint(of: DepositFor) -> Footprint {
        let account = T::AccountId::max_encoded_len();
        let any_name = NameKey::max_encoded_len();
        let asset = AssetId::max_encoded_len();
        let commit = CommitId::max_encoded_len();
        let link = HASH.saturating_add(commit).saturating_add(ORDINAL);
        let named = |len: u32| value::<NameKey>(&[(MAX_NAME_LEN, len)]).saturating_add(HASH);
        let rows = Rows::default();
        match of {
            DepositFor::Namespace { name } => rows
                .and(1, named(name), value::<NamespaceOf<T>>(&[(MAX_NAME_LEN, name)]))
                .and(1, HASH.saturating_add(account).saturating_add(named(name)), 0),
            DepositFor::Asset { name, licence } => rows
                .and(
                    1,
                    HASH.saturating_add(asset),
                    value::<AssetOf<T>>(&[(MAX_NAME_LEN, name), (MAX_LICENCE_LEN, licence)]),
                )
                .and(1, HASH.saturating_add(any_name).saturating_add(named(name)), asset)
                .and(1, HASH.saturating_add(any_name).saturating_add(ORDINAL), 0),
            DepositFor::Revision { parents, message } => rows
                .and(
                    1,
                    HASH.saturating_add(commit),
                    value::<RevisionOf<T>>(&[parent_bytes(parents), (MAX_MESSAGE_LEN, message)]),
                )
                .and(1, HASH.saturating_add(asset).saturating_add(HASH).saturating_add(4), commit)
                .and(1, HASH.saturating_add(ContentId::max_encoded_len()).saturating_add(ORDINAL), commit)
                .and(1, HASH.saturating_add(PieceRoot::max_encoded_len()), PieceRecord::max_encoded_len())
                .and(
                    1,
                    HASH.saturating_add(PieceRoot::max_encoded_len())
                        .saturating_add(HASH)
                        .saturating_add(asset),
                    4,
                )
                .and(parents.unique_saturated_into(), link, commit),
            DepositFor::Tombstone { parents } => rows
                .and(1, HASH.saturating_add(commit), value::<TombstoneOf<T>>(&[parent_bytes(parents)]))
                .and(parents.unique_saturated_into(), link, commit),
            DepositFor::Reference { name } => rows.and(
                1,
                HASH.saturating_add(asset).saturating_add(named(name)),
                ReferenceOf::<T>::max_encoded_len(),
            ),
            DepositFor::Collaborator => rows.and(
                1,
                HASH.saturating_add(asset).saturating_add(HASH).saturating_add(account),
                CollaboratorOf::<T>::max_encoded_len(),
            ),
            DepositFor::Attestation => rows.and(
                1,
                HASH.saturating_add(commit).saturating_add(HASH).saturating_add(account).saturating_add(1),
                AttestationOf::<T>::max_encoded_len(),
            ),
        }
        .footprint()
    }

    /// What an entry's deposit would be now.
    pub fn deposit_for(of: DepositFor) -> BalanceOf<T> {
        T::DepositPrice::convert(Self::footprint(of))
    }

    /// Holds the deposit of a new entry on `who`.
    pub(crate) fn hold<Ticket: Consideration<T::AccountId, Footprint>>(
        who: &T::AccountId,
        of: DepositFor,
    ) -> Result<Ticket, DispatchError> {
        Ticket::new(who, Self::footprint(of))
    }
}

impl<T: Config> Pallet<T> {
    /// Checks at build time what the deposits rely on.
    pub(crate) fn check_constants() {
        for parents in 0..=MAX_PARENTS {
            let revision = Self::deposit_for(DepositFor::Revision { parents, message: 0 });
            let tombstone = Self::deposit_for(DepositFor::Tombstone { parents });
            assert!(tombstone <= revision, "removing a revision must not ask its author for more");
        }
        assert!(
            Self::deposit_for(DepositFor::Attestation) > 0_u32.into(),
            "the smallest entry must cost something, or else anybody fills the state for nothing",
        );
    }
}
