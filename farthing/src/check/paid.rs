//! One live payment per obligation; and what was sent to banks is what the journal moves, and what their messages came to is what they say.

mod filed;

use super::acts::SeenWhat;
use super::chain::Chain;
use super::seen::{Extent, SeenPayments};
use super::{Invariant, SeenEntry};
use crate::payouts::answers::outcome_sha256;
use crate::payouts::folded::{self, key_of, payment_of};
use crate::payouts::put::is_named;
use crate::payouts::{Owed, sum_of};
use anyhow::{Context, anyhow, ensure};
use compact_str::CompactString;
use farthing_ledger::{StoredException, StoredPayment, StoredReceipt, StoredState};
use farthing_schemas::manifest::{AssignedTo, Assignment, BankMessage, CycleMove, Released};
use farthing_schemas::money::from_stored_text;
use farthing_schemas::{Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::cycle::Kind;
use farthing_settle::journal::{Entry, EntryKind, Header, Line, Occasion, OfCycle, Told, entry_of_message, entry_of_release};
use farthing_settle::payout::{Due, Payment, Payments, State, payments_sha256, sums};
use std::collections::{BTreeMap, BTreeSet};

/// MID, currency and cycle.
type Key = (String, String, String);

#[derive(Default)]
pub struct Paid {
    /// What drafts in force pay, by party.
    owed: BTreeMap<Key, BTreeMap<CompactString, Due>>,
    /// The entries of releases and of messages, by the number of their acts.
    entries: BTreeMap<u64, Known>,
}

/// An entry without its postings, which its hash stands for.
struct Known {
    header: Header,
    sha256: String,
}

impl Known {
    fn is(&self, other: &Entry) -> bool {
        other.sha256() == self.sha256
    }

    /// Whether it is what the payments of a release move.
    fn is_release(&self, step: &CycleMove, payments: &[Payment]) -> anyhow::Result<bool> {
        let of = OfCycle { mid: step.mid.clone(), cycle: step.cycle.parse::<Cycle>()? };
        let kind = if self.header.kind == EntryKind::Reissue { EntryKind::Reissue } else { EntryKind::Release };
        Ok(self.is(&entry_of_release(&of, kind, payments, self.header.evidence.clone(), occasion(&self.header))?))
    }
}

impl Invariant for Paid {
    fn name(&self) -> &'static str {
        "an obligation has one live payment, in a file that the journal moves"
    }

    fn entry(&mut self, seen: &SeenEntry<'_>) -> anyhow::Result<()> {
        if let (Some(act), Some(body)) = (seen.act, &seen.body) {
            let pays = match &act.what {
                SeenWhat::Move(kind, _) => matches!(kind, Kind::Release | Kind::Reissue),
                SeenWhat::Message(_) => true,
                SeenWhat::Claim(_) | SeenWhat::Assignment(_) | SeenWhat::Remittance(_) => false,
            };
            if pays {
                let entry = body.entry.as_ref().map_err(|fault| anyhow!("{fault:#}"))?;
                // Where there is an entry, it has the hash of its row.
                self.entries.insert(act.sequence, Known { header: entry.header().clone(), sha256: seen.row.sha256.clone() });
            }
        }
        Ok(())
    }

    fn draft(&mut self, draft: &Draft) -> anyhow::Result<()> {
        let key = (draft.mid.clone(), draft.currency.to_string(), draft.cycle.to_string());
        self.owed.insert(key, Owed::of(draft).iter().map(|(party, due)| (party.into(), due)).collect());
        Ok(())
    }

    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String> {
        let rows = chain.payments;
        let (receipts, exceptions) = (by_act(rows.receipts(), |row| row.sequence), by_act(rows.exceptions(), |row| row.sequence));
        let (payments, key_of) = (BTreeMap::new(), BTreeMap::new());
        let settled = BTreeSet::new();
        let mut look = Look { chain, rows, paid: self, receipts, exceptions, payments, key_of, settled, sent: 0, messages: 0 };
        look.acts()?;
        filed::files(chain, rows)?;
        filed::messages(chain, rows)?;
        let (payments, files) = (rows.payments().count(), rows.files().count());
        Ok(format!("{payments} payments in {} releases and {files} files, {} messages of banks", look.sent, look.messages))
    }
}

