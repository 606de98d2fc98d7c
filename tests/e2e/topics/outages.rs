//! A ledger or a store that is away for a minute under a steady stream: the worker keeps its membership and its memory, and loses nothing.

use super::produce::{Producer, Record};
use super::read;
use super::scene::{QUICK, Scene};
use crate::crash::child::Running;
use crate::services::kafka;
use crate::services::postgres;
use crate::services::proxy::{Fault, Proxy};
use crate::support::{Data, slow, stderr};
use anyhow::{Context, Result, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PARTITIONS: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(180);
/// Bytes that each event of the stream carries for nothing, and how many of them come in a second.
const PADDING: usize = 64 << 10;
const A_SECOND: usize = 300;
/// By how much a worker may grow while nothing can be committed: much less than what comes meanwhile.
const GROWTH_MIB: u64 = 160;

/// How long the service is away.
fn away() -> Duration {
    Duration::from_secs(if slow() { 60 } else { 20 })
}

/// A figure of `/proc/PID/status`, in MiB.
fn mib(worker: &Running, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", worker.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| name.to_owned())?;
    Ok(line.trim_start_matches(':').trim().trim_end_matches(" kB").trim().parse::<u64>()? >> 10)
}

/// Who is in a group, and in which state it is, as the broker says; and how often it was rebalanced, as its log says.
#[derive(Debug, PartialEq, Eq)]
struct Membership {
    state: String,
    members: Vec<String>,
    rebalanced: usize,
}

fn membership(client: &BaseConsumer, group: &str) -> Result<Membership> {
    let list = client.fetch_group_list(Some(group), Duration::from_secs(20))?;
    let found = list.groups().iter().find(|found| found.name() == group).context("the group is not there")?;
    let members = found.members().iter().map(|member| member.id().to_owned()).collect();
    let log = fs::read_to_string(kafka::cluster().folder().join("1/server.log"))?;
    let rebalanced = log.lines().filter(|line| line.contains(&format!("group {group} ")) && line.contains("rebalance")).count();
    Ok(Membership { state: found.state().to_owned(), members, rebalanced })
}

/// Copies of the set's events, each with much that counts for nothing.
fn padded(scene: &Scene) -> Vec<Record> {
    let padding = "x".repeat(PADDING);
    let pad = |line: &Vec<u8>| {
        let mut event: Value = serde_json::from_slice(line).ok().filter(|event: &Value| event["data"]["attribution"].is_object())?;
        event["padding"] = padding.clone().into();
        Some(Record { value: Some(event.to_string().into_bytes()), ..scene.record(line) })
    };
    scene.lines.iter().filter_map(pad).collect()
}

/// Sends them one after the other and again from the first, until it is told to stop; how many each partition got.
fn stream(producer: &Producer, records: &[Record], stop: &AtomicBool) -> Result<BTreeMap<i32, u64>> {
    let (mut counts, mut next) = (BTreeMap::new(), records.iter().cycle());
    let clock = Instant::now();
    for tenth in 1.. {
        let some: Vec<Record> = next.by_ref().take(A_SECOND / 10).cloned().collect();
        for record in &some {
            *counts.entry(record.partition).or_default() += 1;
        }
        producer.send(some)?;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100 * tenth).saturating_sub(clock.elapsed()));
    }
    Ok(counts)
}

/// The worker, while a service is away: no growth, no rebalance, and nothing is committed.
fn sits_it_out(scene: &Scene, worker: &mut Running) -> Result<()> {
    let client = read::client(&scene.brokers, "looks-only")?;
    let before = membership(&client, &scene.topic)?;
    ensure!(before.state == "Stable" && before.members.len() == 1 && before.rebalanced > 0, "{before:?}");
    let (resident, until) = (mib(worker, "VmRSS")?, Instant::now() + away());
    while Instant::now() < until {
        std::thread::sleep(Duration::from_millis(500));
        let now = membership(&client, &scene.topic)?;
        ensure!(now == before, "the group was {before:?}, and is {now:?}");
        ensure!(worker.ended()?.is_none(), "the worker gave up");
    }
    let peak = mib(worker, "VmHWM")?;
    ensure!(peak < resident + GROWTH_MIB, "it grew from {resident} MiB to {peak} MiB");
    Ok(())
}

fn withstands(data: Data, stop: impl FnOnce(), start: impl FnOnce()) -> Result<()> {
    let scene = Scene::with(data, kafka::cluster(), "small", PARTITIONS)?;
    scene.produce_all()?;
    let records = padded(&scene);
    ensure!(records.len() > 10, "the set has events");
    let producer = Producer::with(&scene.brokers, &scene.topic, &[("compression.type", "lz4")])?;
    let url = format!("kafka://{}/{}?group={}&{QUICK}", scene.brokers, scene.topic, scene.topic);
    let mut worker = Running::start(&mut scene.data.command(["meter", &url, "--follow", "--batch-seconds", "1", "--batch-mib", "16"]))?;
    scene.wait_for(&scene.once(), PATIENCE)?;
    let ended = AtomicBool::new(false);
    let counts = std::thread::scope(|scope| {
        let streaming = scope.spawn(|| stream(&producer, &records, &ended));
        // It is at work when the service goes.
        std::thread::sleep(Duration::from_secs(5));
        stop();
        let sat = sits_it_out(&scene, &mut worker);
        start();
        ended.store(true, Ordering::Relaxed);
        let counts = streaming.join().expect("the stream does not panic");
        sat.and(counts)
    })?;
    let mut all = scene.once();
    for (partition, more) in &counts {
        *all.entry(*partition).or_default() += more;
    }
    let streamed = (usize::try_from(counts.values().sum::<u64>())? * PADDING) >> 20;
    ensure!(u64::try_from(streamed)? > 2 * GROWTH_MIB, "only {streamed} MiB came");
    scene.wait_for(&all, PATIENCE)?;
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", stderr(&output));
    scene.check(&scene.metered(&[])?, &all)
}

#[test]
fn a_ledger_that_is_away_for_a_minute_loses_nothing() -> Result<()> {
    let database = postgres::alone();
    withstands(Data::on(database.database())?, || database.kill(), || database.start())
}

/// It takes connections and does not answer, and then cuts them.
#[test]
fn a_store_that_is_silent_for_a_minute_loses_nothing() -> Result<()> {
    let silent = Arc::new(AtomicBool::new(false));
    let seen = silent.clone();
    let proxy = Proxy::new(move |_| {
        let met = seen.load(Ordering::Relaxed);
        while seen.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50));
        }
        met.then_some(Fault::Cut)
    });
    let data = Data::on_with_bucket(postgres::server().database(), &proxy.endpoint)?;
    withstands(data, || silent.store(true, Ordering::Relaxed), || silent.store(false, Ordering::Relaxed))?;
    ensure!(proxy.faults() > 0, "nobody met with the silence");
    Ok(())
}
