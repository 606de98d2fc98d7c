//! `--follow`: files that grow while they are metered.

use super::child::{Running, wait_until};
use super::scene::{NOW, Scene, Words, expected, meter, same, words};
use crate::support::stderr;
use anyhow::{Result, ensure};
use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, Instant};

/// With batches of a second, or of an hour: then only the end of the command commits what is read.
fn follow(batch_seconds: u64) -> Words {
    words(&format!("meter --follow live.ndjson --now {NOW} --batch-seconds {batch_seconds}"))
}

/// How many lines of the followed file are committed.
fn read(scene: &Scene) -> Result<u64> {
    let mut sum = 0;
    for paths in scene.manifest_copies()?.values() {
        for path in paths {
            // One under its passing name may be gone by now, because it has its own, or not be whole yet.
            let Ok(text) = fs::read_to_string(scene.data.archive().join(path)) else { continue };
            let Ok(manifest) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
            let slices = manifest["act"]["slices"].as_array().cloned().unwrap_or_default();
            sum += slices.iter().filter_map(|slice| slice["read"].as_u64()).sum::<u64>();
        }
    }
    Ok(sum)
}

/// How many events the ledger says are metered: a killed run may leave a copy of a manifest that it does not know.
fn committed(scene: &Scene) -> Result<u64> {
    let listed = scene.json(&words("archive list"))?;
    let files = listed["files"].as_array().cloned().unwrap_or_default();
    Ok(files.iter().filter(|file| file["table"] == "usage").filter_map(|file| file["rows"].as_u64()).sum())
}

/// The whole world as one file, in lines.
fn world(scene: &Scene) -> Result<Vec<String>> {
    let names = ["a.ndjson", "b.ndjson", "c.ndjson", "d.ndjson"];
    let texts = names.iter().map(|name| fs::read_to_string(scene.data.path().join(name))).collect::<Result<Vec<_>, _>>()?;
    Ok(texts.concat().lines().map(|line| format!("{line}\n")).collect())
}

fn append(file: &mut File, text: &str) -> Result<()> {
    file.write_all(text.as_bytes())?;
    Ok(file.flush()?)
}

fn end_in_order(running: Running) -> Result<()> {
    running.signal("TERM")?;
    let output = running.output()?;
    ensure!(output.status.code() == Some(0), "exit {}: {}", output.status, stderr(&output));
    Ok(())
}

#[test]
fn a_growing_file_is_metered_as_it_grows() {
    let scene = Scene::new().unwrap();
    let lines = world(&scene).unwrap();
    let mut live = File::create(scene.data.path().join("live.ndjson")).unwrap();
    append(&mut live, &lines[..100].concat()).unwrap();
    let running = Running::start(&mut scene.command(&follow(1))).unwrap();
    wait_until("the first lines are committed", || Ok(read(&scene)? == 100)).unwrap();

    // Half a line is no line until its end comes.
    let (half, rest) = lines[150].split_at(lines[150].len() / 2);
    append(&mut live, &(lines[100..150].concat() + half)).unwrap();
    let clock = Instant::now();
    wait_until("more lines are committed", || Ok(read(&scene)? == 150)).unwrap();
    assert!(clock.elapsed() < Duration::from_secs(20), "within seconds, even on a busy machine: {:?}", clock.elapsed());
    append(&mut live, rest).unwrap();
    wait_until("the line that was cut is committed once it is whole", || Ok(read(&scene)? == 151)).unwrap();

    end_in_order(running).unwrap();
    scene.sound().unwrap();

    // What was read but not committed yet is committed at the signal.
    append(&mut live, &lines[151..300].concat()).unwrap();
    let running = Running::start(&mut scene.command(&follow(3600))).unwrap();
    let length = live.metadata().unwrap().len();
    wait_until("the file is read to its end", || Ok(running.position_in("live.ndjson")? == Some(length))).unwrap();
    end_in_order(running).unwrap();
    assert_eq!(read(&scene).unwrap(), 300);

    // A second run goes on where the first one ended, and a third without `--follow` finds nothing new.
    append(&mut live, &lines[300..].concat()).unwrap();
    let running = Running::start(&mut scene.command(&follow(1))).unwrap();
    wait_until("the rest is committed", || Ok(read(&scene)? == lines.len() as u64)).unwrap();
    end_in_order(running).unwrap();
    let counted = scene.json(&words(&format!("meter live.ndjson --now {NOW}"))).unwrap();
    let counts = serde_json::json!([counted["read"], counted["metered"], counted["duplicate"], counted["rejected"]]);
    assert_eq!(counts, expected().unwrap()["counts"]);
    assert_eq!(scene.json(&words("accruals")).unwrap()["lines"], expected().unwrap()["accruals"]);
    scene.sound().unwrap();
}

#[test]
fn killed_while_following_it_goes_on() {
    let scene = Scene::new().unwrap();
    let lines = world(&scene).unwrap();
    let mut live = File::create(scene.data.path().join("live.ndjson")).unwrap();
    for part in lines.chunks(150) {
        append(&mut live, &part.concat()).unwrap();
        let before = committed(&scene).unwrap();
        let running = Running::start(&mut scene.command(&follow(1))).unwrap();
        wait_until("something is committed", || Ok(committed(&scene)? > before)).unwrap();
        running.kill_9().unwrap();
    }
    scene.ok(&words(&format!("meter live.ndjson --now {NOW}"))).unwrap();
    assert_eq!(scene.json(&words("accruals")).unwrap()["lines"], expected().unwrap()["accruals"]);
    // The same events as files of other names are copies, every one that was metered.
    scene.ok(&meter(60)).unwrap();
    let mut found = scene.outcome().unwrap();
    for part in ["counts", "partitions", "letters"] {
        found[part] = expected().unwrap()[part].clone();
    }
    same(&found, expected().unwrap(), "followed, killed, and sent again").unwrap();
}

/// Whoever adds a platform or a party while files are followed does not have to tell those who follow them.
#[test]
fn a_new_registry_version_is_taken_up() {
    let scene = Scene::new().unwrap();
    let lines = world(&scene).unwrap();
    let mut live = File::create(scene.data.path().join("live.ndjson")).unwrap();
    append(&mut live, &lines[..50].concat()).unwrap();
    let running = Running::start(&mut scene.command(&follow(1))).unwrap();
    wait_until("the first lines are committed", || Ok(read(&scene)? == 50)).unwrap();

    scene.json(&words("registry load addition.ndjson")).unwrap();
    let usage = lines.iter().find(|line| line.contains("farthing.usage.inference") && line.contains("plt_red")).unwrap();
    let mut event: serde_json::Value = serde_json::from_str(usage).unwrap();
    event["data"]["platform"] = "plt_late".into();
    event["data"]["revenue"] = serde_json::json!({"amount": "1", "currency": "USD"});
    let mut sent = 0;
    wait_until("an event of the new platform is metered", || {
        sent += 1;
        event["id"] = format!("late-{sent}").into();
        append(&mut live, &format!("{event}\n"))?;
        std::thread::sleep(Duration::from_millis(300));
        let platforms = scene.json(&words("accruals --by platform"))?;
        Ok(platforms["lines"].as_array().is_some_and(|lines| lines.iter().any(|line| line["platform"] == "plt_late")))
    })
    .unwrap();
    end_in_order(running).unwrap();
    scene.sound().unwrap();
    let counted = scene.json(&words(&format!("meter live.ndjson --now {NOW}"))).unwrap();
    assert_eq!(counted["read"].as_u64(), Some(50 + sent), "each line is read once");
}
