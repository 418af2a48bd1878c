//! Everything that can go wrong, one enum a concern.

use std::{io, path::PathBuf};

use stoa_primitives::{ContentId, Piece, PieceRoot};

use crate::{MAX_BLOCK_SIZE, MAX_BLOCKS, MAX_PIECE_SIZE, MAX_SLICE_SIZE, text};

/// Why a folder can't be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A symbolic link.
    #[error("{0} is a symbolic link: replace it by a copy of what it points at, or leave it out")]
    Symlink(PathBuf),
    /// A device, socket or pipe.
    #[error("{0} is neither a file nor a folder: leave it out")]
    Special(PathBuf),
    /// A name that isn't UTF-8.
    #[error("the name of {0:?} isn't UTF-8: rename it")]
    Name(PathBuf),
    /// The path to pack isn't a folder.
    #[error("{0} isn't a folder: give the folder that holds the files")]
    NotAFolder(PathBuf),
    /// Folders inside each other beyond the limit.
    #[error("{0} lies more than {limit} folders deep: flatten the tree", limit = crate::MAX_DEPTH)]
    Depth(PathBuf),
    /// So many entries that the folder's node would pass the size that IPFS clients take.
    #[error(
        "{path} has so many entries that its node takes {size} bytes, over the limit of {MAX_BLOCK_SIZE}: \
         split it into several folders"
    )]
    FolderTooLarge {
        /// The folder.
        path: PathBuf,
        /// Size of its encoded node.
        size: usize,
    },
    /// More blocks than a piece may have.
    #[error("the folder makes more than {MAX_BLOCKS} blocks: publish it in several parts")]
    TooManyBlocks,
    /// A file grew or shrank while it was read.
    #[error("{0} changed while it was read: pack again when nothing writes to the folder")]
    Changed(PathBuf),
    /// A path that two entries have, or that is a file and a folder.
    #[error("{0} is there twice: give each file its own path")]
    Twice(PathBuf),
    /// A file or folder can't be read.
    #[error("{path} can't be read: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The output can't be written.
    #[error("the packed bytes can't be written: {0}")]
    Write(#[source] io::Error),
}

/// Why bytes aren't a CAR that holds exactly one UnixFS DAG.
#[derive(Debug, thiserror::Error)]
pub enum CarError {
    /// The header isn't that of a CARv1 with one supported root.
    #[error("this isn't a CARv1 file with one root: {0}")]
    Header(&'static str),
    /// A length prefix that isn't a minimal varint.
    #[error("the length of the block at byte {0} isn't a valid varint")]
    Length(u64),
    /// A block over the limit.
    #[error(
        "the block at byte {offset} has {size} bytes, over the limit of {MAX_BLOCK_SIZE}: pack with smaller chunks"
    )]
    BlockTooLarge {
        /// Where the block's section starts.
        offset: u64,
        /// Its length with the CID.
        size: u64,
    },
    /// A block whose CID isn't supported.
    #[error(
        "the block at byte {0} isn't named by a CIDv1 of a raw or dag-pb block under sha2-256: pack with CID version 1 and raw leaves"
    )]
    Cid(u64),
    /// A block whose bytes don't hash to its CID.
    #[error("the block at byte {offset} doesn't hash to its CID {}", text(.content))]
    Hash {
        /// Where the block's section starts.
        offset: u64,
        /// What the CAR claims the block to be.
        content: ContentId,
    },
    /// A dag-pb block that doesn't decode.
    #[error("block {} isn't a UnixFS node: {source}", text(.content))]
    Node {
        /// The block.
        content: ContentId,
        /// What is wrong with it.
        source: NodeError,
    },
    /// More blocks than a piece may have.
    #[error("the CAR has more than {MAX_BLOCKS} blocks: publish it in several parts")]
    TooManyBlocks,
    /// The bytes end inside a section or before the header is whole.
    #[error("the CAR ends at byte {0}, in the middle of a section: send it again from the start")]
    Truncated(u64),
    /// A block that the DAG links to isn't there.
    #[error("the DAG is incomplete: block {} is missing", text(.0))]
    Missing(ContentId),
    /// A block that the DAG doesn't reach.
    #[error("block {} doesn't belong to the root's DAG: leave it out", text(.0))]
    Leftover(ContentId),
    /// An earlier part of the same CAR was refused.
    #[error("an earlier part of this CAR was refused: send it again from the start")]
    Failed,
    /// Reading failed.
    #[error("the CAR can't be read: {0}")]
    Read(#[from] io::Error),
}