/// One pass over the acts, in their order.
struct Look<'a> {
    chain: &'a Chain<'a>,
    rows: &'a SeenPayments<'a>,
    paid: &'a Paid,
    receipts: BTreeMap<u64, Vec<&'a StoredReceipt>>,
    exceptions: BTreeMap<u64, Vec<&'a StoredException>>,
    payments: BTreeMap<folded::Key<'a>, Payments>,
    /// Of which cycle a payment is, in which currency, and how much.
    key_of: BTreeMap<&'a str, &'a StoredPayment>,
    /// The payments that have gone out, as was told.
    settled: BTreeSet<&'a str>,
    sent: u64,
    messages: u64,
}

impl<'a> Look<'a> {
    fn acts(&mut self) -> anyhow::Result<()> {
        let (rows, chain) = (self.rows, self.chain);
        let (mut payments, mut states) = (rows.payments().peekable(), rows.states().peekable());
        let releases = chain.releases().map(|(sequence, step, released)| (sequence, (step, released)));
        let mut releases: BTreeMap<u64, (&CycleMove, &Released)> = releases.collect();
        let mut messages: BTreeMap<u64, &BankMessage> = chain.messages().collect();
        let put = chain.assignments().filter(|(_, made)| matches!(made.to, AssignedTo::Payees { .. }));
        let mut put: BTreeMap<u64, &Assignment> = put.collect();
        let acts: BTreeSet<u64> = releases.keys().chain(messages.keys()).chain(put.keys()).copied().collect();
        for sequence in acts {
            let mut made = Vec::new();
            while let Some(row) = payments.next_if(|row| row.sequence == sequence) {
                made.push(row);
            }
            let mut told = Vec::new();
            while let Some(row) = states.next_if(|row| row.sequence == sequence) {
                told.push(row);
            }
            let act = Act { sequence, made, told };
            let looked = if let Some((step, released)) = releases.remove(&sequence) {
                self.release(step, released, &act)
            } else if let Some(message) = messages.remove(&sequence) {
                self.message(message, &act)
            } else {
                put.remove(&sequence).map_or(Ok(()), |assignment| self.put(assignment, &act))
            };
            looked.with_context(|| format!("manifest {sequence}"))?;
        }
        let beyond = payments.next().map(|row| row.id.as_str()).or(states.next().map(|row| row.id.as_str()));
        ensure!(beyond.is_none(), "payment {}: no manifest names it or its state", beyond.unwrap_or_default());
        Ok(())
    }

    fn release(&mut self, step: &CycleMove, released: &Released, act: &Act<'a>) -> anyhow::Result<()> {
        let extent = if self.chain.looks_at(act.sequence) { Extent::All } else { self.rows.extent };
        match extent {
            Extent::All => {}
            Extent::Cycle if act.made.is_empty() => return Ok(()),
            Extent::Cycle => {}
            Extent::Obligations => return self.made_before(&act.made),
        }
        let key = (step.mid.as_str(), step.currency.as_str(), step.cycle.as_str());
        let owed = self.paid.owed.get(&(step.mid.clone(), step.currency.clone(), step.cycle.clone()));
        let payments = act.made.iter().map(|row| payment_of(row)).collect::<anyhow::Result<Vec<Payment>>>()?;
        ensure!(payments_sha256(&payments) == released.payments_sha256, "its payments are not those that it names");
        // Looked at before the payments are given away, of which there may be a million; but who is paid what comes first.
        let rest = self.fits(step, released, act, &payments);
        for (row, payment) in act.made.iter().zip(payments) {
            ensure!(key_of(row) == key, "payment {} is said to be of another MID, currency or cycle", row.id);
            self.key_of.insert(&row.id, row);
            let owed = owed
                .and_then(|owed| owed.get(payment.party.as_str()))
                .copied()
                .unwrap_or(Due { currency: payment.currency, amount: Money::ZERO });
            self.payments.entry(key_of(row)).or_default().make(payment, owed)?;
        }
        self.sent += 1;
        rest
    }

