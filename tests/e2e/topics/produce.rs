//! Producing to topics, as platforms do.

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// One message.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub partition: i32,
    pub headers: Vec<(&'static str, String)>,
    pub value: Option<Vec<u8>>,
    /// The record's time, in milliseconds; now if none.
    pub millis: Option<i64>,
}

impl Record {
    /// A value without headers.
    pub fn of(partition: i32, value: impl Into<Vec<u8>>) -> Record {
        Record { partition, value: Some(value.into()), ..Record::default() }
    }
}

/// What the broker did not take.
#[derive(Default)]
struct Undelivered(Mutex<Vec<String>>);

impl ClientContext for Undelivered {}

impl ProducerContext for Undelivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _: ()) {
        if let Err((error, _)) = result {
            self.0.lock().expect("whole").push(error.to_string());
        }
    }
}

pub struct Producer {
    topic: String,
    client: ThreadedProducer<Undelivered>,
}

impl Producer {
    pub fn to(brokers: &str, topic: &str) -> Result<Producer> {
        Producer::with(brokers, topic, &[])
    }

    /// A producer with properties of its own.
    pub fn with(brokers: &str, topic: &str, properties: &[(&str, &str)]) -> Result<Producer> {
        let mut configuration = ClientConfig::new();
        configuration.set("bootstrap.servers", brokers).set("linger.ms", "5").set("acks", "all").set("message.max.bytes", "16777216");
        // A retry whose first try was taken, while a broker is killed, would be one message more than was counted.
        configuration.set("enable.idempotence", "true");
        for (key, value) in properties {
            configuration.set(*key, *value);
        }
        Ok(Producer { topic: topic.to_owned(), client: configuration.create_with_context(Undelivered::default())? })
    }

    /// Sends all, and waits until the broker has them.
    pub fn send(&self, records: impl IntoIterator<Item = Record>) -> Result<()> {
        for record in records {
            self.enqueue(&record)?;
        }
        self.client.flush(PATIENCE).context("the broker does not take what is produced")?;
        let undelivered = std::mem::take(&mut *self.client.context().0.lock().expect("whole"));
        ensure!(undelivered.is_empty(), "not taken: {} messages: {:?}", undelivered.len(), undelivered.first());
        Ok(())
    }

    fn enqueue(&self, record: &Record) -> Result<()> {
        loop {
            let headers =
                record.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
            let mut base = BaseRecord::<(), [u8]>::to(&self.topic).partition(record.partition).headers(headers);
            if let Some(value) = &record.value {
                base = base.payload(value);
            }
            if let Some(millis) = record.millis {
                base = base.timestamp(millis);
            }
            match self.client.send(base) {
                Ok(()) => return Ok(()),
                Err((error, _)) => {
                    ensure!(error.to_string().contains("QueueFull") || error.to_string().contains("Queue full"), "{error}");
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
    }

    /// Sends all in one transaction, which is then committed or aborted.
    pub fn transaction(&self, records: impl IntoIterator<Item = Record>, commit: bool) -> Result<()> {
        self.client.begin_transaction()?;
        self.send(records)?;
        if commit {
            self.client.commit_transaction(PATIENCE)?
        } else {
            self.client.abort_transaction(PATIENCE)?
        }
        Ok(())
    }

    /// Makes it one that has transactions.
    pub fn transactional(brokers: &str, topic: &str) -> Result<Producer> {
        let producer = Producer::with(brokers, topic, &[("transactional.id", topic)])?;
        producer.client.init_transactions(PATIENCE)?;
        Ok(producer)
    }
}

/// The partition of an event: copies of one identity meet, and a reversal comes to the event that it reverses.
pub fn partition_of(line: &[u8], partitions: u32) -> i32 {
    let key = key_of(line).unwrap_or_else(|| String::from_utf8_lossy(line).into_owned());
    // FNV-1a: the same in every run.
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    i32::try_from(hash % u64::from(partitions)).expect("few partitions")
}

fn key_of(line: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(line).ok()?;
    let platform = event["data"]["platform"].as_str()?;
    let identity = event["data"].get("reverses").unwrap_or(&event);
    Some(format!("{platform} {} {}", identity["source"].as_str()?, identity["id"].as_str()?))
}

/// A small generator of numbers that are the same in every run with one seed.
pub struct Chance(pub u64);

impl Chance {
    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

/// Events with their partitions, and how many each partition gets.
type Repeated = (Vec<(i32, Vec<u8>)>, BTreeMap<i32, u64>);

/// Every event one to three times: the first time in order, each further time anywhere behind it.
pub fn repeated(lines: &[Vec<u8>], partitions: u32, seed: u64) -> Repeated {
    let mut chance = Chance(seed);
    let mut at: Vec<(usize, i32, &Vec<u8>)> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let partition = partition_of(line, partitions);
        at.push((number * 2, partition, line));
        for _ in 0..chance.below(3) {
            at.push((number * 2 + 1 + 2 * chance.below(lines.len() - number), partition, line));
        }
    }
    at.sort_by_key(|(place, ..)| *place);
    let mut counts = BTreeMap::new();
    let produced = at.into_iter().map(|(_, partition, line)| {
        *counts.entry(partition).or_default() += 1;
        (partition, line.clone())
    });
    (produced.collect(), counts)
}
