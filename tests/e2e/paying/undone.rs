//! What moves upon the account a second time, and what goes back or comes back: nothing of it is lost, and nobody decides of it but a person.

use super::assigned::{assign, invoice, left, open, refused};
use super::scene::{MID, Scene, units};
use super::statements::{Entry, statement};
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::fs;

also_on_postgres!(what_is_sent_back_to_a_stranger_leaves_nothing_to_decide, a_receipt_that_goes_back_is_owed_again);

const CENT: i64 = 10_000_000_000;

/// Books that have released a payment; its id, and what it is of in cents.
fn released(scene: &Scene) -> Result<(String, i64)> {
    scene.released()?.0.pop().context("no payment")
}

#[test]
fn what_is_sent_back_to_a_stranger_leaves_nothing_to_decide() -> Result<()> {
    let scene = Scene::of(1)?;
    scene.approve("2026-10")?;
    let nothing = Entry::credit(0, "B-0", "nothing");
    assert_eq!(scene.told("nothing", &[nothing])?, 1);
    let line = left(&scene)?.pop().context("no line is left")?;
    ensure!(refused(&scene, &line, &["--against", &line])?.contains("cannot take back itself"));
    assign(&scene, &line, &["--platform", "plt_a"])?;
    assert_eq!(scene.told("first", &[Entry::credit(500, "B-1", "a stranger"), Entry::credit(300, "B-2", "another")])?, 2);
    assert_eq!(scene.told("second", &[Entry::debit(500, "B-3", "sent back"), Entry::debit(500, "B-4", "and again")])?, 2);
    let lines = left(&scene)?;
    let [credit, other, debit, second] = &lines[..] else { anyhow::bail!("{lines:?}") };
    for (line, against, says) in [
        (debit, other.as_str(), "is the opposite of 3.000000000000"),
        (debit, debit, "cannot take back itself"),
        (debit, "1-1", "no message of a bank has a line 1-1"),
        (credit, debit, "not in suspense"),
    ] {
        let said = refused(&scene, line, &["--against", against])?;
        ensure!(said.contains(says), "{line} against {against}: {said}");
    }
    let said = assign(&scene, debit, &["--against", credit])?;
    ensure!(said["is_new"] == true && said["to"]["whose"] == "against", "{said}");
    assert_eq!(assign(&scene, debit, &["--against", credit])?["is_new"], false);
    assert_eq!(left(&scene)?, [other.clone(), second.clone()]);
    assert_eq!((units(&scene.balance("suspense")?)?, units(&scene.balance("bank")?)?), (-300 * CENT, 300 * CENT));
    scene.holds()?;
    // Neither goes elsewhere without the other.
    ensure!(refused(&scene, second, &["--against", credit])?.contains("is taken back by line"));
    ensure!(refused(&scene, credit, &["--platform", "plt_a"])?.contains("is taken back by line"));
    ensure!(refused(&scene, second, &["--against", debit])?.contains("is the opposite of"));
    let lines = scene.data.ok(["bank", "lines"])?;
    ensure!(lines.contains(&format!("line {debit} takes it back")) && lines.contains(&format!("it takes back line {credit}")), "{lines}");
    // It was the other debit.
    assign(&scene, debit, &["--suspense"])?;
    assign(&scene, second, &["--against", credit])?;
    assert_eq!(left(&scene)?, [other.clone(), debit.clone()]);
    scene.holds()
}

