//! Publishing a folder: pack it, say what it costs, upload it, and put it on the chain.
//!
//! [`prepare`] changes nothing anywhere; what it gives says what [`Plan::run`] will do and cost. Doing it again is
//! safe: what is there already isn't made twice.

use crate::{
    card::{Card, CardError},
    chain::{Asset, Chain, ChainError, ChainState, Included, NewRevision, Parent, Revision, Wait, amount},
    gateway::{Gateway, GatewayError},
    keys::Keypair,
    names::{AssetAt, AssetName, NameParseError, ParentSpec, Reference, kind_word, visibility_word},
    observe::{Observer, Stage},
};
use futures::StreamExt;
use serde::{Serialize, Serializer};
use std::{fs::File, io, path::PathBuf, sync::Arc};
use stoa_content::{PackError, Packed, pack_dir};
use stoa_primitives::registry::{AssetKind, CommitId, RefKind, Visibility};
use tokio::task::spawn_blocking;
use tokio_util::io::ReaderStream;

/// Longest licence id, message, and most parents and tags that the registry takes.
const MAX_LICENSE: usize = 64;
const MAX_MESSAGE: usize = 1024;
const MAX_PARENTS: usize = 16;
const MAX_TAGS: usize = 3;
/// How much is read at once to be sent.
const CHUNK: usize = 256 * 1024;

/// Why a folder couldn't be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The folder can't be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The model card can't be read.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The gateway.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// A branch or a tag can't be named so.
    #[error(transparent)]
    Name(#[from] NameParseError),
    /// There is no room for the packed folder.
    #[error("the packed folder can't be kept while it is sent: {0}; set TMPDIR to a folder with room")]
    Temporary(io::Error),
    /// A parent that isn't on the chain.
    #[error("the parent {0} isn't on the chain")]
    ParentNotFound(AssetAt),
    /// Somebody else owns the namespace.
    #[error(
        "the namespace `{namespace}` belongs to {owner}: publish under a namespace of yours, or ask its owner to create the asset and make you a collaborator"
    )]
    NotOwner {
        /// The namespace.
        namespace: String,
        /// Who owns it.
        owner: String,
    },
    /// The account has no role on the asset.
    #[error("{asset} belongs to {owner}: ask for a role on it")]
    NotPermitted {
        /// The asset.
        asset: AssetName,
        /// Who owns it.
        owner: String,
    },
    /// Nothing can be published any more.
    #[error("nothing can be published in {asset}: it was {why}")]
    Closed {
        /// The asset.
        asset: AssetName,
        /// Why.
        why: &'static str,
    },
    /// What was asked for isn't what the asset is.
    #[error("{asset} has {what} `{is}`, and `{asked}` was asked for: leave --{what} out")]
    Other {
        /// The asset.
        asset: AssetName,
        /// What differs.
        what: &'static str,
        /// What it is.
        is: String,
        /// What was asked for.
        asked: String,
    },
    /// A tag that is in use.
    #[error("{asset} has a tag or branch `{tag}` already, and tags don't move: choose another")]
    TagTaken {
        /// The asset.
        asset: AssetName,
        /// The tag.
        tag: String,
    },
    /// More than the registry takes.
    #[error("a revision can have at most {limit} {what}, and {count} were given")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many were given.
        count: usize,
        /// How many can be.
        limit: usize,
    },
    /// Longer than the registry takes.
    #[error("the {what} can have at most {limit} bytes, and has {length}")]
    TooLong {
        /// What.
        what: &'static str,
        /// Its length.
        length: usize,
        /// How long it can be.
        limit: usize,
    },
    /// Not enough money.
    #[error("{account} can spend {}, and this takes {}: get more first", amount(*.free), amount(*.needed))]
    Funds {
        /// The account.
        account: String,
        /// What it has.
        free: u128,
        /// What it needs.
        needed: u128,
    },
    /// The work was stopped from outside.
    #[error("the work was stopped")]
    Stopped,
}

