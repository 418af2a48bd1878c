//! What the content layer counts, as `stoa_content_*`.

use std::sync::Arc;

use polkadot_sdk::substrate_prometheus_endpoint::{
    Counter, CounterVec, Gauge, MetricSource, Opts, PrometheusError, Registry, SourcedCounter, U64, register,
};
use stoa_gateway::Metrics as GatewayMetrics;

/// The content layer's counters. Without a registry they still count, for `content_status`.
#[derive(Clone)]
pub struct ContentMetrics {
    /// Blocks handed to Bitswap.
    pub bitswap_blocks: Counter<U64>,
    /// Bytes handed to Bitswap.
    pub bitswap_bytes: Counter<U64>,
    /// Wants that neither the store nor the chain could answer.
    pub bitswap_refused: Counter<U64>,
    /// Slices that reached their peer.
    pub slices: Counter<U64>,
    /// Bytes of these slices, proofs included.
    pub slice_bytes: Counter<U64>,
    /// Slice requests that were refused, by `reason`.
    pub slices_refused: CounterVec<U64>,
    /// Slice requests that wait for their turn.
    pub slice_queue: Gauge<U64>,
    /// Slice requests that are read from disk or written to a peer.
    pub slice_active: Gauge<U64>,
    /// Fetches that ended, by `outcome`.
    pub fetches: CounterVec<U64>,
    /// Fetches under way.
    pub fetches_running: Gauge<U64>,
    /// Verified bytes that came from peers.
    pub fetched_bytes: Counter<U64>,
    /// Pieces that are announced in the chain's DHT.
    pub announced: Gauge<U64>,
    /// Times that the registry was asked whether a piece may be served.
    pub access_checks: Counter<U64>,
}

impl ContentMetrics {
    /// Makes the counters and registers them with Prometheus where the node has it.
    pub fn new(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        let counter = |name: &str, help: &str| -> Result<Counter<U64>, PrometheusError> {
            let counter = Counter::new(format!("stoa_content_{name}"), help)?;
            registry.map_or(Ok(counter.clone()), |registry| register(counter, registry))
        };
        let labelled = |name: &str, help: &str, label: &str| -> Result<CounterVec<U64>, PrometheusError> {
            let counter = CounterVec::new(Opts::new(format!("stoa_content_{name}"), help), &[label])?;
            registry.map_or(Ok(counter.clone()), |registry| register(counter, registry))
        };
        let gauge = |name: &str, help: &str| -> Result<Gauge<U64>, PrometheusError> {
            let gauge = Gauge::new(format!("stoa_content_{name}"), help)?;
            registry.map_or(Ok(gauge.clone()), |registry| register(gauge, registry))
        };
        Ok(Self {
            bitswap_blocks: counter("bitswap_blocks_total", "Blocks handed to Bitswap")?,
            bitswap_bytes: counter("bitswap_bytes_total", "Bytes handed to Bitswap")?,
            bitswap_refused: counter(
                "bitswap_refused_total",
                "Bitswap wants for blocks that aren't served here",
            )?,
            slices: counter("slices_total", "Slices that reached their peer")?,
            slice_bytes: counter(
                "slice_bytes_total",
                "Bytes of slices that reached their peer, with proofs",
            )?,
            slices_refused: labelled("slices_refused_total", "Slice requests that were refused", "reason")?,
            slice_queue: gauge("slice_queue", "Slice requests that wait for their turn")?,
            slice_active: gauge(
                "slice_active",
                "Slice requests that are read from disk or written to a peer",
            )?,
            fetches: labelled("fetches_total", "Fetches that ended", "outcome")?,
            fetches_running: gauge("fetches_running", "Fetches under way")?,
            fetched_bytes: counter("fetched_bytes_total", "Verified bytes that came from peers")?,
            announced: gauge("announced_pieces", "Pieces that are announced in the chain's DHT")?,
            access_checks: counter(
                "access_checks_total",
                "Questions to the registry about who may be served",
            )?,
        })
    }
}

/// One of the gateway's counters, by its place among them.
#[derive(Clone)]
struct GatewayCounter {
    metrics: Arc<GatewayMetrics>,
    place: usize,
}

impl MetricSource for GatewayCounter {
    type N = u64;

    fn collect(&self, mut set: impl FnMut(&[&str], u64)) {
        if let Some(counter) = self.metrics.all().nth(self.place) {
            set(&[], counter.get());
        }
    }
}

/// Registers what the gateway counts with Prometheus, as `stoa_gateway_*`.
pub fn register_gateway(metrics: &Arc<GatewayMetrics>, registry: &Registry) -> Result<(), PrometheusError> {
    for (place, counter) in metrics.all().enumerate() {
        let source = GatewayCounter { metrics: metrics.clone(), place };
        register(SourcedCounter::new(&Opts::new(counter.name(), counter.help()), source)?, registry)?;
    }
    Ok(())
}
