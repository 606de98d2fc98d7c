//! Batch numbers that are unique, and no more: many writers commit side by side, out of order and with gaps, and the figures are those of
//! metering one source after the other.

use super::child::Running;
use super::scene::{NOW, Scene, Words, refused, same, words};
use super::world;
use crate::dice::Dice;
use crate::support::slow;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

/// Sources whose events know nothing of each other, and one that undoes events of them all.
const SIDES: [&str; 3] = ["left.ndjson", "middle.ndjson", "right.ndjson"];
const UNDO: &str = "undo.ndjson";
const LINES: usize = 90;

/// The internal way past the lock of metering.
const BESIDE: &str = "meter-beside-others=return";

/// Steps at which a batch has its number and is not committed.
const STEPS: [&str; 4] = ["batch-sealed", "usage-written", "accruals-written", "manifest-written"];

fn sides() -> Result<Scene> {
    let scene = Scene::new()?;
    let mut undo = String::new();
    for (seed, name) in (40..).zip(SIDES) {
        let text = world::files(seed, 1, LINES).concat().replace("\"//crash\"", &format!("\"//{name}\""));
        // Every fourth event, whether it can be undone or not.
        for event in text.lines().step_by(4).filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let platform = event["data"]["platform"].as_str().unwrap_or("plt_red");
            let reversal = json!({"specversion": "1.0", "id": format!("undo-{}", event["id"]), "source": event["source"],
                "type": "farthing.usage.reversal.v1", "time": "2026-10-30T00:00:00Z", "data": {"platform": platform,
                "reverses": {"source": event["source"], "id": event["id"]}, "reason": "test"}});
            undo += &format!("{reversal}\n");
        }
        fs::write(scene.data.path().join(name), text)?;
    }
    fs::write(scene.data.path().join(UNDO), undo)?;
    Ok(scene)
}

fn meter(files: &[&str], batch: u64) -> Words {
    super::scene::meter_files(files, batch)
}

fn close(cycle: &str) -> Words {
    words(&format!("settle close --mid mid_sun --cycle {cycle} --now {NOW} --as ana"))
}

fn draft(cycle: &str) -> Words {
    words(&format!("settle draft --mid mid_sun --cycle {cycle} --as ana"))
}

/// Starts a metering beside others.
fn beside(scene: &Scene, words: &Words, steps: &str) -> Result<Running> {
    Running::start(scene.command(words).env("FAILPOINTS", format!("{BESIDE};{steps}")))
}

fn finished(running: Running) -> Result<()> {
    let output = running.output()?;
    ensure!(output.status.success(), "{output:?}");
    Ok(())
}

/// Starts one that stands still at a step, which it passed so often before, until it is sent on.
fn frozen(scene: &Scene, words: &Words, step: &str, passed: u64) -> Result<Running> {
    let off = if passed == 0 { String::new() } else { format!("{passed}*off->") };
    let mut running = beside(scene, words, &format!("{step}={off}1*sleep(1000)"))?;
    running.wait_until_still().with_context(|| format!("{} until {step} after {passed}", words.join(" ")))?;
    running.signal("STOP")?;
    Ok(running)
}

fn thaw(running: Running) -> Result<()> {
    running.signal("CONT")?;
    finished(running)
}

/// All that must not depend on who committed when: counts, letters, accruals by cycle, statements, drafts; and all is sound.
fn outcome(scene: &Scene) -> Result<Value> {
    scene.sound()?;
    let counted = scene.json(&meter(&[&SIDES[..], &[UNDO]].concat(), 100_000))?;
    let letters = scene.json(&words("dead-letters list --all"))?;
    let mut letters: Vec<String> = letters["dead_letters"].as_array().context("letters")?.iter().map(letter).collect();
    letters.sort();
    let statement = |line: &str| Ok::<_, anyhow::Error>(scene.json(&words(line))?["lines"].clone());
    Ok(json!({
        "counts": [counted["read"], counted["metered"], counted["duplicate"], counted["rejected"]],
        "letters": letters,
        "accruals": scene.json(&words("accruals"))?["lines"],
        "september": scene.json(&words("accruals --cycle 2026-09"))?["lines"],
        "october": scene.json(&words("accruals --cycle 2026-10"))?["lines"],
        "statement": statement("statement pty_00 --cycle 2026-09")?,
        "other statement": statement("statement pty_01 --cycle 2026-10")?,
        "draft": scene.json(&words("settle draft --mid mid_sun --cycle 2026-09"))?,
        "other draft": scene.json(&words("settle draft --mid mid_moon --cycle 2026-10"))?,
    }))
}

fn letter(letter: &Value) -> String {
    let partition = letter["partition"].as_str().and_then(|path| path.rsplit('/').next());
    format!("{partition:?} {} {} {}", letter["position"], letter["code"], letter["replayed_in"].is_null())
}

/// What the same commands give one after the other.
fn expected(commands: &[Words]) -> Result<Value> {
    let scene = sides()?;
    commands.iter().try_for_each(|words| scene.ok(words).map(drop))?;
    outcome(&scene)
}