/// Why bytes aren't a UnixFS node.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Not dag-pb.
    #[error("it isn't dag-pb: {0}")]
    DagPb(String),
    /// No data field, or one that isn't UnixFS.
    #[error("its data field isn't UnixFS: {0}")]
    Data(String),
    /// A link to something that isn't a CIDv1 of a raw or dag-pb block under sha2-256.
    #[error("it links to {0}, and only CIDv1 of raw and dag-pb blocks under sha2-256 are supported")]
    Link(String),
    /// A file node whose block sizes don't match its links.
    #[error("it has {links} links and {sizes} block sizes")]
    BlockSizes {
        /// How many links.
        links: usize,
        /// How many sizes.
        sizes: usize,
    },
    /// A file whose stated size isn't the sum of its parts.
    #[error("its stated size {stated} isn't the sum of its parts, {sum}")]
    FileSize {
        /// The size that the node states.
        stated: u64,
        /// What its parts add up to.
        sum: u64,
    },
}

/// Why a slice was refused.
#[derive(Debug, thiserror::Error)]
pub enum SliceError {
    /// The range is empty, not aligned to groups, or outside the piece.
    #[error("bytes {start}..{end} aren't a range of whole 16 KiB groups inside a piece of {size} bytes")]
    Range {
        /// First byte.
        start: u64,
        /// Byte after the last.
        end: u64,
        /// The piece's size.
        size: u64,
    },
    /// No piece is that large.
    #[error("a piece of {0} bytes is over the limit of {MAX_PIECE_SIZE}")]
    PieceTooLarge(u64),
    /// The range is longer than one slice may be.
    #[error("{0} bytes are more than one slice may hold, {MAX_SLICE_SIZE}: ask for less at a time")]
    TooLong(u64),
    /// The bytes don't verify against the piece's root.
    #[error("the slice doesn't verify against the piece's root: {0}")]
    Mismatch(String),
    /// The bytes end too early.
    #[error("the slice is incomplete: ask for it again")]
    Truncated,
    /// There are bytes after the slice's end.
    #[error("the slice has bytes after its end")]
    Trailing,
    /// The verified bytes can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the store couldn't do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder can't be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The CAR was refused.
    #[error(transparent)]
    Car(#[from] CarError),
    /// The bytes make another piece than the one that was announced.
    #[error(
        "the bytes make piece {} of {} bytes and not the announced {} of {} bytes",
        hex(&.actual.root), .actual.size, hex(&.expected.root), .expected.size
    )]
    OtherPiece {
        /// What was announced.
        expected: Piece,
        /// What came.
        actual: Piece,
    },
    /// No piece is that large.
    #[error("a piece of {0} bytes is over the limit of {MAX_PIECE_SIZE}")]
    PieceTooLarge(u64),
    /// The piece is being received by another caller.
    #[error("piece {} is already being received", hex(.0))]
    Busy(PieceRoot),
    /// Not everything was received yet.
    #[error("piece {} still lacks {missing} bytes", hex(.root))]
    Incomplete {
        /// The piece.
        root: PieceRoot,
        /// How much is missing.
        missing: u64,
    },
    /// The pinned pieces leave no room within the limit.
    #[error(
        "{needed} bytes don't fit: the limit is {limit} and {held} are held by pinned pieces and running \
         imports. Unpin or remove pieces, or raise the limit"
    )]
    Full {
        /// How much was asked for.
        needed: u64,
        /// The byte limit.
        limit: u64,
        /// What can't be collected.
        held: u64,
    },
    /// The disk has no room.
    #[error("the disk is full: nothing was changed; make room at {0} and try again")]
    DiskFull(PathBuf),
    /// What is on disk isn't what was stored.
    #[error("{path} is damaged ({what}): remove the piece and fetch it again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The slice that was asked for isn't one.
    #[error("{0}")]
    BadSlice(String),
    /// Another process has the store.
    #[error("{0} is in use by another process: stop it, or give this one its own folder")]
    InUse(PathBuf),
    /// The file system failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The index failed.
    #[error("the store's index failed: {0}")]
    Index(String),
}

pub(crate) fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
