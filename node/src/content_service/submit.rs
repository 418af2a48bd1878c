//! Writes to the registry for accounts that let this machine do so, for the Hugging Face API.
//!
//! Each account has a key of its own here, made from one secret file that only the node's user can read. An account
//! delegates calls of the registry to it (`stoa gateway authorise`), and nothing else: whoever steals the file can spoil
//! what accounts publish until they take the delegation back, and spend what the keys have for fees.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};

use codec::{Decode, DecodeAll};
use futures::StreamExt;
use pallet_asset_registry::types::NewRef;
use parking_lot::Mutex;
use polkadot_sdk::{
    frame_support::traits::PalletInfoAccess,
    frame_system, pallet_proxy, pallet_utility,
    sc_client_api::{StorageKey, StorageProvider},
    sc_transaction_pool_api::{
        TransactionPool as _, TransactionSource, TransactionStatus,
        error::{Error as PoolError, IntoPoolError},
    },
    sp_api::ProvideRuntimeApi,
    sp_blockchain::HeaderBackend,
    sp_core::{Pair as _, crypto::AccountId32, sr25519},
    sp_io::hashing::{blake2_256, twox_128},
    sp_runtime::{DispatchError, traits::StaticLookup, transaction_validity::InvalidTransaction},
    substrate_frame_rpc_system::AccountNonceApi,
};
use scale_info::{TypeDef, TypeInfo};
use stoa_gateway::{Account, ChainError, Delegate, RegistryCall, SubmitError, Submitted, Submitter};
use stoa_primitives::{PieceRoot, registry::RefKind};
use stoa_runtime::{
    AccountId, AssetRegistry, Balance, Hash, Nonce, Runtime, RuntimeCall, RuntimeEvent, configs::ProxyType,
};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::ContentService;
use crate::{
    extrinsic::{self, SignError},
    service::{Block, FullClient, TransactionPool},
};

/// Bytes of the secret that all keys are made from.
const SECRET_SIZE: usize = 32;
/// How long a transaction may take into a block.
const PATIENCE: Duration = Duration::from_secs(90);

/// The node's side of writing.
pub struct NodeSubmitter {
    client: Arc<FullClient>,
    pool: Arc<TransactionPool>,
    content: ContentService,
    secret: Zeroizing<[u8; SECRET_SIZE]>,
    /// One transaction of an account at a time.
    busy: Mutex<HashMap<Account, Weak<tokio::sync::Mutex<()>>>>,
}

/// Reads the secret, or makes it, readable by its owner alone.
fn secret(path: &Path) -> io::Result<Zeroizing<[u8; SECRET_SIZE]>> {
    let bad = |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()));
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let (pair, seed) = sr25519::Pair::generate();
            drop(pair);
            let seed = Zeroizing::new(seed);
            file.write_all(seed.as_slice())?;
            file.sync_all()?;
            Ok(seed)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mode = fs::metadata(path)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(bad(format!("others can read this key (mode {mode:o}): run `chmod 600` on it")));
            }
            let bytes = Zeroizing::new(fs::read(path)?);
            let secret = bytes.as_slice().try_into();
            secret.map(Zeroizing::new).map_err(|_| bad(format!("a key has {SECRET_SIZE} bytes")))
        }
        Err(error) => Err(error),
    }
}

fn failed(error: impl std::fmt::Display) -> ChainError {
    ChainError(error.to_string())
}

impl NodeSubmitter {
    /// Signs with keys made from the secret in a file, which is made when it is missing.
    pub fn open(
        client: Arc<FullClient>,
        pool: Arc<TransactionPool>,
        content: ContentService,
        key: &Path,
    ) -> io::Result<Self> {
        Ok(Self { client, pool, content, secret: secret(key)?, busy: Mutex::default() })
    }

    fn pair(&self, account: &Account) -> sr25519::Pair {
        let mut material = Zeroizing::new(b"stoa gateway delegate 1".to_vec());
        material.extend_from_slice(self.secret.as_slice());
        material.extend_from_slice(&account.0);
        sr25519::Pair::from_seed(&blake2_256(&material))
    }

