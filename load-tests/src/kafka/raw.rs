//! The bound: librdkafka reads the topic, and messages are counted and nothing else.
//!
//! A thread here is one that takes messages from a client of its own; the client has threads beside it that fetch and decompress.

use anyhow::{Context, Result, ensure};
use clap::Args;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};
use std::thread;
use std::time::{Duration, Instant};

/// How long one poll waits.
const POLL: Duration = Duration::from_millis(100);
/// Polls without a message after which nothing more is waited for.
const QUIET_MAX: u32 = 300;
/// How long brokers have to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which topic to count, with how many threads.
#[derive(Args, Clone, Debug)]
pub struct Count {
    /// HOST:PORT of the brokers, separated by commas
    #[arg(long)]
    pub brokers: String,
    /// The topic
    #[arg(long)]
    pub topic: String,
    /// Threads, each with a client of its own and an equal part of the partitions
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Counted {
    /// Messages.
    pub messages: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// From the first message to the last: without the start of the program and of the clients.
    pub seconds: f64,
}

/// What one thread counted.
struct Part {
    messages: u64,
    bytes: u64,
    first: Instant,
    last: Instant,
}

/// Counts a topic from its beginning to its end.
///
/// # Errors
/// When it cannot be read, or holds nothing.
pub fn count(options: &Count) -> Result<Counted> {
    ensure!(options.threads > 0, "at least one thread");
    let partitions = partitions(options)?;
    ensure!(options.threads <= partitions, "{} has {partitions} partitions: too few for {} threads", options.topic, options.threads);
    let parts = thread::scope(|scope| {
        let threads: Vec<_> = (0..options.threads)
            .map(|thread| {
                let mine: Vec<i32> =
                    (thread..partitions).step_by(options.threads).filter_map(|number| i32::try_from(number).ok()).collect();
                scope.spawn(move || count_part(options, &mine))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a counting thread does not panic")).collect::<Result<Vec<Option<Part>>>>()
    })?;
    let parts: Vec<Part> = parts.into_iter().flatten().collect();
    let first = parts.iter().map(|part| part.first).min().with_context(|| format!("topic {} holds no message", options.topic))?;
    let last = parts.iter().map(|part| part.last).max().unwrap_or(first);
    Ok(Counted {
        messages: parts.iter().map(|part| part.messages).sum(),
        bytes: parts.iter().map(|part| part.bytes).sum(),
        seconds: (last - first).as_secs_f64(),
    })
}

/// Asks for the offsets of a group: brokers make the topic that they keep those in when they are first asked, which takes a second that is
/// nobody's work.
///
/// # Errors
/// When no broker answers.
pub fn wake_groups(options: &Count) -> Result<()> {
    let mut list = TopicPartitionList::new();
    list.add_partition(&options.topic, 0);
    let (client, begun) = (client(options)?, Instant::now());
    loop {
        // While that topic is being made, no broker is in charge of the group.
        match client.committed_offsets(list.clone(), PATIENCE) {
            Err(_) if begun.elapsed() < PATIENCE => thread::sleep(POLL),
            answer => return answer.map(drop).context("no broker says how far a group is"),
        }
    }
}

fn partitions(options: &Count) -> Result<usize> {
    let client = client(options)?;
    let metadata =
        client.fetch_metadata(Some(&options.topic), PATIENCE).with_context(|| format!("{}: no broker answers", options.brokers))?;
    Ok(metadata.topics().first().map_or(0, |topic| topic.partitions().len()))
}

/// As the client comes: its own defaults fetch far ahead.
fn client(options: &Count) -> Result<BaseConsumer> {
    ClientConfig::new()
        .set("bootstrap.servers", &options.brokers)
        .set("group.id", "farthing-load-raw")
        .set("enable.auto.commit", "false")
        .create()
        .context("the Kafka client cannot be made")
}

fn count_part(options: &Count, partitions: &[i32]) -> Result<Option<Part>> {
    let client = client(options)?;
    let (mut list, mut expected) = (TopicPartitionList::new(), 0);
    for partition in partitions {
        let (low, high) = client.fetch_watermarks(&options.topic, *partition, PATIENCE).context("no broker says where the topic ends")?;
        expected += u64::try_from(high - low)?;
        list.add_partition_offset(&options.topic, *partition, Offset::Beginning)?;
    }
    client.assign(&list)?;
    let (mut messages, mut bytes, mut first, mut quiet) = (0, 0, None, 0);
    while messages < expected {
        let Some(message) = client.poll(POLL) else {
            quiet += 1;
            ensure!(quiet < QUIET_MAX, "topic {}: brokers give {messages} of {expected} messages and no more", options.topic);
            continue;
        };
        let message = message.with_context(|| format!("topic {} cannot be read", options.topic))?;
        if first.is_none() {
            first = Some(Instant::now());
        }
        messages += 1;
        bytes += u64::try_from(message.payload_len())?;
        quiet = 0;
    }
    Ok(first.map(|first| Part { messages, bytes, first, last: Instant::now() }))
}
