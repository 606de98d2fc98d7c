//! Tracing: result lines with the events that they come from, computed again from the evidence.

use crate::books::Books;
use anyhow::{Context, bail};
use arrow_array::RecordBatch;
use farthing_aggregate::LineMaker;
use farthing_aggregate::closed::{Assigned, ClosedThrough};
use farthing_aggregate::lines_table::{LineSource, NamedLine, method_of, named};
use farthing_aggregate::usage::{Place, UsageRows};
use farthing_archive::read_table;
use farthing_schemas::Currency;
use farthing_schemas::event::{Body, Event};
use farthing_schemas::manifest::File;
use farthing_schemas::registry::Registry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A result line, where it goes, and the event behind it.
pub struct TracedLine<'a> {
    pub event: &'a Event<'a>,
    pub source: LineSource<'a>,
    pub assigned: Assigned,
    pub line: NamedLine,
}

/// Originals of reversals, read once: their rows by place.
pub type OriginalRows = BTreeMap<(u64, u32), RecordBatch>;

/// The files that may hold evidence of some batches, in order: a merged file may hold that of others between them as well.
pub fn evidence(books: &Books, batches: &BTreeSet<u64>) -> Vec<File> {
    let may_hold = |file: &File| file.batches.is_some_and(|(first, last)| first <= last && batches.range(first..=last).next().is_some());
    books.files_in_order("usage").into_iter().filter(may_hold).collect()
}

/// Calls `each` with every result line of some batches, in the order of the files.
pub async fn each_line(
    books: &mut Books,
    batches: &BTreeSet<u64>,
    mut each: impl FnMut(TracedLine<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for file in evidence(books, batches) {
        each_line_of(books, &file, batches, &mut each).await?;
    }
    Ok(())
}

/// The same, of one file.
pub async fn each_line_of(
    books: &mut Books,
    file: &File,
    batches: &BTreeSet<u64>,
    each: &mut impl FnMut(TracedLine<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut maker = LineMaker::default();
    let rows = read_rows(books, file).await?;
    let originals = originals(books, &rows, |batch| batches.contains(&batch)).await?;
    for batch in &rows {
        let usage = UsageRows::of(batch)?;
        for row in 0..usage.len() {
            let place = usage.place(row);
            if batches.contains(&place.batch) {
                let at = || format!("{}: batch {}, row {}", file.path, place.batch, place.row);
                trace_row(books, &mut maker, &usage, row, &originals, each).await.with_context(at)?;
            }
        }
    }
    Ok(())
}

/// All rows of a file.
pub async fn read_rows(books: &Books, file: &File) -> anyhow::Result<Vec<RecordBatch>> {
    let bytes = books.archive.get(file).await?;
    Ok(read_table(&file.path, bytes, None)?.collect::<Result<_, _>>()?)
}

/// The usage event whose lines a reversal has.
pub struct Earned<'o> {
    /// Its row alone.
    pub rows: UsageRows<'o>,
    /// Where it stands.
    pub place: Place,
    /// Whether the reversal undoes another reversal, and so brings its lines back.
    pub restored: bool,
}

/// What a reversal of the event at a place undoes, or brings back.
pub fn earned_by(originals: &OriginalRows, of: Place) -> anyhow::Result<Earned<'_>> {
    let row = |at: Place| {
        let found = originals.get(&(at.batch, at.row));
        let found = found.with_context(|| format!("its original, batch {}, row {}, is not there", at.batch, at.row))?;
        anyhow::Ok(UsageRows::of(found)?)
    };
    let direct = row(of)?;
    match direct.reverses(0) {
        None => Ok(Earned { rows: direct, place: of, restored: false }),
        Some(place) => Ok(Earned { rows: row(place)?, place, restored: true }),
    }
}

