//! Every batch computed again from its evidence, and compared with its accruals.

use super::Compared;
use super::identities::Said;
use crate::books::Books;
use crate::trace::{self, Behind, Effect, NamedRow, NamedRows};
use anyhow::{Context, bail, ensure};
use arrow_array::RecordBatch;
use farthing_aggregate::accruals::{AccrualRows, Assignment};
use farthing_aggregate::again::{lines_again, negated, restored};
use farthing_aggregate::claims::{keyed, moved};
use farthing_aggregate::closed::Closing;
use farthing_aggregate::fold::{LineKey, Sums};
use farthing_aggregate::usage::{Place, UsageRows};
use farthing_aggregate::{Accumulator, Digest, LineMaker, identity};
use farthing_archive::Batches;
use farthing_schemas::Cycle;
use farthing_schemas::event::{Body, Event, Reversal};
use farthing_schemas::manifest::{Batch, CLAIMS, COPIES, File};
use farthing_schemas::registry::Registry;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A batch that is being computed again.
struct Again {
    registry: Arc<Registry>,
    lines: Accumulator,
    metered: BTreeMap<String, u64>,
}

pub async fn compare(books: &mut Books, compared: &mut Compared) -> anyhow::Result<()> {
    let files = books.files_in_order("usage");
    let mut sums = StoredSums { files: books.files_in_order("accruals"), read: 0, rows: BTreeMap::new() };
    let mut open: BTreeMap<u64, Again> = BTreeMap::new();
    let mut said = Said::default();
    let mut maker = LineMaker::default();
    for (at, file) in files.iter().enumerate() {
        let rows = trace::read_rows(books, file).await?;
        let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
        ensure!(u64::try_from(count)? == file.rows, "{}: it has {count} rows, but its manifest says {}", file.path, file.rows);
        let named = trace::named_by(books, &rows, |_| true).await?;
        for batch in &rows {
            let usage = UsageRows::of(batch).with_context(|| file.path.clone())?;
            for row in 0..usage.len() {
                let place = usage.place(row);
                let again = match open.entry(place.batch) {
                    std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::btree_map::Entry::Vacant(entry) => {
                        let manifest = manifest_of(&books.catalog.batches, place.batch)?;
                        let registry = books.registry(manifest.registry_version).await?;
                        entry.insert(Again { registry, lines: Accumulator::default(), metered: BTreeMap::new() })
                    }
                };
                let shown = || format!("{}: batch {}, row {}", file.path, place.batch, place.row);
                again.take(books, &mut maker, &usage, row, &named, &mut said).await.with_context(shown)?;
                compared.events += 1;
            }
        }
        compared.files += 1;
        // Batches with lower numbers than all of the next file and those after it are complete.
        let complete = files.get(at + 1).and_then(|next| next.batches).map_or(u64::MAX, |(first, _)| first);
        while let Some(entry) = open.first_entry().filter(|entry| *entry.key() < complete) {
            let (batch, again) = entry.remove_entry();
            again.finish(books, batch, &mut sums, compared).await?;
        }
    }
    finish_empty(books, compared)?;
    sums.finish(books, compared).await?;
    compared.pending_copies = said.finish(books)?;
    Ok(())
}

fn manifest_of(batches: &Batches, batch: u64) -> anyhow::Result<&Batch> {
    batches.get(batch).with_context(|| format!("batch {batch} is in no manifest"))
}

impl Again {
    async fn take(
        &mut self,
        books: &mut Books,
        maker: &mut LineMaker,
        usage: &UsageRows<'_>,
        row: usize,
        named: &NamedRows,
        said: &mut Said,
    ) -> anyhow::Result<()> {
        let event = usage.event(row)?;
        ensure!(usage.registry_version(row) == self.registry.version(), "its registry version is not its batch's");
        let partition = usage.origin(row).partition;
        *self.metered.entry(partition.to_owned()).or_default() += 1;
        let behind = trace::behind(named, usage, row)?;
        let says = match (&event.body, &behind) {
            (Body::Usage(_), None) => {
                let (outcome, lines) = lines_again(maker, &self.registry, &self.registry, &event, &mut self.lines.unknown)?;
                for (key, sums) in lines {
                    self.lines.add(key, sums)?;
                }
                let (revenue, archived) = (outcome.revenue, usage.revenue(row));
                ensure!(archived == Some(revenue), "its revenue is {revenue}, but the archive says {archived:?}");
                outcome.says
            }
            (Body::Reversal(reversal), Some(behind)) => {
                self.change(books, maker, behind, usage.place(row).batch, partition).await?;
                let of = usage.reverses(row).context("a reversal without the place of its original")?;
                named_identity(&event, reversal, of, named, behind)?
            }
            (Body::Reversal(_), None) => bail!("a reversal without the place of its original"),
            (Body::Usage(_), Some(_)) => bail!("a use of data that names a place"),
        };
        said.take(books, &event, usage, row, says, behind.as_ref())
    }

