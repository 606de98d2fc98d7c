//! Claims that are killed at each named step, that meet, and that lose their lease.

use super::paid_for::{PAID, denied};
use super::scene::{OCTOBER, claim, known, owned, through};
use crate::copies::scene::{outcome, pending, reverse_copies};
use crate::crash::child::Running;
use crate::scenarios::scene::{NOW, Scene, amount, event, reversal};
use crate::support::{also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// The steps of a claim upon batches that were searched, in order, and how often each was passed before.
const STEPS: [(&str, u64); 8] = [
    ("claims-found", 0),
    ("manifest-written", 0),
    ("claim-recorded", 0),
    ("batch-sealed", 0),
    ("usage-written", 0),
    ("accruals-written", 0),
    ("batch-committed", 0),
    ("claims-moved", 0),
];

/// The steps of a search that undoes claims.
const UNDOING: [(&str, u64); 6] = [
    ("undone-claims-found", 0),
    ("batch-sealed", 0),
    ("usage-written", 0),
    ("accruals-written", 0),
    ("batch-committed", 0),
    ("copies-searched", 0),
];

/// Books in which dora and a work have something in suspense, and are known by now; searched for copies.
fn waiting() -> Result<Scene> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("d1", OCTOBER, "dora", "1"), through("w1", OCTOBER, &["book", "song"], "4")])?;
    scene.meter("november", &[event("d2", super::NOVEMBER, "dora", "2")])?;
    scene.load(&[known("dora", "mid_a", "2026-01-01T00:00:00Z"), vec![owned("book", &["dora", "cem"])]].concat())?;
    reverse_copies(&scene)?;
    Ok(scene)
}

fn stopped(scene: &Scene, words: &[&str], step: &str, passed: u64, action: &str) -> Result<Running> {
    let off = if passed == 0 { String::new() } else { format!("{passed}*off->") };
    let mut command = scene.data.command(words);
    let mut running = Running::start(command.env("FAILPOINTS", format!("{step}={off}1*{action}")))?;
    running.wait_until_still().with_context(|| format!("until {step} after {passed}"))?;
    Ok(running)
}

const CLAIM: [&str; 6] = ["claim", "dora", "--kind", "party", "--now", NOW];

/// Nothing is left of the interruption.
fn compare(what: &str, scene: &Scene, expected: &Scene) -> Result<()> {
    ensure!(outcome(scene)? == outcome(expected)?, "{what}: {}", outcome(scene)?);
    ensure!(pending(scene)? == 0, "{what}");
    let check = scene.data.json(["archive", "check"])?;
    ensure!(check["faults"] == json!([]) && check["leftovers"] == 0, "{what}: {check}");
    scene.verify()
}

#[test]
fn killed_at_each_step_it_claims_the_rest() -> Result<()> {
    let expected = waiting()?;
    claim(&expected, &CLAIM[1..4])?;
    for (step, passed) in STEPS {
        let scene = waiting()?;
        stopped(&scene, &CLAIM, step, passed, "pause")?.kill_9()?;
        scene.verify().with_context(|| format!("killed at {step}"))?;
        scene.data.ok(CLAIM)?;
        compare(&format!("killed at {step} after {passed}"), &scene, &expected)?;
        ensure!(claim(&scene, &CLAIM[1..4])?["number"].is_null(), "{step}: nothing is left to claim");
    }
    Ok(())
}

/// What a platform has paid is recorded and booked once, and the rest of an interrupted claim needs no other payment.
#[test]
fn a_claim_that_was_paid_for_goes_on_wherever_it_was_killed() -> Result<()> {
    let words = [&["claim", "--now", NOW][..], &PAID, &["--amount", "2.40", "--currency", "USD"]].concat();
    for (step, passed) in STEPS {
        let scene = denied()?;
        reverse_copies(&scene)?;
        stopped(&scene, &words, step, passed, "pause")?.kill_9()?;
        scene.data.ok(["check"]).with_context(|| format!("killed at {step}"))?;
        // It goes on by the registry that it was recorded with.
        scene.load(&[json!({"kind": "party", "id": "newcomer", "name": "Newcomer", "type": "person"})])?;
        scene.data.ok(&words).with_context(|| format!("killed at {step}"))?;
        ensure!((scene.gross("ben", "payable")?, scene.gross("ben", "unlicensed")?) == (amount(300), "none".to_owned()), "{step}");
        let claims = scene.data.json(["claim", "--list"])?["claims"].clone();
        ensure!(claims.as_array().map(Vec::len) == Some(1), "{step}: {claims}");
        let entries = scene.data.json(["journal"])?["entries"].clone();
        ensure!(entries.as_array().map(Vec::len) == Some(1) && entries[0]["kind"] == "claim", "{step}: {entries}");
        ensure!(claim(&scene, &words[3..])?["number"].is_null(), "{step}: something was left to claim");
        scene.data.ok(["check"])?;
        scene.verify().with_context(|| step.to_owned())?;
    }
    Ok(())
}

