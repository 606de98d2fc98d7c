//! Topics of Apache Kafka as a source: any number of workers share the partitions of a topic as members of one consumer group.
//!
//! Where a partition is read on is for the caller to say, from its ledger: Kafka's own offsets are written as a hint for those who watch
//! the lag, and never read.
//!
//! Invariants
//! - A partition is read only between [`Member::read`] and the end of that job's blocks: who has lost it gives nothing of it.
//! - Per partition, each block starts where the one before it ended; an offset that Kafka has deleted is an error, never passed over.
//! - Nothing aborted is given: only what committed transactions wrote.
//!
//! Modules in reading order: [`topic`], `message`, `gather`, `topic_id`, `standing`, `consumer`, `polling`, [`member`], `ends`.

mod consumer;
mod ends;
mod gather;
pub mod member;
mod message;
mod polling;
mod standing;
pub mod topic;
mod topic_id;

pub use consumer::in_range;
pub use ends::Ends;
pub use member::{Contact, Member, Offered, Stops, Turn};
pub use standing::Standing;
pub use topic::{Topic, TopicError};

/// Why a topic cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// The client cannot be made.
    #[error("the Kafka client cannot be made")]
    Client(#[source] rdkafka::error::KafkaError),
    /// A property is wrong; its value may be secret, and librdkafka says it where it is not.
    #[error("the Kafka property {name:?} cannot be set: {why}")]
    Property {
        /// Which one.
        name: String,
        /// Why.
        why: String,
    },
    /// The brokers are there, but let us not in, or are not those that they say they are.
    #[error("{brokers}: no way in: {why}")]
    Denied {
        /// Whom we asked.
        brokers: String,
        /// What the client says.
        why: String,
    },
    /// No broker says what is asked.
    #[error("{brokers}: no broker says {what}; is the cluster up, and may this client ask?")]
    Unanswered {
        /// Whom we asked.
        brokers: String,
        /// What we asked.
        what: &'static str,
        /// Why there was no answer.
        #[source]
        source: rdkafka::error::KafkaError,
    },
    /// No broker says where one partition ends; others may.
    #[error("topic {topic}, partition {partition}: no broker says where it ends; has it a leader, and may this client ask?")]
    Silent {
        /// Which topic.
        topic: String,
        /// Which partition.
        partition: i32,
        /// Why there was no answer.
        #[source]
        source: rdkafka::error::KafkaError,
    },
    /// There is no such topic.
    #[error("topic {0} does not exist on these brokers; create it, or name another")]
    NoSuchTopic(String),
    /// Kafka has deleted what was not metered yet.
    #[error(
        "topic {topic}, partition {partition}: it is metered up to offset {at}, but Kafka has deleted all before offset {low}; where producers use \
         transactions that may be their marks alone, which hold no events. To go on without what is lost, meter the topic under another name (?name={name}-2 in its URL, or name in its table of the configuration), and raise the topic's retention"
    )]
    Deleted {
        /// Which topic.
        topic: String,
        /// What it is called in the ledger.
        name: String,
        /// Which partition.
        partition: i32,
        /// Where metering is to go on.
        at: u64,
        /// The first offset that is left.
        low: u64,
    },
    /// Kafka ends before the position.
    #[error(
        "topic {topic}, partition {partition}: it is metered up to offset {at}, but it ends at offset {high}: it was cut or put back from an \
         older copy; if what it holds now is to be metered, name it anew (?name={name}-2 in its URL, or \
         name in its table of the configuration)"
    )]
    Beyond {
        /// Which topic.
        topic: String,
        /// What it is called in the ledger.
        name: String,
        /// Which partition.
        partition: i32,
        /// Where metering is to go on.
        at: u64,
        /// The offset after the last.
        high: u64,
    },
    /// The cluster or the group refuses us.
    #[error("topic {topic}: Kafka gives no more")]
    Refused {
        /// Which topic.
        topic: String,
        /// Why.
        #[source]
        source: rdkafka::error::KafkaError,
    },
    /// The thread of the consumer has ended.
    #[error("the thread of the Kafka consumer ended early: this is a defect")]
    Thread,
    /// The system gives no thread.
    #[error("the thread of the Kafka consumer cannot be started")]
    Spawn(#[source] std::io::Error),
}

impl KafkaError {
    /// Why a client cannot be made.
    #[must_use]
    pub fn not_made(source: rdkafka::error::KafkaError) -> KafkaError {
        match source {
            rdkafka::error::KafkaError::ClientConfig(_, why, name, _) => KafkaError::Property { name, why },
            other => KafkaError::Client(other),
        }
    }
}
