//! What an act that is to come changes of what is owed and on its way: just what its entry moves.

use super::{KINDS, Payable, accounts_of};
use crate::check::{Chain, Decision, Upcoming};
use crate::courses;
use crate::journal::amount_of;
use crate::payouts::folded::{Key, by_draft, key_of};
use anyhow::ensure;
use compact_str::CompactString;
use farthing_ledger::StoredPayment;
use farthing_schemas::{Currency, Cycle, Money};
use farthing_settle::cycle::Kind;
use farthing_settle::journal::AccountKind;
use farthing_settle::payout::Due;
use std::collections::{BTreeMap, BTreeSet};

/// Kind of account, currency and party, of one MID.
type Account = (AccountKind, Currency, CompactString);

/// What an account comes to have more, by drafts and payments and by the entry.
#[derive(Default)]
struct Change {
    should: Money,
    booked: Money,
}

#[derive(Default)]
struct Changes(BTreeMap<Account, Change>);

impl Changes {
    fn of(&mut self, kind: AccountKind, currency: Currency, party: &str) -> &mut Change {
        self.0.entry((kind, currency, party.into())).or_default()
    }

    /// What is owed no longer, or is on its way no longer.
    fn less(&mut self, kind: AccountKind, due: Due, party: &str) -> anyhow::Result<()> {
        let change = self.of(kind, due.currency, party);
        change.should = change.should.plus(due.amount)?;
        Ok(())
    }

    /// What is owed, or on its way, from now on: a credit.
    fn more(&mut self, kind: AccountKind, due: Due, party: &str) -> anyhow::Result<()> {
        let change = self.of(kind, due.currency, party);
        change.should = change.should.minus(due.amount)?;
        Ok(())
    }
}

impl Payable {
    /// Moves that bring no payments are left to others: an approval books what its draft says.
    pub(super) fn change(&self, chain: &Chain<'_>, upcoming: &Upcoming<'_>) -> anyhow::Result<()> {
        let mut changes = Changes::default();
        let mid = match upcoming {
            Upcoming::Message { message, .. } => &message.mid,
            Upcoming::Move { step, .. } if step.released.is_some() => {
                let courses = courses::as_of(chain.catalog, chain.catalog.sequence)?;
                if courses.row(step)?.kind == Kind::Release {
                    self.released(&step.mid, &step.currency, step.cycle.parse()?, &mut changes)?;
                }
                &step.mid
            }
            Upcoming::Decision { decision: Decision::Assignment(assignment), .. } => &assignment.mid,
            Upcoming::Move { .. } | Upcoming::Decision { .. } => return Ok(()),
        };
        self.paid(chain, upcoming, &mut changes)?;
        for row in upcoming.entry().into_iter().flat_map(|(_, rows)| rows) {
            let Some(kind) = KINDS.into_iter().find(|kind| kind.as_str() == row.account) else { continue };
            let change = changes.of(kind, row.currency.parse()?, &row.owner);
            change.booked = change.booked.plus(amount_of(row)?)?;
        }
        for ((kind, currency, party), Change { should, booked }) in &changes.0 {
            let kind = kind.as_str();
            ensure!(
                should == booked,
                "{kind}:{party} in the books of {mid} would be moved by {booked} {currency}, and drafts and payments come to {should}"
            );
        }
        Ok(())
    }

    /// Nothing is owed by its draft any more once a cycle is released: payments say where it is.
    fn released(&self, mid: &str, currency: &str, cycle: Cycle, changes: &mut Changes) -> anyhow::Result<()> {
        let said = self.drafts.get(&(mid.to_owned(), currency.to_owned())).and_then(|drafts| drafts.get(&cycle));
        said.into_iter().flat_map(|said| &said.due).try_for_each(|(party, due)| changes.less(AccountKind::PartyPayable, *due, party))
    }

    /// Where the payments of the obligations that are touched were, and where they come to be.
    fn paid(&self, chain: &Chain<'_>, upcoming: &Upcoming<'_>, changes: &mut Changes) -> anyhow::Result<()> {
        let (rows, through) = (chain.payments, chain.catalog.sequence);
        let told: BTreeSet<&str> = upcoming.rows().states.iter().map(|row| row.id.as_str()).collect();
        let is_touched = |row: &&StoredPayment| row.sequence > through || told.contains(row.id.as_str());
        let touched: BTreeSet<(Key<'_>, &str)> = rows.payments().filter(is_touched).map(|row| (key_of(row), row.party.as_str())).collect();
        let returned: BTreeSet<String> =
            self.drafts.values().flat_map(BTreeMap::values).flat_map(|said| said.returned.iter().cloned()).collect();
        let payments = || rows.payments().filter(|row| touched.contains(&(key_of(row), row.party.as_str())));
        let before = by_draft(payments().filter(|row| row.sequence <= through), rows.states().filter(|row| row.sequence <= through));
        for (_, of) in before {
            for (kind, payment) in accounts_of(&of.folded()?, &returned) {
                changes.less(kind, Due { currency: payment.currency, amount: payment.amount }, &payment.party)?;
            }
        }
        for (_, of) in by_draft(payments(), rows.states()) {
            for (kind, payment) in accounts_of(&of.folded()?, &returned) {
                changes.more(kind, Due { currency: payment.currency, amount: payment.amount }, &payment.party)?;
            }
        }
        Ok(())
    }
}
