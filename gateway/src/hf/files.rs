//! Files of a revision, read from its DAG. All of it blocks; nothing of it trusts the DAG.
//!
//! Whoever published a revision may have packed it themselves. So names that aren't plain names of a file are left out
//! (a client that joins them to a folder's path could be led out of it), sizes count only once they were read, and what
//! a piece claims to unpack to has a limit ([`budget`]).

use std::collections::HashSet;

use bytes::Bytes;
use sha1::Sha1;
use sha2::Sha256;
use stoa_content::{
    BLOCK_SIZE, MAX_DEPTH, Piece, PieceRoot, Store, StoreError, text,
    unixfs::{Kind, Link, Node},
};
use stoa_primitives::{Codec, ContentId};

use crate::ipfs::hamt;

/// Files and folders of a revision that are listed.
pub(super) const MAX_ENTRIES: usize = 200_000;
/// Bytes of all their paths.
const MAX_PATH_BYTES: usize = 32 << 20;
/// Bytes of nodes that one listing reads: a folder may stand in many places.
const MAX_NODE_BYTES: usize = 256 << 20;
/// Folders, and nodes of split folders, inside each other.
const MAX_LEVELS: usize = 2 * MAX_DEPTH;
/// Parts of a file that a reader may have before it.
const MAX_PENDING: usize = 1 << 18;
/// Files up to this size have a git blob's id as their tag, longer ones their sha2-256, as if LFS had them.
pub(super) const LARGE_FILE: u64 = BLOCK_SIZE as u64;
/// How many times its own size a piece may unpack to, beside [`FREE_BYTES`]: a block may stand in many places.
const UNPACKED_FACTOR: u64 = 16;
const FREE_BYTES: u64 = 64 << 20;
/// What a block counts for at least, so that tiny ones aren't a cheap way to keep a node busy.
const LEAST_BYTES: u64 = 4 << 10;
/// Nodes of any file that are read, however small it is.
const FREE_NODES: u64 = 4 << 10;

/// Why a file can't be read.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("block {} isn't here any more, or was withdrawn", text(.0))]
    Missing(ContentId),
    #[error("block {} isn't what it is linked as: {why}", text(.content))]
    Broken { content: ContentId, why: String },
    #[error("there are more files, or longer paths, than are listed here")]
    TooMany,
    #[error("the files are far larger than the piece that holds them")]
    Inflated,
    #[error("the reader may not read it any more: {0}")]
    Withdrawn(String),
    #[error("the store failed: {0}")]
    Store(String),
}

impl FileError {
    fn broken(content: &ContentId, why: impl std::fmt::Display) -> Self {
        Self::Broken { content: *content, why: why.to_string() }
    }
}

impl From<StoreError> for FileError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Where blocks come from, after somebody checked who may read them.
#[derive(Clone)]
pub(super) struct Source {
    store: Store,
    /// `None` is any public piece, asked anew for every block, so that a withdrawn one is cut.
    piece: Option<PieceRoot>,
}

impl Source {
    pub(super) fn public(store: Store) -> Self {
        Self { store, piece: None }
    }

    /// Whatever the piece's access.
    pub(super) fn piece(store: Store, root: PieceRoot) -> Self {
        Self { store, piece: Some(root) }
    }

    pub(super) fn is_public(&self) -> bool {
        self.piece.is_none()
    }

    /// Whether the DAG of that root is here.
    pub(super) fn has(&self, root: &ContentId) -> Result<bool, FileError> {
        Ok(match &self.piece {
            None => self.store.has_block(&root.digest)?,
            Some(piece) => self.store.piece(piece)?.is_some_and(|info| info.content == *root),
        })
    }

    fn block(&self, content: &ContentId) -> Result<Bytes, FileError> {
        let block = match &self.piece {
            None => self.store.block(&content.digest)?,
            Some(piece) => self.store.block_of(piece, &content.digest)?,
        };
        block.ok_or(FileError::Missing(*content))
    }

