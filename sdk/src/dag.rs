//! Walking a UnixFS DAG that a gateway serves: listing a folder without fetching a byte of its files, and reading
//! a file from any byte on.
//!
//! Every block is known by its CID before it is read, from the root down; memory is bounded by limits here,
//! whatever a DAG claims.

use crate::gateway::{CarStream, Gateway, GatewayError, Scope};
use bytes::Bytes;
use std::collections::HashSet;
use stoa_content::{
    CarError, MAX_DEPTH, NodeError,
    car::Block,
    text,
    unixfs::{Kind, Link, Node},
};
use stoa_primitives::{Codec, ContentId};

/// Most files that are listed.
const MAX_FILES: usize = 500_000;
/// Most bytes that the listed paths may take together.
const MAX_PATH_BYTES: usize = 64 << 20;
/// Most bytes that folders which wait to be read may take together.
const MAX_HELD: usize = 128 << 20;
/// Longest name, as on the file systems in use.
const MAX_NAME: usize = 255;
/// Deepest tree of nodes of one file.
const MAX_FILE_DEPTH: usize = 32;

/// Why a DAG can't be read.
#[derive(Debug, thiserror::Error)]
pub enum DagError {
    /// The gateway failed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// A block that isn't a UnixFS node.
    #[error("block {} of `{path}` isn't a UnixFS node: {source}", text(.content))]
    Node {
        /// Where in the folder.
        path: String,
        /// The block.
        content: ContentId,
        /// What is wrong with it.
        source: NodeError,
    },
    /// Something other than a file or a plain folder.
    #[error("`{path}` is {what}, which can't be fetched")]
    Kind {
        /// Where in the folder.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// A name that could lead out of the target folder, or that no file system takes.
    #[error("the folder `{folder}` holds the name {name:?}, which isn't safe: {reason}")]
    Name {
        /// The folder.
        folder: String,
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More than is listed.
    #[error("the asset is larger than this client lists: {0}")]
    TooLarge(String),
    /// Parts that don't have the sizes that their parents state.
    #[error("the parts of `{path}` don't have the sizes that its nodes state")]
    Sizes {
        /// The file.
        path: String,
    },
    /// No such file in the folder.
    #[error("there is no file or folder `{0}` in this revision")]
    NoSuchFile(String),
}

/// A file of a remote folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RemoteFile {
    /// Path from the folder's root, with `/` between its parts; every part is safe.
    pub path: String,
    /// Length in bytes. Of a file of one block it is what its folder states, and is checked when that is fetched.
    pub size: u64,
    /// The root of the file's DAG.
    pub content: ContentId,
}

/// What is below a root.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Listing {
    /// The files, in the order of their paths.
    pub files: Vec<RemoteFile>,
    /// The folders that have nothing in them.
    pub empty_folders: Vec<String>,
}

