//! Sending a file of events to a topic, keyed so that what belongs together comes to one partition.

use super::key::key_of;
use super::pace::{Pace, Rate};
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is said how far it is.
const SAY: Duration = Duration::from_secs(5);
/// How long to wait where the client's queue is full.
const FULL: Duration = Duration::from_millis(2);
/// How long brokers have for what is still on its way at the end.
const PATIENCE: Duration = Duration::from_secs(120);

/// How batches are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// Not at all, as producers do that are not told otherwise.
    #[default]
    None,
    /// By gzip.
    Gzip,
    /// By lz4.
    Lz4,
    /// By zstd.
    Zstd,
}

impl Compression {
    /// As the client calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// How messages are sent.
#[derive(Args, Clone, Debug)]
pub struct Sending {
    /// How batches are compressed
    #[arg(long, value_enum, default_value_t)]
    pub compression: Compression,
    /// The most that a batch holds, in KiB
    #[arg(long, default_value_t = 512)]
    pub batch_kib: u32,
    /// How long a batch waits to be filled, in milliseconds
    #[arg(long, default_value_t = 50)]
    pub linger_ms: u32,
}

/// What to send, and where to.
#[derive(Args, Debug)]
pub struct Produce {
    /// HOST:PORT of the brokers, separated by commas
    #[arg(long)]
    pub brokers: String,
    /// The topic; it has to be there
    #[arg(long)]
    pub topic: String,
    /// No more than so many messages a second, such as 5000/s
    #[arg(long)]
    pub rate: Option<Rate>,
    #[command(flatten)]
    pub sending: Sending,
    /// Events as NDJSON; - is standard input
    pub file: PathBuf,
}

/// What was sent.
#[derive(Clone, Copy, Debug)]
pub struct Produced {
    /// Messages that the brokers have.
    pub messages: u64,
    /// Their bytes, without keys.
    pub bytes: u64,
    /// From the first to the answer to the last.
    pub seconds: f64,
}

/// Counts what brokers have answered.
#[derive(Default)]
struct Answers {
    delivered: AtomicU64,
    failed: Mutex<Option<KafkaError>>,
}

impl ClientContext for Answers {}

impl ProducerContext for Answers {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => _ = self.delivered.fetch_add(1, Ordering::Relaxed),
            Err((error, _)) => {
                let mut failed = self.failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                failed.get_or_insert_with(|| error.clone());
            }
        }
    }
}

/// Sends all lines of a file.
///
/// # Errors
/// When the file cannot be read, a line is no event, or a broker does not take a message.
pub fn produce(options: &Produce) -> Result<Produced> {
    if options.file == Path::new("-") {
        return send(options, io::stdin().lock());
    }
    let file = File::open(&options.file).with_context(|| format!("cannot open {}", options.file.display()))?;
    send(options, BufReader::with_capacity(1 << 20, file)).with_context(|| format!("{} was not sent whole", options.file.display()))
}

/// The same, of events as they come.
pub(super) fn send(options: &Produce, mut events: impl BufRead) -> Result<Produced> {
    let producer = producer(options)?;
    let mut pace = options.rate.map(Pace::new);
    let (mut line, mut key, mut sent, mut bytes) = (Vec::new(), Vec::new(), 0_u64, 0_u64);
    let (start, mut said) = (Instant::now(), Instant::now());
    loop {
        line.clear();
        if events.read_until(b'\n', &mut line).context("cannot read events")? == 0 {
            break;
        }
        let event = line.trim_ascii_end();
        if event.is_empty() {
            continue;
        }
        key_of(event, &mut key).with_context(|| format!("message {}", sent + 1))?;
        if let Some(pace) = &mut pace {
            thread::sleep(pace.wait(start.elapsed()));
        }
        enqueue(&producer, &options.topic, &key, event)?;
        sent += 1;
        bytes += u64::try_from(event.len())?;
        if said.elapsed() >= SAY {
            said = Instant::now();
            eprintln!("{sent} messages, {:.0}/s", sent as f64 / start.elapsed().as_secs_f64());
            refused(&producer)?;
        }
    }
    producer.flush(PATIENCE).with_context(|| format!("{}: the last messages were not taken", options.brokers))?;
    refused(&producer)?;
    let delivered = producer.context().delivered.load(Ordering::Relaxed);
    ensure!(delivered == sent, "{sent} messages were sent, brokers have answered for {delivered}");
    Ok(Produced { messages: sent, bytes, seconds: start.elapsed().as_secs_f64() })
}

fn producer(options: &Produce) -> Result<ThreadedProducer<Answers>> {
    let sending = &options.sending;
    ClientConfig::new()
        .set("bootstrap.servers", &options.brokers)
        .set("client.id", "farthing-load")
        // A retry must not come as a copy: copies are counted.
        .set("enable.idempotence", "true")
        .set("compression.type", sending.compression.name())
        .set("batch.size", (u64::from(sending.batch_kib) << 10).to_string())
        .set("linger.ms", sending.linger_ms.to_string())
        .set("queue.buffering.max.kbytes", "131072")
        .create_with_context(Answers::default())
        .context("the Kafka client cannot be made")
}

/// Hands a message to the client, which copies it; waits while its queue is full.
fn enqueue(producer: &ThreadedProducer<Answers>, topic: &str, key: &[u8], event: &[u8]) -> Result<()> {
    let mut record = BaseRecord::to(topic).key(key).payload(event);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                refused(producer)?;
                thread::sleep(FULL);
                record = back;
            }
            Err((error, _)) => return Err(error).with_context(|| format!("topic {topic} takes no messages")),
        }
    }
}

fn refused(producer: &ThreadedProducer<Answers>) -> Result<()> {
    let failed = producer.context().failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    failed.map_or(Ok(()), |error| Err(error).context("a broker did not take a message; is the topic there?"))
}
