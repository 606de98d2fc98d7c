//! Which topic is metered, and how its brokers are reached.

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use std::collections::BTreeMap;
use std::fmt;

/// The group of those who name none.
const GROUP: &str = "farthing";

/// What the client must have as we need it, or it would lose or repeat events.
const OURS: [(&str, &str); 7] = [
    // Changes are answered by what they change.
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // A position that Kafka does not have is an error, and no reason to begin elsewhere.
    ("auto.offset.reset", "error"),
    ("isolation.level", "read_committed"),
    ("enable.partition.eof", "true"),
    ("allow.auto.create.topics", "false"),
];

/// What is said elsewhere, or by whoever sends rejected events on: that waits for an answer to each, from all who are to have it.
const NAMED: [&str; 6] =
    ["auto.commit.enable", "delivery.report.only.error", "group.id", "message.timeout.ms", "metadata.broker.list", "request.required.acks"];

/// Other names of properties, as librdkafka has them. Of two names for one property, whichever is set last would count.
const ALIASES: [(&str, &str); 11] = [
    ("acks", "request.required.acks"),
    ("bootstrap.servers", "metadata.broker.list"),
    ("compression.type", "compression.codec"),
    ("delivery.timeout.ms", "message.timeout.ms"),
    ("linger.ms", "queue.buffering.max.ms"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
    ("retries", "message.send.max.retries"),
    ("sasl.mechanism", "sasl.mechanisms"),
    ("sasl.oauthbearer.client.credentials.client.id", "sasl.oauthbearer.client.id"),
    ("sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.client.secret"),
];

/// What librdkafka takes before the name of any property of a topic, and how its own properties begin that are named so.
const OF_TOPICS: &str = "topic.";
const NOT_OF_TOPICS: [&str; 2] = ["topic.metadata.", "topic.blacklist"];

/// What a client has unless it is told otherwise.
const DEFAULTS: [(&str, &str); 7] = [
    ("client.id", "farthing"),
    // What is fetched ahead waits in memory, per partition.
    ("queued.max.messages.kbytes", "8192"),
    // A queue that is full is looked at again so soon; the client's own second would leave it empty for most of the time.
    ("fetch.queue.backoff.ms", "2"),
    ("fetch.message.max.bytes", "2097152"),
    ("fetch.wait.max.ms", "100"),
    ("socket.keepalive.enable", "true"),
    // Brokers that are back are found soon: the client's own ten seconds are longer than many a session.
    ("reconnect.backoff.max.ms", "2000"),
];

/// Words in the names of properties whose values are nobody's business.
const SECRET: [&str; 5] = ["password", "passphrase", "secret", ".pem", "oauthbearer.config"];

/// A topic, its brokers and the group that shares its partitions.
#[derive(Clone, PartialEq, Eq)]
pub struct Topic {
    /// `HOST:PORT`, separated by commas.
    pub brokers: String,
    /// The topic.
    pub topic: String,
    /// What it is called in the ledger: the topic's name, unless told otherwise.
    pub name: String,
    /// The consumer group.
    pub group: String,
    /// The topic that gets its rejected events, if any.
    pub dead_letters: Option<String>,
    /// Properties of librdkafka: how to connect securely, sizes, times.
    pub properties: BTreeMap<String, String>,
}

/// Shows no password.
impl fmt::Debug for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = |key: &str| SECRET.iter().any(|word| key.contains(word));
        let shown = |(key, value): (&String, &String)| (key.clone(), if secret(key) { "***".to_owned() } else { value.clone() });
        let properties: BTreeMap<String, String> = self.properties.iter().map(shown).collect();
        let Topic { brokers, topic, name, group, dead_letters, .. } = self;
        write!(out, "Topic {{ {brokers} {topic} {name} {group} {dead_letters:?} {properties:?} }}")
    }
}

/// A topic is named wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// It is no such URL; what stands behind its question mark may be secret.
    #[error("{0:?} names no topic; write kafka://HOST:PORT[,HOST:PORT...]/TOPIC?group=GROUP")]
    Url(String),
    /// A parameter of the URL is unknown.
    #[error(
        "{0:?} with this value is no parameter of a topic's URL: there are group, name, dead_letters_topic, and properties of librdkafka \
         such as session.timeout.ms"
    )]
    Parameter(String),
    /// A property is one that is not for users to set.
    #[error("the Kafka property {0:?} is set by farthing itself: with another value events could be lost or counted twice")]
    Ours(String),
    /// A property is said twice, by two of its names.
    #[error("the Kafka property {0:?} is said twice, also as {1:?}: leave one of them out")]
    Twice(String, String),
    /// Rejected events would come back for ever.
    #[error("topic {0} cannot get its own rejected events: name another topic for dead letters")]
    ToItself(String),
    /// Kafka takes no such name.
    #[error("{0:?} is no name that Kafka takes for a topic: 1 to 249 letters, digits, dots, underscores and dashes")]
    Name(String),
}

