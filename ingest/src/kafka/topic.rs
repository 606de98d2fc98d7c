//! Which topic is metered, and how its brokers are reached.

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use std::collections::BTreeMap;

/// The group of those who name none.
const GROUP: &str = "farthing";

/// What the client must have as we need it, or it would lose or repeat events.
const OURS: [(&str, &str); 6] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // A position that Kafka does not have is an error, and no reason to begin elsewhere.
    ("auto.offset.reset", "error"),
    ("isolation.level", "read_committed"),
    ("enable.partition.eof", "true"),
    ("allow.auto.create.topics", "false"),
];

/// What a client has unless it is told otherwise.
const DEFAULTS: [(&str, &str); 7] = [
    ("client.id", "farthing"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    // What is fetched ahead waits in memory, per partition.
    ("queued.max.messages.kbytes", "8192"),
    // A queue that is full is looked at again so soon; the client's own second would leave it empty for most of the time.
    ("fetch.queue.backoff.ms", "2"),
    ("fetch.message.max.bytes", "2097152"),
    ("fetch.wait.max.ms", "100"),
    ("socket.keepalive.enable", "true"),
];

/// A topic, its brokers and the group that shares its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// `HOST:PORT`, separated by commas.
    pub brokers: String,
    /// The topic.
    pub topic: String,
    /// What it is called in the ledger: the topic's name, unless told otherwise.
    pub name: String,
    /// The consumer group.
    pub group: String,
    /// Properties of librdkafka: how to connect securely, sizes, times.
    pub properties: BTreeMap<String, String>,
}

/// A topic is named wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// It is no such URL.
    #[error("{0:?} names no topic; write kafka://HOST:PORT[,HOST:PORT...]/TOPIC?group=GROUP")]
    Url(String),
    /// A parameter of the URL is unknown.
    #[error("{0:?} is no parameter of a topic's URL: there are group, name, and properties of librdkafka such as session.timeout.ms")]
    Parameter(String),
    /// A property is one that is not for users to set.
    #[error("the Kafka property {0:?} is set by farthing itself: with another value events could be lost or counted twice")]
    Ours(String),
}

impl Topic {
    /// Reads `kafka://BROKERS/TOPIC?group=G&name=N`; a parameter with a dot in its name is a property of the client.
    ///
    /// ```
    /// use farthing_ingest::kafka::Topic;
    /// let topic = Topic::from_url("kafka://a:9092,b:9092/usage?group=metering").unwrap();
    /// assert_eq!((topic.brokers.as_str(), topic.topic.as_str(), topic.group.as_str()), ("a:9092,b:9092", "usage", "metering"));
    /// assert_eq!(topic.partition_name(3), "kafka:usage/3");
    /// ```
    ///
    /// # Errors
    /// [`TopicError`]
    pub fn from_url(url: &str) -> Result<Topic, TopicError> {
        let wrong = || TopicError::Url(url.to_owned());
        let rest = url.strip_prefix("kafka://").ok_or_else(wrong)?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (brokers, topic) = place.split_once('/').ok_or_else(wrong)?;
        if brokers.is_empty() || !is_topic(topic) {
            return Err(wrong());
        }
        let mut read = Topic::new(brokers, topic);
        let mut properties = BTreeMap::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("group", group)) if !group.is_empty() => group.clone_into(&mut read.group),
                Some(("name", name)) if is_topic(name) => name.clone_into(&mut read.name),
                Some((property, value)) if property.contains('.') => {
                    properties.insert(property.to_owned(), value.to_owned());
                }
                _ => return Err(TopicError::Parameter(parameter.to_owned())),
            }
        }
        read.with_properties(properties)
    }

    /// A topic with all else as it is by default.
    #[must_use]
    pub fn new(brokers: &str, topic: &str) -> Topic {
        let (brokers, topic) = (brokers.to_owned(), topic.to_owned());
        Topic { brokers, name: topic.clone(), topic, group: GROUP.to_owned(), properties: BTreeMap::new() }
    }

    /// The same topic, with properties of the client.
    ///
    /// # Errors
    /// [`TopicError::Ours`]
    pub fn with_properties(mut self, properties: BTreeMap<String, String>) -> Result<Topic, TopicError> {
        let named = ["bootstrap.servers", "metadata.broker.list", "group.id"];
        let ours = |key: &&String| OURS.iter().any(|(of_ours, _)| of_ours == key) || named.contains(&key.as_str());
        match properties.keys().find(ours) {
            Some(key) => Err(TopicError::Ours(key.clone())),
            None => {
                self.properties = properties;
                Ok(self)
            }
        }
    }

    /// What a partition is called in the ledger.
    #[must_use]
    pub fn partition_name(&self, partition: i32) -> String {
        format!("kafka:{}/{partition}", self.name)
    }

    /// The client's configuration.
    pub(super) fn configuration(&self) -> ClientConfig {
        let mut configuration = ClientConfig::new();
        let all = DEFAULTS.iter().copied().chain(self.properties.iter().map(|(key, value)| (key.as_str(), value.as_str()))).chain(OURS);
        for (key, value) in all {
            configuration.set(key, value);
        }
        configuration.set("bootstrap.servers", &self.brokers).set("group.id", &self.group);
        configuration.set_log_level(RDKafkaLogLevel::Error);
        configuration
    }
}

/// What Kafka takes as the name of a topic.
fn is_topic(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=249).contains(&name.len()) && name != "." && name != ".." && name.bytes().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_brokers_topic_group_and_name() {
        let topic = Topic::from_url("kafka://a:1/t.x?group=g&name=old").expect("a topic");
        assert_eq!((topic.partition_name(0), topic.group), ("kafka:old/0".to_owned(), "g".to_owned()));
        assert_eq!(Topic::from_url("kafka://a:1/t").map(|topic| topic.group), Ok(GROUP.to_owned()));
        for wrong in ["kafka://a:1", "kafka:///t", "kafka://a/", "kafka://a/b/c", "file://a/b", "kafka://a/t t"] {
            assert_eq!(Topic::from_url(wrong), Err(TopicError::Url(wrong.to_owned())));
        }
        let topic = Topic::from_url("kafka://a/t?session.timeout.ms=6000").expect("a topic");
        assert_eq!(topic.properties, BTreeMap::from([("session.timeout.ms".to_owned(), "6000".to_owned())]));
        for wrong in ["groups=g", "group=", "name=a/b"] {
            assert_eq!(Topic::from_url(&format!("kafka://a/t?{wrong}")), Err(TopicError::Parameter(wrong.to_owned())));
        }
    }

    #[test]
    fn what_would_lose_events_cannot_be_set() {
        let set = |key: &str| Topic::new("a", "t").with_properties(BTreeMap::from([(key.to_owned(), "x".to_owned())]));
        assert_eq!(set("enable.auto.commit"), Err(TopicError::Ours("enable.auto.commit".to_owned())));
        assert_eq!(set("group.id"), Err(TopicError::Ours("group.id".to_owned())));
        assert!(set("security.protocol").is_ok());
    }
}
