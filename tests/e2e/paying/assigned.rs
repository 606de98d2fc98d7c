//! What a person decides of money on the bank's account: whose a receipt is that names no invoice, or that was taken for another one, and
//! whose a debit is that is no payment of ours.

use super::kills::killed_at;
use super::scene::{MID, Scene, units};
use super::statements::Entry;
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

also_on_postgres!(
    a_receipt_that_names_no_invoice_is_a_platforms_once_a_person_says_so,
    two_receipts_that_the_bank_does_not_tell_apart_are_both_booked,
    charges_are_the_mids_own_and_nobody_elses,
);

const WHY: [&str; 6] = ["--why", "letter of the payer", "--reference", "letter 3", "--as", "ana"];

/// The number of a platform's invoice, and what it asks for, in cents.
pub fn invoice(scene: &Scene, platform: &str, cycle: &str) -> Result<(String, i64)> {
    let said = scene.data.json(["invoice", platform, "--mid", MID, "--cycle", cycle])?;
    let to_pay = said["figures"]["to_pay"].as_str().with_context(|| said.to_string())?;
    Ok((said["number"].as_str().with_context(|| said.to_string())?.to_owned(), units(to_pay)? / 10_000_000_000))
}

pub fn assign(scene: &Scene, line: &str, whose: &[&str]) -> Result<Value> {
    scene.data.json([&["bank", "assign", line], whose, &WHY].concat())
}

/// What is said of an assignment that cannot be.
pub fn refused(scene: &Scene, line: &str, whose: &[&str]) -> Result<String> {
    scene.refused(&[&["bank", "assign", line], whose, &WHY].concat())
}

/// The lines that are left to a person.
pub fn left(scene: &Scene) -> Result<Vec<String>> {
    let said = scene.data.json(["bank", "exceptions", "--mid", MID])?;
    let lines = said["exceptions"].as_array().context("no exceptions")?;
    Ok(lines.iter().map(|one| one["line"].as_str().unwrap_or("-").to_owned()).collect())
}

/// What is open of a platform's invoice of a cycle.
pub fn open(scene: &Scene, platform: &str, cycle: &str) -> Result<i64> {
    let said = scene.data.json(["receivables", "--mid", MID, "--as-of", "2100-01-01"])?;
    let rows = said["open"].as_array().context("no list")?;
    let row = rows.iter().find(|row| row["platform"] == platform && row["cycle"] == cycle);
    row.map_or(Ok(0), |row| units(row["open"].as_str().unwrap_or_default()))
}

