//! Payouts in another currency through the binary: drafts, statements, books, and again from the archive.

use super::scene::{Scene, amount, event, line, registry, units};
use super::taxes::approve;
use super::{NOVEMBER, OCTOBER};
use crate::analysts::python;
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::process::Command;

fn rate(rate: &str, time: &str) -> Value {
    json!({"kind": "exchange_rate", "from": "USD", "to": "EUR", "rate": rate, "source": "ECB", "time": time})
}

/// mid_a pays in dollars; ana has an account in euros.
fn scene() -> Result<Scene> {
    let scene = Scene::new()?;
    let mut ana = registry().into_iter().find(|record| record["id"] == "ana").context("ana")?;
    ana["payout"] = json!({"method": "sepa", "currency": "EUR"});
    scene.load(&[ana])?;
    for actor in ["zoe", "yan"] {
        scene.data.ok(["actor", "add", actor, "--person", actor, "--key", &format!("{actor}.pem")])?;
    }
    Ok(scene)
}

/// The balance of an account in a currency, a debit above 0.
fn balance(scene: &Scene, account: &str, owner: &str, currency: &str) -> Result<i128> {
    let sheet = scene.data.json(["trial-balance", "--by", "account"])?;
    let lines = sheet["lines"].as_array().context("a trial balance without lines")?;
    let line = lines.iter().find(|line| line["account"] == account && line["owner"] == owner && line["currency"] == currency);
    line.map_or(Ok(0), |line| units(line["balance"].as_str().unwrap_or_default()))
}

fn line_of<'d>(draft: &'d Value, party: &str) -> Result<&'d Value> {
    draft["lines"].as_array().into_iter().flatten().find(|line| line["party"] == party).context("no line")
}

