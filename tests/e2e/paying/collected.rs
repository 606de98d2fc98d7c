//! What platforms pay comes in by the bank's statements, and a release can wait for it.

use super::scene::{MID, NOW, Scene, iban};
use crate::support::{also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;

also_on_postgres!(a_release_pays_out_of_what_has_come_in);

/// The invoice of a platform for October.
fn invoice(scene: &Scene, platform: &str) -> Result<Value> {
    scene.data.json(["invoice", platform, "--mid", MID, "--cycle", "2026-10"])
}

/// The first text of that name anywhere in a document.
fn text<'a>(document: &'a Value, name: &str) -> Option<&'a str> {
    match document {
        Value::Object(fields) => fields.get(name).and_then(Value::as_str).or_else(|| fields.values().find_map(|value| text(value, name))),
        Value::Array(list) => list.iter().find_map(|value| text(value, name)),
        _ => None,
    }
}

/// Money of a platform comes in at the bank, with that note; what the bank says.
fn credit(scene: &mut Scene, cents: i64, note: &str) -> Result<Vec<String>> {
    let debtor = json!({"name": "Platform Ltd", "iban": iban("NL", "MOCK0000000002")});
    let credit = json!({"account": "ACME", "amount": cents, "note": note, "debtor": debtor});
    let mut messages = scene.ask(&json!({"credit": credit}), note.get(..6).unwrap_or("credit"))?;
    messages.extend(scene.ask(&json!({"days": 1}), &format!("after-{}", note.get(..6).unwrap_or("credit")))?);
    Ok(messages)
}

fn cents(amount: &str) -> Result<i64> {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    Ok(format!("{whole}{:0<2.2}", fraction).parse()?)
}

#[test]
fn a_release_pays_out_of_what_has_come_in() -> Result<()> {
    let mut scene = Scene::of_platforms(4, 2)?;
    scene.approve("2026-10")?;
    let of_a = invoice(&scene, "plt_a")?;
    let number = text(&of_a, "number").with_context(|| of_a.to_string())?.to_owned();
    let due = text(&of_a, "to_pay").with_context(|| of_a.to_string())?.to_owned();
    let owed = scene.balance("platform_receivable:plt_a")?;

    // A cent less than what is asked for is not paid; and who names no invoice pays nobody's.
    let messages = credit(&mut scene, cents(&due)? - 1, &format!("{number} invoice"))?;
    assert_eq!(scene.book(&messages)?, 0);
    let messages = credit(&mut scene, 1_000, "october, with thanks")?;
    assert_eq!(scene.book(&messages)?, 1);
    assert_eq!(scene.balance("suspense")?, "-10.000000000000");
    let said = scene.data.ok(["bank", "exceptions", "--mid", MID])?;
    ensure!(said.contains("10.00 EUR is in suspense: it names no invoice of ours"), "{said}");
    scene.holds()?;
    let receivables = scene.data.ok(["receivables", "--mid", MID])?;
    ensure!(receivables.contains("plt_a") && receivables.contains("plt_b"), "{receivables}");

    // The last cent, in small letters and groups.
    let spaced =
        number.to_lowercase().as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>().join(" ");
    let messages = credit(&mut scene, 1, &spaced)?;
    assert_eq!(scene.book(&messages)?, 0);
    let units = |text: &str| text.replace('.', "").parse::<i128>();
    assert_eq!(units(&scene.balance("platform_receivable:plt_a")?)?, units(&owed)? - i128::from(cents(&due)?) * 10_000_000_000);

    // Only who earned under the platform that has paid is paid.
    let said = scene.data.json([&Scene::releasing("2026-10")[..], &["--funded"]].concat())?;
    assert_eq!((&said["released"]["payments"], &said["released"]["left_out"]), (&json!(2), &json!(2)), "{said}");
    let payments = scene.payments("2026-10")?;
    for (party, state) in [("pty_0", "released"), ("pty_1", "rejected"), ("pty_2", "released"), ("pty_3", "rejected")] {
        assert_eq!(payments[party]["state"], state, "{party}");
    }
    assert_eq!(payments["pty_1"]["reason"], "plt_b has not paid");
    scene.holds()?;

    // Nor is anybody paid anew out of another's money, be it together with somebody who could be.
    let anew = ["--party", "pty_1", "--party", "pty_3", "--why", "plt_b has paid", "--now", NOW, "--out", "files", "--funded"];
    let before = (scene.payments("2026-10")?, scene.files()?);
    let waits = scene.data.run(Scene::moves("reissue", "2026-10", &anew))?;
    let said = stderr(&waits);
    ensure!(waits.status.code() == Some(1) && said.contains("pty_1: plt_b has not paid") && said.contains("pty_3"), "{said}");
    ensure!((scene.payments("2026-10")?, scene.files()?) == before, "a refused reissue has changed something");

    // Once the other has paid, too, the others are.
    let of_b = invoice(&scene, "plt_b")?;
    let (number, due) = (text(&of_b, "number").context("no number")?, text(&of_b, "to_pay").context("no sum")?);
    let messages = credit(&mut scene, cents(due)?, number)?;
    assert_eq!(scene.book(&messages)?, 0);
    scene.step("reissue", "2026-10", &anew)?;
    assert_eq!(scene.states("2026-10")?, [("released".to_owned(), 4)].into());
    scene.holds()
}

