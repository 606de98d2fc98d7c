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
//! After a crash anywhere the same command claims the rest, and no more; and one under which files are merged looks again. A claim that was
//! recorded with a payment is gone on with by its own registry and time, before anything else is claimed: the payment is for all of it.
//!
//! Memory goes with the rows of one batch, not with what waits: of 500,000 events with something in suspense for one party, on a busy
//! machine of two processors, 6 seconds and 300 MB.

mod find;
mod make;
mod rows;
mod undo;
mod worth;

pub use make::{Given, SOURCE, id_of_undoing};
pub use undo::{pending, undo};

use crate::books::{Appended, Books};
use crate::copies;
use crate::journal::{booked, next_place, rows_of};
use crate::lock::{Lock, Work};
use crate::own_batches::Held;
use crate::place::Place;
use crate::time::now;
use anyhow::{Context, bail, ensure};
use farthing_aggregate::claims::Asked;
use farthing_aggregate::usage;
use farthing_ledger::Effects;
use farthing_schemas::manifest::{Act, CLAIMS, Claim, ClaimPayment};
use farthing_schemas::money::from_stored_text;
use farthing_schemas::registry::Registry;
use farthing_schemas::{Cycle, Instant, Money, ReferenceKind};
use farthing_settle::journal::{Entry, Occasion, PaidForClaim, entry_of_claim};
use make::{Making, New};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows of one batch: their lines wait in memory for its commit.
const AT_A_TIME: usize = 128 << 10;

/// Events that are looked for before they are claimed, give or take those of a file.
fn found_at_a_time() -> usize {
    fail::fail_point!("claims-one-by-one", |_| 1);
    AT_A_TIME
}

/// What is claimed, and by whom.
pub struct Request {
    pub asked: Asked,
    /// For unlicensed use, what was paid, and how much.
    pub payment: Option<(ClaimPayment, Money)>,
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
    books.look(async |books| claiming.go_on(books).await).await?;
    if claiming.request.payment.is_some() && !books.look(async |books| claiming.weigh(books).await).await? {
        return Ok(claiming.claimed);
    }
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
        let mut search = find::Search::of(books, &self.request.asked, self.through_sequence).await?;
        while let Some(found) = search.next(books).await? {
            fail::fail_point!("claims-found");
            for some in chunks(found) {
                self.take(books, held, some).await.context("what is claimed cannot be moved")?;
            }
        }
        Ok(())
    }

    /// Claims what some events have of it; the claim itself comes first, with the first of them.
    async fn take(&mut self, books: &mut Books, held: &mut Held, events: BTreeSet<usage::Place>) -> anyhow::Result<()> {
        let number = self.claimed.number.unwrap_or_else(|| books.catalog.claims.next_number());
        let (made, given) = self.making(books, events, number, held.next).await?.finish()?;
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

    /// What some events have of it, in rows of a claim of that number.
    async fn making(&self, books: &mut Books, mut events: BTreeSet<usage::Place>, number: u64, start: u64) -> anyhow::Result<Making> {
        let undone = rows::undone_among(books, &events, rows::Known::ALL).await?;
        events.retain(|event| !undone.contains(event));
        let upon = rows::claims_upon(books, &events).await?;
        let new = New { number, asked: &self.request.asked, at: self.request.at };
        let mut making = Making::of(self.registry.clone(), start);
        making.claim(books, &events, &upon, &new).await?;
        Ok(making)
    }

    /// Appends the claim itself.
    async fn record(&mut self, books: &mut Books, number: u64) -> anyhow::Result<()> {
        loop {
            if books.catalog.claims.next_number() != number {
                bail!("another process has claimed meanwhile: run the same command again");
            }
            let claim = self.claim(number);
            is_still_open(books, &claim)?;
            let entry = entry_of(books, &claim)?;
            let claim = Claim { booked: entry.as_ref().map(booked).transpose()?, ..claim };
            let effects = Effects { entries: entry.iter().map(rows_of).collect(), ..Effects::default() };
            if books.append(Act::Claim(claim), &effects).await? == Appended::Done {
                break;
            }
        }
        fail::fail_point!("claim-recorded");
        self.claimed.number = Some(number);
        Ok(())
    }

    fn claim(&self, number: u64) -> Claim {
        let Request { asked, payment, by, at } = &self.request;
        let (kind, reference) = asked.reference();
        Claim {
            number,
            reference_kind: ReferenceKind::as_str(kind).to_owned(),
            reference: reference.to_owned(),
            registry_version: self.registry.version(),
            claimed_at: at.to_string(),
            through_sequence: self.through_sequence,
            payment: payment.as_ref().map(|(payment, _)| payment.clone()),
            by: by.clone(),
            booked: None,
        }
    }
}

/// What was paid is for cycles that are open: an invoice that was issued meanwhile stays as it is.
fn is_still_open(books: &Books, claim: &Claim) -> anyhow::Result<()> {
    let Some((payment, paid)) = claim.paid() else { return Ok(()) };
    let currency = payment.currency.as_ref().context("a payment is in some currency")?.parse()?;
    let closed = books.catalog.closed.get(&paid.mid, currency);
    for part in &paid.cycles {
        let cycle: Cycle = part.cycle.parse()?;
        ensure!(
            closed.is_none_or(|closed| cycle > closed),
            "cycle {cycle} of {} was closed meanwhile: run the same command again",
            paid.mid
        );
    }
    Ok(())
}

/// What a claim books: a payment for it.
fn entry_of(books: &Books, claim: &Claim) -> anyhow::Result<Option<Entry>> {
    let Some(paid) = paid_for(claim)? else { return Ok(None) };
    let (reason, now) = (format!("claim {} of unlicensed use, paid for, recorded by {}", claim.number, claim.by), now());
    let reference = claim.payment.as_ref().map_or_else(String::new, |payment| payment.reference.clone());
    let occasion = Occasion { place: next_place(&books.catalog), happened: now, booked: now, reason, reference };
    Ok(Some(entry_of_claim(&paid, occasion)?))
}

/// The payment for a claim, where it says how much was paid.
pub fn paid_for(claim: &Claim) -> anyhow::Result<Option<PaidForClaim>> {
    let Some((payment, paid)) = claim.paid() else { return Ok(None) };
    let currency = payment.currency.as_ref().context("a payment is in some currency")?.parse()?;
    let amount = from_stored_text(&paid.amount)?;
    let (mid, platform, evidence_sha256) = (paid.mid.clone(), payment.platform.clone(), payment.evidence_sha256.clone());
    Ok(Some(PaidForClaim { mid, platform, amount, currency, evidence_sha256 }))
}