impl Topic {
    /// Reads `kafka://BROKERS/TOPIC?group=G&name=N&dead_letters_topic=D`; a parameter with a dot in its name is a property of the client.
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
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let wrong = || TopicError::Url(place.to_owned());
        let place = place.strip_prefix("kafka://").ok_or_else(wrong)?;
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
                Some(("dead_letters_topic", name)) => read = read.with_dead_letters(name)?,
                Some((property, value)) if property.contains('.') => {
                    properties.insert(property.to_owned(), value.to_owned());
                }
                Some((name, _)) => return Err(TopicError::Parameter(name.to_owned())),
                None => return Err(TopicError::Parameter(parameter.to_owned())),
            }
        }
        read.with_properties(properties)
    }

    /// A topic with all else as it is by default.
    #[must_use]
    pub fn new(brokers: &str, topic: &str) -> Topic {
        let (brokers, topic) = (brokers.to_owned(), topic.to_owned());
        Topic { brokers, name: topic.clone(), topic, group: GROUP.to_owned(), dead_letters: None, properties: BTreeMap::new() }
    }

    /// The same topic under these names: of the topic, of what it is called in the ledger, of the group.
    ///
    /// # Errors
    /// [`TopicError::Name`]
    pub fn named(mut self, name: Option<String>, group: Option<String>) -> Result<Topic, TopicError> {
        self.name = name.unwrap_or(self.name);
        self.group = group.filter(|group| !group.is_empty()).unwrap_or(self.group);
        let wrong = [&self.topic, &self.name].into_iter().find(|name| !is_topic(name)).cloned();
        wrong.map_or(Ok(self), |wrong| Err(TopicError::Name(wrong)))
    }

    /// The same topic, whose rejected events go to another.
    ///
    /// # Errors
    /// [`TopicError::ToItself`] or [`TopicError::Name`]
    pub fn with_dead_letters(mut self, topic: &str) -> Result<Topic, TopicError> {
        if !is_topic(topic) {
            return Err(TopicError::Name(topic.to_owned()));
        }
        if topic == self.topic {
            return Err(TopicError::ToItself(self.topic));
        }
        self.dead_letters = Some(topic.to_owned());
        Ok(self)
    }

    /// The same topic, with properties of the client.
    ///
    /// # Errors
    /// [`TopicError::Ours`] or [`TopicError::Twice`], whichever of its names a property is said by
    pub fn with_properties(mut self, properties: BTreeMap<String, String>) -> Result<Topic, TopicError> {
        let mut said: BTreeMap<&str, &str> = BTreeMap::new();
        for key in properties.keys() {
            let property = property_of(key);
            if NAMED.contains(&property) || OURS.iter().any(|(of_ours, _)| *of_ours == property) {
                return Err(TopicError::Ours(key.clone()));
            }
            if let Some(before) = said.insert(property, key) {
                return Err(TopicError::Twice(before.to_owned(), key.clone()));
            }
        }
        self.properties = properties;
        Ok(self)
    }

    /// Whether a property of the client is said, by any of its names.
    #[must_use]
    pub fn says(&self, property: &str) -> bool {
        self.properties.keys().any(|key| property_of(key) == property_of(property))
    }

    /// What a partition is called in the ledger.
    #[must_use]
    pub fn partition_name(&self, partition: i32) -> String {
        format!("kafka:{}/{partition}", self.name)
    }

    /// Where a partition's name in the ledger has its number, and that of no other topic.
    #[must_use]
    pub fn number_of(&self, partition: &str) -> Option<i32> {
        partition.strip_prefix("kafka:")?.strip_prefix(self.name.as_str())?.strip_prefix('/')?.parse().ok()
    }

    /// What a client that writes to the same brokers begins with.
    #[must_use]
    pub fn producer(&self) -> ClientConfig {
        let mut configuration = ClientConfig::new();
        // librdkafka passes over what is for consumers alone.
        for (key, value) in &self.properties {
            configuration.set(key, value);
        }
        configuration.set("bootstrap.servers", &self.brokers).set("client.id", "farthing").set_log_level(RDKafkaLogLevel::Error);
        configuration
    }

    /// The client's configuration.
    pub(super) fn configuration(&self) -> ClientConfig {
        let mut configuration = ClientConfig::new();
        let defaults = DEFAULTS.into_iter().filter(|(key, _)| !self.says(key));
        let all = defaults.chain(self.properties.iter().map(|(key, value)| (key.as_str(), value.as_str()))).chain(OURS);
        for (key, value) in all {
            configuration.set(key, value);
        }
        configuration.set("bootstrap.servers", &self.brokers).set("group.id", &self.group);
        configuration.set_log_level(RDKafkaLogLevel::Error);
        configuration
    }
}