#[test]
fn a_receipt_that_names_no_invoice_is_a_platforms_once_a_person_says_so() -> Result<()> {
    let scene = Scene::of_platforms(4, 2)?;
    scene.approve("2026-10")?;
    let ((number_a, due_a), (number_b, due_b)) = (invoice(&scene, "plt_a", "2026-10")?, invoice(&scene, "plt_b", "2026-10")?);
    let owed = units(&scene.balance("platform_receivable:plt_a")?)?;
    assert_eq!(scene.told("first", &[Entry::credit(due_a, "B-1", "october, with thanks"), Entry::credit(due_b, "B-2", &number_b)])?, 1);
    let line = left(&scene)?.pop().context("nothing is left")?;
    let euro = 1_000_000_000_000;
    assert_eq!(units(&scene.balance("suspense")?)?, -due_a * euro / 100);

    // It is nobody's payment while it is nobody's.
    ensure!(open(&scene, "plt_a", "2026-10")? / 10_000_000_000 == due_a);
    for (whose, says) in [
        (&["--platform", "plt_c"][..], "plt_c"),
        (&["--charges"], "came in"),
        (&["--repetition"], "no repetition"),
        (&["--claim", "1"], "there is no claim 1; see: farthing claim --list"),
        (&["--remittance", "1"], "there is no remittance 1; see: farthing tax remit --list"),
        (&["--invoice", "RF742610EUR0123456789ACDE"], "no such invoice"),
    ] {
        let said = refused(&scene, &line, whose)?;
        ensure!(said.contains(says), "{whose:?}: {said}");
    }
    ensure!(refused(&scene, "1-1", &["--suspense"])?.contains("see: farthing bank lines"));

    // To the wrong one, then to the right one, which points back; the same again changes nothing.
    assert_eq!(assign(&scene, &line, &["--platform", "plt_b"])?["number"], 1);
    scene.holds()?;
    assert_eq!((units(&scene.balance("suspense")?)?, left(&scene)?), (0, vec![]));
    let right = assign(&scene, &line, &["--invoice", &number_a])?;
    assert_eq!((&right["number"], &right["instead_of"], &right["is_new"]), (&json!(2), &json!(1), &json!(true)), "{right}");
    let again = assign(&scene, &line, &["--invoice", &number_a])?;
    assert_eq!((&again["number"], &again["is_new"]), (&json!(2), &json!(false)), "{again}");
    assert_eq!(units(&scene.balance("platform_receivable:plt_a")?)?, owed - due_a * euro / 100);
    // Less than a cent is open of either.
    ensure!(open(&scene, "plt_a", "2026-10")? < euro / 100 && open(&scene, "plt_b", "2026-10")? < euro / 100);
    let entries = scene.data.json(["journal", "--mid", MID])?;
    let last = entries["entries"].as_array().and_then(|list| list.last()).cloned().context("no entry")?;
    assert_eq!((&last["kind"], &last["reference"]), (&json!("assignment"), &json!("letter 3")), "{last}");
    ensure!(last.to_string().contains("letter of the payer, decided by ana") && last.to_string().contains("bank_message"), "{last}");
    let listed = scene.data.json(["bank", "assign", "--list"])?;
    assert_eq!(listed["assignments"].as_array().map(Vec::len), Some(2), "{listed}");
    ensure!(scene.data.ok(["bank", "lines", "--mid", MID])?.contains("plt_a's, for 2026-10"));
    ensure!(scene.data.ok(["bank", "exceptions", "--all"])?.contains(&line));

    // Both have paid, so everybody is paid.
    let said = scene.data.json([&Scene::releasing("2026-10")[..], &["--funded"]].concat())?;
    assert_eq!(said["released"]["left_out"], 0, "{said}");
    // Nobody's again, it is left to a person again.
    assign(&scene, &line, &["--suspense"])?;
    assert_eq!(left(&scene)?, [line]);
    scene.holds()
}

/// A payer takes two transfers to the bank, which gives both one number.
#[test]
fn two_receipts_that_the_bank_does_not_tell_apart_are_both_booked() -> Result<()> {
    let scene = Scene::of_platforms(4, 2)?;
    scene.approve("2026-10")?;
    let ((number_a, _), (number_b, _)) = (invoice(&scene, "plt_a", "2026-10")?, invoice(&scene, "plt_b", "2026-10")?);
    let owed = |platform: &str| -> Result<i64> { units(&scene.balance(&format!("platform_receivable:{platform}"))?) };
    let (owed_a, owed_b, euro) = (owed("plt_a")?, owed("plt_b")?, 1_000_000_000_000);
    assert_eq!(scene.told("first", &[Entry::credit(100, "B-1", &number_a)])?, 0);
    assert_eq!(scene.told("second", &[Entry::credit(100, "B-1", &number_b)])?, 1);
    assert_eq!((owed("plt_a")?, owed("plt_b")?), (owed_a - euro, owed_b));
    let line = left(&scene)?.pop().context("nothing is left")?;
    assign(&scene, &line, &["--invoice", &number_b])?;
    assert_eq!((owed("plt_a")?, owed("plt_b")?, left(&scene)?), (owed_a - euro, owed_b - euro, vec![]));
    scene.holds()?;
    // The statement of the week tells both again, and neither counts again; a person confirms that.
    let both = [Entry::credit(100, "B-1", &number_a), Entry::credit(100, "B-1", &number_b)];
    assert_eq!(scene.told("weekly", &both)?, 2);
    assert_eq!((owed("plt_a")?, owed("plt_b")?), (owed_a - euro, owed_b - euro));
    for line in left(&scene)? {
        let said = assign(&scene, &line, &["--repetition"])?;
        ensure!(said["instead_of"].is_null(), "{said}");
    }
    assert_eq!((owed("plt_a")?, owed("plt_b")?, left(&scene)?), (owed_a - euro, owed_b - euro, vec![]));
    // And a mistake is taken back: it was the same after all.
    assign(&scene, &line, &["--repetition"])?;
    assert_eq!(owed("plt_b")?, owed_b);
    scene.holds()
}

