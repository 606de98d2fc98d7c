//! What banks answer, put to the payments that it is about. What fits none, or cannot be true, is left to a person.

use super::invoiced::{Issued, Named};
use crate::books::Books;
use anyhow::bail;
use farthing_bank::answer::{AnswerKind, Change};
use farthing_bank::kept::kept_reference;
use farthing_bank::{Amount, Answer, AnswerFile, Outcome, Receipt, Reference, Unread};
use farthing_ledger::{Asked, PaymentRows, StoredException, StoredPayment, StoredReceipt, StoredState};
use farthing_schemas::Money;
use farthing_schemas::money::from_stored_text;
use farthing_settle::journal::Told;
use farthing_settle::payout::{State, lines_sha256};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A thousand million million: sums of what comes in fit for ever.
const RECEIPT_MAX: Money = Money::from_units(1_000_000_000_000_000_000_000_000_000);

/// What a message comes to.
#[derive(Default)]
pub struct Taken {
    /// The rows that it brings.
    pub rows: PaymentRows,
    /// What it books.
    pub told: Vec<Told>,
}

/// Puts the message of a MID's bank to that MID's payments, as they stand.
pub async fn take_in(books: &Books, mid: &str, file: &AnswerFile, sequence: u64) -> anyhow::Result<Taken> {
    let others = BTreeSet::new();
    let mut taking = Taking { books, mid, sequence, known: BTreeMap::new(), others, ours: false, taken: Taken::default() };
    let (of_all, of_one): (Vec<&Answer>, Vec<&Answer>) = file.answers.iter().partition(|answer| is_of_all(answer));
    let mut named = BTreeSet::new();
    let mut found = Vec::new();
    for answer in of_one {
        let one = taking.find(answer).await?;
        named.extend(one.iter().map(|payment| payment.id.clone()));
        found.extend(one.map(|payment| (payment, answer)));
    }
    for answer in of_all {
        let mut payments = taking.all_of(answer).await?;
        payments.retain(|payment| !named.contains(&payment.id));
        taking.tell_all(&payments, answer).await?;
    }
    for (payment, answer) in found {
        taking.tell(&payment, answer).await?;
    }
    // It would be used up without having changed anything.
    if let (false, Some(other)) = (taking.ours, taking.others.first()) {
        bail!("its payments are those of {other}, and not of {mid}: give it with --mid {other}");
    }
    taking.receipts(file).await?;
    file.changes.iter().for_each(|change| taking.change(change));
    file.unread.iter().for_each(|unread| taking.unread(unread));
    Ok(taking.taken)
}

/// SHA-256 over what a message came to, in hex: over its states, receipts and exceptions, a JSON list a line, with the fields of their rows.
pub fn outcome_sha256(states: &[StoredState], receipts: &[StoredReceipt], exceptions: &[StoredException]) -> String {
    let state = |row: &StoredState| json!(["state", row.line, row.id, row.state, row.reason, row.booked, row.reference]);
    let receipt =
        |row: &StoredReceipt| json!(["receipt", row.line, row.platform, row.cycle, row.currency, row.amount, row.booked, row.reference]);
    let exception = |row: &StoredException| json!(["exception", row.line, row.reference, row.what]);
    lines_sha256(states.iter().map(state).chain(receipts.iter().map(receipt)).chain(exceptions.iter().map(exception)))
}

