//! What a closed cycle got wrong: put right by the next draft, between the party and what its MID keeps, and nothing closed changes.

use super::scene::{Scene, amount, event, line, units};
use super::{NOVEMBER, OCTOBER};
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const OF_OCTOBER: [&str; 10] = ["--mid", "mid_a", "--cycle", "2026-10", "--why", "counted low", "--reference", "case-9", "--as", "zoe"];

fn adjust(scene: &Scene, party: &str, by: &str) -> Result<Value> {
    scene.data.json([&["adjust", party, &format!("--amount={by}")], &OF_OCTOBER[..]].concat())
}

/// Books with two who may sign, and October of mid_a approved: ana and ben have 0.76 of it each.
fn approved() -> Result<(Scene, Value)> {
    let scene = Scene::new()?;
    for actor in ["zoe", "yan"] {
        scene.data.ok(["actor", "add", actor, "--person", actor, "--key", &format!("{actor}.pem")])?;
    }
    scene.meter("october", &[event("a1", OCTOBER, "ana", "1"), event("b1", OCTOBER, "ben", "1")])?;
    let october = approve(&scene, "2026-10")?;
    Ok((scene, october))
}

/// Makes the final draft of mid_a's cycle with one key and approves it with another's.
fn approve(scene: &Scene, cycle: &str) -> Result<Value> {
    scene.close("mid_a", cycle)?;
    let of_cycle = ["--mid", "mid_a", "--cycle", cycle];
    let draft = scene.data.json([&["settle", "draft", "--as", "zoe", "--key", "zoe.pem"], &of_cycle[..]].concat())?;
    let sha256 = draft["draft_sha256"].as_str().context("a draft without a hash")?;
    scene.data.ok([&["settle", "approve", "--draft", sha256, "--as", "yan", "--key", "yan.pem"], &of_cycle[..]].concat())?;
    Ok(draft)
}

/// The balance of an account, a debit above 0.
fn balance(scene: &Scene, account: &str, owner: &str) -> Result<i128> {
    let sheet = scene.data.json(["trial-balance", "--by", "account"])?;
    let lines = sheet["lines"].as_array().context("a trial balance without lines")?;
    let line = lines.iter().find(|line| line["account"] == account && line["owner"].as_str().unwrap_or_default() == owner);
    line.map_or(Ok(0), |line| units(line["balance"].as_str().unwrap_or_default()))
}

