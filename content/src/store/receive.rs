//! A piece that arrives in verified slices.

use std::{
    fs::{File, OpenOptions},
    io::BufReader,
    ops::Range,
    path::Path,
    sync::Arc,
};

use bao_tree::{
    ChunkNum, ChunkRanges,
    io::{
        BaoContentItem,
        outboard::PostOrderOutboard,
        round_up_to_chunks_groups,
        sync::{OutboardMut, WriteAt, valid_ranges},
    },
};
use parking_lot::Mutex;
use stoa_primitives::{LEAF_SIZE, Piece};

use super::{Inner, PieceInfo, catalog::footprint, io_error, remove_file, sync_dir};
use crate::{
    CarError, MAX_PIECE_SIZE, SliceError, StoreError,
    car::Reader,
    dag::{Dag, Section},
    slice,
    tree::{geometry, outboard_size},
};

/// A piece that arrives in verified slices, from any number of peers at once. Dropping it keeps what has come, for
/// the next [`super::Store::receive`] of the same piece, also after a restart.
pub struct PieceReceive {
    inner: Arc<Inner>,
    piece: Piece,
    car: File,
    outboard: File,
    /// Chunks that aren't here yet, in whole groups.
    missing: Mutex<ChunkRanges>,
    /// Deleted or handed over: there is nothing to keep.
    done: bool,
}

impl PieceReceive {
    pub(super) fn new(inner: &Arc<Inner>, piece: Piece) -> Result<Self, StoreError> {
        let root = piece.root;
        if piece.size > MAX_PIECE_SIZE {
            return Err(StoreError::PieceTooLarge(piece.size));
        }
        {
            let _disk = inner.disk.lock();
            if !inner.catalog.lock().claim_partial(root) {
                return Err(StoreError::Busy(root));
            }
        }
        let result = Self::prepare(inner, piece);
        if result.is_err() {
            let mut catalog = inner.catalog.lock();
            match catalog.partial_bytes(&root) {
                0 => catalog.drop_partial(&root),
                _ => catalog.rest_partial(&root),
            }
        }
        result
    }

    fn prepare(inner: &Arc<Inner>, piece: Piece) -> Result<Self, StoreError> {
        let counted = inner.catalog.lock().partial_bytes(&piece.root);
        let more = footprint(piece.size).saturating_sub(counted);
        inner.reserve(more)?;
        inner.catalog.lock().grow_partial(&piece.root, more);
        let open = |path: &Path, size| -> Result<File, StoreError> {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
            let file = file.map_err(io_error(path))?;
            file.set_len(size).map_err(io_error(path))?;
            Ok(file)
        };
        let path = inner.partial(&piece.root);
        let car = open(&path, piece.size)?;
        let outboard = open(&inner.partial_outboard(&piece.root), outboard_size(piece.size))?;
        let tree = geometry(piece.size);
        let mut missing = ChunkRanges::from(ChunkNum(0)..tree.chunks());
        if counted > 0 {
            // The bytes themselves tell what has come: a record of it could be ahead of them after a power cut.
            let known = PostOrderOutboard { root: piece.root.into(), tree, data: &outboard };
            let mut valid = ChunkRanges::empty();
            for range in valid_ranges(known, &car, &ChunkRanges::all()) {
                valid |= ChunkRanges::from(range.map_err(io_error(&path))?);
            }
            missing = round_up_to_chunks_groups(missing - valid, tree.block_size());
            missing &= ChunkRanges::from(ChunkNum(0)..tree.chunks());
        }
        Ok(Self { inner: inner.clone(), piece, car, outboard, missing: Mutex::new(missing), done: false })
    }

    /// The piece.
    pub fn piece(&self) -> Piece {
        self.piece
    }

    /// Byte ranges still to be had: whole 16 KiB groups, but for the piece's end. Ask for parts of these that are
    /// whole groups as well and at most [`crate::MAX_SLICE_SIZE`]; [`slice::split`] cuts them.
    pub fn missing(&self) -> Vec<Range<u64>> {
        let missing = self.missing.lock();
        let bytes = |chunk: ChunkNum| (chunk.0.saturating_mul(LEAF_SIZE)).min(self.piece.size);
        let boundaries: Vec<u64> = missing.boundaries().iter().map(|chunk| bytes(*chunk)).collect();
        boundaries
            .chunks_exact(2)
            .filter_map(|pair| Some(*pair.first()?..*pair.last()?))
            .filter(|range| !range.is_empty())
            .collect()
    }

