//! What all requests share.

use std::sync::Arc;

use stoa_content::Store;
use tokio::sync::Semaphore;

use crate::{Chain, Config, Fetch, Limits, Metrics, upload::Uploads};

pub use crate::upload::OpenError;

/// The state behind [`crate::router`].
pub struct Gateway {
    pub(crate) store: Store,
    pub(crate) chain: Arc<dyn Chain>,
    pub(crate) fetch: Arc<dyn Fetch>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) uploads: Uploads,
    pub(crate) block_reads: Arc<Semaphore>,
    pub(crate) car_streams: Arc<Semaphore>,
    pub(crate) fetches: Semaphore,
}

impl Gateway {
    /// Opens the ledger of uploads; does disk I/O, so call it before the node's loops start.
    pub fn open(
        store: Store,
        chain: Arc<dyn Chain>,
        fetch: Arc<dyn Fetch>,
        config: Config,
    ) -> Result<Arc<Self>, OpenError> {
        let Config { audience, ledger, limits } = config;
        let metrics = Arc::new(Metrics::default());
        Ok(Arc::new(Self {
            uploads: Uploads::open(audience, &ledger, &store, &limits)?,
            block_reads: Arc::new(Semaphore::new(limits.block_reads)),
            car_streams: Arc::new(Semaphore::new(limits.car_streams)),
            fetches: Semaphore::new(limits.fetches),
            store,
            chain,
            fetch,
            limits,
            metrics,
        }))
    }

    /// The counters, for the node to register.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }
}