#[test]
fn nobody_is_paid_out_of_what_nobody_has_paid() -> Result<()> {
    let scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    let output = scene.data.run([&Scene::releasing("2026-10")[..], &["--funded", "--json"]].concat())?;
    let said: Value = serde_json::from_slice(&output.stdout).with_context(|| stderr(&output))?;
    assert_eq!((&said["released"]["payments"], &said["released"]["left_out"]), (&json!(0), &json!(2)), "{said}");
    scene.holds()?;
    // It is all owed again with the next draft.
    let november = scene.approve("2026-11")?;
    assert_eq!(november["returned"].as_array().map(Vec::len), Some(2));
    scene.holds()
}

/// Who names an invoice pays that one, though an older one is open.
#[test]
fn a_receipt_pays_the_invoice_that_it_names() -> Result<()> {
    let mut scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    scene.approve("2026-11")?;
    let later = scene.data.json(["invoice", "plt_a", "--mid", MID, "--cycle", "2026-11"])?;
    let (number, due) = (text(&later, "number").context("no number")?.to_owned(), text(&later, "to_pay").context("no sum")?.to_owned());
    let messages = credit(&mut scene, cents(&due)?, &number)?;
    assert_eq!(scene.book(&messages)?, 0);
    let open = scene.data.json(["receivables", "--mid", MID, "--as-of", "2027-03-01"])?["open"].clone();
    let cycles: Vec<&str> = open.as_array().into_iter().flatten().filter_map(|row| row["cycle"].as_str()).collect();
    ensure!(cycles.first() == Some(&"2026-10"), "{open}");
    // Of the later one less than a cent is left, which nobody can pay.
    let left = |row: &Value| row["open"].as_str().unwrap_or_default().starts_with("0.00");
    ensure!(open.as_array().into_iter().flatten().filter(|row| row["cycle"] == "2026-11").all(left), "{open}");
    // So what was earned in the older one is not paid out of it.
    let said = scene.data.json([&Scene::releasing("2026-10")[..], &["--funded"]].concat())?;
    assert_eq!((&said["released"]["payments"], &said["released"]["left_out"]), (&json!(0), &json!(2)), "{said}");
    scene.holds()
}

/// What stands between that element's marks, first of all in a message.
fn element<'a>(message: &'a str, name: &str) -> Result<&'a str> {
    let (_, rest) = message.split_once(&format!("<{name}>")).with_context(|| format!("no {name} in {message}"))?;
    Ok(rest.split_once('<').context("an open element")?.0)
}

#[test]
fn a_receipt_counts_once_however_many_statements_tell_it() -> Result<()> {
    let mut scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    let invoice = invoice(&scene, "plt_a")?;
    let number = text(&invoice, "number").context("no number")?.to_owned();
    let messages = credit(&mut scene, 100, &number)?;
    assert_eq!(scene.book(&messages)?, 0);
    let owed = || -> Result<i128> { Ok(scene.balance("platform_receivable:plt_a")?.replace('.', "").parse()?) };
    let (first, euro) = (owed()?, 1_000_000_000_000);
    let is_told = |name: &&String| {
        name.contains("camt.053") && fs::read_to_string(scene.data.path().join(name)).is_ok_and(|text| text.contains(&number))
    };
    let statement = fs::read_to_string(scene.data.path().join(messages.iter().find(is_told).context("no statement tells it")?))?;
    let told = |statement: &str, name: &str| -> Result<usize> {
        fs::write(scene.data.path().join(name), statement)?;
        scene.book(&[name.to_owned()])
    };
    let (id, reference) = (element(&statement, "MsgId")?, element(&statement, "AcctSvcrRef")?);

    // Of the week, after that of the day.
    assert_eq!((told(&statement.replace(id, "weekly"), "weekly.xml")?, owed()?), (1, first));
    // Another one on the next page of a statement, which has one id for all of its pages.
    assert_eq!((told(&statement.replace(reference, "another"), "page.xml")?, owed()?), (0, first - euro));
    // Without a reference of the bank's, whatever pays the same on the same day may be the same; as often as it was told before.
    let bare = statement.replace(&format!("<AcctSvcrRef>{reference}</AcctSvcrRef>"), "");
    assert_eq!((told(&bare, "bare.xml")?, owed()?), (0, first - 2 * euro));
    assert_eq!((told(&bare.replace(id, "bare weekly"), "bare-weekly.xml")?, owed()?), (1, first - 2 * euro));
    let said = scene.data.ok(["bank", "exceptions", "--mid", MID])?;
    for state in ["has", "may have"] {
        ensure!(said.contains(&format!("1.00 EUR {state} come in with another message already, and is not booked")), "{said}");
    }
    scene.holds()
}
