//! The BLAKE3 tree.