/// Whoever words it otherwise, or claims something else, would record a second payment, or take what was paid for.
#[test]
fn nothing_else_is_claimed_before_an_interrupted_claim_is_gone_on_with() -> Result<()> {
    let words = [&["claim", "--now", NOW][..], &PAID, &["--amount", "2.40", "--currency", "USD"]].concat();
    let scene = denied()?;
    reverse_copies(&scene)?;
    stopped(&scene, &words, "claim-recorded", 0, "pause")?.kill_9()?;
    let worded: Vec<&str> = words.iter().map(|word| if *word == "settled out of court" { "another" } else { word }).collect();
    ensure!(worded != words, "{words:?}");
    for other in [&worded[..], &["claim", "ana", "--kind", "party", "--now", NOW]] {
        let said = scene.refused(other)?;
        ensure!(said.contains("claim 1 of ben was interrupted"), "{said}");
    }
    scene.data.ok(&words)?;
    // Less than a cent that comes later is no part of it.
    let mut little = event("little", OCTOBER, "ben", "0.002");
    little["source"] = "//later".into();
    scene.meter("little", &[little])?;
    ensure!(scene.refused(&words)?.contains("less than the smallest amount"));
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn killed_while_claims_are_undone_the_next_search_goes_on() -> Result<()> {
    let undone = [reversal("r1", OCTOBER, "d1"), reversal("r2", OCTOBER, "w1")];
    let claimed = || -> Result<Scene> {
        let scene = waiting()?;
        claim(&scene, &CLAIM[1..4])?;
        claim(&scene, &["book", "--kind", "work"])?;
        Ok(scene)
    };
    let expected = claimed()?;
    expected.meter("reversals", &undone)?;
    ensure!(expected.gross("dora", "payable")? == amount(200));
    for (step, passed) in UNDOING {
        let scene = claimed()?;
        // Killed before it searches: then the search that is interrupted is one of its own.
        scene.write("reversals.ndjson", &undone)?;
        stopped(&scene, &["meter", "reversals.ndjson", "--now", NOW], "batch-committed", 0, "pause")?.kill_9()?;
        ensure!(pending(&scene)? == 2);
        stopped(&scene, &["archive", "reverse-copies"], step, passed, "pause")?.kill_9()?;
        scene.verify().with_context(|| format!("killed at {step}"))?;
        reverse_copies(&scene)?;
        compare(&format!("killed at {step}"), &scene, &expected)?;
    }
    Ok(())
}

#[test]
fn two_claims_at_once_claim_once() -> Result<()> {
    let scene = waiting()?;
    let first = stopped(&scene, &[&CLAIM[..], &["--json"]].concat(), "usage-written", 0, "sleep(2000)")?;
    let second = Running::start(&mut scene.data.command([&CLAIM[..], &["--json"]].concat()))?;
    let mut events = 0;
    for running in [first, second] {
        let output = running.output()?;
        ensure!(output.status.success(), "{output:?}");
        events += serde_json::from_slice::<Value>(&output.stdout)?["events"].as_u64().unwrap_or(0);
    }
    ensure!(events == 2, "each event once: {events}");
    ensure!(scene.gross("dora", "payable")? == amount(300));
    scene.verify()
}

/// Others may merge files at any time: then it looks again, and knows what it has claimed.
#[test]
fn files_that_are_merged_under_a_claim_are_claimed_once() -> Result<()> {
    for (step, passed) in [("claims-found", 0), ("claims-moved", 0)] {
        let scene = Scene::new()?;
        // Two files of October: what is alone is not merged.
        scene.meter("october", &[event("d1", OCTOBER, "dora", "1")])?;
        scene.meter("more", &[event("d2", OCTOBER, "dora", "8")])?;
        scene.load(&known("dora", "mid_a", "2026-01-01T00:00:00Z"))?;
        reverse_copies(&scene)?;
        // As if each file had all that fits into one batch: so the second one is gone when the first one is claimed.
        let running = stopped(&scene, &[&CLAIM[..], &["--json"]].concat(), step, passed, "sleep(8000);claims-one-by-one=return")?;
        let compacted = scene.data.json(["archive", "compact"])?;
        ensure!(compacted["replaced"].as_u64() > Some(1), "{step}: nothing was merged: {compacted}");
        let output = running.output()?;
        ensure!(output.status.success(), "{step}: {}", stderr(&output));
        let said: Value = serde_json::from_slice(&output.stdout)?;
        ensure!(said["number"] == 1 && said["events"] == 2, "{step}: {said}");
        ensure!(scene.gross("dora", "payable")? == amount(900), "{step}");
        ensure!(scene.data.json(["claim", "--list"])?["claims"].as_array().map(Vec::len) == Some(1), "{step}");
        nothing_left(&scene, step)?;
    }
    Ok(())
}

/// Nothing is left to claim or to undo.
fn nothing_left(scene: &Scene, what: &str) -> Result<()> {
    ensure!(claim(scene, &CLAIM[1..4])?["number"].is_null(), "{what}: something was left to claim");
    ensure!(pending(scene)? == 0, "{what}");
    scene.verify()
}

/// Where no lock keeps them apart, the lease does.
#[test]
fn a_claim_that_lost_its_lease_cannot_commit() -> Result<()> {
    for step in ["claims-found", "claim-recorded", "usage-written"] {
        let scene = waiting()?;
        let first = stopped(&scene, &CLAIM, step, 0, "sleep(3000)")?;
        first.signal("STOP")?;
        std::fs::remove_file(scene.data.books().join("ledger.sqlite.copies-lock"))?;
        ensure!(claim(&scene, &CLAIM[1..4])?["events"] == 2, "{step}");
        first.signal("CONT")?;
        let output = first.output()?;
        let said = stderr(&output);
        ensure!(
            output.status.code() == Some(2) && (said.contains("lease") || said.contains("run the same command again")),
            "{step}: {said}"
        );
        ensure!(scene.gross("dora", "payable")? == amount(300), "{step}");
        scene.verify().with_context(|| step.to_owned())?;
    }
    Ok(())
}

also_on_postgres!(two_claims_at_once_claim_once);
