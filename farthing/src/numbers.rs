//! Numbers of batches: each reserved in the ledger before the batch's first event.

use crate::books::Books;
use crate::patience::Patience;
use crate::telemetry::{self, Event, LedgerCall};
use farthing_ingest::{Numbers, Partition, Refusal};
use farthing_ledger::Ledger;
use tokio::runtime::Handle;

/// Reserves numbers under the first lease of a job.
///
/// Nothing is given back at the end: a batch that has a number is sealed and committed, unless the job fails; then the number is dropped
/// with the lease, or by the next one to hold the lock ([`crate::lock::Lock::metering`]), and what was archived under it is swept away.
pub struct Reservations {
    ledger: Ledger,
    patience: Patience,
    runtime: Handle,
    lease: Option<(String, u64)>,
}

impl Reservations {
    /// Numbers for a job that reads these partitions.
    pub fn of(books: &Books, partitions: &[Partition]) -> Reservations {
        let lease = partitions.first().map(|partition| (partition.name.clone(), partition.epoch));
        Reservations { ledger: books.ledger.clone(), patience: books.patience.clone(), runtime: Handle::current(), lease }
    }
}

impl Numbers for Reservations {
    fn next(&mut self) -> Result<u64, Refusal> {
        let (partition, epoch) = self.lease.as_ref().ok_or("no partition is read")?;
        // If an answer is lost, its number stays reserved and is never used.
        let reserved = self.patience.with(async || telemetry::timed(LedgerCall::Reserve, self.ledger.reserve(partition, *epoch)).await);
        let batch = self.runtime.block_on(reserved)?;
        telemetry::tell(Event::BatchBegins { batch });
        Ok(batch)
    }
}
