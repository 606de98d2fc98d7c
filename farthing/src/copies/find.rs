//! Finding: which rows are to be undone, by their identities alone.

use crate::books::Books;
use crate::progress;
use anyhow::Context;
use arrow_array::{Array, RecordBatch};
use farthing_aggregate::Digest;
use farthing_aggregate::columns::Columns;
use farthing_aggregate::copies::{Correction, Row, corrections, named_in_conflict};
use farthing_aggregate::identity::BuildUniform;
use farthing_aggregate::usage::Place;
use farthing_archive::read_table;
use farthing_ingest::Progress;
use farthing_schemas::manifest::{CLAIMS, COPIES, File};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// New events that are compared in one pass: 18 bytes each and a table's slack, so about 100 MiB, while it grows.
const EVENTS_A_PASS: u64 = 2 << 20;

/// The columns by which copies are told.
const COLUMNS: [&str; 8] = ["batch", "row", "partition", "use", "identity", "says", "reverses_batch", "reverses_row"];

/// Digests, as sets of them are kept.
type Digests = HashSet<Digest, BuildUniform>;

/// A search for copies, in passes over the archive.
///
/// Digests are uniform, so they are cut into ranges with at most so many new events in each, give or take. A pass keeps the digests of its
/// new events, and counts who else has or names them: new ones, then those before, whose files are read for it. So it costs one reading of
/// the archive's files for every two million events that are new, which is what the start of a metering costs; where copies were found, two
/// more. Memory goes with the range, and with the copies in it: about 200 bytes for each.
///
/// Measured on a busy machine of two processors, not optimised: of 1 million events, all new, a second and 135 MB; of 10 million, all new,
/// 8 seconds of one processor and 240 MB; of 44,000 new ones beside these 10 million, 1.2 seconds and 80 MB.
pub struct Search {
    /// The last manifest that was searched before.
    through: u64,
    /// The batches that came since, and all others; those of copies are nobody's.
    new: BTreeSet<u64>,
    old: BTreeSet<u64>,
    ranges: u64,
    next: u64,
    /// What is named by reversals that count for nothing, whichever range it is in: looked at in the end. Nobody gains by making many:
    /// it takes a reversal with the identity of another event in another partition.
    doubtful: Digests,
}

impl Search {
    /// A search of what the books hold now and no search has seen.
    pub fn of(books: &Books) -> Search {
        let (batches, through) = (&books.catalog.batches, books.catalog.copies_through);
        let new = batches.of_events_after(through);
        let slices = new.iter().filter_map(|batch| batches.get(*batch)).flat_map(|batch| &batch.slices);
        let events: u64 = slices.map(|slice| slice.counts.metered).sum();
        let old = batches.all_numbers().difference(&new).copied().collect();
        Search { through, new, old, ranges: events.div_ceil(EVENTS_A_PASS), next: 0, doubtful: Digests::default() }
    }

    /// What is to be undone among the next part of the identities, with something in it; none at the end.
    pub async fn next(&mut self, books: &Books) -> anyhow::Result<Option<Vec<Correction>>> {
        while self.next < self.ranges {
            let suspects = self.suspects(books).await?;
            self.next += 1;
            let rows = rows_for(books, &suspects).await?;
            self.doubtful.extend(named_in_conflict(&rows));
            let found = corrections(&rows, |identity| suspects.contains(&identity));
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
        let doubtful = std::mem::take(&mut self.doubtful);
        let rows = rows_for(books, &doubtful).await?;
        let mut told = Tally::default();
        rows.iter().for_each(|row| told.count(row));
        // Those that are suspects were corrected with their range.
        let found = corrections(&rows, |identity| doubtful.contains(&identity) && !told.suspects(identity));
        Ok((!found.is_empty()).then_some(found))
    }

    fn in_range(&self, digest: Digest) -> bool {
        // The last bytes: maps spread digests by their first ones.
        let last = digest.0.last_chunk().map_or(0, |last| u64::from_be_bytes(*last));
        (u128::from(last) * u128::from(self.ranges)) >> 64 == u128::from(self.next)
    }

    /// The identities of this range that more than one event has, or more than one reversal names.
    async fn suspects(&self, books: &Books) -> anyhow::Result<Digests> {
        let is_new = |row: &Row| row.committed > self.through;
        let mut told = Tally::default();
        let count_new = |row: Row| {
            if is_new(&row) && roles(&row).any(|(digest, _)| self.in_range(digest)) {
                told.count(&row);
            }
        };
        each_row(books, |file| self.holds_new(file), count_new).await?;
        let count_old = |row: Row| {
            if !is_new(&row) {
                told.count_known(&row);
            }
        };
        each_row(books, |file| self.holds_old(file), count_old).await?;
        let suspects = told.0.keys().filter(|identity| self.in_range(**identity) && told.suspects(**identity));
        Ok(suspects.copied().collect())
    }

    fn holds_new(&self, file: &File) -> bool {
        file.batches.is_some_and(|(first, last)| self.new.range(first..=last).next().is_some())
    }

    fn holds_old(&self, file: &File) -> bool {
        file.batches.is_some_and(|(first, last)| self.old.range(first..=last).next().is_some())
    }
}

/// How often digests are told.
#[derive(Default)]
struct Tally(HashMap<Digest, Told, BuildUniform>);

/// How often one is told: further than two nobody counts.
#[derive(Clone, Copy, Default)]
struct Told {
    events: u8,
    reversals: u8,
}

impl Tally {
    fn count(&mut self, row: &Row) {
        roles(row).for_each(|(digest, role)| self.0.entry(digest).or_default().count(role));
    }

