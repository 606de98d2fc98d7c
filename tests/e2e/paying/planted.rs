//! A test of the tests: faults are planted in books that have paid, some with every hash made to fit, and `farthing check` names each.

use super::remitted::{decimal, taxed, withheld, words};
use super::scene::{MID, NOW, Scene, iban, party_record, units};
use super::statements::Entry;
use crate::analysts::python;
use crate::support::binary;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::process::Command;

/// Books in which a payment was settled, one rejected and paid anew, and money came in with and without the number of an invoice, which a person
/// then said whose it is.
fn paid() -> Result<Scene> {
    let mut scene = Scene::of(4)?;
    scene.load(&party_record(2, &iban("NL", "MOCK0000000003")))?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    scene.ask(&json!({"accounts": {"ACME": {"balance": 100_000_000_000_i64}}}), "none")?;
    let mut told = scene.pay("mid_guild-EUR-2026-10-sepa-1.xml", "october")?;
    let invoice = scene.data.ok(["invoice", "plt_a", "--mid", MID, "--cycle", "2026-10"])?;
    let number = invoice.split_whitespace().find(|word| word.starts_with("RF") && word.len() == 25).context("no number")?.to_owned();
    for note in [number.as_str(), "with thanks"] {
        let debtor = json!({"name": "Platform Ltd", "iban": iban("NL", "MOCK0000000002")});
        told.extend(scene.ask(&json!({"credit": {"account": "ACME", "amount": 1_000, "note": note, "debtor": debtor}}), &note[..4])?);
    }
    told.extend(scene.ask(&json!({"days": 4}), "days")?);
    assert_eq!(scene.book(&told)?, 1);
    let left = scene.data.json(["bank", "exceptions"])?;
    let line = left["exceptions"][0]["line"].as_str().context("no line")?.to_owned();
    scene.data.ok(["bank", "assign", &line, "--platform", "plt_a", "--why", "they wrote", "--reference", "letter 3"])?;
    scene.load(&party_record(2, &iban("NL", "MOCK0000000777")))?;
    scene.step("reissue", "2026-10", &["--party", "pty_2", "--why", "mended", "--now", NOW, "--out", "files"])?;
    scene.holds()?;
    Ok(scene)
}

/// Books in which withheld taxes were remitted twice, once met by the bank's message and once by a person; of another line it was said twice
/// whose it is, and one takes another back.
fn remitted() -> Result<Scene> {
    let scene = taxed()?;
    // What is withheld of a cycle once it is released, in cents.
    let released = |cycle: &str| -> Result<i64> {
        scene.approve(cycle)?;
        scene.data.json(Scene::releasing(cycle))?;
        Ok(-withheld(&scene)? / 10_000_000_000)
    };
    let october = released("2026-10")?;
    scene.data.ok(words("2026-10", &decimal(october * 10_000_000_000), "T-9"))?;
    let tax = Entry::debit(october, "B-1", "tax T-9");
    assert_eq!(scene.told("first", &[tax, Entry::credit(1_000, "B-2", "with thanks")])?, 1);
    assert_eq!(scene.told("weekly", &[tax])?, 1);
    let november = released("2026-11")?;
    assert_eq!(scene.told("second", &[Entry::debit(november, "B-3", "portal")])?, 1);
    let left = scene.data.json(["bank", "exceptions"])?;
    let left: Vec<&str> = left["exceptions"].as_array().into_iter().flatten().filter_map(|one| one["line"].as_str()).collect();
    let [receipt, again, portal] = left[..] else { anyhow::bail!("{left:?}") };
    let assign = |line: &str, whose: &[&str]| {
        scene.data.ok([&["bank", "assign", line], whose, &["--why", "they wrote", "--reference", "letter 3"]].concat())
    };
    assign(receipt, &["--platform", "plt_a"])?;
    assign(receipt, &["--suspense"])?;
    assign(again, &["--repetition"])?;
    scene.data.ok(words("2026-11", &decimal(november * 10_000_000_000), "T-11"))?;
    assign(portal, &["--remittance", "2"])?;
    let [sent, again] = ["D-2", "D-3"].map(|reference| Entry::debit(900, reference, "sent back"));
    assert_eq!(scene.told("third", &[Entry::credit(900, "D-1", "a stranger"), sent, again])?, 3);
    let left = scene.data.json(["bank", "exceptions"])?;
    let left: Vec<&str> = left["exceptions"].as_array().into_iter().flatten().filter_map(|one| one["line"].as_str()).collect();
    let [.., sent, again, stranger] = left[..] else { anyhow::bail!("{left:?}") };
    assign(sent, &["--against", stranger])?;
    assign(again, &["--suspense"])?;
    scene.holds()?;
    Ok(scene)
}

