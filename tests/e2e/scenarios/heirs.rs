//! A party that dies: what is available to it passes to its heirs, in drafts, statements and books, and again from the archive.

use super::scene::{Scene, amount, event, line, units};
use super::taxes::{approve, balance};
use super::{DECEMBER, NOVEMBER, OCTOBER};
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

fn scene() -> Result<Scene> {
    let scene = Scene::new()?;
    let party =
        |id: &str| json!({"kind": "party", "id": id, "name": id, "type": "person", "payout": {"method": "sepa", "currency": "USD"}});
    scene.load(&[party("eva"), json!({"kind": "party", "id": "fay", "name": "Fay", "type": "person"})])?;
    for actor in ["zoe", "yan"] {
        scene.data.ok(["actor", "add", actor, "--person", actor, "--key", &format!("{actor}.pem")])?;
    }
    Ok(scene)
}

fn successor(party: &str, from: &str, heirs: &[(&str, &str)]) -> Value {
    let heirs: Vec<Value> = heirs.iter().map(|(heir, share)| json!({"party": heir, "share": share})).collect();
    json!({"kind": "successor", "party": party, "from": from, "heirs": heirs})
}

fn inheritances(draft: &Value) -> Vec<String> {
    let of = |line: &Value| ["party", "heir", "share", "amount"].map(|name| line[name].as_str().unwrap_or("missing")).join(" ");
    draft["inheritances"].as_array().into_iter().flatten().map(of).collect()
}

fn statement(scene: &Scene, party: &str, cycle: &str, format: &str) -> Result<String> {
    scene.data.ok(["statement", party, "--mid", "mid_a", "--cycle", cycle, "--format", format])
}

