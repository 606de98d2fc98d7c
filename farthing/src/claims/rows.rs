//! Rows of claims and of reversals, by their places alone.

use crate::books::Books;
use crate::trace;
use anyhow::Context;
use arrow_array::{Array, RecordBatch};
use farthing_aggregate::claims::ClaimId;
use farthing_aggregate::columns::Columns;
use farthing_aggregate::copies::Correction;
use farthing_aggregate::usage::Place;
use farthing_archive::read_table;
use farthing_schemas::manifest::{CLAIMS, COPIES, File};
use std::collections::{BTreeMap, BTreeSet};

/// The columns by which claims are told.
const CLAIM_COLUMNS: [&str; 7] = ["batch", "row", "partition", "use", "id", "reverses_batch", "reverses_row"];
/// The columns by which it is told what is undone.
const REVERSAL_COLUMNS: [&str; 6] = ["batch", "row", "partition", "use", "reverses_batch", "reverses_row"];

/// A claim upon an event, or the undoing of one.
#[derive(Clone, Copy, Debug)]
pub struct ClaimRow {
    /// Where it stands.
    pub place: Place,
    /// What it names.
    pub names: Place,
    /// The number of the claim; none if it undoes one.
    pub number: Option<u64>,
}

/// The numbers of the batches that claims brought.
pub fn batches_of(books: &Books) -> BTreeSet<u64> {
    books.catalog.batches.brought_by(CLAIMS, 0)
}

/// Calls `each` with all rows of the partition of claims.
pub async fn each_claim(books: &Books, mut each: impl FnMut(ClaimRow)) -> anyhow::Result<()> {
    let batches = batches_of(books);
    let holds = |file: &File| file.batches.is_some_and(|(first, last)| batches.range(first..=last).next().is_some());
    for file in books.files_in_order("usage").into_iter().filter(holds) {
        let bytes = books.archive.get(&file).await?;
        for rows in read_table(&file.path, bytes, Some(&CLAIM_COLUMNS))? {
            let rows = rows?;
            let columns = Columns(&rows);
            let id = columns.text("id")?;
            let of_claims = |partition: &str, _: &str| partition == CLAIMS;
            each_naming(&rows, of_claims, |at, use_, place, names| {
                let number = if use_ == "claim" { Some(id.value(at).parse::<ClaimId>()?.number) } else { None };
                each(ClaimRow { place, names, number });
                Ok(())
            })
            .with_context(|| file.path.clone())?;
        }
    }
    Ok(())
}

/// Calls `each` with the rows that name another, of some partitions and uses: row, use, its place and the one that it names.
fn each_naming(
    rows: &RecordBatch,
    wanted: impl Fn(&str, &str) -> bool,
    mut each: impl FnMut(usize, &str, Place, Place) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let columns = Columns(rows);
    let (batch, row, partition, use_) =
        (columns.whole("batch")?, columns.whole("row")?, columns.words("partition")?, columns.words("use")?);
    let (of_batch, of_row) = (columns.whole("reverses_batch")?, columns.whole("reverses_row")?);
    for at in (0..rows.num_rows()).filter(|at| of_batch.is_valid(*at) && of_row.is_valid(*at)) {
        if wanted(partition.at(at), use_.at(at)) {
            let place = Place { batch: u64::try_from(batch.value(at))?, row: u32::try_from(row.value(at))? };
            let names = Place { batch: u64::try_from(of_batch.value(at))?, row: u32::try_from(of_row.value(at))? };
            each(at, use_.at(at), place, names)?;
        }
    }
    Ok(())
}

/// Claims upon an event, in their order: the number of each, and where it stands.
pub type Upon = BTreeMap<Place, Vec<(u64, Place)>>;

/// The claims upon some events.
pub async fn claims_upon(books: &Books, events: &BTreeSet<Place>) -> anyhow::Result<Upon> {
    let mut upon = Upon::new();
    // What was named last, and the event that it leads to.
    let mut ends: BTreeMap<Place, Place> = events.iter().map(|event| (*event, *event)).collect();
    while !ends.is_empty() && !books.catalog.claims.is_empty() {
        let mut further = BTreeMap::new();
        each_claim(books, |claim| {
            if let (Some(number), Some(event)) = (claim.number, ends.get(&claim.names)) {
                upon.entry(*event).or_default().push((number, claim.place));
                further.insert(claim.place, *event);
            }
        })
        .await?;
        ends = further;
    }
    Ok(upon)
}

