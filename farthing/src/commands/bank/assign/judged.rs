//! Whether a line can be whose it is said to be.

use crate::books::Books;
use crate::payouts::lines::{AccountLine, kept, taken_back};
use crate::payouts::met::met;
use crate::payouts::put::{Beside, have_told, id_of};
use anyhow::{Context, bail, ensure};
use farthing_archive::assignments::Assigned;
use farthing_archive::claims::Made;
use farthing_schemas::Money;
use farthing_schemas::manifest::AssignedTo;
use farthing_settle::journal::Line;

/// Says why a line cannot be assigned so.
pub async fn may_be(books: &Books, all: &[AccountLine], line: &AccountLine, to: &AssignedTo) -> anyhow::Result<()> {
    let (number, is_debit) = (line.number, line.money.amount < Money::ZERO);
    if let Some(by) = line.taken_back_by {
        bail!("line {number} is taken back by line {by}: say first whose that one is, with --suspense if it is nobody's");
    }
    match to {
        AssignedTo::Platform { platform, cycle: None } => is_for_no_claim(books, all, line, platform)?,
        // Which payments it tells of was looked for by what it can tell of them.
        AssignedTo::Platform { .. } | AssignedTo::Suspense | AssignedTo::Payees { .. } => {}
        // Whatever comes in may be somebody's: the MID does not help itself to it.
        AssignedTo::Charges => ensure!(is_debit, "line {number} came in: what comes in is not the MID's to keep, and charges go out"),
        AssignedTo::Claim { .. } | AssignedTo::Remittance { .. } => is_payment_of(books, all, line, to)?,
        AssignedTo::Repetition { .. } => {
            let all: Vec<&AccountLine> = all.iter().collect();
            is_told_twice(books, &all, line, to, books.catalog.sequence + 1).await?;
        }
        AssignedTo::Against { .. } => is_against_one(all, line, to)?,
    }
    // What is about a payment tells something of it until a person says that it is something else.
    let is_about_it = line.about.is_some() && !matches!(to, AssignedTo::Suspense | AssignedTo::Against { .. } | AssignedTo::Charges);
    if is_about_it || matches!(to, AssignedTo::Repetition { .. }) {
        bears_nothing(books, all, line, to).await?;
    }
    Ok(())
}

/// What is said to repeat a line that is none any more is told by something else, too; and so is what repeats a payment that it is about, or its file.
async fn bears_nothing(books: &Books, all: &[AccountLine], line: &AccountLine, to: &AssignedTo) -> anyhow::Result<()> {
    let counts = !matches!(to, AssignedTo::Repetition { .. });
    let others: Vec<&AccountLine> = all.iter().filter(|other| other.number != line.number).collect();
    for other in others.iter().copied() {
        let Some(Assigned { sequence, assignment, .. }) = &other.assigned else { continue };
        let AssignedTo::Repetition { of, .. } = &assignment.to else { continue };
        let is_same = (other.money.amount, other.money.currency) == (line.money.amount, line.money.currency);
        let rests_on_it = !counts && is_same;
        let rests_on_its_payment = line.about.is_some() && (of.is_some() || !is_same);
        if rests_on_it || rests_on_its_payment {
            is_told_twice(books, &others, other, &assignment.to, *sequence).await.with_context(|| {
                format!("line {} is said to be a repetition of line {}: say first whose that one is", other.number, line.number)
            })?;
        }
    }
    Ok(())
}

/// Another of these lines, of the same sum, counts, of this MID or of another one that took in the same message; or payments that come to that sum
/// have told the same before the manifest that says so: those that a person names, or else the line's message.
async fn is_told_twice(books: &Books, lines: &[&AccountLine], line: &AccountLine, to: &AssignedTo, said: u64) -> anyhow::Result<()> {
    let (number, Line { amount, currency, .. }) = (line.number, &line.money);
    if let AssignedTo::Repetition { of: Some(of), .. } = to {
        return is_told_of(books, lines, line, (of, kept(Some(to))?), said).await;
    }
    let may_be = |other: &&&AccountLine| {
        let same = (&other.money.amount, &other.money.currency) == (amount, currency);
        let in_message = other.money.message_sha256 == line.money.message_sha256;
        same && other.number != number && other.counts() && (other.money.mid == line.money.mid || in_message)
    };
    if lines.iter().any(|other| may_be(&other)) {
        return Ok(());
    }
    let beside = have_told(books, lines, line, id_of(line.about.as_deref().unwrap_or_default()), said).await?;
    ensure!(
        beside.iter().any(|beside| beside.charges == Money::ZERO),
        "line {number} is no repetition: no other line of {amount} {currency} counts, and it names no payment of that sum that has told it; \
         name that with --repetition-of. If the money has moved, say whose it is, or put it --against the line by which it came back, once that is told"
    );
    Ok(())
}