#[test]
fn what_a_dead_party_earns_is_its_heirs() -> Result<()> {
    let scene = scene()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ben", "1")])?;
    let october = approve(&scene, "2026-10")?;
    assert_eq!(inheritances(&october), [] as [String; 0]);
    // She dies in November; of what her works earn from then on, 60 % is eva's, and 40 % fay's, who has no account yet.
    scene.load(&[successor("ana", "2026-11-20T00:00:00Z", &[("fay", "0.4"), ("eva", "0.6")])])?;
    assert_eq!(scene.draft("mid_a", "2026-10")?, october, "a final draft never changes");
    scene.meter("november", &[event("e3", NOVEMBER, "ana", "2.50"), event("e4", NOVEMBER, "ben", "1")])?;
    let november = approve(&scene, "2026-11")?;
    assert_eq!(inheritances(&november), ["ana eva 0.600000 1.140000000000", "ana fay 0.400000 0.760000000000"]);
    assert_eq!(line(&november, "ana")?, [190, 0, 0, 0, 0].map(amount));
    assert_eq!(line(&november, "eva")?, [0, 0, 0, 114, 0].map(amount));
    assert_eq!(line(&november, "fay")?, [0, 0, 0, 0, 76].map(amount));
    assert_eq!(line(&november, "ben")?, [76, 0, 0, 76, 0].map(amount));
    for (party, owed) in [("ana", 76), ("eva", 114), ("fay", 76)] {
        assert_eq!(balance(&scene, "party_payable", party)?, -units(&amount(owed))?, "{party}: of ana October's is not released yet");
    }
    // Fay has an account now: what waited is paid with what comes.
    scene
        .load(&[json!({"kind": "party", "id": "fay", "name": "Fay", "type": "person", "payout": {"method": "sepa", "currency": "USD"}})])?;
    scene.meter("december", &[event("e5", DECEMBER, "ana", "1")])?;
    let december = approve(&scene, "2026-12")?;
    assert_eq!(line(&december, "fay")?, ["0.000000000000".to_owned(), amount(0), amount(76), amount(106), "0.004000000000".to_owned()]);
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn statements_say_from_whom_and_to_whom() -> Result<()> {
    let scene = scene()?;
    scene.load(&[successor("ana", "2026-10-05T00:00:00Z", &[("ben", "0.25"), ("eva", "0.75")])])?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ben", "1")])?;
    approve(&scene, "2026-10")?;
    let (ana, ben) = (statement(&scene, "ana", "2026-10", "text")?, statement(&scene, "ben", "2026-10", "text")?);
    ensure!(ana.contains("Passed on to heirs, since the party has died") && ana.contains("ben     25 %    0.19"), "{ana}");
    ensure!(ana.contains("eva     75 %    0.57") && ana.contains("passed on to heirs"), "{ana}");
    ensure!(ben.contains("Inherited from parties that have died") && ben.contains("ana     25 %    0.19"), "{ben}");
    ensure!(!ben.contains("eva"), "an heir hears nothing of the others: {ben}");
    let html = statement(&scene, "ben", "2026-10", "html")?;
    ensure!(html.contains("<h2>Inherited from parties that have died</h2>") && html.contains("<bdi>ana</bdi></td><td>25 %</td>"), "{html}");
    let csv = statement(&scene, "ben", "2026-10", "csv")?;
    ensure!(csv.contains(",inherited_from,") && csv.contains(",0.190000000000,ana 0.250000\r\n") && csv.contains(",inherited,"), "{csv}");
    let json: Value = serde_json::from_str(&statement(&scene, "ana", "2026-10", "json")?)?;
    assert_eq!((&json["farthing_statement"], &json["figures"]["passed_on"]), (&json!(2), &json!(amount(76))));
    assert_eq!(json["passed_on"].as_array().map(Vec::len), Some(2));
    // Both checkers take them, and nothing else is needed.
    let root = scene.data.json(["settle", "root", "--mid", "mid_a", "--cycle", "2026-10"])?;
    let root = root["root"].as_str().context("no root")?.to_owned();
    for party in ["ana", "ben", "eva"] {
        let file = scene.data.path().join(format!("{party}.json"));
        std::fs::write(&file, statement(&scene, party, "2026-10", "proof")?)?;
        assert_eq!(crate::statements::checkers::farthing(&file, &root)?, crate::statements::checkers::Said::Ok, "{party}");
        let said = crate::statements::checkers::python(std::slice::from_ref(&file), &root)?;
        assert_eq!(said, [crate::statements::checkers::Said::Ok], "{party}");
    }
    scene.verify()
}

#[test]
fn heirs_of_heirs_holds_and_debts() -> Result<()> {
    let scene = scene()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ben", "1")])?;
    scene.data.ok(["hold", "add", "ana", "--mid", "mid_a", "--why", "dispute", "--limit", "0.50", "--as", "zoe"])?;
    // Ben died before ana did, and is her heir: what is his passes on to eva.
    scene.load(&[successor("ana", "2026-10-20T00:00:00Z", &[("ben", "1")]), successor("ben", "2026-10-19T00:00:00Z", &[("eva", "1")])])?;
    let october = approve(&scene, "2026-10")?;
    assert_eq!(inheritances(&october), ["ana ben 1.000000 0.260000000000", "ben eva 1.000000 1.020000000000"]);
    assert_eq!(line(&october, "eva")?, [0, 0, 0, 102, 0].map(amount));
    scene.data.ok(["hold", "lift", "ana", "--mid", "mid_a", "--why", "settled", "--as", "zoe"])?;
    // What was held is eva's, too; what is undone of ben's in this cycle is less to pass on.
    scene.meter("november", &[super::scene::reversal("r1", NOVEMBER, "e2"), event("e3", NOVEMBER, "ben", "0.50")])?;
    let november = approve(&scene, "2026-11")?;
    assert_eq!(inheritances(&november), ["ana ben 1.000000 0.500000000000", "ben eva 1.000000 0.120000000000"]);
    assert_eq!(line(&november, "ben")?, [-38, 0, 0, 0, 0].map(amount));
    scene.meter("december", &[super::scene::reversal("r2", DECEMBER, "e3")])?;
    // What is undone after that is his own debt, and none of hers.
    let december = approve(&scene, "2026-12")?;
    assert_eq!(line(&december, "ben")?, [-38, 0, 0, 0, -38].map(amount));
    assert_eq!(inheritances(&december), [] as [String; 0]);
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn a_preview_shows_what_would_pass_on() -> Result<()> {
    let scene = scene()?;
    scene.load(&[successor("ana", "2026-11-01T00:00:00Z", &[("eva", "1")])])?;
    scene.meter("events", &[event("e1", OCTOBER, "ana", "1"), event("e2", NOVEMBER, "ana", "1")])?;
    assert_eq!(inheritances(&scene.draft("mid_a", "2026-10")?), [] as [String; 0], "she died with the end of October, not before");
    assert_eq!(inheritances(&scene.draft("mid_a", "2026-11")?), ["ana eva 1.000000 0.760000000000"]);
    let shown = scene.data.ok(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-11"])?;
    ensure!(shown.contains("Passed on to the heirs of parties that have died"), "{shown}");
    Ok(())
}

#[test]
fn heirs_that_cannot_be_are_refused_with_their_lines() -> Result<()> {
    let scene = scene()?;
    for (records, expected) in [
        (vec![successor("ana", OCTOBER, &[("nobody", "1")])], "line 1: heirs: names party \"nobody\""),
        (vec![successor("ana", OCTOBER, &[("ana", "1")])], "line 1: heirs[0].party: is the party itself"),
        (vec![successor("ana", OCTOBER, &[("ben", "0.5")])], "line 1: heirs: has shares that sum to 0.500000, not 1"),
        (
            vec![successor("ana", OCTOBER, &[("ben", "1")]), successor("ben", OCTOBER, &[("ana", "1")])],
            "line 1 and line 2: heirs: makes a circle of heirs: ana, ben, ana",
        ),
    ] {
        scene.write("refused.ndjson", &records)?;
        let said = scene.refused(&["registry", "load", "refused.ndjson"])?;
        ensure!(said.contains(expected), "{said}");
    }
    Ok(())
}

also_on_postgres!(what_a_dead_party_earns_is_its_heirs, heirs_of_heirs_holds_and_debts);