    /// Verifies an encoded slice against the root and keeps its bytes; of one that fails, those before the fault.
    pub fn accept(&self, range: Range<u64>, encoded: &[u8]) -> Result<(), SliceError> {
        let tree = geometry(self.piece.size);
        let mut parents =
            PostOrderOutboard { root: self.piece.root.into(), tree, data: FileAt(&self.outboard) };
        let path = self.inner.partial(&self.piece.root);
        slice::decode_items(&self.piece, range, encoded, &mut |item| match item {
            BaoContentItem::Parent(parent) => {
                parents.save(parent.node, &parent.pair).map_err(|error| io_error(&path)(error).into())
            }
            BaoContentItem::Leaf(leaf) => {
                FileAt(&self.car).write_all_at(leaf.offset, &leaf.data).map_err(io_error(&path))?;
                let end = leaf.offset + leaf.data.len() as u64;
                let chunks = ChunkNum(leaf.offset / LEAF_SIZE)..ChunkNum(end.div_ceil(LEAF_SIZE));
                *self.missing.lock() -= ChunkRanges::from(chunks);
                Ok(())
            }
        })
    }

    /// Checks the CAR inside and makes the piece part of the store. A piece that isn't a CAR of one whole DAG is
    /// deleted, as no other bytes can have its root.
    pub fn finish(mut self) -> Result<PieceInfo, StoreError> {
        let missing: u64 = self.missing().iter().map(|range| range.end - range.start).sum();
        if missing > 0 {
            return Err(StoreError::Incomplete { root: self.piece.root, missing });
        }
        let path = self.inner.partial(&self.piece.root);
        let (content, sections) = match check_car(&path) {
            Ok(checked) => checked,
            Err(CarError::Read(error)) => return Err(io_error(&path)(error)),
            Err(error) => {
                self.delete()?;
                return Err(error.into());
            }
        };
        let outboard = self.inner.partial_outboard(&self.piece.root);
        self.outboard.sync_all().map_err(io_error(&outboard))?;
        self.car.sync_all().map_err(io_error(&path))?;
        let root = self.piece.root;
        let info = self.inner.adopt((&path, &outboard), self.piece, content, &sections, |catalog| {
            catalog.drop_partial(&root);
        })?;
        self.done = true;
        sync_dir(&self.inner.dir.join("partial"))?;
        Ok(info)
    }

    /// Gives up and deletes what has come.
    pub fn abort(mut self) -> Result<(), StoreError> {
        self.delete()
    }

    fn delete(&mut self) -> Result<(), StoreError> {
        let _disk = self.inner.disk.lock();
        self.inner.catalog.lock().drop_partial(&self.piece.root);
        self.done = true;
        remove_file(&self.inner.partial(&self.piece.root))?;
        remove_file(&self.inner.partial_outboard(&self.piece.root))
    }
}

impl Drop for PieceReceive {
    fn drop(&mut self) {
        if !self.done {
            self.inner.catalog.lock().rest_partial(&self.piece.root);
        }
    }
}

/// Reads a CAR whole and checks that it is one DAG; gives its root and where its blocks lie.
pub(super) fn check_car(path: &Path) -> Result<(stoa_primitives::ContentId, Vec<Section>), CarError> {
    let mut reader = Reader::new(BufReader::new(File::open(path)?));
    let mut dag = Dag::default();
    for block in &mut reader {
        let block = block?;
        dag.add(block.content, &block.data, block.offset)?;
    }
    let root = reader.root().ok_or(CarError::Truncated(0))?;
    Ok((root, dag.finish(root)?))
}

/// Writes at positions of a shared file.
struct FileAt<'a>(&'a File);

impl WriteAt for FileAt<'_> {
    fn write_at(&mut self, position: u64, bytes: &[u8]) -> std::io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(self.0, bytes, position)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
