//! What taxes are refused for: a party or a jurisdiction that is not there, records in each other's way.

use super::{Cell, Cells, Judge, merged, touched};
use crate::registry::state::{Entry, find};
use crate::registry::tax::{Certificate, Residence, Withholding};
use crate::registry::{Place, RegistryError};
use std::collections::BTreeSet;

impl Judge<'_> {
    pub(super) fn names_of_taxes(&mut self) {
        let load = self.load;
        for entry in &load.residences {
            self.named("party", &entry.value.party, &entry.place, "party");
        }
        for entry in &load.withholdings {
            self.jurisdiction(&entry.value.jurisdiction, &entry.place);
        }
        for entry in &load.certificates {
            self.named("party", &entry.value.party, &entry.place, "party");
            self.jurisdiction(&entry.value.jurisdiction, &entry.place);
        }
        self.jurisdictions_that_leave();
    }

    /// Typed otherwise than a MID's own, it would withhold nothing, and nobody would notice.
    fn jurisdiction(&mut self, jurisdiction: &str, place: &Place) {
        let mids = merged(&self.known.mids, &self.load.mids);
        if !self.is_full() && !mids.iter().any(|mid| mid.value.jurisdiction.as_deref() == Some(jurisdiction)) {
            let message = format!("names jurisdiction {jurisdiction:?}, which no mid has");
            self.errors.push(RegistryError { place: place.clone(), other: None, field: "jurisdiction".to_owned(), message });
        }
    }

    /// A MID that takes its jurisdiction with it would end taxes that were loaded before, just as silently: these are ended first.
    fn jurisdictions_that_leave(&mut self) {
        let (known, load) = (self.known, self.load);
        let mids = merged(&known.mids, &load.mids);
        let have: BTreeSet<&str> = mids.iter().filter_map(|mid| mid.value.jurisdiction.as_deref()).collect();
        for mid in &load.mids {
            let before = find(&known.mids, &mid.value).and_then(|mid| mid.jurisdiction.as_deref());
            let Some(gone) = before.filter(|jurisdiction| !have.contains(*jurisdiction)) else { continue };
            let withholdings = merged(&known.withholdings, &load.withholdings);
            let in_force = |entry: &&&Entry<Withholding>| &*entry.value.jurisdiction == gone && entry.value.validity.to.is_none();
            if let Some(withholding) = withholdings.iter().find(in_force).filter(|_| !self.is_full()) {
                let message = format!("was the last of jurisdiction {gone:?}, in which withholding {:?} has no end", withholding.value.id);
                self.errors.push(RegistryError::between(&mid.place, &withholding.place, "jurisdiction", message));
            }
        }
    }

    pub(super) fn overlaps_of_taxes(&mut self) {
        let (known, load) = (self.known, self.load);
        for (old, new) in touched(&known.residences, &load.residences) {
            let message = |it: &Residence| format!("overlaps another residence of {:?}", it.party);
            self.sweep(merged(old, new), |it| it.validity, |_| Cells::one(Cell::Whole), message);
        }
        for (old, new) in touched(&known.certificates, &load.certificates) {
            let mut certificates = merged(old, new);
            certificates.sort_by(|one, two| one.value.jurisdiction.cmp(&two.value.jurisdiction));
            for same in certificates.chunk_by(|one, two| one.value.jurisdiction == two.value.jurisdiction) {
                let message = |it: &Certificate| format!("overlaps another certificate of {:?} for {:?}", it.party, it.jurisdiction);
                self.sweep(same.to_vec(), |it| it.validity, |_| Cells::one(Cell::Whole), message);
            }
        }
        if load.withholdings.is_empty() {
            return;
        }
        let whom = |it: &Withholding| (it.jurisdiction.clone(), it.residence, it.party_type);
        let mut withholdings = merged(&known.withholdings, &load.withholdings);
        withholdings.sort_by_cached_key(|entry| whom(&entry.value));
        for same in withholdings.chunk_by(|one, two| whom(&one.value) == whom(&two.value)) {
            let message =
                |it: &Withholding| format!("{:?} overlaps another withholding of the same jurisdiction, residence and type", it.id);
            self.sweep(same.to_vec(), |it| it.validity, |_| Cells::one(Cell::Whole), message);
        }
    }
}
