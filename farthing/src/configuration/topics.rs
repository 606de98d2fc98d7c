//! `[topics.NAME]`: topics that `farthing meter kafka:NAME` meters, and how their brokers are reached.

use super::limits::MeterTable;
use farthing_archive::s3::Secret;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// All topics, by what the command line calls them.
pub type Topics = BTreeMap<String, TopicTable>;

/// `[topics.NAME]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "without topics nobody reads it, but a file may name them"))]
pub struct TopicTable {
    /// `HOST:PORT` of some of the brokers; they name the others.
    brokers: Vec<String>,
    /// The topic [NAME].
    topic: Option<String>,
    /// The consumer group that shares its partitions [farthing].
    group: Option<String>,
    /// What it is called in the ledger, `kafka:NAME/PARTITION` [the topic]: once metered, it keeps that name.
    name: Option<String>,
    /// Only events of these platforms may come from it [any].
    #[serde(default)]
    pub platforms: Vec<String>,
    /// Days before its arrival that an event may have happened [any].
    pub max_age_days: Option<u32>,
    /// A topic on the same brokers that gets the rejected events [none].
    dead_letters_topic: Option<String>,
    /// Most events in one batch [as under [meter], like the next four].
    batch_events: Option<u64>,
    /// Most MiB of events in one batch, decompressed.
    batch_mib: Option<u64>,
    /// Seconds after a batch's first event when it is sealed and its commit begins.
    pub batch_seconds: Option<u64>,
    /// Threads that decode.
    workers: Option<u16>,
    /// Seconds to wait for a ledger that is away.
    ledger_patience_seconds: Option<u64>,
    /// TLS; without this table there is none.
    tls: Option<TlsTable>,
    /// Who we are; without this table nobody in particular.
    sasl: Option<SaslTable>,
    /// Further properties of librdkafka, in its own words and units.
    #[serde(default)]
    properties: Properties,
}

/// Names and values, which may be secret.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
#[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "as above"))]
struct Properties(BTreeMap<String, toml::Value>);

impl fmt::Debug for Properties {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.0.keys())
    }
}

/// `[topics.NAME.tls]`; an empty one is TLS with the authorities that the system trusts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "as above"))]
struct TlsTable {
    /// PEM of the authorities that vouch for the brokers [the system's].
    ca_file: Option<PathBuf>,
    /// PEM of our certificate and those between it and an authority of the brokers'; goes with `key_file`.
    certificate_file: Option<PathBuf>,
    /// PEM of our certificate's private key.
    key_file: Option<PathBuf>,
    /// What the key is encrypted with, if it is.
    #[serde(default, deserialize_with = "secret")]
    key_password: Option<Secret>,
    /// A file that holds that and nothing else; white space around it does not count.
    key_password_file: Option<PathBuf>,
    /// Whether a broker's certificate must be for the name that it is called by [true].
    verify_host_name: Option<bool>,
}

/// `[topics.NAME.sasl]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "as above"))]
struct SaslTable {
    /// `SCRAM-SHA-512`, `SCRAM-SHA-256` or `PLAIN`.
    mechanism: String,
    /// Who we are.
    user: String,
    /// What proves it; one of this and the next.
    #[serde(default, deserialize_with = "secret")]
    password: Option<Secret>,
    /// A file that holds the password and nothing else; white space around it does not count.
    password_file: Option<PathBuf>,
    /// Whether `PLAIN` may send the password over a connection without TLS, for all to read [false].
    allow_without_tls: Option<bool>,
}

/// A wrong secret is not quoted, either.
fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    match toml::Value::deserialize(from)? {
        toml::Value::String(text) => Ok(Some(Secret::new(text))),
        _ => Err(D::Error::custom("a password must be a text")),
    }
}

impl TopicTable {
    /// Its limits, if they are within bounds.
    pub fn limits(&self, key: &str) -> anyhow::Result<MeterTable> {
        let TopicTable { batch_events, batch_mib, batch_seconds, workers, ledger_patience_seconds, .. } = *self;
        MeterTable { batch_events, batch_mib, batch_seconds, workers, ledger_patience_seconds, ..MeterTable::default() }
            .checked(&format!("topics.{key}"))
    }
}

#[cfg(feature = "kafka")]
mod reached {
    //! What the tables come to, in librdkafka's words.

    use super::super::secret_in;
    use super::{SaslTable, Secret, TlsTable, TopicTable, Topics};
    use anyhow::{Context, bail, ensure};
    use farthing_ingest::kafka::Topic;
    use std::collections::BTreeMap;
    use std::path::Path;

    /// What the client that we build can do, and how it calls it.
    const MECHANISMS: [&str; 3] = ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"];

    /// The topic of a URL, or `kafka:NAME` for one of these.
    pub fn named(topics: &Topics, source: &str) -> anyhow::Result<Topic> {
        match source.strip_prefix("kafka:").filter(|rest| !rest.starts_with("//")) {
            Some(key) => Ok(topic(topics, key)?.1),
            None => Ok(Topic::from_url(source)?),
        }
    }

