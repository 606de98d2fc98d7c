//! Files that are metered side by side, and what comes of them.

use crate::crash::child::Running;
use crate::scenarios::scene::{NOW, Scene};
use crate::support::Data;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// The internal way past the lock of metering.
const BESIDE: &str = "meter-beside-others=return";

/// Meters as many new files at once: each knows what was there before, and nothing of the others. They commit in this order.
pub fn side_by_side(scene: &Scene, files: &[&[Value]]) -> Result<()> {
    let before = std::fs::read_dir(scene.data.path())?.count();
    let names: Vec<String> = (0..files.len()).map(|number| format!("side-{before}-{number}.ndjson")).collect();
    names.iter().zip(files).try_for_each(|(name, events)| scene.write(name, events))?;
    meter_side_by_side(&scene.data, &names, NOW)
}

/// The same with files that are there.
pub fn meter_side_by_side(data: &Data, names: &[String], now: &str) -> Result<()> {
    let mut running = Vec::new();
    for name in names {
        let mut command = data.command(["meter", name, "--now", now]);
        let mut metering = Running::start(command.env("FAILPOINTS", format!("{BESIDE};batch-sealed=1*sleep(3000)")))?;
        metering.wait_until_still()?;
        metering.signal("STOP")?;
        running.push(metering);
    }
    for metering in running {
        metering.signal("CONT")?;
        let output = metering.output()?;
        ensure!(output.status.success(), "{output:?}");
    }
    Ok(())
}

/// Books in which these events were metered, each identity once.
pub fn once(events: &[Value]) -> Result<Scene> {
    let scene = Scene::new()?;
    if !events.is_empty() {
        scene.meter("once", events)?;
    }
    Ok(scene)
}

/// The same events with other amounts.
pub fn conflicting(events: &[Value]) -> Vec<Value> {
    let other = |event: &Value| {
        let mut event = event.clone();
        event["data"]["revenue"]["amount"] = json!("7.77");
        event
    };
    events.iter().map(other).collect()
}

/// `farthing archive reverse-copies`
pub fn reverse_copies(scene: &Scene) -> Result<Value> {
    reverse_copies_of(&scene.data)
}

pub fn reverse_copies_of(data: &Data) -> Result<Value> {
    data.json(["archive", "reverse-copies"])
}

/// How many copies `verify` says are still to be reversed.
pub fn pending(scene: &Scene) -> Result<u64> {
    let verified = scene.data.json(["verify"])?;
    verified["compared"]["pending_copies"].as_u64().with_context(|| verified.to_string())
}

/// All figures that must not depend on copies.
pub fn outcome(scene: &Scene) -> Result<Value> {
    let of_cycle = |cycle: &str| Ok::<_, anyhow::Error>(scene.data.json(["accruals", "--cycle", cycle])?["lines"].clone());
    Ok(json!({"all": scene.data.json(["accruals"])?["lines"], "october": of_cycle("2026-10")?, "november": of_cycle("2026-11")?}))
}

/// The figures are those of other books, all is sound, and nothing is left over.
pub fn compare(what: &str, scene: &Scene, expected: &Scene) -> Result<()> {
    let (found, expected) = (outcome(scene)?, outcome(expected)?);
    ensure!(found == expected, "{what}: found\n{found}\nexpected\n{expected}");
    ensure!(pending(scene)? == 0, "{what}: copies are pending");
    let check = scene.data.json(["archive", "check"])?;
    ensure!(check["faults"] == json!([]) && check["leftovers"] == 0, "{what}: {check}");
    Ok(())
}
