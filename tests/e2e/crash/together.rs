//! Several processes upon one set of books.

use super::child::{Running, wait_until};
use super::scene::{NOW, Scene, Words, expected, meter, meter_files, refused, same, words};
use super::steps::start_until;
use crate::support::also_on_s3;
use anyhow::Result;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

const LOCK: &str = "ledger.sqlite.meter-lock";

fn close(cycle: &str) -> Words {
    words(&format!("settle close --mid mid_sun --cycle {cycle} --now {NOW} --as ana"))
}

#[test]
fn a_second_metering_is_refused_until_the_first_is_gone() {
    let scene = Scene::new().unwrap();
    let running = start_until(&scene, &meter(60), "usage-written", 1).unwrap();
    let second = [meter_files(&["d.ndjson"], 60), words("dead-letters replay --all"), words("meter - --now 2026-11-05T00:00:00Z")];
    for words in &second {
        let clock = Instant::now();
        refused(&scene.run(words).unwrap(), &["another process is metering", LOCK]).unwrap();
        assert!(clock.elapsed() < Duration::from_secs(20), "{words:?} waited");
    }
    // The first is not harmed by having been in the way: killed, it leaves no lock behind.
    running.kill_9().unwrap();
    scene.ok(&meter(60)).unwrap();
    same(&scene.outcome().unwrap(), expected().unwrap(), "a second metering").unwrap();
}

#[test]
fn standard_input_held_open_keeps_the_lock_and_a_kill_frees_it() {
    let scene = Scene::new().unwrap();
    let line = std::fs::read_to_string(scene.data.path().join("a.ndjson")).unwrap();
    let mut command = scene.command(&words(&format!("meter - --now {NOW} --batch-seconds 1")));
    let mut running = Running::start(command.stdin(Stdio::piped())).unwrap();
    let mut input = running.stdin().unwrap();
    input.write_all(line.as_bytes()).unwrap();
    input.flush().unwrap();
    // What is piped is committed once its batch is old enough, though the pipe stays open.
    wait_until("what was piped is committed", || Ok(!scene.named()?.is_empty())).unwrap();
    refused(&scene.run(&meter(60)).unwrap(), &["another process is metering", LOCK]).unwrap();
    running.kill_9().unwrap();
    scene.ok(&meter(60)).unwrap();
    // All of the first file came twice: by the pipe and as itself. No accrual is doubled by it.
    let found = scene.outcome().unwrap();
    assert_eq!(found["accruals"], expected().unwrap()["accruals"]);
}

#[test]
fn readers_are_never_in_the_way_of_many_small_commits_nor_they_of_them() {
    let scene = Scene::new().unwrap();
    let mut running = Running::start(&mut scene.command(&meter(1))).unwrap();
    let mut reads = 0;
    while !running.ends_within(Duration::ZERO).unwrap() {
        scene.ok(&words("accruals")).unwrap();
        reads += 1;
    }
    assert!(reads > 1, "they ran side by side");
    same(&scene.outcome().unwrap(), expected().unwrap(), "readers").unwrap();
}

/// What others do while a metering stands still in the middle of a commit.
#[test]
fn others_work_while_one_meters() {
    let scene = Scene::new().unwrap();
    scene.ok(&meter_files(&["a.ndjson"], 60)).unwrap();
    let draft = words("settle draft --mid mid_sun --cycle 2026-10");
    let before = (scene.json(&words("accruals")).unwrap(), scene.json(&draft).unwrap());
    let running = start_until(&scene, &meter(60), "accruals-written", 0).unwrap();
    assert_eq!((scene.json(&words("accruals")).unwrap(), scene.json(&draft).unwrap()), before, "what is not committed is not seen");
    for line in ["verify", "archive check", "archive list --sql", "dead-letters list", "settle status", "registry versions"] {
        scene.ok(&words(line)).unwrap();
    }
    scene.ok(&words("archive compact")).unwrap();
    running.kill_9().unwrap();
    scene.ok(&meter(60)).unwrap();
    same(&scene.outcome().unwrap(), expected().unwrap(), "others at work").unwrap();
}

/// Runs commands while a metering sleeps at a step, frozen so that they may take their time; it then goes on to its end.
fn while_asleep(scene: &Scene, step: &str, between: &[Words]) -> Result<()> {
    let mut command = scene.command(&meter(60));
    let mut running = Running::start(command.env("FAILPOINTS", format!("{step}=1*off->1*sleep(300)")))?;
    running.wait_until_still()?;
    running.signal("STOP")?;
    for words in between {
        scene.ok(words)?;
    }
    running.signal("CONT")?;
    let output = running.output()?;
    anyhow::ensure!(output.status.success(), "after {between:?} at {step}: {output:?}");
    Ok(())
}

