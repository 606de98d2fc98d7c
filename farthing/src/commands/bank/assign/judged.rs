//! Whether a line can be whose it is said to be.

use crate::books::Books;
use crate::payouts::lines::{AccountLine, whose};
use crate::payouts::met::Met;
use anyhow::ensure;
use farthing_schemas::manifest::AssignedTo;
use farthing_schemas::money::from_stored_text;
use farthing_schemas::{Currency, Money};
use farthing_settle::journal::Whose;

/// Says why a line cannot be assigned so.
pub fn may_be(books: &Books, all: &[AccountLine], line: &AccountLine, to: &AssignedTo) -> anyhow::Result<()> {
    let (number, is_debit) = (line.number, line.money.amount < Money::ZERO);
    match to {
        AssignedTo::Platform { .. } | AssignedTo::Suspense => {}
        // Whatever comes in may be somebody's: the MID does not help itself to it.
        AssignedTo::Charges => ensure!(is_debit, "line {number} came in: what comes in is not the MID's to keep, and charges go out"),
        AssignedTo::Claim { .. } | AssignedTo::Remittance { .. } => is_payment_of(books, all, line, to)?,
        AssignedTo::Repetition => {
            ensure!(line.is_told_again(), "line {number} is no repetition: no message before it has told the same day, sum and reference");
        }
    }
    is_in_suspense(books, all, line, to)
}

/// Of what was booked before the bank told it, its payments are no more.
fn is_payment_of(books: &Books, all: &[AccountLine], line: &AccountLine, to: &AssignedTo) -> anyhow::Result<()> {
    let Some(met) = Met::of(&books.catalog, to)? else { return Ok(()) };
    let others = all.iter().filter(|other| other.number != line.number && other.is(to)).map(|other| other.money.amount);
    met.takes(line.number, &line.money, Money::sum(others)?)
}

/// Nothing is taken out of suspense that a claim has taken out of it: what was paid for unlicensed use would be booked twice.
fn is_in_suspense(books: &Books, all: &[AccountLine], line: &AccountLine, to: &AssignedTo) -> anyhow::Result<()> {
    let (mid, currency) = (line.money.mid.as_str(), line.money.currency);
    let of_books = |other: &&AccountLine| other.money.mid == mid && other.money.currency == currency && other.whose() == Whose::Suspense;
    let before = Money::sum(all.iter().filter(of_books).map(|other| other.money.amount))?.minus(claimed(books, mid, currency)?)?;
    let part = |whose: Whose| if whose == Whose::Suspense { line.money.amount } else { Money::ZERO };
    let after = before.minus(part(line.whose()))?.plus(part(whose(Some(to))))?;
    ensure!(
        after >= before || after >= Money::ZERO,
        "line {} cannot be taken out of suspense, where {before} {currency} of {mid} is left: claims have taken what was paid for them from \
         there; if it is the payment for one, say so with --claim",
        line.number
    );
    Ok(())
}

/// What claims have taken out of suspense.
fn claimed(books: &Books, mid: &str, currency: Currency) -> anyhow::Result<Money> {
    let paid = books.catalog.claims.iter().filter_map(|(_, made)| made.claim.paid());
    let ours = paid.filter(|(payment, paid)| (paid.mid.as_str(), payment.currency.as_deref()) == (mid, Some(currency.code())));
    let amounts = ours.map(|(_, paid)| Ok(from_stored_text(&paid.amount)?)).collect::<anyhow::Result<Vec<Money>>>()?;
    Ok(Money::sum(amounts)?)
}
