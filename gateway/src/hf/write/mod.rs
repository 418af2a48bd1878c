//! Writing: what `create_repo`, `upload_file`, `upload_folder`, `create_commit` and their like send.
//!
//! - [`repos`] creates and deletes repositories and changes who may read them, [`refs`] makes branches and tags.
//! - [`preupload`] says how each file is to be sent, [`lfs`] takes files ahead of their commit under [`links`] that
//!   expire, and [`staging`] keeps them until then.
//! - [`payload`] reads a commit as it comes, [`changes`] makes the files of the new revision, [`commit`] packs and
//!   publishes it: one commit is one revision on the chain.
//!
//! What holds: nobody writes without a token that may, and the chain itself decides what its account may do. Nothing
//! that is sent is kept in memory, all of it counts against the account's quota, and what fails leaves nothing. An answer
//! with a commit id means that a block has it.

pub(super) mod changes;
pub(super) mod commit;
pub(super) mod lfs;
pub(super) mod links;
pub(super) mod payload;
pub(super) mod preupload;
pub(super) mod refs;
pub(super) mod repos;
pub(super) mod staging;

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use stoa_primitives::registry::AssetId;
use tokio::sync::{OwnedMutexGuard, Semaphore};

use self::{links::Links, staging::Staging};
use super::{
    error::HubError,
    names::Kind,
    reader::Reader,
    state::{HubGateway, HubLimits},
};
use crate::{Account, HubAsset, Submitter};

/// What writing needs.
pub(super) struct Writing {
    pub(super) submitter: Arc<dyn Submitter>,
    pub(super) staging: Staging,
    pub(super) links: Links,
    /// Files and commits being taken at once.
    pub(super) places: Arc<Semaphore>,
    /// One commit of an asset at a time.
    busy: Mutex<HashMap<AssetId, Weak<tokio::sync::Mutex<()>>>>,
}

impl Writing {
    pub(super) fn open(
        submitter: Arc<dyn Submitter>,
        staging: &Path,
        limits: &HubLimits,
    ) -> io::Result<Self> {
        Ok(Self {
            submitter,
            staging: Staging::open(staging)?,
            links: Links::default(),
            places: Arc::new(Semaphore::new(limits.writers)),
            busy: Mutex::default(),
        })
    }

    /// Waits until nobody else commits to an asset.
    async fn alone(&self, asset: AssetId) -> OwnedMutexGuard<()> {
        let lock = {
            let mut busy = self.busy.lock();
            busy.retain(|_, lock| lock.strong_count() > 0);
            match busy.get(&asset).and_then(Weak::upgrade) {
                Some(lock) => lock,
                None => {
                    let lock = Arc::new(tokio::sync::Mutex::new(()));
                    busy.insert(asset, Arc::downgrade(&lock));
                    lock
                }
            }
        };
        lock.lock_owned().await
    }
}

impl HubGateway {
    pub(super) fn writing(&self) -> Result<&Writing, HubError> {
        self.writing.as_ref().ok_or(HubError::NoWriting)
    }

    /// The repository and the account that is to write to it.
    pub(super) async fn writable(
        &self,
        reader: &Reader,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<(Account, Kind, HubAsset), HubError> {
        self.writing()?;
        let kind = Kind::parse(kind).ok_or(HubError::NoSuchRoute)?;
        let account = reader.writer()?;
        let asset = self.asset_or_deleted(reader, kind, namespace, name).await?;
        match self.ask(self.hub.may_write(&account, asset.id)).await? {
            true => Ok((account, kind, asset)),
            false => Err(HubError::Forbidden(format!(
                "the account of this token may not write to {}: its owner must add it as a collaborator",
                asset.full_name()
            ))),
        }
    }
}
