//! Making: rows of claims and of their undoing, with the lines that they move.

use super::rows::Upon;
use crate::books::Books;
use crate::own_batches::OwnRows;
use crate::trace;
use farthing_aggregate::again::negated;
use farthing_aggregate::claims::{Asked, Claim, ClaimId, Moved, keyed, moved};
use farthing_aggregate::fold::Sums;
use farthing_aggregate::usage::{Origin, Place, UsageBuilder, UsageRows};
use farthing_aggregate::{Accumulator, LineMaker, identity};
use farthing_schemas::event::{Event, Reversal};
use farthing_schemas::manifest::CLAIMS;
use farthing_schemas::registry::Registry;
use farthing_schemas::{Currency, Instant, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The source of all rows of claims.
pub const SOURCE: &str = "//farthing/claims";

/// The id of the undoing of the claim that stands at a place.
pub fn id_of_undoing(claim: Place) -> String {
    format!("batch-{}-row-{}", claim.batch, claim.row)
}

/// A claim that is being made.
pub struct New<'a> {
    pub number: u64,
    pub asked: &'a Asked,
    pub at: Instant,
}

/// What claims gave: the events that they are made upon, and sums by status, MID and currency.
#[derive(Debug, Default)]
pub struct Given {
    pub events: u64,
    pub sums: BTreeMap<(Status, String, Currency), Sums>,
}

impl Given {
    pub fn add(&mut self, more: Given) -> anyhow::Result<()> {
        self.events += more.events;
        more.sums.into_iter().try_for_each(|(key, sums)| Ok(self.sums.entry(key).or_default().add(sums)?))
    }

    fn take(&mut self, moved: &Moved, currency: Currency) -> anyhow::Result<()> {
        self.events += 1;
        for line in &moved.given {
            let sums = Sums { gross: line.gross, labour: line.labour };
            self.sums.entry((line.status, line.mid.clone(), currency)).or_default().add(sums)?;
        }
        Ok(())
    }
}

/// Rows that are being made.
pub struct Making {
    registry: Arc<Registry>,
    maker: LineMaker,
    builder: UsageBuilder,
    lines: Accumulator,
    names: Vec<(usize, Place)>,
    given: Given,
    /// The position of the first in the partition.
    start: u64,
}

/// All claims upon an event, in their order, and which of them are to be undone.
pub struct ToUndo {
    pub all: Vec<(u64, Place)>,
    pub wanted: BTreeSet<Place>,
}

/// Claims to be undone, by event.
pub type Undone = BTreeMap<Place, ToUndo>;

impl Making {
    pub fn of(registry: Arc<Registry>, start: u64) -> Making {
        let (maker, builder, lines) = (LineMaker::default(), UsageBuilder::default(), Accumulator::default());
        Making { registry, maker, builder, lines, names: Vec::new(), given: Given::default(), start }
    }

    /// Makes a claim upon some events, of those that have something of it.
    pub async fn claim(&mut self, books: &mut Books, events: &BTreeSet<Place>, upon: &Upon, new: &New<'_>) -> anyhow::Result<()> {
        let before: BTreeMap<Place, &[(u64, Place)]> =
            events.iter().map(|event| (*event, upon.get(event).map_or(&[][..], Vec::as_slice))).collect();
        let making = self;
        trace::each_at(books, &before, async |books, usage, row, before| making.claim_one(books, usage, row, before, new).await).await
    }

