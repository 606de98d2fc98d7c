//! `farthing ledger`: its tables, and whether its rows are what the chain of manifests says.

use crate::books::Books;
use crate::cli::LedgerCommand;
use crate::commands::verify::{Compared, compare_rows};
use crate::output::{self, Answer};
use crate::place::Place;
use farthing_ledger::{Ledger, Migrated};
use serde_json::json;

/// How often a ledger is looked at again that has changed meanwhile.
const LOOKS: usize = 5;

pub async fn run(at: &Place, command: LedgerCommand, json: bool) -> anyhow::Result<Answer> {
    match command {
        LedgerCommand::Migrate => migrate(at, json).await,
        LedgerCommand::Check => check(at, json).await,
    }
}

async fn migrate(at: &Place, json: bool) -> anyhow::Result<Answer> {
    let Migrated { from, to } = Ledger::migrate(&at.ledger).await?;
    let ledger = at.shown_ledger();
    if json {
        output::json(&json!({"from": from, "to": to}))?;
    } else {
        output::text(&match from {
            None => format!("{ledger}: the tables of version {to} are made.\nNext: farthing registry load FILE {}", at.option),
            Some(from) if from == to => format!("{ledger}: nothing to do, its tables are of version {to}"),
            Some(from) => format!("{ledger}: its tables were of version {from} and are of version {to} now"),
        })?;
    }
    Ok(Answer::Yes)
}

async fn check(at: &Place, json: bool) -> anyhow::Result<Answer> {
    anyhow::ensure!(Books::exist(at).await?, "no ledger at {}; there is nothing to check", at.shown_ledger());
    let result = compare(at).await;
    if let Some(error) = result.as_ref().err().filter(|error| output::ledger_is_away(error)) {
        anyhow::bail!("nothing can be said: {error:#}");
    }
    let difference = result.as_ref().err().map(|error| format!("{error:#}"));
    if json {
        output::json(&json!({"checked": result.is_ok(), "difference": difference, "manifests": result.as_ref().ok()}))?;
    } else {
        output::text(&match (&result, &difference) {
            (Ok(manifests), _) => format!("Checked: all rows of the ledger are as its {manifests} manifests say."),
            (Err(_), difference) => {
                format!("NOT AS THE MANIFESTS SAY, the first difference is:\n  {}", difference.as_deref().unwrap_or_default())
            }
        })?;
    }
    Ok(if result.is_ok() { Answer::Yes } else { Answer::No })
}

/// The number of manifests that the rows were compared with; the first difference is the error.
async fn compare(at: &Place) -> anyhow::Result<u64> {
    let mut books = Books::open(at).await?;
    let mut look = 1;
    loop {
        let seen = books.catalog.sequence;
        let result = compare_rows(&books, &mut Compared::default()).await;
        books.refresh().await?;
        // Rows may have come with a manifest that was not seen yet.
        if result.is_ok() || books.catalog.sequence == seen || look == LOOKS {
            return result.map(|()| seen);
        }
        look += 1;
    }
}
