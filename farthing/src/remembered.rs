//! Filling indexes of identities from the evidence that the manifests name.

use crate::books::Books;
use anyhow::Context;
use arrow_array::RecordBatch;
use farthing_aggregate::Digest;
use farthing_aggregate::columns::Columns;
use farthing_aggregate::usage::Place;
use farthing_archive::{Batches, read_table};
use farthing_ingest::identities::Later;
use farthing_ingest::{Identities, Remembered, Room};
#[cfg(feature = "kafka")]
use farthing_schemas::manifest::File;
use farthing_schemas::manifest::is_from_outside;
#[cfg(feature = "kafka")]
use std::collections::BTreeSet;

/// The columns that the index is made of.
const IDENTITY_COLUMNS: [&str; 6] = ["batch", "row", "partition", "use", "identity", "says"];

/// An index of all that files brought, and partitions before they were a topic's.
pub async fn identities(books: &Books, room: &Room) -> anyhow::Result<Identities> {
    let files = books.files_in_order("usage");
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let mut filling = Filling::of(&books.catalog.batches, Identities::with_room(usize::try_from(rows)?, room), room);
    for file in &files {
        let bytes = books.archive.get(file).await?;
        for rows in read_table(&file.path, bytes, Some(&IDENTITY_COLUMNS))? {
            filling.remember(&rows?, |from, _| is_from_outside(from)).with_context(|| file.path.clone())?;
        }
    }
    filling.finish()
}

/// What is remembered of a partition: all that it brought with manifests up to one.
#[cfg(feature = "kafka")]
pub struct OfPartition {
    pub partition: String,
    pub identities: Identities,
    /// The number of that manifest.
    pub through: u64,
}

/// Adds to each of these what its partition has brought since; none where that is not wanted any more before it is done.
#[cfg(feature = "kafka")]
pub async fn brought_since(
    books: &Books,
    known: Vec<OfPartition>,
    room: &Room,
    is_wanted: impl Fn() -> bool,
) -> anyhow::Result<Option<Vec<Identities>>> {
    let batches = &books.catalog.batches;
    let mut filling = Vec::new();
    let mut wanted: BTreeSet<u64> = BTreeSet::new();
    for OfPartition { partition, identities, through } in known {
        let since = batches.brought_by(&partition, through);
        wanted.extend(&since);
        filling.push((partition, since, Filling::of(batches, identities, room)));
    }
    let holds_some = |file: &File| file.batches.is_some_and(|(first, last)| wanted.range(first..=last).next().is_some());
    for file in books.files_in_order("usage").iter().filter(|file| holds_some(file)) {
        fail::fail_point!("index-reads-file");
        if !is_wanted() {
            return Ok(None);
        }
        let bytes = books.archive.get(file).await?;
        for rows in read_table(&file.path, bytes, Some(&IDENTITY_COLUMNS))? {
            let rows = rows?;
            for (partition, since, filling) in &mut filling {
                // A file may also have rows of batches that are known: an original that is known to be undone is not to be forgotten.
                filling.remember(&rows, |from, batch| from == partition && since.contains(&batch)).with_context(|| file.path.clone())?;
            }
        }
    }
    filling.into_iter().map(|(.., filling)| filling.finish()).collect::<anyhow::Result<Vec<Identities>>>().map(Some)
}

/// An index that is being filled.
struct Filling<'b> {
    batches: &'b Batches,
    identities: Identities,
    /// What is undone is known once all are remembered: only reversals that count undo.
    reversals: Later,
}

impl Filling<'_> {
    fn of<'b>(batches: &'b Batches, identities: Identities, room: &Room) -> Filling<'b> {
        Filling { batches, identities, reversals: Later::new(room) }
    }

    /// Remembers the rows that are wanted by their partition and batch; of copies, the one that was committed first.
    fn remember(&mut self, rows: &RecordBatch, is_wanted: impl Fn(&str, u64) -> bool) -> anyhow::Result<()> {
        let Filling { batches, identities, reversals } = self;
        let columns = Columns(rows);
        let (batch, row, use_) = (columns.whole("batch")?, columns.whole("row")?, columns.words("use")?);
        let (partition, identity, says) = (columns.words("partition")?, columns.digests("identity")?, columns.digests("says")?);
        let mut wanted = Vec::with_capacity(rows.num_rows());
        for at in 0..rows.num_rows() {
            if is_wanted(partition.at(at), u64::try_from(batch.value(at))?) {
                wanted.push(at);
            }
        }
        identities.prefetch(wanted.iter().filter_map(|at| Some(Digest(identity.value(*at).try_into().ok()?))));
        let order = |place: Place| (batches.sequence_of(place.batch), place.row);
        for at in wanted {
            let digest = |bytes: &[u8]| -> anyhow::Result<Digest> { Ok(Digest(bytes.try_into()?)) };
            let place = Place { batch: u64::try_from(batch.value(at))?, row: u32::try_from(row.value(at))? };
            let (identity, says) = (digest(identity.value(at))?, digest(says.value(at))?);
            let event = Remembered { identity, says, place, reversal: use_.at(at) == "reversal" };
            identities.insert_first(event, |known| order(known) < order(place)).context(NOT_KEPT)?;
            if event.reversal {
                reversals.push(&event).context(NOT_KEPT)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<Identities> {
        let Filling { mut identities, reversals, .. } = self;
        reversals.undo_in(&mut identities).context(NOT_KEPT)?;
        Ok(identities)
    }
}

pub const NOT_KEPT: &str = "the index of identities cannot be kept in the scratch folder (--scratch)";