/// The numbers of batches that have a file among these.
fn numbers(paths: &BTreeSet<String>) -> BTreeSet<u64> {
    paths.iter().filter_map(|path| path.split("/batch-").nth(1)?.get(..9)?.parse().ok()).collect()
}

#[test]
fn several_meter_side_by_side() {
    let scene = sides().unwrap();
    let running: Vec<Running> = SIDES.iter().map(|name| beside(&scene, &meter(&[name], 7), "").unwrap()).collect();
    running.into_iter().try_for_each(finished).unwrap();
    scene.ok(&meter(&[UNDO], 7)).unwrap();
    assert_eq!(scene.unnamed().unwrap(), [].into(), "whoever lost a race for the head left nothing");
    assert!(scene.manifest_copies().unwrap().values().all(|copies| copies.len() == 1));
    let one_by_one = [meter(&SIDES, 7), meter(&[UNDO], 7)];
    same(&outcome(&scene).unwrap(), &expected(&one_by_one).unwrap(), "side by side").unwrap();
}

/// Compacted twice, with a batch in between whose number is lower than those that were merged before; then come reversals of all of them.
#[test]
fn a_low_number_that_comes_late_is_merged_where_it_belongs() {
    let scene = sides().unwrap();
    let late = frozen(&scene, &meter(&[SIDES[0]], 20), "accruals-written", 1).unwrap();
    finished(beside(&scene, &meter(&[SIDES[1]], 20), "").unwrap()).unwrap();
    let before = numbers(&scene.named().unwrap());
    scene.ok(&words("archive compact")).unwrap();
    thaw(late).unwrap();
    let after = numbers(&scene.named().unwrap());
    assert!(after.iter().any(|number| before.iter().any(|other| number < other)), "{after:?} come after {before:?}");
    scene.sound().unwrap();
    scene.ok(&words("archive compact")).unwrap();
    assert_eq!(numbers(&scene.named().unwrap()), [].into(), "all are merged");
    scene.ok(&meter(&[SIDES[2], UNDO], 20)).unwrap();
    scene.ok(&words("archive compact")).unwrap();
    scene.ok(&close("2026-09")).unwrap();
    scene.ok(&draft("2026-09")).unwrap();
    let found = outcome(&scene).unwrap();
    let one_by_one = [meter(&SIDES, 1_000), meter(&[UNDO], 1_000), close("2026-09"), draft("2026-09")];
    same(&found, &expected(&one_by_one).unwrap(), "compacted twice").unwrap();
}

/// A cycle closes between the commits of two batches, the second of which has the lower number.
#[test]
fn what_was_closed_is_told_by_the_chain_and_not_by_numbers() {
    let scene = sides().unwrap();
    let late = frozen(&scene, &meter(&[SIDES[0]], 20), "batch-sealed", 0).unwrap();
    finished(beside(&scene, &meter(&[SIDES[1]], 20), "").unwrap()).unwrap();
    scene.ok(&close("2026-09")).unwrap();
    scene.ok(&draft("2026-09")).unwrap();
    thaw(late).unwrap();
    scene.ok(&meter(&[SIDES[2], UNDO], 20)).unwrap();
    let one_by_one = [meter(&[SIDES[1]], 20), close("2026-09"), draft("2026-09"), meter(&[SIDES[0], SIDES[2], UNDO], 20)];
    let expected = expected(&one_by_one).unwrap();
    same(&outcome(&scene).unwrap(), &expected, "a cycle closed in between").unwrap();
    scene.ok(&words("archive compact")).unwrap();
    same(&outcome(&scene).unwrap(), &expected, "compacted").unwrap();
}

/// Any interleaving: writers stop anywhere, others go on meanwhile, some are killed and leave gaps.
#[test]
fn whatever_order_batches_are_committed_in_the_figures_are_the_same() {
    let expected = expected(&[meter(&SIDES, 20), meter(&[UNDO], 20)]).unwrap();
    let mut dice = Dice::new(77);
    for round in 0..if slow() { 30 } else { 4 } {
        let scene = sides().unwrap();
        let mut writers = Vec::new();
        for name in SIDES {
            let (step, passed) = (*dice.pick(&STEPS), dice.below(3));
            writers.push(frozen(&scene, &meter(&[name], 13), step, passed).unwrap());
        }
        while !writers.is_empty() {
            let at = usize::try_from(dice.below(3)).unwrap() % writers.len();
            let writer = writers.swap_remove(at);
            if dice.chance(30) { writer.kill_9() } else { thaw(writer) }.unwrap();
            scene.sound().unwrap();
            if dice.chance(40) {
                scene.ok(&words("archive compact")).unwrap();
            }
        }
        scene.ok(&meter(&SIDES, 13)).unwrap();
        assert_eq!(scene.unnamed().unwrap(), [].into(), "round {round}");
        scene.ok(&meter(&[UNDO], 13)).unwrap();
        same(&outcome(&scene).unwrap(), &expected, &format!("round {round}")).unwrap();
    }
}

