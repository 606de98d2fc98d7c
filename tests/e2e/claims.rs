//! Claims: suspense that has found its party, and unlicensed use that was paid for; nothing twice, nothing lost, and all of it gone with its event.

mod interrupted;
mod many;
mod met;
mod paid_for;
mod scene;
mod undone;

use crate::copies::scene::outcome;
use crate::scenarios::scene::{Scene, amount, event, line};
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use scene::{NOVEMBER, OCTOBER, claim, given, known, labour, owned, through};
use serde_json::{Value, json};

#[test]
fn suspense_that_has_found_its_party_is_paid_in_the_next_open_cycle() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("a1", OCTOBER, "ana", "1"), event("d1", OCTOBER, "dora", "1"), event("d2", NOVEMBER, "dora", "2")])?;
    let october = scene.settle("mid_a", "2026-10")?;
    scene.load(&known("dora", "mid_a", "2026-01-01T00:00:00Z"))?;
    ensure!(scene.gross("dora", "suspense")? == amount(300), "what is metered already stays as it is");

    let made = claim(&scene, &["dora", "--kind", "party", "--as", "zoe"])?;
    ensure!((&made["number"], &made["events"], &made["from"]) == (&json!(1), &json!(2), &json!("suspense")), "{made}");
    ensure!(given(&made)? == [("payable mid_a".to_owned(), amount(300), amount(240))], "{made}");
    ensure!((scene.gross("dora", "suspense")?, scene.gross("dora", "payable")?) == ("none".to_owned(), amount(300)));
    // October is closed: both the suspense and what takes its place are November's, late, with the event's own time.
    let in_november = scene.statement("dora", "2026-11")?;
    let shown: Vec<(&str, &str, bool, &str)> = in_november
        .iter()
        .filter(|entry| entry["time"] == "2026-10-10T12:00:00.000000Z")
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap_or_default();
            (text("status"), text("gross"), entry["late"] == true, text("use"))
        })
        .collect();
    let (one, minus_one) = (amount(100), amount(-100));
    ensure!(
        shown == [("payable", &*one, true, "inference claimed"), ("suspense", &*minus_one, true, "inference claimed")],
        "{in_november:?}"
    );
    ensure!(in_november.iter().filter(|entry| entry["use"] == "inference claimed").all(|entry| entry["late"] == true), "always late");
    ensure!(scene.draft("mid_a", "2026-10")? == october, "a final draft never changes");
    let november = scene.settle("mid_a", "2026-11")?;
    assert_eq!(line(&november, "dora")?, [228, 0, 0, 228, 0].map(amount));
    // Of all that the platform owes on in November, what was moved there counts once: 1.00 in, 1.00 out, and the 2.00 of its own.
    assert_eq!(november["platforms"][0]["gross_all"], amount(200));
    scene.verify()
}

#[test]
fn a_claim_made_again_changes_nothing() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("d1", OCTOBER, "dora", "1"), event("e1", OCTOBER, "emma", "1")])?;
    scene.load(&known("dora", "mid_a", "2026-01-01T00:00:00Z"))?;
    claim(&scene, &["dora", "--kind", "party"])?;
    scene.data.ok(["archive", "reverse-copies"])?;
    let before = (outcome(&scene)?, scene.data.json(["archive", "list"])?, scene.data.json(["verify"])?);
    let again = claim(&scene, &["dora", "--kind", "party"])?;
    ensure!(again["number"].is_null() && again["events"] == 0 && again["given"] == json!([]), "{again}");
    ensure!((outcome(&scene)?, scene.data.json(["archive", "list"])?, scene.data.json(["verify"])?) == before);
    ensure!(scene.data.ok(["claim", "dora", "--kind", "party"])?.contains("Nothing to claim: party dora has nothing in suspense"));
    // What is metered from now on is the party's at once; whoever is unknown still waits.
    scene.meter("more", &[event("d2", OCTOBER, "dora", "2")])?;
    ensure!((scene.gross("dora", "payable")?, scene.gross("emma", "suspense")?) == (amount(300), amount(100)));
    scene.verify()
}

#[test]
fn what_still_finds_nobody_stays_in_suspense() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("d1", OCTOBER, "dora", "1")])?;
    let refused = scene.refused(&["claim", "dora", "--kind", "party"])?;
    ensure!(refused.contains("dora is no party of the registry") && refused.contains("registry load"), "{refused}");
    // Known, and member of a MID from next year on: nobody answers for her yet.
    scene.load(&known("dora", "mid_b", "2027-06-01T00:00:00Z"))?;
    ensure!(claim(&scene, &["dora", "--kind", "party"])?["number"].is_null());
    ensure!(scene.gross("dora", "suspense")? == amount(100));
    // Once it has begun, it counts for what was before, as nobody answered then.
    let made = scene.data.json(["claim", "dora", "--kind", "party", "--now", "2027-06-02T00:00:00Z"])?;
    ensure!(given(&made)? == [("payable mid_b".to_owned(), amount(100), amount(80))], "{made}");
    scene.verify()
}

