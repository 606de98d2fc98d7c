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
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let payment = scene.payments("2026-10")?["pty_0"].clone();
    let cents = units(payment["amount"].as_str().context("no amount")?)? / CENT;
    Ok((payment["payment"].as_str().context("no id")?.to_owned(), cents))
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
fn noted(scene: &Scene, name: &str, entries: &[Entry<'_>]) -> Result<usize> {
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

/// What a statement tells of all payments of a file; how many lines are left to a person.
fn told_whole(scene: &Scene, file: &str, name: &str, entry: Entry<'_>) -> Result<usize> {
    told_all(scene, file, name, &[entry])
}

fn told_all(scene: &Scene, file: &str, name: &str, entries: &[Entry<'_>]) -> Result<usize> {
    let details = "<TxDtls><RmtInf><Ustrd>all</Ustrd></RmtInf></TxDtls>";
    let whole = statement(name, entries).replace(details, &format!("<Btch><MsgId>{file}</MsgId></Btch>"));
    ensure!(whole.contains("<Btch>"), "{whole}");
    fs::write(scene.data.path().join(name), whole)?;
    scene.book(&[name.to_owned()])
}

/// Notifications name each payment of a file, statements the file alone.
#[test]
fn a_file_that_was_paid_twice_is_seen_where_each_payment_was_told_before() -> Result<()> {
    let scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let payments = scene.payments("2026-10")?;
    let text = |row: &serde_json::Value, field: &str| row[field].as_str().map(str::to_owned).context("no text");
    let paid = payments.values().map(|row| Ok((text(row, "payment")?, units(&text(row, "amount")?)? / CENT)));
    let paid = paid.collect::<Result<Vec<(String, i64)>>>()?;
    let entries: Vec<Entry<'_>> = paid.iter().map(|(id, cents)| Entry::debit(*cents, "N-1", "payout").of_payment(id)).collect();
    assert_eq!(noted(&scene, "noon", &entries)?, 0);
    let (file, cents) = (text(&payments["pty_0"], "file")?, paid.iter().map(|(_, cents)| cents).sum::<i64>());
    let whole = |name: &str, reference: &str| told_whole(&scene, &file, name, Entry::debit(cents, reference, "all"));
    assert_eq!((whole("night", "B-1")?, whole("week", "B-1")?), (0, 0));
    assert_eq!(whole("again", "B-2")?, 1);
    // Its payments have told it, if the bank calls one entry by two names.
    assign(&scene, &left(&scene)?[0], &["--repetition"])?;
    assert_eq!((left(&scene)?, units(&scene.balance("bank")?)?), (vec![], -cents * CENT));
    scene.holds()
}

/// Two entries for one file in one statement, and an entry of which not all can be true.
#[test]
fn what_is_said_of_all_of_a_file_is_never_lost() -> Result<()> {
    let scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let payments = scene.payments("2026-10")?;
    let text = |row: &serde_json::Value, field: &str| row[field].as_str().map(str::to_owned).context("no text");
    let cents = payments.values().map(|row| Ok(units(&text(row, "amount")?)? / CENT)).sum::<Result<i64>>()?;
    let file = text(&payments["pty_0"], "file")?;
    let whole = |name: &str, references: &[&str]| -> Result<usize> {
        let entries: Vec<Entry<'_>> = references.iter().map(|reference| Entry::debit(cents, reference, "all")).collect();
        told_all(&scene, &file, name, &entries)
    };
    assert_eq!(whole("twice", &["B-1", "B-2"])?, 1);
    assert_eq!((whole("week", &["B-1"])?, left(&scene)?.len()), (0, 1));
    scene.holds()?;
    // One was refused, and the bank debits both.
    let other = Scene::of(2)?;
    other.approve("2026-10")?;
    other.data.json(Scene::releasing("2026-10"))?;
    let payments = other.payments("2026-10")?;
    let report = |name: &str, code: &str, party: &str| -> Result<usize> {
        let id = text(&payments[party], "payment")?;
        let report = crate::bank::REPORT.replace("ONE-2610-1", &id).replace("RJCT", code).replace("S-1", name);
        fs::write(other.data.path().join(name), report)?;
        other.book(&[name.to_owned()])
    };
    assert_eq!((report("refused", "RJCT", "pty_0")?, report("settled", "ACSC", "pty_1")?), (0, 0));
    let file = text(&payments["pty_0"], "file")?;
    assert_eq!(told_all(&other, &file, "night", &[Entry::debit(cents, "B-1", "all")])?, 1);
    ensure!(other.data.ok(["bank", "exceptions"])?.contains("do not sum to that"));
    assert_eq!(left(&other)?.len(), 1);
    // What was not refused is what the bank debits next, under another name than before.
    let paid = units(&text(&payments["pty_1"], "amount")?)? / CENT;
    assert_eq!(told_all(&other, &file, "week", &[Entry::debit(paid, "B-2", "all")])?, 0);
    assert_eq!(told_all(&other, &file, "month", &[Entry::debit(paid, "B-2", "all")])?, 0);
    other.holds()
}

/// What comes back before anything has told that it went out is nothing, together with its debit; the next debit is another one.
#[test]
fn a_second_debit_of_what_came_back_early_is_seen() -> Result<()> {
    let scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let payments = scene.payments("2026-10")?;
    let text = |row: &serde_json::Value, field: &str| row[field].as_str().map(str::to_owned).context("no text");
    let of = |party: &str| Ok::<_, anyhow::Error>((text(&payments[party], "payment")?, units(&text(&payments[party], "amount")?)? / CENT));
    let ((id, cents), (other, of_other), file) = (of("pty_0")?, of("pty_1")?, text(&payments["pty_0"], "file")?);
    let back = Entry::credit(cents, "N-1", "returned").of_payment(&id).returned();
    assert_eq!(noted(&scene, "noon", &[back])?, 0);
    assert_eq!(scene.payments("2026-10")?["pty_0"]["state"], "returned");
    assert_eq!(told_all(&scene, &file, "night", &[Entry::debit(cents + of_other, "B-1", "all")])?, 0);
    assert_eq!(scene.states("2026-10")?, [("returned".to_owned(), 1), ("settled".to_owned(), 1)].into());
    // Statements tell it again, each payment or all, and its return under another name than notifications.
    let named = |id, cents, reference| Entry::debit(cents, reference, "payout").of_payment(id);
    assert_eq!(told_all(&scene, &file, "week", &[Entry::debit(cents + of_other, "B-1", "all")])?, 0);
    assert_eq!(scene.told("details", &[named(&id, cents, "B-1"), named(&other, of_other, "B-1"), back])?, 0);
    scene.holds()?;
    assert_eq!(scene.told("twice", &[named(&id, cents, "B-7")])?, 1);
    ensure!(scene.data.ok(["bank", "exceptions"])?.contains("hold that back"));
    assert_eq!(units(&scene.balance("bank")?)?, -of_other * CENT);
    scene.holds()
}

/// A payment is debited singly, and then the whole file with it.
#[test]
fn a_payment_that_is_debited_singly_and_with_its_file_is_seen() -> Result<()> {
    let scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let payments = scene.payments("2026-10")?;
    let text = |row: &serde_json::Value, field: &str| row[field].as_str().map(str::to_owned).context("no text");
    let cents = |party: &str| Ok::<_, anyhow::Error>(units(&text(&payments[party], "amount")?)? / CENT);
    let (id, file) = (text(&payments["pty_0"], "payment")?, text(&payments["pty_0"], "file")?);
    assert_eq!(scene.told("first", &[Entry::debit(cents("pty_0")?, "B-0", "payout").of_payment(&id)])?, 0);
    let all = cents("pty_0")? + cents("pty_1")?;
    assert_eq!(told_all(&scene, &file, "night", &[Entry::debit(all, "B-1", "all")])?, 1);
    assert_eq!((left(&scene)?.len(), scene.states("2026-10")?), (1, [("released".to_owned(), 1), ("settled".to_owned(), 1)].into()));
    scene.holds()
}

/// One statement has a payment of a file singly, and all others of it in one entry.
#[test]
fn what_is_told_of_one_comes_before_what_it_leaves_of_all() -> Result<()> {
    let scene = Scene::of(3)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let payments = scene.payments("2026-10")?;
    let text = |row: &serde_json::Value, field: &str| row[field].as_str().map(str::to_owned).context("no text");
    let cents = |party: &str| Ok::<_, anyhow::Error>(units(&text(&payments[party], "amount")?)? / CENT);
    let (id, file) = (text(&payments["pty_0"], "payment")?, text(&payments["pty_0"], "file")?);
    let rest = Entry::debit(cents("pty_1")? + cents("pty_2")?, "B-1", "all");
    let one = Entry::debit(cents("pty_0")?, "B-0", "payout").of_payment(&id);
    for name in ["first", "again"] {
        let both = statement(name, &[rest, one]);
        let details = "<TxDtls><RmtInf><Ustrd>all</Ustrd></RmtInf></TxDtls>";
        fs::write(scene.data.path().join(name), both.replace(details, &format!("<Btch><MsgId>{file}</MsgId></Btch>")))?;
        assert_eq!(scene.book(&[name.to_owned()])?, 0, "{name}");
        assert_eq!(scene.states("2026-10")?, [("settled".to_owned(), 3)].into());
        scene.holds()?;
    }
    Ok(())
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

/// All payments of a file in one entry, twice.
#[test]
fn a_file_that_the_bank_has_paid_twice_is_seen() -> Result<()> {
    let scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let payments = scene.payments("2026-10")?;
    let cents = payments.values().map(|row| Ok(units(row["amount"].as_str().context("no amount")?)? / CENT)).sum::<Result<i64>>()?;
    let file = payments["pty_0"]["file"].as_str().context("no file")?.to_owned();
    let whole = |name: &str, reference: &str| told_whole(&scene, &file, name, Entry::debit(cents, reference, "all"));
    assert_eq!((whole("first", "B-1")?, whole("week", "B-1")?), (0, 0));
    assert_eq!((whole("again", "B-2")?, left(&scene)?.len()), (1, 1));
    // It is undone, and none of the payments has come back by that.
    let undone =
        statement("undone", &[Entry::credit(cents, "B-3", "all")]).replace("<AcctSvcrRef>", "<RvslInd>true</RvslInd><AcctSvcrRef>");
    let details = "<TxDtls><RmtInf><Ustrd>all</Ustrd></RmtInf></TxDtls>";
    fs::write(scene.data.path().join("undone"), undone.replace(details, &format!("<Btch><MsgId>{file}</MsgId></Btch>")))?;
    assert_eq!(scene.book(&["undone".to_owned()])?, 1);
    let lines = left(&scene)?;
    let [debit, credit] = &lines[..] else { anyhow::bail!("{lines:?}") };
    assign(&scene, debit, &["--against", credit])?;
    assert_eq!((left(&scene)?, scene.states("2026-10")?), (vec![], [("settled".to_owned(), 2)].into()));
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
