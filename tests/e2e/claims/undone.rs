//! Events that are undone take what was claimed of them with them, to the unit; and what is undone already is not claimed.

use super::scene::{DECEMBER, NOVEMBER, OCTOBER, claim, given, known, owned, through};
use crate::copies::scene::{outcome, pending, reverse_copies, side_by_side};
use crate::crash::child::Running;
use crate::scenarios::scene::{NOW, Scene, amount, event, line, reversal};
use crate::support::{also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Books in which dora has been paid for one event of October by a claim, in November.
fn claimed_and_paid() -> Result<Scene> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("d1", OCTOBER, "dora", "1"), event("a1", OCTOBER, "ana", "1")])?;
    scene.settle("mid_a", "2026-10")?;
    scene.load(&known("dora", "mid_a", "2026-01-01T00:00:00Z"))?;
    claim(&scene, &["dora", "--kind", "party"])?;
    assert_eq!(line(&scene.settle("mid_a", "2026-11")?, "dora")?, [76, 0, 0, 76, 0].map(amount));
    Ok(scene)
}

#[test]
fn a_reversal_undoes_what_was_claimed() -> Result<()> {
    let scene = Scene::new()?;
    let events = [event("d1", OCTOBER, "dora", "1"), through("w1", OCTOBER, &["book"], "3"), event("a1", OCTOBER, "ana", "1")];
    scene.meter("october", &events)?;
    scene.load(
        &[
            known("dora", "mid_a", "2026-01-01T00:00:00Z"),
            vec![owned("book", &["dora", "ben", "fay"])],
            vec![known("fay", "mid_a", "2030-01-01T00:00:00Z")[0].clone()],
        ]
        .concat(),
    )?;
    claim(&scene, &["dora", "--kind", "party"])?;
    claim(&scene, &["book", "--kind", "work"])?;
    // A claim upon what a claim gave.
    scene.load(&known("fay", "mid_b", "2026-01-01T00:00:00Z"))?;
    ensure!(claim(&scene, &["fay", "--kind", "party"])?["events"] == 1);
    ensure!(scene.meter("reversals", &[reversal("r1", NOVEMBER, "d1"), reversal("r2", NOVEMBER, "w1")])? == [2, 2, 0, 0]);
    let alone = crate::copies::scene::once(&events[2..])?;
    ensure!(outcome(&scene)? == outcome(&alone)?, "{}", outcome(&scene)?);
    ensure!(pending(&scene)? == 0);
    for claimed in [&["dora", "--kind", "party"], &["book", "--kind", "work"], &["fay", "--kind", "party"]] {
        ensure!(claim(&scene, claimed)?["number"].is_null(), "what is undone is not claimed again");
    }
    scene.data.ok(["archive", "compact"])?;
    scene.verify()
}

/// A search reads the identities of all events: it is made where a reversal may undo what was claimed, and else left for later.
#[test]
fn what_reverses_nothing_is_not_searched_though_something_was_claimed() -> Result<()> {
    let scene = claimed_and_paid()?;
    let searched = || scene.data.json(["archive", "reverse-copies"]).map(|said| (said["batches"].clone(), said["claims_undone"].clone()));
    searched()?;
    scene.meter("more", &[event("d2", DECEMBER, "dora", "4")])?;
    assert_eq!(searched()?, (json!(1), json!(0)));
    scene.meter("reversals", &[reversal("r1", DECEMBER, "d1"), event("d3", DECEMBER, "dora", "4")])?;
    ensure!(pending(&scene)? == 0);
    assert_eq!(searched()?.1, json!(0), "it is undone already");
    scene.verify()
}

#[test]
fn what_was_paid_of_a_claim_is_recovered() -> Result<()> {
    let scene = claimed_and_paid()?;
    scene.meter("december", &[reversal("r1", DECEMBER, "d1"), event("d2", DECEMBER, "dora", "4")])?;
    let undone = scene.statement("dora", "2026-12")?;
    let back = undone.iter().find(|entry| entry["status"] == "payable" && entry["gross"] == amount(-100)).context("the claim's end")?;
    // On the terms of the cycle that it was paid in, and not of the event's own.
    ensure!((&back["undone"], &back["late"]) == (&json!("2026-11"), &json!(true)), "{back}");
    assert_eq!(line(&scene.settle("mid_a", "2026-12")?, "dora")?, [304 - 76, 0, 0, 228, 0].map(amount));
    scene.verify()
}

#[test]
fn a_reversal_before_the_claim_leaves_nothing_to_claim() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("d1", OCTOBER, "dora", "1"), event("d2", OCTOBER, "dora", "2"), reversal("r1", OCTOBER, "d1")])?;
    scene.load(&known("dora", "mid_a", "2026-01-01T00:00:00Z"))?;
    let made = claim(&scene, &["dora", "--kind", "party"])?;
    ensure!(given(&made)? == [("payable mid_a".to_owned(), amount(200), amount(160))], "{made}");
    scene.verify()
}

/// Starts metering a file beside others, and stops it before its batch is committed.
fn stopped_before_its_commit(scene: &Scene, name: &str, events: &[Value]) -> Result<Running> {
    scene.write(name, events)?;
    let mut command = scene.data.command(["meter", name, "--now", NOW]);
    let mut metering = Running::start(command.env("FAILPOINTS", "meter-beside-others=return;batch-sealed=1*sleep(3000)"))?;
    metering.wait_until_still()?;
    metering.signal("STOP")?;
    Ok(metering)
}