    fn node(&self, content: &ContentId) -> Result<Node, FileError> {
        decode(content, self.block(content)?)
    }
}

fn decode(content: &ContentId, block: Bytes) -> Result<Node, FileError> {
    Node::decode_bytes(block).map_err(|error| FileError::broken(content, error))
}

/// A file or folder of a revision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    /// Its path, with `/` between its parts.
    pub(super) path: String,
    pub(super) content: ContentId,
    pub(super) folder: bool,
}

/// All files and folders of a revision, a folder before what is in it, names in the order of their bytes.
#[derive(Debug, Default)]
pub(super) struct Listing {
    entries: Vec<Entry>,
}

impl Listing {
    /// Lists the DAG of that root.
    pub(super) fn read(source: &Source, root: &ContentId) -> Result<Self, FileError> {
        let mut lister =
            Lister { source, entries: Vec::new(), path_bytes: 0, node_bytes: 0, files: HashSet::new() };
        let node = match root.codec {
            Codec::DagPb => lister.node(root)?,
            Codec::Raw => return Err(FileError::broken(root, "it is a file and no folder")),
        };
        lister.folder("", root, node, 0)?;
        Ok(Self { entries: lister.entries })
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entry at that path.
    pub(super) fn find(&self, path: &str) -> Option<&Entry> {
        self.entries.get(self.place(path)?)
    }

    fn place(&self, path: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| entry.path.split('/').cmp(path.split('/'))).ok()
    }

    /// What is in a folder, the revision's own for an empty path; `None` when it isn't one.
    pub(super) fn below(&self, folder: &str, recursive: bool) -> Option<impl Iterator<Item = &Entry>> {
        let (start, skip) = match folder {
            "" => (0, 0),
            path => {
                let place = self.place(path)?;
                self.entries.get(place).filter(|entry| entry.folder)?;
                (place.saturating_add(1), path.len().saturating_add(1))
            }
        };
        let inside = move |entry: &&Entry| {
            skip == 0
                || (entry.path.starts_with(folder) && entry.path.as_bytes().get(skip - 1) == Some(&b'/'))
        };
        let entries = self.entries.get(start..).unwrap_or_default();
        let wanted =
            move |entry: &&Entry| recursive || entry.path.get(skip..).is_some_and(|name| !name.contains('/'));
        Some(entries.iter().take_while(inside).filter(wanted))
    }

    /// The files alone.
    pub(super) fn files(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.folder)
    }
}

struct Lister<'a> {
    source: &'a Source,
    entries: Vec<Entry>,
    path_bytes: usize,
    node_bytes: usize,
    /// Nodes that are known to be those of files.
    files: HashSet<ContentId>,
}

