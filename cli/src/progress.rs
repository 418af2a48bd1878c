//! Progress bars, on the standard error when that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{IsTerminal, stderr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use stoa_sdk::observe::{Observer, Stage};

const TICK: Duration = Duration::from_millis(120);

/// What long work tells its progress to.
pub(crate) fn observer(json: bool) -> Arc<dyn Observer> {
    if json || !stderr().is_terminal() { Arc::new(()) } else { Arc::new(Bar::default()) }
}

#[derive(Default)]
struct Bar {
    current: Mutex<Option<ProgressBar>>,
}

impl Bar {
    fn replace(&self, bar: Option<ProgressBar>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *current, bar) {
            old.finish_and_clear();
        }
    }
}

impl Observer for Bar {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        let (bar, template) = match (stage, total) {
            (_, Some(total)) => (
                ProgressBar::new(total),
                "{msg} [{bar:30}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
            ),
            (Stage::Chain, None) => (ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}"),
            (_, None) => {
                (ProgressBar::new_spinner(), "{spinner} {msg} {binary_bytes} {binary_bytes_per_sec}")
            }
        };
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(stage.word());
        bar.enable_steady_tick(TICK);
        self.replace(Some(bar));
    }

    fn advance(&self, bytes: u64) {
        if let Some(bar) = &*self.current.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(bytes);
        }
    }

    fn end(&self) {
        self.replace(None);
    }
}
