//! A piece that arrives in verified slices.

use std::{
    fs::{File, OpenOptions},
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
    thread,
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
use bytes::Bytes;
use parking_lot::Mutex;
use stoa_primitives::{LEAF_SIZE, Piece};

use super::{Inner, PieceInfo, catalog::footprint, check::check_car, io_error, remove_file, sync_dir};
use crate::{
    CarError, MAX_PIECE_SIZE, SliceError, StoreError, slice,
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
        let start = range.start;
        let mut leaves = Vec::new();
        let mut parents = PostOrderOutboard {
            root: self.piece.root.into(),
            tree: geometry(self.piece.size),
            data: Scattered::default(),
        };
        let decoded = slice::decode_items(&self.piece, range, encoded, &mut |item| {
            match item {
                BaoContentItem::Parent(parent) => {
                    let outboard = self.inner.partial_outboard(&self.piece.root);
                    parents.save(parent.node, &parent.pair).map_err(io_error(&outboard))?;
                }
                BaoContentItem::Leaf(leaf) => leaves.push(leaf.data),
            }
            Ok(())
        });
        self.keep(start, &leaves, parents.data)?;
        decoded
    }

    /// Writes verified bytes, and what proves them, in as few steps as possible.
    fn keep(&self, start: u64, leaves: &[Bytes], parents: Scattered) -> Result<(), StoreError> {
        let outboard = self.inner.partial_outboard(&self.piece.root);
        parents.write_to(&self.outboard).map_err(io_error(&outboard))?;
        if leaves.is_empty() {
            return Ok(());
        }
        let path = self.inner.partial(&self.piece.root);
        let end = write_gathered(&self.car, start, leaves).map_err(io_error(&path))?;
        let chunks = ChunkNum(start / LEAF_SIZE)..ChunkNum(end.div_ceil(LEAF_SIZE));
        *self.missing.lock() -= ChunkRanges::from(chunks);
        Ok(())
    }

    /// Checks the CAR inside and makes the piece part of the store. A piece that isn't a CAR of one whole DAG is
    /// deleted, as no other bytes can have its root.
    pub fn finish(mut self) -> Result<PieceInfo, StoreError> {
        let missing: u64 = self.missing().iter().map(|range| range.end - range.start).sum();
        if missing > 0 {
            return Err(StoreError::Incomplete { root: self.piece.root, missing });
        }
        let path = self.inner.partial(&self.piece.root);
        let outboard = self.inner.partial_outboard(&self.piece.root);
        // The disk and the hashes take about as long, and neither waits for the other.
        let (checked, synced) = thread::scope(|scope| {
            let syncing = scope.spawn(|| {
                self.outboard.sync_all().map_err(io_error(&outboard))?;
                self.car.sync_all().map_err(io_error(&path))
            });
            let checked = check_car(&path);
            (checked, syncing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let (content, sections) = match checked {
            Ok(checked) => checked,
            Err(CarError::Read(error)) => return Err(io_error(&path)(error)),
            Err(error) => {
                self.delete()?;
                return Err(error.into());
            }
        };
        synced?;
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

/// Writes one after the other with as few calls as possible, and gives the position after the last.
fn write_gathered(file: &File, mut position: u64, parts: &[Bytes]) -> io::Result<u64> {
    let mut slices: Vec<_> = parts.iter().map(|part| io::IoSlice::new(part)).collect();
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        let written = write_vectored_at(file, rest, position)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        position += written as u64;
        io::IoSlice::advance_slices(&mut rest, written);
    }
    Ok(position)
}

#[cfg(target_os = "linux")]
fn write_vectored_at(file: &File, slices: &[io::IoSlice<'_>], position: u64) -> io::Result<usize> {
    /// No call takes more.
    const MAX_SLICES: usize = 1024;
    let slices = slices.get(..MAX_SLICES).unwrap_or(slices);
    Ok(rustix::io::retry_on_intr(|| rustix::io::pwritev(file, slices, position))?)
}

#[cfg(not(target_os = "linux"))]
fn write_vectored_at(file: &File, slices: &[io::IoSlice<'_>], position: u64) -> io::Result<usize> {
    match slices.first() {
        Some(slice) => file.write_at(slice, position),
        None => Ok(0),
    }
}

/// Small writes at scattered positions, collected so that neighbours go to the file as one.
#[derive(Default)]
struct Scattered(Vec<(u64, Vec<u8>)>);

impl Scattered {
    fn write_to(mut self, file: &File) -> io::Result<()> {
        self.0.sort_unstable_by_key(|(position, _)| *position);
        let mut run: Option<(u64, Vec<u8>)> = None;
        for (position, bytes) in self.0 {
            match &mut run {
                Some((start, joined)) if *start + joined.len() as u64 == position => joined.extend(bytes),
                run => {
                    if let Some((start, joined)) = run.replace((position, bytes)) {
                        file.write_all_at(&joined, start)?;
                    }
                }
            }
        }
        run.map_or(Ok(()), |(start, joined)| file.write_all_at(&joined, start))
    }
}

impl WriteAt for Scattered {
    fn write_at(&mut self, position: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.push((position, bytes.to_vec()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathered_and_scattered_writes_are_those_of_single_ones() {
        let parts: Vec<Bytes> = (0..2500u32).map(|at| vec![at as u8; (at % 5) as usize].into()).collect();
        let whole = parts.concat();
        let file = tempfile::tempfile().unwrap();
        assert_eq!(write_gathered(&file, 7, &parts).unwrap(), 7 + whole.len() as u64);
        let mut found = vec![0; whole.len()];
        file.read_exact_at(&mut found, 7).unwrap();
        assert_eq!(found, whole);

        let file = tempfile::tempfile().unwrap();
        let mut scattered = Scattered::default();
        for position in [128, 0, 640, 64, 192, 704, 320] {
            scattered.write_all_at(position, &[position as u8; 64]).unwrap();
        }
        scattered.write_to(&file).unwrap();
        let mut found = vec![0; 768];
        file.read_exact_at(&mut found, 0).unwrap();
        for (index, bytes) in found.chunks(64).enumerate() {
            let position = index * 64;
            let written = ![256, 384, 448, 512, 576].contains(&position);
            assert_eq!(bytes, [if written { position as u8 } else { 0 }; 64], "{position}");
        }
    }
}
