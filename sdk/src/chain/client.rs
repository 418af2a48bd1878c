//! The client itself, and the registry's part of it. Types that are made from the runtime's metadata stay in this folder.

use super::{
    ChainError,
    types::{Asset, Included, Lineage, Namespace, NewRevision, Parent, Ref, Revision, Wait},
};
use crate::{
    keys::Keypair,
    names::{AssetName, Reference},
};
use std::{sync::Arc, time::Duration};
use stoa_primitives::{
    ContentId, Piece,
    registry::{AssetId, AssetKind, CommitId, RefKind, Role, Visibility},
};
use subxt::{
    OnlineClient, OnlineClientAtBlock, PolkadotConfig,
    backend::CombinedBackend,
    client::OnlineClientAtBlockImpl,
    config::{DefaultExtrinsicParamsBuilder, RpcConfigFor},
    error::OnlineClientAtBlockError,
    rpcs::{RpcClient, methods::legacy::LegacyRpcMethods},
    tx::{Payload, TransactionProgress, TransactionStatus},
    utils::{AccountId32, H256},
};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

#[subxt::subxt(
    runtime_metadata_path = "metadata.scale",
    substitute_type(
        path = "stoa_primitives::content::ContentId",
        with = "::subxt::utils::Static<stoa_primitives::ContentId>"
    ),
    substitute_type(
        path = "stoa_primitives::content::Piece",
        with = "::subxt::utils::Static<stoa_primitives::Piece>"
    ),
    substitute_type(
        path = "stoa_primitives::registry::AssetId",
        with = "::subxt::utils::Static<stoa_primitives::registry::AssetId>"
    ),
    substitute_type(
        path = "stoa_primitives::registry::CommitId",
        with = "::subxt::utils::Static<stoa_primitives::registry::CommitId>"
    ),
    substitute_type(
        path = "stoa_primitives::registry::AssetKind",
        with = "::subxt::utils::Static<stoa_primitives::registry::AssetKind>"
    ),
    substitute_type(
        path = "stoa_primitives::registry::Visibility",
        with = "::subxt::utils::Static<stoa_primitives::registry::Visibility>"
    ),
    substitute_type(
        path = "stoa_primitives::registry::Role",
        with = "::subxt::utils::Static<stoa_primitives::registry::Role>"
    ),
    substitute_type(
        path = "stoa_primitives::registry::Relation",
        with = "::subxt::utils::Static<stoa_primitives::registry::Relation>"
    ),
    substitute_type(
        path = "stoa_primitives::registry::RefKind",
        with = "::subxt::utils::Static<stoa_primitives::registry::RefKind>"
    ),
    substitute_type(
        path = "stoa_primitives::registry::PieceAccess",
        with = "::subxt::utils::Static<stoa_primitives::registry::PieceAccess>"
    )
)]
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
pub(super) mod api {}

use api::runtime_types::{
    bounded_collections::bounded_vec::BoundedVec,
    frame_system::AccountInfo,
    pallet_asset_registry::types::{
        AssetInfo, DepositFor, LineageEntry, NamespaceInfo, NewRef, RefInfo, RevisionInfo,
    },
    pallet_balances::types::AccountData,
};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How often, and how long after each other, a block is looked for that the node has.
const LOOKS: u32 = 20;
const LOOK: Duration = Duration::from_millis(50);
/// How long to wait for a transaction to be where it is awaited.
const PATIENCE: Duration = Duration::from_secs(600);
/// Transactions of one account that are under way at once.
const AT_ONCE: usize = 16;

type AccountRecord = AccountInfo<u32, AccountData<u128>>;
pub(super) type At = OnlineClientAtBlock<PolkadotConfig>;
type Progress = TransactionProgress<PolkadotConfig, OnlineClientAtBlockImpl<PolkadotConfig>>;
/// What a transaction did.
pub type Events = subxt::extrinsics::ExtrinsicEvents<PolkadotConfig>;

/// A connection to a node.
#[derive(Clone)]
pub struct Chain {
    client: OnlineClient<PolkadotConfig>,
    rpc: LegacyRpcMethods<RpcConfigFor<PolkadotConfig>>,
    /// For methods that nothing wraps.
    pub(super) raw: RpcClient,
    /// One transaction after the other asks for its nonce and is submitted; the waiting goes on at once.
    submitting: Arc<Mutex<()>>,
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Chain").field("genesis", &self.client.genesis_hash()).finish()
    }
}

