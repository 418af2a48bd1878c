//! Listings, licences, access grants and sealed keys.

#![cfg_attr(not(feature = "std"), no_std)]
