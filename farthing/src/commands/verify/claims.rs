//! Claims go with the events that they are made upon: each is made once, and is undone exactly if its event is.

use crate::claims::{SOURCE, id_of_undoing};
use crate::trace::{Behind, Effect};
use anyhow::{Context, ensure};
use farthing_aggregate::usage::{Place, UsageRows};
use farthing_schemas::event::Event;
use std::collections::{BTreeMap, BTreeSet};

/// A claim upon an event.
struct Upon {
    event: Place,
    /// The manifest of its batch.
    committed: u64,
    name: String,
}

/// All claims and what undid them.
#[derive(Default)]
pub struct Claims {
    upon: BTreeMap<Place, Upon>,
    /// What claims are made upon.
    named: BTreeSet<Place>,
    undone: BTreeMap<Place, String>,
}

impl Claims {
    /// Takes a row of the partition of claims, which was computed again.
    pub fn take(
        &mut self,
        event: &Event<'_>,
        usage: &UsageRows<'_>,
        row: usize,
        behind: Option<&Behind<'_>>,
        committed: u64,
    ) -> anyhow::Result<()> {
        let behind = behind.context("it is of the partition of claims, and no claim")?;
        let names = usage.reverses(row).context("a claim without the place that it is made upon")?;
        ensure!(event.source == SOURCE, "a claim of another source");
        let name = format!("{} {} of {}", event.source, event.id, event.platform);
        if let Effect::Unclaimed { .. } = behind.effect {
            ensure!(event.id == id_of_undoing(names), "the undoing of a claim that does not name its place");
            ensure!(self.undone.insert(names, name.clone()).is_none(), "{name} counts twice");
        } else {
            ensure!(self.named.insert(names), "{name}: what it is made upon was claimed before");
            self.upon.insert(usage.place(row), Upon { event: behind.event.place, committed, name });
        }
        Ok(())
    }

    /// Compares with what is undone: `undone` says of an event whether it has to be, and the last manifest that has to do with it. How
    /// many are not settled that came after the last search.
    pub fn finish(&self, searched_through: u64, undone: impl Fn(Place) -> Option<u64>) -> anyhow::Result<u64> {
        let mut pending = 0;
        for (place, Upon { event, committed, name }) in &self.upon {
            match (undone(*event), self.undone.get(place)) {
                (Some(latest), None) => {
                    ensure!(
                        latest.max(*committed) > searched_through,
                        "{name}: it counts, though the event that it is made upon is undone"
                    );
                    pending += 1;
                }
                (None, Some(undoing)) => {
                    anyhow::bail!("{undoing}: it undoes a claim, though the event that this is made upon is not undone")
                }
                _ => {}
            }
        }
        Ok(pending)
    }
}
