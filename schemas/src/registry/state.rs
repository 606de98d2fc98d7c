//! [`State`]: the current records of all loads; [`Delta`]: what one load changes.

use super::exchange::Quote;
use super::record::{Agreement, Consent, Keyed, Membership, Mid, Party, Platform, Work};
use super::succession::Successor;
use super::tax::{Certificate, Residence, Withholding};
use super::{Body, Place, PrivateDetails, Record, RegistryError, decode, public, rules};

/// The public part of every record that counts, each under its key.
///
/// ```
/// use farthing_schemas::registry::{State, read_load};
/// let load = br#"{"kind":"platform","id":"plt_acme","default_labour_share":"0.7"}"#;
/// let mut state = State::default();
/// let delta = state.apply(read_load("a.ndjson", load)?, |_, _| true)?;
/// let archived = delta.public_ndjson();
/// state.commit(1, delta);
/// assert!(state.apply(read_load("again.ndjson", load)?, |_, _| true)?.is_empty());
///
/// let mut rebuilt = State::default();
/// rebuilt.read_public(1, &archived)?;
/// assert_eq!(rebuilt.public_ndjson(), state.public_ndjson());
/// # Ok::<(), Vec<farthing_schemas::registry::RegistryError>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct State {
    version: u64,
    pub(super) tables: Tables,
}

/// What a load changes: the records that are new or differ, with the private details of their parties.
#[derive(Clone, Debug, Default)]
pub struct Delta {
    tables: Tables,
}

/// One record, where it came from, and what is private of it.
#[derive(Clone, Debug)]
pub(super) struct Entry<T> {
    pub(super) place: Place,
    pub(super) private: Option<PrivateDetails>,
    pub(super) value: T,
}

/// The records of each kind, sorted by key.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) platforms: Vec<Entry<Platform>>,
    pub(super) mids: Vec<Entry<Mid>>,
    pub(super) parties: Vec<Entry<Party>>,
    pub(super) agreements: Vec<Entry<Agreement>>,
    pub(super) memberships: Vec<Entry<Membership>>,
    pub(super) works: Vec<Entry<Work>>,
    pub(super) consents: Vec<Entry<Consent>>,
    pub(super) residences: Vec<Entry<Residence>>,
    pub(super) withholdings: Vec<Entry<Withholding>>,
    pub(super) certificates: Vec<Entry<Certificate>>,
    pub(super) successors: Vec<Entry<Successor>>,
    pub(super) quotes: Vec<Entry<Quote>>,
}

impl State {
    /// The version of the last load; 0 before any.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What that load would change; nothing is changed yet.
    ///
    /// `private_unchanged` says whether the ledger holds just these private details of that party; details that are empty
    /// ([`PrivateDetails::is_empty`]) are unchanged where it holds none. An empty delta makes no
    /// new version. Set the digests of its parties ([`Delta::seal_private`]), store its public text, then [`State::commit`] it.
    ///
    /// # Errors
    /// All that is refused about the load as a whole, up to [`super::ERRORS_MAX`].
    pub fn apply(&self, load: Vec<Record>, private_unchanged: impl Fn(&str, &PrivateDetails) -> bool) -> Result<Delta, Vec<RegistryError>> {
        let mut tables = Tables::sorted(load);
        let errors = rules::refusals(&self.tables, &tables);
        if !errors.is_empty() {
            return Err(errors);
        }
        retain_changed(&self.tables.platforms, &mut tables.platforms);
        retain_changed(&self.tables.mids, &mut tables.mids);
        retain_changed(&self.tables.agreements, &mut tables.agreements);
        retain_changed(&self.tables.memberships, &mut tables.memberships);
        retain_changed(&self.tables.works, &mut tables.works);
        retain_changed(&self.tables.consents, &mut tables.consents);
        retain_changed(&self.tables.residences, &mut tables.residences);
        retain_changed(&self.tables.withholdings, &mut tables.withholdings);
        retain_changed(&self.tables.certificates, &mut tables.certificates);
        retain_changed(&self.tables.successors, &mut tables.successors);
        retain_changed(&self.tables.quotes, &mut tables.quotes);
        tables.parties.retain(|entry| {
            let same_details = entry.private.as_ref().is_none_or(|details| private_unchanged(&entry.value.id, details));
            let same_public = |known: &Party| known.party_type == entry.value.party_type && known.payout == entry.value.payout;
            !(same_details && find(&self.tables.parties, &entry.value).is_some_and(same_public))
        });
        Ok(Delta { tables })
    }

