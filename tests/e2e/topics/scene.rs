//! Books, a topic, and workers that meter it.

use super::produce::{Producer, Record, partition_of};
use crate::crash::child::Running;
use crate::golden::way::{compare, files_of, unpacked};
use crate::services::kafka::{self, Cluster};
use crate::services::postgres;
use crate::support::{Data, root};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// A group whose workers are missed soon.
pub const QUICK: &str = "session.timeout.ms=3000&heartbeat.interval.ms=300";

/// Books with a registry, and a topic of their own.
pub struct Scene {
    pub data: Data,
    pub brokers: String,
    pub topic: String,
    pub partitions: u32,
    /// What the oracle says of the set.
    pub expected: Value,
    /// All events of the set, in order.
    pub lines: Vec<Vec<u8>>,
}

impl Scene {
    /// Of a golden set, on the broker that all tests share.
    pub fn of(set: &str, partitions: u32) -> Result<Scene> {
        Scene::on(kafka::cluster(), set, partitions)
    }

    pub fn on(cluster: &Cluster, set: &str, partitions: u32) -> Result<Scene> {
        Scene::with(Data::new()?, cluster, set, partitions)
    }

    /// In these books, which are empty.
    pub fn with(data: Data, cluster: &Cluster, set: &str, partitions: u32) -> Result<Scene> {
        let expected = serde_json::from_slice(&unpacked(&root().join(format!("tests/e2e/golden/{set}.json.gz")))?)?;
        let folder = if set == "small" { "real" } else { set };
        fs::write(data.path().join("registry.ndjson"), unpacked(&root().join(format!("tests/data/{folder}/registry.ndjson.gz")))?)?;
        data.ok(["registry", "load", "registry.ndjson"])?;
        let mut lines = Vec::new();
        for file in files_of(set)? {
            let text = unpacked(&file)?;
            lines.extend(text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).map(<[u8]>::to_vec));
        }
        let (brokers, topic) = (cluster.brokers.clone(), cluster.topic(partitions));
        Ok(Scene { data, brokers, topic, partitions, expected, lines })
    }

    pub fn producer(&self) -> Result<Producer> {
        Producer::to(&self.brokers, &self.topic)
    }

    /// The milliseconds at which the set's events arrive.
    pub fn arrival(&self) -> i64 {
        let now = self.expected["now"].as_str().unwrap_or_default();
        millis_of(now)
    }

    /// An event as a message that arrives when the set's events do.
    pub fn record(&self, line: &[u8]) -> Record {
        self.record_to(partition_of(line, self.partitions), line)
    }

    /// The same to another partition than its own.
    pub fn record_to(&self, partition: i32, line: &[u8]) -> Record {
        Record { millis: Some(self.arrival()), ..Record::of(partition, line) }
    }

    /// Each event once, in order.
    pub fn produce_all(&self) -> Result<()> {
        self.producer()?.send(self.lines.iter().map(|line| self.record(line)))
    }

    /// `farthing meter` on the topic, with further words.
    pub fn meter(&self, words: &[&str]) -> Command {
        let url = format!("kafka://{}/{}?group=g&{QUICK}", self.brokers, self.topic);
        self.data.command([&["meter", &url], words].concat())
    }

    /// Meters the topic to its end; what it says.
    pub fn metered(&self, words: &[&str]) -> Result<Value> {
        let output = self.meter(&[words, &["--json"]].concat()).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// A worker in the background.
    pub fn worker(&self, words: &[&str]) -> Result<Running> {
        Running::start(&mut self.meter(words))
    }

    /// Waits until the ledger is at these positions, by partition; a worker may not end meanwhile.
    pub fn wait_for(&self, ends: &BTreeMap<i32, u64>, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            // A server may be on its way back.
            let at = if self.data.is_on_server() { self.positions().unwrap_or_default() } else { self.positions()? };
            if ends.iter().all(|(partition, end)| at.get(partition).is_some_and(|next| next >= end)) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "not within {patience:?}: positions {ends:?}, they are {at:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The committed positions by partition, as the ledger's own database says.
    pub fn positions(&self) -> Result<BTreeMap<i32, u64>> {
        if self.data.is_on_server() {
            return self.positions_on_server();
        }
        self.last_of_slices("next")
    }

    /// The leases under which the latest of each partition was committed.
    pub fn leases(&self) -> Result<BTreeMap<i32, u64>> {
        self.last_of_slices("epoch")
    }

    /// A figure of each partition's last slice.
    fn last_of_slices(&self, figure: &str) -> Result<BTreeMap<i32, u64>> {
        let manifests = self.manifests()?;
        let mut at = BTreeMap::new();
        for slice in manifests.iter().flat_map(|manifest| manifest["act"]["slices"].as_array().into_iter().flatten()) {
            let name = slice["partition"].as_str().context("a partition")?;
            // Others may meter beside the topic.
            if let Some(name) = name.strip_prefix("kafka:") {
                let number = name.rsplit('/').next().and_then(|number| number.parse().ok());
                at.insert(number.context("a partition of a topic")?, slice[figure].as_u64().context(figure.to_owned())?);
            }
        }
        Ok(at)
    }

    fn positions_on_server(&self) -> Result<BTreeMap<i32, u64>> {
        let select = "SELECT partition || ' ' || next FROM positions WHERE read > 0 AND partition LIKE 'kafka:%'";
        let rows = postgres::query(self.data.server(), select)?;
        let parsed = |row: &str| {
            let (name, next) = row.rsplit_once(' ')?;
            Some((name.rsplit('/').next()?.parse().ok()?, next.parse().ok()?))
        };
        rows.lines().map(|row| parsed(row).with_context(|| format!("{row:?} is no position"))).collect()
    }

    /// The manifests that the archive has copies of: those that count, and perhaps one on its way.
    fn manifests(&self) -> Result<Vec<Value>> {
        let mut paths: Vec<_> = fs::read_dir(self.data.archive().join("manifests/v1"))?.collect::<std::io::Result<Vec<_>>>()?;
        paths.sort_by_key(std::fs::DirEntry::file_name);
        let read = |entry: &fs::DirEntry| -> Option<Value> { serde_json::from_slice(&fs::read(entry.path()).ok()?).ok() };
        Ok(paths.iter().filter_map(read).collect())
    }

    /// Accruals are the oracle's, counts reconcile per partition with what was produced, and the books verify.
    pub fn check(&self, said: &Value, produced: &BTreeMap<i32, u64>) -> Result<()> {
        let count = |of: &Value, name: &str| of[name].as_u64().with_context(|| format!("{name} in {of}"));
        ensure!(
            said["metered"] == self.expected["counts"]["metered"],
            "metered {}, not {}",
            said["metered"],
            self.expected["counts"]["metered"]
        );
        for partition in said["partitions"].as_array().context("partitions")? {
            let name = partition["partition"].as_str().unwrap_or_default();
            let number: i32 = name.rsplit('/').next().unwrap_or_default().parse()?;
            let read = count(partition, "read")?;
            ensure!(read == count(partition, "metered")? + count(partition, "duplicate")? + count(partition, "rejected")?, "{partition}");
            ensure!(read == produced.get(&number).copied().unwrap_or(0), "{name}: {read} read, {:?} produced", produced.get(&number));
        }
        compare("accruals", &self.expected["accruals"], &self.data.json(["accruals"])?)?;
        self.data.ok(["verify"])?;
        Ok(())
    }

    /// How many each partition gets when each event is produced once.
    pub fn once(&self) -> BTreeMap<i32, u64> {
        self.lines.iter().fold(BTreeMap::new(), |mut counts, line| {
            *counts.entry(partition_of(line, self.partitions)).or_default() += 1;
            counts
        })
    }
}

/// The milliseconds since 1970 of an RFC 3339 time.
fn millis_of(text: &str) -> i64 {
    text.parse::<farthing_schemas::Instant>().map_or(0, |instant| instant.micros() / 1000)
}