    async fn alone(&self, account: &Account) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut busy = self.busy.lock();
            busy.retain(|_, lock| lock.strong_count() > 0);
            match busy.get(account).and_then(Weak::upgrade) {
                Some(lock) => lock,
                None => {
                    let lock = Arc::new(tokio::sync::Mutex::new(()));
                    busy.insert(*account, Arc::downgrade(&lock));
                    lock
                }
            }
        };
        lock.lock_owned().await
    }

    /// What the key of an account may do and pay in a block. Blocks.
    fn look(
        client: &FullClient,
        at: Hash,
        account: &AccountId,
        key: &AccountId,
    ) -> Result<(bool, Balance), ChainError> {
        type Proxies = (Vec<ProxyDefinition>, Balance);
        type ProxyDefinition = pallet_proxy::ProxyDefinition<AccountId, ProxyType, u32>;
        type Money = frame_system::AccountInfo<Nonce, <Runtime as frame_system::Config>::AccountData>;
        let proxies = pallet_proxy::Proxies::<Runtime>::hashed_key_for(account);
        let proxies: Option<Proxies> = stored(client, at, proxies)?;
        let authorised = proxies.is_some_and(|(proxies, _)| {
            proxies.iter().any(|proxy| {
                proxy.delegate == *key
                    && proxy.delay == 0
                    && matches!(
                        proxy.proxy_type,
                        ProxyType::Any | ProxyType::NonTransfer | ProxyType::Registry
                    )
            })
        });
        let money: Option<Money> = stored(client, at, frame_system::Account::<Runtime>::hashed_key_for(key))?;
        Ok((authorised, money.map_or(0, |money| money.data.free)))
    }
}

fn stored<T: Decode>(client: &FullClient, at: Hash, key: Vec<u8>) -> Result<Option<T>, ChainError> {
    let found = client.storage(at, &StorageKey(key)).map_err(failed)?;
    found.map(|bytes| T::decode_all(&mut bytes.0.as_slice()).map_err(failed)).transpose()
}

#[async_trait::async_trait]
impl Submitter for NodeSubmitter {
    async fn delegate(&self, account: &Account) -> Result<Delegate, ChainError> {
        let key = AccountId32::from(self.pair(account).public());
        let (client, of) = (self.client.clone(), AccountId32::from(account.0));
        let own = Account(key.clone().into());
        let looked = tokio::task::spawn_blocking(move || {
            let at = client.info().best_hash;
            Self::look(&client, at, &of, &key)
        });
        let (authorised, balance) = looked.await.map_err(failed)??;
        Ok(Delegate { account: own, authorised, balance })
    }

    async fn submit(&self, account: &Account, calls: Vec<RegistryCall>) -> Result<Submitted, SubmitError> {
        let _alone = self.alone(account).await;
        let pieces: Vec<PieceRoot> = calls.iter().filter_map(piece).collect();
        let call = proxied(account, calls)?;
        let (client, pair, of) = (self.client.clone(), self.pair(account), AccountId32::from(account.0));
        let signed = tokio::task::spawn_blocking(move || {
            let info = client.info();
            let at = info.best_hash;
            let key = AccountId32::from(pair.public());
            match Self::look(&client, at, &of, &key)? {
                (false, _) => return Err(SubmitError::NotAuthorised),
                (true, 0) => return Err(SubmitError::Fees),
                _ => {}
            }
            let nonce = client.runtime_api().account_nonce(at, key).map_err(failed)?;
            let signed = extrinsic::sign(&client, at, info.best_number, &pair, call, nonce);
            let signed = signed.map_err(|error| match error {
                SignError::Outdated => SubmitError::Outdated,
                SignError::Chain(error) => SubmitError::Chain(ChainError(error)),
            })?;
            Ok((at, signed))
        });
        let (at, extrinsic) = signed.await.map_err(failed)??;
        let sent = self.pool.submit_and_watch(at, TransactionSource::Local, extrinsic).await;
        let mut statuses = sent.map_err(not_taken)?;
        let included = timeout(PATIENCE, async {
            while let Some(status) = statuses.next().await {
                match status {
                    TransactionStatus::InBlock((block, index))
                    | TransactionStatus::Finalized((block, index)) => return Ok((block, index)),
                    TransactionStatus::Invalid => {
                        return Err(SubmitError::NotTaken("it became invalid: try again".into()));
                    }
                    TransactionStatus::Dropped => {
                        return Err(SubmitError::NotTaken("the pool is full: try again later".into()));
                    }
                    TransactionStatus::Usurped(_) => {
                        return Err(SubmitError::NotTaken("another one took its place".into()));
                    }
                    _ => {}
                }
            }
            Err(SubmitError::TimedOut)
        });
        let (block, index) = included.await.map_err(|_| SubmitError::TimedOut)??;
        let client = self.client.clone();
        let outcome = tokio::task::spawn_blocking(move || outcome(&client, block, index));
        let submitted = outcome.await.map_err(failed)??;
        for root in pieces {
            // Found by the follower a moment later if this fails.
            if let Err(error) = self.content.refresh(root).await {
                log::debug!(target: crate::network::LOG_TARGET, "A published piece isn't served yet: {error}");
            }
        }
        Ok(submitted)
    }
}