    /// Makes that delta part of the state, as that version, which is above all before.
    pub fn commit(&mut self, version: u64, delta: Delta) {
        self.version = version;
        let Tables {
            platforms,
            mids,
            parties,
            agreements,
            memberships,
            works,
            consents,
            residences,
            withholdings,
            certificates,
            successors,
            quotes,
        } = delta.tables;
        merge(&mut self.tables.platforms, platforms, version);
        merge(&mut self.tables.mids, mids, version);
        merge(&mut self.tables.parties, parties, version);
        merge(&mut self.tables.agreements, agreements, version);
        merge(&mut self.tables.memberships, memberships, version);
        merge(&mut self.tables.works, works, version);
        merge(&mut self.tables.consents, consents, version);
        merge(&mut self.tables.residences, residences, version);
        merge(&mut self.tables.withholdings, withholdings, version);
        merge(&mut self.tables.certificates, certificates, version);
        merge(&mut self.tables.successors, successors, version);
        merge(&mut self.tables.quotes, quotes, version);
    }

    /// Adds an archived version, which was judged when it was loaded; versions are read in their order.
    ///
    /// # Errors
    /// What in it cannot be read.
    pub fn read_public(&mut self, version: u64, public_ndjson: &[u8]) -> Result<(), Vec<RegistryError>> {
        let tables = Tables::sorted(decode::read_public(version, public_ndjson)?);
        self.commit(version, Delta { tables });
        Ok(())
    }

    /// Every record in public text, whatever version it came with.
    #[must_use]
    pub fn public_ndjson(&self) -> Vec<u8> {
        let mut out = Vec::new();
        public::write_tables(&self.tables, &mut out);
        out
    }

    /// A party's current record.
    #[must_use]
    pub fn party(&self, id: &str) -> Option<&Party> {
        group(&self.tables.parties, id).first().map(|entry| &entry.value)
    }

    /// The digest of the private details of a party, if it is known and was set.
    #[must_use]
    pub fn private_sha256(&self, party: &str) -> Option<[u8; 32]> {
        group(&self.tables.parties, party).first().and_then(|entry| entry.value.private_sha256)
    }
}

impl Delta {
    /// Whether the load changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many records are new or differ.
    #[must_use]
    pub fn len(&self) -> usize {
        let Tables {
            platforms,
            mids,
            parties,
            agreements,
            memberships,
            works,
            consents,
            residences,
            withholdings,
            certificates,
            successors,
            quotes,
        } = &self.tables;
        let terms = platforms.len() + mids.len() + agreements.len() + memberships.len() + works.len() + consents.len();
        terms + parties.len() + residences.len() + withholdings.len() + certificates.len() + successors.len() + quotes.len()
    }

    /// The private details of its parties, by id.
    pub fn private(&self) -> impl Iterator<Item = (&str, &PrivateDetails)> {
        self.tables.parties.iter().filter_map(|entry| Some((&*entry.value.id, entry.private.as_ref()?)))
    }

    /// Gives the private details of each of its parties away, by id, and sets the digest that stands for them in public.
    ///
    /// # Errors
    /// The first of `seal`; the parties after it keep theirs.
    pub fn seal_private<E>(&mut self, mut seal: impl FnMut(&str, PrivateDetails) -> Result<Option<[u8; 32]>, E>) -> Result<(), E> {
        for entry in &mut self.tables.parties {
            if let Some(details) = entry.private.take() {
                entry.value.private_sha256 = seal(&entry.value.id, details)?;
            }
        }
        Ok(())
    }

