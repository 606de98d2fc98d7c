//! The bank's line of what was paid for a claim: it has been booked by the claim, and is put to it by a person.

use super::paid_for::{PAID, denied};
use super::scene::claim;
use crate::paying::statements::{Entry, statement};
use crate::scenarios::scene::{Scene, amount};
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Takes in a statement in dollars; the lines that it leaves to a person.
fn told(scene: &Scene, name: &str, entry: Entry<'_>) -> Result<Vec<String>> {
    std::fs::write(scene.data.path().join(name), statement(name, &[entry]).replace("EUR", "USD"))?;
    scene.data.run(["bank", "book", name, "--mid", "mid_a"])?;
    let left = scene.data.json(["bank", "exceptions"])?;
    let line = |one: &Value| one["line"].as_str().map(str::to_owned);
    Ok(left["exceptions"].as_array().into_iter().flatten().filter_map(line).collect())
}

fn suspense(scene: &Scene) -> Result<String> {
    let said = scene.data.json(["trial-balance", "--mid", "mid_a"])?;
    let line = said["lines"].as_array().into_iter().flatten().find(|line| line["account"] == "suspense").cloned();
    Ok(line.map_or("none".to_owned(), |line| line["balance"].as_str().unwrap_or_default().to_owned()))
}

fn words<'a>(line: &'a str, whose: &[&'a str]) -> Vec<&'a str> {
    [&["bank", "assign", line], whose, &["--why", "they wrote", "--reference", "letter 3"]].concat()
}

#[test]
fn what_was_paid_for_a_claim_is_booked_once() -> Result<()> {
    let scene = denied()?;
    let made = claim(&scene, &[&PAID[..], &["--amount", "0.80", "--currency", "USD", "--month", "2026-10"]].concat())?;
    ensure!(made["number"] == 1 && suspense(&scene)? == amount(80), "{made}");
    let line = told(&scene, "first", Entry::credit(80, "B-1", "for the use of October"))?.pop().context("nothing is left")?;
    ensure!(suspense(&scene)? == amount(0) || suspense(&scene)? == "none");
    // The claim has taken it to the platform: it is not taken there a second time.
    let said = scene.refused(&words(&line, &["--platform", "plt"]))?;
    ensure!(said.contains("may be what plt has paid for claim 1") && said.contains("--claim 1"), "{said}");
    let entries = || scene.data.json(["journal"]).map(|said| said["entries"].as_array().map(Vec::len));
    let before = entries()?;
    let said = scene.data.json(words(&line, &["--claim", "1"]))?;
    assert_eq!((&said["number"], &said["to"]), (&json!(1), &json!({"whose": "claim", "claim": 1})), "{said}");
    assert_eq!(entries()?, before, "the claim has booked it");
    scene.data.ok(["check"])?;

    // What comes in besides is no part of it, and is the platform's own to pay with.
    let other = told(&scene, "second", Entry::credit(1, "B-2", "a cent"))?;
    assert_eq!(other.len(), 1, "the first is decided");
    let said = scene.refused(&words(&other[0], &["--claim", "1"]))?;
    ensure!(said.contains("claim 1 is of 0.800000000000 USD") && said.contains("0.810000000000"), "{said}");
    scene.data.ok(words(&other[0], &["--platform", "plt"]))?;
    scene.data.ok(["check"])?;
    scene.verify()
}

/// A claim whose payment is still to come keeps nobody else's money from being said whose it is.
#[test]
fn what_another_platform_has_paid_is_not_taken_for_a_claims() -> Result<()> {
    let scene = denied()?;
    claim(&scene, &[&PAID[..], &["--amount", "0.80", "--currency", "USD", "--month", "2026-10"]].concat())?;
    let line = told(&scene, "first", Entry::credit(80, "B-1", "for the use of October"))?.pop().context("nothing is left")?;
    scene.data.ok(words(&line, &["--platform", "plt_other"]))?;
    scene.data.ok(["check"])?;
    scene.verify()
}

/// What cannot be the payment is told why.
#[test]
fn a_line_of_another_kind_is_not_what_was_paid_for_a_claim() -> Result<()> {
    let scene = denied()?;
    claim(&scene, &[&PAID[..], &["--amount", "0.80", "--currency", "USD", "--month", "2026-10"]].concat())?;
    let refused = |text: &str, mid: &str| -> Result<String> {
        let name = format!("statement-{mid}-{}", text.len());
        std::fs::write(scene.data.path().join(&name), text)?;
        scene.data.run(["bank", "book", &name, "--mid", mid])?;
        let left = scene.data.json(["bank", "exceptions"])?;
        let line = left["exceptions"].as_array().and_then(|list| list.last()).and_then(|one| one["line"].as_str()).context("no line")?;
        scene.refused(&words(line, &["--claim", "1"]))
    };
    let credit = statement("first", &[Entry::credit(80, "B-1", "for the use of October")]);
    let said = refused(&credit, "mid_a")?;
    ensure!(said.contains("claim 1 is one of mid_a in USD, and line") && said.contains("is one of mid_a in EUR"), "{said}");
    let said = refused(&credit.replace("EUR", "USD"), "mid_b")?;
    ensure!(said.contains("claim 1 is one of mid_a in USD, and line") && said.contains("is one of mid_b in USD"), "{said}");
    let said = refused(&statement("second", &[Entry::debit(80, "B-2", "back")]).replace("EUR", "USD"), "mid_a")?;
    ensure!(said.contains("went out, and what was paid for claim 1 came in: what goes out is charges"), "{said}");
    scene.data.ok(["check"]).map(drop)
}

also_on_postgres!(what_was_paid_for_a_claim_is_booked_once);
