//! One pass over a folder: every byte of a file is read once, and goes through three stages at the same time.
//!
//! 1. The *reader* walks the folder and hashes files that are longer than a block.
//! 2. The caller's thread hashes the leaves and builds the DAG.
//! 3. The *writer* hashes the piece with BLAKE3 and writes it.
//!
//! The CAR's block order: entries of a folder in the order of their names' bytes, depth first; each node follows right
//! after the last block below it, so the root comes last; each block once, at its first place. The header names the
//! root and comes first: its length never changes, so its place is kept free and filled in at the end.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use sha2::{Digest, Sha256};
use stoa_primitives::{Codec, ContentId, Piece};

use crate::{
    BLOCK_SIZE, MAX_BLOCK_SIZE, MAX_BLOCKS, MAX_DEPTH, PackError,
    car::{HEADER_SIZE, header, section_head},
    dag::Section,
    tree::TreeBuilder,
    unixfs::{Link, MAX_LINKS, encode_directory, encode_file},
};

/// Blocks under way between two stages.
const QUEUE: usize = 8;

/// What a folder was packed into.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packed {
    /// The root folder's node.
    pub content: ContentId,
    /// The CAR.
    pub piece: Piece,
    /// The files, in the CAR's order.
    pub files: Vec<PackedFile>,
}

/// A file of a packed folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PackedFile {
    /// Path from the packed folder, with `/` between its parts.
    pub path: String,
    /// Length in bytes.
    pub size: u64,
    /// The root of the file's DAG.
    pub content: ContentId,
    /// sha2-256 of the file's bytes.
    pub sha256: [u8; 32],
}

/// Packs a folder into a CARv1 that is written to `out` from its current position on. `progress` is told how many
/// bytes of files have been packed so far.
pub fn pack_dir<W: Write + Seek + Send>(
    dir: &Path,
    out: W,
    progress: &mut dyn FnMut(u64),
) -> Result<Packed, PackError> {
    let mut sink = Plain { out, tree: TreeBuilder::default() };
    let start = sink.out.stream_position().map_err(PackError::Write)?;
    let dag = pack(dir, &mut sink, progress)?;
    let Plain { mut out, tree } = sink;
    let head = header(&dag.content);
    let finished = tree.finish(&head);
    let patch = |out: &mut W| {
        out.seek(SeekFrom::Start(start))?;
        out.write_all(&head)?;
        out.seek(SeekFrom::Start(start + finished.piece.size))?;
        out.flush()
    };
    patch(&mut out).map_err(PackError::Write)?;
    Ok(Packed { content: dag.content, piece: finished.piece, files: dag.files })
}

/// Where a piece's bytes go, in order.
pub(crate) trait Sink: Send {
    type Error: From<PackError> + Send;
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

struct Plain<W> {
    out: W,
    tree: TreeBuilder,
}

impl<W: Write + Send> Sink for Plain<W> {
    type Error = PackError;

    fn write(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        self.tree.update(bytes);
        self.tree.take_parents();
        self.out.write_all(bytes).map_err(PackError::Write)
    }
}

/// A packed folder whose header is still to be filled in.
pub(crate) struct PackedDag {
    pub(crate) content: ContentId,
    pub(crate) files: Vec<PackedFile>,
    pub(crate) sections: Vec<Section>,
}

/// What the reader tells, in the order of the walk.
enum Event {
    /// The next bytes of the current file, at most a block.
    Bytes(Vec<u8>),
    /// The current file's end, with its hash when it has more than one block.
    FileEnd { path: String, name: String, sha256: Option<[u8; 32]> },
    /// Entries of another folder follow.
    FolderStart,
    /// No more entries in the current folder.
    FolderEnd { path: PathBuf, name: String },
    /// The walk can't go on.
    Failed(PackError),
}

/// A block on its way to the writer.
struct Outgoing {
    head: Vec<u8>,
    block: Vec<u8>,
}

/// Packs a folder; the header's place in `sink` is filled with zeros.
pub(crate) fn pack<S: Sink>(
    dir: &Path,
    sink: &mut S,
    progress: &mut dyn FnMut(u64),
) -> Result<PackedDag, S::Error> {
    let (events_in, events) = sync_channel(QUEUE);
    let (blocks_in, blocks) = sync_channel(QUEUE);
    // Buffers go back to the reader, so that their memory is touched for the first time only once.
    let (spare_in, spare) = sync_channel(2 * QUEUE + 2);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut walker = Walker { events: events_in, spare };
            // When nobody listens any more, the builder has failed and says why.
            if let Err(Stop::Error(error)) = walker.walk(dir) {
                walker.events.send(Event::Failed(error)).ok();
            }
        });
        let writer = scope.spawn(move || write_blocks(blocks, spare_in, sink));
        let mut builder = Builder::new(blocks_in);
        let built = builder.run(&events, progress);
        // Lets the reader and the writer end.
        drop(events);
        drop(builder.blocks);
        let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match built {
            Err(BuildError::Pack(error)) => Err(error.into()),
            Ok(content) => written.map(|()| PackedDag {
                content,
                files: builder.files,
                sections: builder
                    .places
                    .into_iter()
                    .map(|(content, (offset, len))| Section { digest: content.digest, offset, len })
                    .collect(),
            }),
            // Only a writer that has failed hangs up.
            Err(BuildError::WriterGone) => Err(written
                .err()
                .unwrap_or_else(|| PackError::Write(io::ErrorKind::BrokenPipe.into()).into())),
        }
    })
}

