//! What banks answer, put to the payments that it is about. What fits none, or cannot be true, is left to a person.

mod known;
mod received;
mod whole;

use crate::books::Books;
use anyhow::{Context, bail};
use compact_str::CompactString;
use farthing_archive::Catalog;
use farthing_archive::catalog::TakenIn;
use farthing_bank::answer::{AnswerKind, Change};
use farthing_bank::kept::kept_reference;
use farthing_bank::{Amount, Answer, AnswerFile, Outcome, Reference, Unread};
use farthing_ledger::{Asked, PaymentRows, StoredException, StoredPayment, StoredReceipt, StoredState};
use farthing_schemas::Money;
use farthing_schemas::money::from_stored_text;
use farthing_settle::journal::Told;
use farthing_settle::payout::{State, lines_sha256};
use known::{Known, Which};
use received::{Before, tells_of_an_account};
use serde_json::{Value, json};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// What a message comes to.
#[derive(Default)]
pub struct Taken {
    /// The rows that it brings.
    pub rows: PaymentRows,
    /// What it books.
    pub told: Vec<Told>,
    /// How many payments it moves to another state.
    pub moved: u64,
}

/// Puts the message of a MID's bank to that MID's payments, as they stand.
pub async fn take_in(books: &Books, mid: &str, file: &AnswerFile, sequence: u64) -> anyhow::Result<Taken> {
    let others = BTreeSet::new();
    let (kind, before) = (file.kind, Before::of(books, mid, file).await?);
    let (known, taken) = (BTreeMap::new(), Taken::default());
    let mut taking = Taking { books, mid, sequence, kind, before, known, others, ours: false, taken };
    let mut found = Vec::new();
    let mut named = BTreeSet::new();
    for answer in &file.answers {
        if is_of_all(answer) {
            found.push((taking.all_of(answer).await?, answer));
        } else if let Some(payment) = taking.find(answer).await? {
            named.insert(payment.id.clone());
            found.push((vec![payment], answer));
        }
    }
    // Banks tell what moved on a day in whatever order, and what comes back has gone out before.
    let (back, out): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, answer)| answer.outcome == Outcome::Returned);
    taking.tell_each(out, &named).await?;
    taking.tell_each(back, &named).await?;
    // It would be used up without having changed anything.
    if let (false, Some(other)) = (taking.ours, taking.others.first()) {
        bail!("its payments are those of {other}, and not of {mid}: give it with --mid {other}");
    }
    taking.receipts(file).await?;
    file.changes.iter().for_each(|change| taking.change(change));
    file.unread.iter().for_each(|unread| taking.unread(unread));
    Ok(taking.taken)
}

/// SHA-256 over what a message came to, in hex: over its states, receipts and exceptions, a JSON list a line, with the fields of their rows; what
/// most rows have not stands at the end of those that have it.
pub fn outcome_sha256(states: &[StoredState], receipts: &[StoredReceipt], exceptions: &[StoredException]) -> String {
    let state = |row: &StoredState| json!(["state", row.line, row.id, row.state, row.reason, row.booked, row.reference]);
    let receipt = |row: &StoredReceipt| {
        let list = json!(["receipt", row.line, row.platform, row.cycle, row.currency, row.amount, row.booked, row.reference]);
        with(list, row.unbooked.as_ref().map(|why| json!(why)))
    };
    let exception =
        |row: &StoredException| with(json!(["exception", row.line, row.reference, row.what]), row.about_line.map(|line| json!(line)));
    lines_sha256(states.iter().map(state).chain(receipts.iter().map(receipt)).chain(exceptions.iter().map(exception)))
}

fn with(mut list: Value, more: Option<Value>) -> Value {
    if let (Value::Array(fields), Some(more)) = (&mut list, more) {
        fields.push(more);
    }
    list
}

struct Taking<'a> {
    books: &'a Books,
    mid: &'a str,
    sequence: u64,
    kind: AnswerKind,
    /// What was told of the account before.
    before: Before,
    /// What is known of the payments that were asked for.
    known: BTreeMap<String, Known>,
    /// Other MIDs whose payments it names.
    others: BTreeSet<String>,
    /// Whether it names any of this MID's.
    ours: bool,
    taken: Taken,
}