    /// Its public text, to be archived as the version that it makes.
    #[must_use]
    pub fn public_ndjson(&self) -> Vec<u8> {
        let mut out = Vec::new();
        public::write_tables(&self.tables, &mut out);
        out
    }
}

impl Tables {
    /// Records by kind and key; of equal keys the one that came first is first.
    fn sorted(records: Vec<Record>) -> Tables {
        let mut tables = Tables::default();
        for Record { place, body, private } in records {
            match body {
                Body::Platform(value) => tables.platforms.push(Entry { place, private, value: *value }),
                Body::Mid(value) => tables.mids.push(Entry { place, private, value: *value }),
                Body::Party(value) => tables.parties.push(Entry { place, private, value }),
                Body::Agreement(value) => tables.agreements.push(Entry { place, private, value: *value }),
                Body::Membership(value) => tables.memberships.push(Entry { place, private, value }),
                Body::Work(value) => tables.works.push(Entry { place, private, value }),
                Body::Consent(value) => tables.consents.push(Entry { place, private, value }),
                Body::Residence(value) => tables.residences.push(Entry { place, private, value }),
                Body::Withholding(value) => tables.withholdings.push(Entry { place, private, value }),
                Body::Certificate(value) => tables.certificates.push(Entry { place, private, value }),
                Body::Successor(value) => tables.successors.push(Entry { place, private, value }),
                Body::Quote(value) => tables.quotes.push(Entry { place, private, value }),
            }
        }
        sort(&mut tables.platforms);
        sort(&mut tables.mids);
        sort(&mut tables.parties);
        sort(&mut tables.agreements);
        sort(&mut tables.memberships);
        sort(&mut tables.works);
        sort(&mut tables.consents);
        sort(&mut tables.residences);
        sort(&mut tables.withholdings);
        sort(&mut tables.certificates);
        sort(&mut tables.successors);
        sort(&mut tables.quotes);
        tables
    }
}

fn sort<T: Keyed>(entries: &mut [Entry<T>]) {
    entries.sort_by(|one, two| one.value.compare_key(&two.value));
}

/// The entries that share the first column of the key.
pub(super) fn group<'a, T: Keyed>(entries: &'a [Entry<T>], group: &str) -> &'a [Entry<T>] {
    let start = entries.partition_point(|entry| entry.value.group() < group);
    let length = entries[start..].partition_point(|entry| entry.value.group() == group);
    &entries[start..start + length]
}

pub(super) fn find<'a, T: Keyed>(entries: &'a [Entry<T>], value: &T) -> Option<&'a T> {
    entries.binary_search_by(|entry| entry.value.compare_key(value)).ok().map(|at| &entries[at].value)
}

fn retain_changed<T: Keyed + PartialEq>(known: &[Entry<T>], load: &mut Vec<Entry<T>>) {
    load.retain(|entry| find(known, &entry.value) != Some(&entry.value));
}

/// Merges sorted entries into sorted entries; one with the key of an older one takes its place.
fn merge<T: Keyed>(known: &mut Vec<Entry<T>>, load: Vec<Entry<T>>, version: u64) {
    let load = load.into_iter().map(|entry| Entry {
        place: Place { version: Some(version), file: "".into(), ..entry.place },
        private: None,
        ..entry
    });
    if known.last().is_none() {
        known.extend(load);
        return;
    }
    let mut merged = Vec::with_capacity(known.len() + load.len());
    let mut older = std::mem::take(known).into_iter().peekable();
    for entry in load {
        while let Some(before) = older.next_if(|it| it.value.compare_key(&entry.value).is_lt()) {
            merged.push(before);
        }
        older.next_if(|it| it.value.compare_key(&entry.value).is_eq());
        merged.push(entry);
    }
    merged.extend(older);
    *known = merged;
}
