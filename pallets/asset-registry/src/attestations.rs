//! What anybody says of a revision.

use crate::{
    Attestations, Config, Error, Event, Pallet, Revisions,
    types::{Attestation, Claim, DepositFor},
};
use polkadot_sdk::{
    frame_support::{ensure, traits::Consideration},
    frame_system,
    sp_runtime::DispatchResult,
};
use stoa_primitives::{ContentId, registry::CommitId};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_attest(
        author: T::AccountId,
        commit: CommitId,
        claim: Claim,
        evidence: ContentId,
    ) -> DispatchResult {
        ensure!(Revisions::<T>::contains_key(commit), Error::<T>::RevisionNotFound);
        let entry = (author.clone(), claim);
        ensure!(!Attestations::<T>::contains_key(commit, &entry), Error::<T>::AttestationExists);

        let ticket = Self::hold(&author, DepositFor::Attestation)?;
        let since = frame_system::Pallet::<T>::block_number();
        Attestations::<T>::insert(commit, entry, Attestation { evidence, since, ticket });
        Self::deposit_event(Event::Attested { commit, author, claim, evidence });
        Ok(())
    }

    pub(crate) fn do_revoke_attestation(
        author: T::AccountId,
        commit: CommitId,
        claim: Claim,
    ) -> DispatchResult {
        let entry = (author.clone(), claim);
        let found = Attestations::<T>::get(commit, &entry).ok_or(Error::<T>::AttestationNotFound)?;

        found.ticket.drop(&author)?;
        Attestations::<T>::remove(commit, entry);
        Self::deposit_event(Event::AttestationRevoked { commit, author, claim });
        Ok(())
    }
}
