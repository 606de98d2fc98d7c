//! Whose a party's money is after it.

use super::{PartyIndex, Registry};
use crate::registry::stored;
use crate::{Instant, Rate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The heirs of each party that has some.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SuccessorRows(BTreeMap<PartyIndex, SuccessorRow>);

#[derive(Debug, Serialize, Deserialize)]
struct SuccessorRow {
    #[serde(with = "stored::micros")]
    from: Instant,
    /// By id.
    heirs: Box<[HeirRow]>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct HeirRow {
    pub(super) party: PartyIndex,
    #[serde(with = "stored::text")]
    pub(super) share: Rate,
}

impl SuccessorRows {
    pub(super) fn succeed(&mut self, party: PartyIndex, from: Instant, heirs: Box<[HeirRow]>) {
        self.0.insert(party, SuccessorRow { from, heirs });
    }
}

impl Registry {
    /// The heirs of a party that had died before that instant, by their ids, with shares that sum to one; none for the living.
    pub fn heirs(&self, party: PartyIndex, before: Instant) -> impl Iterator<Item = (PartyIndex, Rate)> {
        let row = self.successors.0.get(&party).filter(|row| row.from < before);
        row.into_iter().flat_map(|row| row.heirs.iter().map(|heir| (heir.party, heir.share)))
    }
}
