//! Batches of what Farthing makes itself: reversals of copies, and what claims move. Each kind has a partition and its lease.

use crate::batch::{Around, Commits};
use crate::books::Books;
use arrow_array::RecordBatch;
use farthing_aggregate::Accumulator;
use farthing_aggregate::accruals::{AccrualRows, Assignment};
use farthing_aggregate::closed::Closing;
use farthing_aggregate::usage::{Joining, Place, join_batch};
use farthing_ingest::identities::Size;
use farthing_ingest::{Committer, Evidence, SealedBatch};
use farthing_schemas::Accrual;
use farthing_schemas::manifest::{Counts, Slice};
use farthing_schemas::registry::Registry;
use std::sync::Arc;

/// Rows on their way into a batch, with the lines that they bring.
pub struct OwnRows {
    /// The registry in force, by which the lines are keyed.
    pub registry: Arc<Registry>,
    /// The lines.
    pub lines: Accumulator,
    /// The rows, which lack what only the batch knows.
    pub decoded: RecordBatch,
    /// Per row, the place that it names.
    pub names: Vec<(usize, Place)>,
}

impl OwnRows {
    /// Their evidence, as that of a batch.
    fn rows_of(&self, batch: u64) -> anyhow::Result<RecordBatch> {
        let registry_version = self.registry.version();
        Ok(join_batch(&self.decoded, &Joining { batch, first_row: 0, registry_version, reverses: &self.names })?)
    }

    /// Their sums as they would be if they were committed now, in a batch of that number.
    pub fn accruals(self, books: &Books, batch: u64) -> anyhow::Result<Vec<Accrual>> {
        let folded = self.lines.finish();
        let closing = Closing { batch, closed: &books.catalog.closed, history: &books.catalog.history };
        let assignment = Assignment::of(&folded, &self.registry, &closing)?;
        let mut accruals = Vec::new();
        for part in assignment.parts(1) {
            assignment.tables(batch, part, |_, table| {
                let rows = AccrualRows::of(&table)?;
                for row in 0..rows.len() {
                    accruals.push(rows.accrual(row)?);
                }
                anyhow::Ok(())
            })?;
        }
        Ok(accruals)
    }
}

/// The lease of a partition of Farthing's own, and how far it is.
pub struct Held {
    partition: &'static str,
    epoch: u64,
    /// The position of the next row.
    pub next: u64,
}

impl Held {
    /// Takes the lease: whoever held it before cannot commit any more. What they did is known with the next look at the chain.
    pub async fn take(books: &Books, partition: &'static str) -> anyhow::Result<Held> {
        let lease = books.ledger.lease(partition, "", 0).await?;
        Ok(Held { partition, epoch: lease.epoch, next: lease.next })
    }

    /// Commits rows as a batch.
    pub async fn commit(&mut self, books: &mut Books, made: OwnRows) -> anyhow::Result<()> {
        let batch = books.ledger.reserve(self.partition, self.epoch).await?;
        let count = u64::try_from(made.names.len())?;
        let counts = Counts { read: count, metered: count, ..Counts::default() };
        let slice = Slice { partition: self.partition.to_owned(), epoch: self.epoch, start: self.next, next: self.next + count, counts };
        let rows = made.rows_of(batch)?;
        let OwnRows { registry, lines, .. } = made;
        let (slices, dead_letters, replayed) = (vec![slice], Vec::new(), Vec::new());
        let sealed = SealedBatch { batch, registry, lines, bytes: 0, remembered: Size::default(), slices, dead_letters, replayed };
        tokio::task::block_in_place(|| {
            let (mut commits, mut evidence) = Commits::to(books, Around::default());
            evidence.take(rows);
            evidence.seal(batch);
            commits.commit(sealed)
        })
        .map_err(anyhow::Error::from_boxed)?;
        self.next += count;
        Ok(())
    }
}
