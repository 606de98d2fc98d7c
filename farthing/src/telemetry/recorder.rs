//! Takes what is told, and makes of it metrics, traces, logs and what the worker's health is judged by.

use super::batches::Batches;
use super::event::{Event, Sealed, Step};
use super::exporters::Exporters;
use super::health::{Health, Verdict};
use super::instruments::Instruments;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tracing::{error, info, warn};

/// The one of the process; there is none if nobody watches.
static RECORDER: OnceLock<Recorder> = OnceLock::new();

/// The one of the process, if anybody watches.
pub fn recorder() -> Option<&'static Recorder> {
    RECORDER.get()
}

/// Makes it; a process is watched once.
pub fn record(recorder: Recorder) -> Option<&'static Recorder> {
    RECORDER.set(recorder).ok()?;
    RECORDER.get()
}

/// Takes what is told.
pub struct Recorder {
    pub health: Arc<Health>,
    pub exporters: Exporters,
    instruments: Instruments,
    batches: Mutex<Batches>,
}

impl Recorder {
    pub fn of(exporters: Exporters, health: Arc<Health>, database: &'static str) -> Recorder {
        let instruments = Instruments::of(&exporters.meter(), database, &health);
        let batches = Mutex::new(Batches::of(exporters.tracer(), database));
        Recorder { health, exporters, instruments, batches }
    }

    fn batches(&self) -> MutexGuard<'_, Batches> {
        // Each change is whole, whoever panicked after it.
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn take(&self, event: Event<'_>) {
        match event {
            #[cfg(feature = "kafka")]
            Event::Joins { topic, standing } => {
                self.batches().knows(topic.partition_name(0).trim_end_matches('0').to_owned(), &topic.topic, &topic.group);
                self.health.joins(topic, standing);
                info!(name: "farthing.group.joins", { messaging.destination.name = topic.topic, messaging.consumer.group.name = topic.group }, "joining the group");
            }
            #[cfg(feature = "kafka")]
            Event::Waits { source } => self.health.waits(source),
            #[cfg(feature = "kafka")]
            Event::TakesOver { source, partitions } => self.health.takes_over(source, partitions),
            #[cfg(feature = "kafka")]
            Event::Reads { source, partitions } => {
                info!(name: "farthing.partitions.taken", { farthing.source = source, farthing.partitions = partitions.len() }, "reading the partitions that the group gave");
                self.health.reads(source, partitions);
            }
            Event::ReadsFiles(files) => self.health.reads_files(files),
            Event::BatchBegins { batch } => self.batches().begin(batch),
            Event::BatchSealed { batch } => self.sealed(batch),
            Event::Step { step, batch, began, failed } => {
                self.instruments.step(step, began.elapsed(), failed);
                self.batches().step(step, batch, began, failed);
            }
            Event::Committed(sealed) => self.committed(sealed),
            Event::JobEnded => self.batches().abandon(),
            Event::LedgerAsked { call, took, failed } => {
                self.instruments.ledger(call, took, failed);
                if !failed {
                    self.ledger_there();
                }
            }
            Event::LedgerAway => {
                self.instruments.ledger_retried();
                self.health.ledger_is_away();
            }
            Event::LedgerThere => self.ledger_there(),
            Event::ArchiveAsked(asked) => self.instruments.archive(asked),
            Event::Stops => {
                self.health.stops();
                info!(name: "farthing.stops", "a signal asks for the end");
            }
            Event::Fails(error) => error!(name: "farthing.fails", "{error}"),
            Event::Said(text) => warn!(name: "farthing.said", "{text}"),
        }
    }

    fn sealed(&self, batch: u64) {
        let batches = self.batches();
        if let Some(began) = batches.began(batch) {
            self.instruments.step(Step::Fold, began.elapsed(), false);
            batches.step(Step::Fold, batch, began, false);
        }
    }

    fn committed(&self, sealed: &Sealed) {
        self.instruments.committed(sealed);
        self.health.committed(sealed);
        let ended = self.batches().committed(sealed);
        if let Some(ended) = &ended {
            self.instruments.batch(ended.took);
        }
        let took = ended.as_ref().map_or(0.0, |ended| ended.took.as_secs_f64());
        let read: u64 = sealed.slices.iter().map(|slice| slice.counts.read).sum();
        let rejected: u64 = sealed.rejected.values().sum();
        within(ended.and_then(|ended| ended.context), || {
            info!(name: "farthing.batch.committed", { farthing.batch.number = sealed.batch, farthing.batch.read = read,
                farthing.batch.rejected = rejected, farthing.batch.seconds = took }, "a batch is committed");
        });
    }

    fn ledger_there(&self) {
        if self.health.ledger_is_there() {
            info!(name: "farthing.ledger.there", "the ledger answers again");
        }
    }

    /// Says when something gets stuck, and when it gets on again.
    pub fn say_of(&self, verdict: &Verdict, stuck: &mut bool) {
        for of in verdict.stuck.iter().filter(|_| !*stuck) {
            error!(name: "farthing.partition.stuck", { farthing.partition = of.partition, farthing.lag = of.lag() }, "{}", of.sentence());
        }
        if *stuck && verdict.stuck.is_empty() {
            info!(name: "farthing.partition.moves", "all partitions get on again");
        }
        *stuck = !verdict.stuck.is_empty();
    }
}

/// Says something in the place of a span.
fn within(context: Option<SpanContext>, say: impl FnOnce()) {
    let attached = context.map(|context| Context::new().with_remote_span_context(context).attach());
    say();
    drop(attached);
}
