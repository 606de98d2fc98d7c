//! Records about who comes after a party that has died, or has ceased to be.

use super::record::Keyed;
use crate::{Instant, Rate};
use std::cmp::Ordering;

/// Whose a party's money is from then on. There is one for a party: nobody dies twice, and what was wrong is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// Its key: who has died.
    pub party: Box<str>,
    /// When.
    pub from: Instant,
    /// Its heirs by their ids, each once, with shares above 0 that sum to one.
    pub heirs: Box<[(Box<str>, Rate)]>,
}

impl Keyed for Successor {
    fn group(&self) -> &str {
        &self.party
    }
    fn compare_key(&self, other: &Self) -> Ordering {
        self.party.cmp(&other.party)
    }
    const KEY_FIELD: &'static str = "party";
}