    async fn claim_one(
        &mut self,
        books: &mut Books,
        usage: &UsageRows<'_>,
        row: usize,
        before: &[(u64, Place)],
        new: &New<'_>,
    ) -> anyhow::Result<()> {
        let event = usage.event(row)?;
        let numbers: Vec<u64> = before.iter().map(|(number, _)| *number).collect();
        let (then, registries) = (books.registry(usage.registry_version(row)).await?, trace::registries_of(books, &numbers).await?);
        let mut claims = trace::claims_of(books, &numbers, &registries);
        claims.push(Claim { asked: new.asked, registry: &self.registry, at: new.at });
        let (moved, currency) = moved(&mut self.maker, &then, &event, &claims)?;
        if moved.is_nothing() {
            return Ok(());
        }
        for (key, sums) in keyed(&moved, &event, currency, &self.registry, &mut self.lines.unknown)? {
            self.lines.add(key, sums)?;
        }
        self.given.take(&moved, currency)?;
        let names = before.last().map_or(usage.place(row), |(_, place)| *place);
        let id = ClaimId { number: new.number, upon: names };
        let claim = naming(
            &event,
            id.to_string(),
            Reversal { source: event.source.clone(), id: event.id.clone(), time: Some(event.time), reason: None },
        );
        let says = identity::of_event(&event.platform, &event.source, &event.id);
        let digest = identity::of_event(&claim.platform, &claim.source, &claim.id);
        let origin = self.origin();
        self.builder.push_claim(origin, &claim, digest, says);
        self.names.push((self.names.len(), names));
        Ok(())
    }

    /// Undoes claims.
    pub async fn undo(&mut self, books: &mut Books, undone: &Undone) -> anyhow::Result<()> {
        let undone: BTreeMap<Place, &ToUndo> = undone.iter().map(|(event, of)| (*event, of)).collect();
        let making = self;
        trace::each_at(books, &undone, async |books, usage, row, of| making.undo_one(books, usage, row, of).await).await
    }

    async fn undo_one(
        &mut self,
        books: &mut Books,
        usage: &UsageRows<'_>,
        row: usize,
        ToUndo { all, wanted }: &ToUndo,
    ) -> anyhow::Result<()> {
        let event = usage.event(row)?;
        let then = books.registry(usage.registry_version(row)).await?;
        let numbers: Vec<u64> = all.iter().map(|(number, _)| *number).collect();
        let registries = trace::registries_of(books, &numbers).await?;
        let claims = trace::claims_of(books, &numbers, &registries);
        for (at, (number, place)) in all.iter().enumerate().filter(|(_, (_, place))| wanted.contains(place)) {
            let (moved, currency) = moved(&mut self.maker, &then, &event, &claims[..=at])?;
            let lines = keyed(&moved, &event, currency, &self.registry, &mut self.lines.unknown)?;
            for (key, sums) in negated(lines, place.batch)? {
                self.lines.add(key, sums)?;
            }
            let upon = if at == 0 { usage.place(row) } else { all[at - 1].1 };
            let claim = ClaimId { number: *number, upon }.to_string();
            let says = identity::of_event(&event.platform, SOURCE, &claim);
            let reason = format!("claim {number}: the event that it is made upon is undone");
            let named = Reversal { source: SOURCE.into(), id: claim.into(), time: Some(event.time), reason: Some(reason.into()) };
            let undoing = naming(&event, id_of_undoing(*place), named);
            let digest = identity::of_event(&undoing.platform, &undoing.source, &undoing.id);
            let origin = self.origin();
            self.builder.push(origin, &undoing, digest, says, None);
            self.names.push((self.names.len(), *place));
        }
        Ok(())
    }

    fn origin(&self) -> Origin<'static> {
        let position = self.start + u64::try_from(self.names.len()).unwrap_or(u64::MAX);
        Origin { partition: CLAIMS, position }
    }

    pub fn finish(mut self) -> anyhow::Result<(OwnRows, Given)> {
        let decoded = self.builder.finish()?;
        Ok((OwnRows { registry: self.registry, lines: self.lines, decoded, names: self.names }, self.given))
    }
}

/// A row of claims, with the time of the event behind it.
fn naming<'e>(event: &Event<'e>, id: String, named: Reversal<'e>) -> Event<'e> {
    Event {
        source: SOURCE.into(),
        id: id.into(),
        time: event.time,
        platform: event.platform.clone(),
        model: None,
        output: None,
        body: farthing_schemas::event::Body::Reversal(named),
    }
}
