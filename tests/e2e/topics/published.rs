//! Failures that other systems have published, each of which would be seen here.

use super::produce::Record;
use super::read::{client, watermarks};
use super::scene::{QUICK, Scene};
use crate::crash::child::{Running, wait_until};
use crate::services::{kafka, postgres};
use crate::support::{Data, binary, stderr};
use anyhow::{Context, Result, ensure};
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What is ten minutes old is deleted; the broker looks every two seconds.
const SHORT: [&str; 2] = ["retention.ms=600000", "segment.bytes=1048576"];
/// The milliseconds of [`OLD`].
const OLD_MILLIS: i64 = 1_714_867_200_000;
const OLD: &str = "2024-05-05T00:00:00Z";

/// Events of the set that happened years ago, and some of no type that there is; all with an identity.
fn backfill(scene: &Scene) -> Vec<String> {
    let old = |line: &Vec<u8>| {
        let mut event: Value = serde_json::from_slice(line).ok()?;
        event["data"]["platform"].as_str().and(event["id"].as_str()).and(event["source"].as_str())?;
        event["time"].as_str()?;
        event["time"] = OLD.into();
        Some(event)
    };
    let events: Vec<Value> = scene.lines.iter().filter_map(old).collect();
    let poison = events.iter().take(5).enumerate().map(|(number, event)| {
        let mut event = event.clone();
        event["type"] = format!("of.nobody.{number}").into();
        event
    });
    poison.collect::<Vec<_>>().iter().chain(&events).map(Value::to_string).collect()
}

/// The time of a record is that of its sending, so that a backfill and its rejected events stand for as long as the topic promises. Those
/// of a producer that takes the events' own times are deleted in the meantime.
#[test]
fn an_event_with_an_old_time_is_not_deleted_by_retention() -> Result<()> {
    let cluster = kafka::cluster();
    let scene = Scene::of("small", 1)?;
    let names = ["sent", "rejected", "by-event-time"].map(|what| format!("{}.{what}", scene.topic));
    for name in &names {
        cluster.make_topic_with(name, 1, &SHORT);
    }
    let [sent, rejected, by_event_time] = &names;
    let lines = backfill(&scene);
    fs::write(scene.data.path().join("old.ndjson"), lines.join("\n") + "\n")?;
    let load = binary().with_file_name("farthing-load");
    let produced = Command::new(load)
        .args(["produce", "--brokers", &scene.brokers, "--topic", sent])
        .arg(scene.data.path().join("old.ndjson"))
        .output()?;
    ensure!(produced.status.success(), "{}", stderr(&produced));
    let url = |name: &str| format!("kafka://{}/{sent}?group={sent}&name={name}&dead_letters_topic={rejected}&{QUICK}", scene.brokers);
    let first = scene.data.json(["meter", &url("first")])?;
    let letters = i64::try_from(first["rejected"].as_u64().context("rejected")?)?;
    ensure!(first["read"] == lines.len() && letters >= 5, "{first}");
    // The mistake, to see that the broker looks and what it would delete.
    let other = super::produce::Producer::to(&scene.brokers, by_event_time)?;
    other.send(lines.iter().map(|line| Record { millis: Some(OLD_MILLIS), ..Record::of(0, line.clone()) }))?;
    wait_until("the broker deletes what seems old", || {
        let (low, high) = watermarks(&scene.brokers, by_event_time, 0)?;
        Ok(low == high && high > 0)
    })?;
    std::thread::sleep(Duration::from_secs(5));
    let count = i64::try_from(lines.len())?;
    ensure!(watermarks(&scene.brokers, sent, 0)? == (0, count), "events are gone: {:?}", watermarks(&scene.brokers, sent, 0)?);
    ensure!(watermarks(&scene.brokers, rejected, 0)? == (0, letters), "letters are gone: {:?}", watermarks(&scene.brokers, rejected, 0)?);
    // And can be read from the first on: other books come to the same.
    let again = Data::new()?;
    fs::copy(scene.data.path().join("registry.ndjson"), again.path().join("registry.ndjson"))?;
    again.ok(["registry", "load", "registry.ndjson"])?;
    let second = again.json(["meter", &url("first")])?;
    for count in ["read", "metered", "duplicate", "rejected"] {
        ensure!(first[count] == second[count], "{first}\n{second}");
    }
    ensure!(second["metered"].as_u64().is_some_and(|metered| metered > 10), "{second}");
    Ok(())
}