impl Chain {
    /// Connects to a node at a `ws` or `wss` address.
    pub async fn connect(url: &str) -> Result<Self, ChainError> {
        let failed = |reason: String| ChainError::Connect { url: url.to_owned(), reason };
        let connected = timeout(CONNECT, async {
            let rpc = RpcClient::from_insecure_url(url).await.map_err(|error| failed(error.to_string()))?;
            let backend = CombinedBackend::builder()
                .build_with_background_driver(rpc.clone())
                .await
                .map_err(|error| failed(error.to_string()))?;
            let config = PolkadotConfig::builder().use_historic_types(false).build();
            let client = OnlineClient::from_backend_with_config(config, Arc::new(backend))
                .await
                .map_err(|error| failed(error.to_string()))?;
            Ok(Self { client, rpc: LegacyRpcMethods::new(rpc.clone()), raw: rpc, submitting: Arc::default() })
        });
        connected.await.map_err(|_| failed(format!("no answer within {} seconds", CONNECT.as_secs())))?
    }

    /// The hash of the first block, which tells one chain from another.
    pub fn genesis(&self) -> String {
        format!("{:?}", self.client.genesis_hash())
    }

    /// The chain as it is in the node's best block.
    pub async fn state(&self) -> Result<ChainState, ChainError> {
        let best = self.rpc.chain_get_block_hash(None).await?;
        let best = best.ok_or_else(|| ChainError::Node("it has no best block".into()))?;
        self.at(best).await
    }

    /// The chain as it is in the newest final block, which nothing undoes.
    pub async fn final_state(&self) -> Result<ChainState, ChainError> {
        let head = self.rpc.chain_get_finalized_head().await?;
        self.at(head).await
    }

    /// A new connection's subscription has an id before the node knows it, and until then the node says that there is
    /// no such block.
    async fn at(&self, block: H256) -> Result<ChainState, ChainError> {
        for _ in 0..LOOKS {
            match self.client.at_block(block).await {
                Err(OnlineClientAtBlockError::BlockHeaderNotFound { .. }) => sleep(LOOK).await,
                found => return Ok(ChainState { at: found? }),
            }
        }
        Ok(ChainState { at: self.client.at_block(block).await? })
    }

    /// What registering a namespace costs in fees.
    pub async fn register_namespace_fee(&self, signer: &Keypair, name: &str) -> Result<u128, ChainError> {
        self.fee(&api::transactions().asset_registry().register_namespace(bytes(name)), signer).await
    }

    /// What creating an asset costs in fees.
    pub async fn create_asset_fee(
        &self,
        signer: &Keypair,
        name: &AssetName,
        kind: AssetKind,
        license: &str,
        visibility: Visibility,
    ) -> Result<u128, ChainError> {
        self.fee(&create_asset(name, kind, license, visibility), signer).await
    }

    /// What publishing a revision costs in fees.
    pub async fn publish_fee(&self, signer: &Keypair, revision: &NewRevision) -> Result<u128, ChainError> {
        self.fee(&publish(AssetId(0), revision), signer).await
    }

    /// What making a tag costs in fees.
    pub async fn set_ref_fee(
        &self,
        signer: &Keypair,
        asset: AssetId,
        tag: &str,
        commit: CommitId,
    ) -> Result<u128, ChainError> {
        self.fee(&set_ref(asset, RefKind::Tag, tag, commit), signer).await
    }

    /// Registers a namespace for the signer.
    pub async fn register_namespace(
        &self,
        signer: &Keypair,
        name: &str,
        wait: Wait,
    ) -> Result<Included, ChainError> {
        let call = api::transactions().asset_registry().register_namespace(bytes(name));
        Ok(self.send(&call, signer, wait).await?.0)
    }

    /// Creates an asset in a namespace of the signer's, and gives its number.
    pub async fn create_asset(
        &self,
        signer: &Keypair,
        name: &AssetName,
        kind: AssetKind,
        license: &str,
        visibility: Visibility,
        wait: Wait,
    ) -> Result<(AssetId, Included), ChainError> {
        let call = create_asset(name, kind, license, visibility);
        let (included, events) = self.send(&call, signer, wait).await?;
        let event = events
            .find_first::<api::asset_registry::events::AssetCreated>()
            .ok_or(ChainError::MissingEvent("AssetCreated"))?
            .map_err(|error| ChainError::Incompatible(error.to_string()))?;
        Ok((event.asset.0, included))
    }

    /// Publishes a revision, moves its branch and makes its tags, and gives its commit id.
    pub async fn publish(
        &self,
        signer: &Keypair,
        asset: AssetId,
        revision: &NewRevision,
        wait: Wait,
    ) -> Result<(CommitId, Included), ChainError> {
        let (included, events) = self.send(&publish(asset, revision), signer, wait).await?;
        let event = events
            .find_first::<api::asset_registry::events::RevisionPublished>()
            .ok_or(ChainError::MissingEvent("RevisionPublished"))?
            .map_err(|error| ChainError::Incompatible(error.to_string()))?;
        Ok((event.commit.0, included))
    }

