//! Communities that own things together and vote with members or royalty shares.

#![cfg_attr(not(feature = "std"), no_std)]
