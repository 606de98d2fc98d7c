//! Committing a batch: evidence and sums first, durable; then the one transaction that makes them exist.

use crate::books::{Appended, Books};
use anyhow::Context;
use arrow_array::RecordBatch;
use farthing_aggregate::accruals::{self, Names};
use farthing_aggregate::closed::ClosedThrough;
use farthing_archive::{Contents, encode, table_path, usage_by_month};
use farthing_ingest::SealedBatch;
use farthing_ledger::Effects;
use farthing_schemas::Cycle;
use farthing_schemas::manifest::{Act, Batch, Closed, File, Total, dead_letters_sha256, sha256_hex};
use farthing_schemas::tables::Table;

/// Commits a sealed batch. If this fails or the process ends anywhere, either all of it is there or nothing.
pub async fn commit(books: &mut Books, sealed: SealedBatch) -> anyhow::Result<()> {
    fail::fail_point!("batch-sealed");
    let usage = write_usage(books, &sealed).await.context("the evidence cannot be archived")?;
    fail::fail_point!("usage-written");
    let effects = Effects { dead_letters: sealed.dead_letters, ..Effects::default() };
    let letters_sha256 = dead_letters_sha256(&effects.dead_letters);
    let names = Names { registry: &sealed.registry, unknown: &sealed.unknown };
    loop {
        let closed = books.catalog.closed.clone();
        let mut history = books.catalog.history.clone();
        history.since(sealed.batch, &closed);
        let rows = accruals::assign(&sealed.sums, names, &closed, &history)?;
        let sums = write_accruals(books, sealed.batch, accruals::tables(sealed.batch, &rows, names)?)
            .await
            .context("the sums cannot be archived")?;
        fail::fail_point!("accruals-written");
        let totals = accruals::totals(&rows)?.into_iter().map(|(currency, sums)| Total {
            currency: currency.to_string(),
            gross: sums.gross.to_string(),
            labour: sums.labour.to_string(),
        });
        let batch = Batch {
            batch: sealed.batch,
            registry_version: sealed.registry.version(),
            slices: sealed.slices.clone(),
            files: usage.iter().chain(&sums).cloned().collect(),
            closed_through: closed_list(&closed),
            totals: totals.collect(),
            dead_letters_sha256: letters_sha256.clone(),
            replayed: sealed.replayed.clone(),
        };
        // A cycle may have closed meanwhile: then the sums are assigned again. The evidence stays as it is.
        match books.append(Act::Batch(batch), &effects).await? {
            Appended::Done => break,
            Appended::Moved => {
                for file in sums {
                    books.archive.remove(&file.path).await?;
                }
            }
        }
    }
    fail::fail_point!("batch-committed");
    Ok(())
}

/// What was closed, as a manifest says it.
pub fn closed_list(closed: &ClosedThrough) -> Vec<Closed> {
    let entry = |(mid, currency, cycle): (&str, _, Cycle)| Closed {
        mid: mid.to_owned(),
        currency: format!("{currency}"),
        cycle: cycle.to_string(),
    };
    closed.iter().map(|(mid, currency, cycle)| entry((mid, currency, cycle))).collect()
}

async fn write_usage(books: &Books, sealed: &SealedBatch) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for (month, rows) in usage_by_month(&sealed.usage)? {
        files.push(write_file(books, Table::Usage, month, sealed.batch, &rows).await?);
    }
    Ok(files)
}

async fn write_accruals(books: &Books, batch: u64, tables: Vec<(Cycle, RecordBatch)>) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for (cycle, rows) in tables {
        files.push(write_file(books, Table::Accruals, cycle, batch, &[rows]).await?);
    }
    Ok(files)
}

async fn write_file(books: &Books, table: Table, folder: Cycle, batch: u64, rows: &[RecordBatch]) -> anyhow::Result<File> {
    let count = rows.iter().map(|rows| u64::try_from(rows.num_rows()).unwrap_or(u64::MAX)).sum();
    let bytes = encode(table, "a new file", rows)?;
    // The name tells the content: no two writers ever write different bytes to one name.
    let name = format!("batch-{batch:09}-{}", &sha256_hex(&bytes)[..8]);
    let contents = Contents { table: table.name(), path: table_path(table, folder, &name), rows: count, batches: Some((batch, batch)) };
    Ok(books.archive.put(contents, bytes).await?)
}
