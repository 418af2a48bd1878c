//! What the agent counts, as `stoa_provider_*`.

use polkadot_sdk::substrate_prometheus_endpoint::{
    Counter, CounterVec, F64, Gauge, Histogram, HistogramOpts, Opts, PrometheusError, Registry, U64, register,
};

/// Plancks in a STOA.
const STOA: f64 = 1e12;

/// The provider agent's counters.
#[derive(Clone)]
pub struct ProviderMetrics {
    /// Windows that were proven.
    pub proven: Counter<U64>,
    /// Windows that were missed.
    pub missed: Counter<U64>,
    /// Proofs that were sent, first ones and repeated ones.
    pub sent: CounterVec<U64>,
    /// Seconds that reading and building a proof took.
    pub proof_seconds: Histogram,
    /// Bytes that were read for proofs.
    pub proof_bytes: Counter<U64>,
    /// Pieces that couldn't be shown when they were asked for.
    pub broken: Counter<U64>,
    /// Orders that were accepted.
    pub accepted: Counter<U64>,
    /// Orders that were looked at and not taken, by `reason`.
    pub refused: CounterVec<U64>,
    /// Faults of others that were reported.
    pub reported: Counter<U64>,
    /// Pieces that are kept.
    pub pieces: Gauge<U64>,
    /// Bytes that are kept.
    pub bytes: Gauge<U64>,
    /// STOA at stake.
    pub stake: Gauge<F64>,
    /// STOA that the pieces kept now have earned, paid or due.
    pub earned: Gauge<F64>,
    /// STOA that is due.
    pub due: Gauge<F64>,
    /// Whether it is registered and in nobody's jail.
    pub active: Gauge<U64>,
}

/// Plancks as STOA, as far as a float holds them.
pub fn stoa(plancks: u128) -> f64 {
    plancks as f64 / STOA
}

impl ProviderMetrics {
    /// Makes the counters and registers them with Prometheus where the node has it.
    pub fn new(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        let counter = |name: &str, help: &str| -> Result<Counter<U64>, PrometheusError> {
            let counter = Counter::new(format!("stoa_provider_{name}"), help)?;
            registry.map_or(Ok(counter.clone()), |registry| register(counter, registry))
        };
        let labelled = |name: &str, help: &str, label: &str| -> Result<CounterVec<U64>, PrometheusError> {
            let counter = CounterVec::new(Opts::new(format!("stoa_provider_{name}"), help), &[label])?;
            registry.map_or(Ok(counter.clone()), |registry| register(counter, registry))
        };
        let gauge = |name: &str, help: &str| -> Result<Gauge<U64>, PrometheusError> {
            let gauge = Gauge::new(format!("stoa_provider_{name}"), help)?;
            registry.map_or(Ok(gauge.clone()), |registry| register(gauge, registry))
        };
        let amount = |name: &str, help: &str| -> Result<Gauge<F64>, PrometheusError> {
            let gauge = Gauge::new(format!("stoa_provider_{name}"), help)?;
            registry.map_or(Ok(gauge.clone()), |registry| register(gauge, registry))
        };
        let seconds = Histogram::with_opts(
            HistogramOpts::new("stoa_provider_proof_seconds", "Time to read and build a proof")
                .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]),
        )?;
        Ok(Self {
            proven: counter("windows_proven_total", "Windows that were proven and are paid for")?,
            missed: counter("windows_missed_total", "Windows that were missed")?,
            sent: labelled("proofs_sent_total", "Proofs that were sent to the pool", "attempt")?,
            proof_seconds: registry
                .map_or(Ok(seconds.clone()), |registry| register(seconds.clone(), registry))?,
            proof_bytes: counter("proof_bytes_total", "Bytes that were read for proofs")?,
            broken: counter(
                "broken_pieces_total",
                "Times that a piece couldn't be shown when it was asked for",
            )?,
            accepted: counter("orders_accepted_total", "Orders that were accepted")?,
            refused: labelled("orders_refused_total", "Orders that were looked at and not taken", "reason")?,
            reported: counter("faults_reported_total", "Faults of other providers that were reported")?,
            pieces: gauge("pieces", "Pieces that are kept for orders")?,
            bytes: gauge("bytes", "Bytes that are kept for orders")?,
            stake: amount("stake_stoa", "STOA at stake")?,
            earned: amount("earned_stoa", "STOA that the pieces kept now have earned, paid or due")?,
            due: amount("due_stoa", "STOA that is due and not paid yet")?,
            active: gauge("active", "1 when the account is a provider and not in jail")?,
        })
    }
}