/// One writer that has not heard of the claim when it reverses the event, and one that brings a copy of another and something new.
#[test]
fn a_claim_beside_writers_that_do_not_know_of_it() -> Result<()> {
    let scene = Scene::new()?;
    let copied = event("d2", OCTOBER, "dora", "2");
    let copies = stopped_before_its_commit(&scene, "copies.ndjson", &[copied.clone(), event("d3", OCTOBER, "dora", "4")])?;
    side_by_side(&scene, &[&[event("d1", OCTOBER, "dora", "1"), copied]])?;
    scene.load(&known("dora", "mid_a", "2026-01-01T00:00:00Z"))?;
    let reverses = stopped_before_its_commit(&scene, "reverses.ndjson", &[reversal("r1", NOVEMBER, "d1")])?;
    ensure!(claim(&scene, &["dora", "--kind", "party"])?["events"] == 2);
    for metering in [reverses, copies] {
        metering.signal("CONT")?;
        let output = metering.output()?;
        ensure!(output.status.success(), "{output:?}");
    }
    reverse_copies(&scene)?;
    ensure!(pending(&scene)? == 0);
    ensure!((scene.gross("dora", "payable")?, scene.gross("dora", "suspense")?) == (amount(200), amount(400)), "{}", outcome(&scene)?);
    ensure!(claim(&scene, &["dora", "--kind", "party"])?["events"] == 1);
    ensure!((scene.gross("dora", "payable")?, scene.gross("dora", "suspense")?) == (amount(600), "none".to_owned()));
    scene.verify()
}

/// The event is undone while the claim is on its way, before and after that is in the chain.
#[test]
fn a_reversal_that_overtakes_the_claim_undoes_it() -> Result<()> {
    for step in ["claims-found", "claim-recorded", "accruals-written"] {
        let scene = Scene::new()?;
        scene.meter("october", &[event("d1", OCTOBER, "dora", "1"), event("d2", OCTOBER, "dora", "2")])?;
        scene.load(&known("dora", "mid_a", "2026-01-01T00:00:00Z"))?;
        reverse_copies(&scene)?;
        let mut command = scene.data.command(["claim", "dora", "--kind", "party", "--now", NOW]);
        let mut claiming = Running::start(command.env("FAILPOINTS", format!("{step}=1*sleep(2500)")))?;
        claiming.wait_until_still()?;
        ensure!(scene.meter("reversal", &[reversal("r1", NOVEMBER, "d1")])? == [1, 1, 0, 0], "{step}");
        let output = claiming.output()?;
        ensure!(output.status.success(), "{step}: {output:?}");
        scene.verify().with_context(|| step.to_owned())?;
        reverse_copies(&scene)?;
        ensure!(pending(&scene)? == 0, "{step}");
        ensure!((scene.gross("dora", "payable")?, scene.gross("dora", "suspense")?) == (amount(200), "none".to_owned()), "{step}");
        scene.verify()?;
    }
    Ok(())
}

/// A copy that counts until it is found: claimed with the first, and undone with it.
#[test]
fn a_copy_that_was_claimed_is_reversed_with_its_claim() -> Result<()> {
    let scene = Scene::new()?;
    let one = event("d1", OCTOBER, "dora", "1");
    side_by_side(&scene, &[std::slice::from_ref(&one), &[one.clone(), event("a1", OCTOBER, "ana", "1")]])?;
    scene.load(&known("dora", "mid_a", "2026-01-01T00:00:00Z"))?;
    // Whoever claims searches first.
    ensure!(claim(&scene, &["dora", "--kind", "party"])?["events"] == 1);
    ensure!(scene.gross("dora", "payable")? == amount(100) && pending(&scene)? == 0);
    scene.meter("reversed", &[reversal("r1", NOVEMBER, "d1")])?;
    ensure!(scene.gross("dora", "payable")? == "none" && scene.gross("dora", "suspense")? == "none");
    scene.verify()
}

/// Until somebody searches, a preview shows what will be, and verification says what waits.
#[test]
fn a_preview_knows_which_claims_go_with_their_events() -> Result<()> {
    let scene = claimed_and_paid()?;
    scene.write("reversal.ndjson", &[reversal("r1", DECEMBER, "d1"), event("a2", DECEMBER, "ana", "1")])?;
    let mut command = scene.data.command(["meter", "reversal.ndjson", "--now", NOW]);
    let mut metering = Running::start(command.env("FAILPOINTS", "batch-committed=1*pause"))?;
    metering.wait_until_still()?;
    metering.kill_9()?;
    ensure!(pending(&scene)? == 1);
    let output = scene.data.run(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-12", "--json"])?;
    ensure!(stderr(&output).contains("1 claims upon events that are undone"), "{output:?}");
    let preview: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(line(&preview, "dora")?, [-76, 0, 0, 0, -76].map(amount));
    ensure!(pending(&scene)? == 1, "a preview writes nothing");
    ensure!(scene.settle("mid_a", "2026-12")?["lines"] == preview["lines"]);
    ensure!(pending(&scene)? == 0);
    scene.verify()
}

also_on_postgres!(a_reversal_undoes_what_was_claimed, what_was_paid_of_a_claim_is_recovered, a_claim_beside_writers_that_do_not_know_of_it);
