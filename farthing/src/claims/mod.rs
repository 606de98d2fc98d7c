//! Claims: suspense that has found its party, and unlicensed use that was paid for, moved by batches of the partition `claims`.
//!
//! A claim is an act in the chain: what is asked for, by which registry version, and when. Its batches come after it, with a row for each
//! event of which it moves something ([`farthing_aggregate::claims`] says what). A row names the event, or the claim upon it before: so a row
//! is computed again from what it names, and no event is claimed twice in the same way. Whoever claims holds the lease of the partition,
//! and has searched for copies first: what is undone by then is not claimed.
//!
//! An event that is undone later takes what was claimed of it with it: whoever searches for copies looks for claims upon events that are
//! undone, and undoes each by a row of its own. As cycles close upon a search only, no draft has one without the other.
//!
//! After a crash anywhere the same command claims the rest, and no more; and one under which files are merged looks again.
//!
//! Memory goes with the rows of one batch, not with what waits: of 500,000 events with something in suspense for one party, on a busy
//! machine of two processors, 6 seconds and 300 MB.

mod find;
mod make;
mod rows;
mod undo;

pub use make::{Given, SOURCE, id_of_undoing};
pub use undo::{pending, undo};

use crate::books::{Appended, Books};
use crate::copies;
use crate::lock::{Lock, Work};
use crate::own_batches::Held;
use crate::place::Place;
use anyhow::{Context, bail};
use farthing_aggregate::claims::Asked;
use farthing_aggregate::usage;
use farthing_ledger::Effects;
use farthing_schemas::manifest::{Act, CLAIMS, Claim, ClaimPayment};
use farthing_schemas::registry::Registry;
use farthing_schemas::{Instant, ReferenceKind};
use make::{Making, New};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows of one batch: their lines wait in memory for its commit.
const AT_A_TIME: usize = 128 << 10;

/// What is claimed, and by whom.
pub struct Request {
    pub asked: Asked,
    /// For unlicensed use, what was paid.
    pub payment: Option<ClaimPayment>,
    pub by: String,
    /// The time that counts where nobody is found at the event's own.
    pub at: Instant,
}

/// What a claim did.
#[derive(Debug, Default)]
pub struct Claimed {
    /// Its number; none if it moved nothing and so is not in the chain.
    pub number: Option<u64>,
    /// What it gave.
    pub given: Given,
}

/// Claims what is asked for; another process that claims or searches is waited for.
pub async fn claim(books: &mut Books, at: &Place, request: Request) -> anyhow::Result<Claimed> {
    // What is undone is not claimed.
    books.look(async |books| copies::search(books, at).await).await?;
    let _lock = Lock::take(at, Work::Searching).await?;
    let mut held = Held::take(books, CLAIMS).await?;
    // After the lease: nobody else claims any more.
    books.refresh().await?;
    books.sweep_batches().await?;
    let (registry, through_sequence) = (books.registry_now().await?, books.catalog.sequence);
    let mut claiming = Claiming { request, registry, through_sequence, claimed: Claimed::default() };
    // What was claimed before files were merged finds nothing more to claim when it is looked at again.
    books.look(async |books| claiming.look(books, &mut held).await).await?;
    Ok(claiming.claimed)
}

/// Undoes claims upon events that what was metered after a manifest has undone, so that nobody has to wait for the next close to see it.
/// Workers on topics leave that to whoever searches. Nothing is searched where nothing was claimed or no reversal came: a search reads the
/// identities of all events.
pub async fn go_with_reversals(books: &mut Books, at: &Place, after_sequence: u64) -> anyhow::Result<()> {
    let metered = books.catalog.batches.of_events_after(after_sequence);
    if !books.catalog.claims.is_empty() && rows::have_reversals(books, &metered).await? {
        copies::search(books, at).await?;
    }
    Ok(())
}

fn chunks(found: BTreeSet<usage::Place>) -> Vec<BTreeSet<usage::Place>> {
    let found: Vec<usage::Place> = found.into_iter().collect();
    found.chunks(AT_A_TIME).map(|some| some.iter().copied().collect()).collect()
}

/// A claim on its way.
struct Claiming {
    request: Request,
    registry: Arc<Registry>,
    through_sequence: u64,
    claimed: Claimed,
}

impl Claiming {
    async fn look(&mut self, books: &mut Books, held: &mut Held) -> anyhow::Result<()> {
        let mut search = find::Search::of(books, &self.request.asked).await?;
        while let Some(found) = search.next(books).await? {
            fail::fail_point!("claims-found");
            for some in chunks(found) {
                self.take(books, held, some).await.context("what is claimed cannot be moved")?;
            }
        }
        Ok(())
    }

    /// Claims what some events have of it; the claim itself comes first, with the first of them.
    async fn take(&mut self, books: &mut Books, held: &mut Held, mut events: BTreeSet<usage::Place>) -> anyhow::Result<()> {
        let undone = rows::undone_among(books, &events, rows::Known::ALL).await?;
        events.retain(|event| !undone.contains(event));
        let upon = rows::claims_upon(books, &events).await?;
        let number = self.claimed.number.unwrap_or_else(|| books.catalog.claims.next_number());
        let new = New { number, asked: &self.request.asked, at: self.request.at };
        let mut making = Making::of(self.registry.clone(), held.next);
        making.claim(books, &events, &upon, &new).await?;
        let (made, given) = making.finish()?;
        if made.names.is_empty() {
            return Ok(());
        }
        if self.claimed.number.is_none() {
            self.record(books, number).await?;
        }
        held.commit(books, made).await?;
        fail::fail_point!("claims-moved");
        self.claimed.given.add(given)
    }

    /// Appends the claim itself.
    async fn record(&mut self, books: &mut Books, number: u64) -> anyhow::Result<()> {
        let Request { asked, payment, by, at } = &self.request;
        let (kind, reference) = asked.reference();
        let claim = Claim {
            number,
            reference_kind: ReferenceKind::as_str(kind).to_owned(),
            reference: reference.to_owned(),
            registry_version: self.registry.version(),
            claimed_at: at.to_string(),
            through_sequence: self.through_sequence,
            payment: payment.clone(),
            by: by.clone(),
        };
        while books.append(Act::Claim(claim.clone()), &Effects::default()).await? == Appended::Moved {
            if books.catalog.claims.next_number() != number {
                bail!("another process has claimed meanwhile: run the same command again");
            }
        }
        fail::fail_point!("claim-recorded");
        self.claimed.number = Some(number);
        Ok(())
    }
}