/// What a notification tells; how many lines are left to a person.
pub fn noted(scene: &Scene, name: &str, entries: &[Entry<'_>]) -> Result<usize> {
    let noted = statement(name, entries).replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn").replace("Stmt>", "Ntfctn>");
    fs::write(scene.data.path().join(name), noted)?;
    scene.book(&[name.to_owned()])
}

/// Statements tell the same in many ways; what is surely another entry is seen, and comes back by another one.
#[test]
fn a_payment_that_the_bank_has_paid_twice_is_seen() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = released(&scene)?;
    let paid = |reference| Entry::debit(cents, reference, "payout").of_payment(&id);
    let accepted = crate::bank::REPORT.replace("ONE-2610-1", &id).replace("RJCT", "ACSC").replace("S-1", "accepted");
    fs::write(scene.data.path().join("accepted"), accepted)?;
    assert_eq!((scene.book(&["accepted".to_owned()])?, noted(&scene, "noon", &[paid("N-1")])?), (0, 0));
    for (name, reference) in [("night", "B-1"), ("week", "B-1"), ("plain", "NONREF")] {
        assert_eq!(scene.told(name, &[paid(reference)])?, 0, "{name} tells the same");
    }
    assert_eq!(units(&scene.balance("bank")?)?, -cents * CENT);
    assert_eq!(scene.told("twice", &[paid("B-2")])?, 1);
    ensure!(scene.data.ok(["bank", "exceptions"])?.contains("another entry has told of it before"));
    let second = left(&scene)?.pop().context("no line is left")?;
    // Its statement of the month tells both again.
    assert_eq!(scene.told("month", &[paid("B-1"), paid("B-2")])?, 1);
    let again = left(&scene)?.pop().context("no line is left")?;
    assign(&scene, &again, &["--repetition"])?;
    assert_eq!(scene.told("mended", &[Entry::credit(cents, "B-3", "our mistake")])?, 1);
    let back = left(&scene)?.pop().context("no line is left")?;
    assign(&scene, &second, &["--against", &back])?;
    assert_eq!((left(&scene)?, units(&scene.balance("suspense")?)?, units(&scene.balance("bank")?)?), (vec![], 0, -cents * CENT));
    // A bank that calls the same entry otherwise the next time is a matter for a person.
    assert_eq!(scene.told("year", &[paid("Y-77")])?, 1);
    let same = left(&scene)?.pop().context("no line is left")?;
    assign(&scene, &same, &["--repetition"])?;
    assert_eq!(left(&scene)?, Vec::<String>::new());
    assert_eq!(scene.payments("2026-10")?["pty_0"]["state"], "settled");
    scene.holds()
}

/// The bank undoes a second debit by an entry that names the payment: the payment has not come back by that.
#[test]
fn a_second_debit_that_is_undone_leaves_the_payment_settled() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = released(&scene)?;
    let paid = |reference| Entry::debit(cents, reference, "payout").of_payment(&id);
    let back = |reference| Entry::credit(cents, reference, "undone").of_payment(&id).returned();
    assert_eq!(scene.told("twice", &[paid("B-1"), paid("B-2"), back("B-3")])?, 2);
    assert_eq!(scene.payments("2026-10")?["pty_0"]["state"], "settled");
    let lines = left(&scene)?;
    let [debit, credit] = &lines[..] else { anyhow::bail!("{lines:?}") };
    let again = |name: &str| -> Result<()> {
        assert_eq!(scene.told(name, &[paid("B-1"), paid("B-2"), back("B-3")])?, 2);
        assert_eq!(noted(&scene, &format!("{name} noted"), &[back("N-3")])?, 0);
        for line in left(&scene)?.into_iter().filter(|line| line != debit && line != credit) {
            assign(&scene, &line, &["--repetition"])?;
        }
        assert_eq!(scene.payments("2026-10")?["pty_0"]["state"], "settled", "{name}");
        Ok(())
    };
    again("week")?;
    assign(&scene, debit, &["--against", credit])?;
    again("month")?;
    assert_eq!(units(&scene.balance("bank")?)?, -cents * CENT);
    scene.holds()?;
    // And then it comes back itself.
    assert_eq!(scene.told("back", &[back("B-5")])?, 0);
    assert_eq!(scene.payments("2026-10")?["pty_0"]["state"], "returned");
    scene.holds()
}

/// Banks tell the entries of a day in whatever order.
#[test]
fn a_second_debit_that_is_undone_before_it_is_told_leaves_the_payment_settled() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = released(&scene)?;
    let paid = |reference| Entry::debit(cents, reference, "payout").of_payment(&id);
    let back = Entry::credit(cents, "B-3", "undone").of_payment(&id).returned();
    assert_eq!(scene.told("twice", &[back, paid("B-2"), paid("B-1")])?, 2);
    assert_eq!(scene.payments("2026-10")?["pty_0"]["state"], "settled");
    let lines = left(&scene)?;
    let [debit, credit] = &lines[..] else { anyhow::bail!("{lines:?}") };
    assign(&scene, debit, &["--against", credit])?;
    assert_eq!(units(&scene.balance("bank")?)?, -cents * CENT);
    scene.holds()
}