    /// Adds what a row does to the lines of the event behind it.
    async fn change(
        &mut self,
        books: &mut Books,
        maker: &mut LineMaker,
        behind: &Behind<'_>,
        batch: u64,
        partition: &str,
    ) -> anyhow::Result<()> {
        let Behind { event: NamedRow { rows, row, place }, effect } = behind;
        let (event, then) = (rows.event(*row)?, books.registry(rows.registry_version(*row)).await?);
        let of_claims = matches!(effect, Effect::Claimed { .. } | Effect::Unclaimed { .. });
        ensure!(of_claims == (partition == CLAIMS), "claims are of the partition of claims, and nothing else is");
        ensure!(*effect != Effect::Restored || partition == COPIES, "it undoes a reversal");
        let lines = match effect {
            Effect::Undone | Effect::Restored => {
                let (_, lines) = lines_again(maker, &then, &self.registry, &event, &mut self.lines.unknown)?;
                if *effect == Effect::Restored { restored(lines, place.batch) } else { negated(lines, place.batch)? }
            }
            Effect::Claimed { numbers } => {
                self.is_claimed_by(books, numbers, batch)?;
                self.claimed(books, maker, &then, &event, numbers).await?
            }
            Effect::Unclaimed { numbers, claim } => negated(self.claimed(books, maker, &then, &event, numbers).await?, claim.batch)?,
        };
        lines.into_iter().try_for_each(|(key, sums)| Ok(self.lines.add(key, sums)?))
    }

    /// The last of these claims was made before the batch that moves what it asks for, and by the same registry.
    fn is_claimed_by(&self, books: &Books, numbers: &[u64], batch: u64) -> anyhow::Result<()> {
        let number = numbers.last().context("a claim without a number")?;
        let made = books.catalog.claims.get(*number).with_context(|| format!("claim {number} is in no manifest"))?;
        let before = books.catalog.batches.sequence_of(batch).is_some_and(|committed| made.sequence < committed);
        ensure!(before && made.claim.registry_version == self.registry.version(), "claim {number} was made later, or by another registry");
        Ok(())
    }

    /// What the last of some claims moves, which must be something.
    async fn claimed(
        &mut self,
        books: &mut Books,
        maker: &mut LineMaker,
        then: &Registry,
        event: &Event<'_>,
        numbers: &[u64],
    ) -> anyhow::Result<Vec<(LineKey, Sums)>> {
        let registries = trace::registries_of(books, numbers).await?;
        let (moved, currency) = moved(maker, then, event, &trace::claims_of(books, numbers, &registries))?;
        let number = numbers.last().context("a claim without a number")?;
        ensure!(!moved.is_nothing(), "claim {number} has nothing of the event that it is made upon");
        Ok(keyed(&moved, event, currency, &self.registry, &mut self.lines.unknown)?)
    }

    async fn finish(mut self, books: &Books, batch: u64, stored: &mut StoredSums, compared: &mut Compared) -> anyhow::Result<()> {
        let manifest = manifest_of(&books.catalog.batches, batch)?;
        for slice in &manifest.slices {
            let metered = self.metered.remove(&slice.partition).unwrap_or(0);
            ensure!(
                metered == slice.counts.metered,
                "batch {batch}, {}: {metered} events are there, {} were metered",
                slice.partition,
                slice.counts.metered
            );
        }
        ensure!(self.metered.is_empty(), "batch {batch}: events of sources that it did not read: {:?}", self.metered.keys());
        let closed = trace::closed_at(books, batch)?;
        ensure!(
            crate::batch::closed_list(&closed) == manifest.closed_through,
            "batch {batch}: what was closed is not what its manifest says"
        );
        let folded = self.lines.finish();
        let closing = Closing { batch, closed: &closed, history: &books.catalog.history };
        let assignment = Assignment::of(&folded, &self.registry, &closing)?;
        compare_sums(&assignment, batch, books, stored, compared).await?;
        stored.nothing_left(batch)?;
        let totals = assignment.totals()?;
        let said: BTreeMap<_, _> =
            manifest.totals.iter().map(|total| (total.currency.as_str(), (total.gross.as_str(), total.labour.as_str()))).collect();
        for (currency, sums) in &totals {
            let (gross, labour) = (sums.gross.to_string(), sums.labour.to_string());
            ensure!(
                said.get(currency.code()) == Some(&(gross.as_str(), labour.as_str())),
                "batch {batch}: its totals in {currency} are {gross} and {labour}"
            );
        }
        ensure!(said.len() == totals.len(), "batch {batch}: its manifest has totals in other currencies");
        compared.batches += 1;
        Ok(())
    }
}