    /// Makes a branch or tag, or moves a branch.
    pub async fn set_ref(
        &self,
        signer: &Keypair,
        asset: AssetId,
        kind: RefKind,
        name: &str,
        commit: CommitId,
        wait: Wait,
    ) -> Result<Included, ChainError> {
        Ok(self.send(&set_ref(asset, kind, name, commit), signer, wait).await?.0)
    }

    /// What a call costs in fees.
    pub async fn fee(&self, call: &impl Payload, signer: &Keypair) -> Result<u128, ChainError> {
        let mut transactions = self.client.at_current_block().await?.transactions();
        let params = DefaultExtrinsicParamsBuilder::new().build();
        Ok(transactions.create_signed(call, signer, params).await?.partial_fee_estimate().await?)
    }

    /// Signs a call, sends it, and waits for it. Gives its events.
    pub async fn send(
        &self,
        call: &impl Payload,
        signer: &Keypair,
        wait: Wait,
    ) -> Result<(Included, Events), ChainError> {
        let submitting = self.submitting.lock().await;
        // The pool's view of the nonce, because earlier transactions may not be final yet.
        let nonce = self.rpc.system_account_next_index(&signer.public_key().to_account_id()).await?;
        let progress = self.submit(call, signer, nonce).await?;
        drop(submitting);
        self.follow(progress, wait).await
    }

    /// Signs calls and sends them one after the other, without waiting for one before the next. Gives what became of
    /// each; one that couldn't be sent is the last.
    pub async fn send_all(
        &self,
        calls: &[impl Payload],
        signer: &Keypair,
        wait: Wait,
    ) -> Vec<Result<(Included, Events), ChainError>> {
        let account = signer.public_key().to_account_id();
        let mut done = Vec::with_capacity(calls.len());
        // Not more at once than the pool takes from one account.
        for calls in calls.chunks(AT_ONCE) {
            let mut sent = Vec::with_capacity(calls.len());
            let mut failed = None;
            let submitting = self.submitting.lock().await;
            match self.rpc.system_account_next_index(&account).await {
                Ok(first) => {
                    for (call, nonce) in calls.iter().zip(first..) {
                        match self.submit(call, signer, nonce).await {
                            Ok(progress) => sent.push(progress),
                            Err(error) => {
                                failed = Some(error);
                                break;
                            }
                        }
                    }
                }
                Err(error) => failed = Some(error.into()),
            }
            drop(submitting);
            for progress in sent {
                done.push(self.follow(progress, wait).await);
            }
            if let Some(error) = failed {
                done.push(Err(error));
                break;
            }
        }
        done
    }

    /// How many transactions of an account wait to get into a block.
    pub async fn waiting(&self, account: &AccountId32) -> Result<u64, ChainError> {
        let known = self.state().await?.nonce(account).await?;
        Ok(self.rpc.system_account_next_index(account).await?.saturating_sub(known))
    }

    async fn submit(
        &self,
        call: &impl Payload,
        signer: &Keypair,
        nonce: u64,
    ) -> Result<Progress, ChainError> {
        let params = DefaultExtrinsicParamsBuilder::new().nonce(nonce).build();
        let mut transactions = self.client.at_current_block().await?.transactions();
        Ok(transactions.create_signed(call, signer, params).await?.submit_and_watch().await?)
    }

    async fn follow(&self, mut progress: Progress, wait: Wait) -> Result<(Included, Events), ChainError> {
        let what = match wait {
            Wait::InBlock => "in a block",
            Wait::Finalized => "final",
        };
        let awaited = timeout(PATIENCE, async {
            while let Some(status) = progress.next().await {
                let (block, finalized) = match status? {
                    TransactionStatus::InBestBlock(block) if wait == Wait::InBlock => (block, false),
                    TransactionStatus::InFinalizedBlock(block) => (block, true),
                    TransactionStatus::Error { message }
                    | TransactionStatus::Invalid { message }
                    | TransactionStatus::Dropped { message } => return Err(ChainError::Rejected(message)),
                    _ => continue,
                };
                let events = block.wait_for_success().await?;
                let included = Included {
                    block: format!("{:?}", block.block_hash()),
                    transaction: format!("{:?}", block.extrinsic_hash()),
                    finalized,
                };
                return Ok((included, events));
            }
            Err(ChainError::Node(
                "it stopped telling about the transaction: look before you send it again".into(),
            ))
        });
        awaited.await.map_err(|_| ChainError::Timeout { what, after: PATIENCE })?
    }
}

