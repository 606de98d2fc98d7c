//! `farthing receivables`: what platforms were invoiced, what came in, and what is open, by age; from the journal alone.

use crate::books::Books;
use crate::cli::ReceivablesOptions;
use crate::commands::settle::mid_and_currency;
use crate::journal::receivable::posted;
use crate::output::{self, Answer};
use crate::papers;
use crate::place::Place;
use crate::time::now;
use anyhow::{Context, ensure};
use farthing_ledger::StoredEntry;
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
    for row in books.ledger.journal_entries_after(0).await?.iter().filter(|row| row.mid == options.mid) {
        movements.extend(of_entry(&books, row).await.with_context(|| format!("journal entry {}", row.number))?);
    }
    let as_of = options.as_of.unwrap_or_else(|| Day::of(now()));
    let due_days = options.due.due_days.unwrap_or_else(|| at.invoices.due_days());
    let receivables = Receivables::of(&options.mid, as_of, due_days, &movements)?;
    output::bytes(papers::form(&receivables.document()?, papers::format(json, options.csv))?.as_bytes())?;
    Ok(Answer::Yes)
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
