//! Tracing: result lines with the events that they come from, computed again from the evidence.

mod behind;

pub use behind::{Behind, Effect, NamedRow, NamedRows, behind, claims_of, named_by, registries_of};

use crate::books::Books;
use anyhow::{Context, bail};
use arrow_array::RecordBatch;
use farthing_aggregate::LineMaker;
use farthing_aggregate::claims::moved;
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
    /// Whether the event is a claim.
    pub by_claim: bool,
    pub source: LineSource<'a>,
    pub assigned: Assigned,
    pub line: NamedLine,
}

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
    let named = named_by(books, &rows, |batch| batches.contains(&batch)).await?;
    for batch in &rows {
        let usage = UsageRows::of(batch)?;
        for row in 0..usage.len() {
            let place = usage.place(row);
            if batches.contains(&place.batch) {
                let at = || format!("{}: batch {}, row {}", file.path, place.batch, place.row);
                trace_row(books, &mut maker, &usage, row, &named, each).await.with_context(at)?;
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

/// Calls `each` with the rows at some places, one after the other, and what is said of each place.
pub async fn each_at<T: Copy>(
    books: &mut Books,
    places: &BTreeMap<Place, T>,
    mut each: impl AsyncFnMut(&mut Books, &UsageRows<'_>, usize, T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let batches: BTreeSet<u64> = places.keys().map(|place| place.batch).collect();
    let mut found = 0;
    for file in evidence(books, &batches) {
        let bytes = books.archive.get(&file).await?;
        for rows in read_table(&file.path, bytes, None)? {
            let rows = rows?;
            let usage = UsageRows::of(&rows)?;
            for row in 0..usage.len() {
                let place = usage.place(row);
                let Some(said) = places.get(&place) else { continue };
                let at = || format!("{}: batch {}, row {}", file.path, place.batch, place.row);
                each(books, &usage, row, *said).await.with_context(at)?;
                found += 1;
            }
        }
    }
    anyhow::ensure!(found == places.len(), "of {} rows that are named, {found} are in the archive", places.len());
    Ok(())
}

async fn trace_row(
    books: &mut Books,
    maker: &mut LineMaker,
    usage: &UsageRows<'_>,
    row: usize,
    named: &NamedRows,
    each: &mut impl FnMut(TracedLine<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let event = usage.event(row)?;
    let place = usage.place(row);
    let found = behind(named, usage, row)?;
    // The event that earned: for a reversal its original, whose lines it has with their signs turned; for a claim the one it is made upon.
    let original = found.as_ref().map(|behind| behind.event.rows.event(behind.event.row)).transpose()?;
    let earned = original.as_ref().unwrap_or(&event);
    let (registry_version, lines) = lines_of(books, maker, earned, usage.registry_version(row), place, found.as_ref()).await?;
    let (method, method_version) = method_of(earned);
    let source = LineSource {
        source: &event.source,
        id: &event.id,
        time: earned.time,
        method,
        method_version,
        registry_version,
        batch: place.batch,
    };
    for (assigned, line) in lines {
        each(TracedLine { event: &event, by_claim: usage.is_claim(row), source, assigned, line })?;
    }
    Ok(())
}

/// The lines of a row, with the registry version by which they were computed.
async fn lines_of(
    books: &mut Books,
    maker: &mut LineMaker,
    earned: &Event<'_>,
    version: u64,
    place: Place,
    found: Option<&Behind<'_>>,
) -> anyhow::Result<(u64, Vec<(Assigned, NamedLine)>)> {
    let closed = closed_at(books, place.batch)?;
    let own = earned.time.cycle();
    let Some(Behind { event: NamedRow { rows, row, place: of }, effect }) = found else {
        let registry = books.registry(version).await?;
        let (lines, currency) = make(maker, &registry, earned)?;
        let assign = |line: NamedLine| (closed.assign(&line.key.mid, currency, own), line);
        return Ok((version, lines.into_iter().map(assign).collect()));
    };
    let then = books.registry(rows.registry_version(*row)).await?;
    let (numbers, undone) = match effect {
        Effect::Undone | Effect::Restored => {
            let closed_then = closed_at(books, of.batch)?;
            let (lines, currency) = make(maker, &then, earned)?;
            let lines = lines.into_iter().map(|line| {
                let assigned = closed.assign_reversal(&closed_then, &line.key.mid, currency, own);
                Ok((assigned, if *effect == Effect::Restored { line } else { opposite(line)? }))
            });
            return Ok((then.version(), lines.collect::<anyhow::Result<_>>()?));
        }
        Effect::Claimed { numbers } => (numbers, None),
        Effect::Unclaimed { numbers, claim } => (numbers, Some(closed_at(books, claim.batch)?)),
    };
    let registries = registries_of(books, numbers).await?;
    let (moved, currency) = moved(maker, &then, earned, &claims_of(books, numbers, &registries))?;
    let lines = moved.named(earned, currency)?.into_iter().map(|(by, line)| {
        Ok(match &undone {
            None => (closed.assign(&by, currency, own).claimed(), line),
            Some(closed_then) => (closed.assign_reversal(closed_then, &by, currency, own).claimed(), opposite(line)?),
        })
    });
    let version = registries.last().map_or(0, |registry| registry.version());
    Ok((version, lines.collect::<anyhow::Result<_>>()?))
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
