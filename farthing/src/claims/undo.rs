//! Undoing: claims upon events that are undone.

use super::AT_A_TIME;
use super::make::{Making, ToUndo, Undone};
use super::rows::{Known, Links, each_claim, undone_among};
use crate::books::Books;
use crate::own_batches::Held;
use farthing_aggregate::copies::Correction;
use farthing_aggregate::usage::Place;
use farthing_schemas::Accrual;
use farthing_schemas::manifest::CLAIMS;
use std::collections::{BTreeMap, BTreeSet};

/// Claims that are looked at in one pass, about: 40 bytes each and what maps need beside them.
const CLAIMS_A_PASS: u64 = 1 << 20;

/// Undoes all claims upon events that are undone, by what was searched through a manifest; how many there were.
pub async fn undo(books: &mut Books, held: &mut Held, through: u64) -> anyhow::Result<u64> {
    let mut undone = 0;
    let mut passes = Passes::of(books).await?;
    while let Some(found) = passes.next(books, Known { through, corrected: &[] }).await? {
        fail::fail_point!("undone-claims-found");
        for some in chunks(found) {
            let mut making = Making::of(books.registry_now().await?, held.next);
            making.undo(books, &some).await?;
            let (made, _) = making.finish()?;
            undone += u64::try_from(made.names.len())?;
            held.commit(books, made).await?;
        }
    }
    Ok(undone)
}

/// What a search would undo now.
#[derive(Debug, Default)]
pub struct Pending {
    pub claims: usize,
    pub accruals: Vec<Accrual>,
}

/// What would be undone if these corrections were made, in batches of that number; nothing is written.
pub async fn pending(books: &mut Books, corrected: &[Correction], batch: u64) -> anyhow::Result<Pending> {
    let mut pending = Pending::default();
    if books.catalog.claims.is_empty() {
        return Ok(pending);
    }
    let mut passes = Passes::of(books).await?;
    while let Some(found) = passes.next(books, Known { through: u64::MAX, corrected }).await? {
        for some in chunks(found) {
            let mut making = Making::of(books.registry_now().await?, 0);
            making.undo(books, &some).await?;
            let (made, _) = making.finish()?;
            pending.claims += made.names.len();
            pending.accruals.extend(made.accruals(books, batch)?);
        }
    }
    Ok(pending)
}

fn chunks(found: Undone) -> Vec<Undone> {
    let (mut chunks, mut open) = (Vec::new(), Undone::new());
    for (event, of) in found {
        open.insert(event, of);
        if open.len() == AT_A_TIME {
            chunks.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        chunks.push(open);
    }
    chunks
}

/// All claims, some of them at a time: those upon some events.
struct Passes {
    links: Links,
    /// Claims that are undone.
    undone: BTreeSet<Place>,
    passes: u64,
    next: u64,
}

impl Passes {
    async fn of(books: &Books) -> anyhow::Result<Passes> {
        let slices = books.catalog.batches.iter().flat_map(|batch| &batch.slices);
        let rows: u64 = slices.filter(|slice| slice.partition == CLAIMS).map(|slice| slice.counts.metered).sum();
        let mut undone = BTreeSet::new();
        each_claim(books, |claim| {
            if claim.number.is_none() {
                undone.insert(claim.names);
            }
        })
        .await?;
        Ok(Passes { links: Links::of(books).await?, undone, passes: rows.div_ceil(CLAIMS_A_PASS), next: 0 })
    }

    /// The claims of the next pass that are to be undone, if there are some; none at the end.
    async fn next(&mut self, books: &Books, known: Known<'_>) -> anyhow::Result<Option<Undone>> {
        while self.next < self.passes {
            let found = self.look(books, known).await?;
            self.next += 1;
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn look(&self, books: &Books, known: Known<'_>) -> anyhow::Result<Undone> {
        let mut upon: BTreeMap<Place, Vec<(u64, Place)>> = BTreeMap::new();
        each_claim(books, |claim| {
            let event = self.links.event(claim.names);
            if let (Some(number), true) = (claim.number, self.is_its(event)) {
                upon.entry(event).or_default().push((number, claim.place));
            }
        })
        .await?;
        upon.retain(|_, claims| claims.iter().any(|(_, place)| !self.undone.contains(place)));
        let undone = if upon.is_empty() { BTreeSet::new() } else { undone_among(books, &upon.keys().copied().collect(), known).await? };
        upon.retain(|event, _| undone.contains(event));
        let with_wanted = |mut all: Vec<(u64, Place)>| {
            // Later claims upon an event have higher numbers.
            all.sort_unstable();
            let wanted = all.iter().map(|(_, place)| *place).filter(|place| !self.undone.contains(place)).collect();
            ToUndo { all, wanted }
        };
        Ok(upon.into_iter().map(|(event, claims)| (event, with_wanted(claims))).collect())
    }

    /// Neighbouring events are in different passes.
    fn is_its(&self, event: Place) -> bool {
        (event.batch.wrapping_mul(31).wrapping_add(u64::from(event.row))) % self.passes == self.next
    }
}