/// The property that a name stands for.
fn property_of(name: &str) -> &str {
    let of_topics = name.strip_prefix(OF_TOPICS).filter(|_| !NOT_OF_TOPICS.iter().any(|begin| name.starts_with(begin)));
    let name = of_topics.unwrap_or(name);
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, property)| property)
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
        for wrong in ["groups=g", "group=", "name=a/b", "sasl_password=hidden"] {
            let name = wrong.split('=').next().expect("a name");
            assert_eq!(Topic::from_url(&format!("kafka://a/t?{wrong}")), Err(TopicError::Parameter(name.to_owned())));
        }
        let topic = Topic::from_url("kafka://a/t?dead_letters_topic=t.dead").expect("a topic");
        assert_eq!(topic.dead_letters.as_deref(), Some("t.dead"));
        assert_eq!(Topic::from_url("kafka://a/t?dead_letters_topic=t"), Err(TopicError::ToItself("t".to_owned())));
        assert_eq!(Topic::from_url("kafka://a/t?dead_letters_topic=a b"), Err(TopicError::Name("a b".to_owned())));
    }

    #[test]
    fn numbers_are_of_this_topic_alone() {
        let topic = Topic::from_url("kafka://a/t?name=n").expect("a topic");
        assert_eq!(
            ["kafka:n/12", "kafka:n2/1", "kafka:n", "n/1", "kafka:n/x"].map(|name| topic.number_of(name)),
            [Some(12), None, None, None, None]
        );
    }

    #[test]
    fn no_secret_is_shown() {
        let topic = Topic::from_url("kafka://a/t?sasl.password=hidden&ssl.key.pem=hidden&sasl.username=u").expect("a topic");
        let shown = format!("{topic:?}");
        assert!(!shown.contains("hidden") && shown.contains("\"sasl.username\": \"u\""), "{shown}");
        let wrong = Topic::from_url("kafka://a?sasl.password=hidden").map_err(|error| format!("{error} {error:?}"));
        assert!(wrong.is_err_and(|said| !said.contains("hidden")));
    }

    #[test]
    fn what_would_lose_events_cannot_be_set() {
        let set = |key: &str| Topic::new("a", "t").with_properties(BTreeMap::from([(key.to_owned(), "x".to_owned())]));
        assert_eq!(set("enable.auto.commit"), Err(TopicError::Ours("enable.auto.commit".to_owned())));
        assert_eq!(set("group.id"), Err(TopicError::Ours("group.id".to_owned())));
        assert!(set("security.protocol").is_ok());
        // Whichever name it goes by.
        for other in [
            "acks",
            "topic.acks",
            "topic.request.required.acks",
            "metadata.broker.list",
            "bootstrap.servers",
            "topic.auto.offset.reset",
            "auto.commit.enable",
            "topic.auto.commit.enable",
            "topic.enable.auto.commit",
            "topic.delivery.timeout.ms",
            "delivery.report.only.error",
        ] {
            assert_eq!(set(other), Err(TopicError::Ours(other.to_owned())));
        }
        assert!(set("topic.metadata.refresh.interval.ms").is_ok() && set("topic.compression.level").is_ok());
    }

    #[test]
    fn a_property_is_said_once_by_any_of_its_names() {
        let set = |keys: [&str; 2]| {
            let properties = keys.map(|key| (key.to_owned(), "1000".to_owned()));
            Topic::new("a", "t").with_properties(BTreeMap::from(properties))
        };
        let twice = Err(TopicError::Twice("fetch.message.max.bytes".to_owned(), "max.partition.fetch.bytes".to_owned()));
        assert_eq!(set(["max.partition.fetch.bytes", "fetch.message.max.bytes"]), twice);
        // What is said takes the place of what is so by default.
        let topic = set(["max.partition.fetch.bytes", "linger.ms"]).expect("a topic");
        assert!(topic.says("fetch.message.max.bytes") && topic.says("queue.buffering.max.ms") && !topic.says("compression.type"));
        let native = topic.configuration().create_native_config().expect("a configuration");
        assert_eq!(native.get("fetch.message.max.bytes").as_deref(), Ok("1000"));
    }

    #[test]
    fn aliases_are_those_of_the_client() {
        for (alias, property) in ALIASES {
            assert_eq!([property_of(alias), property_of(&format!("{OF_TOPICS}{alias}"))], [property; 2]);
            let value = if alias == "compression.type" { "zstd" } else { "7" };
            let of_topics = ["acks", "delivery.timeout.ms"].contains(&alias).then(|| format!("{OF_TOPICS}{alias}"));
            for name in of_topics.into_iter().chain([alias.to_owned()]) {
                match ClientConfig::new().set(&name, value).create_native_config() {
                    Ok(native) => assert_eq!(native.get(property).as_deref(), Ok(value), "{name}"),
                    // It names the property, too.
                    Err(error) => assert!(error.to_string().contains(&format!("\"{property}\" not supported in this build")), "{error}"),
                }
            }
        }
    }
}
