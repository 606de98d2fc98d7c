//! What the bank tells of payments without naming them: a person says which they are, and from then on it is so.

use super::assigned::{assign, left, refused};
use super::scene::{MID, NOW, Scene, iban, party_record, units};
use super::statements::{Entry, statement};
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::fs;

also_on_postgres!(a_debit_and_a_return_that_name_no_payment_are_put_to_it, one_debit_is_put_to_all_payments_of_a_file);

const CENT: i64 = 10_000_000_000;

/// The one line that is left to a person.
fn only(scene: &Scene) -> Result<String> {
    let mut lines = left(scene)?;
    ensure!(lines.len() == 1, "{lines:?}");
    lines.pop().context("no line is left")
}

fn state(scene: &Scene, party: &str) -> Result<String> {
    Ok(scene.payments("2026-10")?[party]["state"].as_str().context("no state")?.to_owned())
}

#[test]
fn a_debit_and_a_return_that_name_no_payment_are_put_to_it() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = scene.released()?.0.pop().context("no payment")?;
    let owed = units(&scene.balance("party_payable:pty_0")?)?;
    // What comes back went out first.
    assert_eq!(scene.told("early", &[Entry::credit(cents, "B-0", "sorry")])?, 1);
    let early = only(&scene)?;
    ensure!(refused(&scene, &early, &["--payment", &id])?.contains("only after it has gone out"));
    assert_eq!(scene.told("other", &[Entry::debit(cents + 1, "B-1", "transfer")])?, 1);
    let other = left(&scene)?.into_iter().find(|line| *line != early).context("no line is left")?;
    ensure!(refused(&scene, &other, &["--payment", &id])?.contains("come to"));
    ensure!(refused(&scene, &other, &["--payment", "NOBODY-1"])?.contains("no payment and no file for a bank has the id NOBODY-1"));
    assign(&scene, &other, &["--charges"])?;

    assert_eq!(scene.told("night", &[Entry::debit(cents, "B-2", "transfer")])?, 1);
    let debit = left(&scene)?.into_iter().find(|line| *line != early).context("no line is left")?;
    let said = assign(&scene, &debit, &["--payment", &id])?;
    ensure!(said["is_new"] == true && said["to"]["whose"] == "payees" && said["to"]["of"] == id.as_str(), "{said}");
    assert_eq!(state(&scene, "pty_0")?, "settled");
    assert_eq!((units(&scene.balance("in_flight:pty_0")?)?, units(&scene.balance("bank")?)?), (0, -(cents + 1) * CENT));
    assert_eq!(assign(&scene, &debit, &["--payment", &id])?["is_new"], false);
    ensure!(refused(&scene, &debit, &["--suspense"])?.contains("what has become of payments stays"));
    scene.holds()?;
    // A statement that names it tells no more; another entry of that kind is surely another one.
    let named = |reference| Entry::debit(cents, reference, "payout").of_payment(&id);
    assert_eq!((scene.told("week", &[named("B-2")])?, scene.told("month", &[named("B-9")])?), (0, 1));
    let second = left(&scene)?.into_iter().find(|line| *line != early).context("no line is left")?;
    // As long as nobody has said what that is, either may have come back.
    let said = refused(&scene, &early, &["--payment", &id])?;
    ensure!(said.contains(&format!("line {second} tells that money of {id} has gone out, too")), "{said}");
    assign(&scene, &second, &["--repetition"])?;

    assign(&scene, &early, &["--payment", &id])?;
    assert_eq!((state(&scene, "pty_0")?, left(&scene)?), ("returned".to_owned(), vec![]));
    let accounts = ["party_payable:pty_0", "suspense", "bank"].map(|account| scene.balance(account).and_then(|sum| units(&sum)));
    let [payable, suspense, bank] = accounts;
    assert_eq!((payable?, suspense?, bank?), (owed - cents * CENT, 0, -(cents + 1) * CENT));
    scene.holds()?;
    // It is owed again, and paid anew.
    scene.load(&party_record(0, &iban("NL", "MOCK0000000777")))?;
    scene.step("reissue", "2026-10", &["--party", "pty_0", "--why", "mended", "--now", NOW, "--out", "files"])?;
    assert_eq!(units(&scene.balance("party_payable:pty_0")?)?, owed);
    let lines = scene.data.ok(["bank", "lines", "--mid", MID])?;
    ensure!(lines.contains(&format!("what has become of {id}")), "{lines}");
    scene.holds()
}

