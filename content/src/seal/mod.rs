//! Sealed folders: encrypted before they are packed, so that whoever holds the bytes and not the key learns nothing
//! but how many files there are and how long each one is.
//!
//! A [`Manifest`] lists a folder; [`seal_dir`] writes its sealed form into another folder, which is packed and published
//! as any folder is. [`Manifest::open`] and [`FileOpener`] undo it, frame by frame and from any frame on.
//!
//! # Format
//! Strings are ASCII without a final zero; `‖` joins bytes; `LE` is little-endian; `derive(c, m)` is BLAKE3's key
//! derivation with context `c` over `m`, of which as many bytes are taken as are needed.
//!
//! ```text
//! content key       K = 32 random bytes, used for one folder
//! sealed folder     `sealed-manifest`, and file number n of the manifest as `{n / 1000:04}/{n % 1000:03}`
//! sealed file       header (64) ‖ frames
//! header            lead (32) ‖ check (32)
//! lead              "StoaSeal" (8) ‖ scheme (1) ‖ role (1) ‖ id (22)
//! scheme            1: what this page says
//! role              0: a file; 1: the manifest
//! id                derive("Stoa seal 1: id", K ‖ role ‖ path length as u32 LE ‖ path ‖ sha2-256 of the plain bytes)
//! check             derive("Stoa seal 1: check", K ‖ lead)
//! frame key         derive("Stoa seal 1: frames", K ‖ lead)
//! plain frame       65,536 bytes, the last one fewer; an empty file has one frame of no bytes, no other file has
//! frame n           XChaCha20-Poly1305(frame key, nonce n, no associated data, plain frame) = ciphertext ‖ tag (16)
//! nonce n           n as u64 LE (8) ‖ 1 in the last frame and 0 before it (1) ‖ 0 (15)
//! manifest          DAG-CBOR of [[[path, size, sha2-256], …], [folder with nothing in it, …]], both in the order of
//!                   their paths' bytes; its own path, for its id, is empty
//! ```
//!
//! The last frame's nonce says that it is the last, so a file that was cut at a frame's end doesn't open. Every file has
//! frame keys of its own, so no frame opens in another file; and a file's place, name and plain bytes are in its id, so
//! no file opens at another's place. The same folder and key give the same sealed bytes everywhere: who has the key
//! checks a plain folder by sealing it again.
//!
//! XChaCha20-Poly1305 alone would let somebody make bytes that open under two keys; `check` doesn't.

mod folder;
mod frames;
mod manifest;

pub use folder::{place, seal_dir, survey};
pub use frames::{FRAME_SIZE, FileOpener, Frames, HEADER_SIZE, Reader, SEALED_FRAME_SIZE, sealed_size};
pub use manifest::{MANIFEST, Manifest, PlainFile};

use std::{fmt, io, path::PathBuf};
use zeroize::Zeroizing;

use crate::PackError;

/// What opens a sealed folder. It is wiped from memory when it is dropped, and never shown.
pub struct ContentKey(Zeroizing<[u8; 32]>);

impl ContentKey {
    /// The key of these bytes, which must be random and used for one folder only.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ContentKey(…)")
    }
}

/// Why a folder can't be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It can't be read, or holds what can't be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// More than a manifest takes.
    #[error(
        "the folder has too many files, or too long paths, for one manifest: publish it in several parts"
    )]
    TooLarge,
    /// The sealed form can't be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why sealed bytes don't open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No header of ours.
    #[error("`{0}` isn't a sealed file")]
    NotSealed(String),
    /// A scheme of the future.
    #[error("`{path}` is sealed by scheme {scheme}, and this program knows scheme 1 only: use a newer one")]
    Scheme {
        /// The file.
        path: String,
        /// The scheme's number.
        scheme: u8,
    },
    /// The key isn't the one that it was sealed with.
    #[error("the key doesn't open `{0}`: it belongs to another revision, or the file's head was changed")]
    WrongKey(String),
    /// The file belongs to another place.
    #[error("`{0}` was put in the place of another file")]
    WrongPlace(String),
    /// The file hasn't the length that the manifest says.
    #[error("`{path}` has {actual} sealed bytes where {expected} belong: it was cut or added to")]
    Length {
        /// The file.
        path: String,
        /// What it has.
        actual: u64,
        /// What it should have.
        expected: u64,
    },
    /// A frame isn't what was sealed there.
    #[error("frame {frame} of `{path}` isn't what was sealed there: it was changed, moved or cut")]
    Frame {
        /// The file.
        path: String,
        /// The frame, from 0.
        frame: u64,
    },
    /// A range beyond the file's end.
    #[error("bytes {start} to {end} don't lie in `{path}`, which has {size}")]
    Range {
        /// The file.
        path: String,
        /// The first byte.
        start: u64,
        /// The byte after the last.
        end: u64,
        /// The file's length.
        size: u64,
    },
    /// The manifest opens, and isn't one.
    #[error("the manifest can't be used: {0}")]
    Manifest(&'static str),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}