/// What to publish, and as what.
#[derive(Clone, Debug)]
pub struct PublishOptions {
    /// The folder.
    pub dir: PathBuf,
    /// The asset.
    pub to: AssetName,
    /// What it is; from the card or the asset, when not given, and a model otherwise.
    pub kind: Option<AssetKind>,
    /// Under which terms; from the card or the asset, when not given.
    pub license: Option<String>,
    /// Who may read it; public, when not given.
    pub visibility: Option<Visibility>,
    /// What it was made from.
    pub parents: Vec<ParentSpec>,
    /// Take the card's parents too, as far as the chain knows them.
    pub parents_from_card: bool,
    /// Tags to make.
    pub tags: Vec<String>,
    /// The branch that moves.
    pub branch: String,
    /// What the author says of it.
    pub message: String,
}

/// One entry of what a publication costs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Cost {
    /// What for.
    pub what: String,
    /// Held while the entry stands, in plancks; written as a text, because JSON's numbers are too small for it.
    #[serde(serialize_with = "as_text")]
    pub deposit: u128,
    /// Paid, in plancks.
    #[serde(serialize_with = "as_text")]
    pub fee: u128,
}

fn as_text<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// What will be done.
#[derive(Debug)]
pub struct Plan {
    /// What the folder was packed into.
    pub packed: Packed,
    /// The asset, under the name that was asked for.
    pub to: AssetName,
    /// What it is or will be.
    pub kind: AssetKind,
    /// Its licence; empty when none is known.
    pub license: String,
    /// Who may read it.
    pub visibility: Visibility,
    /// The namespace has to be registered.
    pub new_namespace: bool,
    /// The asset has to be created.
    pub new_asset: bool,
    /// The revision that has this content already, when the branch points at one.
    pub unchanged: Option<CommitId>,
    /// What it costs, entry by entry.
    pub costs: Vec<Cost>,
    /// What the account can spend, in plancks.
    pub balance: u128,
    /// Parents that the card names and the chain knows, and that weren't asked for.
    pub proposed_parents: Vec<ParentSpec>,
    /// What the user should know.
    pub warnings: Vec<String>,
    revision: NewRevision,
    asset: Option<Asset>,
    new_tags: Vec<String>,
    car: File,
}

/// What was done.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Published {
    /// The asset.
    pub asset: AssetName,
    /// Its number.
    pub asset_id: u64,
    /// The revision.
    pub commit: String,
    /// Its root CID.
    pub content: String,
    /// The piece's BLAKE3 root in hex.
    pub piece_root: String,
    /// The piece's size in bytes.
    pub piece_size: u64,
    /// The revision was there already.
    pub unchanged: bool,
    /// The transactions that were sent.
    pub transactions: Vec<Included>,
}

/// Packs a folder and finds out what publishing it will do and cost. Changes nothing.
pub async fn prepare(
    chain: &Chain,
    signer: &Keypair,
    options: PublishOptions,
    observer: Arc<dyn Observer>,
) -> Result<Plan, PublishError> {
    let card = Card::read(&options.dir)?.unwrap_or_default();
    prepare_with(chain, signer, options, card, false, observer).await
}