fn not_taken(error: PoolError2) -> SubmitError {
    match error.into_pool_error() {
        Ok(PoolError::InvalidTransaction(InvalidTransaction::Payment)) => SubmitError::Fees,
        Ok(PoolError::TooLowPriority { .. } | PoolError::AlreadyImported(_)) => SubmitError::NotTaken(
            "an earlier one of this account is on its way: look at the repository, then try again".into(),
        ),
        Ok(error) => SubmitError::NotTaken(error.to_string()),
        Err(error) => SubmitError::NotTaken(error.to_string()),
    }
}

type PoolError2 = <TransactionPool as polkadot_sdk::sc_transaction_pool_api::TransactionPool>::Error;

fn piece(call: &RegistryCall) -> Option<PieceRoot> {
    match call {
        RegistryCall::Publish { piece, .. } => Some(piece.root),
        _ => None,
    }
}

/// The call that the machine's key makes for an account.
fn proxied(account: &Account, calls: Vec<RegistryCall>) -> Result<RuntimeCall, SubmitError> {
    let mut calls = calls.into_iter().map(runtime_call).collect::<Result<Vec<_>, _>>()?;
    let call = match calls.len() {
        1 => calls.remove(0),
        _ => RuntimeCall::Utility(pallet_utility::Call::batch_all { calls }),
    };
    let real = <Runtime as frame_system::Config>::Lookup::unlookup(AccountId32::from(account.0));
    Ok(RuntimeCall::Proxy(pallet_proxy::Call::proxy {
        real,
        force_proxy_type: Some(ProxyType::Registry),
        call: Box::new(call),
    }))
}

fn runtime_call(call: RegistryCall) -> Result<RuntimeCall, SubmitError> {
    use pallet_asset_registry::Call;
    fn bounded<T: TryFrom<Vec<u8>>>(text: String) -> Result<T, SubmitError> {
        let refused = |_| SubmitError::NotTaken("a text in it is too long".into());
        text.into_bytes().try_into().map_err(refused)
    }
    Ok(RuntimeCall::AssetRegistry(match call {
        RegistryCall::RegisterNamespace { name } => Call::register_namespace { name: bounded(name)? },
        RegistryCall::CreateAsset { namespace, name, kind, licence, visibility } => Call::create_asset {
            namespace: bounded(namespace)?,
            name: bounded(name)?,
            kind,
            licence: bounded(licence)?,
            visibility,
        },
        RegistryCall::Publish { asset, content, piece, message, branch } => Call::publish_revision {
            asset,
            content,
            piece,
            parents: Default::default(),
            message: bounded(message)?,
            refs: vec![NewRef { kind: RefKind::Branch, name: bounded(branch)? }]
                .try_into()
                .map_err(|_| SubmitError::NotTaken("it names too many branches".into()))?,
        },
        RegistryCall::SetRef { asset, kind, name, commit } => {
            Call::set_ref { asset, kind, name: bounded(name)?, commit }
        }
        RegistryCall::DeleteRef { asset, name } => Call::delete_ref { asset, name: bounded(name)? },
        RegistryCall::SetVisibility { asset, visibility } => Call::set_visibility { asset, visibility },
        RegistryCall::Yank { commit } => Call::yank_revision { commit },
    }))
}