    /// Whether a release says what its payments are, and books what they move.
    fn fits(&self, step: &CycleMove, released: &Released, act: &Act<'a>, payments: &[Payment]) -> anyhow::Result<()> {
        // Only what was left out has a state at once, and that it was.
        let left_out: Vec<&str> = payments.iter().filter(|one| one.message_id.is_none()).map(|one| one.id.as_str()).collect();
        let failed: Vec<&str> = act.told.iter().filter(|row| row.state == "rejected").map(|row| row.id.as_str()).collect();
        ensure!(failed == left_out && act.told.len() == failed.len(), "states of {:?}, and left out were {left_out:?}", act.told);
        ensure!(u64::try_from(left_out.len())? == released.left_out, "it says that {} were left out", released.left_out);
        let sent = || payments.iter().filter(|payment| payment.message_id.is_some());
        let says = (u64::try_from(sent().count())?, sums(sent())?.into_iter().map(sum_of).collect::<Vec<_>>());
        ensure!(says == (released.payments, released.sums.clone()), "its payments sum to {:?} and it says {:?}", says.1, released.sums);
        let Some(entry) = self.paid.entries.get(&act.sequence) else {
            let is_read = self.chain.looks_at(act.sequence);
            ensure!(!is_read || released.payments == 0, "it books nothing");
            return Ok(());
        };
        ensure!(entry.is_release(step, payments)?, "journal entry {} is not what its payments move", entry.header.place.number);
        Ok(())
    }

