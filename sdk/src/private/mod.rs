//! Encrypted assets: published sealed, and read by whoever has the key.
//!
//! [`prepare_private`] seals a folder with a key of its own, publishes the sealed form, and commits the revision to the
//! key. [`find_key`] gives the key to who published it or bought it, and [`fetch_private`] opens what it fetches while it
//! comes, so that no encrypted copy is kept. The format is that of [`stoa_content::seal`].

mod fetch;
mod publish;

pub use fetch::{PlainDifferences, fetch_private, manifest_of, verify_private};
pub use publish::{PrivatePlan, prepare_private};

use crate::{
    chain::{ChainError, ChainState, Revision, commit_text, market::Licence},
    content_keys::{Belongs, ContentKeyError, ContentKeys},
    dag::DagError,
    fetch::FetchError,
    keybox::{self, Sale, SaltedKey},
    names::AssetName,
    publish::PublishError,
};
use std::{io, path::PathBuf};
use stoa_content::seal::{OpenError, SealError};
use subxt::utils::AccountId32;

/// Why encrypted content couldn't be published or read.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// The folder can't be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What came doesn't open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The kept keys.
    #[error(transparent)]
    Keys(#[from] ContentKeyError),
    /// The publication.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The DAG, or the way to it.
    #[error(transparent)]
    Dag(#[from] DagError),
    /// Files that can't be put in their place.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// There is no room for the sealed folder.
    #[error("the encrypted folder can't be kept while it is packed: {0}; set TMPDIR to a folder with room")]
    Temporary(io::Error),
    /// The revision is committed to another key already, for ever.
    #[error(
        "revision {0} is committed to another key than the one kept here: it can't be sold with this key; publish a new revision"
    )]
    Committed(String),
    /// The delivered key isn't the one that was promised.
    #[error(
        "the key that was delivered for licence {0} isn't the one that its revision committed to: dispute it with `stoa licences dispute {0}` and get the price back"
    )]
    WrongDelivery(u64),
    /// The file isn't what the manifest says, after all of it came.
    #[error("{} isn't what the manifest says: remove it and get it again", .0.display())]
    Hash(PathBuf),
    /// A manifest that names a file which isn't there.
    #[error("the encrypted folder lacks `{place}`, which the manifest says is `{path}`")]
    Missing {
        /// The plain path.
        path: String,
        /// Where its sealed form should be.
        place: String,
    },
    /// The work was stopped from outside.
    #[error("the work was stopped")]
    Stopped,
}

/// The key of a sealed revision, for who has it: kept here, or delivered to a licence of the account. One that was
/// delivered is checked against what the revision committed to, and kept.
pub async fn find_key(
    state: &ChainState,
    keys: &ContentKeys,
    account: Option<&AccountId32>,
    asset: &AssetName,
    revision: &Revision,
) -> Result<Option<SaltedKey>, PrivateError> {
    if let Some(key) = keys.key(&revision.content)? {
        return Ok(Some(key));
    }
    let Some(account) = account else { return Ok(None) };
    let belongs = Belongs { asset: asset.clone(), content: revision.content, fingerprint: None };
    let mut wrong = None;
    for licence in state.licences(account).await? {
        if licence.asset != revision.asset || licence.revision != Some(revision.commit) {
            continue;
        }
        match delivered(keys, &licence)? {
            Some(Ok(key)) => {
                keys.keep(&belongs, &key)?;
                return Ok(Some(key));
            }
            Some(Err(())) => wrong = Some(licence.id),
            None => {}
        }
    }
    match wrong {
        Some(licence) => Err(PrivateError::WrongDelivery(licence)),
        None => Ok(None),
    }
}

/// The key in a licence's box: `None` when none was delivered or it isn't ours to open, an error when it isn't the key
/// that was promised.
pub fn delivered(
    keys: &ContentKeys,
    licence: &Licence,
) -> Result<Option<Result<SaltedKey, ()>>, ContentKeyError> {
    let (Some(sale), Some(revision)) = (licence.key, licence.revision) else { return Ok(None) };
    let (Some(sealed), Some(secret)) = (sale.sealed, keys.reader(&sale.reader)?) else { return Ok(None) };
    let opened = keybox::open(&sealed, &secret, &Sale { licence: licence.id, revision });
    Ok(Some(opened.filter(|key| key.commitment() == sale.commitment).ok_or(())))
}

fn committed(revision: &stoa_primitives::registry::CommitId) -> PrivateError {
    PrivateError::Committed(commit_text(revision))
}