#[test]
fn one_debit_is_put_to_all_payments_of_a_file() -> Result<()> {
    let scene = Scene::of(3)?;
    let (payments, file) = scene.released()?;
    let cents: i64 = payments.iter().map(|(_, cents)| cents).sum();
    let (first, of_first) = &payments[0];
    // One was refused before the others were debited.
    assert_eq!(scene.report("refused", first, "RJCT")?, 0);
    assert_eq!(scene.told("night", &[Entry::debit(cents, "B-1", "collective"), Entry::debit(cents - of_first, "B-2", "collective")])?, 2);
    let lines = left(&scene)?;
    let [whole, rest] = &lines[..] else { anyhow::bail!("{lines:?}") };
    ensure!(refused(&scene, whole, &["--payment", &file])?.contains("that it can tell to be settled come to"));
    ensure!(refused(&scene, whole, &["--payment", first])?.contains("is rejected"));
    assign(&scene, rest, &["--payment", &file])?;
    assert_eq!(scene.states("2026-10")?, [("rejected".to_owned(), 1), ("settled".to_owned(), 2)].into());
    assert_eq!(units(&scene.balance("bank")?)?, -(cents - of_first) * CENT);
    scene.holds()?;
    // The same sum told again with the name of the file, or without any, is a repetition of that.
    assert_eq!(scene.told("week", &[Entry::debit(cents - of_first, "W-2", "again")])?, 1);
    let again = left(&scene)?.into_iter().find(|line| line != whole).context("no line is left")?;
    ensure!(refused(&scene, &again, &["--repetition-of", first])?.contains("is no repetition"));
    ensure!(refused(&scene, whole, &["--repetition-of", &file])?.contains("is no repetition"));
    let said = assign(&scene, &again, &["--repetition-of", &file])?;
    ensure!(said["to"] == json!({"whose": "repetition", "of": file}), "{said}");
    assert_eq!(left(&scene)?, vec![whole.clone()]);
    scene.holds()
}

/// Notifications name what statements do not.
#[test]
fn a_return_that_was_told_by_name_is_repeated_without_one() -> Result<()> {
    let scene = Scene::of(2)?;
    let (payments, _) = scene.released()?;
    let [(id, cents), (other, of_other)] = &payments[..] else { anyhow::bail!("{payments:?}") };
    let note = |name: &str, entries: &[Entry<'_>]| -> Result<usize> {
        let noted = statement(name, entries).replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn").replace("Stmt>", "Ntfctn>");
        fs::write(scene.data.path().join(name), noted)?;
        scene.book(&[name.to_owned()])
    };
    let paid = [Entry::debit(*cents, "N-1", "payout").of_payment(id), Entry::debit(*of_other, "N-2", "payout").of_payment(other)];
    assert_eq!(note("noon", &paid)?, 0);
    assert_eq!(note("later", &[Entry::credit(*cents, "N-3", "returned").of_payment(id).returned()])?, 0);
    assert_eq!(scene.told("night", &[Entry::credit(*cents, "B-3", "incoming")])?, 1);
    let line = only(&scene)?;
    for (whose, says) in [
        (["--payment", id.as_str()], "say --repetition-of"),
        (["--repetition-of", other.as_str()], "is no repetition"),
        (["--repetition-of", "NOBODY-1"], "is no repetition"),
    ] {
        let said = refused(&scene, &line, &whose)?;
        ensure!(said.contains(says), "{whose:?}: {said}");
    }
    ensure!(refused(&scene, &line, &["--repetition"])?.contains("name that with --repetition-of"));
    assign(&scene, &line, &["--repetition-of", id])?;
    assert_eq!((left(&scene)?, units(&scene.balance("suspense")?)?, state(&scene, "pty_0")?), (vec![], 0, "returned".to_owned()));
    // The statement of the week tells the same line: it is not booked again.
    assert_eq!(scene.told("week", &[Entry::credit(*cents, "B-3", "incoming")])?, 1);
    assert_eq!(units(&scene.balance("suspense")?)?, 0);
    assign(&scene, &only(&scene)?, &["--repetition-of", id])?;
    assert_eq!(units(&scene.balance("bank")?)?, -of_other * CENT);
    scene.holds()
}

/// A debit that was taken for a second one does not keep what came back from its payment for ever.
#[test]
fn a_return_that_was_held_becomes_that_of_its_payment() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = scene.released()?.0.pop().context("no payment")?;
    let paid = |reference| Entry::debit(cents, reference, "payout").of_payment(&id);
    assert_eq!((scene.told("night", &[paid("B-1")])?, scene.told("week", &[paid("T-1")])?), (0, 1));
    let debit = only(&scene)?;
    assert_eq!(scene.told("back", &[Entry::credit(cents, "B-2", "returned").of_payment(&id).returned()])?, 1);
    let back = left(&scene)?.into_iter().find(|line| *line != debit).context("no line is left")?;
    ensure!(refused(&scene, &back, &["--payment", &id])?.contains("has gone out, too"));
    assign(&scene, &debit, &["--repetition"])?;
    assign(&scene, &back, &["--payment", &id])?;
    assert_eq!((state(&scene, "pty_0")?, left(&scene)?, units(&scene.balance("bank")?)?), ("returned".to_owned(), vec![], 0));
    scene.holds()?;
    // Told again by its name it is no news, nor is another one a return of the same.
    let again = Entry::credit(cents, "B-2", "returned").of_payment(&id).returned();
    assert_eq!(scene.told("year", &[again])?, 0);
    assert_eq!(scene.told("more", &[Entry::credit(cents, "B-7", "returned").of_payment(&id).returned()])?, 1);
    scene.holds()
}