    /// Counts only what is there already.
    fn count_known(&mut self, row: &Row) {
        for (digest, role) in roles(row) {
            if let Some(told) = self.0.get_mut(&digest) {
                told.count(role);
            }
        }
    }

    /// Whether more than one event has an identity, or more than one reversal names it.
    fn suspects(&self, identity: Digest) -> bool {
        self.0.get(&identity).is_some_and(|told| told.events > 1 || told.reversals > 1)
    }
}

/// What a row does with a digest.
#[derive(Clone, Copy)]
enum Role {
    Has,
    Reverses,
}

impl Told {
    fn count(&mut self, role: Role) {
        let count = match role {
            Role::Has => &mut self.events,
            Role::Reverses => &mut self.reversals,
        };
        *count = count.saturating_add(1);
    }
}

/// What an event from outside does; a reversal of Farthing's does nothing here.
fn roles(row: &Row) -> impl Iterator<Item = (Digest, Role)> + use<> {
    let roles = [Some((row.identity, Role::Has)), row.undoes.map(|_| (row.says, Role::Reverses))];
    roles.into_iter().flatten().filter({
        let outside = !row.by_farthing;
        move |_| outside
    })
}

/// All rows by which some identities are judged: those that have or reverse one of them, and the same of the identities of these reversals.
async fn rows_for(books: &Books, identities: &Digests) -> anyhow::Result<Vec<Row>> {
    if identities.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = rows_about(books, identities).await?;
    let reversals: Digests = rows.iter().filter(|row| row.undoes.is_some() && !row.by_farthing).map(|row| row.identity).collect();
    if !reversals.is_empty() {
        rows.extend(rows_about(books, &reversals).await?);
        rows.sort_unstable_by_key(Row::order);
        rows.dedup();
    }
    Ok(rows)
}

/// The rows that have one of these identities, or reverse it.
async fn rows_about(books: &Books, identities: &Digests) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    each_row(
        books,
        |_| true,
        |row| {
            let reverses = row.undoes.is_some() && identities.contains(&row.says);
            if reverses || identities.contains(&row.identity) {
                rows.push(row);
            }
        },
    )
    .await?;
    Ok(rows)
}

/// Calls `each` with all rows of some files of `usage`.
async fn each_row(books: &Books, wanted: impl Fn(&File) -> bool, mut each: impl FnMut(Row)) -> anyhow::Result<()> {
    let files: Vec<File> = books.files_in_order("usage").into_iter().filter(|file| wanted(file)).collect();
    let done = Arc::new(Progress::default());
    let bar = progress::watch(done.clone(), Some(files.iter().map(|file| file.bytes).sum()));
    for file in &files {
        let bytes = books.archive.get(file).await?;
        for rows in read_table(&file.path, bytes, Some(&COLUMNS))? {
            let rows = rows?;
            each_row_of(books, &rows, &mut each).with_context(|| file.path.clone())?;
            done.events.fetch_add(u64::try_from(rows.num_rows())?, Ordering::Relaxed);
        }
        done.bytes.fetch_add(file.bytes, Ordering::Relaxed);
    }
    bar.finish();
    Ok(())
}

fn each_row_of(books: &Books, rows: &RecordBatch, each: &mut impl FnMut(Row)) -> anyhow::Result<()> {
    let columns = Columns(rows);
    let (batch, row, partition) = (columns.whole("batch")?, columns.whole("row")?, columns.words("partition")?);
    let (use_, identity, says) = (columns.words("use")?, columns.digests("identity")?, columns.digests("says")?);
    let (of_batch, of_row) = (columns.whole("reverses_batch")?, columns.whole("reverses_row")?);
    let mut last: Option<(u64, u64)> = None;
    // What claims move is nobody's copy: its rows are told apart by what they are made upon.
    for at in (0..rows.num_rows()).filter(|at| partition.at(*at) != CLAIMS) {
        let place = Place { batch: u64::try_from(batch.value(at))?, row: u32::try_from(row.value(at))? };
        let committed = match last {
            Some((batch, committed)) if batch == place.batch => committed,
            _ => books.catalog.batches.sequence_of(place.batch).with_context(|| format!("batch {} is in no manifest", place.batch))?,
        };
        last = Some((place.batch, committed));
        let undoes = if use_.at(at) == "reversal" && of_batch.is_valid(at) {
            Some(Place { batch: u64::try_from(of_batch.value(at))?, row: u32::try_from(of_row.value(at))? })
        } else {
            None
        };
        let (identity, says) = (Digest(identity.value(at).try_into()?), Digest(says.value(at).try_into()?));
        each(Row { committed, place, identity, says, undoes, by_farthing: partition.at(at) == COPIES });
    }
    Ok(())
}
