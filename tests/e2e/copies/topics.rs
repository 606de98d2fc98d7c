//! Copies in several partitions of a topic, and beside it in a file: the figures are the oracle's.

use super::scene::reverse_copies_of;
use crate::crash::child::wait_until;
use crate::topics::produce::{Chance, partition_of};
use crate::topics::scene::Scene;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;

const PARTITIONS: u32 = 3;

/// What names an event; none for what is none.
fn identity(line: &[u8]) -> Option<[String; 3]> {
    let event: Value = serde_json::from_slice(line).ok()?;
    let texts = [event["data"]["platform"].as_str()?, event["source"].as_str()?, event["id"].as_str()?];
    Some(texts.map(str::to_owned))
}

/// Events whose identity no other line of the set has: of those all copies say the same.
fn sole(lines: &[Vec<u8>]) -> Vec<bool> {
    let mut counts: HashMap<[String; 3], u32> = HashMap::new();
    lines.iter().filter_map(|line| identity(line)).for_each(|identity| *counts.entry(identity).or_default() += 1);
    lines.iter().map(|line| identity(line).is_some_and(|identity| counts[&identity] == 1)).collect()
}

/// All events where they belong, and every third one that stands alone in the other partitions as well; in order.
fn scattered(scene: &Scene) -> Vec<(i32, Vec<u8>)> {
    let (sole, mut chance) = (sole(&scene.lines), Chance(5));
    let mut records = Vec::new();
    for (line, sole) in scene.lines.iter().zip(sole) {
        let own = partition_of(line, PARTITIONS);
        records.push((own, line.clone()));
        if sole && chance.below(3) == 0 {
            let others = (0..i32::try_from(PARTITIONS).unwrap_or(0)).filter(|partition| *partition != own);
            records.extend(others.map(|other| (other, line.clone())));
        }
    }
    records
}

fn accruals_are_the_oracles(scene: &Scene) -> Result<()> {
    crate::golden::way::compare("accruals", &scene.expected["accruals"], &scene.data.json(["accruals"])?)
}

#[test]
fn copies_in_other_partitions_are_reversed() -> Result<()> {
    let scene = Scene::of("small", PARTITIONS)?;
    let records = scattered(&scene);
    scene.producer()?.send(records.iter().map(|(partition, line)| scene.record_to(*partition, line)))?;
    let workers = (0..2).map(|_| scene.worker(&["--batch-events", "40"])).collect::<Result<Vec<_>>>()?;
    for worker in workers {
        let output = worker.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    ensure!(accruals_are_the_oracles(&scene).is_err(), "copies count until they are found");
    scene.data.ok(["verify"])?;
    let found = reverse_copies_of(&scene.data)?;
    ensure!(found["reversed"].as_u64().is_some_and(|reversed| reversed > 50), "{found}");
    accruals_are_the_oracles(&scene)?;
    scene.data.ok(["verify"])?;
    scene.data.ok(["archive", "compact"])?;
    accruals_are_the_oracles(&scene)?;
    scene.data.ok(["verify"]).map(drop)
}

/// Files are metered while a worker is at work: neither is in the way of the other.
#[test]
fn a_file_is_metered_beside_a_worker() -> Result<()> {
    let scene = Scene::of("small", PARTITIONS)?;
    let sole = sole(&scene.lines);
    let mut file = std::fs::File::create(scene.data.path().join("beside.ndjson"))?;
    for (line, _) in scene.lines.iter().zip(&sole).filter(|(_, sole)| **sole) {
        file.write_all(line)?;
        file.write_all(b"\n")?;
    }
    let mut worker = scene.worker(&["--follow", "--batch-events", "20", "--batch-seconds", "1"])?;
    let now = scene.expected["now"].as_str().context("now")?.to_owned();
    scene.produce_all()?;
    let begun = wait_until("the worker commits", || Ok(worker.ended()?.is_some() || !scene.positions()?.is_empty()));
    if begun.is_err() || worker.ended()?.is_some() {
        worker.signal("TERM").ok();
        bail!("{begun:?}: {:?}", worker.output()?);
    }
    scene.data.ok(["meter", "beside.ndjson", "--now", &now, "--batch-events", "50"])?;
    let ends: BTreeMap<i32, u64> = scene.once();
    wait_until("all is metered", || {
        let positions = scene.positions()?;
        Ok(ends.iter().all(|(partition, end)| positions.get(partition).is_some_and(|next| next >= end)))
    })?;
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    scene.data.ok(["verify"])?;
    reverse_copies_of(&scene.data)?;
    accruals_are_the_oracles(&scene)?;
    scene.data.ok(["verify"]).map(drop)
}
