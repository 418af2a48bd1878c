//! Warnings that bad disks or bad peers could repeat for ever.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Time between two warnings of the same kind.
const INTERVAL: Duration = Duration::from_secs(30);

/// Lets one warning through per interval and counts the rest.
#[derive(Default)]
pub struct LimitedLog(Mutex<Limit>);

#[derive(Default)]
struct Limit {
    last: Option<Instant>,
    suppressed: u64,
}

impl LimitedLog {
    /// Logs a warning, unless one was logged a moment ago.
    pub fn warn(&self, message: impl Display) {
        let suppressed = {
            let mut limit = self.0.lock();
            if limit.last.is_some_and(|last| last.elapsed() < INTERVAL) {
                limit.suppressed = limit.suppressed.saturating_add(1);
                return;
            }
            limit.last = Some(Instant::now());
            std::mem::take(&mut limit.suppressed)
        };
        match suppressed {
            0 => log::warn!(target: super::LOG_TARGET, "{message}"),
            more => log::warn!(target: super::LOG_TARGET, "{message} (and {more} more of the kind)"),
        }
    }
}
