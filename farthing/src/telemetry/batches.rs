//! A trace per batch: what becomes of it from its first event to its commit, over all threads that have a part in it.

use super::event::{Sealed, Step};
use opentelemetry::trace::{Span as _, SpanContext, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use std::collections::BTreeMap;
use std::time::{Duration, Instant as Clock, SystemTime};

/// The batches that are on their way; there are never more than a few.
pub struct Batches {
    tracer: Option<SdkTracer>,
    /// The worker's topics and their groups, by what the names of their partitions begin with.
    topics: BTreeMap<String, (String, String)>,
    /// The ledger's database, in the words of the conventions.
    database: &'static str,
    open: BTreeMap<u64, Open>,
}

struct Open {
    began: Clock,
    span: Option<Span>,
}

/// How long a batch took, and the place of what is said of it.
pub struct Ended {
    pub took: Duration,
    pub context: Option<SpanContext>,
}

impl Batches {
    pub fn of(tracer: Option<SdkTracer>, database: &'static str) -> Batches {
        Batches { tracer, topics: BTreeMap::new(), database, open: BTreeMap::new() }
    }

    /// A topic, by what its partitions' names begin with.
    pub fn knows(&mut self, prefix: String, topic: &str, group: &str) {
        self.topics.insert(prefix, (topic.to_owned(), group.to_owned()));
    }

    pub fn begin(&mut self, batch: u64) {
        let span = self.tracer.as_ref().map(|tracer| tracer.span_builder("batch").with_kind(SpanKind::Consumer).start(tracer));
        self.open.insert(batch, Open { began: Clock::now(), span });
    }

    /// When its first event came.
    pub fn began(&self, batch: u64) -> Option<Clock> {
        self.open.get(&batch).map(|open| open.began)
    }

    /// A step of it that is over now.
    pub fn step(&self, step: Step, batch: u64, began: Clock, failed: bool) {
        let (Some(tracer), Some(Open { span: Some(parent), .. })) = (&self.tracer, self.open.get(&batch)) else { return };
        let parent = Context::new().with_remote_span_context(parent.span_context().clone());
        let kind = if step == Step::Append { SpanKind::Client } else { SpanKind::Internal };
        let mut builder = tracer.span_builder(step.name()).with_kind(kind).with_start_time(at(began));
        if step == Step::Append {
            let database = KeyValue::new("db.system.name", self.database);
            builder = builder.with_attributes([database, KeyValue::new("db.operation.name", "append")]);
        }
        let mut span = builder.start_with_context(tracer, &parent);
        if failed {
            span.set_status(Status::error("it failed"));
        }
        span.end();
    }

    /// It exists.
    pub fn committed(&mut self, sealed: &Sealed) -> Option<Ended> {
        let Open { began, span } = self.open.remove(&sealed.batch)?;
        let context = span.map(|mut span| {
            span.set_attributes(self.attributes(sealed));
            if let Some((topic, _)) = self.topic_of(sealed) {
                span.update_name(format!("meter {topic}"));
            }
            span.end();
            span.span_context().clone()
        });
        Some(Ended { took: began.elapsed(), context })
    }

    /// Those that were begun will never exist.
    pub fn abandon(&mut self) {
        for (batch, Open { span, .. }) in std::mem::take(&mut self.open) {
            if let Some(mut span) = span {
                span.set_attribute(KeyValue::new("farthing.batch.number", number(batch)));
                span.set_status(Status::error("not committed: it is read again"));
                span.end();
            }
        }
    }

    fn attributes(&self, sealed: &Sealed) -> Vec<KeyValue> {
        let sum = |of: fn(&farthing_schemas::manifest::Counts) -> u64| number(sealed.slices.iter().map(|slice| of(&slice.counts)).sum());
        let mut attributes = vec![
            KeyValue::new("farthing.batch.number", number(sealed.batch)),
            KeyValue::new("farthing.batch.read", sum(|counts| counts.read)),
            KeyValue::new("farthing.batch.metered", sum(|counts| counts.metered)),
            KeyValue::new("farthing.batch.duplicate", sum(|counts| counts.duplicate)),
            KeyValue::new("farthing.batch.rejected", sum(|counts| counts.rejected)),
            KeyValue::new("farthing.batch.partitions", number(sealed.slices.len() as u64)),
        ];
        if let Some((topic, group)) = self.topic_of(sealed) {
            attributes.extend([
                KeyValue::new("messaging.system", "kafka"),
                KeyValue::new("messaging.operation.type", "process"),
                KeyValue::new("messaging.operation.name", "meter"),
                KeyValue::new("messaging.destination.name", topic.clone()),
                KeyValue::new("messaging.consumer.group.name", group.clone()),
            ]);
        }
        attributes
    }

    fn topic_of(&self, sealed: &Sealed) -> Option<&(String, String)> {
        let from = |prefix: &str| sealed.slices.iter().any(|slice| slice.partition.starts_with(prefix));
        self.topics.iter().find(|(prefix, _)| from(prefix)).map(|(_, topic)| topic)
    }
}

/// Attributes have signed numbers.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The time that a clock showed then.
fn at(clock: Clock) -> SystemTime {
    SystemTime::now().checked_sub(clock.elapsed()).unwrap_or_else(SystemTime::now)
}