#[test]
fn an_adjustment_is_booked_by_the_next_draft_and_points_back() -> Result<()> {
    let (scene, october) = approved()?;
    ensure!(adjust(&scene, "ana", "0.02")?["number"] == 1 && adjust(&scene, "ben", "-1")?["number"] == 2);
    ensure!(scene.draft("mid_a", "2026-10")? == october, "what is closed stays as it is");
    scene.meter("november", &[event("a2", NOVEMBER, "ana", "1")])?;
    let preview = scene.draft("mid_a", "2026-11")?;
    let november = approve(&scene, "2026-11")?;
    ensure!(november["lines"] == preview["lines"]);
    // Of the labour of 0.80 and 0.04 of fee, and 0.02 for October; ben owes back more than he has.
    assert_eq!(line(&november, "ana")?, [76, 0, 0, 78, 0].map(amount));
    assert_eq!(line(&november, "ben")?, [0, 0, 0, 0, -100].map(amount));
    let expected = json!([
        {"number": 1, "cycle": "2026-10", "party": "ana", "amount": amount(2)},
        {"number": 2, "cycle": "2026-10", "party": "ben", "amount": amount(-100)},
    ]);
    ensure!(november["adjustments"] == expected && november["lines"][0]["adjusted"] == amount(2), "{november}");
    ensure!(november["agreements"][0]["net"] == amount(76), "outside the 70 % rule");
    // In the books: what the MID keeps of two fees of 0.08 and 0.04, less 0.02, and 1.00 more.
    ensure!(balance(&scene, "fee_income", "")? == -units(&amount(12 - 2 + 100))?, "{}", balance(&scene, "fee_income", "")?);
    ensure!(balance(&scene, "party_payable", "ana")? == -units(&amount(76 + 78))?);
    // Once, and never again.
    ensure!(approve(&scene, "2026-12")?["adjustments"].is_null());
    let listed = scene.data.json(["adjust", "--list"])?["adjustments"].clone();
    ensure!(
        (&listed[1]["booked_in"], &listed[1]["reference"], &listed[1]["by"]) == (&json!("2026-11"), &json!("case-9"), &json!("zoe")),
        "{listed}"
    );
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn a_statement_shows_what_is_adjusted_and_of_which_cycle() -> Result<()> {
    let (scene, _) = approved()?;
    adjust(&scene, "ana", "0.50")?;
    approve(&scene, "2026-11")?;
    let of = ["statement", "ana", "--mid", "mid_a", "--cycle", "2026-11"];
    let statement = scene.data.json(of)?;
    ensure!((&statement["figures"]["adjusted"], &statement["figures"]["paid"]) == (&json!(amount(50)), &json!(amount(50))), "{statement}");
    ensure!(statement["adjustments"] == json!([{"number": 1, "cycle": "2026-10", "amount": amount(50)}]), "{statement}");
    ensure!(scene.data.ok(of)?.contains("adjusted by mid_a, for 2026-10"));
    ensure!(scene.data.ok([&of[..], &["--format", "csv"]].concat())?.contains("adjustment,2026-10"));
    // Both checkers know the figure.
    let proof = scene.data.ok([&of[..], &["--format", "proof"]].concat())?;
    std::fs::write(scene.data.path().join("proof.json"), &proof)?;
    let root = scene.data.json(["settle", "root", "--mid", "mid_a", "--cycle", "2026-11"])?;
    let root = root["root"].as_str().context("no root")?;
    scene.data.ok(["verify", "--statement", "proof.json", "--root", root])?;
    let checker = crate::support::root().join("deploy/check_statement.py");
    let mut python = std::process::Command::new("python3");
    let output = python.arg(checker).args(["--root", root]).arg(scene.data.path().join("proof.json")).output()?;
    ensure!(output.status.success(), "{output:?}");
    scene.verify()
}

#[test]
fn a_draft_that_is_thrown_away_gives_its_adjustments_back() -> Result<()> {
    let (scene, _) = approved()?;
    adjust(&scene, "ana", "0.10")?;
    scene.close("mid_a", "2026-11")?;
    let of_november = ["--mid", "mid_a", "--cycle", "2026-11", "--as", "zoe", "--key", "zoe.pem"];
    let first = scene.data.json([&["settle", "draft"], &of_november[..]].concat())?;
    scene.data.ok([&["settle", "discard", "--why", "one-more"], &of_november[..]].concat())?;
    adjust(&scene, "ana", "0.20")?;
    let second = scene.data.json([&["settle", "draft"], &of_november[..]].concat())?;
    assert_eq!((line(&first, "ana")?[3].clone(), line(&second, "ana")?[3].clone()), (amount(10), amount(30)));
    scene.verify()
}

#[test]
fn what_cannot_be_adjusted_is_told() -> Result<()> {
    let (scene, _) = approved()?;
    let words = |party: &str, by: &str| {
        [&["adjust", party, &format!("--amount={by}")], &OF_OCTOBER[..]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for (party, by, expected) in [
        ("nobody", "1", "nobody is not a party"),
        ("ana", "0", "nothing to put right"),
        ("ana", "1.0000000000001", "--amount"),
        ("ana", "--1", "--amount"),
    ] {
        let words = words(party, by);
        let message = scene.refused(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
        ensure!(message.contains(expected), "{words:?}: {message}");
    }
    let open: Vec<&str> = OF_OCTOBER.iter().map(|word| if *word == "2026-10" { "2026-11" } else { word }).collect();
    ensure!(scene.refused(&[&["adjust", "ana", "--amount", "1"], &open[..]].concat())?.contains("not approved"), "an open cycle");
    scene.settle("mid_a", "2026-11")?;
    ensure!(scene.refused(&[&["adjust", "ana", "--amount", "1"], &open[..]].concat())?.contains("not approved"), "one that has a draft");
    ensure!(scene.data.ok(["adjust", "--list"])?.contains("Nothing was ever adjusted"));
    scene.verify()
}

also_on_postgres!(an_adjustment_is_booked_by_the_next_draft_and_points_back, a_draft_that_is_thrown_away_gives_its_adjustments_back);
