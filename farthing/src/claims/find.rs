//! Finding: which events may have something of what is claimed.

use super::found_at_a_time;
use super::rows::{Links, batches_of};
use crate::books::Books;
use crate::commands::accruals::each_batch;
use crate::trace;
use anyhow::Context;
use arrow_array::RecordBatch;
use farthing_aggregate::LineMaker;
use farthing_aggregate::claims::Asked;
use farthing_aggregate::usage::{Place, UsageRows};
use farthing_archive::read_table;
use farthing_schemas::ReferenceKind;
use farthing_schemas::event::{Body, Event};
use farthing_schemas::manifest::File;
use std::collections::{BTreeSet, VecDeque};

/// A search for what is asked for, file by file: only of batches whose sums say that they have something of it.
pub struct Search {
    asked: Asked,
    batches: BTreeSet<u64>,
    of_claims: BTreeSet<u64>,
    links: Links,
    files: VecDeque<File>,
    maker: LineMaker,
}

impl Search {
    /// A search of what the books held after a manifest.
    pub async fn of(books: &Books, asked: &Asked, through_sequence: u64) -> anyhow::Result<Search> {
        let mut batches = batches_with(books, asked).await?;
        let came_with = |batch: u64| books.catalog.batches.sequence_of(batch);
        batches.retain(|batch| came_with(*batch).is_some_and(|sequence| sequence <= through_sequence));
        let files = if batches.is_empty() { VecDeque::new() } else { trace::evidence(books, &batches).into() };
        let links = Links::of(books).await?;
        Ok(Search { asked: asked.clone(), batches, of_claims: batches_of(books), links, files, maker: LineMaker::default() })
    }

    /// The events of the next files that have something of it, or had when they were metered or claimed; none at the end. As many files as it
    /// takes for one batch: whatever is found, all of the archive is asked what of it is undone.
    pub async fn next(&mut self, books: &mut Books) -> anyhow::Result<Option<BTreeSet<Place>>> {
        let mut found = BTreeSet::new();
        while found.len() < found_at_a_time()
            && let Some(file) = self.files.pop_front()
        {
            let bytes = books.archive.get(&file).await?;
            for rows in read_table(&file.path, bytes, None)? {
                self.look(books, &rows?, &mut found).await.with_context(|| file.path.clone())?;
            }
        }
        Ok((!found.is_empty()).then_some(found))
    }

    async fn look(&mut self, books: &mut Books, rows: &RecordBatch, found: &mut BTreeSet<Place>) -> anyhow::Result<()> {
        let usage = UsageRows::of(rows)?;
        for row in 0..usage.len() {
            let place = usage.place(row);
            if !self.batches.contains(&place.batch) {
                continue;
            }
            match usage.reverses(row) {
                // What it gave may be in suspense for somebody else now.
                Some(names) if usage.is_claim(row) => drop(found.insert(self.links.event(names))),
                Some(_) => {}
                None if self.of_claims.contains(&place.batch) => {}
                None => {
                    if self.concerns(books, &usage.event(row)?, usage.registry_version(row)).await? {
                        found.insert(place);
                    }
                }
            }
        }
        Ok(())
    }

    async fn concerns(&mut self, books: &mut Books, event: &Event<'_>, version: u64) -> anyhow::Result<bool> {
        let Body::Usage(used) = &event.body else { return Ok(false) };
        let registry = books.registry(version).await?;
        let platform = registry.platform(&event.platform).context("its platform is not in the registry")?;
        let outcome = self.maker.make(&registry, platform, used, event.time)?;
        let covers = self.asked.covers(&event.platform, outcome.currency, event.time.cycle());
        Ok(covers && self.asked.concerns(&self.maker, &registry, used))
    }
}

/// The batches whose sums have something of what is asked for.
async fn batches_with(books: &Books, asked: &Asked) -> anyhow::Result<BTreeSet<u64>> {
    let (kind, reference) = asked.reference();
    let (kind, status) = (ReferenceKind::as_str(kind), asked.status());
    let mut found = BTreeSet::new();
    each_batch(books, None, |rows| {
        for row in 0..rows.len() {
            let [of_kind, party, .., of_status] = rows.words(row);
            if (of_kind, party, of_status) == (kind, reference, status.as_str()) {
                found.insert(rows.batch(row));
            }
        }
        Ok(())
    })
    .await?;
    Ok(found)
}