/// As [`prepare`] does, for a folder whose card is somewhere else; `sealed` says that strangers can't read the folder.
pub(crate) async fn prepare_with(
    chain: &Chain,
    signer: &Keypair,
    options: PublishOptions,
    card: Card,
    sealed: bool,
    observer: Arc<dyn Observer>,
) -> Result<Plan, PublishError> {
    check_limits(&options)?;
    let state = chain.state().await?;
    let account = signer.public_key().to_account_id();
    let asset = state.asset(&options.to).await?;
    let namespace = state.namespace(options.to.namespace()).await?;
    if let (None, Some(namespace)) = (&asset, &namespace)
        && namespace.owner != account
    {
        let owner = namespace.owner.to_string();
        return Err(PublishError::NotOwner { namespace: namespace.name.clone(), owner });
    }
    if let Some(asset) = &asset
        && state.role(asset.id, &account).await?.is_none()
    {
        return Err(PublishError::NotPermitted { asset: asset.name.clone(), owner: asset.owner.to_string() });
    }
    let Terms { kind, license, visibility, mut warnings } = terms(&options, &card, asset.as_ref())?;
    if visibility == Visibility::Private && !sealed {
        warnings.push("files of a private asset are published as they are: --private encrypts them".into());
    }

    let mut parents = Vec::new();
    for spec in &options.parents {
        let found = state.resolve(&spec.parent.asset, &spec.parent.reference).await?;
        let found = found.ok_or_else(|| PublishError::ParentNotFound(spec.parent.clone()))?;
        add_parent(&mut parents, &found, spec);
    }
    let mut proposed_parents = Vec::new();
    for (name, relation) in card.parents() {
        let parent = AssetAt { asset: name, reference: Reference::default() };
        let spec = ParentSpec { parent, relation };
        let Some(found) = state.resolve(&spec.parent.asset, &spec.parent.reference).await? else { continue };
        if parents.iter().any(|parent: &Parent| parent.asset == found.asset)
            || spec.parent.asset == options.to
        {
            continue;
        }
        if options.parents_from_card {
            add_parent(&mut parents, &found, &spec);
        } else {
            proposed_parents.push(spec);
        }
    }
    limit("parents", parents.len(), MAX_PARENTS)?;

    let (packed, car) = pack(options.dir.clone(), observer).await?;
    let revision = NewRevision {
        content: packed.content,
        piece: packed.piece,
        parents,
        message: options.message,
        branch: options.branch,
        tags: options.tags,
    };
    let unchanged = head(&state, &asset, &revision).await?;
    let new_tags = new_tags(&state, asset.as_ref(), &revision, unchanged).await?;

    let mut plan = Plan {
        packed,
        to: options.to,
        kind,
        license,
        visibility,
        new_namespace: namespace.is_none(),
        new_asset: asset.is_none(),
        unchanged,
        costs: Vec::new(),
        balance: state.free_balance(&account).await?,
        proposed_parents,
        warnings,
        revision,
        asset,
        new_tags,
        car,
    };
    plan.costs = plan.work_out_costs(chain, &state, signer).await?;
    if plan.total() > plan.balance {
        return Err(PublishError::Funds {
            account: account.to_string(),
            free: plan.balance,
            needed: plan.total(),
        });
    }
    Ok(plan)
}

impl Plan {
    /// All that it costs, deposits and fees, in plancks.
    pub fn total(&self) -> u128 {
        self.costs.iter().fold(0, |sum, cost| sum.saturating_add(cost.deposit).saturating_add(cost.fee))
    }

    /// The asset, when it exists.
    pub(crate) fn asset(&self) -> Option<&Asset> {
        self.asset.as_ref()
    }

    /// Does it.
    pub async fn run(
        self,
        chain: &Chain,
        gateway: &Gateway,
        signer: &Keypair,
        wait: Wait,
        observer: Arc<dyn Observer>,
    ) -> Result<Published, PublishError> {
        let mut transactions = Vec::new();
        // What isn't public is claimed on the chain before a byte of it is anywhere, so that nobody can name it first
        // and open it. What is public is uploaded first, so that nobody finds a revision without its content.
        let upload_first = self.visibility == Visibility::Public;
        // Doing a publication again, after it was interrupted or for another tag, sends nothing that is there.
        let there =
            self.unchanged.is_some() && upload_first && gateway.block(&self.packed.content).await.is_ok();
        if upload_first && !there {
            self.upload(gateway, signer, &observer).await?;
        }
        observer.begin(Stage::Chain, None);
        let done = self.register(chain, signer, wait, &mut transactions).await;
        observer.end();
        let (asset_id, commit) = done?;
        if !upload_first {
            self.upload(gateway, signer, &observer).await?;
        }
        Ok(Published {
            asset: self.to,
            asset_id,
            commit: hex::encode(commit.0),
            content: stoa_content::text(&self.packed.content),
            piece_root: hex::encode(self.packed.piece.root),
            piece_size: self.packed.piece.size,
            unchanged: self.unchanged.is_some(),
            transactions,
        })
    }