#[test]
fn who_is_paid_in_euros_gets_euros() -> Result<()> {
    let scene = scene()?;
    scene.load(&[
        rate("0.80", "2026-10-01T15:00:00Z"),
        rate("0.925", "2026-10-30T15:00:00Z"),
        rate("0.70", "2026-11-01T00:00:00.000001Z"),
    ])?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ben", "1")])?;
    let october = approve(&scene, "2026-10")?;
    // 0.76 x 0.925 = 0.703: 0.70 arrives, for which 0.756756756757 is enough.
    let ana = line_of(&october, "ana")?;
    let exchanged =
        json!({"currency": "EUR", "amount": amount(70), "rate": "0.925000000000", "source": "ECB", "time": "2026-10-30T15:00:00.000000Z"});
    assert_eq!((&ana["paid"], &ana["exchanged"], &ana["carried_out"]), (&json!("0.756756756757"), &exchanged, &json!("0.003243243243")));
    assert_eq!(line(&october, "ben")?, [76, 0, 0, 76, 0].map(amount));
    assert!(line_of(&october, "ben")?["exchanged"].is_null(), "lines without an exchange are as they always were");
    // Each currency is balanced by itself, and nothing is on an account for rounding.
    assert_eq!(balance(&scene, "fx", "", "USD")?, -units("0.756756756757")?);
    assert_eq!(balance(&scene, "fx", "", "EUR")?, units(&amount(70))?);
    assert_eq!(balance(&scene, "party_payable", "ana", "USD")?, -units("0.003243243243")?);
    assert_eq!(balance(&scene, "party_payable", "ana", "EUR")?, -units(&amount(70))?);
    let statement = |format| scene.data.ok(["statement", "ana", "--mid", "mid_a", "--cycle", "2026-10", "--format", format]);
    let words = "0.70 EUR arrives for the 0.756756756757 USD that is paid, at 0.925 EUR for 1 USD (ECB, 2026-10-30T15:00:00.000000Z)";
    let text = statement("text")?;
    ensure!(text.contains(words) && text.lines().count() <= 60, "{text}");
    ensure!(statement("html")?.contains(words), "the page");
    ensure!(statement("csv")?.contains(&format!(",exchanged,,,,,,,,,,,{},\"{words}\"", amount(70))), "{}", statement("csv")?);
    let json: Value = serde_json::from_str(&statement("json")?)?;
    assert_eq!((&json["farthing_statement"], &json["exchanged"]), (&json!(2), &exchanged));
    let report = scene.data.ok(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-10"])?;
    ensure!(report.contains("Paid in other currencies"), "{report}");
    // What was cut is paid with what comes; a rate that is corrected later changes nothing of what was drafted.
    scene.load(&[rate("0.93", "2026-10-30T15:00:00Z"), rate("0.92", "2026-11-30T15:00:00Z")])?;
    assert_eq!(scene.draft("mid_a", "2026-10")?, october);
    scene.meter("november", &[event("e3", NOVEMBER, "ana", "1")])?;
    let november = approve(&scene, "2026-11")?;
    // 0.763243243243 x 0.92 = 0.7021...
    assert_eq!(line_of(&november, "ana")?["exchanged"]["amount"], amount(70));
    assert_eq!(line_of(&november, "ana")?["paid"], "0.760869565218");
    let journal = scene.data.path().join("books.journal");
    std::fs::write(&journal, scene.data.ok(["journal", "export", "--hledger"])?)?;
    let checked = Command::new("hledger").arg("-f").arg(&journal).args(["check", "--strict"]).env("LC_ALL", "C.UTF-8").output();
    let checked = checked.context("hledger is not there; install the tests' tools with: deploy/install-test-tools.sh")?;
    ensure!(checked.status.success(), "{checked:?}");
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn without_a_rate_of_its_cycle_it_waits() -> Result<()> {
    let scene = scene()?;
    // Last month's, and one the other way round.
    let mut back = rate("1.08", "2026-10-30T15:00:00Z");
    (back["from"], back["to"]) = ("EUR".into(), "USD".into());
    scene.load(&[rate("0.925", "2026-09-30T15:00:00Z"), back])?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1")])?;
    let october = approve(&scene, "2026-10")?;
    assert_eq!(line(&october, "ana")?, [76, 0, 0, 0, 76].map(amount));
    assert_eq!(line_of(&october, "ana")?["why_carried"], "no_payout_instruction");
    scene.verify()
}

#[test]
fn a_withdrawn_approval_leaves_nothing_on_the_account_of_the_exchange() -> Result<()> {
    let scene = scene()?;
    scene.load(&[rate("0.925", "2026-10-30T15:00:00Z")])?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1")])?;
    approve(&scene, "2026-10")?;
    let of_cycle = ["--mid", "mid_a", "--cycle", "2026-10", "--as", "yan", "--key", "yan.pem", "--why", "too early"];
    scene.data.ok([&["settle", "withdraw"], &of_cycle[..]].concat())?;
    for (account, owner) in [("fx", ""), ("party_payable", "ana")] {
        assert_eq!((balance(&scene, account, owner, "USD")?, balance(&scene, account, owner, "EUR")?), (0, 0), "{account}");
    }
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn a_rate_that_was_altered_is_found() -> Result<()> {
    let scene = scene()?;
    scene.load(&[rate("0.925", "2026-10-30T15:00:00Z")])?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1")])?;
    approve(&scene, "2026-10")?;
    let books = scene.data.books().display().to_string();
    python::run("scenarios/alter_draft.py", &[&books, "\"rate\":\"0.925", "\"rate\":\"0.926"])?;
    let output = scene.data.run(["verify"])?;
    let said = String::from_utf8(output.stdout)?;
    ensure!(output.status.code() == Some(1) && said.contains("draft of cycle 2026-10 of mid_a"), "{said}");
    Ok(())
}

also_on_postgres!(who_is_paid_in_euros_gets_euros, a_withdrawn_approval_leaves_nothing_on_the_account_of_the_exchange);
