//! `farthing receivables`: what platforms were invoiced, what came in, and what is open, by age; from the journal, and from receipts which invoice
//! they pay.

use crate::books::Books;
use crate::cli::ReceivablesOptions;
use crate::commands::settle::mid_and_currency;
use crate::journal::receivable::posted;
use crate::output::{self, Answer};
use crate::papers;
use crate::place::Place;
use crate::time::now;
use anyhow::{Context, ensure};
use farthing_ledger::{StoredEntry, StoredReceipt};
use farthing_schemas::money::from_stored_text;
use farthing_schemas::{Day, Instant};
use farthing_settle::journal::EntryKind;
use farthing_settle::receivables::{Movement, MovementKind, Receivables};

pub async fn run(at: &Place, options: &ReceivablesOptions, json: bool) -> anyhow::Result<Answer> {
    ensure!(
        !(json && options.csv),
        "--json prints one JSON document, which comma-separated values are not: leave out one of --json and --csv"
    );
    let mut books = Books::open(at).await?;
    mid_and_currency(&*books.registry_now().await?, &options.mid, None)?;
    let mut movements = Vec::new();
    let receipts = books.ledger.bank_receipts().await?;
    for row in books.ledger.journal_entries_after(0).await?.iter().filter(|row| row.mid == options.mid) {
        let name = || format!("journal entry {}", row.number);
        if row.kind == EntryKind::BankMessage.as_str() {
            movements.extend(of_message(&books, row, &receipts).with_context(name)?);
        } else {
            movements.extend(of_entry(&books, row).await.with_context(name)?);
        }
    }
    let as_of = options.as_of.unwrap_or_else(|| Day::of(now()));
    let due_days = options.due.due_days.unwrap_or_else(|| at.invoices.due_days());
    let receivables = Receivables::of(&options.mid, as_of, due_days, &movements)?;
    output::bytes(papers::form(&receivables.document()?, papers::format(json, options.csv))?.as_bytes())?;
    Ok(Answer::Yes)
}

/// What has come in with a bank's message: each receipt for the invoice that it names.
fn of_message(books: &Books, row: &StoredEntry, receipts: &[StoredReceipt]) -> anyhow::Result<Vec<Movement>> {
    let act = books.catalog.booked.iter().find(|act| act.numbers.contains(&row.number)).context("no act books it; run: farthing check")?;
    let day = Day::of(row.happened.parse::<Instant>()?);
    let mut movements = Vec::new();
    for receipt in receipts.iter().filter(|receipt| receipt.sequence == act.sequence) {
        let Some(platform) = receipt.platform.clone() else { continue };
        let (currency, amount) = (receipt.currency.parse()?, from_stored_text(&receipt.amount)?.negated()?);
        let cycle = receipt.cycle.as_ref().map(|cycle| cycle.parse()).transpose()?;
        movements.push(Movement { platform, currency, cycle, day, kind: MovementKind::Received, amount });
    }
    Ok(movements)
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
