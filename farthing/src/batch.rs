//! Committing a batch: evidence and sums first, durable; then the one transaction that makes them exist.

use crate::books::{Appended, Books};
use anyhow::{Context, anyhow};
use arrow_array::RecordBatch;
use farthing_aggregate::accruals::Assignment;
use farthing_aggregate::closed::ClosedThrough;
use farthing_aggregate::columns::ColumnError;
use farthing_aggregate::fold::{Accumulator, Folded};
use farthing_archive::{Encoded, NewFile, encode, table_path, usage_by_month};
use farthing_ingest::SealedBatch;
use farthing_ledger::Effects;
use farthing_schemas::manifest::{Act, Batch, Closed, File, Total, dead_letters_sha256};
use farthing_schemas::tables::Table;
use farthing_schemas::{Currency, Cycle};

/// Commits a sealed batch. If this fails or the process ends anywhere, either all of it is there or nothing.
pub async fn commit(books: &mut Books, mut sealed: SealedBatch) -> anyhow::Result<()> {
    fail::fail_point!("batch-sealed");
    let evidence = std::mem::take(&mut sealed.usage);
    let lines = std::mem::take(&mut sealed.lines);
    let mut closed = books.catalog.closed.clone();
    // Evidence and sums say nothing of each other: they are encoded side by side, and written one after the other.
    let (evidence, summed) = std::thread::scope(|scope| {
        let evidence = scope.spawn(|| encode_usage(&evidence));
        let summed = sum_up(lines, books, &sealed, &closed);
        (evidence.join(), summed)
    });
    let evidence = evidence.map_err(|_| anyhow!("a thread that encodes has failed"))?.context("the evidence cannot be encoded")?;
    let (folded, mut sums) = summed.context("the sums cannot be encoded")?;
    let usage = write(books, sealed.batch, evidence).await.context("the evidence cannot be archived")?;
    fail::fail_point!("usage-written");
    let effects = Effects { dead_letters: std::mem::take(&mut sealed.dead_letters), ..Effects::default() };
    let letters_sha256 = dead_letters_sha256(&effects.dead_letters);
    loop {
        let accruals = write(books, sealed.batch, sums.files).await.context("the sums cannot be archived")?;
        fail::fail_point!("accruals-written");
        let batch = Batch {
            batch: sealed.batch,
            registry_version: sealed.registry.version(),
            slices: sealed.slices.clone(),
            files: usage.iter().chain(&accruals).cloned().collect(),
            closed_through: closed_list(&closed),
            totals: sums.totals,
            dead_letters_sha256: letters_sha256.clone(),
            replayed: sealed.replayed.clone(),
        };
        // A cycle may have closed meanwhile: then the sums are assigned again. The evidence stays as it is.
        match books.append(Act::Batch(batch), &effects).await? {
            Appended::Done => break,
            Appended::Moved => {
                for file in accruals {
                    books.archive.remove(&file.path).await?;
                }
                closed = books.catalog.closed.clone();
                sums = encode_sums(&folded, books, &sealed, &closed)?;
            }
        }
    }
    fail::fail_point!("batch-committed");
    Ok(())
}

/// The rows of one folder of a table, encoded but not written yet.
struct Unwritten {
    table: Table,
    folder: Cycle,
    encoded: Encoded,
}

/// The sums of a batch as they are assigned now.
struct EncodedSums {
    files: Vec<Unwritten>,
    totals: Vec<Total>,
}

fn sum_up(lines: Accumulator, books: &Books, sealed: &SealedBatch, closed: &ClosedThrough) -> anyhow::Result<(Folded, EncodedSums)> {
    let folded = lines.finish()?;
    let sums = encode_sums(&folded, books, sealed, closed)?;
    Ok((folded, sums))
}

fn encode_sums(folded: &Folded, books: &Books, sealed: &SealedBatch, closed: &ClosedThrough) -> anyhow::Result<EncodedSums> {
    let mut history = books.catalog.history.clone();
    history.since(sealed.batch, closed);
    let assignment = Assignment::of(folded, &sealed.registry, closed, &history)?;
    let totals = assignment.totals()?.into_iter().map(|(currency, sums)| Total {
        currency: currency.to_string(),
        gross: sums.gross.to_string(),
        labour: sums.labour.to_string(),
    });
    let files = assignment.tables(sealed.batch).map(|(cycle, rows)| encode_rows(Table::Accruals, cycle, rows));
    Ok(EncodedSums { files: files.collect::<anyhow::Result<_>>()?, totals: totals.collect() })
}

/// What was closed, as a manifest says it.
pub fn closed_list(closed: &ClosedThrough) -> Vec<Closed> {
    let said = |(mid, currency, cycle): (&str, Currency, Cycle)| Closed {
        mid: mid.to_owned(),
        currency: currency.to_string(),
        cycle: cycle.to_string(),
    };
    closed.iter().map(said).collect()
}

fn encode_usage(rows: &[RecordBatch]) -> anyhow::Result<Vec<Unwritten>> {
    let months = usage_by_month(rows)?;
    months.into_iter().map(|(month, rows)| encode_rows(Table::Usage, month, rows.into_iter().map(Ok))).collect()
}

fn encode_rows(table: Table, folder: Cycle, rows: impl Iterator<Item = Result<RecordBatch, ColumnError>>) -> anyhow::Result<Unwritten> {
    Ok(Unwritten { table, folder, encoded: encode(table, rows)? })
}

async fn write(books: &Books, batch: u64, files: Vec<Unwritten>) -> anyhow::Result<Vec<File>> {
    let mut written = Vec::new();
    for Unwritten { table, folder, encoded: Encoded { rows, bytes } } in files {
        let new = NewFile { table: table.name(), rows, batches: Some((batch, batch)), bytes };
        // The name tells the content: no two writers ever write different bytes to one name.
        let path = |sha256: &str| table_path(table, folder, &format!("batch-{batch:09}-{}", &sha256[..8]));
        written.push(books.archive.put(new, path).await?);
    }
    Ok(written)
}
