//! Packing, verifying and storing content. No network, no Substrate, no async.
//!
//! - [`pack_dir`] turns a folder into a *piece* in one pass: the UnixFS DAG as a CARv1 file, its BLAKE3 root, and
//!   each file's sha2-256.
//! - [`Store`] keeps pieces and hands out blocks, verified slices and possession proofs of them.
//! - [`unixfs`], [`car`] and [`slice`] are the formats, for whoever verifies content that came from elsewhere.

pub mod car;
mod dag;
mod error;
pub mod pack;
pub mod slice;
pub mod store;
mod tree;
pub mod unixfs;

pub use cid::Cid;
pub use error::{CarError, NodeError, PackError, SliceError, StoreError};
pub use pack::{Packed, PackedFile, pack_dir};
pub use stoa_primitives::{Codec, ContentId, LEAF_SIZE, Piece, PieceRoot, possession};
pub use store::{Access, CarImport, PieceInfo, PieceReceive, Stats, Store, StoreOptions};

/// Bytes in a leaf of a file's DAG.
pub const BLOCK_SIZE: usize = 1 << 20;
/// Largest block that is taken, which is what Bitswap and Helia take.
pub const MAX_BLOCK_SIZE: usize = 2 << 20;
/// Most blocks in a piece.
pub const MAX_BLOCKS: usize = 2 << 20;
/// Deepest folder that is packed.
pub const MAX_DEPTH: usize = 128;
/// Bytes in a group, the smallest unit of verified transfer.
pub const GROUP_SIZE: u64 = 16 << 10;
/// Most bytes that one slice may hold, without its proof.
pub const MAX_SLICE_SIZE: u64 = 16 << 20;

/// The CID as text, in base32 as gateways write it.
pub fn text(content: &ContentId) -> String {
    cid(content).to_string()
}

/// The CID in the form of the `cid` crate.
pub fn cid(content: &ContentId) -> Cid {
    let codec = match content.codec {
        Codec::Raw => 0x55,
        Codec::DagPb => 0x70,
    };
    let hash = multihash::Multihash::wrap(0x12, &content.digest).expect("32 bytes fit into 64; qed");
    Cid::new_v1(codec, hash)
}

/// Reads a CID; `None` when it isn't a CIDv1 of a raw or dag-pb block under sha2-256.
pub fn content_id(cid: &Cid) -> Option<ContentId> {
    ContentId::from_bytes(&cid.to_bytes())
}

/// Reads a CID from text, in any base.
pub fn parse_cid(text: &str) -> Option<ContentId> {
    content_id(&text.parse().ok()?)
}
