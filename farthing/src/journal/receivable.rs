//! What entries of the journal book on the accounts of platforms.

mod assigned;

use super::amount_of;
use crate::books::Books;
use anyhow::Context;
use farthing_ledger::{StoredEntry, StoredReceipt};
use farthing_schemas::manifest::CyclePaid;
use farthing_schemas::money::from_stored_text;
use farthing_schemas::{Currency, Day, Instant, Money};
use farthing_settle::journal::{AccountKind, EntryKind};
use farthing_settle::receivables::{Movement, MovementKind};

/// Postings of platforms come first in an entry, and are few beside those of parties.
const PORTION_POSTINGS: u64 = 200;

/// A posting on the account of a platform.
pub struct Posted {
    pub platform: String,
    pub currency: Currency,
    /// A debit above 0, a credit below.
    pub amount: Money,
}

/// The postings of an entry on the accounts of platforms.
pub async fn posted(books: &Books, entry: &StoredEntry) -> anyhow::Result<Vec<Posted>> {
    let kind = AccountKind::PlatformReceivable.as_str();
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let rows = books.ledger.journal_postings_after(entry.number, after, PORTION_POSTINGS).await?;
        for row in rows.iter().take_while(|row| row.account == kind) {
            let name = || format!("journal entry {}, posting {}", entry.number, row.line);
            let (amount, currency) = (amount_of(row).with_context(name)?, row.currency.parse().with_context(name)?);
            found.push(Posted { platform: row.owner.to_string(), currency, amount });
        }
        match rows.last() {
            Some(last) if last.account == kind => after = last.line,
            _ => return Ok(found),
        }
    }
}

/// Whether an entry books what an approval says, or takes it back.
pub fn is_of_approval(entry: &StoredEntry) -> bool {
    [EntryKind::Approval, EntryKind::Withdrawal].iter().any(|kind| kind.as_str() == entry.kind)
}

/// Everything that the accounts of platforms with a MID were debited and credited: receipts for the invoices that they name, and what people assigned.
pub async fn movements(books: &Books, mid: &str) -> anyhow::Result<Vec<Movement>> {
    let receipts = books.ledger.bank_receipts().await?;
    let mut movements = Vec::new();
    for row in books.ledger.journal_entries_after(0).await?.iter().filter(|row| row.mid == mid) {
        let name = || format!("journal entry {}", row.number);
        if row.kind == EntryKind::BankMessage.as_str() {
            movements.extend(of_message(books, row, &receipts).with_context(name)?);
        } else if row.kind == EntryKind::Claim.as_str() {
            movements.extend(of_claim(books, row).with_context(name)?);
        } else if row.kind != EntryKind::Assignment.as_str() {
            movements.extend(of_entry(books, row).await.with_context(name)?);
        }
    }
    movements.extend(assigned::movements(books, mid, &receipts)?);
    Ok(movements)
}

/// What has come in with a bank's message: each receipt for the invoice that it names.
fn of_message(books: &Books, row: &StoredEntry, receipts: &[StoredReceipt]) -> anyhow::Result<Vec<Movement>> {
    let sequence = act_of(books, row)?;
    let day = Day::of(row.happened.parse::<Instant>()?);
    let mut movements = Vec::new();
    for receipt in receipts.iter().filter(|receipt| receipt.sequence == sequence && receipt.unbooked.is_none()) {
        let Some(platform) = receipt.platform.clone() else { continue };
        let (currency, amount) = (receipt.currency.parse()?, from_stored_text(&receipt.amount)?.negated()?);
        let cycle = receipt.cycle.as_ref().map(|cycle| cycle.parse()).transpose()?;
        movements.push(Movement { platform, currency, cycle, day, kind: MovementKind::Received, amount });
    }
    Ok(movements)
}

/// What was paid for a claim, for the cycles that it goes to.
fn of_claim(books: &Books, row: &StoredEntry) -> anyhow::Result<Vec<Movement>> {
    let sequence = act_of(books, row)?;
    let made = books.catalog.claims.iter().find(|(_, made)| made.sequence == sequence).map(|(_, made)| made);
    let (payment, paid) = made.and_then(|made| made.claim.paid()).context("its act is no claim that was paid for; run: farthing check")?;
    let currency = payment.currency.as_ref().context("a payment is in some currency")?.parse()?;
    let day = Day::of(row.happened.parse::<Instant>()?);
    let movement = |of: &CyclePaid| {
        let (platform, cycle, amount) = (payment.platform.clone(), Some(of.cycle.parse()?), from_stored_text(&of.amount)?.negated()?);
        Ok(Movement { platform, currency, cycle, day, kind: MovementKind::PaidForClaim, amount })
    };
    paid.cycles.iter().map(movement).collect()
}

/// The number of the manifest that books an entry.
fn act_of(books: &Books, row: &StoredEntry) -> anyhow::Result<u64> {
    let act = books.catalog.booked.iter().find(|act| act.numbers.contains(&row.number));
    Ok(act.context("no act books it; run: farthing check")?.sequence)
}

/// What an entry moves on the accounts of platforms.
async fn of_entry(books: &Books, row: &StoredEntry) -> anyhow::Result<Vec<Movement>> {
    let kind = match &row.kind {
        kind if kind == EntryKind::Approval.as_str() => MovementKind::Approved,
        kind if kind == EntryKind::Withdrawal.as_str() => MovementKind::Withdrawn,
        _ => MovementKind::Received,
    };
    let day = Day::of(row.happened.parse::<Instant>()?);
    let cycle = row.cycle.as_ref().map(|cycle| cycle.parse()).transpose()?;
    let movements = posted(books, row).await?.into_iter().map(|posting| Movement {
        platform: posting.platform,
        currency: posting.currency,
        cycle,
        day,
        kind,
        amount: posting.amount,
    });
    Ok(movements.collect())
}
