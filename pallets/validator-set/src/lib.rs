//! The validators of a network, as a session manager under governance.

#![cfg_attr(not(feature = "std"), no_std)]
