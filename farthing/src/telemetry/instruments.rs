//! The metrics: their names, units and meanings, as `deploy/metrics.md` lists them.

use super::event::{LedgerCall, Sealed, Step};
use super::health::{At, Health};
use farthing_archive::Asked;
use farthing_schemas::Code;
use opentelemetry::metrics::{AsyncInstrument, Counter, Histogram, Meter};
use opentelemetry::{KeyValue, Value};
use std::sync::Arc;
use std::time::Duration;

/// Seconds, from a statement of the ledger to a batch of minutes.
const SECONDS: [f64; 16] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Events of a batch.
const EVENTS: [f64; 13] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6];

/// What became of events.
const OUTCOME: &str = "farthing.outcome";
const CODE: &str = "farthing.rejection.code";

/// All that is counted where it happens.
pub struct Instruments {
    events: Counter<u64>,
    read: Counter<u64>,
    bytes: Counter<u64>,
    batches: Counter<u64>,
    batch_events: Histogram<u64>,
    batch_seconds: Histogram<f64>,
    step_seconds: Histogram<f64>,
    ledger_seconds: Histogram<f64>,
    ledger_retries: Counter<u64>,
    archive_seconds: Histogram<f64>,
    archive_bytes: Counter<u64>,
    /// The ledger's database, in the words of the conventions.
    database: KeyValue,
}

impl Instruments {
    /// Makes them; what is known only when it is asked for comes from `health`.
    pub fn of(meter: &Meter, database: &'static str, health: &Arc<Health>) -> Instruments {
        let counter = |name: &'static str, unit: &'static str, what: &'static str| {
            let counter = meter.u64_counter(name).with_unit(unit).with_description(what).build();
            // What has not happened yet has happened 0 times: whoever asks for a rate must see the first.
            counter.add(0, &[]);
            counter
        };
        let seconds = |name: &'static str, what: &'static str| {
            meter.f64_histogram(name).with_unit("s").with_description(what).with_boundaries(SECONDS.to_vec()).build()
        };
        let events = meter.u64_counter("farthing.events").with_unit("{event}").with_description("Events of committed batches").build();
        for outcome in ["metered", "duplicate"] {
            events.add(0, &[KeyValue::new(OUTCOME, outcome)]);
        }
        for code in Code::ALL {
            events.add(0, &rejected(code.as_str().to_owned()));
        }
        let batch_events = meter.u64_histogram("farthing.batch.size").with_unit("{event}").with_description("Events of a committed batch");
        observe(meter, health);
        Instruments {
            events,
            read: counter("farthing.events.read", "{event}", "Events of committed batches, whatever became of them"),
            bytes: counter("farthing.events.size", "By", "Bytes of the events of committed batches"),
            batches: counter("farthing.batches", "{batch}", "Committed batches"),
            batch_events: batch_events.with_boundaries(EVENTS.to_vec()).build(),
            batch_seconds: seconds("farthing.batch.duration", "From the first event of a batch to its commit"),
            step_seconds: seconds("farthing.batch.step.duration", "Steps of batches"),
            ledger_seconds: seconds("db.client.operation.duration", "What the ledger was asked"),
            ledger_retries: counter("farthing.ledger.retries", "{retry}", "Times that the ledger did not answer and was asked again"),
            archive_seconds: seconds("farthing.archive.operation.duration", "What the archive was asked"),
            archive_bytes: counter("farthing.archive.io", "By", "Bytes put into the archive and got from it"),
            database: KeyValue::new("db.system.name", database),
        }
    }

    pub fn committed(&self, sealed: &Sealed) {
        let mut read = 0;
        for slice in &sealed.slices {
            read += slice.counts.read;
            self.events.add(slice.counts.metered, &[KeyValue::new(OUTCOME, "metered")]);
            self.events.add(slice.counts.duplicate, &[KeyValue::new(OUTCOME, "duplicate")]);
        }
        for (code, count) in &sealed.rejected {
            self.events.add(*count, &rejected(code.clone()));
        }
        self.read.add(read, &[]);
        self.bytes.add(sealed.bytes, &[]);
        self.batches.add(1, &[]);
        self.batch_events.record(read, &[]);
    }

    pub fn batch(&self, took: Duration) {
        self.batch_seconds.record(took.as_secs_f64(), &[]);
    }

    pub fn step(&self, step: Step, took: Duration, failed: bool) {
        self.step_seconds.record(took.as_secs_f64(), &with_error(vec![KeyValue::new("farthing.step", step.name())], failed));
    }

    pub fn ledger(&self, call: LedgerCall, took: Duration, failed: bool) {
        let attributes = vec![self.database.clone(), KeyValue::new("db.operation.name", call.name())];
        self.ledger_seconds.record(took.as_secs_f64(), &with_error(attributes, failed));
    }

    pub fn ledger_retried(&self) {
        self.ledger_retries.add(1, &[]);
    }

    pub fn archive(&self, asked: &Asked) {
        let operation = KeyValue::new("farthing.archive.operation", asked.operation);
        self.archive_bytes.add(asked.bytes, std::slice::from_ref(&operation));
        self.archive_seconds.record(asked.took.as_secs_f64(), &with_error(vec![operation], asked.failed));
    }
}

