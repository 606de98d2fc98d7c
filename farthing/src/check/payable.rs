//! What is owed to each party and what is on its way to it, by the journal, is what drafts and payments say: to the unit, in each currency.
//!
//! Of what is to be done only the change is looked at: what was so before is so afterwards, if the entry moves just what the payments change.

mod change;

use super::seen::SeenPayments;
use super::{Chain, Invariant, SeenEntry};
use crate::courses;
use crate::journal::amount_of;
use crate::payouts::Owed;
use crate::payouts::folded::by_draft;
use anyhow::{Context, ensure};
use compact_str::CompactString;
use farthing_schemas::{Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::cycle::State as Course;
use farthing_settle::journal::AccountKind;
use farthing_settle::payout::{Due, Payment, Payments};
use std::collections::{BTreeMap, BTreeSet};

/// MID and currency.
type Books = (String, String);

/// MID, currency and kind of account.
type Accounts = (String, String, &'static str);

/// By kind of account and then by party.
type Sums = BTreeMap<Accounts, BTreeMap<CompactString, Money>>;

/// The kinds of accounts that are looked at.
const KINDS: [AccountKind; 2] = [AccountKind::PartyPayable, AccountKind::InFlight];

#[derive(Default)]
pub struct Payable {
    /// What the journal has.
    booked: Sums,
    /// What drafts in force say.
    drafts: BTreeMap<Books, BTreeMap<Cycle, Said>>,
}

/// What of a draft matters here.
struct Said {
    carried: Vec<(CompactString, Money)>,
    due: Vec<(CompactString, Due)>,
    /// The payments that it owes again.
    returned: BTreeSet<String>,
}

impl Invariant for Payable {
    fn name(&self) -> &'static str {
        "what is owed and on its way is what drafts and payments say"
    }

    fn entry(&mut self, seen: &SeenEntry<'_>) -> anyhow::Result<()> {
        for row in seen.body.iter().flat_map(|body| body.postings) {
            let Some(kind) = KINDS.map(AccountKind::as_str).into_iter().find(|kind| *kind == row.account) else { continue };
            let name = || format!("journal entry {}, posting {}", seen.row.number, row.line);
            let accounts = (seen.row.mid.clone(), row.currency.to_string(), kind);
            let sum = self.booked.entry(accounts).or_default().entry(row.owner.clone()).or_default();
            *sum = sum.plus(amount_of(row).with_context(name)?).with_context(name)?;
        }
        Ok(())
    }

    fn draft(&mut self, draft: &Draft) -> anyhow::Result<()> {
        let carried = draft.lines.iter().filter(|line| line.carried_out != Money::ZERO);
        let said = Said {
            carried: carried.map(|line| (line.party.as_str().into(), line.carried_out)).collect(),
            due: Owed::of(draft).iter().map(|(party, due)| (party.into(), due)).collect(),
            returned: draft.returned.iter().map(|line| line.payment.clone()).collect(),
        };
        self.drafts.entry((draft.mid.clone(), draft.currency.to_string())).or_default().insert(draft.cycle, said);
        Ok(())
    }

    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String> {
        self.owed_or_paid_anew(chain.payments)?;
        if let Some(upcoming) = chain.upcoming {
            // What was booked before does not change.
            self.booked.clear();
            return self.change(chain, upcoming).map(|()| String::new());
        }
        let mut should = Sums::new();
        let returned = self.approved(chain, &mut should)?;
        self.drafts.clear();
        paid(chain.payments, &returned, &mut should)?;
        let of = |sums: &Sums, accounts: &Accounts, party: &CompactString| {
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
    /// What has failed is paid anew, or owed again by a draft in force, and not both.
    fn owed_or_paid_anew(&self, rows: &SeenPayments<'_>) -> anyhow::Result<()> {
        let returned: BTreeSet<&str> =
            self.drafts.values().flat_map(BTreeMap::values).flat_map(|said| &said.returned).map(String::as_str).collect();
        for row in rows.payments() {
            let twice = row.replaces.as_deref().filter(|failed| returned.contains(failed));
            ensure!(twice.is_none(), "payment {} is paid anew by {}, and a draft owes it again", twice.unwrap_or_default(), row.id);
        }
        Ok(())
    }

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

/// What payments leave owed, or on its way.
fn paid(rows: &SeenPayments<'_>, returned: &BTreeSet<String>, should: &mut Sums) -> anyhow::Result<()> {
    for (draft, of) in by_draft(rows.payments(), rows.states()) {
        for (kind, payment) in accounts_of(&of.folded()?, returned) {
            add(should, (draft.0, payment.currency.code(), kind, &payment.party), payment.amount)?;
        }
    }
    Ok(())
}

/// The payments whose amounts are on an account of their party, and on which: on none, once one has arrived or a draft owes it again.
fn accounts_of<'p>(payments: &'p Payments, returned: &'p BTreeSet<String>) -> impl Iterator<Item = (AccountKind, &'p Payment)> {
    let owed = payments.owed_again(move |id| returned.contains(id)).map(|payment| (AccountKind::PartyPayable, payment));
    payments.unknown().map(|(payment, _)| (AccountKind::InFlight, payment)).chain(owed)
}

/// Adds what is owed: a credit.
fn add(should: &mut Sums, (mid, currency, kind, party): (&str, &str, AccountKind, &str), amount: Money) -> anyhow::Result<()> {
    let parties = should.entry((mid.to_owned(), currency.to_owned(), kind.as_str())).or_default();
    let sum = parties.entry(party.into()).or_default();
    *sum = sum.minus(amount)?;
    Ok(())
}
