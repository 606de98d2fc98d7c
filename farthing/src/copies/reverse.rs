//! Reversing: corrections as events of Farthing's own, with the lines that they undo or bring back.

use crate::books::Books;
use crate::own_batches::OwnRows;
use crate::trace;
use farthing_aggregate::again::{lines_again, negated, restored};
use farthing_aggregate::copies::{Correction, Why};
use farthing_aggregate::usage::{Origin, Place, UsageBuilder, UsageRows};
use farthing_aggregate::{Accumulator, LineMaker, identity};
use farthing_schemas::event::{Body, Event, Reversal};
use farthing_schemas::manifest::COPIES;
use farthing_schemas::registry::Registry;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The source of all reversals of copies.
pub const SOURCE: &str = "//farthing/copies";

/// A copy that says something else than the first of its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Whose event it is.
    pub platform: String,
    /// Its source.
    pub source: String,
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub place: Place,
    /// Where the one stands that counts.
    pub first: Place,
}

/// Reversals on their way into a batch.
pub struct Reversals {
    /// Them, with the lines that undo copies, or bring back what was undone too often.
    pub rows: OwnRows,
    /// Copies among them that say something else.
    pub conflicts: Vec<Conflict>,
}

/// The same, while it is made.
struct Making {
    registry: Arc<Registry>,
    maker: LineMaker,
    builder: UsageBuilder,
    lines: Accumulator,
    conflicts: Vec<Conflict>,
    undoes: Vec<(usize, Place)>,
    /// What is to be brought back, and how often.
    restored: BTreeMap<Place, u32>,
    /// The position of the first in the partition.
    start: u64,
}

impl Reversals {
    /// Makes the reversals of some rows, for positions from `start` on.
    pub async fn of(books: &mut Books, some: &[Correction], start: u64) -> anyhow::Result<Reversals> {
        let registry = books.registry_now().await?;
        let mut making = Making {
            registry,
            maker: LineMaker::default(),
            builder: UsageBuilder::default(),
            lines: Accumulator::default(),
            conflicts: Vec::new(),
            undoes: Vec::new(),
            restored: BTreeMap::new(),
            start,
        };
        let why: BTreeMap<Place, Why> = some.iter().map(|correction| (correction.of, correction.why)).collect();
        trace::each_at(books, &why, async |books, usage, row, why| making.correct(books, usage, row, why).await).await?;
        let again = std::mem::take(&mut making.restored);
        trace::each_at(books, &again, async |books, usage, row, times| making.restore(books, usage, row, times).await).await?;
        let Making { registry, mut builder, lines, conflicts, undoes, .. } = making;
        Ok(Reversals { rows: OwnRows { registry, lines, decoded: builder.finish()?, names: undoes }, conflicts })
    }
}

impl Making {
    async fn correct(&mut self, books: &mut Books, usage: &UsageRows<'_>, row: usize, why: Why) -> anyhow::Result<()> {
        let (event, place) = (usage.event(row)?, usage.place(row));
        match usage.reverses(row) {
            Some(undone) => *self.restored.entry(undone).or_default() += 1,
            None => {
                let then = self.registry_of(books, usage, row).await?;
                let (_, lines) = lines_again(&mut self.maker, &then, &self.registry, &event, &mut self.lines.unknown)?;
                for (key, sums) in negated(lines, place.batch)? {
                    self.lines.add(key, sums)?;
                }
            }
        }
        if let Why::Conflict { first } = why {
            let [platform, source, id] = [&event.platform, &event.source, &event.id].map(ToString::to_string);
            self.conflicts.push(Conflict { platform, source, id, place, first });
        }
        self.push(&event, place, why);
        Ok(())
    }

    async fn restore(&mut self, books: &mut Books, usage: &UsageRows<'_>, row: usize, times: u32) -> anyhow::Result<()> {
        let (event, batch) = (usage.event(row)?, usage.place(row).batch);
        let then = self.registry_of(books, usage, row).await?;
        let (_, lines) = lines_again(&mut self.maker, &then, &self.registry, &event, &mut self.lines.unknown)?;
        for (key, sums) in restored(lines, batch) {
            (0..times).try_for_each(|_| self.lines.add(key, sums))?;
        }
        Ok(())
    }

    async fn registry_of(&self, books: &mut Books, usage: &UsageRows<'_>, row: usize) -> anyhow::Result<Arc<Registry>> {
        let version = usage.registry_version(row);
        if version == self.registry.version() { Ok(self.registry.clone()) } else { books.registry(version).await }
    }

    /// The reversal itself: its id names the place of what it undoes, which no two have in common.
    fn push(&mut self, undone: &Event<'_>, place: Place, why: Why) {
        let at = self.undoes.len();
        let event = Event {
            source: SOURCE.into(),
            id: id_of(place).into(),
            time: undone.time,
            platform: undone.platform.clone(),
            model: None,
            output: None,
            body: Body::Reversal(Reversal {
                source: undone.source.clone(),
                id: undone.id.clone(),
                time: Some(undone.time),
                reason: Some(reason(why).into()),
            }),
        };
        let digest = identity::of_event(&event.platform, &event.source, &event.id);
        let says = identity::of_event(&undone.platform, &undone.source, &undone.id);
        let position = self.start + u64::try_from(at).unwrap_or(u64::MAX);
        self.builder.push(Origin { partition: COPIES, position }, &event, digest, says, None);
        self.undoes.push((at, place));
    }
}

/// The id of the reversal of what stands at a place.
pub fn id_of(place: Place) -> String {
    format!("batch-{}-row-{}", place.batch, place.row)
}

fn reason(why: Why) -> String {
    let at = |place: Place| format!("batch {}, row {}", place.batch, place.row);
    match why {
        Why::Copy { first } => format!("a copy of {}", at(first)),
        Why::Conflict { first } => format!("a copy of {} that says something else", at(first)),
        Why::Reversed { by } => format!("reversed by {}, which undid a copy of it", at(by)),
        Why::Idle => "a reversal of what is undone without it, or is not to be undone".to_owned(),
    }
}
