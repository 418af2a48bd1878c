//! The protocol's name, its messages and its limits.

use std::{ops::Range, time::Duration};

use codec::{Decode, Encode};
use stoa_content::GROUP_SIZE;
use stoa_primitives::{Piece, PieceRoot};

/// The protocol's name on the wire, with its version.
pub const PROTOCOL_NAME: &str = "/stoa/slice/1";
/// Most bytes of a piece in one answer.
pub const MAX_SLICE: u64 = 1 << 20;
/// Longest encoded request.
pub const MAX_REQUEST_SIZE: u64 = 64;
/// Longest encoded answer: a slice, and room for the hashes that prove it.
pub const MAX_RESPONSE_SIZE: u64 = MAX_SLICE + (64 << 10);
/// Time from sending a request to having its whole answer.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

const _: () = assert!(MAX_SLICE <= stoa_content::MAX_SLICE_SIZE && MAX_SLICE.is_multiple_of(GROUP_SIZE));

/// What a peer asks for.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq)]
pub enum SliceRequest {
    /// Bytes `start .. start + len` of a piece: whole 16 KiB groups, but for the piece's end.
    #[codec(index = 1)]
    V1 {
        /// The piece's BLAKE3 root.
        root: PieceRoot,
        /// The piece's length.
        size: u64,
        /// First byte.
        start: u64,
        /// How many bytes; at most [`MAX_SLICE`].
        len: u32,
    },
}

/// What it gets.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
pub enum SliceResponse {
    /// The bytes with their proof, as [`stoa_content::Store::read_slice`] encodes them.
    #[codec(index = 0)]
    Slice(Vec<u8>),
    /// Nothing, and why.
    #[codec(index = 1)]
    Refused(Refusal),
}

/// Why a peer gets nothing.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq)]
pub enum Refusal {
    /// The piece isn't here, or isn't for this peer; it isn't told which.
    #[codec(index = 0)]
    Absent,
    /// Too much is asked at once: try again in a while.
    #[codec(index = 1)]
    Busy,
    /// The range isn't whole groups inside the piece, or is too long.
    #[codec(index = 2)]
    Range,
}

impl Refusal {
    /// The reason as a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Busy => "busy",
            Self::Range => "range",
        }
    }
}

impl SliceRequest {
    /// A request for a range; `None` when the range is longer than the protocol can say.
    pub fn new(piece: &Piece, range: &Range<u64>) -> Option<Self> {
        let len = u32::try_from(range.end.checked_sub(range.start)?).ok()?;
        Some(Self::V1 { root: piece.root, size: piece.size, start: range.start, len })
    }

    /// The piece.
    pub fn piece(&self) -> Piece {
        let Self::V1 { root, size, .. } = *self;
        Piece { root, size }
    }

    /// The range, if it is one that may be asked for.
    pub fn range(&self) -> Option<Range<u64>> {
        let Self::V1 { size, start, len, .. } = *self;
        let end = start.checked_add(len.into())?;
        let whole_groups =
            start.is_multiple_of(GROUP_SIZE) && (end.is_multiple_of(GROUP_SIZE) || end == size);
        (len > 0 && u64::from(len) <= MAX_SLICE && end <= size && whole_groups).then_some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(size: u64, start: u64, len: u32) -> SliceRequest {
        SliceRequest::V1 { root: [7; 32], size, start, len }
    }

    #[test]
    fn encodings_are_frozen_and_within_their_limits() {
        let longest = request(u64::MAX, u64::MAX, u32::MAX).encode();
        assert_eq!((longest[0], longest.len()), (1, 53));
        assert!(longest.len() as u64 <= MAX_REQUEST_SIZE);
        assert_eq!(SliceResponse::Refused(Refusal::Busy).encode(), [1, 1]);
        assert_eq!(SliceResponse::Slice(vec![9]).encode(), [0, 4, 9]);
    }

    #[test]
    fn ranges_are_whole_groups_inside_the_piece() {
        let group = GROUP_SIZE as u32;
        assert_eq!(request(100_000, 0, group).range(), Some(0..16_384));
        assert_eq!(request(100_000, 98_304, 1_696).range(), Some(98_304..100_000));
        assert_eq!(request(4 << 20, 1 << 20, 1 << 20).range(), Some(1 << 20..2 << 20));
        for bad in [
            request(100_000, 0, 0),
            request(100_000, 1, group),
            request(100_000, 0, group + 1),
            request(100_000, 98_304, group),
            request(100_000, 114_688, group),
            request(4 << 20, 0, (1 << 20) + group),
            request(u64::MAX, u64::MAX - GROUP_SIZE + 1, u32::MAX),
        ] {
            assert_eq!(bad.range(), None, "{bad:?}");
        }
    }
}
