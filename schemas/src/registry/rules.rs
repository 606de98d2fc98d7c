//! What a load is refused for that no record shows alone: keys twice, names that are not there, records in each other's way.

mod succession;
mod tax;

use super::error::ERRORS_MAX;
use super::record::{Agreement, Keyed, Membership, Platforms, Validity, Work};
use super::state::{Entry, Tables, group};
use super::{Place, RegistryError};
use crate::{Instant, Use};
use std::collections::HashMap;
use std::iter::once;

/// Every reason to refuse the load beside what is known, by line, up to [`ERRORS_MAX`].
pub(super) fn refusals(known: &Tables, load: &Tables) -> Vec<RegistryError> {
    let mut judge = Judge { known, load, errors: Vec::new() };
    judge.keys();
    let each_key_once = judge.errors.is_empty();
    judge.names();
    judge.names_of_taxes();
    judge.names_of_heirs();
    judge.legal_ids();
    if each_key_once {
        judge.overlaps();
        judge.overlaps_of_taxes();
        judge.circles_of_heirs();
    }
    judge.errors.truncate(ERRORS_MAX);
    judge.errors.sort_by(|one, two| (&one.place.file, one.place.line).cmp(&(&two.place.file, two.place.line)));
    judge.errors
}

struct Judge<'a> {
    known: &'a Tables,
    load: &'a Tables,
    errors: Vec<RegistryError>,
}

impl<'a> Judge<'a> {
    fn is_full(&self) -> bool {
        self.errors.len() >= ERRORS_MAX
    }

    fn keys(&mut self) {
        let load = self.load;
        self.key_twice(&load.platforms);
        self.key_twice(&load.mids);
        self.key_twice(&load.parties);
        self.key_twice(&load.agreements);
        self.key_twice(&load.memberships);
        self.key_twice(&load.works);
        self.key_twice(&load.consents);
        self.key_twice(&load.residences);
        self.key_twice(&load.withholdings);
        self.key_twice(&load.certificates);
        self.key_twice(&load.successors);
        self.key_twice(&load.quotes);
    }

    fn key_twice<T: Keyed>(&mut self, entries: &[Entry<T>]) {
        for pair in entries.windows(2) {
            if !self.is_full() && pair[0].value.compare_key(&pair[1].value).is_eq() {
                let message = format!("{:?} has this key twice in one load", pair[0].value.group());
                self.errors.push(RegistryError::between(&pair[0].place, &pair[1].place, T::KEY_FIELD, message));
            }
        }
    }

    fn names(&mut self) {
        let load = self.load;
        for entry in &load.agreements {
            self.named("platform", &entry.value.platform, &entry.place, "platform");
            self.named("mid", &entry.value.mid, &entry.place, "mid");
        }
        for entry in &load.memberships {
            self.named("party", &entry.value.party, &entry.place, "party");
            self.named("mid", &entry.value.mid, &entry.place, "mid");
            if let Platforms::Listed(platforms) = &entry.value.platforms {
                platforms.iter().for_each(|platform| self.named("platform", platform, &entry.place, "platforms"));
            }
        }
        for entry in &load.works {
            entry.value.parties.iter().for_each(|(party, _)| self.named("party", party, &entry.place, "parties"));
        }
        for entry in &load.consents {
            self.named("party", &entry.value.party, &entry.place, "party");
            entry.value.work.iter().for_each(|work| self.named("work", work, &entry.place, "work"));
            entry.value.platform.iter().for_each(|platform| self.named("platform", platform, &entry.place, "platform"));
        }
    }

    /// Refuses a name that neither the load nor an earlier version has; nothing is deleted, so earlier names stay good.
    fn named(&mut self, kind: &'static str, id: &str, place: &Place, field: &str) {
        if self.is_full() {
            return;
        }
        let is_known = |tables: &Tables| match kind {
            "platform" => has(&tables.platforms, id),
            "mid" => has(&tables.mids, id),
            "party" => has(&tables.parties, id),
            _ => has(&tables.works, id),
        };
        if !is_known(self.load) && !is_known(self.known) {
            let message = format!("names {kind} {id:?}, which is not in the registry");
            self.errors.push(RegistryError { place: place.clone(), other: None, field: field.to_owned(), message });
        }
    }

    /// Whoever owes must not also represent those who are owed.
    fn legal_ids(&mut self) {
        let (known, load) = (self.known, self.load);
        if load.platforms.is_empty() && load.mids.is_empty() {
            return;
        }
        let platforms = merged(&known.platforms, &load.platforms);
        let platforms = platforms.iter().filter_map(|entry| Some((legal_id(entry.value.legal_id.as_deref())?, entry)));
        let platforms: HashMap<String, _> = platforms.collect();
        for mid in merged(&known.mids, &load.mids) {
            let Some(platform) = legal_id(mid.value.legal_id.as_deref()).and_then(|id| platforms.get(&id)) else { continue };
            let message = format!("mid {:?} and platform {:?} are one legal entity", mid.value.id, platform.value.id);
            self.errors.push(RegistryError::between(&mid.place, &platform.place, "legal_id", message));
        }
    }

