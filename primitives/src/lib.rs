//! Types and possession-proof maths that every part of Stoa shares.
//!
//! - [`ContentId`] names a DAG for the IPFS world; [`Piece`] names the CARv1 bytes that hold it.
//! - [`registry`] has the ids and records that the registry keeps and clients read.
//! - [`possession`] proves and verifies that somebody can read a leaf of a piece.
//!
//! No FRAME, no storage, no I/O; `no_std`.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod content;
pub mod possession;
pub mod registry;

pub use content::{Codec, ContentId, LEAF_SIZE, Piece, PieceRoot};
