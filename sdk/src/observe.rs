//! How long work tells how far it is.

/// A stage of long work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// Files are listed and hashed, before they are encrypted.
    Survey,
    /// Files are encrypted.
    Seal,
    /// Files are read and packed.
    Pack,
    /// The piece is sent to a gateway.
    Upload,
    /// Files come from a gateway.
    Download,
    /// What is on disk is checked.
    Verify,
    /// The chain is waited for.
    Chain,
}

impl Stage {
    /// A word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Survey => "hashing",
            Self::Seal => "encrypting",
            Self::Pack => "packing",
            Self::Upload => "uploading",
            Self::Download => "downloading",
            Self::Verify => "verifying",
            Self::Chain => "waiting for the chain",
        }
    }
}

/// Is told about the progress of long work. Calls come from any thread, and must not block.
pub trait Observer: Send + Sync {
    /// A stage begins. `total` is its length in bytes, when that is known.
    fn begin(&self, stage: Stage, total: Option<u64>);
    /// So many bytes more are done.
    fn advance(&self, bytes: u64);
    /// The stage that began last is over.
    fn end(&self);
}

impl Observer for () {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}