/// What came back and says not of which payment, and fees that two kinds of messages name otherwise.
#[test]
fn what_no_payment_fits_is_a_line_once() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = released(&scene)?;
    let paid = |reference| Entry::debit(cents, reference, "payout").of_payment(&id);
    assert_eq!(scene.told("twice", &[paid("B-1"), paid("B-2")])?, 1);
    assert_eq!(scene.told("undone", &[Entry::credit(cents, "B-3", "our mistake").returned()])?, 1);
    assert_eq!(scene.told("other", &[Entry::credit(900, "B-4", "bounced").of_payment("NOBODY-1").returned()])?, 1);
    let lines = left(&scene)?;
    let [debit, credit, bounced] = &lines[..] else { anyhow::bail!("{lines:?}") };
    // What rests on a line alone keeps it from being a repetition itself.
    assert_eq!(scene.told("more", &[Entry::debit(cents, "B-6", "the same sum")])?, 1);
    let more = left(&scene)?.into_iter().find(|line| !lines.contains(line)).context("no line is left")?;
    assign(&scene, &more, &["--repetition"])?;
    ensure!(refused(&scene, debit, &["--repetition"])?.contains("is said to be a repetition of line"));
    scene.holds()?;
    assign(&scene, debit, &["--against", credit])?;
    assert_eq!((noted(&scene, "fee", &[Entry::debit(150, "N-9", "fee")])?, left(&scene)?.len()), (1, 2));
    assert_eq!(scene.told("fees", &[Entry::debit(150, "B-9", "fee")])?, 1);
    ensure!(scene.data.ok(["bank", "exceptions"])?.contains("may have gone out with a message of another kind already"));
    assert_eq!(units(&scene.balance("suspense")?)?, -900 * CENT);
    ensure!(left(&scene)?.contains(bounced));
    scene.holds()
}

/// What has come back once is owed again; what comes back once more is not.
#[test]
fn a_payment_that_comes_back_twice_is_owed_once() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = released(&scene)?;
    let back = |reference| Entry::credit(cents, reference, "returned").of_payment(&id).returned();
    assert_eq!(scene.told("paid", &[Entry::debit(cents, "B-1", "payout").of_payment(&id)])?, 0);
    let owed = units(&scene.balance("party_payable:pty_0")?)?;
    assert_eq!(scene.told("back", &[back("B-2")])?, 0);
    assert_eq!(scene.told("again", &[back("B-2"), back("B-3")])?, 1);
    assert_eq!(units(&scene.balance("party_payable:pty_0")?)?, owed - cents * CENT);
    assert_eq!((units(&scene.balance("suspense")?)?, units(&scene.balance("bank")?)?), (-cents * CENT, cents * CENT));
    // The bank takes it back, and the payment has left once more: that entry is no news of the first one.
    let line = left(&scene)?.pop().context("no line is left")?;
    assert_eq!(scene.told("mended", &[Entry::debit(cents, "B-4", "payout").of_payment(&id)])?, 1);
    let debit = left(&scene)?.pop().context("no line is left")?;
    assign(&scene, &debit, &["--against", &line])?;
    assert_eq!((left(&scene)?, units(&scene.balance("bank")?)?), (vec![], 0));
    scene.holds()
}