/// Lists the files below a root. Folders are fetched, and of a file at most the node above its blocks.
pub async fn list(gateway: &Gateway, root: &ContentId) -> Result<Listing, DagError> {
    let (mut files, mut empty_folders) = (Vec::new(), Vec::new());
    let (mut seen, mut path_bytes, mut held) = (0_usize, 0_usize, 0_usize);
    // A folder's node, its path and its depth; the last is the next to be read.
    let mut folders = vec![(String::new(), node(gateway, root, "", root).await?, 0_usize)];
    while let Some((folder, node, depth)) = folders.pop() {
        held = held.saturating_sub(weight(&node));
        match node.kind {
            Kind::Directory => {}
            Kind::File | Kind::Raw if folder.is_empty() => {
                return Err(DagError::Kind { path: text(root), what: "a file and not a folder" });
            }
            other => return Err(unsupported(folder, other)),
        }
        if depth > MAX_DEPTH {
            return Err(DagError::TooLarge(format!("folders lie more than {MAX_DEPTH} deep")));
        }
        if node.links.is_empty() && !folder.is_empty() {
            empty_folders.push(folder);
            continue;
        }
        let mut names = HashSet::with_capacity(node.links.len());
        for link in &node.links {
            check_segment(&link.name)
                .and_then(|()| if names.insert(&link.name) { Ok(()) } else { Err("it is there twice") })
                .map_err(|reason| DagError::Name {
                    folder: folder.clone(),
                    name: link.name.clone(),
                    reason,
                })?;
        }
        for link in &node.links {
            let path = if folder.is_empty() { link.name.clone() } else { format!("{folder}/{}", link.name) };
            seen += 1;
            path_bytes += path.len();
            if seen > MAX_FILES || path_bytes > MAX_PATH_BYTES || held > MAX_HELD {
                return Err(DagError::TooLarge(format!(
                    "it has more than {MAX_FILES} files, or very long paths"
                )));
            }
            if link.content.codec == Codec::Raw {
                files.push(RemoteFile { path, size: link.tsize, content: link.content });
                continue;
            }
            let child = self::node(gateway, root, &path, &link.content).await?;
            match child.kind {
                Kind::File | Kind::Raw => {
                    files.push(RemoteFile { path, size: child.file_size(), content: link.content });
                }
                Kind::Directory => {
                    held += weight(&child);
                    folders.push((path, child, depth + 1));
                }
                other => return Err(unsupported(path, other)),
            }
        }
    }
    files.sort_by(|left: &RemoteFile, right| left.path.cmp(&right.path));
    Ok(Listing { files, empty_folders })
}

/// Whether the folder at a root has an entry of a name.
pub(crate) async fn has_entry(gateway: &Gateway, root: &ContentId, name: &str) -> Result<bool, DagError> {
    Ok(node(gateway, root, "", root).await?.links.iter().any(|link| link.name == name))
}

/// About how many bytes a folder's node takes in memory.
fn weight(node: &Node) -> usize {
    node.links.iter().map(|link| size_of::<Link>() + link.name.len()).sum()
}

/// The part of a listing that was asked for by name: files, or folders with all that is in them. Everything, when
/// nothing was named.
pub fn select(files: Vec<RemoteFile>, wanted: &[String]) -> Result<Vec<RemoteFile>, DagError> {
    if wanted.is_empty() {
        return Ok(files);
    }
    let wanted: Vec<_> =
        wanted.iter().map(|name| name.trim_start_matches("./").trim_end_matches('/')).collect();
    let within = |path: &str, name: &str| {
        path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for name in &wanted {
        if !files.iter().any(|file| within(&file.path, name)) {
            return Err(DagError::NoSuchFile((*name).to_owned()));
        }
    }
    Ok(files.into_iter().filter(|file| wanted.iter().any(|name| within(&file.path, name))).collect())
}

/// Whether a name from a DAG can be a file's name here without leading anywhere else.
pub fn check_segment(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("it is empty"),
        "." | ".." => Err("it leads to another folder"),
        _ if name.contains(['/', '\0']) => Err("it has a slash or a zero byte"),
        _ if cfg!(windows) && name.contains(['\\', ':']) => Err("it leads to another folder"),
        _ if name.len() > MAX_NAME => Err("it is longer than 255 bytes"),
        _ => Ok(()),
    }
}

fn unsupported(path: String, kind: Kind) -> DagError {
    let what = match kind {
        Kind::Symlink => "a symbolic link",
        Kind::HamtShard => "a folder split over several nodes (HAMT)",
        Kind::Metadata => "a metadata node",
        Kind::Raw | Kind::File => "a file",
        Kind::Directory => "a folder",
    };
    DagError::Kind { path, what }
}

/// The node at a path, whose CID is known from its parent.
async fn node(
    gateway: &Gateway,
    root: &ContentId,
    path: &str,
    content: &ContentId,
) -> Result<Node, DagError> {
    if content.codec == Codec::Raw {
        return Err(DagError::Kind { path: text(content), what: "a file and not a folder" });
    }
    let block = terminus(gateway, root, path, content).await?;
    Node::decode(&block).map_err(|source| DagError::Node { path: path.to_owned(), content: *content, source })
}

