//! What heirs are refused for: who is not there, and circles, in which money would never come to anybody.

use super::{Judge, merged};
use crate::registry::RegistryError;
use crate::registry::state::Entry;
use crate::registry::succession::Successor;
use std::collections::{BTreeMap, BTreeSet, HashSet};

type Successors<'a> = BTreeMap<&'a str, &'a Entry<Successor>>;

impl Judge<'_> {
    pub(super) fn names_of_heirs(&mut self) {
        let load = self.load;
        for entry in &load.successors {
            self.named("party", &entry.value.party, &entry.place, "party");
            entry.value.heirs.iter().for_each(|(heir, _)| self.named("party", heir, &entry.place, "heirs"));
        }
    }

    /// Whatever the times: who has died before the one that it is an heir of would have to be asked again and again.
    pub(super) fn circles_of_heirs(&mut self) {
        if self.load.successors.is_empty() {
            return;
        }
        let of: Successors<'_> =
            merged(&self.known.successors, &self.load.successors).into_iter().map(|entry| (&*entry.value.party, entry)).collect();
        let mut judged = BTreeSet::new();
        for party in of.keys() {
            if self.is_full() {
                return;
            }
            if let Some(circle) = circle_from(party, &of, &mut judged) {
                let place = |at: usize| &of[circle[at % circle.len()]].place;
                // The record of the load, and the one that it leads to.
                let first = (0..circle.len()).find(|at| place(*at).version.is_none()).unwrap_or(0);
                let turned: Vec<&str> = (0..=circle.len()).map(|step| circle[(first + step) % circle.len()]).collect();
                let message = format!("makes a circle of heirs: {}", turned.join(", "));
                self.errors.push(RegistryError::between(place(first), place(first + 1), "heirs", message));
            }
        }
    }
}

/// The first circle that a party leads into, unless all that it leads to was judged before. Without recursion: generations may be many.
fn circle_from<'a>(party: &'a str, of: &Successors<'a>, judged: &mut BTreeSet<&'a str>) -> Option<Vec<&'a str>> {
    // The way to here, each with the heirs that are still to be followed.
    let mut way: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut passed = HashSet::new();
    let mut next = Some(party);
    loop {
        if let Some(party) = next {
            if passed.contains(party) {
                let names: Vec<&str> = way.iter().map(|(name, _)| *name).collect();
                judged.extend(&names);
                return Some(names.into_iter().skip_while(|name| *name != party).collect());
            }
            if let Some(entry) = of.get(party).filter(|_| !judged.contains(party)) {
                way.push((party, entry.value.heirs.iter().rev().map(|(heir, _)| &**heir).collect()));
                passed.insert(party);
            }
        }
        let (name, heirs) = way.last_mut()?;
        let name = *name;
        next = heirs.pop();
        if next.is_none() {
            judged.insert(name);
            passed.remove(name);
            way.pop();
        }
    }
}