/// The chain in one block.
#[derive(Clone)]
pub struct ChainState {
    pub(super) at: At,
}

impl std::fmt::Debug for ChainState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ChainState").field("block", &self.at.block_number()).finish()
    }
}

/// Calls a method of the registry's runtime API.
macro_rules! ask {
    ($state:expr, $method:ident($($argument:expr),*)) => {
        $state.at.runtime_apis().call(api::runtime_apis().asset_registry_api().$method($($argument),*)).await
    };
}

impl ChainState {
    /// The block's number.
    pub fn block(&self) -> u64 {
        self.at.block_number()
    }

    /// A namespace.
    pub async fn namespace(&self, name: &str) -> Result<Option<Namespace>, ChainError> {
        ask!(self, namespace(name.as_bytes().to_vec()))?.map(namespace).transpose()
    }

    /// An asset.
    pub async fn asset(&self, name: &AssetName) -> Result<Option<Asset>, ChainError> {
        ask!(self, asset(name.to_string().into_bytes()))?.map(asset).transpose()
    }

    /// The asset of a number.
    pub async fn asset_by_id(&self, id: AssetId) -> Result<Option<Asset>, ChainError> {
        ask!(self, asset_by_id(id.into()))?.map(asset).transpose()
    }

    /// The revision that a branch, a tag or a commit id names.
    pub async fn resolve(
        &self,
        name: &AssetName,
        reference: &Reference,
    ) -> Result<Option<Revision>, ChainError> {
        let reference = reference.as_str().as_bytes().to_vec();
        Ok(ask!(self, resolve(name.to_string().into_bytes(), reference))?.map(revision))
    }

    /// The revision of a commit id.
    pub async fn revision(&self, commit: CommitId) -> Result<Option<Revision>, ChainError> {
        Ok(ask!(self, revision(commit.into()))?.map(revision))
    }