/// A writer that slept while its partition was leased to another cannot commit any more, and nothing of it stays.
#[test]
fn a_zombie_cannot_commit_and_is_swept() {
    for step in STEPS {
        let scene = sides().unwrap();
        let zombie = frozen(&scene, &meter(&[SIDES[0]], 20), step, 1).unwrap();
        finished(beside(&scene, &meter(&[SIDES[0]], 20), "").unwrap()).unwrap();
        let of_zombie = scene.unnamed().unwrap();
        assert_eq!(of_zombie, [].into(), "at {step} its files are swept while it sleeps");
        zombie.signal("CONT").unwrap();
        refused(&zombie.output().unwrap(), &["lease", SIDES[0]]).unwrap();
        scene.sound().unwrap();
        scene.ok(&meter(&[SIDES[1]], 20)).unwrap();
        assert_eq!(scene.unnamed().unwrap(), [].into(), "what it wrote after {step} is swept by the next one");
    }
}

/// What a live writer has archived and not committed yet looks like a leftover, and is none.
#[test]
fn the_files_of_a_live_writer_are_not_swept() {
    let scene = sides().unwrap();
    let sleeper = frozen(&scene, &meter(&[SIDES[0]], 20), "accruals-written", 1).unwrap();
    let before = scene.unnamed().unwrap();
    assert!(before.iter().any(|path| path.starts_with("accruals/")), "{before:?}");
    for name in &SIDES[1..] {
        finished(beside(&scene, &meter(&[name], 20), "").unwrap()).unwrap();
    }
    assert_eq!(scene.unnamed().unwrap(), before);
    thaw(sleeper).unwrap();
    assert_eq!(scene.unnamed().unwrap(), [].into());
    scene.ok(&meter(&[UNDO], 20)).unwrap();
    same(&outcome(&scene).unwrap(), &expected(&[meter(&SIDES, 20), meter(&[UNDO], 20)]).unwrap(), "beside a sleeper").unwrap();
}

/// A sweep has listed what looks like leftovers; before it looks further, their writer commits them.
#[test]
fn what_is_committed_during_a_sweep_stays() {
    let scene = sides().unwrap();
    let writer = frozen(&scene, &meter(&[SIDES[0]], 1_000), "accruals-written", 0).unwrap();
    let sweeper = frozen(&scene, &meter(&[SIDES[1]], 1_000), "leftovers-listed", 0).unwrap();
    thaw(writer).unwrap();
    thaw(sweeper).unwrap();
    scene.sound().unwrap();
    assert_eq!(numbers(&scene.named().unwrap()), [1, 2].into());
}

/// A commit that comes second is appended as it is, unless a cycle has closed: only then its sums are made and archived again.
#[test]
fn sums_are_archived_again_only_if_a_cycle_has_closed() {
    for (between, again) in [(meter(&[SIDES[1]], 1_000), false), (words("registry load addition.ndjson"), false), (close("2026-09"), true)]
    {
        let scene = sides().unwrap();
        scene.ok(&meter(&[SIDES[2]], 1_000)).unwrap();
        let steps = "accruals-written=1*sleep(1000);sums-encoded=1*off->panic";
        let mut running = beside(&scene, &meter(&[SIDES[0]], 1_000), steps).unwrap();
        running.wait_until_still().unwrap();
        running.signal("STOP").unwrap();
        finished(beside(&scene, &between, "").unwrap()).unwrap();
        running.signal("CONT").unwrap();
        assert_eq!(running.output().unwrap().status.success(), !again, "{between:?}");
        scene.sound().unwrap();
    }
}

/// Nobody leases the standard input of a process again: the next one that meters takes its numbers back.
#[test]
fn what_a_killed_standard_input_left_is_swept() {
    let scene = sides().unwrap();
    let input = fs::File::open(scene.data.path().join(SIDES[0])).unwrap();
    let mut command = scene.command(&words(&format!("meter - --now {NOW} --batch-events 20")));
    let mut running = Running::start(command.stdin(input).env("FAILPOINTS", "accruals-written=1*off->pause")).unwrap();
    running.wait_until_still().unwrap();
    running.kill_9().unwrap();
    assert!(!scene.unnamed().unwrap().is_empty());
    scene.ok(&meter(&[SIDES[1]], 20)).unwrap();
    assert_eq!(scene.unnamed().unwrap(), [].into());
}

/// Numbers are for batches alone: where there is nothing to read, none is used up.
#[test]
fn nothing_read_takes_no_number() {
    let scene = sides().unwrap();
    for _ in 0..3 {
        scene.ok(&meter(&[SIDES[0]], 1_000)).unwrap();
    }
    scene.ok(&meter(&[SIDES[1]], 1_000)).unwrap();
    assert_eq!(numbers(&scene.named().unwrap()), [1, 2].into());
}
