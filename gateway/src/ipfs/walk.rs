//! The walk over a DAG that makes a CAR: first down the path, then over what is asked for below it, depth first.
//!
//! The walk reads the nodes it goes through and leaves the leaves to whoever sends them, so that several can be read at
//! once. Only public pieces are read, and access is asked anew for each block. What the walk remembers is bounded:
//! [`MAX_PENDING`] links to visit and, without duplicates, [`MAX_REMEMBERED`] blocks.

use std::collections::HashMap;

use bytes::Bytes;
use cid::Cid;
use stoa_content::{
    MAX_BLOCK_SIZE, Store, StoreError, cid as cid_of,
    unixfs::{Kind, Node},
};
use stoa_primitives::{Codec, ContentId};

use super::{
    DAG_PB, IDENTITY,
    error::ReadError,
    hamt,
    request::{CarForm, ContentRequest, Scope},
};

/// Links that a walk may have before it: a 1 GiB file has about a thousand.
const MAX_PENDING: usize = 1 << 18;
/// Blocks that a walk without duplicates remembers.
const MAX_REMEMBERED: usize = 1 << 18;

/// Reads a block, identity ones from their CID; `None` when no public piece has it.
pub(super) fn read_block(store: &Store, cid: &Cid) -> Result<Option<Bytes>, StoreError> {
    if cid.hash().code() == IDENTITY {
        return Ok(Some(Bytes::copy_from_slice(cid.hash().digest())));
    }
    let Ok(digest) = cid.hash().digest().try_into() else { return Ok(None) };
    Ok(store.block(digest)?.filter(|block| block.len() <= MAX_BLOCK_SIZE))
}

/// A path that was followed to its end.
pub(super) struct Resolved {
    /// The CID of each part of the path, the first being the requested one, the last the terminus.
    pub(super) roots: Vec<Cid>,
    /// All blocks on the way, in order, without the terminus.
    above: Vec<Cid>,
    pub(super) terminus: Cid,
    block: Bytes,
}

/// Follows the path. `Ok(None)` when the block of the requested CID isn't here.
pub(super) fn resolve(store: &Store, request: &ContentRequest) -> Result<Option<Resolved>, ReadError> {
    let Some(mut block) = read_block(store, &request.cid)? else { return Ok(None) };
    let mut cid = request.cid;
    let mut roots = vec![cid];
    let mut above = Vec::new();
    for part in &request.parts {
        let missing = || ReadError::NoSuchPath { parent: cid, part: part.clone() };
        let mut level = 0;
        let mut here = cid;
        cid = loop {
            let node = match here.codec() {
                DAG_PB => decode(&here, block.clone())?,
                _ => return Err(missing()),
            };
            above.push(here);
            match node.kind {
                Kind::Directory => break cid_of(&node.link(part).ok_or_else(missing)?.content),
                Kind::HamtShard => match hamt::find(&node, level, part).ok_or_else(missing)? {
                    hamt::Step::Entry(link) => break cid_of(&link.content),
                    hamt::Step::Node(link) => here = cid_of(&link.content),
                },
                _ => return Err(missing()),
            }
            level += 1;
            block = read_block(store, &here)?.ok_or(ReadError::NotFound(here))?;
        };
        block = read_block(store, &cid)?.ok_or(ReadError::NotFound(cid))?;
        roots.push(cid);
    }
    Ok(Some(Resolved { roots, above, terminus: cid, block }))
}

fn decode(cid: &Cid, block: Bytes) -> Result<Node, ReadError> {
    Node::decode_bytes(block).map_err(|error| ReadError::Node(*cid, error.to_string()))
}

/// What is wanted of a block and of those below it.
#[derive(Clone, Copy)]
enum Cover {
    /// Only itself.
    Block,
    /// All below.
    All,
    /// What it takes to read a file or to list a folder.
    Entity,
    /// A file's bytes from the first to the last.
    Bytes { first: u64, last: u64 },
}

/// Why a walk ended early; the stream is cut.
#[derive(Debug, thiserror::Error)]
pub(super) enum WalkError {
    #[error("block {0} is missing, or was withdrawn")]
    Missing(Cid),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Node(Box<ReadError>),
    #[error("a block wasn't read: {0}")]
    Task(#[from] tokio::task::JoinError),
    #[error("the DAG is too wide for one stream")]
    TooWide,
    #[error("the DAG has too many blocks for a stream without duplicates")]
    TooMany,
}

/// A block to send.
pub(super) struct Step {
    pub(super) cid: Cid,
    /// Its bytes, unless it is a leaf that wasn't read yet.
    pub(super) block: Option<Bytes>,
}

/// A walk, ready to give one block after the other.
pub(super) struct Walk {
    store: Store,
    dups: bool,
    /// Blocks on the path, the next one last.
    above: Vec<Cid>,
    /// The end of the path, with its block at hand.
    terminus: Option<(Cid, Bytes, Cover)>,
    /// What is to be visited, the next one last.
    pending: Vec<(ContentId, Cover)>,
    /// What was sent, and whether all below it was sent too.
    sent: HashMap<(u64, [u8; 32]), bool>,
}

impl Walk {
    pub(super) fn new(store: Store, resolved: Resolved, form: &CarForm) -> Result<Self, ReadError> {
        let Resolved { mut above, terminus, block, .. } = resolved;
        above.reverse();
        let cover = match (form.scope, form.bytes) {
            (Scope::Block, _) => Cover::Block,
            (Scope::All, _) => Cover::All,
            (Scope::Entity, None) => Cover::Entity,
            (Scope::Entity, Some(bytes)) => match file_size(&terminus, &block)? {
                None => Cover::Entity,
                Some(size) => match bytes.resolve(size)? {
                    Some((first, last)) => Cover::Bytes { first, last },
                    None => Cover::Block,
                },
            },
        };
        Ok(Self {
            store,
            dups: form.dups,
            above,
            terminus: Some((terminus, block, cover)),
            pending: Vec::new(),
            sent: HashMap::new(),
        })
    }

