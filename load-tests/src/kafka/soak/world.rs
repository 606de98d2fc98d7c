//! Services and workers under the soak.

use super::Soak;
use super::fault::Fault;
use super::stream::Sent;
use crate::kafka::pace::Rate;
use crate::kafka::produce::{Compression, Produce, Sending};
use crate::kafka::service::{Broker, Service};
use crate::kafka::workers::OnPostgres;
use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long brokers have to say how far it is.
const ANSWERED: Duration = Duration::from_secs(2);
/// Longer than the session of the workers.
const FROZEN: Duration = Duration::from_secs(8);
const DOWN: Duration = Duration::from_secs(3);
/// Of each partition the topic keeps so much: what is metered need not stay. The broker looks every few seconds.
const KEPT: [&str; 2] = ["retention.bytes=536870912", "segment.bytes=67108864"];
/// A worker that is gone is missed soon.
const SESSION: &str = "session.timeout.ms=6000&heartbeat.interval.ms=1000";

/// All that runs.
#[derive(Debug)]
pub struct World {
    broker: Broker,
    postgres: OnPostgres,
    binary: PathBuf,
    work: PathBuf,
    /// The command of the binary upon the books of now.
    command: Vec<OsString>,
    topic: String,
    partitions: u32,
    identities_mib: String,
    workers: Vec<Child>,
    started: u32,
    next: usize,
    /// What was known last: brokers may be down.
    known: (u64, u64),
}

impl World {
    /// Starts the services.
    pub fn up(options: &Soak, registry: &Path, work: &Path) -> Result<Self> {
        let broker = Broker::up(&options.kafka, &work.join("kafka"))?;
        let server = Service::up(&options.postgres, &work.join("postgres"))?;
        let postgres = OnPostgres { server, registry: registry.to_owned(), work: work.join("books") };
        Ok(Self {
            broker,
            postgres,
            binary: options.farthing.clone(),
            work: work.to_owned(),
            command: Vec::new(),
            topic: String::new(),
            partitions: options.partitions,
            identities_mib: options.identities_mib.to_string(),
            workers: Vec::new(),
            started: 0,
            next: 0,
            known: (0, 0),
        })
    }

    /// A topic, books and workers that never were before.
    pub fn begin(&mut self, name: &str, options: &Soak) -> Result<()> {
        let partitions = options.partitions.to_string();
        self.broker.service.run("topic", &[&[name, &partitions], &KEPT[..]].concat())?;
        self.command = self.postgres.fresh(&self.binary, name)?;
        name.clone_into(&mut self.topic);
        self.known = (0, 0);
        for _ in 0..options.workers {
            let worker = self.worker()?;
            self.workers.push(worker);
        }
        Ok(())
    }

    fn url(&self) -> String {
        format!("kafka://{}/{}?group={}&{SESSION}", self.broker.brokers, self.topic, self.topic)
    }

    /// Starts a worker; what it says goes to a file.
    fn worker(&mut self) -> Result<Child> {
        self.started += 1;
        let log = self.work.join(format!("worker-{}.log", self.started));
        let log = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).args(["meter", &self.url(), "--follow", "--identities-mib", &self.identities_mib]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().context("a worker cannot be started")
    }

    /// How to send to the topic of now.
    pub fn produce(&self, topic: &str, rate: Option<Rate>) -> Produce {
        let sending = Sending { compression: Compression::Lz4, batch_kib: 512, linger_ms: 50 };
        Produce { brokers: self.broker.brokers.clone(), topic: topic.to_owned(), rate, sending, file: PathBuf::from("-") }
    }

    /// Does it, and sees to it that all is there again.
    pub fn strike(&mut self, fault: Fault) -> Result<()> {
        let victim = self.next % self.workers.len();
        match fault {
            Fault::KillWorker => {
                self.next += 1;
                let fresh = self.worker()?;
                let mut killed = std::mem::replace(&mut self.workers[victim], fresh);
                // One that has ended is found when it is waited for.
                let _ = killed.kill();
                killed.wait().context("a worker does not end")?;
            }
            Fault::FreezeWorker => {
                self.next += 1;
                self.signal(victim, Signal::SIGSTOP)?;
                thread::sleep(FROZEN);
                self.signal(victim, Signal::SIGCONT)?;
            }
            Fault::KillBroker => {
                self.broker.service.run("kill", &["1"])?;
                thread::sleep(DOWN);
                self.broker.service.run("start", &["1"])?;
            }
            Fault::KillDatabase => {
                self.postgres.server.run("kill", &[])?;
                thread::sleep(DOWN);
                self.postgres.server.run("start", &[])?;
            }
        }
        Ok(())
    }

