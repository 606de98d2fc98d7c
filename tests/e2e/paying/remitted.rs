//! Withheld taxes go to the tax office: recorded once, never more than is withheld, and the bank's statement is put to it.

use super::kills::killed_at;
use super::scene::{MID, Scene, units};
use super::statements::{Entry, statement};
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;

also_on_postgres!(what_is_withheld_is_remitted_once_and_met_by_the_bank);

/// The MID pays under German law, which has it withhold 15 %.
pub fn taxed() -> Result<Scene> {
    let scene = Scene::of(2)?;
    let records = [
        format!(r#"{{"kind":"mid","id":"{MID}","fee":"0.05","currency":"EUR","recovery_cap":"0.25","jurisdiction":"DE"}}"#),
        r#"{"kind":"withholding","id":"wht_all","jurisdiction":"DE","rate":"0.15","from":"2026-01-01T00:00:00Z"}"#.to_owned(),
    ];
    scene.load(&(records.join("\n") + "\n"))?;
    fs::write(scene.data.path().join("receipt.txt"), "received with thanks, the tax office")?;
    Ok(scene)
}

/// What is withheld of all parties, by the trial balance.
pub fn withheld(scene: &Scene) -> Result<i64> {
    ["withheld_tax:pty_0", "withheld_tax:pty_1"].iter().map(|account| units(&scene.balance(account)?)).sum()
}

pub fn words<'a>(through: &'a str, amount: &'a str, reference: &'a str) -> Vec<&'a str> {
    let of = ["tax", "remit", "--mid", MID, "--jurisdiction", "DE", "--through", through, "--amount", amount];
    [&of[..], &["--why", "due in december", "--reference", reference, "--evidence", "receipt.txt", "--as", "ana"]].concat()
}

/// The tax office's line of the report of 2026.
fn office(scene: &Scene) -> Result<[i64; 3]> {
    let said = scene.data.json(["tax", "report", "--mid", MID, "--year", "2026"])?;
    let office = said["offices"].as_array().and_then(|list| list.first()).with_context(|| said.to_string())?;
    ensure!((&office["jurisdiction"], &office["currency"]) == (&json!("DE"), &json!("EUR")), "{office}");
    let units = |name: &str| units(office[name].as_str().unwrap_or_default());
    Ok([units("withheld")?, units("remitted")?, units("to_remit")?])
}

pub fn decimal(units: i64) -> String {
    format!("{}.{:012}", units / 1_000_000_000_000, units % 1_000_000_000_000)
}

#[test]
fn what_is_withheld_is_remitted_once_and_met_by_the_bank() -> Result<()> {
    let scene = taxed()?;
    scene.approve("2026-10")?;
    let sum = -withheld(&scene)?;
    ensure!(sum > 0 && sum % 10_000_000_000 == 0, "{sum}");
    let (amount, cents) = (decimal(sum), sum / 10_000_000_000);
    let said = scene.refused(&words("2026-10", &amount, "T-9"))?;
    ensure!(said.contains("2026-10") && said.contains("approved") && said.contains("released"), "{said}");
    scene.data.json(Scene::releasing("2026-10"))?;
    let said = scene.refused(&words("2026-10", &decimal(sum + 10_000_000_000), "T-9"))?;
    ensure!(said.contains(&amount) && said.contains("2026-10"), "{said}");
    assert_eq!(office(&scene)?, [sum, 0, sum]);

    let bank = units(&scene.balance("bank")?)?;
    let made = scene.data.json(words("2026-10", &amount, "T-9"))?;
    assert_eq!((&made["number"], &made["amount"]), (&json!(1), &json!(amount)), "{made}");
    assert_eq!((withheld(&scene)?, units(&scene.balance("bank")?)?), (0, bank - sum));
    assert_eq!(office(&scene)?, [sum, sum, 0]);
    ensure!(scene.data.ok(["tax", "report", "--mid", MID, "--year", "2026"])?.contains("to remit"));
    scene.holds()?;
    // The same again changes nothing; nor is it remitted under another reference, or another one under this.
    let before = scene.data.json(["ledger", "check"])?;
    let again = scene.data.json(words("2026-10", &amount, "T-9"))?;
    assert_eq!((&again["number"], &again["is_new"], &again["lines"]), (&json!(1), &json!(false), &json!([])), "{again}");
    assert_eq!(scene.data.json(["ledger", "check"])?, before);
    ensure!(scene.refused(&words("2026-10", &amount, "T-10"))?.contains("left to remit"));
    ensure!(scene.refused(&words("2026-10", "1.00", "T-9"))?.contains("remittance 1 has it"));

    // The bank's statement names it, however it is spaced; so nobody has to look at it, and nothing more is booked.
    fs::write(scene.data.path().join("first"), statement("first", &[Entry::debit(cents, "B-1", "tax t-9 of 2026")]))?;
    ensure!(scene.data.ok(["bank", "book", "--mid", MID, "first"])?.contains("-1 is the payment of remittance 1"));
    ensure!(scene.data.ok(["bank", "lines"])?.contains("the payment of remittance 1"));
    assert_eq!(units(&scene.balance("bank")?)?, bank - sum);
    // Once it is paid no other line is proposed.
    assert_eq!(scene.told("another", &[Entry::debit(cents, "B-9", "portal")])?, 1);
    let said = scene.data.ok(words("2026-10", &amount, "T-9"))?;
    ensure!(said.contains("nothing changes") && said.contains("Its payment is line ") && !said.contains("waits"), "{said}");
    let other = scene.data.json(["bank", "exceptions"])?["exceptions"][0]["line"].as_str().context("no line")?.to_owned();
    scene.data.ok(["bank", "assign", &other, "--charges", "--why", "a fee", "--reference", "T-9"])?;
    scene.holds()?;
    november(&scene)
}

