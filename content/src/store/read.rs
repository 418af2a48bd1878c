//! Reading, with everything checked before it is handed out.

use std::{fs::File, io, ops::Range, path::Path};

use bao_tree::io::{
    EncodeError,
    outboard::PostOrderOutboard,
    sync::{ReadAt, encode_ranges_validated},
};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use stoa_primitives::{
    Codec, ContentId, LEAF_SIZE, Piece, PieceRoot,
    possession::{LeafProof, prove_in_subtree, verify},
};

use super::{Inner, PieceInfo, index::Place, io_error};
use crate::{
    GROUP_SIZE, StoreError,
    car::{MAX_SECTION_HEAD, section_head},
    slice,
    tree::{PARENT, Stretch, geometry, path_to_group},
};

/// From this length on, blocks are checked by the piece's tree. Below it sha2-256 over the block alone costs less than
/// its neighbours in their groups.
const COVERED_BLOCK: u32 = 64 << 10;

impl Inner {
    /// A block of a piece that `allowed` lets through. One good copy is enough.
    pub(super) fn block(
        &self,
        digest: &[u8; 32],
        allowed: impl Fn(&PieceInfo) -> bool,
    ) -> Result<Option<Bytes>, StoreError> {
        let mut failure = None;
        for place in self.index.places(digest)? {
            let Some(info) = self.catalog.lock().get(&place.root).filter(&allowed) else { continue };
            match self.read_block(digest, &place, &info.piece) {
                Ok(Some(block)) => return Ok(Some(block)),
                Ok(None) => {}
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    pub(super) fn block_of(&self, root: &PieceRoot, digest: &[u8; 32]) -> Result<Option<Bytes>, StoreError> {
        let Some(place) = self.index.place(root, digest)? else { return Ok(None) };
        let Some(info) = self.catalog.lock().get(root) else { return Ok(None) };
        self.read_block(digest, &place, &info.piece)
    }

    pub(super) fn has_block(
        &self,
        digest: &[u8; 32],
        allowed: impl Fn(&PieceInfo) -> bool,
    ) -> Result<bool, StoreError> {
        let places = self.index.places(digest)?;
        let catalog = self.catalog.lock();
        Ok(places.iter().any(|place| catalog.get(&place.root).is_some_and(|info| allowed(&info))))
    }

    fn read_block(
        &self,
        digest: &[u8; 32],
        place: &Place,
        piece: &Piece,
    ) -> Result<Option<Bytes>, StoreError> {
        let path = self.car(&place.root);
        let Some(file) = self.open_piece(&place.root, &path)? else { return Ok(None) };
        let mut block = vec![0; place.len as usize];
        read_exact_at(&file, &path, place.offset, &mut block)?;
        let covered = place.len >= COVERED_BLOCK && self.is_covered(digest, place, piece, &file, &block);
        if !covered && Sha256::digest(&block).as_slice() != digest {
            return Err(damaged(&path, "a block doesn't hash to its CID"));
        }
        self.catalog.lock().touch(&place.root);
        Ok(Some(block.into()))
    }

    /// Whether the piece's root covers a block together with the CID that stands before it in the CAR. The two were
    /// compared when the piece came in, so the block is the one that its digest names, and BLAKE3 over it and its
    /// neighbours in their groups takes a fraction of sha2-256's time. A false may be due to a neighbour or the outboard.
    fn is_covered(&self, digest: &[u8; 32], place: &Place, piece: &Piece, car: &File, block: &[u8]) -> bool {
        let read = || {
            let end = place.offset.checked_add(block.len() as u64)?;
            let start = place.offset.checked_sub(MAX_SECTION_HEAD)? / GROUP_SIZE * GROUP_SIZE;
            let rest = end.next_multiple_of(GROUP_SIZE).min(piece.size).checked_sub(end)?;
            let mut before = vec![0; usize::try_from(place.offset - start).ok()?];
            let mut after = vec![0; usize::try_from(rest).ok()?];
            car.read_exact_at(start, &mut before).ok()?;
            car.read_exact_at(end, &mut after).ok()?;
            let named = [Codec::Raw, Codec::DagPb].iter().any(|codec| {
                before.ends_with(&section_head(&ContentId { codec: *codec, digest: *digest }, block.len()))
            });
            let stretch = Stretch { start, parts: &[&before, block, &after] };
            let outboard = File::open(self.outboard(&place.root)).ok()?;
            Some(named && stretch.is_of(piece, &outboard).ok()?)
        };
        read().unwrap_or(false)
    }

    pub(super) fn read_slice(
        &self,
        root: &PieceRoot,
        range: Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        let Some(info) = self.catalog.lock().get(root) else { return Ok(false) };
        let piece = info.piece;
        let bad = |error: crate::SliceError| StoreError::BadSlice(error.to_string());
        let ranges = slice::chunk_ranges(&piece, &range).map_err(bad)?;
        let size = slice::encoded_size(&piece, range).map_err(bad)?;
        let (car, outboard) = (self.car(root), self.outboard(root));
        let Some(data) = self.open_piece(root, &car)? else { return Ok(false) };
        let Some(parents) = self.open_piece(root, &outboard)? else { return Ok(false) };
        let parents = PostOrderOutboard { root: (*root).into(), tree: geometry(piece.size), data: parents };
        let before = out.len();
        out.reserve_exact(usize::try_from(size).unwrap_or_default());
        let encoded = encode_ranges_validated(data, parents, &ranges, &mut *out);
        if encoded.is_err() {
            out.truncate(before);
        }
        match encoded {
            Ok(()) => {
                self.catalog.lock().touch(root);
                Ok(true)
            }
            Err(EncodeError::ParentHashMismatch(_)) => {
                Err(damaged(&outboard, "the tree doesn't hash to the root"))
            }
            Err(EncodeError::LeafHashMismatch(chunk)) => {
                Err(damaged(&car, &format!("the group at byte {} doesn't hash", chunk.to_bytes())))
            }
            Err(EncodeError::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(damaged(&car, "it is too short"))
            }
            Err(EncodeError::Io(error)) => Err(io_error(&car)(error)),
            Err(error) => Err(damaged(&car, &error.to_string())),
        }
    }

    pub(super) fn prove_leaf(&self, root: &PieceRoot, index: u64) -> Result<Option<LeafProof>, StoreError> {
        let Some(info) = self.catalog.lock().get(root) else { return Ok(None) };
        let piece = info.piece;
        if index >= piece.leaves() {
            return Ok(None);
        }
        let (car, outboard) = (self.car(root), self.outboard(root));
        let Some(data) = self.open_piece(root, &car)? else { return Ok(None) };
        let Some(parents) = self.open_piece(root, &outboard)? else { return Ok(None) };

        let group = index / (GROUP_SIZE / LEAF_SIZE);
        let start = group * GROUP_SIZE;
        let mut bytes = vec![0; (piece.size - start).min(GROUP_SIZE) as usize];
        read_exact_at(&data, &car, start, &mut bytes)?;
        let mut proof = prove_in_subtree(start / LEAF_SIZE, &bytes, index)
            .ok_or_else(|| damaged(&car, "it has no such leaf"))?;
        for (position, right_turn) in path_to_group(piece.size, group).into_iter().rev() {
            let mut sibling = [0; 32];
            let half = if right_turn { 0 } else { PARENT / 2 };
            read_exact_at(&parents, &outboard, position + half, &mut sibling)?;
            proof.path.push(sibling);
        }
        verify(&piece, index, &proof).map_err(|_| damaged(&car, "a leaf doesn't verify against the root"))?;
        self.catalog.lock().touch(root);
        Ok(Some(proof))
    }

    /// Opens a file of a piece; `None` when the piece has gone meanwhile.
    fn open_piece(&self, root: &PieceRoot, path: &Path) -> Result<Option<File>, StoreError> {
        match File::open(path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.catalog.lock().get(root) {
                Some(_) => Err(damaged(path, "it is missing")),
                None => Ok(None),
            },
            Err(error) => Err(io_error(path)(error)),
        }
    }
}

pub(super) fn damaged(path: &Path, what: &str) -> StoreError {
    StoreError::Damaged { path: path.into(), what: what.into() }
}

fn read_exact_at(file: &File, path: &Path, offset: u64, buffer: &mut [u8]) -> Result<(), StoreError> {
    ReadAt::read_exact_at(file, offset, buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged(path, "it is too short"),
        _ => io_error(path)(error),
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::FileExt};

    use super::super::{Store, StoreOptions};

    #[test]
    fn whole_blocks_are_covered_and_changed_or_misnamed_ones_are_not() {
        let (dir, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let bytes: Vec<u8> = (0..2_500_000u32).map(|at| (at % 251) as u8 ^ (at >> 14) as u8).collect();
        fs::write(source.path().join("file"), &bytes).unwrap();
        let store = Store::open(dir.path(), StoreOptions { byte_limit: 1 << 30 }).unwrap();
        let piece = store.import_dir(source.path(), &mut |_| ()).unwrap().piece;
        let inner = &store.inner;
        let path = inner.car(&piece.root);
        let car = fs::File::options().read(true).write(true).open(&path).unwrap();
        let blocks: Vec<_> =
            crate::car::Reader::new(fs::File::open(&path).unwrap()).map(Result::unwrap).collect();
        assert_eq!(blocks.len(), 5);
        for block in &blocks {
            let place = inner.index.place(&piece.root, &block.content.digest).unwrap().unwrap();
            let covered = |digest| inner.is_covered(digest, &place, &piece, &car, &block.data);
            assert!(covered(&block.content.digest));
            assert!(!covered(&[7; 32]));
            // The CID in the CAR, and the neighbours that share its groups.
            for at in [place.offset - 1, place.offset - 40, place.offset + u64::from(place.len)] {
                let mut byte = [0];
                if at < piece.size {
                    car.read_exact_at(&mut byte, at).unwrap();
                    car.write_all_at(&[byte[0] ^ 1], at).unwrap();
                    assert!(!covered(&block.content.digest), "{at}");
                    car.write_all_at(&byte, at).unwrap();
                }
            }
            assert!(covered(&block.content.digest));
            let mut changed = block.data.to_vec();
            changed[0] ^= 1;
            assert!(!inner.is_covered(&block.content.digest, &place, &piece, &car, &changed));
        }
    }
}
