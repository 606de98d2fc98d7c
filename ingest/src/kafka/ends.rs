//! [`Ends`]: where the partitions of a topic end, asked by a client of its own that is in no group.

use super::KafkaError;
use super::topic::Topic;
use farthing_schemas::Instant;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as Cause;
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant as Clock};

/// How long brokers have to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks where partitions end; nobody else notices.
pub struct Ends {
    client: BaseConsumer,
    topic: Topic,
}

impl Ends {
    /// Makes the client; it connects when it is asked first.
    ///
    /// # Errors
    /// [`KafkaError::Property`] and [`KafkaError::Client`]
    pub fn of(topic: &Topic) -> Result<Ends, KafkaError> {
        let mut configuration = topic.configuration();
        // It reads one message now and then.
        configuration.set("queued.max.messages.kbytes", "64").set("queued.min.messages", "1");
        Ok(Ends { client: configuration.create().map_err(KafkaError::not_made)?, topic: topic.clone() })
    }

    /// The numbers of all partitions.
    ///
    /// # Errors
    /// [`KafkaError::Unanswered`] or [`KafkaError::NoSuchTopic`]
    pub fn partitions(&self) -> Result<Vec<i32>, KafkaError> {
        let metadata = self.client.fetch_metadata(Some(&self.topic.topic), PATIENCE);
        let metadata = metadata.map_err(|source| self.unanswered("which partitions there are", source))?;
        let numbers: Vec<i32> = metadata.topics().iter().flat_map(|topic| topic.partitions()).map(|partition| partition.id()).collect();
        if numbers.is_empty() { Err(KafkaError::NoSuchTopic(self.topic.topic.clone())) } else { Ok(numbers) }
    }

    /// The first offset that Kafka still has of a partition, and the one after the last that can be read: of a transaction that is open,
    /// nothing can.
    ///
    /// # Errors
    /// [`KafkaError::Unanswered`]
    pub fn watermarks(&self, partition: i32) -> Result<(u64, u64), KafkaError> {
        let watermarks = self.client.fetch_watermarks(&self.topic.topic, partition, PATIENCE);
        let (low, high) = watermarks.map_err(|source| self.unanswered("which offsets there are", source))?;
        Ok((u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0)))
    }

    /// The offset and the time of the first message from an offset on; none if there is none. Offsets alone do not tell: the marks of
    /// transactions have some, and so have messages of those that were aborted.
    ///
    /// # Errors
    /// [`KafkaError::Unanswered`], and whatever Kafka says.
    pub fn first_after(&self, partition: i32, offset: u64) -> Result<Option<(u64, Option<Instant>)>, KafkaError> {
        let mut list = TopicPartitionList::with_capacity(1);
        let from = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
        let assigned = list.add_partition_offset(&self.topic.topic, partition, from).and_then(|()| self.client.assign(&list));
        let first = assigned.map_err(|source| self.unanswered("what comes next", source)).and_then(|()| self.first(partition));
        // What it reads for nobody is let go, in any case.
        let _ = self.client.unassign();
        first
    }

    fn first(&self, partition: i32) -> Result<Option<(u64, Option<Instant>)>, KafkaError> {
        let deadline = Clock::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Clock::now());
            match self.client.poll(left) {
                Some(Ok(message)) if message.partition() == partition => {
                    let time = message.timestamp().to_millis().and_then(|millis| millis.checked_mul(1000)).map(Instant::from_micros);
                    return Ok(Some((u64::try_from(message.offset()).unwrap_or(0), time)));
                }
                Some(Err(Cause::PartitionEOF(of))) if of == partition => return Ok(None),
                // Of an earlier question, or what the client mends by itself.
                Some(_) if !left.is_zero() => {}
                _ => return Err(self.unanswered("what comes next", Cause::NoMessageReceived)),
            }
        }
    }

    fn unanswered(&self, what: &'static str, source: Cause) -> KafkaError {
        KafkaError::Unanswered { brokers: self.topic.brokers.clone(), what, source }
    }
}