/// What came with the bank's statement first, and without the reference, is put to it by a person.
fn november(scene: &Scene) -> Result<()> {
    scene.approve("2026-11")?;
    scene.data.json(Scene::releasing("2026-11"))?;
    let sum = -withheld(scene)?;
    let cents = sum / 10_000_000_000;
    assert_eq!(scene.told("second", &[Entry::debit(cents, "B-2", "portal"), Entry::debit(cents, "B-3", "portal")])?, 2);
    // One reference is of one remittance, be the sum the same.
    ensure!(scene.refused(&words("2026-11", &decimal(sum), "T-9"))?.contains("remittance 1 has it"));
    let made = scene.data.ok(words("2026-11", &decimal(sum), "T-11"))?;
    ensure!(made.contains("--remittance 2"), "{made}");
    let lines: Vec<String> = scene.data.json(["bank", "exceptions"])?["exceptions"]
        .as_array()
        .context("no exceptions")?
        .iter()
        .filter_map(|one: &Value| one["line"].as_str().map(str::to_owned))
        .collect();
    let [first, other] = &lines[..] else { anyhow::bail!("{lines:?}") };
    let assign = |line: &str| {
        let words = ["bank", "assign", line, "--remittance", "2", "--why", "seen in the portal", "--reference", "T-11"];
        words.map(str::to_owned)
    };
    let bank = scene.balance("bank")?;
    scene.data.ok(assign(first))?;
    assert_eq!(scene.balance("bank")?, bank);
    let twice = assign(other);
    let said = scene.refused(&twice.iter().map(String::as_str).collect::<Vec<_>>())?;
    ensure!(said.contains("remittance 2 is of") && said.contains(other), "{said}");
    assert_eq!(scene.told("third", &[Entry::credit(cents, "B-4", "paid back")])?, 1);
    let left = scene.data.json(["bank", "exceptions"])?;
    let back = left["exceptions"].as_array().and_then(|list| list.last()).and_then(|one| one["line"].as_str()).context("no line")?;
    let said = scene.refused(&assign(back).iter().map(String::as_str).collect::<Vec<_>>())?;
    ensure!(said.contains("came in, and remittance 2 went out: what comes in is a platform's"), "{said}");
    let listed = scene.data.json(["tax", "remit", "--list"])?;
    assert_eq!((&listed["remittances"][1]["lines"], withheld(scene)?), (&json!([first]), 0), "{listed}");
    scene.holds()
}

#[test]
fn a_remittance_that_is_killed_is_made_once() -> Result<()> {
    let scene = taxed()?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let (amount, bank) = (decimal(-withheld(&scene)?), units(&scene.balance("bank")?)?);
    for (step, is_made) in [("manifest-written", false), ("taxes-remitted", true)] {
        killed_at(&scene, step, &words("2026-10", &amount, "T-9"))?;
        scene.data.ok(["check"])?;
        assert_eq!(withheld(&scene)? == 0, is_made, "{step}");
    }
    assert_eq!(scene.data.json(words("2026-10", &amount, "T-9"))?["number"], 1);
    assert_eq!(decimal(bank - units(&scene.balance("bank")?)?), amount);
    scene.holds()
}