    /// The table of that name, and the topic that it says.
    pub fn topic(topics: &Topics, key: &str) -> anyhow::Result<(TopicTable, Topic)> {
        let Some(table) = topics.get(key) else {
            let known: Vec<&str> = topics.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "it names no topic".to_owned() } else { format!("it names {}", known.join(", ")) };
            bail!("kafka:{key}: no [topics.{key}] is in the configuration ({known}); or write kafka://HOST:PORT/TOPIC?group=GROUP")
        };
        let topic = table.topic(key).with_context(|| format!("[topics.{key}] of the configuration"))?;
        for (other, table) in topics.iter().filter(|(other, _)| *other != key) {
            ensure!(
                table.ledger_name(other) != topic.name,
                "[topics.{key}] and [topics.{other}] of the configuration are both called {:?} in the ledger: give one of them another name",
                topic.name
            );
        }
        Ok((table.clone(), topic))
    }

    impl TopicTable {
        fn ledger_name<'t>(&'t self, key: &'t str) -> &'t str {
            self.name.as_deref().or(self.topic.as_deref()).unwrap_or(key)
        }

        fn topic(&self, key: &str) -> anyhow::Result<Topic> {
            let brokers = self.brokers.join(",");
            ensure!(!brokers.is_empty() && !brokers.contains(['/', ' ']), "brokers must be a list of HOST:PORT, not {brokers:?}");
            let topic = Topic::new(&brokers, self.topic.as_deref().unwrap_or(key)).named(self.name.clone(), self.group.clone())?;
            let mut properties = self.security()?;
            let mut free = BTreeMap::new();
            for (name, value) in &self.properties.0 {
                flatten(name, value, &mut free)?;
            }
            if let Some(twice) = free.keys().find(|name| properties.contains_key(*name)) {
                bail!("the Kafka property {twice:?} is said twice: by the tables for TLS and SASL, and under properties");
            }
            properties.append(&mut free);
            let topic = topic.with_properties(properties)?;
            Ok(match &self.dead_letters_topic {
                Some(name) => topic.with_dead_letters(name)?,
                None => topic,
            })
        }

        fn security(&self) -> anyhow::Result<BTreeMap<String, String>> {
            let mut said = BTreeMap::new();
            if let Some(tls) = &self.tls {
                tls.say(&mut said)?;
            }
            if let Some(sasl) = &self.sasl {
                sasl.say(self.tls.is_some(), &mut said)?;
            }
            let protocol = match (&self.tls, &self.sasl) {
                (Some(_), Some(_)) => "sasl_ssl",
                (Some(_), None) => "ssl",
                (None, Some(_)) => "sasl_plaintext",
                // Perhaps it is among the properties.
                (None, None) => return Ok(said),
            };
            said.insert("security.protocol".to_owned(), protocol.to_owned());
            Ok(said)
        }
    }

    impl TlsTable {
        fn say(&self, said: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
            ensure!(self.certificate_file.is_some() == self.key_file.is_some(), "certificate_file goes with key_file under tls");
            let files = [
                ("ssl.ca.location", &self.ca_file),
                ("ssl.certificate.location", &self.certificate_file),
                ("ssl.key.location", &self.key_file),
            ];
            for (property, file) in files {
                let Some(file) = file else { continue };
                std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
                said.insert(property.to_owned(), file.display().to_string());
            }
            if let Some(password) = one_of("key_password", self.key_password.as_ref(), self.key_password_file.as_deref())? {
                ensure!(self.key_file.is_some(), "key_password goes with key_file under tls");
                said.insert("ssl.key.password".to_owned(), password.reveal().to_owned());
            }
            let algorithm = if self.verify_host_name.unwrap_or(true) { "https" } else { "none" };
            said.insert("ssl.endpoint.identification.algorithm".to_owned(), algorithm.to_owned());
            Ok(())
        }
    }

    impl SaslTable {
        fn say(&self, tls: bool, said: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
            let mechanism = self.mechanism.as_str();
            ensure!(MECHANISMS.contains(&mechanism), "mechanism {mechanism:?} under sasl: there are {}", MECHANISMS.join(", "));
            ensure!(
                tls || mechanism != "PLAIN" || self.allow_without_tls == Some(true),
                "PLAIN would send the password for all to read: add a table tls, or allow_without_tls = true under sasl"
            );
            let password = one_of("password", self.password.as_ref(), self.password_file.as_deref())?;
            let password = password.context("sasl needs one of password and password_file")?;
            let words = [("sasl.mechanisms", mechanism), ("sasl.username", &self.user), ("sasl.password", password.reveal())];
            said.extend(words.map(|(property, value)| (property.to_owned(), value.to_owned())));
            Ok(())
        }
    }

    fn one_of(name: &str, said: Option<&Secret>, file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
        match (said, file) {
            (Some(_), Some(_)) => bail!("one of {name} and {name}_file is enough"),
            (Some(said), None) => Ok(Some(said.clone())),
            (None, Some(file)) => secret_in(file).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// TOML reads `session.timeout.ms = 10000` as tables in tables; quoted or not, it is one property.
    fn flatten(name: &str, value: &toml::Value, into: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            toml::Value::Table(inner) => {
                return inner.iter().try_for_each(|(more, value)| flatten(&format!("{name}.{more}"), value, into));
            }
            _ => bail!("the Kafka property {name:?} must be a text, a whole number, or true or false"),
        };
        into.insert(name.to_owned(), text);
        Ok(())
    }
}
#[cfg(feature = "kafka")]
pub use reached::{named, topic};

#[cfg(test)]
#[cfg(feature = "kafka")]
mod tests;