/// All acts that another process may append between any two steps of a commit.
#[test]
fn a_commit_goes_on_upon_what_others_appended() {
    let acts = [words("archive compact"), words("registry load addition.ndjson"), close("2026-09")];
    for step in ["batch-sealed", "usage-written", "accruals-written", "manifest-written"] {
        let scene = Scene::new().unwrap();
        while_asleep(&scene, step, &acts).unwrap();
        let mut found = scene.outcome().unwrap();
        // Which cycle is another matter; the sums are not.
        found["first_cycle"] = expected().unwrap()["first_cycle"].clone();
        same(&found, expected().unwrap(), step).unwrap();
        assert_eq!(scene.unnamed().unwrap(), [].into(), "{step}");
    }
}

/// A reversal reads its original from the archive, where a compaction may have replaced the file meanwhile.
#[test]
fn originals_are_found_after_a_compaction() {
    let scene = Scene::new().unwrap();
    scene.ok(&meter_files(&["a.ndjson", "b.ndjson"], 20)).unwrap();
    while_asleep(&scene, "batch-sealed", &[words("archive compact")]).unwrap();
    same(&scene.outcome().unwrap(), expected().unwrap(), "compacted between originals and reversals").unwrap();
}

fn labour_of(scene: &Scene, cycle: &str) -> Result<Value> {
    Ok(scene.json(&words(&format!("accruals --by mid --cycle {cycle}")))?["lines"].clone())
}

/// A cycle that closes while its events are being metered: what comes later lands in the next one, and nothing is lost.
#[test]
fn a_cycle_closes_while_another_meters() {
    let scene = Scene::new().unwrap();
    let mut command = scene.command(&meter(60));
    let mut running = Running::start(command.env("FAILPOINTS", "accruals-written=2*off->1*sleep(300)")).unwrap();
    running.wait_until_still().unwrap();
    running.signal("STOP").unwrap();
    scene.ok(&close("2026-09")).unwrap();
    let closed = labour_of(&scene, "2026-09").unwrap();
    let draft = scene.json(&words("settle draft --mid mid_sun --cycle 2026-09 --as ana")).unwrap();
    running.signal("CONT").unwrap();
    assert!(running.output().unwrap().status.success());
    let found = scene.outcome().unwrap();
    assert_eq!(found["accruals"], expected().unwrap()["accruals"], "the sums over all cycles are as if nothing had closed");
    assert_eq!(found["counts"], expected().unwrap()["counts"]);
    assert_ne!(found["first_cycle"], expected().unwrap()["first_cycle"], "some of its events came too late");
    let of_sun = |lines: &Value| lines.as_array().unwrap().iter().find(|line| line["mid"] == "mid_sun").cloned();
    assert_eq!(of_sun(&labour_of(&scene, "2026-09").unwrap()), of_sun(&closed), "a closed cycle does not change");
    assert_eq!(scene.json(&words("settle draft --mid mid_sun --cycle 2026-09")).unwrap(), draft);
    scene.ok(&close("2026-10")).unwrap();
    scene.ok(&words("settle draft --mid mid_sun --cycle 2026-10 --as ana")).unwrap();
    scene.sound().unwrap();
}

also_on_s3!(
    a_second_metering_is_refused_until_the_first_is_gone,
    others_work_while_one_meters,
    a_commit_goes_on_upon_what_others_appended,
    originals_are_found_after_a_compaction,
);

/// What comes through a pipe comes once. Whatever else is appended meanwhile, it is loaded: behind an act of another kind as it is, behind
/// another load anew, from what was kept.
#[test]
fn a_registry_from_a_pipe_is_loaded_whatever_comes_first() {
    let party = |id: &str| format!("{}\n", json!({"kind": "party", "id": id, "name": id, "type": "person"}));
    for (other, versions) in [("actor add zoe --person zoe --key zoe.pem", 2), ("registry load other.ndjson", 3)] {
        let scene = Scene::new().unwrap();
        std::fs::write(scene.data.path().join("other.ndjson"), party("pty_other")).unwrap();
        let mut command = scene.command(&words("registry load /dev/stdin"));
        let mut running = Running::start(command.env("FAILPOINTS", "manifest-written=1*sleep(3000)").stdin(Stdio::piped())).unwrap();
        running.stdin().unwrap().write_all(party("pty_piped").as_bytes()).unwrap();
        running.wait_until_still().unwrap();
        scene.ok(&words(other)).unwrap();
        let output = running.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let loaded = scene.json(&words("registry versions")).unwrap();
        assert_eq!(loaded["versions"].as_array().map(Vec::len), Some(versions), "{other}: {output:?}");
    }
}
