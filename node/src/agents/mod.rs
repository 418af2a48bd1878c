//! What a node does by itself for its operator.

pub mod provider;
