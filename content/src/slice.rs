//! Verified ranges of a piece.
use crate::SliceError;
use bytes::Bytes;
use std::ops::Range;
use stoa_primitives::Piece;

/// Verifies an encoded slice and calls `leaf` with each verified stretch of bytes and its offset in the piece.
pub fn decode(
    piece: &Piece,
    range: Range<u64>,
    encoded: &[u8],
    leaf: &mut dyn FnMut(u64, Bytes),
) -> Result<(), SliceError> {
    let _ = (piece, range, encoded, leaf);
    todo!()
}

/// How many bytes the encoding of a range takes, so that a reader can bound what it accepts.
pub fn encoded_size(piece: &Piece, range: Range<u64>) -> Result<u64, SliceError> {
    let _ = (piece, range);
    todo!()
}
