//! The deny-list.

use crate::{
    Assets, Config, DenyList, Error, Event, Pallet,
    types::{ReasonHash, Subject, TakeDown},
};
use polkadot_sdk::{frame_support::ensure, frame_system, sp_runtime::DispatchResult};

impl<T: Config> Pallet<T> {
    /// Fails when the subject is on the deny-list.
    pub(crate) fn ensure_not_denied(subject: Subject) -> DispatchResult {
        ensure!(!DenyList::<T>::contains_key(subject), Error::<T>::TakenDown);
        Ok(())
    }

    pub(crate) fn do_take_down(subject: Subject, reason: ReasonHash) -> DispatchResult {
        if let Subject::Asset(asset) = subject {
            ensure!(Assets::<T>::contains_key(asset), Error::<T>::AssetNotFound);
        }
        Self::ensure_not_denied(subject)?;

        let since = frame_system::Pallet::<T>::block_number();
        DenyList::<T>::insert(subject, TakeDown { reason, since });
        Self::deposit_event(Event::TakenDown { subject, reason });
        Ok(())
    }

    pub(crate) fn do_restore(subject: Subject) -> DispatchResult {
        ensure!(DenyList::<T>::take(subject).is_some(), Error::<T>::NotTakenDown);
        Self::deposit_event(Event::Restored { subject });
        Ok(())
    }
}
