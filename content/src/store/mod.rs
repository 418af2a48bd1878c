//! The store.
use crate::{Packed, SliceError, StoreError};
use bytes::Bytes;
use std::{ops::Range, path::Path};
use stoa_primitives::{ContentId, Piece, PieceRoot, possession::LeafProof};

/// How a store behaves.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// Most bytes of pieces and their outboards; beyond it, unpinned pieces are collected, least recently used first.
    pub byte_limit: u64,
}

/// Who may be served a piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Only callers who did their own check. Every piece starts like this.
    Restricted,
}

/// What the store knows of a piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PieceInfo {
    /// The piece.
    pub piece: Piece,
    /// The root of its DAG.
    pub content: ContentId,
    /// Who may be served it.
    pub access: Access,
    /// Whether it is kept whatever the limit.
    pub pinned: bool,
    /// How many distinct blocks it has.
    pub blocks: u64,
}

/// What the store holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Pieces.
    pub pieces: u64,
    /// Blocks, counted once per piece.
    pub blocks: u64,
    /// Bytes of pieces, their outboards and what is being imported.
    pub bytes: u64,
    /// The limit.
    pub byte_limit: u64,
}

/// Pieces on disk. Cheap to clone.
#[derive(Clone)]
pub struct Store(());

/// A CAR that arrives as a stream. Dropping it before `finish` leaves nothing.
pub struct CarImport(());

impl CarImport {
    /// Takes the next bytes; fails as soon as they can't be part of a good CAR.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let _ = bytes;
        todo!()
    }
    /// How many bytes were taken.
    pub fn len(&self) -> u64 {
        todo!()
    }
    /// Checks that the DAG is complete and, if given, that the bytes make the `expected` piece, and stores it.
    pub fn finish(self, expected: Option<Piece>) -> Result<PieceInfo, StoreError> {
        let _ = expected;
        todo!()
    }
}

/// A piece that arrives in verified slices, from any number of peers at once. Dropping it keeps what has come, for the
/// next `Store::receive` of the same piece, also after a restart.
pub struct PieceReceive(());

impl PieceReceive {
    /// The piece.
    pub fn piece(&self) -> Piece {
        todo!()
    }
    /// Byte ranges still to be had: whole 16 KiB groups, but for the piece's end. Ask peers for parts of these that are
    /// whole groups as well and at most `MAX_SLICE_SIZE`.
    pub fn missing(&self) -> Vec<Range<u64>> {
        todo!()
    }
    /// Verifies an encoded slice against the root and keeps its bytes.
    pub fn accept(&self, range: Range<u64>, encoded: &[u8]) -> Result<(), SliceError> {
        let _ = (range, encoded);
        todo!()
    }
    /// Checks the CAR inside and makes the piece part of the store.
    pub fn finish(self) -> Result<PieceInfo, StoreError> {
        todo!()
    }
    /// Gives up and deletes what has come.
    pub fn abort(self) -> Result<(), StoreError> {
        todo!()
    }
}

impl Store {
    /// Opens or creates a store, and repairs or drops what a crash left.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Store, StoreError> {
        let _ = (dir, options);
        todo!()
    }
    /// Packs a folder straight into the store. `progress` is told how many bytes of files were read so far.
    pub fn import_dir(&self, dir: &Path, progress: &mut dyn FnMut(u64)) -> Result<Packed, StoreError> {
        let _ = (dir, progress);
        todo!()
    }
    /// Starts a CAR import.
    pub fn import_car(&self) -> Result<CarImport, StoreError> {
        todo!()
    }
    /// Starts or resumes receiving a piece. `StoreError::Busy` while another `PieceReceive` of it lives.
    pub fn receive(&self, piece: Piece) -> Result<PieceReceive, StoreError> {
        let _ = piece;
        todo!()
    }
    /// The encoded slice of a byte range (whole groups, but for the piece's end; at most `MAX_SLICE_SIZE`), validated
    /// while it is read. Whatever the piece's access.
    pub fn read_slice(&self, root: &PieceRoot, range: Range<u64>) -> Result<Option<Vec<u8>>, StoreError> {
        let _ = (root, range);
        todo!()
    }
    /// A block of a public piece, its hash checked.
    pub fn block(&self, digest: &[u8; 32]) -> Result<Option<Bytes>, StoreError> {
        let _ = digest;
        todo!()
    }
    /// Whether a public piece has the block.
    pub fn has_block(&self, digest: &[u8; 32]) -> Result<bool, StoreError> {
        let _ = digest;
        todo!()
    }
    /// A block of any piece, its hash checked. For callers who did their own check of access.
    pub fn block_of_any(&self, digest: &[u8; 32]) -> Result<Option<Bytes>, StoreError> {
        let _ = digest;
        todo!()
    }
    /// A block of this piece, its hash checked. For callers who did their own check of access.
    pub fn block_of(&self, root: &PieceRoot, digest: &[u8; 32]) -> Result<Option<Bytes>, StoreError> {
        let _ = (root, digest);
        todo!()
    }
    /// The piece of that root.
    pub fn piece(&self, root: &PieceRoot) -> Result<Option<PieceInfo>, StoreError> {
        let _ = root;
        todo!()
    }
    /// The pieces that hold that DAG; packers differ, so there may be several.
    pub fn piece_by_content(&self, content: &ContentId) -> Result<Vec<PieceInfo>, StoreError> {
        let _ = content;
        todo!()
    }
    /// Pieces in the order of their roots.
    pub fn pieces(&self, after: Option<PieceRoot>, limit: usize) -> Result<Vec<PieceInfo>, StoreError> {
        let _ = (after, limit);
        todo!()
    }
    /// Sets who may be served a piece; false when it isn't here.
    pub fn set_access(&self, root: &PieceRoot, access: Access) -> Result<bool, StoreError> {
        let _ = (root, access);
        todo!()
    }
    /// Keeps a piece whatever the limit, or no longer; false when it isn't here.
    pub fn pin(&self, root: &PieceRoot, pinned: bool) -> Result<bool, StoreError> {
        let _ = (root, pinned);
        todo!()
    }
    /// Removes a piece, pinned or not; false when it isn't here.
    pub fn remove(&self, root: &PieceRoot) -> Result<bool, StoreError> {
        let _ = root;
        todo!()
    }
    /// What the store holds.
    pub fn stats(&self) -> Stats {
        todo!()
    }
    /// The proof that leaf `index` of a piece can be read, from at most 32 KiB of reads.
    pub fn prove_leaf(&self, root: &PieceRoot, index: u64) -> Result<Option<LeafProof>, StoreError> {
        let _ = (root, index);
        todo!()
    }
}
