//! Floods of what is no event: nothing is blocked, memory is bounded, counts reconcile.

use super::produce::Record;
use super::scene::Scene;
use crate::crash::child::Running;
use crate::support::{also_on_postgres, slow, stderr};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::time::Duration;

const PARTITIONS: u32 = 2;

/// Several kinds, one in a thousand of 200 KiB.
fn poison(number: usize) -> Record {
    let partition = i32::try_from(number % 2).unwrap_or_default();
    let value = match number % 1000 {
        999 => "y".repeat(200 << 10),
        at if at % 3 == 0 => format!("{{{number}"),
        at if at % 3 == 1 => format!(
            r#"{{"specversion":"1.0","id":"{number}","source":"//s","type":"of.nobody","time":"2026-10-03T09:12:44Z","data":{{}}}}"#
        ),
        _ => format!(
            r#"{{"specversion":"1.0","id":"{number}","source":"//s","type":"farthing.usage.inference.v1","time":"late","data":{{}}}}"#
        ),
    };
    Record::of(partition, value)
}

/// The most memory that a process had at once, in KiB.
fn peak_kib(running: &Running) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", running.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

#[test]
fn a_flood_of_poison_blocks_nothing_and_fills_no_memory() -> Result<()> {
    let count = if slow() { 1_000_000 } else { 200_000 };
    let scene = Scene::of("small", PARTITIONS)?;
    let producer = scene.producer()?;
    // Good events stand before it, in it and behind it.
    let good = |lines: &[Vec<u8>]| lines.iter().map(|line| scene.record(line)).collect::<Vec<_>>();
    let parts = scene.lines.len().div_ceil(3);
    let mut numbers = 0..count;
    for (at, lines) in scene.lines.chunks(parts).enumerate() {
        producer.send(good(lines))?;
        if at < 2 {
            producer.send(numbers.by_ref().take(count / 2).map(poison))?;
        }
    }
    let mut counts = scene.once();
    for (partition, more) in [(0, count / 2), (1, count / 2)] {
        *counts.entry(partition).or_default() += u64::try_from(more)?;
    }
    let worker = scene.worker(&["--follow", "--batch-seconds", "2"])?;
    scene.wait_for(&counts, Duration::from_secs(300))?;
    let peak = peak_kib(&worker)?;
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", stderr(&output));
    // The letters of one batch are 64 MiB at most, and there may be three of them: being filled, waiting and being committed.
    ensure!(peak < 512 << 10, "it took {} MiB", peak >> 10);
    let said = scene.metered(&[])?;
    scene.check(&said, &counts)?;
    let rejected = said["rejected"].as_u64().context("rejected")?;
    ensure!(rejected >= u64::try_from(count)?, "{rejected} are rejected of {count}");
    Ok(())
}

also_on_postgres!(a_flood_of_poison_blocks_nothing_and_fills_no_memory);