impl Lister<'_> {
    fn node(&mut self, content: &ContentId) -> Result<Node, FileError> {
        let block = self.source.block(content)?;
        self.node_bytes = self.node_bytes.saturating_add(block.len());
        if self.node_bytes > MAX_NODE_BYTES {
            return Err(FileError::TooMany);
        }
        decode(content, block)
    }

    fn folder(&mut self, path: &str, content: &ContentId, node: Node, level: usize) -> Result<(), FileError> {
        let mut links = Vec::new();
        self.links(content, node, level, &mut links)?;
        links.sort_by(|left, right| left.name.cmp(&right.name));
        links.dedup_by(|left, right| left.name == right.name);
        for Link { name, content, .. } in links.into_iter().filter(|link| is_plain_name(&link.name)) {
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            let node = match content.codec {
                Codec::DagPb if !self.files.contains(&content) => Some(self.node(&content)?),
                _ => None,
            };
            let folder = match node.as_ref().map(|node| node.kind) {
                None => false,
                Some(Kind::File | Kind::Raw) => {
                    self.files.insert(content);
                    false
                }
                Some(Kind::Directory | Kind::HamtShard) => true,
                // A client couldn't do anything with these.
                Some(Kind::Symlink | Kind::Metadata) => continue,
            };
            self.path_bytes = self.path_bytes.saturating_add(path.len());
            if self.entries.len() >= MAX_ENTRIES || self.path_bytes > MAX_PATH_BYTES {
                return Err(FileError::TooMany);
            }
            self.entries.push(Entry { path: path.clone(), content, folder });
            if let Some(node) = node.filter(|_| folder) {
                self.folder(&path, &content, node, level.saturating_add(1))?;
            }
        }
        Ok(())
    }

    /// The links of a folder, gathered from its nodes when it is split over several.
    fn links(
        &mut self,
        content: &ContentId,
        node: Node,
        level: usize,
        found: &mut Vec<Link>,
    ) -> Result<(), FileError> {
        if level > MAX_LEVELS || found.len().saturating_add(node.links.len()) > MAX_ENTRIES {
            return Err(FileError::TooMany);
        }
        match node.kind {
            Kind::Directory => found.extend(node.links),
            Kind::HamtShard => {
                for mut link in node.links {
                    if hamt::leads_to_node(&link) {
                        let node = self.node(&link.content)?;
                        if node.kind != Kind::HamtShard {
                            let why = "a part of a split folder is something else";
                            return Err(FileError::broken(&link.content, why));
                        }
                        self.links(&link.content, node, level.saturating_add(1), found)?;
                    } else if let Some(name) = hamt::entry_name(&link) {
                        link.name = name.to_owned();
                        found.push(link);
                    }
                }
            }
            _ => return Err(FileError::broken(content, "it isn't a folder")),
        }
        Ok(())
    }
}

/// Whether a name is safe to join to a folder's path on any system.
pub(super) fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\']) && !name.chars().any(char::is_control)
}

/// How many bytes a piece may unpack to.
pub(super) fn budget(piece: &Piece) -> u64 {
    piece.size.saturating_mul(UNPACKED_FACTOR).saturating_add(FREE_BYTES)
}

/// What a file's whole bytes say of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Digests {
    pub(super) size: u64,
    /// The id of the git blob: of the file itself, or of its LFS pointer when it is large.
    pub(super) git: [u8; 20],
    pub(super) sha256: [u8; 32],
}

impl Digests {
    /// Reads a file to its end; `budget` is what may still be read, and shrinks.
    pub(super) fn read(source: &Source, content: &ContentId, budget: &mut u64) -> Result<Self, FileError> {
        use sha2::Digest as _;
        let size = match content.codec {
            Codec::Raw => source.block(content)?.len() as u64,
            Codec::DagPb => source.node(content)?.file_size(),
        };
        *budget = budget.checked_sub(size).ok_or(FileError::Inflated)?;
        let mut whole = Sha256::new();
        let mut blob = (!is_large(size)).then(|| start_blob(size));
        let mut leaves = Leaves::new(source.clone(), content, size, 0..size);
        while let Some(leaf) = leaves.next()? {
            let bytes = leaf.read(source)?;
            let rest = LEAST_BYTES.saturating_sub(bytes.len() as u64);
            *budget = budget.checked_sub(rest).ok_or(FileError::Inflated)?;
            whole.update(&bytes);
            if let Some(blob) = &mut blob {
                sha1::Digest::update(blob, &bytes);
            }
        }
        let sha256 = whole.finalize().into();
        let blob = blob.unwrap_or_else(|| {
            let pointer = pointer(&sha256, size);
            let mut blob = start_blob(pointer.len() as u64);
            sha1::Digest::update(&mut blob, pointer.as_bytes());
            blob
        });
        Ok(Self { size, git: sha1::Digest::finalize(blob).into(), sha256 })
    }

    /// Whether clients are told that LFS has it.
    pub(super) fn is_large(&self) -> bool {
        is_large(self.size)
    }

    /// The tag of the file, without quotes.
    pub(super) fn tag(&self) -> String {
        if self.is_large() { hex::encode(self.sha256) } else { hex::encode(self.git) }
    }

