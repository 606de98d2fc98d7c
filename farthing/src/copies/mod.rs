//! Copies that no index of identities saw at once: found over the archive, and reversed there.
//!
//! Each partition of a topic is told apart by itself, and files are metered beside it: so an identity may be metered more than once.
//! Before a cycle closes, the batches that came since the last search are compared with each other and with all before, and what counts
//! too often is undone ([`farthing_aggregate::copies`] says what and why), by a batch of reversals from the partition `copies`. Then an act
//! records through which manifest all was searched.
//!
//! The lease of that partition comes first, then the chain is read: so whoever searches sees what those before have undone, and those
//! who hold an older lease cannot commit any more. After a crash anywhere the next search finds what is still to be undone, and no more.

mod find;
mod reverse;

use crate::batch::{Around, Commits};
use crate::books::{Appended, Books};
use crate::lock::{Lock, Work};
use crate::place::Place;
use anyhow::Context;
use farthing_aggregate::accruals::{AccrualRows, Assignment};
use farthing_aggregate::closed::Closing;
use farthing_aggregate::copies::Correction;
use farthing_ingest::identities::Size;
use farthing_ingest::{Committer, Evidence, SealedBatch};
use farthing_ledger::Effects;
use farthing_schemas::Accrual;
use farthing_schemas::manifest::{Act, COPIES, CopySearch, Counts, Slice};
use find::Search;
use reverse::Reversals;

pub use reverse::{Conflict, SOURCE as REVERSALS_SOURCE, id_of};

/// Reversals of one batch: their lines wait in memory for its commit.
const AT_A_TIME: usize = 256 << 10;

/// What a search did.
#[derive(Debug, Default)]
pub struct Searched {
    /// The last manifest that it knew of.
    pub through: u64,
    /// Batches that were not searched before.
    pub batches: usize,
    /// What it undid: copies, and reversals that undid too much.
    pub reversed: u64,
    /// Copies among them that say something else than the first of their identity.
    pub conflicts: Vec<Conflict>,
}

/// The lease of the partition of copies, and how far it is.
struct Held {
    epoch: u64,
    next: u64,
}

/// Finds copies in what came since the last search, and reverses them; another process that searches is waited for.
pub async fn search(books: &mut Books, at: &Place) -> anyhow::Result<Searched> {
    books.refresh().await?;
    if unsearched(books) == 0 {
        return Ok(Searched { through: books.catalog.copies_through, ..Searched::default() });
    }
    let _lock = Lock::take(at, Work::Searching).await?;
    let lease = books.ledger.lease(COPIES, "", 0).await?;
    let mut held = Held { epoch: lease.epoch, next: lease.next };
    // After the lease: nobody else reverses copies any more.
    books.refresh().await?;
    books.sweep_batches().await?;
    let mut searched = Searched { through: books.catalog.sequence, batches: unsearched(books), ..Searched::default() };
    let mut search = Search::of(books);
    while let Some(found) = search.next(books).await? {
        fail::fail_point!("copies-found");
        for some in found.chunks(AT_A_TIME) {
            reverse(books, &mut held, some, &mut searched).await.context("copies cannot be reversed")?;
        }
    }
    fail::fail_point!("copies-reversed");
    let act = Act::Copies(CopySearch { through_sequence: searched.through });
    while books.append(act.clone(), &Effects::default()).await? == Appended::Moved {}
    fail::fail_point!("copies-searched");
    Ok(searched)
}

/// How many batches came after the last search.
pub fn unsearched(books: &Books) -> usize {
    books.catalog.batches.of_events_after(books.catalog.copies_through).len()
}

/// Commits a batch that makes these corrections.
async fn reverse(books: &mut Books, held: &mut Held, some: &[Correction], searched: &mut Searched) -> anyhow::Result<()> {
    let made = Reversals::of(books, some, held.next).await?;
    let batch = books.ledger.reserve(COPIES, held.epoch).await?;
    let count = u64::try_from(some.len())?;
    let counts = Counts { read: count, metered: count, ..Counts::default() };
    let slice = Slice { partition: COPIES.to_owned(), epoch: held.epoch, start: held.next, next: held.next + count, counts };
    let rows = made.rows_of(batch)?;
    let Reversals { registry, lines, conflicts, .. } = made;
    let (slices, dead_letters, replayed) = (vec![slice], Vec::new(), Vec::new());
    let sealed = SealedBatch { batch, registry, lines, bytes: 0, remembered: Size::default(), slices, dead_letters, replayed };
    tokio::task::block_in_place(|| {
        let (mut commits, mut evidence) = Commits::to(books, Around::default());
        evidence.take(rows);
        evidence.seal(batch);
        commits.commit(sealed)
    })
    .map_err(anyhow::Error::from_boxed)?;
    held.next += count;
    searched.reversed += count;
    searched.conflicts.extend(conflicts);
    Ok(())
}

/// What a search would do now.
#[derive(Debug, Default)]
pub struct Pending {
    /// How much it would undo.
    pub reversed: usize,
    /// The sums of it.
    pub accruals: Vec<Accrual>,
}

/// What a search would do now, for previews, which write nothing.
pub async fn pending(books: &mut Books) -> anyhow::Result<Pending> {
    let mut pending = Pending::default();
    // No batch has this number, so nothing undoes an event of it.
    let batch = books.ledger.last_number().await? + 1;
    let mut search = Search::of(books);
    while let Some(found) = search.next(books).await? {
        for some in found.chunks(AT_A_TIME) {
            let Reversals { registry, lines, .. } = Reversals::of(books, some, 0).await?;
            let folded = lines.finish();
            let closing = Closing { batch, closed: &books.catalog.closed, history: &books.catalog.history };
            let assignment = Assignment::of(&folded, &registry, &closing)?;
            for part in assignment.parts(1) {
                assignment.tables(batch, part, |_, table| {
                    let rows = AccrualRows::of(&table)?;
                    for row in 0..rows.len() {
                        pending.accruals.push(rows.accrual(row)?);
                    }
                    anyhow::Ok(())
                })?;
            }
            pending.reversed += some.len();
        }
    }
    Ok(pending)
}
