//! What those who watch are told: metrics, traces and logs, and whether the worker is alive and ready.
//!
//! The code says what happens with one line, [`tell`], or wraps a step in [`step`] or [`timed`]; all else is done here. Nothing here can
//! fail metering or hold it up: what is told goes into counters and bounded queues, and other threads carry it on.
//!
//! Modules in reading order: [`event`], [`configuration`], `watched`, `recorder`, `instruments`, `batches`, `health`, `look`, `exporters`,
//! `server`. Without the feature `telemetry` only the first two are there, and what is told goes nowhere.

#[cfg(feature = "telemetry")]
mod batches;
pub mod configuration;
pub mod event;
#[cfg(feature = "telemetry")]
mod exporters;
#[cfg(feature = "telemetry")]
mod health;
#[cfg(feature = "telemetry")]
mod instruments;
#[cfg(feature = "telemetry")]
mod look;
#[cfg(feature = "telemetry")]
mod recorder;
#[cfg(feature = "telemetry")]
mod server;
#[cfg(feature = "telemetry")]
mod watched;

pub use event::{Event, FileRead, LedgerCall, Sealed, Step};
#[cfg(feature = "telemetry")]
pub use watched::{Watched, flush_at_exit};

use farthing_archive::Asked;
use std::time::Instant as Clock;

/// Tells those who watch, if anybody does.
pub fn tell(event: Event<'_>) {
    #[cfg(feature = "telemetry")]
    if let Some(recorder) = recorder::recorder() {
        recorder.take(event);
    }
    #[cfg(not(feature = "telemetry"))]
    drop(event);
}

/// Runs a step of a batch, and tells how long it took.
pub fn step<T, E>(step: Step, batch: u64, run: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let began = Clock::now();
    let result = run();
    tell(Event::Step { step, batch, began, failed: result.is_err() });
    result
}

/// Awaits a step of a batch, and tells how long it took.
pub async fn step_of<T, E>(step: Step, batch: u64, run: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let began = Clock::now();
    let result = run.await;
    tell(Event::Step { step, batch, began, failed: result.is_err() });
    result
}

/// Awaits an answer of the ledger, and tells how long it took.
pub async fn timed<T, E>(call: LedgerCall, run: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let began = Clock::now();
    let result = run.await;
    tell(Event::LedgerAsked { call, took: began.elapsed(), failed: result.is_err() });
    result
}

/// Tells what the archive was asked.
pub fn asked(asked: &Asked) {
    tell(Event::ArchiveAsked(asked));
}

/// Without the feature nobody is there to watch.
#[cfg(not(feature = "telemetry"))]
mod watched_by_nobody {
    use crate::cli::MeterOptions;
    use crate::place::Place;

    pub struct Watched;

    impl Watched {
        pub fn start(at: &Place, _: &MeterOptions) -> anyhow::Result<Watched> {
            anyhow::ensure!(
                at.telemetry.is_empty(),
                "[telemetry] is configured, but this farthing was built without the feature `telemetry`; build it with: cargo build --release -p farthing"
            );
            Ok(Watched)
        }

        pub async fn end(self) {}
    }

    pub fn flush_at_exit() {}
}
#[cfg(not(feature = "telemetry"))]
pub use watched_by_nobody::{Watched, flush_at_exit};
