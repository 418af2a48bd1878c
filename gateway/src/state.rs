//! What all requests share.

use std::sync::Arc;

use stoa_content::Store;
use tokio::sync::Semaphore;

use crate::{
    Chain, Config, Fetch, Limits, Metrics,
    token::{RevokedError, Tokens},
    upload::{OpenError, Uploads},
};

/// The gateway can't start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayOpenError {
    /// The table of uploads can't be opened.
    #[error(transparent)]
    Uploads(#[from] OpenError),
    /// The table of revoked tokens can't be opened.
    #[error(transparent)]
    Tokens(#[from] RevokedError),
}

/// The state behind [`crate::router`].
pub struct Gateway {
    pub(crate) store: Store,
    pub(crate) chain: Arc<dyn Chain>,
    pub(crate) fetch: Arc<dyn Fetch>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) uploads: Uploads,
    pub(crate) tokens: Tokens,
    pub(crate) block_reads: Arc<Semaphore>,
    pub(crate) car_streams: Arc<Semaphore>,
    pub(crate) fetches: Semaphore,
}

impl Gateway {
    /// Opens the tables of uploads and of revoked tokens; does disk I/O, so call it before the node's loops start.
    pub fn open(
        store: Store,
        chain: Arc<dyn Chain>,
        fetch: Arc<dyn Fetch>,
        config: Config,
    ) -> Result<Arc<Self>, GatewayOpenError> {
        let Config { audience, ledger, tokens, limits } = config;
        let metrics = Arc::new(Metrics::default());
        Ok(Arc::new(Self {
            tokens: Tokens::open(audience.clone(), &tokens)?,
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
