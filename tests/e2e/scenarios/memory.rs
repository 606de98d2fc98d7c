//! What fills a batch before its limits do: what waits in memory for a commit is bounded, whatever comes.

use super::scene::{NOW, Scene, counts, event, reversal};
use super::{OCTOBER, Result, Value};
use std::collections::BTreeSet;
use std::fs;

/// About how many bytes of events wait in memory at most; see `ingest::sequencer` and `ingest::recent`.
const BOUND: usize = 64 << 20;

const MIB: usize = 1 << 20;

/// An event of nearly a mebibyte, of which little is kept.
fn bulky(id: &str, time: &str, party: &str) -> Value {
    let mut event = event(id, time, party, "1");
    event["extension"] = "x".repeat(MIB - 1000).into();
    event
}

/// The batches that left evidence, and how many files of it.
fn evidence(scene: &Scene) -> Result<(BTreeSet<String>, usize)> {
    let list = scene.data.json(["archive", "list"])?;
    let files = list["files"].as_array().into_iter().flatten().filter(|file| file["table"] == "usage");
    let names: Vec<&str> = files.filter_map(|file| file["path"].as_str()?.rsplit('/').next()).collect();
    Ok((names.iter().map(|name| name[..15].to_owned()).collect(), names.len()))
}

/// The first of the month that is so many months after January 2018.
fn month(after: usize) -> String {
    format!("{}-{:02}-01T00:00:00Z", 2018 + after / 12, after % 12 + 1)
}

#[test]
fn a_reversal_of_what_is_no_longer_at_hand_waits_for_its_commit() -> Result<()> {
    let scene = Scene::new()?;
    let between = (0..BOUND / MIB + 6).map(|n| bulky(&format!("b{n}"), OCTOBER, "ben"));
    let last = [reversal("r", OCTOBER, "first"), event("last", OCTOBER, "ana", "3"), reversal("near", OCTOBER, "b69")];
    let events: Vec<Value> = [event("first", OCTOBER, "ana", "1")].into_iter().chain(between).chain(last).collect();
    assert_eq!(scene.meter("all", &events)?, [74, 74, 0, 0]);
    assert_eq!(scene.gross("ana", "payable")?, "3.000000000000");
    assert_eq!(scene.gross("ben", "payable")?, "69.000000000000");
    // The batch ended before the reversal, so that its original could be read.
    assert_eq!(evidence(&scene)?.0.len(), 2);
    scene.verify()
}

#[test]
fn many_long_dead_letters_fill_a_batch() -> Result<()> {
    let scene = Scene::new()?;
    let letter = format!("{{{}\n", "x".repeat(MIB));
    let lines = letter.repeat(BOUND / MIB + 6) + &event("last", OCTOBER, "ana", "1").to_string();
    fs::write(scene.data.path().join("letters.ndjson"), lines)?;
    assert_eq!(counts(&scene.data.json(["meter", "letters.ndjson", "--now", NOW])?)?, [71, 1, 0, 70]);
    // One manifest is the registry's.
    assert_eq!(fs::read_dir(scene.data.archive().join("manifests/v1"))?.count(), 3);
    assert_eq!(scene.dead_letters()?.len(), 70);
    scene.verify()
}

#[test]
fn events_of_very_many_months_are_all_kept() -> Result<()> {
    let scene = Scene::new()?;
    // In one batch, of which some folders are encoded as their rows come, and the others at its end.
    let light: Vec<Value> = (0..200).map(|n| event(&format!("e{n}"), &month(n % 100), "ana", "1")).collect();
    assert_eq!(scene.meter("light", &light)?, [200, 200, 0, 0]);
    let (batches, files) = evidence(&scene)?;
    assert_eq!((batches.len(), files), (1, 100));
    let heavy: Vec<Value> = (0..BOUND / MIB + 6).map(|n| bulky(&format!("h{n}"), &month(n), "ana")).collect();
    assert_eq!(scene.meter("heavy", &heavy)?, [70, 70, 0, 0]);
    assert_eq!(evidence(&scene)?.0.len(), 3, "what is both heavy and scattered is sealed early");
    assert_eq!(scene.gross("ana", "suspense")?, "262.000000000000");
    scene.verify()
}

/// Events of one room: most of them, a tenth of them reversed, and later each of them again.
fn write_history(scene: &Scene) -> Result<()> {
    const EVENTS: usize = 40_000;
    let name = |n: usize| format!("e{n}");
    let all = (0..EVENTS).map(|n| event(&name(n), OCTOBER, "ana", "1"));
    let reversed = (0..EVENTS).step_by(10).map(|n| reversal(&format!("r{n}"), OCTOBER, &name(n)));
    let lines = |events: &mut dyn Iterator<Item = Value>| events.map(|event| format!("{event}\n")).collect::<String>();
    fs::write(scene.data.path().join("first.ndjson"), lines(&mut all.clone().chain(reversed.clone())))?;
    let conflicts = (0..EVENTS).step_by(40).map(|n| event(&name(n), OCTOBER, "ana", "2"));
    let reversed_twice = (0..EVENTS).step_by(400).map(|n| reversal(&format!("rr{n}"), OCTOBER, &name(n)));
    let reversed_now = (5..EVENTS).step_by(400).map(|n| reversal(&format!("n{n}"), OCTOBER, &name(n)));
    let mut again = all.chain(reversed).chain(conflicts).chain(reversed_twice).chain(reversed_now);
    fs::write(scene.data.path().join("again.ndjson"), lines(&mut again))?;
    Ok(())
}

#[test]
fn identities_that_do_not_fit_in_memory_are_known_all_the_same() -> Result<()> {
    let scene = Scene::new()?;
    write_history(&scene)?;
    let scratch = scene.data.path().join("scratch");
    let meter = ["--now", NOW, "--batch-events", "9000", "--identities-mib", "1", "--scratch", "scratch"];
    let words = |file: &'static str| ["meter", file].into_iter().chain(meter);
    let missing = scene.data.run(words("first.ndjson"))?;
    assert_eq!(missing.status.code(), Some(2));
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(said.contains("scratch"), "{said}");
    fs::create_dir(&scratch)?;
    assert_eq!(counts(&scene.data.json(words("first.ndjson"))?)?, [44_000, 44_000, 0, 0]);
    assert_eq!(counts(&scene.data.json(words("again.ndjson"))?)?, [45_200, 100, 44_000, 1_100]);
    assert_eq!(fs::read_dir(&scratch)?.count(), 0, "its files have names");
    assert_eq!(scene.gross("ana", "payable")?, "35900.000000000000");
    scene.verify()
}