    /// Size of the LFS pointer.
    pub(super) fn pointer_size(&self) -> usize {
        pointer(&self.sha256, self.size).len()
    }
}

fn is_large(size: u64) -> bool {
    size > LARGE_FILE
}

fn start_blob(size: u64) -> Sha1 {
    let mut blob = <Sha1 as sha1::Digest>::new();
    sha1::Digest::update(&mut blob, format!("blob {size}\0").as_bytes());
    blob
}

/// What git keeps of a file that LFS has.
fn pointer(sha256: &[u8; 32], size: u64) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {size}\n", hex::encode(sha256))
}

/// Bytes of a file that stand together in the DAG.
pub(super) struct Leaf {
    content: ContentId,
    /// The bytes, when they stand in a node that was read already.
    inline: Option<Bytes>,
    /// How many bytes its parent says that it has.
    size: u64,
    wanted: std::ops::Range<u64>,
}

impl Leaf {
    /// The bytes of it that are wanted.
    pub(super) fn read(self, source: &Source) -> Result<Bytes, FileError> {
        let bytes = match self.inline {
            Some(bytes) => bytes,
            None => source.block(&self.content)?,
        };
        let range = || {
            let start = usize::try_from(self.wanted.start).ok()?;
            let end = usize::try_from(self.wanted.end).ok()?;
            (bytes.len() as u64 == self.size && start <= end && end <= bytes.len()).then_some(start..end)
        };
        match range() {
            Some(range) => Ok(bytes.slice(range)),
            None => {
                Err(FileError::broken(&self.content, format!("it hasn't the {} bytes it should", self.size)))
            }
        }
    }
}

enum Part {
    Below { content: ContentId, start: u64, size: u64 },
    Inline { content: ContentId, start: u64, bytes: Bytes },
}

/// A walk over the parts of a file that hold certain bytes, in their order.
pub(super) struct Leaves {
    source: Source,
    wanted: std::ops::Range<u64>,
    /// The next one last.
    pending: Vec<Part>,
    /// How many nodes may still be read.
    nodes: u64,
}

impl Leaves {
    /// A walk over a file of that size.
    pub(super) fn new(source: Source, content: &ContentId, size: u64, wanted: std::ops::Range<u64>) -> Self {
        let nodes = FREE_NODES.saturating_add(size / LEAST_BYTES);
        Self { source, wanted, pending: vec![Part::Below { content: *content, start: 0, size }], nodes }
    }

    /// The next bytes. Reads nodes, and no leaf.
    pub(super) fn next(&mut self) -> Result<Option<Leaf>, FileError> {
        loop {
            if let Some(leaf) = self.next_at_hand() {
                return Ok(Some(leaf));
            }
            let Some(part) = self.pending.pop() else { return Ok(None) };
            // What is at hand was taken above.
            let Part::Below { content, start, size } = part else { continue };
            self.descend(&content, start, size)?;
        }
    }

    /// The next bytes, if no node must be read for them.
    pub(super) fn next_at_hand(&mut self) -> Option<Leaf> {
        loop {
            let part = self.pending.pop()?;
            let (start, size) = match &part {
                Part::Below { start, size, .. } => (*start, *size),
                Part::Inline { start, bytes, .. } => (*start, bytes.len() as u64),
            };
            let end = start.saturating_add(size);
            if size == 0 || end <= self.wanted.start || self.wanted.end <= start {
                continue;
            }
            let wanted =
                self.wanted.start.saturating_sub(start)..self.wanted.end.min(end).saturating_sub(start);
            return match part {
                Part::Inline { content, bytes, .. } => {
                    Some(Leaf { content, inline: Some(bytes), size, wanted })
                }
                Part::Below { content, .. } if content.codec == Codec::Raw => {
                    Some(Leaf { content, inline: None, size, wanted })
                }
                node => {
                    self.pending.push(node);
                    None
                }
            };
        }
    }