/// What the bank keeps of what comes back, and does not tell, is the MID's to bear.
#[test]
fn a_return_of_less_is_owed_in_full_once_a_person_says_what_the_rest_is() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = scene.released()?.0.pop().context("no payment")?;
    let fee = units(&scene.balance("fee_income")?)?;
    // The same of what goes out.
    assert_eq!(scene.told("night", &[Entry::debit(cents + 25, "B-1", "payout").of_payment(&id)])?, 1);
    let debit = only(&scene)?;
    ensure!(scene.data.ok(["bank", "exceptions"])?.contains("and the payment is of"));
    ensure!(refused(&scene, &debit, &["--payment", &id])?.contains("say so with --with-charges"));
    assign(&scene, &debit, &["--payment", &id, "--with-charges"])?;
    let owed = units(&scene.balance("party_payable:pty_0")?)?;
    assert_eq!(scene.told("back", &[Entry::credit(cents - 150, "B-2", "returned").of_payment(&id).returned()])?, 1);
    let back = only(&scene)?;
    assert_eq!((units(&scene.balance("suspense")?)?, state(&scene, "pty_0")?), (-(cents - 150) * CENT, "settled".to_owned()));
    let said = assign(&scene, &back, &["--payment", &id, "--with-charges"])?;
    ensure!(said["to"]["charges"] == "1.500000000000", "{said}");
    assert_eq!((state(&scene, "pty_0")?, left(&scene)?), ("returned".to_owned(), vec![]));
    let accounts =
        ["party_payable:pty_0", "suspense", "bank", "fee_income"].map(|account| scene.balance(account).and_then(|sum| units(&sum)));
    let [payable, suspense, bank, income] = accounts;
    assert_eq!((payable?, suspense?, bank?, income?), (owed - cents * CENT, 0, -175 * CENT, fee + 175 * CENT));
    scene.holds()
}

/// Money that moved though the bank had said that it would not is on its account, and leaves nothing once it is back.
#[test]
fn what_went_out_after_it_was_rejected_is_a_line() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = scene.released()?.0.pop().context("no payment")?;
    assert_eq!(scene.report("refused", &id, "RJCT")?, 0);
    let owed = units(&scene.balance("party_payable:pty_0")?)?;
    let moved = [Entry::debit(cents, "B-1", "payout").of_payment(&id), Entry::credit(cents, "B-2", "returned").of_payment(&id).returned()];
    assert_eq!(scene.told("night", &moved)?, 2);
    let lines = left(&scene)?;
    let [debit, back] = &lines[..] else { anyhow::bail!("{lines:?}") };
    ensure!(refused(&scene, debit, &["--payment", &id])?.contains("is rejected"));
    assign(&scene, debit, &["--against", back])?;
    assert_eq!((left(&scene)?, state(&scene, "pty_0")?), (vec![], "rejected".to_owned()));
    assert_eq!((units(&scene.balance("party_payable:pty_0")?)?, units(&scene.balance("bank")?)?), (owed, 0));
    scene.holds()
}

/// What a message has told by name, and a statement tells with more or less: only the rest is booked, and that can be taken back.
#[test]
fn what_the_bank_has_kept_is_charged_beside_what_was_told() -> Result<()> {
    let scene = Scene::of(1)?;
    let (id, cents) = scene.released()?.0.pop().context("no payment")?;
    let fee = units(&scene.balance("fee_income")?)?;
    assert_eq!(scene.report("settled", &id, "ACSC")?, 0);
    let more = Entry::debit(cents + 25, "B-1", "payout").of_payment(&id);
    assert_eq!(scene.told("night", &[more])?, 1);
    let line = only(&scene)?;
    ensure!(refused(&scene, &line, &["--payment", &id])?.contains("say --repetition-of"));
    ensure!(refused(&scene, &line, &["--repetition-of", &id])?.contains("--with-charges"));
    let said = assign(&scene, &line, &["--repetition-of", &id, "--with-charges"])?;
    ensure!(said["to"]["charges"] == "0.250000000000", "{said}");
    let charged = |cents: i64| -> Result<()> {
        assert_eq!(units(&scene.balance("fee_income")?)?, fee + cents * CENT);
        scene.holds()
    };
    charged(25)?;
    assign(&scene, &line, &["--suspense"])?;
    charged(0)?;
    assign(&scene, &line, &["--repetition-of", &id, "--with-charges"])?;
    charged(25)?;
    // It counts, so another statement that tells it tells it again, and nothing is charged twice.
    assert_eq!(scene.told("week", &[more])?, 1);
    ensure!(refused(&scene, &only(&scene)?, &["--repetition-of", &id, "--with-charges"])?.contains("is charged by line"));
    assign(&scene, &only(&scene)?, &["--repetition"])?;
    charged(25)?;
    assert_eq!((left(&scene)?, units(&scene.balance("bank")?)?), (vec![], -(cents + 25) * CENT));
    Ok(())
}