/// Which claims are made upon other claims, and so where each leads to.
#[derive(Debug, Default)]
pub struct Links(BTreeMap<Place, Place>);

impl Links {
    /// The links of all claims that name a claim, which few do, and of those that these name.
    pub async fn of(books: &Books) -> anyhow::Result<Links> {
        let batches = batches_of(books);
        let mut links = Links::default();
        let mut wanted = BTreeSet::new();
        each_claim(books, |claim| {
            if claim.number.is_some() && batches.contains(&claim.names.batch) {
                links.0.insert(claim.place, claim.names);
                wanted.insert(claim.names);
            }
        })
        .await?;
        wanted.retain(|place| !links.0.contains_key(place));
        if !wanted.is_empty() {
            each_claim(books, |claim| {
                if wanted.contains(&claim.place) {
                    links.0.insert(claim.place, claim.names);
                }
            })
            .await?;
        }
        Ok(links)
    }

    /// The event that stands behind what a claim names.
    pub fn event(&self, names: Place) -> Place {
        let mut at = names;
        while let Some(next) = self.0.get(&at) {
            at = *next;
        }
        at
    }
}

/// What of the books says that something is undone.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Events of manifests up to that one count; what came later may not count for anything once it is searched.
    pub through: u64,
    /// What is corrected besides.
    pub corrected: &'a [Correction],
}

impl Known<'_> {
    /// All that there is, searched or not.
    pub const ALL: Known<'static> = Known { through: u64::MAX, corrected: &[] };

    fn counts(self, books: &Books, partition: &str, place: Place) -> bool {
        partition == COPIES || books.catalog.batches.sequence_of(place.batch).is_some_and(|sequence| sequence <= self.through)
    }
}

/// Which of some events are undone.
pub async fn undone_among(books: &Books, events: &BTreeSet<Place>, known: Known<'_>) -> anyhow::Result<BTreeSet<Place>> {
    let corrected = known.corrected;
    let mut undone: BTreeMap<Place, i64> = BTreeMap::new();
    // Reversals of these events, which may be undone in their turn.
    let mut reversals: BTreeMap<Place, Place> = BTreeMap::new();
    each_reversal(books, |partition, place, names| {
        if events.contains(&names) && known.counts(books, partition, place) {
            *undone.entry(names).or_default() += 1;
            if partition != COPIES {
                reversals.insert(place, names);
            }
        }
    })
    .await?;
    corrected.iter().filter(|correction| events.contains(&correction.of)).for_each(|of| *undone.entry(of.of).or_default() += 1);
    let mut restore = |reversal: Place| {
        if let Some(event) = reversals.get(&reversal) {
            *undone.entry(*event).or_default() -= 1;
        }
    };
    if !reversals.is_empty() {
        each_reversal(books, |partition, _, names| {
            if partition == COPIES {
                restore(names)
            }
        })
        .await?;
        corrected.iter().for_each(|correction| restore(correction.of));
    }
    Ok(undone.into_iter().filter(|(_, times)| *times > 0).map(|(event, _)| event).collect())
}

/// Whether some batches have a reversal among their events.
pub async fn have_reversals(books: &Books, batches: &BTreeSet<u64>) -> anyhow::Result<bool> {
    for file in trace::evidence(books, batches) {
        let bytes = books.archive.get(&file).await?;
        for rows in read_table(&file.path, bytes, Some(&["batch", "use"]))? {
            let rows = rows?;
            let columns = Columns(&rows);
            let (batch, use_) = (columns.whole("batch")?, columns.words("use")?);
            let is_of = |at: usize| u64::try_from(batch.value(at)).is_ok_and(|batch| batches.contains(&batch));
            if (0..rows.num_rows()).any(|at| use_.at(at) == "reversal" && is_of(at)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Calls `each` with the reversals of events and of copies: the partition, the place, and the one that it names.
async fn each_reversal(books: &Books, mut each: impl FnMut(&str, Place, Place)) -> anyhow::Result<()> {
    for file in books.files_in_order("usage") {
        let bytes = books.archive.get(&file).await?;
        for rows in read_table(&file.path, bytes, Some(&REVERSAL_COLUMNS))? {
            let rows = rows?;
            let columns = Columns(&rows);
            let partition = columns.words("partition")?;
            each_naming(
                &rows,
                |partition, use_| partition != CLAIMS && use_ == "reversal",
                |at, _, place, names| {
                    each(partition.at(at), place, names);
                    Ok(())
                },
            )
            .with_context(|| file.path.clone())?;
        }
    }
    Ok(())
}