    fn descend(&mut self, content: &ContentId, start: u64, size: u64) -> Result<(), FileError> {
        let broken = |why| FileError::broken(content, why);
        self.nodes = self.nodes.checked_sub(1).ok_or_else(|| broken("the file has too many nodes"))?;
        let node = self.source.node(content)?;
        if !matches!(node.kind, Kind::File | Kind::Raw) {
            return Err(broken("it isn't part of a file"));
        }
        if node.file_size() != size {
            return Err(broken("it hasn't the size that its parent says"));
        }
        if self.pending.len().saturating_add(node.links.len()) >= MAX_PENDING {
            return Err(broken("the file has too many parts"));
        }
        let mut at = start.saturating_add(node.data.len() as u64);
        let first = self.pending.len();
        self.pending.push(Part::Inline { content: *content, start, bytes: node.data });
        for (link, size) in node.links.iter().zip(&node.block_sizes) {
            self.pending.push(Part::Below { content: link.content, start: at, size: *size });
            at = at.saturating_add(*size);
        }
        if let Some(added) = self.pending.get_mut(first..) {
            added.reverse();
        }
        Ok(())
    }
}

/// A file of a revision as a stream of bytes. Reading blocks.
pub(super) struct FileReader {
    source: Source,
    leaves: Leaves,
    bytes: Bytes,
}

impl FileReader {
    pub(super) fn new(source: Source, content: &ContentId, size: u64) -> Self {
        let leaves = Leaves::new(source.clone(), content, size, 0..size);
        Self { source, leaves, bytes: Bytes::new() }
    }
}

impl std::io::Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.bytes.is_empty() {
            match self.leaves.next().map_err(std::io::Error::other)? {
                Some(leaf) => self.bytes = leaf.read(&self.source).map_err(std::io::Error::other)?,
                None => return Ok(0),
            }
        }
        let taken = self.bytes.split_to(buffer.len().min(self.bytes.len()));
        if let Some(room) = buffer.get_mut(..taken.len()) {
            room.copy_from_slice(&taken);
        }
        Ok(taken.len())
    }
}