/// A debit without a name lies about while what came back is taken in: both are nothing together.
#[test]
fn a_debit_whose_payment_has_come_back_already_moves_nothing() -> Result<()> {
    let scene = Scene::of(2)?;
    let (payments, file) = scene.released()?;
    let [(id, cents), (_, of_other)] = &payments[..] else { anyhow::bail!("{payments:?}") };
    let owed = units(&scene.balance("party_payable:pty_0")?)?;
    assert_eq!(scene.told("night", &[Entry::debit(cents + of_other, "B-1", "collective")])?, 1);
    assert_eq!(scene.told("back", &[Entry::credit(*cents, "B-2", "returned").of_payment(id).returned()])?, 0);
    assert_eq!((state(&scene, "pty_0")?, units(&scene.balance("bank")?)?), ("returned".to_owned(), 0));
    assign(&scene, &only(&scene)?, &["--payment", &file])?;
    assert_eq!((state(&scene, "pty_0")?, state(&scene, "pty_1")?), ("returned".to_owned(), "settled".to_owned()));
    assert_eq!(units(&scene.balance("party_payable:pty_0")?)?, owed - cents * CENT);
    assert_eq!(units(&scene.balance("bank")?)?, -of_other * CENT);
    scene.holds()
}

/// What other messages have told of some of a file's payments is part of what the whole file's debit is of.
#[test]
fn what_was_told_of_some_is_part_of_what_all_are() -> Result<()> {
    let scene = Scene::of(3)?;
    let (payments, file) = scene.released()?;
    let (first, of_first) = &payments[0];
    let all: i64 = payments.iter().map(|(_, cents)| cents).sum();
    assert_eq!(scene.report("first", first, "ACSC")?, 0);
    assert_eq!(scene.told("night", &[Entry::debit(all, "B-1", "collective")])?, 1);
    let line = only(&scene)?;
    // The first is no charge of the bank's.
    ensure!(!refused(&scene, &line, &["--payment", first])?.contains("--with-charges"));
    let said = assign(&scene, &line, &["--payment", &file])?;
    ensure!(said["to"]["charges"].is_null(), "{said}");
    assert_eq!(scene.states("2026-10")?, [("settled".to_owned(), 3)].into());
    assert_eq!(units(&scene.balance("bank")?)?, -all * CENT);
    scene.holds()?;
    // A second one can be nobody's but a person's to name.
    assert_eq!(scene.told("week", &[Entry::debit(all, "B-2", "collective")])?, 1);
    ensure!(refused(&scene, &only(&scene)?, &["--payment", &file])?.contains("say --repetition-of"));
    // What came back of all is of those that had not come back.
    assert_eq!(scene.told("back", &[Entry::credit(*of_first, "B-3", "returned").of_payment(first).returned()])?, 0);
    assign(&scene, &only(&scene)?, &["--repetition-of", &file])?;
    assert_eq!(scene.told("rest", &[Entry::credit(all - of_first, "B-4", "collective")])?, 1);
    assign(&scene, &only(&scene)?, &["--payment", &file])?;
    assert_eq!((scene.states("2026-10")?, units(&scene.balance("bank")?)?), ([("returned".to_owned(), 3)].into(), 0));
    scene.holds()
}

/// What was told of some of a file's payments stays told, whatever becomes of the others.
#[test]
fn a_repetition_of_some_of_a_file_stays_one() -> Result<()> {
    let scene = Scene::of(3)?;
    let (payments, file) = scene.released()?;
    let named: Vec<Entry<'_>> = payments.iter().map(|(id, cents)| Entry::debit(*cents, "NONREF", "payout").of_payment(id)).collect();
    assert_eq!(scene.told("first", &named[..2])?, 0);
    let cents: i64 = payments[..2].iter().map(|(_, cents)| cents).sum();
    assert_eq!(scene.told("again", &[Entry::debit(cents, "B-1", "collective")])?, 1);
    assign(&scene, &only(&scene)?, &["--repetition-of", &file])?;
    assert_eq!(scene.told("third", &named[2..])?, 0);
    scene.holds()
}