/// The rows that reversals among `rows` undo, of those batches that are asked for; of what undoes a reversal, also what that undoes.
pub async fn originals(books: &Books, rows: &[RecordBatch], of: impl Fn(u64) -> bool) -> anyhow::Result<OriginalRows> {
    let mut wanted: Vec<Place> = Vec::new();
    for batch in rows {
        let usage = UsageRows::of(batch)?;
        let asked_for = |row: &usize| of(usage.place(*row).batch);
        wanted.extend((0..usage.len()).filter(asked_for).filter_map(|row| usage.reverses(row)));
    }
    let mut found = rows_at(books, &wanted).await?;
    let further = |row: &RecordBatch| anyhow::Ok(UsageRows::of(row)?.reverses(0));
    let further: Vec<Option<Place>> = found.values().map(further).collect::<Result<_, _>>()?;
    found.extend(rows_at(books, &further.into_iter().flatten().collect::<Vec<_>>()).await?);
    Ok(found)
}

async fn rows_at(books: &Books, wanted: &[Place]) -> anyhow::Result<OriginalRows> {
    let mut found = OriginalRows::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    for file in books.files_in_order("usage") {
        let in_file = |place: &&Place| file.batches.is_some_and(|(from, to)| (from..=to).contains(&place.batch));
        let here: BTreeSet<(u64, u32)> = wanted.iter().filter(in_file).map(|place| (place.batch, place.row)).collect();
        if here.is_empty() {
            continue;
        }
        for batch in read_rows(books, &file).await? {
            let usage = UsageRows::of(&batch)?;
            for row in 0..usage.len() {
                let place = usage.place(row);
                if here.contains(&(place.batch, place.row)) {
                    found.insert((place.batch, place.row), batch.slice(row, 1));
                }
            }
        }
    }
    Ok(found)
}

async fn trace_row(
    books: &mut Books,
    maker: &mut LineMaker,
    usage: &UsageRows<'_>,
    row: usize,
    originals: &OriginalRows,
    each: &mut impl FnMut(TracedLine<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let event = usage.event(row)?;
    let place = usage.place(row);
    let closed = closed_at(books, place.batch)?;
    let undone = match usage.reverses(row) {
        None => None,
        Some(of) => {
            let earned = earned_by(originals, of)?;
            let then = closed_at(books, earned.place.batch)?;
            Some((earned, then))
        }
    };
    // The event that earned: for a reversal its original, whose lines it has with their signs turned.
    let original = undone.as_ref().map(|(earned, _)| earned.rows.event(0)).transpose()?;
    let earned = original.as_ref().unwrap_or(&event);
    let registry_version = undone.as_ref().map_or_else(|| usage.registry_version(row), |(earned, _)| earned.rows.registry_version(0));
    let registry = books.registry(registry_version).await?;
    let (lines, currency) = make(maker, &registry, earned)?;
    let (method, method_version) = method_of(earned);
    let (own, time) = (earned.time.cycle(), earned.time);
    let source = LineSource { source: &event.source, id: &event.id, time, method, method_version, registry_version, batch: place.batch };
    for line in lines {
        let (assigned, line) = match &undone {
            None => (closed.assign(&line.key.mid, currency, own), line),
            Some((earned, then)) => {
                let assigned = closed.assign_reversal(then, &line.key.mid, currency, own);
                (assigned, if earned.restored { line } else { opposite(line)? })
            }
        };
        each(TracedLine { event: &event, source, assigned, line })?;
    }
    Ok(())
}

fn opposite(line: NamedLine) -> anyhow::Result<NamedLine> {
    Ok(NamedLine { gross: line.gross.negated()?, labour: line.labour.negated()?, ..line })
}

/// What was closed when a batch was committed, as its own manifest says.
pub fn closed_at(books: &Books, batch: u64) -> anyhow::Result<ClosedThrough> {
    let closed = books.catalog.history.of(batch);
    closed.cloned().with_context(|| format!("batch {batch} is not in the chain of manifests"))
}

fn make(maker: &mut LineMaker, registry: &Arc<Registry>, event: &Event<'_>) -> anyhow::Result<(Vec<NamedLine>, Currency)> {
    let Body::Usage(usage) = &event.body else { bail!("a reversal of a reversal") };
    let platform = registry.platform(&event.platform).context("its platform is not in the registry")?;
    let outcome = maker.make(registry, platform, usage, event.time)?;
    Ok((named(maker, registry, event, usage, outcome.currency), outcome.currency))
}