/// Books in which a debit, and then what came back, was put to a payment that neither names, and a debit is told again without the name of its
/// payment; of a third payment nothing is known.
fn put() -> Result<Scene> {
    let scene = Scene::of(3)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let payments = scene.payments("2026-10")?;
    let of = |party: &str| -> Result<(&str, i64)> {
        let (id, amount) = (payments[party]["payment"].as_str(), payments[party]["amount"].as_str());
        Ok((id.context("no id")?, units(amount.context("no amount")?)? / 10_000_000_000))
    };
    let ((first, of_first), (second, of_second)) = (of("pty_0")?, of("pty_1")?);
    let say = |name: &str, entry: Entry<'_>, whose: [&str; 2]| -> Result<()> {
        assert_eq!(scene.told(name, &[entry])?, 1);
        let left = scene.data.json(["bank", "exceptions"])?;
        let line = left["exceptions"][0]["line"].as_str().context("no line")?;
        scene.data.ok([&["bank", "assign", line], &whose[..], &["--why", "they wrote", "--reference", "letter 3"]].concat()).map(drop)
    };
    say("debit", Entry::debit(of_first, "B-1", "transfer"), ["--payment", first])?;
    say("back", Entry::credit(of_first, "B-2", "transfer"), ["--payment", first])?;
    assert_eq!(scene.told("paid", &[Entry::debit(of_second, "B-3", "payout").of_payment(second)])?, 0);
    say("again", Entry::debit(of_second, "W-3", "transfer"), ["--repetition-of", second])?;
    scene.holds()?;
    Ok(scene)
}

#[test]
fn every_fault_of_payments_is_found_and_named() -> Result<()> {
    are_found(&paid()?, &[], 40)
}

#[test]
fn every_fault_of_remittances_is_found_and_named() -> Result<()> {
    are_found(&remitted()?, &["remitted"], 19)
}

#[test]
fn every_fault_of_lines_that_were_put_to_payments_is_found_and_named() -> Result<()> {
    are_found(&put()?, &["put"], 13)
}

/// Plants faults in copies of the books, so many at least, and looks for them.
fn are_found(scene: &Scene, which: &[&str], least: usize) -> Result<()> {
    let paths = [scene.data.books(), scene.data.path().join("planted")].map(|path| path.display().to_string());
    let plan: Value = serde_json::from_str(&python::run("paying/plant.py", &[&[paths[0].as_str(), &paths[1]], which].concat())?)?;
    let plan = plan.as_array().context("no plan")?;
    let mut overlooked = Vec::new();
    for planted in plan {
        let names: Vec<&str> = planted["names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let output = Command::new(binary()).args(["check", "--data", planted["folder"].as_str().context("no folder")?]).output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let found = if names.is_empty() {
            output.status.success()
        } else {
            output.status.code() == Some(1) && names.iter().any(|name| said.contains(name))
        };
        if !found {
            overlooked.push(format!("{}: {}, none of {names:?} in: {said}", planted["kind"], output.status));
        }
    }
    ensure!(overlooked.is_empty() && plan.len() >= least, "{} of {} faults:\n{}", overlooked.len(), plan.len(), overlooked.join("\n"));
    Ok(())
}