    fn overlaps(&mut self) {
        let (known, load) = (self.known, self.load);
        for (old, new) in touched(&known.memberships, &load.memberships) {
            let message = |it: &Membership| format!("overlaps another membership of {:?} for the same platform and use", it.party);
            self.sweep(merged(old, new), |it| it.validity, membership_cells, message);
        }
        for (old, new) in touched(&known.works, &load.works) {
            self.sweep(
                merged(old, new),
                |it| it.validity,
                |_| Cells::one(Cell::Whole),
                |it: &Work| format!("overlaps another record of work {:?}", it.id),
            );
        }
        if load.agreements.is_empty() {
            return;
        }
        let terms = |it: &Entry<Agreement>| (it.value.platform.clone(), it.value.mid.clone(), it.value.currency);
        let mut agreements = merged(&known.agreements, &load.agreements);
        agreements.sort_by_cached_key(|entry| terms(entry));
        for same in agreements.chunk_by(|one, two| terms(one) == terms(two)) {
            let message = |it: &Agreement| format!("{:?} overlaps another agreement for the same platform, mid, use and currency", it.id);
            self.sweep(same.to_vec(), |it| it.validity, |it| Cells::same(it.uses.set().iter().map(Cell::Use).collect()), message);
        }
    }

    /// Goes through records by their start: where one starts before another has ended in any of the same cells, they overlap.
    fn sweep<T>(
        &mut self,
        mut entries: Vec<&'a Entry<T>>,
        validity: impl Fn(&T) -> Validity,
        cells: impl Fn(&'a T) -> Cells<'a>,
        message: impl Fn(&T) -> String,
    ) {
        if entries.len() < 2 || self.is_full() {
            return;
        }
        entries.sort_by_key(|entry| validity(&entry.value).start());
        let mut latest: HashMap<Cell<'a>, (Instant, &'a Entry<T>)> = HashMap::new();
        for entry in entries {
            let (start, end) = (validity(&entry.value).start(), validity(&entry.value).end());
            let cells = cells(&entry.value);
            let clash = cells.looked_at.iter().filter_map(|cell| latest.get(cell)).find(|(ended, _)| start < *ended);
            if let Some((_, other)) = clash {
                self.errors.push(RegistryError::between(&entry.place, &other.place, "from", message(&entry.value)));
            }
            for cell in cells.taken {
                let held = latest.entry(cell).or_insert((end, entry));
                if held.0 < end {
                    *held = (end, entry);
                }
            }
        }
    }
}

/// A legal entity, however its number is typed.
fn legal_id(given: Option<&str>) -> Option<String> {
    given.map(|id| id.trim().to_ascii_uppercase()).filter(|id| !id.is_empty())
}

fn has<T: Keyed>(entries: &[Entry<T>], id: &str) -> bool {
    entries.binary_search_by(|entry| entry.value.group().cmp(id)).is_ok()
}

/// What only one record may hold at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Cell<'a> {
    /// All of it.
    Whole,
    /// A use.
    Use(Use),
    /// A use by one platform.
    Platform(&'a str, Use),
    /// A use by all platforms, also unnamed ones.
    AllPlatforms(Use),
    /// A use by some platform, whichever.
    SomePlatform(Use),
}

struct Cells<'a> {
    looked_at: Vec<Cell<'a>>,
    taken: Vec<Cell<'a>>,
}

impl<'a> Cells<'a> {
    fn same(cells: Vec<Cell<'a>>) -> Cells<'a> {
        Cells { looked_at: cells.clone(), taken: cells }
    }

    fn one(cell: Cell<'a>) -> Cells<'a> {
        Cells::same(vec![cell])
    }
}

/// A membership for all platforms stands in the way of one for any, so both leave a mark that the other looks at.
fn membership_cells(it: &Membership) -> Cells<'_> {
    let uses = || it.uses.set().iter();
    match &it.platforms {
        Platforms::All => Cells {
            looked_at: uses().map(Cell::SomePlatform).collect(),
            taken: uses().flat_map(|use_| [Cell::AllPlatforms(use_), Cell::SomePlatform(use_)]).collect(),
        },
        Platforms::Listed(listed) => {
            let own = |use_| listed.iter().map(move |platform| Cell::Platform(platform, use_));
            Cells {
                looked_at: uses().flat_map(|use_| own(use_).chain(once(Cell::AllPlatforms(use_)))).collect(),
                taken: uses().flat_map(|use_| own(use_).chain(once(Cell::SomePlatform(use_)))).collect(),
            }
        }
    }
}

/// Entries of known records and of a load that belong together.
type Beside<'a, T> = (&'a [Entry<T>], &'a [Entry<T>]);

/// Each group that the load adds to, with what is known of it.
fn touched<'a, T: Keyed>(known: &'a [Entry<T>], load: &'a [Entry<T>]) -> impl Iterator<Item = Beside<'a, T>> {
    load.chunk_by(|one, two| one.value.group() == two.value.group()).map(|new| (group(known, new[0].value.group()), new))
}

/// What would be in force: the load, and what it does not replace.
fn merged<'a, T: Keyed>(known: &'a [Entry<T>], load: &'a [Entry<T>]) -> Vec<&'a Entry<T>> {
    let replaced = |entry: &Entry<T>| load.binary_search_by(|it| it.value.compare_key(&entry.value)).is_ok();
    known.iter().filter(|entry| !replaced(entry)).chain(load).collect()
}