struct Taking<'a> {
    books: &'a Books,
    mid: &'a str,
    sequence: u64,
    /// Where the payments that were asked for are by now.
    known: BTreeMap<String, State>,
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
            0 => self.exception(answer, "no payment of ours has this id"),
            1 if found[0].mid == self.mid => {
                self.ours = true;
                return Ok(found.pop());
            }
            1 => {
                self.others.insert(found[0].mid.to_string());
                self.exception(answer, "the payment is another MID's");
            }
            _ => self.exception(answer, "several payments begin so, and it may be any of them"),
        }
        Ok(None)
    }

    /// All payments of the file that an answer is about.
    async fn all_of(&mut self, answer: &Answer) -> anyhow::Result<Vec<StoredPayment>> {
        let Reference::Message(id) = &answer.reference else { return Ok(Vec::new()) };
        let mut found = self.books.ledger.payments(Asked::Message(id.as_str())).await?;
        self.others.extend(found.iter().filter(|payment| payment.mid != self.mid).map(|payment| payment.mid.to_string()));
        found.retain(|payment| payment.mid == self.mid);
        self.ours |= !found.is_empty();
        if found.is_empty() {
            self.exception(answer, "no file of this MID has this id");
        }
        Ok(found)
    }

    /// What is said of all payments of a file is so of those that it can be true of, if they are what it says that they sum to.
    async fn tell_all(&mut self, payments: &[StoredPayment], answer: &Answer) -> anyhow::Result<()> {
        let told = state_of(answer.outcome);
        let mut live = Vec::new();
        for payment in payments {
            if matches!(self.state_of(payment).await?.after(told), Ok(Some(_))) {
                live.push(payment);
            }
        }
        let Some(said) = answer.amount else {
            for payment in payments {
                self.tell(payment, answer).await?;
            }
            return Ok(());
        };
        let sum = |payments: &mut dyn Iterator<Item = &StoredPayment>| -> anyhow::Result<Amount> {
            let amounts = payments.map(|payment| Ok(Amount::of(from_stored_text(&payment.amount)?, payment.paid_in.parse()?)?));
            Ok(Amount::sum(said.currency(), amounts.collect::<anyhow::Result<Vec<_>>>()?)?)
        };
        let (of_live, of_all) = (sum(&mut live.iter().copied()), sum(&mut payments.iter()));
        let fits = of_live.is_ok_and(|sum| sum == said) || live.is_empty() && of_all.is_ok_and(|sum| sum == said);
        if !payments.is_empty() && !fits {
            self.exception(answer, "the payments of the file of which it can be true do not sum to that");
            return Ok(());
        }
        for payment in live {
            self.tell(payment, answer).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, payment: &StoredPayment, answer: &Answer) -> anyhow::Result<()> {
        let amount: Money = from_stored_text(&payment.amount)?;
        // What is said of all of a file may say the sum.
        let own = if is_of_all(answer) { None } else { answer.amount };
        let right = Amount::of(amount, payment.paid_in.parse()?)?;
        if let Some(said) = own.filter(|said| *said != right) {
            self.exception(answer, &format!("it says {said}, and the payment is of {right}"));
            return Ok(());
        }
        let was = self.state_of(payment).await?;
        let told = state_of(answer.outcome);
        match was.after(told) {
            Ok(None) => {}
            Err(contradiction) => self.exception(answer, &contradiction.to_string()),
            Ok(Some(to)) => {
                self.known.insert(payment.id.to_string(), to);
                self.push_state(payment, to, answer);
                if let Some(motion) = was.motion(to) {
                    let (party, currency) = (payment.party.to_string(), payment.paid_in.parse()?);
                    self.taken.told.push(Told::Payment { party, motion, amount, currency });
                }
            }
        }
        Ok(())
    }

    async fn state_of(&mut self, payment: &StoredPayment) -> anyhow::Result<State> {
        if let Some(state) = self.known.get(payment.id.as_str()) {
            return Ok(*state);
        }
        let begins = State::first(payment.message_id.as_deref());
        let states = self.books.ledger.payment_states(Asked::Id(&payment.id)).await?;
        let state = states.last().map_or(Ok(begins), |last| last.state.parse())?;
        self.known.insert(payment.id.to_string(), state);
        Ok(state)
    }

    fn push_state(&mut self, payment: &StoredPayment, to: State, answer: &Answer) {
        let line = next(self.taken.rows.states.len());
        // The row stays for good, and its words may name people.
        let reason = answer.reason.as_ref().map(|reason| reason.kept().to_string());
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

    /// Receipts are booked from statements alone: notifications tell the same before.
    async fn receipts(&mut self, file: &AnswerFile) -> anyhow::Result<()> {
        if file.kind != AnswerKind::Statement || file.receipts.is_empty() {
            return Ok(());
        }
        let messages = self.books.catalog.messages.iter().filter(|taken| taken.message.mid == self.mid);
        let ours: BTreeSet<u64> = messages.map(|taken| taken.sequence).collect();
        let mut before: BTreeMap<Identity, usize> = BTreeMap::new();
        for receipt in self.books.ledger.bank_receipts().await?.iter().filter(|receipt| ours.contains(&receipt.sequence)) {
            *before.entry(identity(receipt)).or_default() += 1;
        }
        let issued = Issued::of(self.books, self.mid).await?;
        for receipt in &file.receipts {
            self.receipt(receipt, &mut before, &issued)?;
        }
        Ok(())
    }

    /// What names no invoice of ours is nobody's yet. Who paid stands in the message alone, which can be erased.
    fn receipt(&mut self, receipt: &Receipt, before: &mut BTreeMap<Identity, usize>, issued: &Issued) -> anyhow::Result<()> {
        let (amount, currency) = (receipt.amount.money()?, receipt.amount.currency());
        let reference = receipt.bank_reference.clone();
        if amount > RECEIPT_MAX {
            self.push_exception(reference, format!("{} is more than anybody pays", receipt.amount));
            return Ok(());
        }
        let named = issued.named_in(receipt.remittance.as_deref().unwrap_or_default());
        let (invoice, doubt) = match named {
            Named::One(invoice) if invoice.currency == currency => (Some(invoice), None),
            Named::One(invoice) => (None, Some(format!("it names an invoice in {}", invoice.currency))),
            Named::Nothing => (None, Some("it names no invoice of ours".to_owned())),
            Named::Several => (None, Some("it names invoices of several platforms".to_owned())),
        };
        let row = StoredReceipt {
            sequence: self.sequence,
            line: next(self.taken.rows.receipts.len()),
            platform: invoice.as_ref().map(|invoice| invoice.platform.clone()),
            cycle: invoice.as_ref().map(|invoice| invoice.cycle.to_string()),
            currency: currency.to_string(),
            amount: amount.to_string(),
            booked: receipt.booked.map(|day| day.to_string()),
            reference,
        };
        // What neither the bank nor the payer names may be another one, and is in suspense for a person to look at.
        let is_named = row.reference.is_some() || row.platform.is_some();
        if let Some(left) = before.get_mut(&identity(&row)).filter(|left| is_named && **left > 0) {
            *left -= 1;
            let surely = if row.reference.is_some() { "has" } else { "may have" };
            self.push_exception(
                row.reference,
                format!("{} {surely} come in with another statement already, and is not booked", receipt.amount),
            );
            return Ok(());
        }
        if let Some(doubt) = doubt {
            self.push_exception(row.reference.clone(), format!("{} is in suspense: {doubt}", receipt.amount));
        }
        self.taken.told.push(Told::Receipt { platform: row.platform.clone(), amount, currency });
        self.taken.rows.receipts.push(row);
        Ok(())
    }

    fn change(&mut self, change: &Change) {
        let text = change.text.unwrap_or("the account");
        // Of a name even the end says something.
        let right = if change.code == "C04" { "another".to_owned() } else { change.corrected.to_string() };
        let what = format!("the bank wants changed before it is paid again: {text} ({}), to {right}", change.code);
        self.push_exception(Some(change.reference.to_string()), what);
    }

    fn unread(&mut self, unread: &Unread) {
        self.push_exception(Some(unread.reference.to_string()), format!("line {}: {}", unread.line, unread.what));
    }

    fn exception(&mut self, answer: &Answer, why: &str) {
        let reason = answer.reason.as_ref().map(|reason| format!(" ({})", reason.kept())).unwrap_or_default();
        let amount = answer.amount.map(|amount| format!(" of {amount}")).unwrap_or_default();
        let what = format!("a payment{amount} {}{reason}: {why}", answer.outcome.as_str());
        self.push_exception(Some(answer.reference.to_string()), what);
    }

    fn push_exception(&mut self, reference: Option<String>, what: String) {
        let line = next(self.taken.rows.exceptions.len());
        let reference = reference.map(|reference| kept_reference(&reference));
        self.taken.rows.exceptions.push(StoredException { sequence: self.sequence, line, reference, what });
    }
}

/// What a receipt is known by when another statement tells it again: the day, the sum and the bank's own reference, or else what it pays. As
/// many as came before are not booked again, however many there are alike.
type Identity = [Option<String>; 6];

fn identity(row: &StoredReceipt) -> Identity {
    let without = |text: &Option<String>| text.clone().filter(|_| row.reference.is_none());
    [
        Some(row.currency.clone()),
        Some(row.amount.clone()),
        row.booked.clone(),
        row.reference.clone(),
        without(&row.platform),
        without(&row.cycle),
    ]
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
