//! How content is named.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Bytes in a leaf, which is a BLAKE3 chunk.
pub const LEAF_SIZE: u64 = 1024;

/// BLAKE3 hash of a piece's bytes.
pub type PieceRoot = [u8; 32];

/// The multicodec of the root block of a DAG.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    Hash,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Deserialize, serde::Serialize))]
pub enum Codec {
    /// `raw`, 0x55: a file of one block.
    Raw,
    /// `dag-pb`, 0x70: a folder, or a file of several blocks.
    DagPb,
}

/// A CIDv1 with a sha2-256 multihash, the only kind that the chain keeps.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    Hash,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Deserialize, serde::Serialize))]
pub struct ContentId {
    /// What the root block is.
    pub codec: Codec,
    /// The root block's sha2-256 digest.
    pub digest: [u8; 32],
}

impl ContentId {
    /// The 36 bytes of the binary CID: version, codec, hash code, hash length, digest.
    pub fn to_bytes(&self) -> [u8; 36] {
        let codec = match self.codec {
            Codec::Raw => 0x55,
            Codec::DagPb => 0x70,
        };
        let mut bytes = [0; 36];
        let (head, digest) = bytes.split_at_mut(4);
        head.copy_from_slice(&[0x01, codec, 0x12, 0x20]);
        digest.copy_from_slice(&self.digest);
        bytes
    }

    /// Reads a binary CID; `None` when it isn't a CIDv1 of a raw or dag-pb block under sha2-256.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, digest) = bytes.split_first_chunk::<4>()?;
        let codec = match head {
            [0x01, 0x55, 0x12, 0x20] => Codec::Raw,
            [0x01, 0x70, 0x12, 0x20] => Codec::DagPb,
            _ => return None,
        };
        Some(Self { codec, digest: digest.try_into().ok()? })
    }
}

/// The CARv1 bytes of a revision.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    Hash,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Deserialize, serde::Serialize))]
pub struct Piece {
    /// BLAKE3 hash of the bytes.
    pub root: PieceRoot,
    /// Length in bytes.
    pub size: u64,
}

impl Piece {
    /// How many leaves the bytes make; the last one may be short.
    pub const fn leaves(&self) -> u64 {
        self.size.div_ceil(LEAF_SIZE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_id_encoding_is_frozen() {
        let id = ContentId { codec: Codec::DagPb, digest: [7; 32] };
        assert_eq!(id.encode()[0], 1);
        assert_eq!(id.encode().len(), 33);
        assert_eq!(ContentId::from_bytes(&id.to_bytes()), Some(id));
    }

    #[test]
    fn content_id_refuses_other_cids() {
        let id = ContentId { codec: Codec::Raw, digest: [7; 32] };
        let mut other_hash = id.to_bytes();
        other_hash[2] = 0x1e;
        assert_eq!(ContentId::from_bytes(&other_hash), None);
        assert_eq!(ContentId::from_bytes(&id.to_bytes()[..35]), None);
        assert_eq!(ContentId::from_bytes(&[]), None);
    }

    #[test]
    fn leaves_round_up() {
        for (size, leaves) in [(0, 0), (1, 1), (1024, 1), (1025, 2), (u64::MAX, 1 << 54)] {
            assert_eq!(Piece { root: [0; 32], size }.leaves(), leaves);
        }
    }
}
