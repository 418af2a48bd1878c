//! Compute jobs: workers, assignment, commit and reveal, settlement and certificates.

#![cfg_attr(not(feature = "std"), no_std)]
