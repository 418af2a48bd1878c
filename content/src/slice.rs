//! Verified ranges of a piece.
//!
//! A slice is what `bao-tree` encodes for a range of 16 KiB groups: the parents above it in pre-order, without a size
//! prefix, and the groups' bytes. Whoever has the piece's root and size verifies it group by group.

use std::{io, ops::Range};

use bao_tree::{
    ChunkNum, ChunkRanges,
    io::{BaoContentItem, DecodeError, sync::DecodeResponseIter},
    iter::BaoChunk,
};
use bytes::Bytes;
use stoa_primitives::{LEAF_SIZE, Piece};

use crate::{
    GROUP_SIZE, MAX_PIECE_SIZE, MAX_SLICE_SIZE, SliceError,
    tree::{PARENT, geometry},
};

/// Verifies an encoded slice and calls `leaf` with each verified stretch of bytes and its offset in the piece. What
/// was passed to `leaf` before an error is verified as well.
pub fn decode(
    piece: &Piece,
    range: Range<u64>,
    encoded: &[u8],
    leaf: &mut dyn FnMut(u64, Bytes),
) -> Result<(), SliceError> {
    decode_items(piece, range, encoded, &mut |item| {
        if let BaoContentItem::Leaf(found) = item {
            leaf(found.offset, found.data);
        }
        Ok(())
    })
}

/// How many bytes the slice of a range takes, exactly: a reader needs to take no more.
pub fn encoded_size(piece: &Piece, range: Range<u64>) -> Result<u64, SliceError> {
    let ranges = chunk_ranges(piece, &range)?;
    let tree = geometry(piece.size);
    Ok(tree
        .ranges_pre_order_chunks_iter_ref(&ranges, 0)
        .map(|chunk| match chunk {
            BaoChunk::Parent { .. } => PARENT,
            BaoChunk::Leaf { size, .. } => size as u64,
        })
        .sum())
}

/// Cuts a range of whole groups into parts of at most `size` bytes, rounded down to whole groups, for several peers
/// or several requests.
pub fn split(range: Range<u64>, size: u64) -> impl Iterator<Item = Range<u64>> {
    let step = (size / GROUP_SIZE).max(1) * GROUP_SIZE;
    let mut start = range.start;
    std::iter::from_fn(move || {
        let end = start.saturating_add(step).min(range.end);
        let part = (start < end).then_some(start..end);
        start = end;
        part
    })
}

/// Checks that a range may be asked for and turns it into BLAKE3 chunks.
pub(crate) fn chunk_ranges(piece: &Piece, range: &Range<u64>) -> Result<ChunkRanges, SliceError> {
    if piece.size > MAX_PIECE_SIZE {
        return Err(SliceError::PieceTooLarge(piece.size));
    }
    let whole = |byte: u64| byte.is_multiple_of(GROUP_SIZE);
    if range.start >= range.end
        || range.end > piece.size
        || !whole(range.start)
        || !(whole(range.end) || range.end == piece.size)
    {
        return Err(SliceError::Range { start: range.start, end: range.end, size: piece.size });
    }
    if range.end - range.start > MAX_SLICE_SIZE {
        return Err(SliceError::TooLong(range.end - range.start));
    }
    Ok(ChunkRanges::from(ChunkNum(range.start / LEAF_SIZE)..ChunkNum(range.end.div_ceil(LEAF_SIZE))))
}

/// As [`decode`], with the parents as well.
pub(crate) fn decode_items(
    piece: &Piece,
    range: Range<u64>,
    mut encoded: &[u8],
    take: &mut dyn FnMut(BaoContentItem) -> Result<(), SliceError>,
) -> Result<(), SliceError> {
    let ranges = chunk_ranges(piece, &range)?;
    let decoder = DecodeResponseIter::new(piece.root.into(), geometry(piece.size), &mut encoded, &ranges);
    for item in decoder {
        let item = item.map_err(|error| match error {
            DecodeError::ParentNotFound(_) | DecodeError::LeafNotFound(_) => SliceError::Truncated,
            DecodeError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => SliceError::Truncated,
            error => SliceError::Mismatch(io::Error::from(error).to_string()),
        })?;
        take(item)?;
    }
    if encoded.is_empty() { Ok(()) } else { Err(SliceError::Trailing) }
}
