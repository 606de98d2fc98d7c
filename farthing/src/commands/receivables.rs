//! `farthing receivables`: what platforms were invoiced, what came in, and what is open, by age; from the journal, and from receipts which invoice
//! they pay.

use crate::books::Books;
use crate::cli::ReceivablesOptions;
use crate::commands::settle::mid_and_currency;
use crate::journal::receivable::movements;
use crate::output::{self, Answer};
use crate::papers;
use crate::place::Place;
use crate::time::now;
use anyhow::ensure;
use farthing_schemas::Day;
use farthing_settle::receivables::Receivables;

pub async fn run(at: &Place, options: &ReceivablesOptions, json: bool) -> anyhow::Result<Answer> {
    ensure!(
        !(json && options.csv),
        "--json prints one JSON document, which comma-separated values are not: leave out one of --json and --csv"
    );
    let mut books = Books::open(at).await?;
    mid_and_currency(&*books.registry_now().await?, &options.mid, None)?;
    let movements = movements(&books, &options.mid).await?;
    let as_of = options.as_of.unwrap_or_else(|| Day::of(now()));
    let due_days = options.due.due_days.unwrap_or_else(|| at.invoices.due_days());
    let receivables = Receivables::of(&options.mid, as_of, due_days, &movements)?;
    output::bytes(papers::form(&receivables.document()?, papers::format(json, options.csv))?.as_bytes())?;
    Ok(Answer::Yes)
}
