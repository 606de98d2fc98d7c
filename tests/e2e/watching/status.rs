//! `farthing status`, without any worker.

use crate::crash::child::Running;
use crate::services::kafka;
use crate::support::{Data, root, stderr};
use crate::topics::scene::Scene;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";

/// Lag per partition, as Kafka's own tool says it of a group.
fn lags(group: &str) -> Vec<(i64, i64, i64, i64)> {
    let said = kafka::cluster().tool(GROUPS, &["--describe", "--group", group]);
    // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG ...
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words.get(at)?.parse().ok();
        Some((number(2)?, number(3)?, number(4)?, number(5)?))
    };
    let mut rows: Vec<_> = said.lines().filter_map(row).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn lag_is_what_kafkas_own_tools_say() -> Result<()> {
    let scene = Scene::of("small", 4)?;
    scene.produce_all()?;
    // A group of its own: the tool shows all topics of one.
    let group = scene.topic.clone();
    let url = format!("kafka://{}/{}?group={group}", scene.brokers, scene.topic);
    scene.data.ok(["meter", &url, "--batch-events", "60"])?;
    scene.produce_all()?;
    let status = scene.data.json(["status", &url])?;
    let said = status["partitions"].as_array().context("partitions")?.iter().map(|row| {
        let number = |key: &str| row[key].as_i64().unwrap_or(-1);
        let partition = row["partition"].as_str().and_then(|name| name.rsplit('/').next()?.parse().ok()).unwrap_or(-1);
        (partition, number("position"), number("end"), number("lag"))
    });
    let said: Vec<_> = said.collect();
    ensure!(said == lags(&group) && said.len() == 4 && said.iter().any(|(.., lag)| *lag > 0), "{said:?}, Kafka says {:?}", lags(&group));
    ensure!(status["stuck"] == false, "{status}");
    let read: i64 = status["partitions"].as_array().context("partitions")?.iter().filter_map(|row| row["read"].as_i64()).sum();
    ensure!(Some(read) == scene.expected["counts"]["read"].as_i64(), "{status}");
    let last = &status["partitions"][0]["last_batch"];
    ensure!(
        last["batch"].as_u64() >= Some(1) && last["at"].as_str().is_some_and(|at| at.ends_with('Z')) && last["read"].as_u64() >= Some(1),
        "{status}"
    );
    Ok(())
}

#[test]
fn a_partition_that_waits_for_a_worker_is_stuck() -> Result<()> {
    let scene = Scene::of("small", 1)?;
    scene.produce_all()?;
    let url = format!("kafka://{}/{}", scene.brokers, scene.topic);
    // Nobody has ever read it; these messages are of the future, as the set says.
    let output = scene.data.run(["status", &url])?;
    let said = String::from_utf8(output.stdout.clone())?;
    ensure!(output.status.code() == Some(1) && said.contains("STUCK") && said.contains("no batch of it is known"), "{said}");
    scene.metered(&[])?;
    let said = scene.data.ok(["status", &url])?;
    ensure!(!said.contains("STUCK"), "{said}");
    // Without its brokers the ledger's side is told, with a word on it.
    for asked in [&["status"][..], &["status", &url.replace(&scene.brokers, "127.0.0.1:1")]] {
        let said = scene.data.ok(asked)?;
        let end = scene.lines.len().to_string();
        ensure!(said.contains(&end) && (said.contains("its ends are not known") || said.contains("the ledger says alone")), "{said}");
    }
    Ok(())
}

#[test]
fn files_letters_and_cycles_are_told() -> Result<()> {
    let data = Data::new()?;
    fs::copy(root().join("examples/registry.ndjson"), data.path().join("registry.ndjson"))?;
    let missing = data.run(["status"])?;
    ensure!(missing.status.code() == Some(2) && stderr(&missing).contains("no ledger at"), "{}", stderr(&missing));
    data.ok(["registry", "load", "registry.ndjson"])?;
    let events = fs::read_to_string(root().join("examples/events.ndjson"))? + "{\"broken\":1}\n";
    fs::write(data.path().join("a.ndjson"), &events)?;
    let metered = data.json(["meter", "a.ndjson", "--now", "2026-11-22T00:00:00Z"])?;
    let status = data.json(["status"])?;
    let row = &status["partitions"][0];
    for key in ["read", "metered", "duplicate", "rejected"] {
        ensure!(row[key] == metered[key], "{key}: {status}");
    }
    ensure!(row["position"] == row["end"] && row["lag"] == 0 && row["last_batch"]["batch"] == 1, "{status}");
    ensure!(status["dead_letters_waiting"] == metered["rejected"] && status["batches_not_searched"] == 1, "{status}");
    data.ok(["settle", "close", "--mid", "mid_guild", "--cycle", "2026-10", "--as", "ana", "--now", "2026-11-22T00:00:00Z"])?;
    let status = data.json(["status"])?;
    ensure!(status["batches_not_searched"] == 0 && status["cycles"][0]["cycle"] == "2026-10", "{status}");
    let said = data.ok(["status"])?;
    ensure!(said.contains("mid_guild USD 2026-10: closed; all later ones are open") || said.contains("mid_guild"), "{said}");
    Ok(())
}

/// One look after the other, one document a line, for as long as somebody reads.
#[test]
fn watch_looks_again() -> Result<()> {
    let data = Data::new()?;
    fs::copy(root().join("examples/registry.ndjson"), data.path().join("registry.ndjson"))?;
    data.ok(["registry", "load", "registry.ndjson"])?;
    let running = Running::start(&mut data.command(["status", "--watch", "1", "--json"]))?;
    std::thread::sleep(Duration::from_secs(4));
    let clock = Instant::now();
    running.signal("TERM")?;
    let output = running.output()?;
    ensure!(clock.elapsed() < Duration::from_secs(5));
    let looks: Vec<Value> = String::from_utf8(output.stdout)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(looks.len() >= 2 && looks[0]["at"] != looks[1]["at"], "{looks:?}");
    Ok(())
}