fn rejected(code: String) -> [KeyValue; 2] {
    [KeyValue::new(OUTCOME, "rejected"), KeyValue::new(CODE, code)]
}

fn with_error(mut attributes: Vec<KeyValue>, failed: bool) -> Vec<KeyValue> {
    if failed {
        attributes.push(KeyValue::new("error.type", "_OTHER"));
    }
    attributes
}

/// What is asked for at each collection.
fn observe(meter: &Meter, health: &Arc<Health>) {
    let gauge = |name: &'static str, unit: &'static str, what: &'static str, of: fn(&Health) -> Option<u64>| {
        let health = health.clone();
        let told = move |told: &dyn AsyncInstrument<u64>| {
            if let Some(value) = of(&health) {
                told.observe(value, &[]);
            }
        };
        meter.u64_observable_gauge(name).with_unit(unit).with_description(what).with_callback(told).build();
    };
    gauge("farthing.ready", "{state}", "1 if the worker is ready, else 0", |health| Some(u64::from(health.verdict().ready())));
    gauge("farthing.partitions.held", "{partition}", "Partitions that the worker holds", |health| Some(health.held()));
    gauge("farthing.partitions.paused", "{partition}", "Partitions of topics that are paused", |health| Some(health.paused()));
    gauge("farthing.partitions.stuck", "{partition}", "Partitions that have events, but do not move", |health| Some(health.stuck()));
    gauge("farthing.last_commit.time", "s", "When the last batch was committed, in Unix time", Health::last_commit);
    gauge("farthing.identities", "{identity}", "Identities that are remembered", |health| Some(health.remembered().identities));
    gauge("farthing.identities.memory", "By", "Memory that they take", |health| Some(health.remembered().memory_bytes));
    gauge("farthing.identities.files", "By", "What they take in files", |health| Some(health.remembered().file_bytes));
    gauge("farthing.ledger.away", "s", "For how long the ledger has not answered", |health| Some(health.ledger_away()));
    gauge("process.memory.usage", "By", "Resident memory of the process", |_| resident_bytes());
    per_partition(meter, health);
    let rebalances = health.clone();
    let told = move |told: &dyn AsyncInstrument<u64>| told.observe(rebalances.rebalances(), &[]);
    let rebalances = meter.u64_observable_counter("farthing.rebalances").with_unit("{rebalance}").with_callback(told);
    rebalances.with_description("Changes of the partitions that the groups gave").build();
}

fn per_partition(meter: &Meter, health: &Arc<Health>) {
    let gauge = |name: &'static str, what: &'static str, of: fn(&At) -> Option<u64>| {
        let health = health.clone();
        let told = move |told: &dyn AsyncInstrument<u64>| {
            for at in health.partitions() {
                if let Some(value) = of(&at) {
                    told.observe(value, &attributes(at.labels));
                }
            }
        };
        meter.u64_observable_gauge(name).with_unit("{position}").with_description(what).with_callback(told).build();
    };
    gauge("farthing.partition.position", "Position up to which a held partition is metered", |at| Some(at.position));
    gauge("farthing.partition.end", "Where a held partition ends, if that is known", |at| at.end);
    gauge("farthing.partition.lag", "What of a held partition is not metered yet, if that is known", |at| at.lag);
}

fn attributes(labels: Vec<(&'static str, String)>) -> Vec<KeyValue> {
    labels.into_iter().map(|(key, value)| KeyValue::new(key, Value::from(value))).collect()
}

/// Linux tells it in kB.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?.trim();
    Some(kilobytes.parse::<u64>().ok()? * 1024)
}

impl Step {
    pub fn name(self) -> &'static str {
        match self {
            Step::Fold => "fold",
            Step::Evidence => "evidence",
            Step::Sums => "sums",
            Step::Archive => "archive",
            Step::Append => "append",
            Step::Commit => "commit",
        }
    }
}

impl LedgerCall {
    pub fn name(self) -> &'static str {
        match self {
            LedgerCall::Append => "append",
            LedgerCall::Lease => "lease",
            LedgerCall::Manifests => "manifests",
            LedgerCall::Position => "position",
            LedgerCall::Reserve => "reserve",
        }
    }
}
