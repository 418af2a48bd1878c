//! One pass over a folder.
use crate::PackError;
use std::{
    io::{Seek, Write},
    path::Path,
};
use stoa_primitives::{ContentId, Piece};

/// What a folder was packed into.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packed {
    /// The root folder's node.
    pub content: ContentId,
    /// The CAR.
    pub piece: Piece,
    /// The files, in the order of the walk.
    pub files: Vec<PackedFile>,
}

/// A file of a packed folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PackedFile {
    /// Path from the packed folder, with `/` between its parts.
    pub path: String,
    /// Length in bytes.
    pub size: u64,
    /// The root of the file's DAG.
    pub content: ContentId,
    /// sha2-256 of the file's bytes.
    pub sha256: [u8; 32],
}

/// Packs a folder into a CARv1 that is written to `out` from its current position on. `progress` is told how many
/// bytes of files were read so far.
pub fn pack_dir<W: Write + Seek>(
    dir: &Path,
    out: W,
    progress: &mut dyn FnMut(u64),
) -> Result<Packed, PackError> {
    let _ = (dir, out, progress);
    todo!()
}
