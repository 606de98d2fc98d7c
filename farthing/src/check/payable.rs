//! What is owed to each party and what is on its way to it, by the journal, is what drafts and payments say: to the unit, in each currency.

use super::{Chain, Invariant, SeenEntry};
use crate::courses;
use crate::journal::amount_of;
use crate::payouts::{Owed, fold};
use anyhow::{Context, ensure};
use farthing_ledger::{StoredPayment, StoredState};
use farthing_schemas::{Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::cycle::State as Course;
use farthing_settle::journal::AccountKind;
use farthing_settle::payout::Due;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// MID and currency.
type Books = (String, String);

/// MID, currency and kind of account.
type Accounts = (String, String, &'static str);

/// By kind of account and then by party.
type Sums = BTreeMap<Accounts, BTreeMap<String, Money>>;

#[derive(Default)]
pub struct Payable {
    /// What the journal has.
    booked: Sums,
    /// What drafts in force say.
    drafts: BTreeMap<Books, BTreeMap<Cycle, Said>>,
}

/// What of a draft matters here.
struct Said {
    carried: Vec<(String, Money)>,
    due: Vec<(String, Due)>,
    /// The payments that it owes again.
    returned: BTreeSet<String>,
}

impl Invariant for Payable {
    fn name(&self) -> &'static str {
        "what is owed and on its way is what drafts and payments say"
    }

    fn entry(&mut self, seen: &SeenEntry<'_>) -> anyhow::Result<()> {
        let kinds = [AccountKind::PartyPayable, AccountKind::InFlight].map(AccountKind::as_str);
        for row in seen.body.iter().flat_map(|body| body.postings) {
            let Some(kind) = kinds.into_iter().find(|kind| *kind == row.account) else { continue };
            let name = || format!("journal entry {}, posting {}", seen.row.number, row.line);
            let accounts = (seen.row.mid.clone(), row.currency.clone(), kind);
            let sum = self.booked.entry(accounts).or_default().entry(row.owner.clone()).or_default();
            *sum = sum.plus(amount_of(row).with_context(name)?).with_context(name)?;
        }
        Ok(())
    }

    fn draft(&mut self, draft: &Draft) -> anyhow::Result<()> {
        let carried = draft.lines.iter().filter(|line| line.carried_out != Money::ZERO);
        let said = Said {
            carried: carried.map(|line| (line.party.clone(), line.carried_out)).collect(),
            due: Owed::of(draft).iter().map(|(party, due)| (party.to_owned(), due)).collect(),
            returned: draft.returned.iter().map(|line| line.payment.clone()).collect(),
        };
        self.drafts.entry((draft.mid.clone(), draft.currency.to_string())).or_default().insert(draft.cycle, said);
        Ok(())
    }

    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String> {
        if !chain.payments.whole {
            return Ok(String::new());
        }
        let mut should = Sums::new();
        let returned = self.approved(chain, &mut should)?;
        self.drafts.clear();
        paid(chain, &returned, &mut should)?;
        let of = |sums: &Sums, accounts: &Accounts, party: &String| {
            sums.get(accounts).and_then(|parties| parties.get(party)).copied().unwrap_or_default()
        };
        for (accounts, parties) in self.booked.iter().chain(&should) {
            let (mid, currency, kind) = accounts;
            for party in parties.keys() {
                let (is, should) = (of(&self.booked, accounts, party), of(&should, accounts, party));
                ensure!(is == should, "{kind}:{party} in the books of {mid} has {is} {currency}, and drafts and payments come to {should}");
            }
        }
        Ok(format!("{} accounts", self.booked.values().map(BTreeMap::len).sum::<usize>()))
    }
}

impl Payable {
    /// What approved drafts leave owed: what the last of them carries, and all that is not released. The payments that they owe again.
    fn approved(&self, chain: &Chain<'_>, should: &mut Sums) -> anyhow::Result<BTreeSet<String>> {
        let courses = courses::as_of(chain.catalog, chain.catalog.sequence)?;
        let mut returned = BTreeSet::new();
        for ((mid, currency), drafts) in &self.drafts {
            let state = |cycle: &Cycle| courses.get(mid, currency, *cycle).map_or(Course::Open, |course| course.state);
            let approved: Vec<(&Cycle, &Said)> = drafts.iter().filter(|(cycle, _)| state(cycle) >= Course::Approved).collect();
            for (party, carried) in approved.last().iter().flat_map(|(_, said)| &said.carried) {
                add(should, (mid, currency, AccountKind::PartyPayable, party), *carried)?;
            }
            for (_, said) in approved.iter().filter(|(cycle, _)| state(cycle) == Course::Approved) {
                for (party, due) in &said.due {
                    add(should, (mid, due.currency.code(), AccountKind::PartyPayable, party), due.amount)?;
                }
            }
            returned.extend(approved.iter().flat_map(|(_, said)| said.returned.iter().cloned()));
        }
        Ok(returned)
    }
}

/// MID, currency and cycle.
type OfDraft<'r> = (&'r str, &'r str, &'r str);

/// What payments leave owed, or on its way.
fn paid(chain: &Chain<'_>, returned: &BTreeSet<String>, should: &mut Sums) -> anyhow::Result<()> {
    let mut of_draft: BTreeMap<OfDraft<'_>, Vec<&StoredPayment>> = BTreeMap::new();
    let mut draft_of: HashMap<&str, OfDraft<'_>> = HashMap::new();
    for row in &chain.payments.payments {
        let draft = (row.mid.as_str(), row.currency.as_str(), row.cycle.as_str());
        of_draft.entry(draft).or_default().push(row);
        draft_of.insert(&row.id, draft);
    }
    let mut states: BTreeMap<OfDraft<'_>, Vec<&StoredState>> = BTreeMap::new();
    for row in &chain.payments.states {
        if let Some(draft) = draft_of.get(row.id.as_str()) {
            states.entry(*draft).or_default().push(row);
        }
    }
    drop(draft_of);
    for (draft, rows) in of_draft {
        let known = states.remove(&draft).unwrap_or_default();
        let payments = fold(rows, known, |payment| Due { currency: payment.currency, amount: payment.amount })?;
        for (payment, state) in payments.last() {
            let kind = match state {
                state if !state.is_known() => AccountKind::InFlight,
                state if state.has_failed() && !returned.contains(&payment.id) => AccountKind::PartyPayable,
                _ => continue,
            };
            add(should, (draft.0, payment.currency.code(), kind, &payment.party), payment.amount)?;
        }
    }
    Ok(())
}

/// Adds what is owed: a credit.
fn add(should: &mut Sums, (mid, currency, kind, party): (&str, &str, AccountKind, &str), amount: Money) -> anyhow::Result<()> {
    let parties = should.entry((mid.to_owned(), currency.to_owned(), kind.as_str())).or_default();
    let sum = parties.entry(party.to_owned()).or_default();
    *sum = sum.minus(amount)?;
    Ok(())
}