/// What became of an extrinsic, from its block's events. Blocks.
fn outcome(client: &FullClient, block: Hash, index: usize) -> Result<Submitted, SubmitError> {
    type Event = frame_system::EventRecord<RuntimeEvent, Hash>;
    // The pallet keeps its own name for this to itself.
    let key = [twox_128(b"System"), twox_128(b"Events")].concat();
    let events: Vec<Event> = stored(client, block, key)?.unwrap_or_default();
    let index = u32::try_from(index).map_err(failed)?;
    let mut submitted = Submitted::default();
    for Event { phase, event, .. } in events {
        if phase != frame_system::Phase::ApplyExtrinsic(index) {
            continue;
        }
        match event {
            RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { dispatch_error, .. })
            | RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result: Err(dispatch_error) }) => {
                return Err(refused(dispatch_error));
            }
            RuntimeEvent::AssetRegistry(pallet_asset_registry::Event::RevisionPublished {
                commit, ..
            }) => submitted.commit = Some(commit),
            _ => {}
        }
    }
    Ok(submitted)
}

fn refused(error: DispatchError) -> SubmitError {
    match error {
        DispatchError::Module(error) if usize::from(error.index) == AssetRegistry::index() => {
            let number = error.error.first().copied().unwrap_or_default();
            let (name, docs) = described(number);
            SubmitError::Refused { name: format!("AssetRegistry::{name}"), docs }
        }
        DispatchError::Token(error) => SubmitError::Refused {
            name: format!("Token::{error:?}"),
            docs: "the account must have more money, for the deposit that the chain holds".into(),
        },
        error => SubmitError::Refused { name: format!("{error:?}"), docs: String::new() },
    }
}

/// Name and text of an error of the registry.
fn described(number: u8) -> (String, String) {
    let known = pallet_asset_registry::Error::<Runtime>::type_info();
    let TypeDef::Variant(variants) = known.type_def else { return (number.to_string(), String::new()) };
    match variants.variants.iter().find(|variant| variant.index == number) {
        Some(variant) => (variant.name.to_owned(), variant.docs.join(" ")),
        None => (number.to_string(), String::new()),
    }
}

/// The block type that the pool works on is the chain's.
const _: fn(&TransactionPool) = |pool| {
    fn of<P: polkadot_sdk::sc_transaction_pool_api::TransactionPool<Block = Block>>(_: &P) {}
    of(pool);
};

#[cfg(test)]
mod tests {
    use stoa_primitives::registry::{AssetId, CommitId};

    use super::*;

    #[test]
    fn the_secret_is_made_once_and_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = secret(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(*secret(&path).unwrap(), *made);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(secret(&path).unwrap_err().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, b"short").unwrap();
        assert!(secret(&path).is_err());
    }

    #[test]
    fn calls_are_made_for_the_account_and_as_registry_calls_only() {
        let yank = RegistryCall::Yank { commit: CommitId([1; 20]) };
        let delete = RegistryCall::DeleteRef { asset: AssetId(1), name: "main".into() };
        for calls in [vec![yank.clone()], vec![yank, delete]] {
            let many = calls.len() > 1;
            let RuntimeCall::Proxy(pallet_proxy::Call::proxy { real, force_proxy_type, call }) =
                proxied(&Account([7; 32]), calls).unwrap()
            else {
                panic!("it isn't a call for somebody else");
            };
            assert_eq!(real, AccountId32::from([7; 32]).into());
            assert_eq!(force_proxy_type, Some(ProxyType::Registry));
            assert_eq!(matches!(*call, RuntimeCall::Utility(_)), many);
        }
        let long = RegistryCall::DeleteRef { asset: AssetId(1), name: "x".repeat(500) };
        assert!(matches!(proxied(&Account([7; 32]), vec![long]), Err(SubmitError::NotTaken(_))));
    }

    #[test]
    fn errors_of_the_registry_have_their_names() {
        let error = pallet_asset_registry::Error::<Runtime>::NameTaken;
        let SubmitError::Refused { name, .. } = refused(error.into()) else { panic!("it was refused") };
        assert_eq!(name, "AssetRegistry::NameTaken");
    }
}