    async fn register(
        &self,
        chain: &Chain,
        signer: &Keypair,
        wait: Wait,
        transactions: &mut Vec<Included>,
    ) -> Result<(u64, CommitId), ChainError> {
        // Only the last one is waited for as long as was asked: when it is final, those before it are.
        if self.new_namespace {
            transactions.push(chain.register_namespace(signer, self.to.namespace(), Wait::InBlock).await?);
        }
        let asset = match &self.asset {
            Some(asset) => asset.id,
            None => {
                let (id, included) = chain
                    .create_asset(signer, &self.to, self.kind, &self.license, self.visibility, Wait::InBlock)
                    .await?;
                transactions.push(included);
                id
            }
        };
        if let Some(commit) = self.unchanged {
            for tag in &self.new_tags {
                transactions.push(chain.set_ref(signer, asset, RefKind::Tag, tag, commit, wait).await?);
            }
            return Ok((asset.0, commit));
        }
        let (commit, included) = chain.publish(signer, asset, &self.revision, wait).await?;
        transactions.push(included);
        Ok((asset.0, commit))
    }

    async fn upload(
        &self,
        gateway: &Gateway,
        signer: &Keypair,
        observer: &Arc<dyn Observer>,
    ) -> Result<(), PublishError> {
        let mut car = self.car.try_clone().map_err(PublishError::Temporary)?;
        io::Seek::rewind(&mut car).map_err(PublishError::Temporary)?;
        let watcher = observer.clone();
        let body = ReaderStream::with_capacity(tokio::fs::File::from_std(car), CHUNK).inspect(move |chunk| {
            if let Ok(bytes) = chunk {
                watcher.advance(bytes.len() as u64);
            }
        });
        observer.begin(Stage::Upload, Some(self.packed.piece.size));
        let stored = gateway.upload(signer, &self.packed.content, &self.packed.piece, body).await;
        observer.end();
        stored?;
        Ok(())
    }

    async fn work_out_costs(
        &self,
        chain: &Chain,
        state: &ChainState,
        signer: &Keypair,
    ) -> Result<Vec<Cost>, ChainError> {
        let mut costs = Vec::new();
        if self.new_namespace {
            let name = self.to.namespace();
            costs.push(Cost {
                what: format!("namespace {name}"),
                deposit: state.namespace_deposit(name).await?,
                fee: chain.register_namespace_fee(signer, name).await?,
            });
        }
        if self.new_asset {
            costs.push(Cost {
                what: format!("asset {}", self.to),
                deposit: state.asset_deposit(&self.to, &self.license).await?,
                fee: chain
                    .create_asset_fee(signer, &self.to, self.kind, &self.license, self.visibility)
                    .await?,
            });
        }
        if self.unchanged.is_none() {
            costs.push(Cost {
                what: format!("revision of {} files", self.packed.files.len()),
                deposit: state.revision_deposit(&self.revision).await?,
                fee: chain.publish_fee(signer, &self.revision).await?,
            });
            let branch = &self.revision.branch;
            let exists = match &self.asset {
                Some(asset) => {
                    state.resolve(&asset.name, &branch.parse().unwrap_or_default()).await?.is_some()
                }
                None => false,
            };
            if !exists {
                costs.push(Cost {
                    what: format!("branch {branch}"),
                    deposit: state.ref_deposit(branch).await?,
                    fee: 0,
                });
            }
        }
        for tag in &self.new_tags {
            let fee = match (self.unchanged, &self.asset) {
                (Some(commit), Some(asset)) => chain.set_ref_fee(signer, asset.id, tag, commit).await?,
                _ => 0,
            };
            costs.push(Cost { what: format!("tag {tag}"), deposit: state.ref_deposit(tag).await?, fee });
        }
        Ok(costs)
    }
}

struct Terms {
    kind: AssetKind,
    license: String,
    visibility: Visibility,
    warnings: Vec<String>,
}

