//! Searches that are killed at each named step, that meet, and that lose their lease.

use super::scene::{compare, once, outcome, pending, reverse_copies, side_by_side};
use super::{NOVEMBER, OCTOBER, one};
use crate::crash::child::Running;
use crate::scenarios::scene::{NOW, Scene, event, reversal};
use crate::support::stderr;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::process::Output;
use std::time::{Duration, Instant};

/// The steps of a search that finds something, in order, and how often each was passed before.
const STEPS: [(&str, u64); 9] = [
    ("copies-found", 0),
    ("batch-sealed", 0),
    ("usage-written", 0),
    ("accruals-written", 0),
    ("manifest-written", 0),
    ("batch-committed", 0),
    ("copies-reversed", 0),
    ("manifest-written", 1),
    ("copies-searched", 0),
];

/// What counts of [`copied`].
fn expected() -> Result<Scene> {
    once(&[one(), event("e3", NOVEMBER, "cem", "3")])
}

/// Copies of all sorts: six corrections.
fn copied() -> Result<Scene> {
    let (e2, e3) = (event("e2", OCTOBER, "ben", "2"), event("e3", NOVEMBER, "cem", "3"));
    let undone = [e2.clone(), reversal("r1", OCTOBER, "e2")];
    let scene = Scene::new()?;
    scene.meter("known", &[event("e4", OCTOBER, "ana", "5")])?;
    let far = reversal("r4", OCTOBER, "e4");
    side_by_side(&scene, &[&[one(), e2, e3.clone(), far.clone()], &[&undone[..], &[one(), far.clone()]].concat(), &[e3, one(), far]])?;
    ensure!(pending(&scene)? == 5, "{}", pending(&scene)?);
    Ok(scene)
}

/// Starts a search that stops at a step.
fn stopped(scene: &Scene, step: &str, passed: u64, action: &str) -> Result<Running> {
    let off = if passed == 0 { String::new() } else { format!("{passed}*off->") };
    let mut command = scene.data.command(["archive", "reverse-copies"]);
    let mut running = Running::start(command.env("FAILPOINTS", format!("{step}={off}1*{action}")))?;
    running.wait_until_still().with_context(|| format!("until {step} after {passed}"))?;
    Ok(running)
}

#[test]
fn killed_at_each_step_it_goes_on() -> Result<()> {
    let expected = expected()?;
    for (step, passed) in STEPS {
        let scene = copied()?;
        stopped(&scene, step, passed, "pause")?.kill_9()?;
        scene.verify().with_context(|| format!("killed at {step}"))?;
        reverse_copies(&scene)?;
        compare(&format!("killed at {step} after {passed}"), &scene, &expected)?;
        let metered = scene.data.json(["archive", "list"])?;
        reverse_copies(&scene)?;
        ensure!(scene.data.json(["archive", "list"])? == metered, "{step}: another search finds nothing");
    }
    Ok(())
}

#[test]
fn a_second_search_waits_for_the_first() -> Result<()> {
    let scene = copied()?;
    let first = stopped(&scene, "usage-written", 0, "sleep(3000)")?;
    first.signal("STOP")?;
    let mut second = Running::start(&mut scene.data.command(["archive", "reverse-copies", "--json"]))?;
    ensure!(!second.ends_within(Duration::from_millis(700))?, "it waits");
    first.signal("CONT")?;
    ensure!(first.output()?.status.success());
    let said: Value = serde_json::from_slice(&second.output()?.stdout)?;
    ensure!(said["reversed"] == 0, "{said}");
    compare("one after the other", &scene, &expected()?)
}

/// Where no lock keeps them apart, the lease does: what the first has found is the second's to reverse.
#[test]
fn a_search_that_lost_its_lease_cannot_commit() -> Result<()> {
    for step in ["copies-found", "usage-written", "manifest-written"] {
        let scene = copied()?;
        let first = stopped(&scene, step, 0, "sleep(3000)")?;
        first.signal("STOP")?;
        std::fs::remove_file(scene.data.books().join("ledger.sqlite.copies-lock"))?;
        ensure!(reverse_copies(&scene)?["reversed"] == 6, "{step}");
        first.signal("CONT")?;
        let output = first.output()?;
        ensure!(output.status.code() == Some(2) && stderr(&output).contains("lease"), "{step}: {output:?}");
        scene.verify()?;
        scene.meter("more", &[event("e9", OCTOBER, "ana", "1")])?;
        let more = once(&[one(), event("e3", NOVEMBER, "cem", "3"), event("e9", OCTOBER, "ana", "1")])?;
        reverse_copies(&scene)?;
        compare(step, &scene, &more)?;
    }
    Ok(())
}