#[test]
fn charges_are_the_mids_own_and_nobody_elses() -> Result<()> {
    let scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    let (number, due) = invoice(&scene, "plt_a", "2026-10")?;
    let accounts = |scene: &Scene| -> Result<Vec<i64>> {
        let names = ["bank", "fee_income", "party_payable:pty_0", "party_payable:pty_1", "suspense", "platform_receivable:plt_a"];
        names.iter().map(|name| units(&scene.balance(name)?)).collect()
    };
    assert_eq!(scene.told("first", &[Entry::credit(due, "B-1", &number), Entry::debit(725, "B-2", "fees of the quarter")])?, 1);
    let (before, line) = (accounts(&scene)?, left(&scene)?.pop().context("nothing is left")?);
    // The statement of the week tells it again: it could be charged twice, were it not told.
    assert_eq!(scene.told("weekly", &[Entry::debit(725, "B-2", "fees of the quarter")])?, 1);
    let again = left(&scene)?.pop().context("nothing is left")?;
    let said = scene.data.ok(["bank", "exceptions"])?;
    ensure!(said.contains("no payment of ours has this id") && said.contains("with another message already"), "{said}");
    ensure!(refused(&scene, &line, &["--claim", "1"])?.contains("there is no claim 1; see: farthing claim --list"));

    assign(&scene, &line, &["--charges"])?;
    assign(&scene, &again, &["--repetition"])?;
    let euro = 1_000_000_000_000;
    let mut after = before.clone();
    (after[0], after[1]) = (before[0] - 725 * euro / 100, before[1] + 725 * euro / 100);
    assert_eq!((accounts(&scene)?, left(&scene)?), (after, vec![]));
    scene.holds()?;
    // It was a platform's money that went back to it, after all.
    assign(&scene, &line, &["--platform", "plt_a"])?;
    let mut back = before.clone();
    (back[0], back[5]) = (before[0] - 725 * euro / 100, before[5] + 725 * euro / 100);
    assert_eq!(accounts(&scene)?, back);
    ensure!(open(&scene, "plt_a", "2026-10")? >= 725 * euro / 100);
    scene.holds()?;
    // So its parties wait for it again.
    let said = scene.data.json([&Scene::releasing("2026-10")[..], &["--funded"]].concat())?;
    assert_eq!((&said["released"]["payments"], &said["released"]["left_out"]), (&json!(0), &json!(2)), "{said}");
    scene.holds()
}

/// What arrives is what was sent: charges that the bank takes beside a payment are no part of it.
#[test]
fn what_the_bank_takes_beside_a_payment_is_charged_to_the_mid() -> Result<()> {
    let scene = Scene::of(1)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let payment = scene.payments("2026-10")?["pty_0"].clone();
    let id = payment["payment"].as_str().context("no id")?;
    let cents = units(payment["amount"].as_str().context("no amount")?)? / 10_000_000_000;
    let fee = units(&scene.balance("fee_income")?)?;
    let paid = Entry::debit(cents, "B-1", "payout").of_payment(id).with_charges(150);
    assert_eq!(scene.told("first", &[paid])?, 1);
    assert_eq!(scene.payments("2026-10")?["pty_0"]["state"], "settled");
    ensure!(scene.data.ok(["bank", "exceptions"])?.contains("a payment of 1.50 EUR settled (CHRG)"));
    assign(&scene, &left(&scene)?[0], &["--charges"])?;
    assert_eq!(units(&scene.balance("fee_income")?)?, fee + 150 * 10_000_000_000);
    assert_eq!(units(&scene.balance("bank")?)?, -(cents + 150) * 10_000_000_000);
    scene.holds()
}

