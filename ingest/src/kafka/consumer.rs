//! The client as a member of its group: what it is assigned and what is taken away waits here until the member has made room.

use super::KafkaError;
use super::standing::Standing;
use super::topic::Topic;
use super::topic_id::fingerprint;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError as Cause, KafkaResult};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Clock};

/// How long brokers have to answer.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// How long they have while the member is to be polled: whoever asks then asks again.
pub const SHORT: Duration = Duration::from_secs(4);

/// How often whoever waits for brokers looks whether they have refused it.
const LOOK: Duration = Duration::from_millis(200);

/// How long a refusal may be that of one broker alone.
const REFUSED: Duration = Duration::from_secs(2);

/// A change of the assignment. Kafka waits for the answer to each: `incremental_assign` or `incremental_unassign`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These partitions are ours now.
    Assigned(Vec<i32>),
    /// These are to be given up.
    Revoked(Vec<i32>),
}

/// What the client tells while it is polled.
#[derive(Default)]
pub struct Group {
    changes: Mutex<VecDeque<Change>>,
    /// Whether the member is leaving: then nobody answers but the client itself.
    leaving: AtomicBool,
    standing: Arc<Standing>,
    /// Why a broker was of no use, and whether that is for sure because it did not let us in, or could not prove who it is.
    trouble: Mutex<Option<(bool, String)>>,
}

impl Group {
    /// The changes that nobody has answered yet.
    pub fn changes(&self) -> std::sync::MutexGuard<'_, VecDeque<Change>> {
        // A queue is whole, whoever panicked while holding it.
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Group {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {
        // What matters comes as an error of `poll` as well.
    }

    fn error(&self, error: Cause, reason: &str) {
        let refused = matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL));
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        // Over a secured connection a broker may also say no by ending it.
        let perhaps = reason.starts_with("ssl://") || reason.starts_with("sasl_");
        if refused || (perhaps && trouble.as_ref().is_none_or(|(sure, _)| !sure)) {
            *trouble = Some((refused, reason.to_owned()));
        }
    }
}

impl ConsumerContext for Group {
    fn rebalance(&self, consumer: &BaseConsumer<Group>, kind: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let numbers = partitions.elements().iter().map(|element| element.partition()).collect();
        let assigned = kind == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        self.standing.rebalance(!assigned && consumer.assignment_lost());
        if self.leaving.load(Ordering::SeqCst) {
            // If the client refuses, it is closed all the same.
            let _ = if assigned { consumer.incremental_assign(partitions) } else { consumer.incremental_unassign(partitions) };
        } else {
            self.changes().push_back(if assigned { Change::Assigned(numbers) } else { Change::Revoked(numbers) });
        }
    }
}

/// A client that has joined its group.
pub struct GroupConsumer {
    pub client: BaseConsumer<Group>,
    brokers: String,
    topic: String,
}

impl GroupConsumer {
    /// Makes the client; it joins with its first poll.
    pub fn subscribe(topic: &Topic, standing: Arc<Standing>) -> KafkaResult<GroupConsumer> {
        let group = Group { standing, ..Group::default() };
        let client: BaseConsumer<Group> = topic.configuration().create_with_context(group)?;
        client.subscribe(&[&topic.topic])?;
        Ok(GroupConsumer { client, brokers: topic.brokers.clone(), topic: topic.topic.clone() })
    }

    /// Waits until a broker answers; whoever is not let in is told why, soon.
    pub fn reach(&self) -> Result<(), KafkaError> {
        let since = Clock::now();
        while self.client.client().fetch_cluster_id(LOOK).is_none() {
            // Errors come with polling, and nothing else can before partitions are assigned.
            let _ = self.client.poll(LOOK);
            let trouble = self.client.context().trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let patience = |sure: bool| if sure { REFUSED } else { PATIENCE };
            if let Some((_, why)) = trouble.filter(|(sure, _)| since.elapsed() > patience(*sure)) {
                return Err(KafkaError::Denied { brokers: self.brokers.clone(), why });
            }
            if since.elapsed() > PATIENCE {
                return Err(self.unanswered("which cluster this is", Cause::MetadataFetch(RDKafkaErrorCode::OperationTimedOut)));
            }
        }
        fingerprint(&self.client, &self.brokers, &self.topic, PATIENCE).map(drop)
    }