    /// Takes payments as they are: of their release only these are looked at.
    fn made_before(&mut self, made: &[&'a StoredPayment]) -> anyhow::Result<()> {
        for row in made {
            let payment = payment_of(row)?;
            let owed = Due { currency: payment.currency, amount: payment.amount };
            self.key_of.insert(&row.id, row);
            self.payments.entry(key_of(row)).or_default().make(payment, owed)?;
        }
        Ok(())
    }

    fn message(&mut self, message: &BankMessage, act: &Act<'a>) -> anyhow::Result<()> {
        let Act { sequence, made, told } = act;
        ensure!(made.is_empty(), "a message of a bank makes no payments");
        let mut books = Vec::new();
        for row in told {
            let payment = self.key_of.get(row.id.as_str()).with_context(|| format!("payment {} is not there yet", row.id))?;
            ensure!(payment.mid == message.mid, "payment {} is another MID's", row.id);
            let motion = self.payments.entry(key_of(payment)).or_default().tell(&row.id, row.state.parse()?)?;
            self.settled.extend((row.state == State::Settled.as_str()).then_some(row.id.as_str()));
            if let Some(motion) = motion {
                let (amount, currency) = (from_stored_text(&payment.amount)?, payment.paid_in.parse()?);
                books.push(Told::Payment { party: payment.party.to_string(), motion, amount, currency });
            }
        }
        if !self.chain.looks_at(*sequence) {
            return Ok(());
        }
        self.messages += 1;
        let states: Vec<StoredState> = told.iter().map(|row| (*row).clone()).collect();
        let receipts: Vec<StoredReceipt> = self.receipts.get(sequence).into_iter().flatten().copied().cloned().collect();
        let exceptions: Vec<StoredException> = self.exceptions.get(sequence).into_iter().flatten().copied().cloned().collect();
        let same = outcome_sha256(&states, &receipts, &exceptions) == message.outcome_sha256;
        ensure!(same, "what the message {} came to is not what it names", message.sha256);
        for receipt in receipts.iter().filter(|receipt| receipt.unbooked.is_none()) {
            let (amount, currency) = (from_stored_text(&receipt.amount)?, receipt.currency.parse()?);
            books.push(Told::Receipt { platform: receipt.platform.clone(), amount, currency });
        }
        match self.paid.entries.get(sequence) {
            None => ensure!(books.is_empty(), "it books nothing"),
            Some(entry) => {
                let should = entry_of_message(&message.mid, &message.sha256, &books, occasion(&entry.header))?;
                ensure!(entry.is(&should), "journal entry {} is not what the message moves", entry.header.place.number);
            }
        }
        Ok(())
    }

    /// What a person put a line to is what that line can tell, of payments that the act names. What it books is looked at with whose lines are.
    fn put(&mut self, said: &Assignment, act: &Act<'a>) -> anyhow::Result<()> {
        let AssignedTo::Payees { of, charges, states_sha256 } = &said.to else { return Ok(()) };
        ensure!(act.made.is_empty(), "an assignment makes no payments");
        let (amount, currency) = (from_stored_text(&said.amount)?, said.currency.parse()?);
        let line = Line { mid: said.mid.clone(), amount, currency, message_sha256: said.message_sha256.clone() };
        // Those that it is of, and whether anything becomes of any of them.
        let (mut of_line, mut is_news) = (BTreeMap::new(), false);
        for row in &act.told {
            let payment = self.key_of.get(row.id.as_str()).with_context(|| format!("payment {} is not there yet", row.id))?;
            ensure!(payment.mid == said.mid && is_named(payment, of), "payment {} is another MID's, or is not of {of}", row.id);
            let told: State = row.state.parse()?;
            let motion = self.payments.entry(key_of(payment)).or_default().tell(&row.id, told)?;
            // What was told before stays where it is; of a debit that is also what came back before it was known to have gone out.
            let stays = motion.is_none() && (told == line.tells() || told == State::Returned);
            let can_be = stays || motion == Some(line.motion());
            ensure!(can_be, "payment {} is said to be {told}, and its line tells {}", row.id, line.tells());
            is_news |= motion.is_some() || (told == State::Settled && !self.settled.contains(row.id.as_str()));
            self.settled.extend((told == State::Settled).then_some(row.id.as_str()));
            of_line.insert(row.id.as_str(), payment_of(payment)?);
        }
        if !self.chain.looks_at(act.sequence) {
            return Ok(());
        }
        ensure!(is_news, "nothing becomes of the payments of its line");
        let charges = charges.as_deref().map_or(Ok(Money::ZERO), from_stored_text)?;
        let fits = line.charges_beside(of_line.values())? == charges && line.can_keep(charges, of_line.len());
        ensure!(fits, "its payments do not sum to its line");
        let states: Vec<StoredState> = act.told.iter().map(|row| (*row).clone()).collect();
        ensure!(outcome_sha256(&states, &[], &[]) == *states_sha256, "the states of its payments are not those that it names");
        Ok(())
    }
}

/// Rows by the number of the act that made them, each act's in their order.
fn by_act<T>(rows: impl Iterator<Item = T>, act: impl Fn(&T) -> u64) -> BTreeMap<u64, Vec<T>> {
    let mut found: BTreeMap<u64, Vec<T>> = BTreeMap::new();
    for row in rows {
        found.entry(act(&row)).or_default().push(row);
    }
    found
}

/// The rows of payments and states of one act.
struct Act<'a> {
    sequence: u64,
    made: Vec<&'a StoredPayment>,
    told: Vec<&'a StoredState>,
}

/// When and why an entry says that it was booked.
pub fn occasion(header: &Header) -> Occasion {
    Occasion {
        place: header.place.clone(),
        happened: header.happened,
        booked: header.booked,
        reason: header.reason.clone(),
        reference: header.reference.clone(),
    }
}
