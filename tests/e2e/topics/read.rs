//! Reading a topic whole, as those do who watch what others wrote.

use anyhow::{Context, Result, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A record as it stands in a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub partition: i32,
    pub key: String,
    pub headers: BTreeMap<String, String>,
    pub value: Option<Vec<u8>>,
    /// The record's time.
    pub millis: i64,
}

impl Found {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

pub fn client(brokers: &str, group: &str) -> Result<BaseConsumer> {
    let mut configuration = ClientConfig::new();
    configuration.set("bootstrap.servers", brokers).set("group.id", group).set("enable.partition.eof", "true");
    configuration.set("enable.auto.commit", "false").set("fetch.message.max.bytes", "16777216");
    Ok(configuration.create()?)
}

/// The first offset of a partition that is left, and the one after the last.
pub fn watermarks(brokers: &str, topic: &str, partition: i32) -> Result<(i64, i64)> {
    Ok(client(brokers, "watermarks")?.fetch_watermarks(topic, partition, PATIENCE)?)
}

/// All records of a topic, partition by partition in order.
pub fn whole(brokers: &str, topic: &str) -> Result<Vec<Found>> {
    let client = client(brokers, "reads-whole")?;
    let metadata = client.fetch_metadata(Some(topic), PATIENCE)?;
    let partitions = metadata.topics().first().context("the topic")?.partitions();
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    client.assign(&list)?;
    let (mut found, mut ended, deadline) = (Vec::new(), 0, Instant::now() + PATIENCE);
    while ended < partitions.len() {
        ensure!(Instant::now() < deadline, "the topic {topic} has no end");
        match client.poll(Duration::from_millis(100)) {
            Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
            Some(Err(error)) => return Err(error).context("a topic is read"),
            Some(Ok(message)) => found.push(of(&message)),
            None => {}
        }
    }
    found.sort_by_key(|found| found.partition);
    Ok(found)
}

fn of(message: &rdkafka::message::BorrowedMessage<'_>) -> Found {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let headers = message.headers().map(|headers| headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect());
    Found {
        partition: message.partition(),
        key: text(message.key()),
        headers: headers.unwrap_or_default(),
        value: message.payload().map(<[u8]>::to_vec),
        millis: message.timestamp().to_millis().unwrap_or_default(),
    }
}
