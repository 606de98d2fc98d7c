//! A command that is watched, from its beginning to its end.

use super::exporters::Exporters;
use super::health::Health;
use super::look::look;
use super::recorder::{Recorder, record, recorder};
use super::server::Listener;
use crate::cli::MeterOptions;
use crate::output;
use crate::place::Place;
use std::sync::Arc;
use std::time::Duration;

/// How long the end of a command may wait for a collector.
const FLUSHED: Duration = Duration::from_secs(2);
/// How long, if there is hardly any time left.
const FLUSHED_AT_EXIT: Duration = Duration::from_millis(700);

/// A command that is watched, if anybody asked for it.
pub struct Watched(Option<&'static Recorder>);

impl Watched {
    /// Begins to be watched, as configured.
    pub fn start(at: &Place, options: &MeterOptions) -> anyhow::Result<Watched> {
        let environment = |name: &str| std::env::var(name).ok();
        let settings = at.telemetry.clone().or(&options.watch, at.batch_seconds(options), environment)?;
        if settings.listen.is_none() && settings.collector.is_none() {
            return Ok(Watched(None));
        }
        let listener = settings.listen.map(Listener::at).transpose()?;
        let health = Arc::new(Health::new(settings.stuck));
        let recorder = record(Recorder::of(Exporters::open(&settings)?, health, database(at)));
        if let Some(recorder) = recorder {
            look(recorder, settings.stuck)?;
            if let Some(listener) = listener {
                output::say(&format!("answering /metrics, /live and /ready at http://{}", listener.address()?));
                listener.serve(recorder)?;
            }
        }
        Ok(Watched(recorder))
    }

    /// Sends what there is; that takes seconds at most.
    pub async fn end(self) {
        let Some(recorder) = self.0 else { return };
        // If the task fails, there is nothing more to be sent.
        let _ = tokio::task::spawn_blocking(move || recorder.exporters.end(FLUSHED)).await;
    }
}

/// Sends what there is before the process ends by itself.
pub fn flush_at_exit() {
    if let Some(recorder) = recorder() {
        recorder.exporters.end(FLUSHED_AT_EXIT);
    }
}

/// The ledger's database, in the words of the conventions.
fn database(at: &Place) -> &'static str {
    if at.ledger.path().is_some() { "sqlite" } else { "postgresql" }
}