    pub fn changes(&self) -> std::sync::MutexGuard<'_, VecDeque<Change>> {
        self.client.context().changes()
    }

    /// Answers that partitions are read from these offsets on: once, with their offsets, or they would be reset.
    pub fn assign(&self, starts: &[(i32, u64)]) -> KafkaResult<()> {
        self.client.incremental_assign(&self.offsets(starts)?)
    }

    /// Answers that partitions are given up.
    pub fn unassign(&self, partitions: &[i32]) -> KafkaResult<()> {
        self.client.incremental_unassign(&self.list(partitions))
    }

    /// Goes on elsewhere with a partition that is read already.
    pub fn seek(&self, partition: i32, offset: u64) -> KafkaResult<()> {
        let offset = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
        self.client.seek(&self.topic, partition, offset, PATIENCE)
    }

    pub fn pause(&self, partitions: &[i32]) -> KafkaResult<()> {
        self.client.pause(&self.list(partitions))
    }

    pub fn resume(&self, partitions: &[i32]) -> KafkaResult<()> {
        self.client.resume(&self.list(partitions))
    }

    /// Tells Kafka how far the ledger is, for those who watch the lag.
    pub fn hint(&self, next: &[(i32, u64)]) -> KafkaResult<()> {
        self.client.commit(&self.offsets(next)?, rdkafka::consumer::CommitMode::Async)
    }

    /// Which topic of which cluster this is now.
    pub fn fingerprint(&self) -> Result<String, KafkaError> {
        fingerprint(&self.client, &self.brokers, &self.topic, SHORT)
    }

    /// The first offset that Kafka still has of a partition, and the one after the last.
    pub fn watermarks(&self, partition: i32, patience: Duration) -> Result<(u64, u64), KafkaError> {
        let watermarks = self.client.fetch_watermarks(&self.topic, partition, patience);
        let (low, high) = watermarks.map_err(|source| self.unanswered("which offsets there are", source))?;
        Ok((u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0)))
    }

    /// Where the partitions that have anything end.
    pub fn ends(&self) -> Result<Vec<(i32, u64)>, KafkaError> {
        let metadata = self.client.fetch_metadata(Some(&self.topic), SHORT);
        let metadata = metadata.map_err(|source| self.unanswered("which partitions there are", source))?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions()).map(|partition| partition.id());
        let mut ends = Vec::new();
        for partition in partitions {
            let (low, high) = self.watermarks(partition, SHORT)?;
            if low < high {
                ends.push((partition, high));
            }
        }
        Ok(ends)
    }

    fn unanswered(&self, what: &'static str, source: Cause) -> KafkaError {
        KafkaError::Unanswered { brokers: self.brokers.clone(), what, source }
    }

    /// Leaves the group: others take over at once.
    pub fn leave(self) {
        drop(self);
    }

    fn answer_all(&self) {
        self.client.context().leaving.store(true, Ordering::SeqCst);
        let unanswered = std::mem::take(&mut *self.changes());
        for change in unanswered {
            let _ = match change {
                Change::Assigned(partitions) => self.client.incremental_assign(&self.list(&partitions)),
                Change::Revoked(partitions) => self.client.incremental_unassign(&self.list(&partitions)),
            };
        }
    }

    fn list(&self, partitions: &[i32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition(&self.topic, *partition);
        }
        list
    }

    fn offsets(&self, starts: &[(i32, u64)]) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(starts.len());
        for (partition, offset) in starts {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(i64::try_from(*offset).unwrap_or(i64::MAX)))?;
        }
        Ok(list)
    }
}

/// However it ends: a client closes only once all changes are answered.
impl Drop for GroupConsumer {
    fn drop(&mut self) {
        self.answer_all();
    }
}

/// Whether a partition can be read on from an offset, with nothing between that Kafka has deleted.
///
/// # Errors
/// [`KafkaError::Deleted`] or [`KafkaError::Beyond`]
pub fn in_range(topic: &Topic, partition: i32, at: u64, (low, high): (u64, u64)) -> Result<(), KafkaError> {
    let (topic, name) = (topic.topic.clone(), topic.name.clone());
    if at < low {
        return Err(KafkaError::Deleted { topic, name, partition, at, low });
    }
    if at > high { Err(KafkaError::Beyond { topic, name, partition, at, high }) } else { Ok(()) }
}
