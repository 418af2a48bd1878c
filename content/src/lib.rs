//! Packing, verifying and storing content. No network, no Substrate, no async: callers use a blocking thread.
//!
//! **Offers**
//! - [`pack_dir`] turns a folder into a *piece* in one pass: its UnixFS DAG as a deterministic CARv1, the BLAKE3 root
//!   of that, and each file's sha2-256. The same folder gives the same bytes everywhere.
//! - [`Store`] keeps pieces on disk and hands out blocks, verified slices and possession proofs of them.
//! - [`seal`] encrypts a folder before it is packed, so that ranges of its files still open alone.
//! - [`unixfs`], [`car`] and [`slice`] are the formats, for whoever verifies content that came from elsewhere.
//!
//! **Asks**
//! - Sizes and roots of pieces come from somebody who checked them, which is the chain.
//! - The caller says who may read a piece: each starts as [`Access::Restricted`], and [`Store::block`] serves only what
//!   [`Store::set_access`] made public. `block_of`, `block_of_any` and `read_slice` don't ask.
//! - Bytes that others sent go in through [`CarImport`] or [`PieceReceive`] and nowhere else.
//!
//! **Holds**
//! - CIDs are version 1, sha2-256, raw leaves of 1 MiB, balanced with 1,024 links a node, folders never split: those of
//!   the profile `unixfs-v1-2025` of npm's `ipfs-unixfs-importer` 17 with `shardSplitThresholdBytes: Infinity`, whose
//!   leaves and width are also the defaults of Helia's `@helia/unixfs` 8. `tests/fixtures` compares them.
//! - A piece in the store is one whole DAG under one root, each block's hash checked, at most 2 MiB a block.
//! - What is handed out was checked while it was read: damage is an `Err`, `Ok(None)` is absence, never the other way.
//! - A piece appears whole and synced, or not at all; what a crash leaves is repaired or dropped by [`Store::open`] only.
//! - Pinned pieces stay; the others go, least recently used first, when the byte limit asks for room.
//! - Memory is bounded: a few blocks a stream, and about 100 bytes for each block of a piece while it is written.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (dir, model) = (tempfile::tempdir()?, tempfile::tempdir()?);
//! # std::fs::write(model.path().join("README.md"), "A model")?;
//! use stoa_content::{Access, Store, StoreOptions, text};
//!
//! let store = Store::open(dir.path(), StoreOptions { byte_limit: 10 << 30 })?;
//! let packed = store.import_dir(model.path(), &mut |_bytes| ())?;
//! store.set_access(&packed.piece.root, Access::Public)?;
//! println!("ipfs://{} in {} bytes", text(&packed.content), packed.piece.size);
//! assert!(store.block(&packed.content.digest)?.is_some());
//! # Ok(()) }
//! ```

pub mod car;
mod dag;
mod error;
pub mod pack;
pub mod seal;
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
/// Largest piece, which so many of the largest blocks make with what stands between them.
pub const MAX_PIECE_SIZE: u64 = 1 << 43;
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