    fn signal(&self, worker: usize, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.workers[worker].id())?);
        kill(pid, signal).with_context(|| format!("{signal} cannot be sent to a worker"))
    }

    /// The most memory that a worker has now.
    pub fn memory_mib(&self) -> Result<u64> {
        let resident = |worker: &Child| {
            let status = fs::read_to_string(format!("/proc/{}/status", worker.id())).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            line.unwrap_or(0) >> 10
        };
        self.workers.iter().map(resident).max().context("there are workers")
    }

    /// How many messages are committed, as the group's offsets say.
    pub fn read(&mut self) -> u64 {
        if let Ok(read) = self.committed() {
            self.known.0 = self.known.0.max(read);
        }
        self.known.0
    }

    /// How many are in the topic, and were.
    pub fn sent(&mut self) -> u64 {
        if let Ok(sent) = self.ends() {
            self.known.1 = self.known.1.max(sent);
        }
        self.known.1
    }

    fn client(&self) -> Result<BaseConsumer> {
        let mut configuration = ClientConfig::new();
        configuration.set("bootstrap.servers", &self.broker.brokers).set("group.id", &self.topic).set("log_level", "0");
        Ok(configuration.create()?)
    }

    fn numbers(&self) -> impl Iterator<Item = i32> {
        0..i32::try_from(self.partitions).unwrap_or(i32::MAX)
    }

    fn committed(&self) -> Result<u64> {
        let mut list = TopicPartitionList::new();
        for partition in self.numbers() {
            list.add_partition(&self.topic, partition);
        }
        let committed = self.client()?.committed_offsets(list, ANSWERED)?;
        let offset = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset() {
            Offset::Offset(offset) => u64::try_from(offset).unwrap_or(0),
            _ => 0,
        };
        Ok(committed.elements().iter().map(offset).sum())
    }

    fn ends(&self) -> Result<u64> {
        let client = self.client()?;
        let end = |partition| anyhow::Ok(u64::try_from(client.fetch_watermarks(&self.topic, partition, ANSWERED)?.1)?);
        self.numbers().map(end).sum()
    }

    /// Waits until so many messages are committed.
    pub fn wait_until_read(&mut self, messages: u64, patience: Duration) -> Result<()> {
        let end = Instant::now() + patience;
        while self.read() < messages {
            self.all_live()?;
            ensure!(Instant::now() < end, "{} of {messages} messages are committed {patience:?} after the last was sent", self.known.0);
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// No worker may have given up.
    pub fn all_live(&mut self) -> Result<()> {
        for worker in &mut self.workers {
            if let Some(status) = worker.try_wait().context("a worker cannot be asked")? {
                bail!("a worker gave up ({status}); what it said is in {}/worker-*.log", self.work.display());
            }
        }
        Ok(())
    }

    /// Ends the workers in order. What the books hold is what was sent, each event once, and their rows are whole.
    pub fn end(&mut self, sent: &Sent) -> Result<()> {
        for worker in 0..self.workers.len() {
            self.signal(worker, Signal::SIGTERM)?;
        }
        for mut worker in self.workers.drain(..) {
            let status = worker.wait().context("a worker does not end")?;
            ensure!(status.success(), "a worker ended with {status}");
        }
        let said: serde_json::Value = serde_json::from_str(&self.ok(&["meter", &self.url(), "--json"])?)?;
        let counts = ["read", "metered", "duplicate", "rejected"].map(|count| said[count].as_u64());
        let expected = [sent.messages, sent.messages - sent.copies, sent.copies, 0].map(Some);
        ensure!(counts == expected, "read, metered, duplicate, rejected are {counts:?}, not {expected:?}");
        self.ok(&["ledger", "check"])?;
        self.ok(&["archive", "check"]).map(drop)
    }

    /// What a command upon the books prints.
    fn ok(&self, words: &[&str]) -> Result<String> {
        let output = Command::new(&self.command[0]).args(&self.command[1..]).args(words).stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("cannot run {}", self.binary.display()))?;
        ensure!(output.status.success(), "{words:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Stops the services.
    pub fn down(&self) -> Result<()> {
        self.postgres.server.down()?;
        self.broker.service.down()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            // One that has ended is gone already.
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}
