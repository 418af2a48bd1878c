//! Proofs that somebody can read a leaf of a piece.
