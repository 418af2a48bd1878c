//! The protocol's name, its messages and its limits.

use std::{ops::Range, time::Duration};

use codec::{Compact, Decode, DecodeAll, Encode};
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

impl SliceResponse {
    /// What an encoded answer with a slice of that length begins with; the slice follows, and nothing else. Answers are
    /// a MiB long and come by the thousand, so they are neither written nor read by way of a copy.
    pub fn head(len: usize) -> Vec<u8> {
        let mut head = Vec::with_capacity(len.saturating_add(5));
        head.push(0);
        Compact(u32::try_from(len).unwrap_or(u32::MAX)).encode_to(&mut head);
        head
    }

    /// The slice inside an encoded answer, where it lies.
    pub fn open(answer: &[u8]) -> Result<Result<&[u8], Refusal>, codec::Error> {
        let Some((0, mut slice)) = answer.split_first() else {
            return match Self::decode_all(&mut &*answer)? {
                Self::Refused(refusal) => Ok(Err(refusal)),
                Self::Slice(_) => Err("a slice begins with 0".into()),
            };
        };
        let Compact(len) = Compact::<u32>::decode(&mut slice)?;
        match usize::try_from(len) == Ok(slice.len()) {
            true => Ok(Ok(slice)),
            false => Err("the slice is shorter or longer than it says".into()),
        }
    }
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
    fn answers_are_written_and_read_in_place_as_the_codec_does_it() {
        for len in [0, 1, 63, 64, 16_383, 16_384, 1 << 20] {
            let slice = vec![7; len];
            let answer = SliceResponse::Slice(slice.clone()).encode();
            assert_eq!([SliceResponse::head(len), slice.clone()].concat(), answer);
            assert_eq!(SliceResponse::open(&answer), Ok(Ok(slice.as_slice())));
            assert!(SliceResponse::open(&[answer.as_slice(), &[0]].concat()).is_err());
            assert!(SliceResponse::open(answer.split_last().unwrap().1).is_err());
        }
        for refusal in [Refusal::Absent, Refusal::Busy, Refusal::Range] {
            let answer = SliceResponse::Refused(refusal).encode();
            assert_eq!(SliceResponse::open(&answer), Ok(Err(refusal)));
            assert!(SliceResponse::open(&[answer.as_slice(), &[0]].concat()).is_err());
        }
        for bad in [&[][..], &[0], &[1], &[1, 3], &[2], &[0, 0xff, 0xff, 0xff]] {
            assert!(SliceResponse::open(bad).is_err(), "{bad:?}");
        }
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
