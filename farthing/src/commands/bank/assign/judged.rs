//! Whether a line can be whose it is said to be.

use crate::books::Books;
use crate::payouts::lines::AccountLine;
use crate::payouts::met::Met;
use anyhow::ensure;
use farthing_schemas::Money;
use farthing_schemas::manifest::AssignedTo;
use farthing_schemas::money::from_stored_text;
use farthing_settle::journal::Line;

/// Says why a line cannot be assigned so.
pub fn may_be(books: &Books, all: &[AccountLine], line: &AccountLine, to: &AssignedTo) -> anyhow::Result<()> {
    let (number, is_debit) = (line.number, line.money.amount < Money::ZERO);
    match to {
        AssignedTo::Platform { platform, cycle: None } => is_for_no_claim(books, all, line, platform)?,
        AssignedTo::Platform { .. } | AssignedTo::Suspense => {}
        // Whatever comes in may be somebody's: the MID does not help itself to it.
        AssignedTo::Charges => ensure!(is_debit, "line {number} came in: what comes in is not the MID's to keep, and charges go out"),
        AssignedTo::Claim { .. } | AssignedTo::Remittance { .. } => is_payment_of(books, all, line, to)?,
        AssignedTo::Repetition => is_told_twice(all, line)?,
    }
    Ok(())
}

/// Another line of the same sum counts: of this MID, or of another one that took in the same message.
fn is_told_twice(all: &[AccountLine], line: &AccountLine) -> anyhow::Result<()> {
    let Line { amount, currency, .. } = &line.money;
    let same = |other: &&AccountLine| (&other.money.amount, &other.money.currency) == (amount, currency);
    let may_be = |other: &&AccountLine| {
        let in_message = (&other.money.message_sha256, other.row.line) == (&line.money.message_sha256, line.row.line);
        other.number != line.number && other.counts() && (other.money.mid == line.money.mid || in_message)
    };
    let number = line.number;
    ensure!(
        all.iter().filter(same).any(|other| may_be(&other)),
        "line {number} is no repetition: no other line of {amount} {currency} counts"
    );
    Ok(())
}

/// Of what was booked before the bank told it, its payments are no more.
fn is_payment_of(books: &Books, all: &[AccountLine], line: &AccountLine, to: &AssignedTo) -> anyhow::Result<()> {
    let Some(met) = Met::of(&books.catalog, to)? else { return Ok(()) };
    let others = all.iter().filter(|other| other.number != line.number && other.is(to)).map(|other| other.money.amount);
    met.takes(line.number, &line.money, Money::sum(others)?)
}

/// What was paid for unlicensed use is booked with its claim: given to the same platform once more, it would count twice. Which invoice a line
/// pays is for a person to know.
fn is_for_no_claim(books: &Books, all: &[AccountLine], line: &AccountLine, platform: &str) -> anyhow::Result<()> {
    for (number, made) in books.catalog.claims.iter() {
        let claim = AssignedTo::Claim { claim: number };
        let Some((payment, paid)) = made.claim.paid().filter(|(payment, _)| payment.platform == platform) else { continue };
        let is_its = (paid.mid.as_str(), payment.currency.as_deref()) == (line.money.mid.as_str(), Some(line.money.currency.code()));
        let others = all.iter().filter(|other| other.number != line.number && other.is(&claim));
        let put = Money::sum(others.map(|other| other.money.amount))?;
        let left = from_stored_text(&paid.amount)?.minus(put)?;
        ensure!(
            !is_its || line.money.amount <= Money::ZERO || line.money.amount > left,
            "line {} may be what {platform} has paid for claim {number}, of which {left} is not seen on the account yet: if it is, say so with \
             --claim {number}, and if it pays an invoice, name that with --invoice",
            line.number
        );
    }
    Ok(())
}
