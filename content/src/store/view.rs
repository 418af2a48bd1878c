//! A store as one reader may see it, who may read a piece that isn't public.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use stoa_primitives::PieceRoot;

use super::{PieceInfo, Store};
use crate::StoreError;

/// The piece that a reader may read, for as long as nobody closes it.
#[derive(Clone)]
pub(super) struct View {
    root: PieceRoot,
    open: Arc<AtomicBool>,
}

impl Store {
    /// The same store for somebody who may read this piece, whatever its access: [`Store::block`] and
    /// [`Store::has_block`] know its blocks and no others, until `open` is false. For callers who did their own check.
    pub fn view(&self, root: PieceRoot, open: Arc<AtomicBool>) -> Self {
        Self { inner: self.inner.clone(), view: Some(View { root, open }) }
    }

    /// At most `limit` pieces that have a block, whatever their access.
    pub fn pieces_with(&self, digest: &[u8; 32], limit: usize) -> Result<Vec<PieceInfo>, StoreError> {
        let places = self.inner.index.places(digest)?;
        let catalog = self.inner.catalog.lock();
        Ok(places.iter().filter_map(|place| catalog.get(&place.root)).take(limit).collect())
    }
}

impl View {
    pub(super) fn block(&self, store: &Store, digest: &[u8; 32]) -> Result<Option<Bytes>, StoreError> {
        match self.open.load(Ordering::Relaxed) {
            true => store.inner.block_of(&self.root, digest),
            false => Ok(None),
        }
    }

    pub(super) fn has_block(&self, store: &Store, digest: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.open.load(Ordering::Relaxed)
            && store.inner.index.place(&self.root, digest)?.is_some()
            && store.inner.catalog.lock().get(&self.root).is_some())
    }
}
