//! [`Ends`]: where the partitions of a topic end, asked by a client of its own that is in no group.

use super::KafkaError;
use super::message::Received;
use super::topic::Topic;
use farthing_schemas::Instant;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as Cause, KafkaResult};
use rdkafka::message::Message as _;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant as Clock};

/// How long brokers have to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long one look for the next event may take, however much is read that has none; the next one goes on from there.
const LOOK_MAX: Duration = Duration::from_secs(60);

/// The first offset that Kafka still has of a partition, and the one after the last that can be read; or why nobody says.
pub type End = Result<(u64, u64), KafkaError>;

/// Asks where partitions end; nobody else notices.
pub struct Ends {
    client: BaseConsumer,
    topic: Topic,
    /// By partition, offsets that were read already and have no events.
    idle: BTreeMap<i32, Range<u64>>,
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
        Ok(Ends { client: configuration.create().map_err(KafkaError::not_made)?, topic: topic.clone(), idle: BTreeMap::new() })
    }

    /// Where partitions end, of those that are wanted; one that nobody answers for hides no other.
    ///
    /// # Errors
    /// [`KafkaError::Unanswered`] or [`KafkaError::NoSuchTopic`]
    pub fn of_each(&self, wanted: impl Fn(i32) -> bool) -> Result<BTreeMap<i32, End>, KafkaError> {
        let metadata = self.client.fetch_metadata(Some(&self.topic.topic), PATIENCE);
        let metadata = metadata.map_err(|source| self.unanswered("which partitions there are", source))?;
        let partitions: Vec<_> = metadata.topics().iter().flat_map(|topic| topic.partitions()).collect();
        if partitions.is_empty() {
            return Err(KafkaError::NoSuchTopic(self.topic.topic.clone()));
        }
        // Whoever does not answer for one partition is not asked for the next one that it leads: each question takes seconds then.
        let mut mute: BTreeMap<i32, Cause> = BTreeMap::new();
        let mut ends = BTreeMap::new();
        for (number, leader) in partitions.iter().map(|of| (of.id(), of.leader())).filter(|(number, _)| wanted(*number)) {
            let told = match mute.get(&leader) {
                _ if leader < 0 => Err(Cause::MetadataFetch(RDKafkaErrorCode::LeaderNotAvailable)),
                Some(source) => Err(source.clone()),
                None => self.fetch_watermarks(number),
            };
            if let Err(source) = &told
                && is_silence(source)
            {
                mute.insert(leader, source.clone());
            }
            let silent = |source| KafkaError::Silent { topic: self.topic.topic.clone(), partition: number, source };
            ends.insert(number, told.map_err(silent));
        }
        Ok(ends)
    }

    /// The first offset that Kafka still has of a partition, and the one after the last that can be read: of a transaction that is open,
    /// nothing can.
    ///
    /// # Errors
    /// [`KafkaError::Unanswered`]
    pub fn watermarks(&self, partition: i32) -> Result<(u64, u64), KafkaError> {
        self.fetch_watermarks(partition).map_err(|source| self.unanswered("which offsets there are", source))
    }

    fn fetch_watermarks(&self, partition: i32) -> KafkaResult<(u64, u64)> {
        let (low, high) = self.client.fetch_watermarks(&self.topic.topic, partition, PATIENCE)?;
        Ok((u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0)))
    }

    /// The offset and the time of the first message with events from an offset on; none if there is none.
    ///
    /// Offsets alone do not tell: the marks of transactions have some, and so have messages of those that were aborted, and empty batches
    /// of events. Nothing of these is to be metered, so nothing waits in them: whoever judges a partition asks here. They do not move its
    /// position either, which would cost a commit for each; it passes them with the next event, and who begins before it reads them again.
    ///
    /// # Errors
    /// [`KafkaError::Unanswered`], and whatever Kafka says.
    pub fn first_after(&mut self, partition: i32, offset: u64) -> Result<Option<(u64, Option<Instant>)>, KafkaError> {
        let idle = self.idle.remove(&partition).filter(|idle| idle.contains(&offset) || idle.end == offset);
        let mut idle = idle.unwrap_or(offset..offset);
        let before = idle.end;
        let first = self.first_event(partition, &mut idle);
        // Where nothing was to be had, it may be for what was read before: of a topic that is another by now.
        if first.is_ok() || idle.end > before {
            self.idle.insert(partition, idle);
        }
        // What it reads for nobody is let go, in any case.
        let _ = self.client.unassign();
        first
    }

    /// The first message with events behind a range that has none; the range grows by what is read before it.
    fn first_event(&self, partition: i32, idle: &mut Range<u64>) -> Result<Option<(u64, Option<Instant>)>, KafkaError> {
        let unanswered = |source| self.unanswered("what comes next", source);
        let mut list = TopicPartitionList::with_capacity(1);
        let from = Offset::Offset(i64::try_from(idle.end).unwrap_or(i64::MAX));
        let assigned = list.add_partition_offset(&self.topic.topic, partition, from).and_then(|()| self.client.assign(&list));
        assigned.map_err(unanswered)?;
        let (begun, mut heard) = (Clock::now(), Clock::now());
        loop {
            let left = PATIENCE.saturating_sub(heard.elapsed()).min(LOOK_MAX.saturating_sub(begun.elapsed()));
            match self.client.poll(left) {
                Some(Ok(message)) if message.partition() == partition => {
                    let received = Received::of(&message);
                    if received.has_events() {
                        return Ok(Some((received.offset, received.arrival)));
                    }
                    idle.end = received.offset + 1;
                    heard = Clock::now();
                }
                Some(Err(Cause::PartitionEOF(of))) if of == partition => return Ok(None),
                // Of an earlier question, or what the client mends by itself.
                Some(_) if !left.is_zero() => {}
                _ => return Err(unanswered(Cause::NoMessageReceived)),
            }
        }
    }

    fn unanswered(&self, what: &'static str, source: Cause) -> KafkaError {
        KafkaError::Unanswered { brokers: self.topic.brokers.clone(), what, source }
    }
}

/// Whether a broker did not answer at all: then it will not for other partitions.
fn is_silence(error: &Cause) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::OperationTimedOut | RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown)
    )
}