/// What names people stays while it is left to a person, and no longer.
#[test]
fn a_message_is_erased_once_all_of_it_is_decided() -> Result<()> {
    let scene = Scene::of(1)?;
    scene.approve("2026-10")?;
    assert_eq!(scene.told("first", &[Entry::debit(725, "B-2", "fees of the quarter")])?, 1);
    scene.data.json(Scene::releasing("2026-10"))?;
    let id = scene.payments("2026-10")?["pty_0"]["payment"].as_str().context("no id")?.to_owned();
    let paid = units(scene.payments("2026-10")?["pty_0"]["amount"].as_str().context("no amount")?)? / 10_000_000_000;
    assert_eq!(scene.told("second", &[Entry::debit(paid, "B-3", "payout").of_payment(&id)])?, 0);
    scene.step("reconcile", "2026-10", &[])?;
    scene.step("seal", "2026-10", &[])?;
    let erased = || scene.data.json(["bank", "erase", "--before", "2200-01-01"]).map(|said| said["messages"].clone());
    assert_eq!(erased()?, 1, "the charges are left to a person");
    assign(&scene, &left(&scene)?[0], &["--charges"])?;
    assert_eq!(erased()?, 1);
    scene.holds()
}

/// Whatever was said of a line, of a debit too, can be taken back; then it is left to a person, also if its message had put it somewhere.
#[test]
fn what_was_decided_is_taken_back_and_left_again() -> Result<()> {
    let scene = Scene::of(1)?;
    scene.approve("2026-10")?;
    let (number, due) = invoice(&scene, "plt_a", "2026-10")?;
    assert_eq!(scene.told("first", &[Entry::credit(due, "B-1", &number), Entry::debit(300, "B-2", "fees")])?, 1);
    let debit = left(&scene)?.pop().context("nothing is left")?;
    for whose in ["--suspense", "--charges", "--suspense"] {
        assign(&scene, &debit, &[whose])?;
        scene.holds()?;
    }
    assert_eq!(left(&scene)?, std::slice::from_ref(&debit));
    let lines = scene.data.json(["bank", "lines"])?;
    let named = lines["lines"].as_array().into_iter().flatten().find(|line| line["platform"] == "plt_a").context("no receipt")?;
    let receipt = named["line"].as_str().context("no number")?.to_owned();
    assign(&scene, &receipt, &["--suspense"])?;
    assert_eq!(left(&scene)?, [debit, receipt.clone()]);
    ensure!(scene.data.ok(["bank", "exceptions"])?.contains("nobody's yet"));
    assign(&scene, &receipt, &["--invoice", &number])?;
    ensure!(scene.data.json(["bank", "exceptions", "--all"])?.to_string().contains(&receipt));
    scene.holds()
}

/// A bank that gives no number to what it tells, and one later: only a person sees that it is the same.
#[test]
fn what_is_told_again_under_another_number_is_confirmed_by_a_person() -> Result<()> {
    let scene = Scene::of(1)?;
    scene.approve("2026-10")?;
    for (name, reference) in [("daily", "NONREF"), ("weekly", "Z-9")] {
        assert_eq!(scene.told(name, &[Entry::credit(500, reference, "a stranger")])?, 1);
    }
    let euro = 1_000_000_000_000;
    assert_eq!(units(&scene.balance("suspense")?)?, -10 * euro);
    let lines = left(&scene)?;
    let [first, second] = &lines[..] else { anyhow::bail!("{lines:?}") };
    assign(&scene, second, &["--repetition"])?;
    assert_eq!((units(&scene.balance("suspense")?)?, left(&scene)?), (-5 * euro, vec![first.clone()]));
    // One of them counts.
    ensure!(refused(&scene, first, &["--repetition"])?.contains("no other line of 5.000000000000 EUR counts"));
    scene.holds()
}

#[test]
fn an_assignment_that_is_killed_is_made_once() -> Result<()> {
    let scene = Scene::of(1)?;
    scene.approve("2026-10")?;
    assert_eq!(scene.told("first", &[Entry::debit(725, "B-2", "fees of the quarter")])?, 1);
    let line = left(&scene)?.pop().context("nothing is left")?;
    let words = [&["bank", "assign", line.as_str(), "--charges"], &WHY[..]].concat();
    for (step, is_made) in [("manifest-written", false), ("line-assigned", true)] {
        killed_at(&scene, step, &words)?;
        scene.data.ok(["check"])?;
        assert_eq!(left(&scene)?.is_empty(), is_made, "{step}");
    }
    assert_eq!(scene.data.json(words)?["is_new"], false);
    let listed = scene.data.json(["bank", "assign", "--list"])?;
    assert_eq!(listed["assignments"].as_array().map(Vec::len), Some(1), "{listed}");
    scene.holds()
}
