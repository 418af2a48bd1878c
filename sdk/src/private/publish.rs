//! Sealing a folder on its way to the chain.

use super::{PrivateError, committed};
use crate::{
    card::Card,
    chain::{
        Chain, Wait,
        market::{Deposit, commit_key},
    },
    content_keys::{Belongs, ContentKeyError, ContentKeys},
    gateway::Gateway,
    keybox::SaltedKey,
    keys::Keypair,
    observe::{Observer, Stage},
    publish::{Cost, Plan, PublishError, PublishOptions, Published, prepare_with},
};
use std::{path::Path, sync::Arc};
use stoa_content::seal::{ContentKey, Manifest, SealError, seal_dir, survey};
use stoa_primitives::registry::{AssetId, CommitId, Visibility};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// What will be done to publish a folder that only holders of its key can read.
#[derive(Debug)]
pub struct PrivatePlan {
    /// The publication of the sealed folder; its costs have the commitment's.
    pub plan: Plan,
    /// How many plain files there are.
    pub files: usize,
    /// How many plain bytes they have.
    pub bytes: u64,
    /// The very same folder was sealed for this asset before, and its key is used again.
    pub again: bool,
    key: SaltedKey,
    fingerprint: [u8; 32],
    keys: ContentKeys,
}

/// Seals and packs a folder, and finds out what publishing it will do and cost. Changes nothing.
///
/// The asset is private unless the options say otherwise or it exists already. The folder's own card is read for licence
/// and kind; all else about it stays hidden, but for how many files there are and how long each one is.
pub async fn prepare_private(
    chain: &Chain,
    signer: &Keypair,
    mut options: PublishOptions,
    keys: &ContentKeys,
    observer: Arc<dyn Observer>,
) -> Result<PrivatePlan, PrivateError> {
    let card = Card::read(&options.dir).map_err(PublishError::from)?.unwrap_or_default();
    let state = chain.state().await?;
    if options.visibility.is_none() && state.asset(&options.to).await?.is_none() {
        options.visibility = Some(Visibility::Private);
    }
    let manifest = Arc::new(surveyed(&options.dir, &observer).await?);
    let fingerprint = manifest.fingerprint();
    let known = keys.key_of_folder(&options.to, &fingerprint)?;
    let again = known.is_some();
    let key = match known {
        Some(key) => key,
        None => SaltedKey::random().map_err(ContentKeyError::Random)?,
    };
    let sealed = sealed(&options.dir, &manifest, &key.key, &observer).await?;
    options.dir = sealed.path().to_owned();
    let mut plan = prepare_with(chain, signer, options, card, true, observer).await?;

    let commitment = match (plan.asset(), plan.unchanged) {
        (Some(asset), Some(commit)) => state.commitment(asset.id, commit).await?.map(|found| (found, commit)),
        _ => None,
    };
    match commitment {
        Some((found, commit)) if found != key.commitment() => return Err(committed(&commit)),
        Some(_) => {}
        None => {
            let call = commit_key(AssetId(0), CommitId([0; 20]), key.commitment());
            plan.costs.push(Cost {
                what: "commitment to the key".into(),
                deposit: state.market_deposit(Deposit::Commitment).await?,
                fee: chain.fee(&call, signer).await?,
            });
        }
    }
    if plan.total() > plan.balance {
        let account = signer.public_key().to_account_id().to_string();
        return Err(PublishError::Funds { account, free: plan.balance, needed: plan.total() }.into());
    }
    let (files, bytes) = (manifest.files().len(), manifest.size());
    Ok(PrivatePlan { plan, files, bytes, again, key, fingerprint, keys: keys.clone() })
}

impl PrivatePlan {
    /// Does it. The key is kept before anything leaves this machine; what was interrupted is gone on with when the same
    /// folder is published again.
    pub async fn run(
        self,
        chain: &Chain,
        gateway: &Gateway,
        signer: &Keypair,
        wait: Wait,
        observer: Arc<dyn Observer>,
    ) -> Result<Published, PrivateError> {
        let belongs = Belongs {
            asset: self.plan.to.clone(),
            content: self.plan.packed.content,
            fingerprint: Some(self.fingerprint),
        };
        self.keys.keep(&belongs, &self.key)?;
        let mut published = self.plan.run(chain, gateway, signer, wait, observer.clone()).await?;
        let asset = AssetId(published.asset_id);
        let mut commit = CommitId([0; 20]);
        hex::decode_to_slice(&published.commit, &mut commit.0)
            .map_err(|error| crate::chain::ChainError::Record(error.to_string()))?;
        match chain.state().await?.commitment(asset, commit).await? {
            Some(found) if found != self.key.commitment() => return Err(committed(&commit)),
            Some(_) => {}
            None => {
                observer.begin(Stage::Chain, None);
                let sent = chain.send(&commit_key(asset, commit, self.key.commitment()), signer, wait).await;
                observer.end();
                published.transactions.push(sent?.0);
            }
        }
        Ok(published)
    }
}

async fn surveyed(dir: &Path, observer: &Arc<dyn Observer>) -> Result<Manifest, PrivateError> {
    let (dir, watcher) = (dir.to_owned(), observer.clone());
    observer.begin(Stage::Survey, None);
    let done = spawn_blocking(move || {
        let mut last = 0;
        survey(&dir, &mut |done: u64| {
            watcher.advance(done.saturating_sub(last));
            last = done;
        })
    })
    .await;
    observer.end();
    Ok(done.map_err(|_| PrivateError::Stopped)??)
}

async fn sealed(
    dir: &Path,
    manifest: &Arc<Manifest>,
    key: &ContentKey,
    observer: &Arc<dyn Observer>,
) -> Result<TempDir, PrivateError> {
    let out = tempfile::tempdir().map_err(PrivateError::Temporary)?;
    let (dir, manifest, watcher) = (dir.to_owned(), manifest.clone(), observer.clone());
    let (key, target) = (ContentKey::new(*key.bytes()), out.path().to_owned());
    observer.begin(Stage::Seal, Some(manifest.size()));
    let done = spawn_blocking(move || {
        let mut last = 0;
        seal_dir(&dir, &manifest, &key, &target, &mut |done| {
            watcher.advance(done.saturating_sub(last));
            last = done;
        })
    })
    .await;
    observer.end();
    match done.map_err(|_| PrivateError::Stopped)? {
        Err(SealError::Write { source, .. }) if source.kind() == std::io::ErrorKind::StorageFull => {
            Err(PrivateError::Temporary(source))
        }
        done => Ok(done.map(|()| out)?),
    }
}
