//! Storage that is paid for only when it is proven: providers, orders, proof sets, challenges and slashing.

#![cfg_attr(not(feature = "std"), no_std)]