/// The block at a path. It is asked for from the root on, because other gateways find content by its root alone.
async fn terminus(
    gateway: &Gateway,
    root: &ContentId,
    path: &str,
    content: &ContentId,
) -> Result<Bytes, DagError> {
    if let Ok(mut car) = gateway.car(root, path, Scope::Block).await {
        let most = path.split('/').count() + 1;
        for _ in 0..most {
            match car.next().await? {
                Some(block) if block.content == *content => return Ok(block.data),
                Some(_) => {}
                None => break,
            }
        }
    }
    Ok(gateway.block(content).await?)
}

/// A block of a file that comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Want {
    /// The block.
    pub(crate) content: ContentId,
    /// The byte of the file that it starts at.
    pub(crate) start: u64,
    /// How many bytes of the file lie below it; not known of a root that is a raw block.
    size: Option<u64>,
    depth: usize,
}

impl Want {
    /// How many bytes of the file it holds itself, when it is a leaf of known size.
    pub(crate) fn leaf_size(&self) -> Option<u64> {
        self.size.filter(|_| self.content.codec == Codec::Raw)
    }
}

/// The order in which a file's blocks come, and the check that they fit together.
#[derive(Debug)]
pub(crate) struct FileWalk {
    path: String,
    /// The blocks that are still to come, the next one last. At most a node's links per level.
    stack: Vec<Want>,
    from: u64,
}

impl FileWalk {
    /// A walk over the blocks that hold the bytes of a file from `from` on.
    pub(crate) fn new(path: &str, content: ContentId, from: u64) -> Self {
        let root = Want { content, start: 0, size: None, depth: 0 };
        Self { path: path.to_owned(), stack: vec![root], from }
    }

    /// The block that comes next; `None` at the file's end.
    pub(crate) fn next(&self) -> Option<Want> {
        self.stack.last().copied()
    }

    /// Takes the next block, whose hash was checked. Gives where its bytes stand in the file, and those bytes.
    pub(crate) fn take(&mut self, data: Bytes) -> Result<(u64, Bytes), DagError> {
        let Some(want) = self.stack.pop() else { return Ok((self.from, Bytes::new())) };
        let sizes = || DagError::Sizes { path: self.path.clone() };
        if want.content.codec == Codec::Raw {
            if want.size.is_some_and(|size| size != data.len() as u64) {
                return Err(sizes());
            }
            return Ok((want.start, data));
        }
        let node = Node::decode(&data).map_err(|source| DagError::Node {
            path: self.path.clone(),
            content: want.content,
            source,
        })?;
        if !matches!(node.kind, Kind::File | Kind::Raw) {
            return Err(unsupported(self.path.clone(), node.kind));
        }
        if want.size.is_some_and(|size| size != node.file_size()) {
            return Err(sizes());
        }
        if want.depth >= MAX_FILE_DEPTH {
            return Err(DagError::TooLarge(format!("the nodes of `{}` lie too deep", self.path)));
        }
        let mut start = want.start.checked_add(node.data.len() as u64).ok_or_else(sizes)?;
        let mut parts = Vec::with_capacity(node.links.len());
        for (Link { content, .. }, size) in node.links.iter().zip(&node.block_sizes) {
            let end = start.checked_add(*size).ok_or_else(sizes)?;
            // What ends before the first wanted byte isn't visited; an empty part has nothing to give.
            if end > self.from && *size > 0 {
                parts.push(Want { content: *content, start, size: Some(*size), depth: want.depth + 1 });
            }
            start = end;
        }
        self.stack.extend(parts.into_iter().rev());
        Ok((want.start, node.data))
    }
}

