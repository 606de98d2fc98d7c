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

use crate::books::{Appended, Books};
use crate::claims;
use crate::lock::{Lock, Work};
use crate::own_batches::Held;
use crate::place::Place;
use anyhow::Context;
use farthing_aggregate::copies::Correction;
use farthing_ledger::Effects;
use farthing_schemas::Accrual;
use farthing_schemas::manifest::{Act, CLAIMS, COPIES, CopySearch};
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
    /// Claims upon events that were undone, which it undid, too.
    pub claims: u64,
    /// Copies among them that say something else than the first of their identity.
    pub conflicts: Vec<Conflict>,
}

/// Finds copies in what came since the last search, and reverses them; another process that searches is waited for.
pub async fn search(books: &mut Books, at: &Place) -> anyhow::Result<Searched> {
    books.refresh().await?;
    if unsearched(books) == 0 {
        return Ok(Searched { through: books.catalog.copies_through, ..Searched::default() });
    }
    let _lock = Lock::take(at, Work::Searching).await?;
    let mut held = Held::take(books, COPIES).await?;
    let mut of_claims = None;
    // After the leases: nobody else reverses copies or moves claims any more.
    books.refresh().await?;
    if !books.catalog.claims.is_empty() {
        of_claims = Some(Held::take(books, CLAIMS).await?);
        books.refresh().await?;
    }
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
    if let Some(held) = &mut of_claims {
        searched.claims = claims::undo(books, held, searched.through).await.context("claims cannot be undone")?;
    }
    let act = Act::Copies(CopySearch { through_sequence: searched.through });
    while books.append(act.clone(), &Effects::default()).await? == Appended::Moved {}
    fail::fail_point!("copies-searched");
    Ok(searched)
}

/// How many batches came after the last search: of events, and of claims upon events that were undone meanwhile, perhaps.
pub fn unsearched(books: &Books) -> usize {
    let of_claims = !books.catalog.batches.brought_by(CLAIMS, books.catalog.copies_through).is_empty();
    books.catalog.batches.of_events_after(books.catalog.copies_through).len() + usize::from(of_claims)
}

/// Commits a batch that makes these corrections.
async fn reverse(books: &mut Books, held: &mut Held, some: &[Correction], searched: &mut Searched) -> anyhow::Result<()> {
    let Reversals { rows, conflicts } = Reversals::of(books, some, held.next).await?;
    held.commit(books, rows).await?;
    searched.reversed += u64::try_from(some.len())?;
    searched.conflicts.extend(conflicts);
    Ok(())
}

/// What a search would do now.
#[derive(Debug, Default)]
pub struct Pending {
    /// How much it would undo.
    pub reversed: usize,
    /// How many claims upon events that are undone.
    pub claims: usize,
    /// The sums of it.
    pub accruals: Vec<Accrual>,
}

/// What a search would do now, for previews, which write nothing.
pub async fn pending(books: &mut Books) -> anyhow::Result<Pending> {
    let mut pending = Pending::default();
    // No batch has this number, so nothing undoes an event of it.
    let batch = books.ledger.last_number().await? + 1;
    let mut search = Search::of(books);
    let mut corrected = Vec::new();
    while let Some(found) = search.next(books).await? {
        for some in found.chunks(AT_A_TIME) {
            pending.accruals.extend(Reversals::of(books, some, 0).await?.rows.accruals(books, batch)?);
            pending.reversed += some.len();
        }
        corrected.extend(found);
    }
    let undone = claims::pending(books, &corrected, batch).await?;
    pending.claims = undone.claims;
    pending.accruals.extend(undone.accruals);
    Ok(pending)
}