/// The identity of what a row names, which must be the one of the place that it names: of a claim, the event behind it.
fn named_identity(event: &Event<'_>, named: &Reversal<'_>, of: Place, rows: &NamedRows, behind: &Behind<'_>) -> anyhow::Result<Digest> {
    let whom = identity::said_by_reversal(&event.platform, named);
    let original = match behind.effect {
        Effect::Claimed { .. } => behind.event.rows.event(behind.event.row)?,
        _ => {
            let named = rows.at(of)?;
            named.rows.event(named.row)?
        }
    };
    let found = identity::of_event(&original.platform, &original.source, &original.id);
    ensure!(found == whom, "it names another event than the one at the place that it names");
    Ok(whom)
}

/// Compares the sums of a batch's evidence with its accruals, row by row.
async fn compare_sums(
    assignment: &Assignment<'_>,
    batch: u64,
    books: &Books,
    stored: &mut StoredSums,
    compared: &mut Compared,
) -> anyhow::Result<()> {
    let mut rows_of = BTreeMap::new();
    for cycle in assignment.cycles() {
        rows_of.insert(cycle, stored.of(books, batch, cycle, compared).await?);
    }
    let mut found = BTreeMap::new();
    for (cycle, rows) in &rows_of {
        let rows = rows.iter().map(AccrualRows::of).collect::<Result<Vec<_>, _>>()?;
        found.insert(*cycle, rows.into_iter().flat_map(each_row));
    }
    for part in assignment.parts(1) {
        assignment.tables(batch, part, |cycle, table| {
            for expected in each_row(AccrualRows::of(&table)?) {
                let expected = expected?;
                let found = found.get_mut(&cycle).and_then(Iterator::next).transpose()?;
                ensure!(
                    found.as_ref() == Some(&expected),
                    "accruals of batch {batch}, cycle {cycle}: the archive has {found:?}, but its evidence gives {expected:?}"
                );
                compared.accruals += 1;
            }
            anyhow::Ok(())
        })?;
    }
    for (cycle, mut rows) in found {
        ensure!(rows.next().is_none(), "accruals of batch {batch}, cycle {cycle}: more than its evidence gives");
    }
    Ok(())
}

fn each_row(rows: AccrualRows<'_>) -> impl Iterator<Item = anyhow::Result<farthing_schemas::Accrual>> {
    (0..rows.len()).map(move |row| Ok(rows.accrual(row)?))
}

/// Batches that metered nothing have no files, but their manifests must say so.
fn finish_empty(books: &Books, compared: &mut Compared) -> anyhow::Result<()> {
    for batch in &books.catalog.batches {
        let metered: u64 = batch.slices.iter().map(|slice| slice.counts.metered).sum();
        if metered == 0 {
            ensure!(batch.totals.is_empty(), "batch {}: it metered nothing but has totals", batch.batch);
            compared.batches += 1;
        }
    }
    ensure!(
        compared.batches == books.catalog.batches.count(),
        "{} of {} batches have their evidence",
        compared.batches,
        books.catalog.batches.count()
    );
    Ok(())
}

/// The archived accruals, read as far as needed, by batch and cycle.
struct StoredSums {
    files: Vec<File>,
    read: usize,
    rows: BTreeMap<(u64, Cycle), Vec<RecordBatch>>,
}

impl StoredSums {
    async fn of(&mut self, books: &Books, batch: u64, cycle: Cycle, compared: &mut Compared) -> anyhow::Result<Vec<RecordBatch>> {
        while let Some(file) = self.files.get(self.read).filter(|file| file.batches.is_some_and(|(first, _)| first <= batch)).cloned() {
            self.read_file(books, &file).await?;
            compared.files += 1;
        }
        Ok(self.rows.remove(&(batch, cycle)).unwrap_or_default())
    }

    async fn read_file(&mut self, books: &Books, file: &File) -> anyhow::Result<()> {
        self.read += 1;
        let mut count = 0;
        for rows in trace::read_rows(books, file).await? {
            count += u64::try_from(rows.num_rows())?;
            let of = AccrualRows::of(&rows)?;
            // A file is of one cycle: its rows are told apart by their batch alone, and each one's cycle is compared later.
            let mut start = 0;
            while start < rows.num_rows() {
                let batch = of.batch(start);
                let length = (start..rows.num_rows()).take_while(|row| of.batch(*row) == batch).count();
                self.rows.entry((batch, of.assigned(start)?.cycle)).or_default().push(rows.slice(start, length));
                start += length;
            }
        }
        ensure!(count == file.rows, "{}: it has {count} rows, but its manifest says {}", file.path, file.rows);
        Ok(())
    }

    fn nothing_left(&self, batch: u64) -> anyhow::Result<()> {
        let left = self.rows.keys().any(|(of, _)| *of == batch);
        ensure!(!left, "accruals of batch {batch}: a cycle that its evidence does not give");
        Ok(())
    }

    async fn finish(&mut self, books: &Books, compared: &mut Compared) -> anyhow::Result<()> {
        while let Some(file) = self.files.get(self.read).cloned() {
            self.read_file(books, &file).await?;
            compared.files += 1;
        }
        ensure!(self.rows.is_empty(), "accruals of batches without evidence: {:?}", self.rows.keys().next());
        Ok(())
    }
}
