//! Writing new pieces: from a folder or from a CAR that arrives as a stream.

use std::{fs::File, io::Write, sync::Arc};

use bao_tree::io::sync::WriteAt;
use stoa_primitives::{ContentId, Piece};
use tempfile::{NamedTempFile, TempPath};

use super::{Inner, PieceInfo, catalog::footprint, disk::DiskWriter, io_error};
use crate::{
    CarError, Packed, StoreError,
    car::{Decoder, header},
    dag::{Dag, Section, links},
    pack::{PackedDag, Sink, Source, pack},
    tree::TreeBuilder,
};

/// Parents are written in steps of this many bytes.
const PARENTS_STEP: usize = 64 << 10;
/// How much of what a caller passes at once is taken in one go.
const WRITE_STEP: usize = 256 << 10;

pub(super) fn import<F: Sync>(
    inner: &Arc<Inner>,
    source: Source<'_, F>,
    progress: &mut dyn FnMut(u64),
) -> Result<Packed, StoreError> {
    let mut writer = PieceWriter::new(inner)?;
    let PackedDag { content, files, sections } = pack(source, &mut writer, progress)?;
    let head = header(&content);
    let info = writer.finish(&head, None, content, &sections)?;
    Ok(Packed { content, piece: info.piece, files })
}

/// A CAR that arrives as a stream. Dropping it before [`CarImport::finish`] leaves nothing.
pub struct CarImport {
    writer: PieceWriter,
    decoder: Decoder,
    dag: Dag,
    failed: bool,
}

impl CarImport {
    pub(super) fn new(inner: &Arc<Inner>) -> Result<Self, StoreError> {
        Ok(Self {
            writer: PieceWriter::new(inner)?,
            decoder: Decoder::new(),
            dag: Dag::default(),
            failed: false,
        })
    }

    /// Takes the next bytes; fails as soon as they can't be part of a good CAR, and from then on always.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if self.failed {
            return Err(CarError::Failed.into());
        }
        let result = bytes.chunks(WRITE_STEP).try_for_each(|bytes| self.take(bytes));
        self.failed = result.is_err();
        result
    }

    /// How many bytes were taken.
    pub fn size(&self) -> u64 {
        self.writer.tree.size()
    }

    /// Checks that the DAG is complete and, if given, that the bytes make the `expected` piece, and stores it.
    pub fn finish(self, expected: Option<Piece>) -> Result<PieceInfo, StoreError> {
        if self.failed {
            return Err(CarError::Failed.into());
        }
        let root = self.decoder.finish()?;
        let sections = self.dag.finish(root)?;
        self.writer.finish(&[], expected, root, &sections)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.decoder.push(bytes);
        while let Some(block) = self.decoder.next_block()? {
            let links = links(block.content, &block.data)?;
            self.dag.add(block.content, links, block.offset, block.data.len())?;
        }
        self.writer.write(bytes)
    }
}

/// A piece on its way to the disk, under temporary names. Dropping it deletes the files and gives back their bytes.
struct PieceWriter {
    inner: Arc<Inner>,
    tree: TreeBuilder,
    /// There until it is finished.
    car: Option<DiskWriter>,
    car_path: TempPath,
    outboard: File,
    outboard_path: TempPath,
    /// Bytes counted in the catalog.
    reserved: u64,
}

impl PieceWriter {
    fn new(inner: &Arc<Inner>) -> Result<Self, StoreError> {
        let dir = inner.temporary();
        let (car, car_path) = NamedTempFile::new_in(&dir).map_err(io_error(&dir))?.into_parts();
        let (outboard, outboard_path) = NamedTempFile::new_in(&dir).map_err(io_error(&dir))?.into_parts();
        Ok(Self {
            inner: inner.clone(),
            tree: TreeBuilder::default(),
            car: Some(DiskWriter::new(car)),
            car_path,
            outboard,
            outboard_path,
            reserved: 0,
        })
    }

    /// Makes sure that all bytes that a piece of `size` bytes needs are counted.
    fn reserve(&mut self, size: u64) -> Result<(), StoreError> {
        let more = footprint(size).saturating_sub(self.reserved);
        if more > 0 {
            self.inner.reserve(more)?;
            self.reserved += more;
        }
        Ok(())
    }

    fn flush_parents(&mut self) -> Result<(), StoreError> {
        let parents = self.tree.take_parents();
        self.outboard.write_all(&parents).map_err(io_error(&self.outboard_path))
    }

    /// Puts `head` over the first bytes, syncs and hands over to the store.
    fn finish(
        mut self,
        head: &[u8],
        expected: Option<Piece>,
        content: ContentId,
        sections: &[Section],
    ) -> Result<PieceInfo, StoreError> {
        self.flush_parents()?;
        let finished = std::mem::take(&mut self.tree).finish(head);
        let piece = finished.piece;
        if let Some(expected) = expected.filter(|expected| *expected != piece) {
            return Err(StoreError::OtherPiece { expected, actual: piece });
        }
        let outboard_error = |error| io_error(&self.outboard_path)(error);
        self.outboard.write_all(&finished.parents).map_err(outboard_error)?;
        for (position, parent) in &finished.patches {
            self.outboard.write_all_at(*position, parent).map_err(outboard_error)?;
        }
        self.outboard.sync_all().map_err(outboard_error)?;
        let car = self.car.take().ok_or(CarError::Failed)?;
        car.finish(head).map_err(io_error(&self.car_path))?;
        let reserved = &mut self.reserved;
        self.inner.adopt((&self.car_path, &self.outboard_path), piece, content, sections, |catalog| {
            catalog.release(std::mem::take(reserved));
        })
    }
}

impl Sink for PieceWriter {
    type Error = StoreError;

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.reserve(self.tree.size() + bytes.len() as u64)?;
        self.tree.update(bytes);
        let car = self.car.as_mut().ok_or(CarError::Failed)?;
        car.write(bytes, &self.car_path).map_err(io_error(&self.car_path))?;
        if self.tree.waiting() >= PARENTS_STEP {
            self.flush_parents()?;
        }
        Ok(())
    }
}

impl Drop for PieceWriter {
    fn drop(&mut self) {
        self.inner.catalog.lock().release(self.reserved);
    }
}
