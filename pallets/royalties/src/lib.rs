//! Shares of an asset's earnings, terms between assets, and payments that reach upstream.

#![cfg_attr(not(feature = "std"), no_std)]