/// What the group has committed, by partition.
fn hints(scene: &Scene, group: &str) -> Result<BTreeMap<i32, i64>> {
    let mut list = TopicPartitionList::new();
    for partition in 0..i32::try_from(scene.partitions)? {
        list.add_partition(&scene.topic, partition);
    }
    let committed = client(&scene.brokers, group)?.committed_offsets(list, Duration::from_secs(20))?;
    let known = committed.elements().into_iter().filter_map(|element| match element.offset() {
        Offset::Offset(offset) => Some((element.partition(), offset)),
        _ => None,
    });
    Ok(known.collect())
}

/// Watches the group's offsets and the ledger's positions until it is told to stop: none may ever go back.
fn only_grow(scene: &Scene, group: &str, stop: &AtomicBool) -> Result<u32> {
    let (mut at, mut looks): (BTreeMap<(&str, i32), i64>, u32) = (BTreeMap::new(), 0);
    while !stop.load(Ordering::Relaxed) {
        let positions = scene.positions()?.into_iter().map(|(partition, next)| (partition, i64::try_from(next).unwrap_or(i64::MAX)));
        let seen = hints(scene, group)?.into_iter().map(|(partition, next)| (("hint", partition), next));
        for (of, next) in seen.chain(positions.map(|(partition, next)| (("position", partition), next))) {
            let before = at.insert(of, next).unwrap_or(0);
            ensure!(next >= before, "the {} of partition {} went back from {before} to {next}", of.0, of.1);
        }
        looks += 1;
    }
    Ok(looks)
}

/// In the chain each slice of a partition begins where the one before it ended, under the same lease or a later one.
fn are_adjacent(scene: &Scene) -> Result<usize> {
    let bodies = postgres::query(scene.data.server(), "SELECT body FROM manifests ORDER BY sequence")?;
    let (mut at, mut leases): (BTreeMap<String, (u64, u64)>, usize) = (BTreeMap::new(), 0);
    for body in bodies.lines() {
        let manifest: Value = serde_json::from_str(body)?;
        for slice in manifest["act"]["slices"].as_array().into_iter().flatten() {
            let number = |name: &str| slice[name].as_u64().with_context(|| name.to_owned());
            let (start, next, epoch) = (number("start")?, number("next")?, number("epoch")?);
            let before = at.insert(slice["partition"].to_string(), (next, epoch));
            let (reached, under) = before.unwrap_or((start, epoch));
            ensure!(start == reached && next > start && epoch >= under, "{slice} comes after {before:?}");
            leases += usize::from(epoch > under);
        }
    }
    Ok(leases)
}

#[test]
fn a_watermark_does_not_move_backwards_after_a_rebalance() -> Result<()> {
    let scene = Scene::with(Data::on(postgres::server().database())?, kafka::cluster(), "small", 4)?;
    let group = scene.topic.clone();
    let url = format!("kafka://{}/{}?group={group}&{QUICK}", scene.brokers, scene.topic);
    let start = || Running::start(&mut scene.data.command(["meter", &url, "--follow", "--batch-seconds", "1", "--batch-events", "15"]));
    let workers = [start()?, start()?, start()?];
    let (ended, mut counts) = (AtomicBool::new(false), BTreeMap::new());
    let looks = std::thread::scope(|scope| {
        let watching = scope.spawn(|| only_grow(&scene, &group, &ended));
        let mut strike = || -> Result<()> {
            for round in 0..6 {
                let frozen = &workers[round % workers.len()];
                scene.produce_all()?;
                for (partition, more) in scene.once() {
                    *counts.entry(partition).or_default() += more;
                }
                // In the middle of it, and for longer than its session: others take its partitions, and give some back.
                std::thread::sleep(Duration::from_millis(700));
                frozen.signal("STOP")?;
                scene.produce_all()?;
                for (partition, more) in scene.once() {
                    *counts.entry(partition).or_default() += more;
                }
                std::thread::sleep(Duration::from_secs(5));
                frozen.signal("CONT")?;
                scene.wait_for(&counts, Duration::from_secs(120))?;
            }
            Ok(())
        };
        let struck = strike();
        ended.store(true, Ordering::Relaxed);
        let looks = watching.join().expect("the watcher does not panic");
        struck.and(looks)
    })?;
    ensure!(looks > 20, "only {looks} looks");
    let reached =
        || Ok(hints(&scene, &group)?.into_iter().map(|(of, next)| (of, next.unsigned_abs())).collect::<BTreeMap<_, _>>() == counts);
    wait_until("the group's offsets come to where the ledger is", reached)
        .with_context(|| format!("{:?} are told, {counts:?} are in the ledger", hints(&scene, &group)))?;
    for worker in workers {
        worker.signal("TERM")?;
        let output = worker.output()?;
        ensure!(output.status.success(), "{}", stderr(&output));
    }
    let leases = are_adjacent(&scene)?;
    ensure!(leases >= 6, "partitions changed hands only {leases} times");
    scene.check(&scene.metered(&[])?, &counts)
}