    /// Branches and tags of an asset, a page of them.
    pub async fn refs(
        &self,
        asset: AssetId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Ref>, ChainError> {
        let after = after.map(|name| name.as_bytes().to_vec());
        ask!(self, refs(asset.into(), after, limit))?.into_iter().map(reference).collect()
    }

    /// Revisions of an asset from a number on, the oldest first, a page of them.
    pub async fn revisions(
        &self,
        asset: AssetId,
        start: u32,
        limit: u32,
    ) -> Result<Vec<Revision>, ChainError> {
        Ok(ask!(self, revisions(asset.into(), start, limit))?.into_iter().map(revision).collect())
    }

    /// What a revision was made from, a page of it.
    pub async fn ancestors(
        &self,
        commit: CommitId,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<Lineage>, ChainError> {
        Ok(ask!(self, ancestors(commit.into(), skip, limit))?.into_iter().map(lineage).collect())
    }

    /// What was made from a revision, a page of it.
    pub async fn descendants(
        &self,
        commit: CommitId,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<Lineage>, ChainError> {
        Ok(ask!(self, descendants(commit.into(), skip, limit))?.into_iter().map(lineage).collect())
    }

    /// What an account may do with an asset; its owner is an admin.
    pub async fn role(&self, asset: AssetId, account: &AccountId32) -> Result<Option<Role>, ChainError> {
        Ok(ask!(self, role(asset.into(), *account))?.map(|role| role.0))
    }

    /// The piece of a content root.
    pub async fn piece_of_content(&self, content: ContentId) -> Result<Option<Piece>, ChainError> {
        Ok(ask!(self, piece_of_content(content.into()))?.map(|piece| piece.0))
    }

    /// The deposit for a namespace.
    pub async fn namespace_deposit(&self, name: &str) -> Result<u128, ChainError> {
        Ok(ask!(self, deposit(DepositFor::Namespace { name: length(name) }))?)
    }

    /// The deposit for an asset.
    pub async fn asset_deposit(&self, name: &AssetName, license: &str) -> Result<u128, ChainError> {
        let of = DepositFor::Asset { name: length(name.name()), licence: length(license) };
        Ok(ask!(self, deposit(of))?)
    }

    /// The deposit for a revision, without its branch and tags.
    pub async fn revision_deposit(&self, revision: &NewRevision) -> Result<u128, ChainError> {
        let parents = u32::try_from(revision.parents.len()).unwrap_or(u32::MAX);
        Ok(ask!(self, deposit(DepositFor::Revision { parents, message: length(&revision.message) }))?)
    }

    /// The deposit for a branch or tag.
    pub async fn ref_deposit(&self, name: &str) -> Result<u128, ChainError> {
        Ok(ask!(self, deposit(DepositFor::Reference { name: length(name) }))?)
    }

    /// What an account can spend.
    pub async fn free_balance(&self, account: &AccountId32) -> Result<u128, ChainError> {
        Ok(self.account(account).await?.map_or(0, |found| found.data.free))
    }

    /// How many transactions of an account are in blocks.
    pub(super) async fn nonce(&self, account: &AccountId32) -> Result<u64, ChainError> {
        Ok(self.account(account).await?.map_or(0, |found| found.nonce.into()))
    }

    async fn account(&self, account: &AccountId32) -> Result<Option<AccountRecord>, ChainError> {
        let unreadable = |error: &dyn std::fmt::Display| ChainError::Incompatible(error.to_string());
        let storage = self.at.storage();
        let accounts =
            storage.entry(api::storage().system().account()).map_err(|error| unreadable(&error))?;
        let found = accounts.try_fetch((*account,)).await.map_err(|error| unreadable(&error))?;
        found.map(|found| found.decode()).transpose().map_err(|error| unreadable(&error))
    }
}

fn create_asset(name: &AssetName, kind: AssetKind, license: &str, visibility: Visibility) -> impl Payload {
    api::transactions().asset_registry().create_asset(
        bytes(name.namespace()),
        bytes(name.name()),
        kind.into(),
        bytes(license),
        visibility.into(),
    )
}

fn set_ref(asset: AssetId, kind: RefKind, name: &str, commit: CommitId) -> impl Payload {
    api::transactions().asset_registry().set_ref(asset.into(), kind.into(), bytes(name), commit.into())
}

fn publish(asset: AssetId, revision: &NewRevision) -> impl Payload {
    let branch = NewRef { kind: RefKind::Branch.into(), name: bytes(&revision.branch) };
    let tags = revision.tags.iter().map(|tag| NewRef { kind: RefKind::Tag.into(), name: bytes(tag) });
    let parents =
        revision.parents.iter().map(|parent| api::runtime_types::pallet_asset_registry::types::Parent {
            asset: parent.asset.into(),
            commit: parent.commit.into(),
            relation: parent.relation.into(),
        });
    api::transactions().asset_registry().publish_revision(
        asset.into(),
        revision.content.into(),
        revision.piece.into(),
        BoundedVec(parents.collect()),
        bytes(&revision.message),
        BoundedVec(std::iter::once(branch).chain(tags).collect()),
    )
}

fn bytes(text: &str) -> BoundedVec<u8> {
    BoundedVec(text.as_bytes().to_vec())
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

/// A text that the chain keeps as bytes. Names are ASCII; a message may be anything.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn namespace(info: NamespaceInfo<AccountId32>) -> Result<Namespace, ChainError> {
    Ok(Namespace { name: text(&info.name), owner: info.owner, assets: info.assets })
}

fn asset(info: AssetInfo<AccountId32>) -> Result<Asset, ChainError> {
    let name = format!("{}/{}", text(&info.namespace), text(&info.name));
    Ok(Asset {
        id: info.id.0,
        name: name
            .parse()
            .map_err(|error: crate::names::NameParseError| ChainError::Record(error.to_string()))?,
        owner: info.owner,
        kind: info.kind.0,
        visibility: info.visibility.0,
        license: text(&info.licence),
        revisions: info.revisions,
        refs: info.refs,
        collaborators: info.collaborators,
        retired: info.retired,
        taken_down: info.taken_down.is_some(),
    })
}

fn revision(info: RevisionInfo<AccountId32, u32>) -> Revision {
    let parents = info.parents.into_iter().map(|parent| Parent {
        asset: parent.asset.0,
        commit: parent.commit.0,
        relation: parent.relation.0,
    });
    Revision {
        commit: info.commit.0,
        asset: info.asset.0,
        number: info.number,
        content: info.content.0,
        piece: info.piece.0,
        parents: parents.collect(),
        message: text(&info.message),
        author: info.author,
        published: info.published,
        children: info.children,
        yanked: info.yanked,
        access: info.access.0,
    }
}

fn reference(info: RefInfo) -> Result<Ref, ChainError> {
    Ok(Ref { name: text(&info.name), kind: info.kind.0, commit: info.commit.0 })
}

fn lineage(entry: LineageEntry) -> Lineage {
    Lineage {
        commit: entry.commit.0,
        asset: entry.asset.0,
        relation: entry.relation.0,
        depth: entry.depth,
        removed: entry.removed,
    }
}