    /// The next block of the CAR. Reads blocks.
    pub(super) fn next(&mut self) -> Result<Option<Step>, WalkError> {
        loop {
            if let Some(leaf) = self.next_leaf()? {
                return Ok(Some(leaf));
            }
            let (cid, at_hand, cover) = match (self.above.pop(), self.terminus.take()) {
                (Some(cid), terminus) => {
                    self.terminus = terminus;
                    (cid, None, Cover::Block)
                }
                (None, Some((cid, block, cover))) => (cid, Some(block), cover),
                (None, None) => match self.pending.pop() {
                    Some((content, cover)) => (cid_of(&content), None, cover),
                    None => return Ok(None),
                },
            };
            let (wanted, descend) = self.plan(&cid, cover)?;
            if !wanted && !descend {
                continue;
            }
            let block = match at_hand {
                Some(block) => block,
                None => read_block(&self.store, &cid)?.ok_or(WalkError::Missing(cid))?,
            };
            if descend {
                self.descend(&cid, block.clone(), cover)?;
            }
            // Identity blocks are in their CIDs already.
            if wanted && cid.hash().code() != IDENTITY {
                return Ok(Some(Step { cid, block: Some(block) }));
            }
        }
    }

    /// The next block of the CAR if it is known to be a leaf. Reads nothing.
    pub(super) fn next_leaf(&mut self) -> Result<Option<Step>, WalkError> {
        if !self.above.is_empty() || self.terminus.is_some() {
            return Ok(None);
        }
        while let Some((content, cover)) = self.pending.pop_if(|(content, _)| content.codec == Codec::Raw) {
            let cid = cid_of(&content);
            let (wanted, _) = self.plan(&cid, cover)?;
            if wanted {
                return Ok(Some(Step { cid, block: None }));
            }
        }
        Ok(None)
    }

    /// Whether a block is to be sent, and whether to go below it.
    fn plan(&mut self, cid: &Cid, cover: Cover) -> Result<(bool, bool), WalkError> {
        let has_links = cid.codec() == DAG_PB && !matches!(cover, Cover::Block);
        let Ok(digest) = cid.hash().digest().try_into() else { return Ok((true, has_links)) };
        if self.dups {
            return Ok((true, has_links));
        }
        let covers_all = matches!(cover, Cover::All) || cid.codec() != DAG_PB;
        let key = (cid.codec(), digest);
        if let Some(all_below) = self.sent.get_mut(&key) {
            let descend = has_links && !*all_below;
            *all_below |= covers_all;
            return Ok((false, descend));
        }
        if self.sent.len() >= MAX_REMEMBERED {
            return Err(WalkError::TooMany);
        }
        self.sent.insert(key, covers_all);
        Ok((true, has_links))
    }

    fn descend(&mut self, cid: &Cid, block: Bytes, cover: Cover) -> Result<(), WalkError> {
        let node = decode(cid, block).map_err(|error| WalkError::Node(Box::new(error)))?;
        let below: Vec<_> = match cover {
            Cover::Block => return Ok(()),
            Cover::All => node.links.iter().map(|link| (link.content, Cover::All)).collect(),
            Cover::Entity => match node.kind {
                Kind::File | Kind::Raw => node.links.iter().map(|link| (link.content, Cover::All)).collect(),
                Kind::HamtShard => node
                    .links
                    .iter()
                    .filter(|link| hamt::leads_to_node(link))
                    .map(|link| (link.content, Cover::Entity))
                    .collect(),
                Kind::Directory | Kind::Metadata | Kind::Symlink => return Ok(()),
            },
            Cover::Bytes { first, last } => parts_of_file(&node, first, last),
        };
        if self.pending.len().saturating_add(below.len()) > MAX_PENDING {
            return Err(WalkError::TooWide);
        }
        self.pending.extend(below.into_iter().rev());
        Ok(())
    }
}

/// Size of the file that starts at this block; `None` when it isn't a file.
fn file_size(cid: &Cid, block: &Bytes) -> Result<Option<u64>, ReadError> {
    if cid.codec() != DAG_PB {
        return Ok(Some(block.len() as u64));
    }
    let node = decode(cid, block.clone())?;
    Ok(matches!(node.kind, Kind::File | Kind::Raw).then(|| node.file_size()))
}

/// The parts of a file's node that hold any of the bytes from `first` to `last`.
fn parts_of_file(node: &Node, first: u64, last: u64) -> Vec<(ContentId, Cover)> {
    let mut start = node.data.len() as u64;
    let mut parts = Vec::new();
    for (link, size) in node.links.iter().zip(&node.block_sizes) {
        let Some(end) = start.saturating_add(*size).checked_sub(1) else { continue };
        if *size > 0 && start <= last && first <= end {
            let whole = first <= start && end <= last;
            let cover = match whole || link.content.codec == Codec::Raw {
                true => Cover::All,
                false => Cover::Bytes { first: first.saturating_sub(start), last: last.min(end) - start },
            };
            parts.push((link.content, cover));
        }
        start = start.saturating_add(*size);
    }
    parts
}