/// What is metered between a search and the close that it is for is searched as well.
#[test]
fn a_cycle_closes_only_upon_a_search_of_all() -> Result<()> {
    let scene = copied()?;
    let words = ["settle", "close", "--mid", "mid_a", "--cycle", "2026-10", "--now", crate::scenarios::scene::NOW];
    let mut command = scene.data.command(words);
    let mut closing = Running::start(command.env("FAILPOINTS", "copies-searched=1*sleep(3000)"))?;
    closing.wait_until_still()?;
    closing.signal("STOP")?;
    side_by_side(&scene, &[&[event("e9", OCTOBER, "ben", "1")], &[event("e9", OCTOBER, "ben", "1")]])?;
    ensure!(pending(&scene)? == 1);
    closing.signal("CONT")?;
    let output = closing.output()?;
    ensure!(output.status.success(), "{output:?}");
    ensure!(pending(&scene)? == 0, "what came meanwhile is searched before the cycle closes");
    let expected = once(&[one(), event("e3", NOVEMBER, "cem", "3"), event("e9", OCTOBER, "ben", "1")])?;
    ensure!(outcome(&scene)? == outcome(&expected)?);
    assert_eq!(scene.draft("mid_a", "2026-10")?["lines"], expected.settle("mid_a", "2026-10")?["lines"]);
    Ok(())
}

/// Beside a writer that always commits before the search is through: after some rounds it waits, and the cycle closes.
#[test]
fn a_close_ends_beside_writers_that_are_faster_than_it() -> Result<()> {
    let scene = copied()?;
    let (output, metered) = closed_beside_a_writer(&scene, "off")?;
    ensure!(output.status.success() && stderr(&output).contains("their commits wait now"), "{output:?}");
    ensure!(metered > 3, "only {metered} files were metered meanwhile: nobody was in the way");
    scene.verify()?;
    reverse_copies(&scene)?;
    let draft = scene.draft("mid_a", "2026-10")?;
    ensure!(draft["refused"] == false && pending(&scene)? == 0, "{draft}");
    scene.verify()
}

/// Writers that do not wait, as those of older versions: it says what to do, and closes nothing.
#[test]
fn a_close_that_cannot_end_says_so() -> Result<()> {
    let scene = copied()?;
    let (output, _) = closed_beside_a_writer(&scene, "return")?;
    ensure!(output.status.code() == Some(2) && stderr(&output).contains("nothing was settled"), "{output:?}");
    ensure!(stderr(&output).contains("run the same command again"), "{output:?}");
    scene.verify()?;
    let settled = scene.settle("mid_a", "2026-10")?;
    ensure!(settled["refused"] == false && pending(&scene)? == 0, "{settled}");
    scene.verify()
}

/// Closes a cycle with searches that take long, beside one who meters one small file after the other; how it ended, and how many files there were until then.
fn closed_beside_a_writer(scene: &Scene, turnstile: &str) -> Result<(Output, u32)> {
    let words = ["settle", "close", "--mid", "mid_a", "--cycle", "2026-10", "--now", NOW];
    let mut command = scene.data.command(words);
    let mut closing = Running::start(command.env("FAILPOINTS", "copies-searched=sleep(1500)"))?;
    let deadline = Instant::now() + Duration::from_secs(90);
    let mut metered = 0;
    while closing.ended()?.is_none() {
        ensure!(Instant::now() < deadline, "it does not end, though {metered} files were metered meanwhile");
        let name = format!("beside-{metered}.ndjson");
        scene.write(&name, &[event(&format!("b{metered}"), OCTOBER, "ben", "1")])?;
        let mut meter = scene.data.command(["meter", &name, "--now", NOW]);
        let output = meter.env("FAILPOINTS", format!("past-the-turnstile={turnstile}")).output()?;
        ensure!(output.status.success(), "{output:?}");
        metered += 1;
    }
    Ok((closing.output()?, metered))
}

/// Cycles are closed upon searches: a chain in which one is not is not verified.
#[test]
fn verify_says_how_many_copies_wait() -> Result<()> {
    let scene = copied()?;
    let said = scene.data.ok(["verify"])?;
    ensure!(said.contains("but for 5 copies that came after the last search") && said.contains("archive reverse-copies"), "{said}");
    reverse_copies(&scene)?;
    ensure!(scene.data.json(["verify"])?["compared"]["pending_copies"] == json!(0));
    Ok(())
}