impl Taking<'_> {
    /// The one payment that an answer is about, if it is one of this MID's.
    async fn find(&mut self, answer: &Answer) -> anyhow::Result<Option<StoredPayment>> {
        let mut found = match &answer.reference {
            Reference::EndToEnd(id) => {
                let exact = self.books.ledger.payments(Asked::Id(id.as_str())).await?;
                if exact.is_empty() { self.books.ledger.payments(Asked::Beginning(id.as_str())).await? } else { exact }
            }
            Reference::Beginning { beginning, .. } if !beginning.is_empty() => {
                self.books.ledger.payments(Asked::Beginning(beginning)).await?
            }
            Reference::Beginning { .. } | Reference::Message(_) | Reference::None => Vec::new(),
        };
        found.retain(|payment| payment.id.parse().is_ok_and(|id| answer.reference.may_be(&id)));
        match found.len() {
            0 => self.unknown(answer, "no payment of ours has this id")?,
            1 if found[0].mid == self.mid => {
                self.ours = true;
                return Ok(found.pop());
            }
            1 => {
                self.others.insert(found[0].mid.to_string());
                self.exception(answer, "the payment is another MID's");
            }
            _ => self.unknown(answer, "several payments begin so, and it may be any of them")?,
        }
        Ok(None)
    }

    /// What is said of all payments of a file comes first, and again at the end if it is not true of what they are by then.
    async fn tell_each(&mut self, told: Vec<(Vec<StoredPayment>, &Answer)>, named: &BTreeSet<CompactString>) -> anyhow::Result<()> {
        let (of_all, of_one): (Vec<_>, Vec<_>) = told.into_iter().partition(|(_, answer)| is_of_all(answer));
        let mut later = Vec::new();
        for (mut payments, answer) in of_all {
            // What is reported of one is not so of all; what moves upon the account moves by each entry.
            payments.retain(|payment| tells_of_an_account(self.kind) || !named.contains(&payment.id));
            if !self.tell_all(&payments, answer).await? {
                later.push((payments, answer));
            }
        }
        for (payments, answer) in of_one {
            self.tell(&payments[0], answer).await?;
        }
        for (payments, answer) in later {
            if !self.tell_all(&payments, answer).await? {
                self.line(answer, answer.reference.to_string(), "the payments of the file of which it can be true do not sum to that")?;
            }
        }
        Ok(())
    }

    async fn tell(&mut self, payment: &StoredPayment, answer: &Answer) -> anyhow::Result<()> {
        let amount: Money = from_stored_text(&payment.amount)?;
        // What is said of all of a file may say the sum.
        let own = if is_of_all(answer) { None } else { answer.amount };
        let right = Amount::of(amount, payment.paid_in.parse()?)?;
        if let Some(said) = own.filter(|said| *said != right) {
            return self.line(answer, payment.id.to_string(), &format!("it says {said}, and the payment is of {right}"));
        }
        let told = state_of(answer.outcome);
        let tells_of_account = tells_of_an_account(self.kind);
        let is_of_account = own.is_some() && tells_of_account;
        let known = self.known(payment).await?;
        let (was, news, is_back_early) = (known.state, known.state.after(told), known.is_back_early());
        let which = if tells_of_account && news.is_ok() { known.which(told, answer) } else { Which::Same };
        match news {
            Err(contradiction) => self.line(answer, payment.id.to_string(), &contradiction.to_string())?,
            // As long as a second debit of it is open, what comes back may be that.
            Ok(Some(State::Returned))
                if is_of_account && was == State::Settled && self.is_of_second_debit(answer, &[&payment.id, &file_of(payment)])? =>
            {
                self.another(answer, payment.id.to_string(), was)?;
            }
            Ok(Some(to)) => {
                self.push_state(payment, to, answer);
                let known = self.known(payment).await?;
                (known.state, known.has_settled) = (to, known.has_settled || to == State::Settled);
                known.booked = answer.booked.map(|day| day.to_string());
                self.taken.moved += 1;
                if let Some(motion) = was.motion(to) {
                    let (party, currency) = (payment.party.to_string(), payment.paid_in.parse()?);
                    self.taken.told.push(Told::Payment { party, motion, amount, currency });
                }
            }
            Ok(None) if is_of_account && told == State::Settled && is_back_early => self.pass(payment, answer).await?,
            Ok(None) if is_of_account && which == Which::Another => self.another(answer, payment.id.to_string(), was)?,
            Ok(None) if is_of_account && which == Which::First => self.name_first(payment, answer).await?,
            Ok(None) => {}
        }
        Ok(())
    }

    /// What the account calls the first entry that tells what was told before tells it apart from others later.
    async fn name_first(&mut self, payment: &StoredPayment, answer: &Answer) -> anyhow::Result<()> {
        let told = state_of(answer.outcome);
        match (self.known(payment).await?.state, told) {
            (was, told) if was == told => self.push_state(payment, told, answer),
            (State::Returned, State::Settled) => self.pass(payment, answer).await?,
            _ => {}
        }
        Ok(())
    }

    /// A payment that has come back already has gone out by this entry: both are nothing together, and the next debit is another one.
    async fn pass(&mut self, payment: &StoredPayment, answer: &Answer) -> anyhow::Result<()> {
        self.push_state(payment, State::Settled, answer);
        let known = self.known(payment).await?;
        known.has_settled = true;
        known.which(State::Settled, answer);
        let (reason, booked) = (known.reason.clone(), known.booked.clone());
        let (sequence, line, id) = (self.sequence, next(self.taken.rows.states.len()), payment.id.to_string());
        let state = State::Returned.to_string();
        self.taken.rows.states.push(StoredState { sequence, line, id, state, reason, booked, reference: None });
        Ok(())
    }

    async fn known(&mut self, payment: &StoredPayment) -> anyhow::Result<&mut Known> {
        let before = if self.known.contains_key(payment.id.as_str()) { None } else { Some(self.known_before(payment).await?) };
        Ok(match self.known.entry(payment.id.to_string()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(before.context("what is not known was asked for")?),
        })
    }

    /// What messages have told of a payment before this one.
    async fn known_before(&self, payment: &StoredPayment) -> anyhow::Result<Known> {
        let state = State::first(payment.message_id.as_deref());
        let mut known = Known { state, reason: None, booked: None, has_settled: false, called: BTreeMap::new() };
        for row in self.books.ledger.payment_states(Asked::Id(&payment.id)).await? {
            (known.state, known.reason, known.booked) = (row.state.parse()?, row.reason, row.booked);
            let is_alike = message_told_by(&self.books.catalog, row.sequence).is_some_and(|told| told.message.form == self.kind.as_str());
            known.has_settled |= known.state == State::Settled;
            if let Some(reference) = row.reference.filter(|_| is_alike) {
                known.called.entry(known.state).or_insert(reference);
            }
        }
        Ok(known)
    }

    fn push_state(&mut self, payment: &StoredPayment, to: State, answer: &Answer) {
        let line = next(self.taken.rows.states.len());
        // The row stays for good, and its words may name people.
        let reason = answer.reason.as_ref().map(|reason| reason.kept().to_string());
        let before = self.known.get(payment.id.as_str()).filter(|known| known.state == to).and_then(|known| known.reason.clone());
        let reason = reason.or(before);
        self.taken.rows.states.push(StoredState {
            sequence: self.sequence,
            line,
            id: payment.id.to_string(),
            state: to.to_string(),
            reason,
            booked: answer.booked.map(|day| day.to_string()),
            reference: answer.bank_reference.clone(),
        });
    }

    fn change(&mut self, change: &Change) {
        let text = change.text.unwrap_or("the account");
        // Of a name even the end says something.
        let right = if change.code == "C04" { "another".to_owned() } else { change.corrected.to_string() };
        let what = format!("the bank wants changed before it is paid again: {text} ({}), to {right}", change.code);
        self.push_exception(Some(change.reference.to_string()), what, None);
    }

    fn unread(&mut self, unread: &Unread) {
        self.push_exception(Some(unread.reference.to_string()), format!("line {}: {}", unread.line, unread.what), None);
    }

    fn exception(&mut self, answer: &Answer, why: &str) {
        self.exception_about(answer, answer.reference.to_string(), why, None);
    }

    fn exception_about(&mut self, answer: &Answer, reference: String, why: &str, about_line: Option<u64>) {
        let reason = answer.reason.as_ref().map(|reason| format!(" ({})", reason.kept())).unwrap_or_default();
        let amount = answer.amount.map(|amount| format!(" of {amount}")).unwrap_or_default();
        let what = format!("a payment{amount} {}{reason}: {why}", answer.outcome.as_str());
        self.push_exception(Some(reference), what, about_line);
    }

    fn push_exception(&mut self, reference: Option<String>, what: String, about_line: Option<u64>) {
        let line = next(self.taken.rows.exceptions.len());
        let reference = reference.map(|reference| kept_reference(&reference));
        self.taken.rows.exceptions.push(StoredException { sequence: self.sequence, line, reference, what, about_line });
    }
}

/// The message that an act took in, or whose line it put to payments.
fn message_told_by(catalog: &Catalog, act: u64) -> Option<&TakenIn> {
    catalog.message_of(act).or_else(|| catalog.message_of(catalog.assignments.of_act(act)?.assignment.message))
}

/// What stands for all payments of the file that a payment is in.
pub fn file_of(payment: &StoredPayment) -> String {
    let id = payment.message_id.as_deref().and_then(|id| id.parse().ok());
    id.map_or(Reference::None, Reference::Message).to_string()
}

fn is_of_all(answer: &Answer) -> bool {
    matches!(answer.reference, Reference::Message(_))
}

/// Rows are numbered from 1.
fn next(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX - 1) + 1
}

fn state_of(outcome: Outcome) -> State {
    match outcome {
        Outcome::Accepted => State::Accepted,
        Outcome::Rejected => State::Rejected,
        Outcome::Settled => State::Settled,
        Outcome::Returned => State::Returned,
    }
}