/// Kind, licence and visibility: the asset's, which are fixed, or what was asked for, or what the card says.
fn terms(options: &PublishOptions, card: &Card, asset: Option<&Asset>) -> Result<Terms, PublishError> {
    let mut warnings = Vec::new();
    let card_license = card.license.clone().unwrap_or_default();
    let Some(asset) = asset else {
        let license = options.license.clone().unwrap_or(card_license);
        if license.is_empty() {
            warnings.push("no licence is stated: nobody knows what they may do with it (--license)".into());
        }
        too_long("licence id", &license, MAX_LICENSE)?;
        return Ok(Terms {
            kind: options.kind.or(card.kind).unwrap_or(AssetKind::Model),
            license,
            visibility: options.visibility.unwrap_or(Visibility::Public),
            warnings,
        });
    };
    for (closed, why) in [(asset.retired, "retired"), (asset.taken_down, "taken down")] {
        if closed {
            return Err(PublishError::Closed { asset: asset.name.clone(), why });
        }
    }
    let other = |what, is: &str, asked: Option<&str>| match asked {
        Some(asked) if asked != is => Err(PublishError::Other {
            asset: asset.name.clone(),
            what,
            is: is.to_owned(),
            asked: asked.to_owned(),
        }),
        _ => Ok(()),
    };
    other("kind", kind_word(asset.kind), options.kind.map(kind_word))?;
    other("license", &asset.license, options.license.as_deref())?;
    other("visibility", visibility_word(asset.visibility), options.visibility.map(visibility_word))?;
    if !card_license.is_empty() && card_license != asset.license {
        warnings.push(format!("the card says licence `{card_license}`, and the chain `{}`", asset.license));
    }
    Ok(Terms { kind: asset.kind, license: asset.license.clone(), visibility: asset.visibility, warnings })
}

fn check_limits(options: &PublishOptions) -> Result<(), PublishError> {
    for name in options.tags.iter().chain([&options.branch]) {
        let reference: Reference = name.parse()?;
        if reference.commit().is_some() {
            let reason = stoa_primitives::registry::NameError::Character;
            return Err(NameParseError::Reference { name: name.clone(), reason }.into());
        }
    }
    limit("tags", options.tags.len(), MAX_TAGS)?;
    too_long("message", &options.message, MAX_MESSAGE)
}

fn limit(what: &'static str, count: usize, limit: usize) -> Result<(), PublishError> {
    if count > limit { Err(PublishError::TooMany { what, count, limit }) } else { Ok(()) }
}

fn too_long(what: &'static str, text: &str, limit: usize) -> Result<(), PublishError> {
    if text.len() > limit { Err(PublishError::TooLong { what, length: text.len(), limit }) } else { Ok(()) }
}

fn add_parent(parents: &mut Vec<Parent>, found: &Revision, spec: &ParentSpec) {
    let parent = Parent { asset: found.asset, commit: found.commit, relation: spec.relation };
    if !parents.contains(&parent) {
        parents.push(parent);
    }
}

/// The revision that the branch points at, when it is what would be published.
async fn head(
    state: &ChainState,
    asset: &Option<Asset>,
    revision: &NewRevision,
) -> Result<Option<CommitId>, PublishError> {
    let Some(asset) = asset else { return Ok(None) };
    let head = state.resolve(&asset.name, &revision.branch.parse()?).await?;
    let same = |head: &Revision| {
        head.asset == asset.id
            && head.content == revision.content
            && head.piece == revision.piece
            && head.parents == revision.parents
            && !head.yanked
    };
    Ok(head.filter(same).map(|head| head.commit))
}

/// The tags that don't exist yet.
async fn new_tags(
    state: &ChainState,
    asset: Option<&Asset>,
    revision: &NewRevision,
    unchanged: Option<CommitId>,
) -> Result<Vec<String>, PublishError> {
    let mut new = Vec::new();
    for tag in &revision.tags {
        let found = match asset {
            Some(asset) => state.resolve(&asset.name, &tag.parse()?).await?,
            None => None,
        };
        match (found, asset) {
            (Some(found), _) if Some(found.commit) == unchanged => {}
            (Some(_), Some(asset)) => {
                return Err(PublishError::TagTaken { asset: asset.name.clone(), tag: tag.clone() });
            }
            _ => new.push(tag.clone()),
        }
    }
    Ok(new)
}

