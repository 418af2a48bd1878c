//! What a WASI call can answer instead of succeeding, and what ends the program.

use std::io;

/// Error numbers of WASI preview 1, those that are in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u16)]
pub(crate) enum Errno {
    BadFd = 8,
    Exists = 20,
    Fault = 21,
    TooBig = 22,
    IllegalBytes = 25,
    Invalid = 28,
    IsFolder = 31,
    TooManyOpen = 33,
    NameTooLong = 37,
    NoEntry = 44,
    NotFolder = 54,
    NotEmpty = 55,
    NotSocket = 57,
    NotSupported = 58,
    Overflow = 61,
    ReadOnly = 69,
    NotSeekable = 70,
    NotCapable = 76,
}

/// What ends a program, other than a trap or its return.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// It called `proc_exit`.
    #[error("it exited with {0}")]
    Exit(i32),
    /// It used up its fuel in a call.
    #[error("it used up its fuel")]
    OutOfFuel,
    /// It wanted more memory, or more table entries, than the limit.
    #[error("it wanted {wanted} {what}, and may have {limit}")]
    OutOfMemory {
        /// Of what.
        what: &'static str,
        /// How much it wanted.
        wanted: u64,
        /// How much it may have.
        limit: u64,
    },
    /// It wrote more than the limit.
    #[error("it wrote more than {limit} bytes: {what}")]
    OutputTooLarge {
        /// What the last straw was.
        what: &'static str,
        /// How much it may write.
        limit: u64,
    },
    /// It made a call that has no answer.
    #[error("{0}")]
    Trap(&'static str),
    /// This machine failed, which says nothing about the program.
    #[error("this machine failed: {0}")]
    Host(#[from] io::Error),
}

/// Why a call didn't succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The program is told.
    Errno(Errno),
    /// The program ends.
    Stop(Stop),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// What a call gives.
pub(crate) type Answer<T> = Result<T, Failure>;
