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

/// The columns that the index is made of.
const IDENTITY_COLUMNS: [&str; 6] = ["batch", "row", "partition", "use", "identity", "says"];

/// An index of all that files brought, and partitions before they were a topic's.
pub async fn identities(books: &Books, room: &Room) -> anyhow::Result<Identities> {
    let files = books.files_in_order("usage");
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let mut filling = Filling::of(&books.catalog.batches, usize::try_from(rows)?, room);
    for file in &files {
        let bytes = books.archive.get(file).await?;
        for rows in read_table(&file.path, bytes, Some(&IDENTITY_COLUMNS))? {
            filling.remember(&rows?, is_from_outside).with_context(|| file.path.clone())?;
        }
    }
    filling.finish()
}

/// An index for each of these partitions, of what it brought alone; each has this room.
#[cfg(feature = "kafka")]
pub async fn identities_of(books: &Books, partitions: &[&str], room: &Room) -> anyhow::Result<Vec<Identities>> {
    let mut filling: Vec<Filling<'_>> = partitions.iter().map(|_| Filling::of(&books.catalog.batches, 0, room)).collect();
    let from_them = books.catalog.batches.from_partitions(partitions);
    let holds_some = |file: &File| file.batches.is_some_and(|(first, last)| from_them.range(first..=last).next().is_some());
    for file in books.files_in_order("usage").iter().filter(|file| holds_some(file)) {
        let bytes = books.archive.get(file).await?;
        for rows in read_table(&file.path, bytes, Some(&IDENTITY_COLUMNS))? {
            let rows = rows?;
            for (partition, filling) in partitions.iter().zip(&mut filling) {
                filling.remember(&rows, |from| from == *partition).with_context(|| file.path.clone())?;
            }
        }
    }
    filling.into_iter().map(Filling::finish).collect()
}

/// An index that is being filled.
struct Filling<'b> {
    batches: &'b Batches,
    identities: Identities,
    /// What is undone is known once all are remembered: only reversals that count undo.
    reversals: Later,
}

impl Filling<'_> {
    fn of<'b>(batches: &'b Batches, rows: usize, room: &Room) -> Filling<'b> {
        Filling { batches, identities: Identities::with_room(rows, room), reversals: Later::new(room) }
    }

    /// Remembers the rows of some partitions; of copies, the one that was committed first.
    fn remember(&mut self, rows: &RecordBatch, wanted: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let Filling { batches, identities, reversals } = self;
        let columns = Columns(rows);
        let (batch, row, use_) = (columns.whole("batch")?, columns.whole("row")?, columns.words("use")?);
        let (partition, identity, says) = (columns.words("partition")?, columns.digests("identity")?, columns.digests("says")?);
        let at_once = (0..rows.num_rows()).filter(|at| wanted(partition.at(*at)));
        identities.prefetch(at_once.filter_map(|at| Some(Digest(identity.value(at).try_into().ok()?))));
        let order = |place: Place| (batches.sequence_of(place.batch), place.row);
        for at in (0..rows.num_rows()).filter(|at| wanted(partition.at(*at))) {
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

const NOT_KEPT: &str = "the index of identities cannot be kept in the scratch folder (--scratch)";
