//! Rows that others name, and what stands behind a row: the usage event whose lines it has, undone, brought back or claimed.

use super::read_rows;
use crate::books::Books;
use anyhow::{Context, ensure};
use arrow_array::RecordBatch;
use farthing_aggregate::claims::{Claim, ClaimId};
use farthing_aggregate::usage::{Place, UsageRows, kept_rows};
use farthing_schemas::registry::Registry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rows that reversals and claims name, read once.
#[derive(Default)]
pub struct NamedRows {
    rows: Vec<RecordBatch>,
    /// In which of them a place is, and where.
    places: BTreeMap<Place, (usize, usize)>,
}

impl NamedRows {
    /// The row at a place.
    pub fn at(&self, place: Place) -> anyhow::Result<NamedRow<'_>> {
        let found = self.places.get(&place);
        let (batch, row) = found.with_context(|| format!("its original, batch {}, row {}, is not there", place.batch, place.row))?;
        Ok(NamedRow { rows: UsageRows::of(&self.rows[*batch])?, row: *row, place })
    }

    /// Reads the rows at some places, and keeps nothing of their neighbours. Returns what they name in their turn.
    async fn read(&mut self, books: &Books, wanted: &BTreeSet<Place>) -> anyhow::Result<BTreeSet<Place>> {
        let mut further = BTreeSet::new();
        let span = wanted.first().map(|first| first.batch)..=wanted.last().map(|last| last.batch);
        let may_hold = |(first, last): (u64, u64)| span.start().is_some_and(|start| start <= last) && *span.end() >= Some(first);
        for file in books.files_in_order("usage") {
            let Some((first, last)) = file.batches.filter(|range| may_hold(*range)) else { continue };
            let in_file = Place { batch: first, row: 0 }..=Place { batch: last, row: u32::MAX };
            if wanted.range(in_file).next().is_none() {
                continue;
            }
            for batch in read_rows(books, &file).await? {
                self.keep(&batch, wanted, &mut further)?;
            }
        }
        Ok(further)
    }

    fn keep(&mut self, batch: &RecordBatch, wanted: &BTreeSet<Place>, further: &mut BTreeSet<Place>) -> anyhow::Result<()> {
        let usage = UsageRows::of(batch)?;
        let kept: Vec<bool> = (0..usage.len()).map(|row| wanted.contains(&usage.place(row))).collect();
        for (at, row) in (0..usage.len()).filter(|row| kept[*row]).enumerate() {
            self.places.insert(usage.place(row), (self.rows.len(), at));
            further.extend(usage.reverses(row).filter(|place| !self.places.contains_key(place)));
        }
        if kept.contains(&true) {
            self.rows.push(kept_rows(batch, &kept)?);
        }
        Ok(())
    }
}

/// One of the rows that others name.
pub struct NamedRow<'n> {
    pub rows: UsageRows<'n>,
    pub row: usize,
    pub place: Place,
}

impl NamedRow<'_> {
    fn names(&self) -> Option<Place> {
        self.rows.reverses(self.row)
    }

    fn claim(&self) -> anyhow::Result<Option<ClaimId>> {
        claim_at(&self.rows, self.row)
    }
}

/// The id of a row that is a claim; none if it is something else.
fn claim_at(rows: &UsageRows<'_>, row: usize) -> anyhow::Result<Option<ClaimId>> {
    if !rows.is_claim(row) {
        return Ok(None);
    }
    let id: ClaimId = rows.event(row)?.id.parse()?;
    ensure!(rows.reverses(row) == Some(id.upon), "claim {} names another place than its id", id.number);
    Ok(Some(id))
}

/// What a row does with the lines of the usage event behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// They are undone.
    Undone,
    /// A reversal of them is undone: they are brought back.
    Restored,
    /// The last of these claims moves some of them.
    Claimed { numbers: Vec<u64> },
    /// The last of these claims, at that place, is undone.
    Unclaimed { numbers: Vec<u64>, claim: Place },
}

/// The usage event behind a row, and what the row does.
pub struct Behind<'n> {
    pub event: NamedRow<'n>,
    pub effect: Effect,
}

/// What stands behind a row; nothing if it is a usage event itself.
pub fn behind<'n>(named: &'n NamedRows, usage: &UsageRows<'_>, row: usize) -> anyhow::Result<Option<Behind<'n>>> {
    let Some(of) = usage.reverses(row) else { return Ok(None) };
    if let Some(id) = claim_at(usage, row)? {
        let (event, numbers) = claimed_event(named, id)?;
        return Ok(Some(Behind { event, effect: Effect::Claimed { numbers } }));
    }
    let direct = named.at(of)?;
    if let Some(id) = direct.claim()? {
        let (event, numbers) = claimed_event(named, id)?;
        return Ok(Some(Behind { event, effect: Effect::Unclaimed { numbers, claim: of } }));
    }
    Ok(Some(match direct.names() {
        None => Behind { event: direct, effect: Effect::Undone },
        Some(place) => Behind { event: named.at(place)?, effect: Effect::Restored },
    }))
}

/// The event that a claim is made upon, and the numbers of all claims upon it up to that one, in their order.
fn claimed_event(named: &NamedRows, id: ClaimId) -> anyhow::Result<(NamedRow<'_>, Vec<u64>)> {
    let (mut numbers, mut upon) = (vec![id.number], id.upon);
    loop {
        let row = named.at(upon)?;
        match row.claim()? {
            Some(before) => {
                // Later claims have higher numbers: so there is no circle.
                ensure!(numbers.last() > Some(&before.number), "claim {} is made upon a later one", id.number);
                numbers.push(before.number);
                upon = before.upon;
            }
            None => {
                ensure!(row.names().is_none(), "claim {} is made upon a reversal", id.number);
                numbers.reverse();
                return Ok((row, numbers));
            }
        }
    }
}

/// The rows that reversals and claims among `rows` name, of those batches that are asked for, and what these name in their turn.
pub async fn named_by(books: &Books, rows: &[RecordBatch], of: impl Fn(u64) -> bool) -> anyhow::Result<NamedRows> {
    let mut wanted: BTreeSet<Place> = BTreeSet::new();
    for batch in rows {
        let usage = UsageRows::of(batch)?;
        let asked_for = |row: &usize| of(usage.place(*row).batch);
        wanted.extend((0..usage.len()).filter(asked_for).filter_map(|row| usage.reverses(row)));
    }
    let mut named = NamedRows::default();
    while !wanted.is_empty() {
        wanted = named.read(books, &wanted).await?;
    }
    Ok(named)
}

/// The registries of some claims.
pub async fn registries_of(books: &mut Books, numbers: &[u64]) -> anyhow::Result<Vec<Arc<Registry>>> {
    let mut registries = Vec::with_capacity(numbers.len());
    for number in numbers {
        let made = books.catalog.claims.get(*number).with_context(|| format!("claim {number} is in no manifest"))?;
        registries.push(books.registry(made.claim.registry_version).await?);
    }
    Ok(registries)
}

/// Claims by their numbers, with their registries.
pub fn claims_of<'b>(books: &'b Books, numbers: &[u64], registries: &'b [Arc<Registry>]) -> Vec<Claim<'b>> {
    let made = numbers.iter().filter_map(|number| books.catalog.claims.get(*number));
    made.zip(registries).map(|(made, registry)| Claim { asked: &made.asked, registry, at: made.claimed_at }).collect()
}