#[test]
fn a_receipt_that_goes_back_is_owed_again() -> Result<()> {
    let scene = Scene::of_platforms(4, 2)?;
    scene.approve("2026-10")?;
    let ((number_a, due_a), (number_b, due_b)) = (invoice(&scene, "plt_a", "2026-10")?, invoice(&scene, "plt_b", "2026-10")?);
    let paid = [Entry::credit(due_a, "B-1", &number_a), Entry::credit(due_b, "B-2", &number_b)];
    assert_eq!(scene.told("first", &paid)?, 0);
    ensure!(open(&scene, "plt_a", "2026-10")? < CENT);
    let undone = [Entry::debit(due_a, "B-3", &number_a).returned(), Entry::debit(due_b, "B-4", "a direct debit").returned()];
    assert_eq!(scene.told("undone", &undone)?, 1);
    assert_eq!(open(&scene, "plt_a", "2026-10")? / CENT, due_a);
    // One that names nothing waits for a person, and is not in suspense meanwhile.
    assert_eq!((units(&scene.balance("suspense")?)?, units(&scene.balance("bank")?)?), (0, due_b * CENT));
    ensure!(scene.data.ok(["bank", "exceptions"])?.contains("had come in and has gone back: it names no invoice of ours"));
    let line = left(&scene)?.pop().context("no line is left")?;
    scene.holds()?;
    // Told again, neither goes back twice.
    assert_eq!(scene.told("weekly", &undone)?, 2);
    for again in left(&scene)?.into_iter().filter(|again| *again != line) {
        assign(&scene, &again, &["--repetition"])?;
    }
    assert_eq!(open(&scene, "plt_a", "2026-10")? / CENT, due_a);
    assign(&scene, &line, &["--invoice", &number_b])?;
    assert_eq!((open(&scene, "plt_b", "2026-10")? / CENT, units(&scene.balance("bank")?)?), (due_b, 0));
    // Nobody is paid of what is not there.
    let said = scene.data.json([&Scene::releasing("2026-10")[..], &["--funded"]].concat())?;
    assert_eq!((&said["released"]["payments"], &said["released"]["left_out"]), (&json!(0), &json!(4)), "{said}");
    scene.holds()
}

/// What is owed to a party is owed in full, whatever banks have taken on the way.
#[test]
fn what_comes_back_less_charges_is_owed_in_full() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = released(&scene)?;
    assert_eq!(scene.told("paid", &[Entry::debit(cents, "B-1", "payout").of_payment(&id)])?, 0);
    let owed = units(&scene.balance("party_payable:pty_0")?)?;
    let back = Entry::credit(cents, "B-2", "returned").of_payment(&id).returned().with_charges(150);
    assert_eq!(scene.told("back", &[back])?, 1);
    assert_eq!(scene.payments("2026-10")?["pty_0"]["state"], "returned");
    assert_eq!(units(&scene.balance("party_payable:pty_0")?)?, owed - cents * CENT);
    assign(&scene, &left(&scene)?[0], &["--charges"])?;
    assert_eq!(units(&scene.balance("bank")?)?, -150 * CENT);
    scene.holds()
}

/// One statement, given for the wrong MID first.
#[test]
fn a_statement_that_was_given_for_another_mid_counts_once() -> Result<()> {
    let scene = Scene::of(1)?;
    scene.load(r#"{"kind":"mid","id":"mid_other","fee":"0.05","currency":"EUR","recovery_cap":"0.25"}"#)?;
    scene.approve("2026-10")?;
    let (number, due) = invoice(&scene, "plt_a", "2026-10")?;
    let entries = [Entry::debit(725, "B-1", "fees"), Entry::credit(500, "NONREF", "a stranger"), Entry::credit(due, "B-2", &number)];
    fs::write(scene.data.path().join("first"), statement("first", &entries))?;
    let output = scene.data.run(["bank", "book", "--mid", "mid_other", "first"])?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    assert_eq!(scene.told("first", &entries)?, 3);
    let said = scene.data.ok(["bank", "exceptions", "--mid", MID, "--all"])?;
    ensure!(
        said.contains("was told of another MID by this very message, and is not booked") && said.contains("is booked, and was told"),
        "{said}"
    );
    // What names an invoice of a MID is that MID's.
    ensure!(open(&scene, "plt_a", "2026-10")? < CENT);
    assert_eq!((units(&scene.balance("suspense")?)?, units(&scene.balance("bank")?)?), (0, due * CENT));
    // It is of this one: what it told there is another one's.
    let lines = left(&scene)?;
    let [fees, stranger] = &lines[..] else { anyhow::bail!("{lines:?}") };
    assign(&scene, fees, &["--charges"])?;
    assign(&scene, stranger, &["--suspense"])?;
    let there = scene.data.json(["bank", "exceptions", "--mid", "mid_other"])?;
    for one in there["exceptions"].as_array().context("no list")? {
        assign(&scene, one["line"].as_str().context("no line")?, &["--repetition"])?;
    }
    let others = scene.data.json(["trial-balance", "--mid", "mid_other"])?;
    ensure!(others["lines"].as_array().into_iter().flatten().all(|line| line["balance"] == "0.000000000000"), "{others}");
    assert_eq!(units(&scene.balance("bank")?)?, (due + 500 - 725) * CENT);
    scene.holds()
}
