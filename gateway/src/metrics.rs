//! Counters for the node to register with Prometheus. They only ever grow.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that grows, with the name and help text of a Prometheus counter.
#[derive(Debug)]
pub struct Counter {
    name: &'static str,
    help: &'static str,
    value: AtomicU64,
}

impl Counter {
    const fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help, value: AtomicU64::new(0) }
    }

    /// Name, as Prometheus wants it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it counts.
    pub fn help(&self) -> &'static str {
        self.help
    }

    /// Its value now.
    pub fn get(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, by: u64) {
        self.value.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }
}

macro_rules! metrics {
    ($($field:ident: $help:literal,)*) => {
        /// What the gateway counts.
        #[derive(Debug)]
        pub struct Metrics {
            $(#[doc = $help] pub $field: Counter,)*
        }

        impl Default for Metrics {
            fn default() -> Self {
                Self {
                    $($field: Counter::new(concat!("stoa_gateway_", stringify!($field), "_total"), $help),)*
                }
            }
        }

        impl Metrics {
            /// All counters, to register them.
            pub fn all(&self) -> impl Iterator<Item = &Counter> {
                [$(&self.$field,)*].into_iter()
            }
        }
    };
}

metrics! {
    block_requests: "Requests for a single block.",
    car_requests: "Requests for a CAR stream.",
    blocks_served: "Blocks handed to clients, alone or in a CAR.",
    bytes_served: "Bytes of these blocks.",
    reads_not_found: "Reads of content that isn't here.",
    reads_refused: "Reads turned away because too many were running.",
    streams_cut: "CAR streams cut because a block was missing, damaged or withdrawn.",
    fetches: "Attempts to bring content here for a reader.",
    fetches_failed: "Such attempts that brought nothing.",
    routing_requests: "Requests for providers.",
    challenges: "Upload challenges handed out.",
    uploads_stored: "Uploads that ended with a stored piece.",
    uploads_refused: "Uploads turned away or broken off.",
    upload_bytes: "Bytes of CARs taken in, kept or not.",
    hub_requests: "Requests to the Hugging Face API.",
    hub_limited: "Such requests turned away because their address sent too many.",
    hub_files: "Files, whole or in part, handed out by it.",
    hub_bytes: "Bytes of these files.",
}
