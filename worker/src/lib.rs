//! A worker: runs other people's programs for pay, so that anybody who runs them again gets the same bytes.
//!
//! - [`engine`] runs WebAssembly with WASI, bounded and deterministic. Its id names everything that a result depends on.
//! - [`run`] carries out one order in a process that does nothing else.
//! - [`service`] follows the chain: applies for jobs, runs them, commits, reveals, and survives a crash in any phase.
//!
//! **Asks** a node of the worker's own for the chain and, through its gateway, for content. It needs no trust in either
//! for a result: what comes is checked against the roots that the job names.
//!
//! **Holds**
//! - Nothing of an output leaves this machine before the commit phase is over.
//! - A result is on disk before its commitment is sent, with the salt that reveals it.
//! - A failure of this machine is never told to the chain as a result of the program.

pub mod engine;
pub mod run;
pub mod service;