/// The whole of a file, if it has at most so many bytes.
pub(super) fn read_small(
    source: &Source,
    content: &ContentId,
    limit: u64,
) -> Result<Option<Vec<u8>>, FileError> {
    let size = match content.codec {
        Codec::Raw => source.block(content)?.len() as u64,
        Codec::DagPb => source.node(content)?.file_size(),
    };
    if size > limit {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let mut leaves = Leaves::new(source.clone(), content, size, 0..size);
    while let Some(leaf) = leaves.next()? {
        bytes.extend_from_slice(&leaf.read(source)?);
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digest: u8) -> ContentId {
        ContentId { codec: Codec::Raw, digest: [digest; 32] }
    }

    fn listing() -> Listing {
        let entry = |(path, folder): (&str, bool)| Entry { path: path.into(), content: id(1), folder };
        let entries = [
            ("README.md", false),
            ("a", true),
            ("a/b", true),
            ("a/b/c", false),
            ("a/z", false),
            ("a b", true),
            ("a b/x", false),
            ("a.txt", false),
        ];
        Listing { entries: entries.into_iter().map(entry).collect() }
    }

    fn below(folder: &str, recursive: bool) -> Option<Vec<String>> {
        Some(listing().below(folder, recursive)?.map(|entry| entry.path.clone()).collect())
    }

    #[test]
    fn every_entry_is_found_by_its_path_and_nothing_else_is() {
        for entry in &listing().entries {
            assert_eq!(listing().find(&entry.path), Some(entry));
        }
        for path in ["", "/", "a/", "/a", "a//b", "b", "a/b/c/d", "a/../README.md", "A"] {
            assert_eq!(listing().find(path), None, "{path}");
        }
    }

    #[test]
    fn a_folder_s_entries_are_its_own() {
        assert_eq!(below("", false).unwrap(), ["README.md", "a", "a b", "a.txt"]);
        assert_eq!(below("", true).unwrap().len(), 8);
        assert_eq!(below("a", false).unwrap(), ["a/b", "a/z"]);
        assert_eq!(below("a", true).unwrap(), ["a/b", "a/b/c", "a/z"]);
        assert_eq!(below("a b", true).unwrap(), ["a b/x"]);
        assert_eq!(below("README.md", false), None);
        assert_eq!(below("none", false), None);
    }

    #[test]
    fn names_that_a_system_reads_otherwise_are_no_plain_names() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\0", "a\n", "\u{85}"] {
            assert!(!is_plain_name(name), "{name:?}");
        }
        for name in ["a", "...", ".gitattributes", "a b", "é", "-rf"] {
            assert!(is_plain_name(name), "{name:?}");
        }
    }

    type Files = (Source, Vec<stoa_content::PackedFile>, Piece);

    fn store(folder: &tempfile::TempDir, files: &[(&str, Vec<u8>)]) -> Files {
        let source = folder.path().join("files");
        std::fs::create_dir(&source).unwrap();
        for (name, bytes) in files {
            std::fs::write(source.join(name), bytes).unwrap();
        }
        let options = stoa_content::StoreOptions { byte_limit: 1 << 30 };
        let store = Store::open(&folder.path().join("store"), options).unwrap();
        let packed = store.import_dir(&source, &mut |_| ()).unwrap();
        (Source::piece(store, packed.piece.root), packed.files, packed.piece)
    }

    #[test]
    fn digests_are_those_of_git_and_of_the_packer() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("a", b"hello\n".to_vec()),
            ("b", vec![7; BLOCK_SIZE]),
            ("c", vec![7; BLOCK_SIZE + 1]),
            ("d", Vec::new()),
        ];
        let (source, packed, piece) = store(&folder, &files);
        let mut left = budget(&piece);
        let mut tags = Vec::new();
        for ((_, bytes), file) in files.iter().zip(&packed) {
            let digests = Digests::read(&source, &file.content, &mut left).unwrap();
            assert_eq!((digests.size, digests.sha256), (bytes.len() as u64, file.sha256));
            assert_eq!(digests.is_large(), bytes.len() > BLOCK_SIZE);
            tags.push(digests.tag());
        }
        assert_eq!(tags[0], "ce013625030ba8dba906f756967f9e9ca394464a");
        assert_eq!(tags[2], hex::encode(packed[2].sha256));
        assert_eq!(tags[3], "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        let mut little = LARGE_FILE;
        assert!(matches!(Digests::read(&source, &packed[2].content, &mut little), Err(FileError::Inflated)));
    }

    #[test]
    fn any_part_of_a_file_is_read_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..3 * BLOCK_SIZE + 5).map(|at| (at * 31 % 251) as u8).collect();
        let (source, packed, _) = store(&folder, &[("a", bytes.clone())]);
        let (content, size, block) = (packed[0].content, bytes.len() as u64, BLOCK_SIZE as u64);
        let parts =
            [0..size, 0..1, block - 1..block + 1, block..2 * block, size - 1..size, 5..size - 5, 9..9];
        for wanted in parts {
            let mut leaves = Leaves::new(source.clone(), &content, size, wanted.clone());
            let mut read = Vec::new();
            while let Some(leaf) = leaves.next().unwrap() {
                read.extend_from_slice(&leaf.read(&source).unwrap());
            }
            assert!(read == bytes[wanted.start as usize..wanted.end as usize], "{wanted:?}");
        }
        let mut other_size = Leaves::new(source.clone(), &content, size + 1, 0..size);
        assert!(matches!(other_size.next(), Err(FileError::Broken { .. })));
        assert!(read_small(&source, &content, size).unwrap().unwrap() == bytes);
        assert_eq!(read_small(&source, &content, size - 1).unwrap(), None);
    }
}