fn write_blocks<S: Sink>(
    blocks: Receiver<Outgoing>,
    spare: SyncSender<Vec<u8>>,
    sink: &mut S,
) -> Result<(), S::Error> {
    sink.write(&[0; HEADER_SIZE])?;
    for Outgoing { head, block } in blocks {
        sink.write(&head)?;
        sink.write(&block)?;
        // A full channel means that there are spare buffers enough.
        spare.try_send(block).ok();
    }
    Ok(())
}

/// Why the walk stopped.
enum Stop {
    Error(PackError),
    Unheard,
}

impl From<PackError> for Stop {
    fn from(error: PackError) -> Self {
        Self::Error(error)
    }
}

/// The entries of a folder in the order of their names, and whether each is a folder. Whatever can't be packed is
/// refused.
pub(crate) fn entries(dir: &Path) -> Result<Vec<(String, bool)>, PackError> {
    let failed = |source| PackError::Read { path: dir.into(), source };
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let name = entry.file_name().into_string().map_err(|_| PackError::Name(path.clone()))?;
        // No system lists these; one that does would let a file land outside the folder when it is unpacked.
        if matches!(name.as_str(), "" | "." | "..") || name.contains(['/', '\\', '\0']) {
            return Err(PackError::Name(path));
        }
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_symlink() {
            return Err(PackError::Symlink(path));
        }
        if !kind.is_dir() && !kind.is_file() {
            return Err(PackError::Special(path));
        }
        entries.push((name, kind.is_dir()));
    }
    entries.sort();
    Ok(entries)
}

struct Walker {
    events: SyncSender<Event>,
    spare: Receiver<Vec<u8>>,
}

impl Walker {
    fn walk(&mut self, dir: &Path) -> Result<(), Stop> {
        let kind = fs::metadata(dir).map_err(|source| PackError::Read { path: dir.into(), source })?;
        if !kind.is_dir() {
            return Err(PackError::NotAFolder(dir.into()).into());
        }
        self.folder(dir, "", String::new(), 0)
    }

    fn folder(&mut self, dir: &Path, inside: &str, name: String, depth: usize) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            return Err(PackError::Depth(dir.into()).into());
        }
        let entries = entries(dir)?;
        self.send(Event::FolderStart)?;
        for (name, is_dir) in entries {
            let path = dir.join(&name);
            let inside = if inside.is_empty() { name.clone() } else { format!("{inside}/{name}") };
            if is_dir {
                self.folder(&path, &inside, name, depth + 1)?;
            } else {
                self.file(&path, inside, name)?;
            }
        }
        self.send(Event::FolderEnd { path: dir.into(), name })
    }

    fn file(&mut self, path: &Path, inside: String, name: String) -> Result<(), Stop> {
        let failed = |source| PackError::Read { path: path.into(), source };
        let mut file = File::open(path).map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        if !meta.is_file() {
            return Err(PackError::Special(path.into()).into());
        }
        let mut whole = (meta.len() > BLOCK_SIZE as u64).then(Sha256::new);
        let mut rest = meta.len();
        loop {
            let want = rest.min(BLOCK_SIZE as u64) as usize;
            let mut block = self.buffer();
            block.resize(want, 0);
            file.read_exact(&mut block).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => PackError::Changed(path.into()),
                _ => failed(error),
            })?;
            if let Some(whole) = &mut whole {
                whole.update(&block);
            }
            self.send(Event::Bytes(block))?;
            rest -= want as u64;
            if rest == 0 {
                break;
            }
        }
        if file.read(&mut [0]).map_err(failed)? != 0 {
            return Err(PackError::Changed(path.into()).into());
        }
        let sha256 = whole.map(|hasher| hasher.finalize().into());
        self.send(Event::FileEnd { path: inside, name, sha256 })
    }

    fn buffer(&self) -> Vec<u8> {
        self.spare.try_recv().unwrap_or_else(|_| Vec::with_capacity(BLOCK_SIZE))
    }

    fn send(&self, event: Event) -> Result<(), Stop> {
        self.events.send(event).map_err(|_| Stop::Unheard)
    }
}

enum BuildError {
    Pack(PackError),
    WriterGone,
}

impl From<PackError> for BuildError {
    fn from(error: PackError) -> Self {
        Self::Pack(error)
    }
}

struct Builder {
    blocks: SyncSender<Outgoing>,
    /// Length of the CAR so far.
    len: u64,
    places: HashMap<ContentId, (u64, u32)>,
    files: Vec<PackedFile>,
    /// The folders that are open, from the root, with the links that they have so far.
    folders: Vec<Vec<Link>>,
    /// The current file's links that have no node above them yet, by level from the leaves up.
    levels: Vec<Vec<(Link, u64)>>,
    file_size: u64,
}