/// Payments that a person names have told the same before the manifest that says so, but for what the bank has kept; and no other line charges that.
async fn is_told_of(books: &Books, lines: &[&AccountLine], line: &AccountLine, (of, kept): (&str, Money), said: u64) -> anyhow::Result<()> {
    let (number, Line { mid, amount, currency, .. }) = (line.number, &line.money);
    let told = have_told(books, lines, line, of, said).await?;
    let Some(Beside { charges, .. }) = told.first() else {
        let told = line.money.tells();
        bail!("line {number} is no repetition: {of} is no payment, and no file, in {currency} that was told to be {told}");
    };
    let keeps_it = |other: &&&AccountLine| {
        let same = (&other.money.mid, &other.money.amount, &other.money.currency) == (mid, amount, currency);
        same && other.number != number && keeps_of(other, of)
    };
    if let Some(other) = lines.iter().find(keeps_it).filter(|_| kept != Money::ZERO) {
        let by = other.number;
        bail!("line {number}: what the bank has kept of {of} is charged by line {by} already; if it tells the same, say --repetition");
    }
    // As much as another payment of the file is of, or more, is rather that one's.
    let is_less = |beside: &Beside| kept == Money::ZERO || beside.beyond.is_none_or(|beyond| kept < beyond);
    ensure!(
        told.iter().any(|beside| beside.leaves(&line.money, kept) && is_less(beside)),
        "line {number} is no repetition: it is of {amount} {currency}, and beside what was told of {of} that leaves {charges}; what the bank \
         has kept beside a debit, or of one return, is told apart by --with-charges"
    );
    Ok(())
}

/// Whether it is said of a line that the bank has kept something of that.
fn keeps_of(line: &AccountLine, id: &str) -> bool {
    match line.to() {
        Some(AssignedTo::Repetition { of: Some(of), charges: Some(_) } | AssignedTo::Payees { of, charges: Some(_), .. }) => of == id,
        _ => false,
    }
}

/// What it takes back is there, is in suspense, and is taken back by no other.
fn is_against_one(all: &[AccountLine], line: &AccountLine, to: &AssignedTo) -> anyhow::Result<()> {
    let Some(number) = taken_back(to) else { return Ok(()) };
    let other = all.iter().find(|other| other.number == number);
    let other = other.with_context(|| format!("no message of a bank has a line {number}; see: farthing bank lines"))?;
    if let Some(by) = other.taken_back_by.filter(|by| *by != line.number) {
        bail!("line {number} is taken back by line {by} already");
    }
    Ok(line.money.takes_back(&line.number.to_string(), &number.to_string(), &other.money, other.is_in_suspense())?)
}

/// Of what was booked before the bank told it, its payments are no more.
fn is_payment_of(books: &Books, all: &[AccountLine], line: &AccountLine, to: &AssignedTo) -> anyhow::Result<()> {
    let Some((_, met)) = met(&books.catalog, to)? else { return Ok(()) };
    let others = all.iter().filter(|other| other.number != line.number && other.is(to)).map(|other| other.money.amount);
    Ok(met.takes(&line.number.to_string(), &line.money, Money::sum(others)?)?)
}

/// What was paid for unlicensed use is booked with its claim: given to the same platform once more, it would count twice. Which invoice a line
/// pays is for a person to know.
fn is_for_no_claim(books: &Books, all: &[AccountLine], line: &AccountLine, platform: &str) -> anyhow::Result<()> {
    let of_platform =
        |made: &Made| made.claim.payment.as_ref().is_some_and(|payment| payment.platform == platform && payment.paid.is_some());
    for (number, _) in books.catalog.claims.iter().filter(|(_, made)| of_platform(made)) {
        let fits = is_payment_of(books, all, line, &AssignedTo::Claim { claim: number }).is_ok();
        ensure!(
            !fits,
            "line {} may be what {platform} has paid for claim {number}, of which as much is not seen on the account yet: if it is, say so \
             with --claim {number}, and if it pays an invoice, name that with --invoice",
            line.number
        );
    }
    Ok(())
}
