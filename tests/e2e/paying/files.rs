//! What the bank tells of all payments of a file at once, beside what it tells of each.

use super::assigned::{assign, left, refused};
use super::scene::{Scene, units};
use super::statements::{Entry, statement};
use super::undone::noted;
use anyhow::{Context, Result, ensure};
use std::fs;

const CENT: i64 = 10_000_000_000;

/// What a statement tells of all payments of a file; how many lines are left to a person.
fn told_whole(scene: &Scene, file: &str, name: &str, entry: Entry<'_>) -> Result<usize> {
    told_all(scene, file, name, &[entry])
}

fn told_all(scene: &Scene, file: &str, name: &str, entries: &[Entry<'_>]) -> Result<usize> {
    booked(scene, file, name, &statement(name, entries))
}

/// The same of an entry that undoes another.
fn given_back(scene: &Scene, file: &str, name: &str, entry: Entry<'_>) -> Result<usize> {
    booked(scene, file, name, &statement(name, &[entry]).replace("<AcctSvcrRef>", "<RvslInd>true</RvslInd><AcctSvcrRef>"))
}

/// Entries for all are of the file, and those of payments are what they are.
fn booked(scene: &Scene, file: &str, name: &str, statement: &str) -> Result<usize> {
    let details = "<TxDtls><RmtInf><Ustrd>all</Ustrd></RmtInf></TxDtls>";
    let whole = statement.replace(details, &format!("<Btch><MsgId>{file}</MsgId></Btch>"));
    ensure!(whole.contains("<Btch>"), "{whole}");
    fs::write(scene.data.path().join(name), whole)?;
    scene.book(&[name.to_owned()])
}

/// Notifications name each payment of a file, statements the file alone.
#[test]
fn a_file_that_was_paid_twice_is_seen_where_each_payment_was_told_before() -> Result<()> {
    let scene = Scene::of(2)?;
    let (payments, file) = scene.released()?;
    let entries: Vec<Entry<'_>> = payments.iter().map(|(id, cents)| Entry::debit(*cents, "N-1", "payout").of_payment(id)).collect();
    assert_eq!(noted(&scene, "noon", &entries)?, 0);
    let cents: i64 = payments.iter().map(|(_, cents)| cents).sum();
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
    let (payments, file) = scene.released()?;
    let cents: i64 = payments.iter().map(|(_, cents)| cents).sum();
    let whole = |name: &str, references: &[&str]| -> Result<usize> {
        let entries: Vec<Entry<'_>> = references.iter().map(|reference| Entry::debit(cents, reference, "all")).collect();
        told_all(&scene, &file, name, &entries)
    };
    assert_eq!(whole("twice", &["B-1", "B-2"])?, 1);
    assert_eq!((whole("week", &["B-1"])?, left(&scene)?.len()), (0, 1));
    scene.holds()?;
    // One was refused, and the bank debits what cannot be.
    let other = Scene::of(2)?;
    let (payments, file) = other.released()?;
    let [(refused, _), (settled, paid)] = &payments[..] else { anyhow::bail!("{payments:?}") };
    assert_eq!((other.report("refused", refused, "RJCT")?, other.report("settled", settled, "ACSC")?), (0, 0));
    assert_eq!(told_all(&other, &file, "night", &[Entry::debit(cents - 1, "B-1", "all")])?, 1);
    ensure!(other.data.ok(["bank", "exceptions"])?.contains("do not sum to that"));
    assert_eq!(left(&other)?.len(), 1);
    // What was not refused is what the bank debits next, under another name than before.
    assert_eq!(told_all(&other, &file, "week", &[Entry::debit(*paid, "B-2", "all")])?, 0);
    assert_eq!(told_all(&other, &file, "month", &[Entry::debit(*paid, "B-2", "all")])?, 0);
    other.holds()
}

/// Banks that have rejected a payment debit its file whole all the same, and give it back by an entry of its own.
#[test]
fn a_rejected_payment_that_was_debited_with_its_file_is_put_against_what_comes_back() -> Result<()> {
    for is_reported in [false, true] {
        let scene = Scene::of(3)?;
        let (payments, file) = scene.released()?;
        let all: i64 = payments.iter().map(|(_, cents)| cents).sum();
        let (rejected, of_rejected) = (&payments[0].0, payments[0].1);
        let paid = all - of_rejected;
        assert_eq!(scene.report("rejected", rejected, "RJCT")?, 0);
        if is_reported {
            let settled = |(number, (id, _)): (usize, &(String, i64))| scene.report(&format!("paid-{number}"), id, "ACSC");
            assert_eq!(payments.iter().enumerate().skip(1).map(settled).sum::<Result<usize>>()?, 0);
        }
        assert_eq!(told_all(&scene, &file, "night", &[Entry::debit(all, "B-1", "all")])?, 1);
        assert_eq!(scene.states("2026-10")?, [("rejected".to_owned(), 1), ("settled".to_owned(), 2)].into());
        assert_eq!(units(&scene.balance("bank")?)?, -paid * CENT);
        let debit = left(&scene)?.pop().context("no line is left")?;
        let said = scene.data.ok(["bank", "exceptions"])?;
        ensure!(said.contains("is debited with it") && said.contains(rejected.as_str()), "{said}");
        scene.holds()?;
        // The same is told again in another message.
        assert_eq!((told_all(&scene, &file, "week", &[Entry::debit(all, "B-1", "all")])?, left(&scene)?), (0, vec![debit.clone()]));
        let back = Entry::credit(of_rejected, "B-2", "rejected").of_payment(rejected).returned();
        assert_eq!(scene.told("morning", &[back])?, 1);
        assert_eq!(left(&scene)?.len(), 2);
        let credit = left(&scene)?.into_iter().find(|line| *line != debit).context("what came back is no line")?;
        assign(&scene, &debit, &["--against", &credit])?;
        let balances = ["bank", "suspense"].map(|account| scene.balance(account).and_then(|sum| units(&sum)));
        let [bank, suspense] = balances;
        assert_eq!((left(&scene)?, bank?, suspense?), (vec![], -paid * CENT, 0));
        scene.holds()?;
        // Another debit of the file is a second one, and one line.
        assert_eq!(told_all(&scene, &file, "twice", &[Entry::debit(all, "B-7", "all")])?, 1);
        assert_eq!(left(&scene)?.len(), 1);
        scene.holds()?;
    }
    Ok(())
}

/// What a credit for the file gives back, where some of it had been rejected and was debited all the same.
#[test]
fn what_a_bank_gives_back_of_a_file_is_told_apart_from_what_comes_back_of_it() -> Result<()> {
    // All of it; only what was rejected; and as much as the only other payment is of.
    for (parties, rejected, back) in [(3, 1, 3), (3, 2, 2), (2, 1, 1)] {
        let scene = Scene::of(parties)?;
        let (payments, file) = scene.released()?;
        let sum = |payments: &[(String, i64)]| payments.iter().map(|(_, cents)| cents).sum::<i64>();
        for (number, (id, _)) in payments.iter().take(rejected).enumerate() {
            assert_eq!(scene.report(&format!("no-{number}"), id, "RJCT")?, 0);
        }
        assert_eq!(told_all(&scene, &file, "night", &[Entry::debit(sum(&payments), "B-1", "all")])?, rejected);
        let debits = left(&scene)?;
        given_back(&scene, &file, "morning", Entry::credit(sum(&payments[..back]), "B-2", "all"))?;
        let credits: Vec<String> = left(&scene)?.into_iter().filter(|line| !debits.contains(line)).collect();
        // The same again is the same; what may be either is a line, and told again as such.
        let is_either = back == 1 && payments[0].1 == payments[1].1;
        assert_eq!(given_back(&scene, &file, "week", Entry::credit(sum(&payments[..back]), "B-2", "all"))?, usize::from(is_either));
        let again = left(&scene)?.into_iter().filter(|line| !debits.contains(line) && !credits.contains(line));
        for line in again {
            assign(&scene, &line, &["--repetition"])?;
        }
        assert_eq!(credits.len(), rejected, "{parties} {rejected} {back}");
        for (debit, credit) in debits.iter().zip(&credits) {
            assign(&scene, debit, &["--against", credit])?;
        }
        let returned = scene.states("2026-10")?.get("returned").copied().unwrap_or_default();
        let paid = if back > rejected { 0 } else { sum(&payments[rejected..]) };
        assert_eq!((returned, left(&scene)?), (back - rejected, vec![]));
        assert_eq!(units(&scene.balance("bank")?)?, -paid * CENT);
        assert_eq!(units(&scene.balance("suspense")?)?, 0);
        scene.holds()?;
    }
    Ok(())
}

/// What is told again without a name is a repetition of the whole file, also of what was rejected of it.
#[test]
fn a_debit_with_what_was_rejected_is_repeated_as_a_whole() -> Result<()> {
    let scene = Scene::of(3)?;
    let (payments, file) = scene.released()?;
    let all: i64 = payments.iter().map(|(_, cents)| cents).sum();
    assert_eq!(scene.report("rejected", &payments[0].0, "RJCT")?, 0);
    assert_eq!(told_all(&scene, &file, "night", &[Entry::debit(all, "B-1", "all")])?, 1);
    let debit = left(&scene)?.pop().context("no line is left")?;
    assert_eq!(scene.told("week", &[Entry::debit(all, "W-1", "collective")])?, 1);
    let again = left(&scene)?.into_iter().find(|line| *line != debit).context("no second line")?;
    assign(&scene, &again, &["--repetition-of", &file])?;
    assert_eq!(left(&scene)?, vec![debit.clone()]);
    scene.holds()?;
    // What it rests on stays what it is.
    let said = refused(&scene, &debit, &["--repetition-of", &payments[0].0])?;
    ensure!(said.contains("is no repetition") || said.contains("is said to be a repetition"), "{said}");
    scene.holds()
}

/// What was rejected is debited by an entry of its own, in notifications and in statements, which call it otherwise; and its file once more with it.
#[test]
fn a_rejected_payment_that_was_debited_singly_is_none_of_its_file_for_sure() -> Result<()> {
    let scene = Scene::of(3)?;
    let (payments, file) = scene.released()?;
    let all: i64 = payments.iter().map(|(_, cents)| cents).sum();
    let (rejected, cents) = (&payments[0].0, payments[0].1);
    let single = |reference| Entry::debit(cents, reference, "payout").of_payment(rejected);
    assert_eq!(scene.report("rejected", rejected, "RJCT")?, 0);
    let noon = statement("noon", &[single("N-0"), Entry::debit(all - cents, "N-1", "all")]);
    let noon = noon.replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn").replace("Stmt>", "Ntfctn>");
    assert_eq!(booked(&scene, &file, "noon", &noon)?, 1);
    let debit = left(&scene)?;
    // The night tells both again: the single one may be another, and what is left of the file is what was told of it.
    assert_eq!(told_all(&scene, &file, "night", &[single("B-0"), Entry::debit(all - cents, "B-1", "all")])?, 1);
    let again = left(&scene)?.into_iter().find(|line| !debit.contains(line)).context("no line is told again")?;
    assign(&scene, &again, &["--repetition"])?;
    assert_eq!((left(&scene)?, units(&scene.balance("bank")?)?), (debit, -(all - cents) * CENT));
    scene.holds()?;
    // The file is debited as a whole, and the rejected one was before: that is more than can be.
    for (parties, others) in [(3, 2), (1, 0)] {
        let scene = Scene::of(parties)?;
        let (payments, file) = scene.released()?;
        let all: i64 = payments.iter().map(|(_, cents)| cents).sum();
        let (rejected, cents) = (&payments[0].0, payments[0].1);
        assert_eq!(scene.report("rejected", rejected, "RJCT")?, 0);
        assert_eq!(scene.told("single", &[Entry::debit(cents, "X-3", "payout").of_payment(rejected)])?, 1);
        assert_eq!((told_all(&scene, &file, "night", &[Entry::debit(all, "B-1", "all")])?, left(&scene)?.len()), (1, 2), "{others}");
        scene.holds()?;
    }
    Ok(())
}

/// Entries that tell what was told before are known by their names from then on.
#[test]
fn a_second_debit_is_seen_whatever_told_the_first() -> Result<()> {
    let scene = Scene::of(2)?;
    let (payments, file) = scene.released()?;
    let [(id, cents), (_, of_other)] = &payments[..] else { anyhow::bail!("{payments:?}") };
    let named = |cents, reference| Entry::debit(cents, reference, "payout").of_payment(id);
    // One was reported, and the file's debit tells of both.
    assert_eq!(scene.report("settled", id, "ACSC")?, 0);
    assert_eq!(told_all(&scene, &file, "night", &[Entry::debit(cents + of_other, "B-1", "all")])?, 0);
    assert_eq!((scene.told("again", &[named(*cents, "B-7")])?, left(&scene)?.len()), (1, 1));
    scene.holds()?;
    // One came back before a statement told its debit, which had been reported.
    let scene = Scene::of(2)?;
    let (payments, _) = scene.released()?;
    let (id, cents) = (&payments[0].0, payments[0].1);
    let named = |reference| Entry::debit(cents, reference, "payout").of_payment(id);
    let back = Entry::credit(cents, "N-2", "returned").of_payment(id).returned();
    assert_eq!((scene.report("settled", id, "ACSC")?, noted(&scene, "noon", &[back])?), (0, 0));
    assert_eq!(scene.told("night", &[named("B-1"), Entry::credit(cents, "B-2", "returned").of_payment(id).returned()])?, 0);
    assert_eq!((scene.told("again", &[named("B-9")])?, left(&scene)?.len()), (1, 1));
    scene.holds()?;
    // One came back before anything told that it went out, and one statement tells two debits of it.
    let scene = Scene::of(2)?;
    let (payments, file) = scene.released()?;
    let (id, cents) = (&payments[0].0, payments[0].1);
    let all: i64 = payments.iter().map(|(_, cents)| cents).sum();
    let back = Entry::credit(cents, "N-2", "returned").of_payment(id).returned();
    assert_eq!(noted(&scene, "noon", &[back])?, 0);
    let both = [Entry::debit(all, "B-1", "all"), Entry::debit(cents, "B-2", "payout").of_payment(id)];
    assert_eq!((told_all(&scene, &file, "night", &both)?, left(&scene)?.len()), (1, 1));
    scene.holds()
}

/// Where all were rejected nothing tells that the debit is their file's, and two that are alike are two lines.
#[test]
fn rejected_payments_are_told_apart_and_alone_are_what_no_debit_is_of() -> Result<()> {
    let scene = Scene::of(3)?;
    let (payments, file) = scene.released()?;
    let all: i64 = payments.iter().map(|(_, cents)| cents).sum();
    for (number, (id, _)) in payments.iter().take(2).enumerate() {
        assert_eq!(scene.report(&format!("no-{number}"), id, "RJCT")?, 0);
    }
    assert_eq!(told_all(&scene, &file, "night", &[Entry::debit(all, "B-1", "all")])?, 2);
    assert_eq!((left(&scene)?.len(), told_all(&scene, &file, "week", &[Entry::debit(all, "B-1", "all")])?), (2, 0));
    scene.holds()?;
    let other = Scene::of(2)?;
    let (payments, file) = other.released()?;
    for (number, (id, _)) in payments.iter().enumerate() {
        assert_eq!(other.report(&format!("no-{number}"), id, "RJCT")?, 0);
    }
    let all: i64 = payments.iter().map(|(_, cents)| cents).sum();
    assert_eq!(told_all(&other, &file, "night", &[Entry::debit(all, "B-1", "all")])?, 1);
    assert_eq!((left(&other)?.len(), units(&other.balance("bank")?)?), (1, 0));
    other.holds()
}

/// What comes back before anything has told that it went out is nothing, together with its debit; the next debit is another one.
#[test]
fn a_second_debit_of_what_came_back_early_is_seen() -> Result<()> {
    let scene = Scene::of(2)?;
    let (payments, file) = scene.released()?;
    let [(id, cents), (other, of_other)] = &payments[..] else { anyhow::bail!("{payments:?}") };
    let (cents, of_other) = (*cents, *of_other);
    let back = Entry::credit(cents, "N-1", "returned").of_payment(id).returned();
    assert_eq!(noted(&scene, "noon", &[back])?, 0);
    assert_eq!(scene.payments("2026-10")?["pty_0"]["state"], "returned");
    assert_eq!(told_all(&scene, &file, "night", &[Entry::debit(cents + of_other, "B-1", "all")])?, 0);
    assert_eq!(scene.states("2026-10")?, [("returned".to_owned(), 1), ("settled".to_owned(), 1)].into());
    // Statements tell it again, each payment or all, and its return under another name than notifications.
    let named = |id, cents, reference| Entry::debit(cents, reference, "payout").of_payment(id);
    assert_eq!(told_all(&scene, &file, "week", &[Entry::debit(cents + of_other, "B-1", "all")])?, 0);
    assert_eq!(scene.told("details", &[named(id, cents, "B-1"), named(other, of_other, "B-1"), back])?, 0);
    scene.holds()?;
    assert_eq!(scene.told("twice", &[named(id, cents, "B-7")])?, 1);
    ensure!(scene.data.ok(["bank", "exceptions"])?.contains("hold that back"));
    assert_eq!(units(&scene.balance("bank")?)?, -of_other * CENT);
    scene.holds()
}

/// A payment is debited singly, and then the whole file with it.
#[test]
fn a_payment_that_is_debited_singly_and_with_its_file_is_seen() -> Result<()> {
    let scene = Scene::of(2)?;
    let (payments, file) = scene.released()?;
    let cents = |party: usize| payments[party].1;
    let id = &payments[0].0;
    assert_eq!(scene.told("first", &[Entry::debit(cents(0), "B-0", "payout").of_payment(id)])?, 0);
    let all = cents(0) + cents(1);
    assert_eq!(told_all(&scene, &file, "night", &[Entry::debit(all, "B-1", "all")])?, 1);
    assert_eq!((left(&scene)?.len(), scene.states("2026-10")?), (1, [("released".to_owned(), 1), ("settled".to_owned(), 1)].into()));
    scene.holds()
}

/// One statement has a payment of a file singly, and all others of it in one entry.
#[test]
fn what_is_told_of_one_comes_before_what_it_leaves_of_all() -> Result<()> {
    let scene = Scene::of(3)?;
    let (payments, file) = scene.released()?;
    let cents = |party: usize| payments[party].1;
    let id = &payments[0].0;
    let rest = Entry::debit(cents(1) + cents(2), "B-1", "all");
    let one = Entry::debit(cents(0), "B-0", "payout").of_payment(id);
    for name in ["first", "again"] {
        assert_eq!(told_all(&scene, &file, name, &[rest, one])?, 0, "{name}");
        assert_eq!(scene.states("2026-10")?, [("settled".to_owned(), 3)].into());
        scene.holds()?;
    }
    Ok(())
}

/// All payments of a file in one entry, twice.
#[test]
fn a_file_that_the_bank_has_paid_twice_is_seen() -> Result<()> {
    let scene = Scene::of(2)?;
    let (payments, file) = scene.released()?;
    let cents: i64 = payments.iter().map(|(_, cents)| cents).sum();
    let whole = |name: &str, reference: &str| told_whole(&scene, &file, name, Entry::debit(cents, reference, "all"));
    assert_eq!((whole("first", "B-1")?, whole("week", "B-1")?), (0, 0));
    assert_eq!((whole("again", "B-2")?, left(&scene)?.len()), (1, 1));
    // It is undone, and none of the payments has come back by that.
    assert_eq!(given_back(&scene, &file, "undone", Entry::credit(cents, "B-3", "all"))?, 1);
    let lines = left(&scene)?;
    let [debit, credit] = &lines[..] else { anyhow::bail!("{lines:?}") };
    assign(&scene, debit, &["--against", credit])?;
    assert_eq!((left(&scene)?, scene.states("2026-10")?), (vec![], [("settled".to_owned(), 2)].into()));
    scene.holds()
}