/// Reads the bytes of a file from some byte on, verified, in order.
pub(crate) struct FileStream<'gateway> {
    gateway: &'gateway Gateway,
    walk: FileWalk,
    car: Option<CarStream>,
    /// Read from the CAR and not used yet.
    ahead: Option<Block>,
    /// How many blocks may still come before the file's first, which are those of the folders on the way.
    lead: usize,
}

impl<'gateway> FileStream<'gateway> {
    /// Starts to read a file of a folder from byte `from` on.
    pub(crate) async fn open(
        gateway: &'gateway Gateway,
        root: &ContentId,
        file: &RemoteFile,
        from: u64,
    ) -> Result<Self, DagError> {
        let car = gateway.car(root, &file.path, Scope::FileFrom(from)).await?;
        let lead = file.path.split('/').count() + 1;
        let walk = FileWalk::new(&file.path, file.content, from);
        Ok(Self { gateway, walk, car: Some(car), ahead: None, lead })
    }

    /// The next bytes and where in the file they stand; `None` at its end. The first may start before `from`.
    pub(crate) async fn next(&mut self) -> Result<Option<(u64, Bytes)>, DagError> {
        let Some(want) = self.walk.next() else { return Ok(None) };
        let data = self.obtain(&want.content).await?;
        self.walk.take(data).map(Some)
    }

    async fn obtain(&mut self, content: &ContentId) -> Result<Bytes, DagError> {
        loop {
            if self.ahead.is_none()
                && let Some(car) = &mut self.car
            {
                self.ahead = car.next().await?;
                if self.ahead.is_none() {
                    self.car = None;
                }
            }
            match self.ahead.take() {
                Some(block) if block.content == *content => {
                    self.lead = 0;
                    return Ok(block.data);
                }
                Some(_) if self.lead > 0 => self.lead -= 1,
                // A gateway that leaves repeated blocks out, or orders them otherwise: that block alone.
                other => {
                    self.ahead = other;
                    return Ok(self.gateway.block(content).await?);
                }
            }
        }
    }
}

/// Whether an error shows that what came isn't what was asked for.
pub(crate) fn is_unverified(error: &DagError) -> bool {
    match error {
        DagError::Gateway(error) => error.is_unverified(),
        DagError::Node { .. } | DagError::Sizes { .. } | DagError::Name { .. } | DagError::Kind { .. } => {
            true
        }
        DagError::TooLarge(_) | DagError::NoSuchFile(_) => false,
    }
}

/// Whether the same request may succeed when it is sent again.
pub(crate) fn is_transient(error: &DagError) -> bool {
    matches!(error, DagError::Gateway(error) if error.is_transient()
        || matches!(error, GatewayError::Car { source: CarError::Truncated(_), .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> RemoteFile {
        RemoteFile { path: path.into(), size: 0, content: ContentId { codec: Codec::Raw, digest: [0; 32] } }
    }

    #[test]
    fn unsafe_names_are_refused() {
        for name in ["", ".", "..", "a/b", "/", "/etc", "a\0", &"x".repeat(256)] {
            assert!(check_segment(name).is_err(), "{name:?}");
        }
        for name in ["a", "...", "..a", "ä ö", ".hidden", &"x".repeat(255)] {
            assert!(check_segment(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn files_and_folders_are_selected_by_name() {
        let files: Vec<_> = ["a", "ab", "b/c", "b/d/e", "bc"].into_iter().map(file).collect();
        let paths = |wanted: &[&str]| {
            let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
            select(files.clone(), &wanted)
                .map(|files| files.into_iter().map(|file| file.path).collect::<Vec<_>>())
        };
        assert_eq!(paths(&[]).unwrap().len(), 5);
        assert_eq!(paths(&["a"]).unwrap(), ["a"]);
        assert_eq!(paths(&["b/"]).unwrap(), ["b/c", "b/d/e"]);
        assert_eq!(paths(&["./b/d", "a"]).unwrap(), ["a", "b/d/e"]);
        assert!(matches!(paths(&["a", "nothing"]), Err(DagError::NoSuchFile(name)) if name == "nothing"));
    }
}