#[test]
fn a_work_is_shared_by_its_owners_each_on_terms_of_its_own() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[through("w1", OCTOBER, &["book"], "4"), event("a1", OCTOBER, "ana", "1")])?;
    scene.settle("mid_a", "2026-10")?;
    scene.load(&[known("gus", "mid_a", "2030-01-01T00:00:00Z"), vec![owned("book", &["ana", "ben", "cem", "gus"])]].concat())?;
    scene.load(&[json!({"kind": "consent", "party": "ben", "work": "book", "decision": "n", "from": "2026-01-01T00:00:00Z"})])?;
    let made = claim(&scene, &["book", "--kind", "work"])?;
    let expected = [
        ("payable mid_a".to_owned(), amount(100), amount(80)),
        ("payable mid_b".to_owned(), amount(100), amount(80)),
        ("suspense ".to_owned(), amount(100), amount(70)),
        ("unlicensed mid_a".to_owned(), amount(100), amount(80)),
    ];
    ensure!(given(&made)? == expected, "{made}");
    ensure!(scene.gross("book", "suspense")? == "none" && scene.gross("gus", "suspense")? == amount(100));
    // Each goes to the earliest cycle that is open for its own MID; through which work it came is known.
    let entry = scene.statement("cem", "2026-10")?.into_iter().find(|entry| entry["use"] == "inference claimed").context("cem's")?;
    ensure!((&entry["works"], &entry["late"], &entry["mid"]) == (&json!(["book"]), &json!(true), &json!("mid_b")), "{entry}");
    ensure!(scene.statement("ana", "2026-11")?.iter().any(|entry| entry["works"] == json!(["book"])));
    // Who waits under its own name is claimed under it.
    scene.load(&[json!({"kind": "membership", "party": "gus", "mid": "mid_b", "platforms": "*", "uses": "*", "from": "2026-05-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"})])?;
    let of_gus = claim(&scene, &["gus", "--kind", "party"])?;
    ensure!(given(&of_gus)? == [("payable mid_b".to_owned(), amount(100), amount(80))], "{of_gus}");
    ensure!(claim(&scene, &["book", "--kind", "work"])?["number"].is_null(), "nothing is left of it");
    let lines = scene.data.json(["accruals", "--by", "status"])?["lines"].clone();
    ensure!(lines[0]["status"] == "payable" && lines[0]["gross"] == amount(400) && lines[1]["gross"] == amount(100), "{lines}");
    scene.verify()
}

#[test]
fn files_that_were_merged_are_claimed_from_as_before() -> Result<()> {
    let scene = Scene::new()?;
    for number in 0..6 {
        scene.meter(
            &format!("file-{number}"),
            &[event(&format!("d{number}"), OCTOBER, "dora", "1"), through(&format!("w{number}"), OCTOBER, &["book"], "1")],
        )?;
    }
    scene.data.ok(["archive", "compact"])?;
    scene.load(&[known("dora", "mid_a", "2026-01-01T00:00:00Z"), vec![owned("book", &["dora", "cem"])]].concat())?;
    claim(&scene, &["dora", "--kind", "party"])?;
    let before = scene.data.json(["accruals"])?;
    scene.data.ok(["archive", "compact"])?;
    ensure!(scene.data.json(["accruals"])? == before);
    claim(&scene, &["book", "--kind", "work"])?;
    ensure!((labour(&scene, "dora", "payable")?, labour(&scene, "cem", "payable")?) == (amount(480 + 240), amount(240)));
    scene.verify()?;
    let before = outcome(&scene)?;
    scene.data.ok(["archive", "compact"])?;
    ensure!(outcome(&scene)? == before);
    scene.verify()
}

/// Who claimed what, when and by which registry is in the chain.
#[test]
fn claims_are_listed() -> Result<()> {
    let scene = Scene::new()?;
    ensure!(scene.data.ok(["claim", "--list"])?.contains("Nothing was ever claimed"));
    scene.meter("october", &[event("d1", OCTOBER, "dora", "1")])?;
    scene.load(&known("dora", "mid_a", "2026-01-01T00:00:00Z"))?;
    claim(&scene, &["dora", "--kind", "party", "--as", "zoe"])?;
    let listed = scene.data.json(["claim", "--list"])?["claims"].clone();
    let expected = [
        ("number", json!(1)),
        ("reference", json!("dora")),
        ("by", json!("zoe")),
        ("registry_version", json!(2)),
        ("payment", Value::Null),
    ];
    for (name, value) in expected {
        ensure!(listed[0][name] == value, "{name}: {listed}");
    }
    ensure!(scene.data.ok(["claim", "--list"])?.contains("dora"));
    Ok(())
}

also_on_postgres!(
    suspense_that_has_found_its_party_is_paid_in_the_next_open_cycle,
    a_claim_made_again_changes_nothing,
    a_work_is_shared_by_its_owners_each_on_terms_of_its_own,
);