async fn pack(dir: PathBuf, observer: Arc<dyn Observer>) -> Result<(Packed, File), PublishError> {
    observer.begin(Stage::Pack, None);
    let watcher = observer.clone();
    let packed = spawn_blocking(move || {
        let car = tempfile::tempfile().map_err(PublishError::Temporary)?;
        let mut last = 0;
        let packed = pack_dir(&dir, &car, &mut |done| {
            watcher.advance(done.saturating_sub(last));
            last = done;
        })?;
        Ok((packed, car))
    })
    .await;
    observer.end();
    packed.map_err(|_| PublishError::Stopped)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_primitives::registry::AssetId;
    use subxt::utils::AccountId32;

    fn options() -> PublishOptions {
        PublishOptions {
            dir: ".".into(),
            to: "a/b".parse().unwrap(),
            kind: None,
            license: None,
            visibility: None,
            parents: Vec::new(),
            parents_from_card: false,
            tags: Vec::new(),
            branch: "main".into(),
            message: String::new(),
        }
    }

    fn asset() -> Asset {
        Asset {
            id: AssetId(0),
            name: "a/b".parse().unwrap(),
            owner: AccountId32([0; 32]),
            kind: AssetKind::Dataset,
            visibility: Visibility::Gated,
            license: "mit".into(),
            revisions: 1,
            refs: 1,
            collaborators: 0,
            retired: false,
            taken_down: false,
        }
    }

    #[test]
    fn a_new_asset_gets_what_was_asked_for_before_what_the_card_says() {
        let card =
            Card { license: Some("apache-2.0".into()), kind: Some(AssetKind::Space), ..Card::default() };
        let found = terms(&options(), &card, None).unwrap();
        assert_eq!((found.kind, found.license.as_str()), (AssetKind::Space, "apache-2.0"));
        let asked =
            PublishOptions { kind: Some(AssetKind::Program), license: Some("mit".into()), ..options() };
        let found = terms(&asked, &card, None).unwrap();
        assert_eq!((found.kind, found.license.as_str()), (AssetKind::Program, "mit"));
        let found = terms(&options(), &Card::default(), None).unwrap();
        assert_eq!((found.kind, found.visibility), (AssetKind::Model, Visibility::Public));
        assert_eq!(found.warnings.len(), 1);
    }

    #[test]
    fn an_asset_keeps_what_it_is_and_says_so() {
        let found = terms(&options(), &Card::default(), Some(&asset())).unwrap();
        assert_eq!((found.kind, found.visibility), (AssetKind::Dataset, Visibility::Gated));
        let asked = PublishOptions { kind: Some(AssetKind::Model), ..options() };
        assert!(matches!(
            terms(&asked, &Card::default(), Some(&asset())),
            Err(PublishError::Other { what: "kind", .. })
        ));
        let card = Card { license: Some("gpl".into()), ..Card::default() };
        assert_eq!(terms(&options(), &card, Some(&asset())).unwrap().warnings.len(), 1);
        let closed = Asset { taken_down: true, ..asset() };
        assert!(matches!(
            terms(&options(), &Card::default(), Some(&closed)),
            Err(PublishError::Closed { .. })
        ));
    }

    #[test]
    fn limits_of_the_registry_are_told_before_anything_is_packed() {
        assert!(check_limits(&options()).is_ok());
        for bad in [
            PublishOptions { tags: vec!["a b".into()], ..options() },
            PublishOptions { branch: "a".repeat(40), ..options() },
            PublishOptions { tags: vec!["a".into(), "b".into(), "c".into(), "d".into()], ..options() },
            PublishOptions { message: "m".repeat(1025), ..options() },
        ] {
            assert!(check_limits(&bad).is_err(), "{bad:?}");
        }
    }
}