impl Builder {
    fn new(blocks: SyncSender<Outgoing>) -> Self {
        Self {
            blocks,
            len: HEADER_SIZE as u64,
            places: HashMap::new(),
            files: Vec::new(),
            folders: Vec::new(),
            levels: Vec::new(),
            file_size: 0,
        }
    }

    /// Builds the DAG and gives its root.
    fn run(
        &mut self,
        events: &Receiver<Event>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<ContentId, BuildError> {
        let mut packed = 0;
        // The reader hangs up only after the root folder's end or a failure.
        while let Ok(event) = events.recv() {
            match event {
                Event::Bytes(bytes) => {
                    packed += bytes.len() as u64;
                    self.leaf(bytes)?;
                    progress(packed);
                }
                Event::FileEnd { path, name, sha256 } => self.file_end(path, name, sha256)?,
                Event::FolderStart => self.folders.push(Vec::new()),
                Event::FolderEnd { path, name } => {
                    let link = self.folder_end(path, name)?;
                    match self.folders.last_mut() {
                        Some(parent) => parent.push(link),
                        None => return Ok(link.content),
                    }
                }
                Event::Failed(error) => return Err(error.into()),
            }
        }
        Err(PackError::Write(io::ErrorKind::BrokenPipe.into()).into())
    }

    fn leaf(&mut self, bytes: Vec<u8>) -> Result<(), BuildError> {
        let size = bytes.len() as u64;
        self.file_size += size;
        let content = self.block(Codec::Raw, bytes)?;
        self.add_part(0, Link { name: String::new(), content, tsize: size }, size)
    }

    /// Adds a link at a level, and puts a node over the level once it is full.
    fn add_part(&mut self, level: usize, link: Link, size: u64) -> Result<(), BuildError> {
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        let Some(parts) = self.levels.get_mut(level) else { return Ok(()) };
        parts.push((link, size));
        if parts.len() < MAX_LINKS { Ok(()) } else { self.close_level(level) }
    }

    /// Puts a node over all links of a level and adds it to the next.
    fn close_level(&mut self, level: usize) -> Result<(), BuildError> {
        let parts = self.levels.get_mut(level).map(std::mem::take).unwrap_or_default();
        let size = parts.iter().map(|(_, size)| size).sum();
        let below: u64 = parts.iter().map(|(link, _)| link.tsize).sum();
        let node = encode_file(parts);
        let tsize = below + node.len() as u64;
        let content = self.block(Codec::DagPb, node)?;
        self.add_part(level + 1, Link { name: String::new(), content, tsize }, size)
    }

    fn file_end(&mut self, path: String, name: String, sha256: Option<[u8; 32]>) -> Result<(), BuildError> {
        let mut level = 0;
        // The topmost level's only link is the file's root; whatever else is left gets a node.
        while let Some(parts) = self.levels.get(level) {
            let root = level + 1 == self.levels.len() && parts.len() == 1;
            if !root && !parts.is_empty() {
                self.close_level(level)?;
            }
            level += 1;
        }
        let root = self.levels.pop().and_then(|mut parts| parts.pop());
        self.levels.clear();
        let size = std::mem::take(&mut self.file_size);
        let Some((link, _)) = root else { return Err(PackError::Changed(path.into()).into()) };
        let content = link.content;
        // A file of one block has the block's hash.
        let sha256 = sha256.unwrap_or(content.digest);
        self.files.push(PackedFile { path, size, content, sha256 });
        if let Some(folder) = self.folders.last_mut() {
            folder.push(Link { name, ..link });
        }
        Ok(())
    }

    fn folder_end(&mut self, path: PathBuf, name: String) -> Result<Link, BuildError> {
        let links = self.folders.pop().unwrap_or_default();
        let below: u64 = links.iter().map(|link| link.tsize).sum();
        let node = encode_directory(links);
        if node.len() > MAX_BLOCK_SIZE {
            return Err(PackError::FolderTooLarge { path, size: node.len() }.into());
        }
        let tsize = below + node.len() as u64;
        let content = self.block(Codec::DagPb, node)?;
        Ok(Link { name, content, tsize })
    }

    /// Names a block and sends it to the writer, unless it is in the CAR already.
    fn block(&mut self, codec: Codec, block: Vec<u8>) -> Result<ContentId, BuildError> {
        let content = ContentId { codec, digest: Sha256::digest(&block).into() };
        if self.places.contains_key(&content) {
            return Ok(content);
        }
        if self.places.len() >= MAX_BLOCKS {
            return Err(PackError::TooManyBlocks.into());
        }
        let head = section_head(&content, block.len());
        let offset = self.len + head.len() as u64;
        let len = u32::try_from(block.len()).expect("no block is over 2 MiB; qed");
        self.places.insert(content, (offset, len));
        self.len = offset + u64::from(len);
        self.blocks.send(Outgoing { head, block }).map_err(|_| BuildError::WriterGone)?;
        Ok(content)
    }
}
