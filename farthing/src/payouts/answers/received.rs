//! Money on the account that is no payment of ours: what came in, put to the invoices that it names, and what went out.

use super::{Taking, next};
use crate::books::Books;
use crate::payouts::invoiced::{Issued, Named};
use crate::payouts::lines::{self, Unbooked};
use chrono::NaiveDate;
use farthing_bank::answer::AnswerKind;
use farthing_bank::kept::kept_reference;
use farthing_bank::{Answer, AnswerFile, Outcome, Receipt};
use farthing_ledger::{StoredPayment, StoredReceipt};
use farthing_schemas::{Currency, Money};
use farthing_settle::journal::{Part, Told};
use farthing_settle::payout::State;
use std::collections::{BTreeMap, BTreeSet};

/// A thousand million million: sums of what comes in fit for ever.
const RECEIPT_MAX: Money = Money::from_units(1_000_000_000_000_000_000_000_000_000);

const ELSEWHERE: &str = "is booked, and was told of another MID by this very message: put the line there to --repetition";

/// What was told of the account before.
#[derive(Default)]
pub struct Before {
    lines: BTreeMap<Identity, usize>,
    /// What this very message told as another MID's.
    of_others: BTreeMap<Identity, usize>,
    /// Debits that messages of other kinds told: banks may call the same one otherwise there.
    of_other_kinds: BTreeMap<[Option<String>; 3], usize>,
    /// By payment or file, how many debits of it beyond the first are open, less what came back of them and is open, too.
    open: BTreeMap<String, i64>,
    /// By payment or file, the lines about it.
    about: BTreeMap<String, Vec<About>>,
    /// By payment or file, the lines by which something of it came back.
    back: BTreeMap<String, BTreeSet<[Option<String>; 3]>>,
    /// Remittances whose payment no line is yet, by number.
    unmet: Vec<u64>,
}

/// A line about a payment or a file.
struct About {
    amount: String,
    currency: String,
    reference: Option<String>,
    /// Whether messages of this kind tell it.
    is_alike: bool,
}

impl Before {
    /// Of a MID's account, and what this very message told of it as another MID's; nothing is asked where a message tells nothing of it.
    pub async fn of(books: &Books, mid: &str, file: &AnswerFile) -> anyhow::Result<Before> {
        let mut before = Before::default();
        if !tells_of_an_account(file.kind) {
            return Ok(before);
        }
        let known = lines::all(books).await?;
        for line in known.iter().filter(|line| line.is_told()) {
            let is_own = line.money.mid == mid;
            let is_of_other_kind =
                books.catalog.message_of(line.number.message).is_some_and(|taken| taken.message.form != file.kind.as_str());
            if is_own || line.money.message_sha256 == file.sha256 {
                let lines = if is_own { &mut before.lines } else { &mut before.of_others };
                *lines.entry(identity(&line.row)).or_default() += 1;
            }
            if let Some(about) = line.about.as_deref().filter(|_| is_own) {
                before.told(about, &line.row, line.is_left(), !is_of_other_kind);
            }
            if is_own && is_of_other_kind {
                *before.of_other_kinds.entry(whatever_named(&line.row)).or_default() += 1;
            }
        }
        let is_met = |number: &u64| known.iter().any(|line| line.remittance() == Some(*number));
        let made = books.catalog.remittances.iter().filter(|(_, made)| made.remittance.mid == mid);
        before.unmet = made.map(|(number, _)| number).filter(|number| !is_met(number)).collect();
        Ok(before)
    }

    /// Why a line is one of those that were told before, if it is one: of each of them another is told again once.
    fn takes(&mut self, row: &StoredReceipt) -> Option<String> {
        let (is_debit, is_of_platform) = (row.amount.starts_with('-'), row.platform.is_some());
        let take = |left: Option<&mut usize>| left.filter(|left| **left > 0).map(|left| *left -= 1).is_some();
        // What came in and neither the bank nor the payer names may be another one, and is in suspense for a person to look at.
        if (row.reference.is_some() || is_of_platform || is_debit) && take(self.lines.get_mut(&identity(row))) {
            let surely = if row.reference.is_some() { "has" } else { "may have" };
            let moved = if is_debit { "gone out" } else { "come in" };
            return Some(format!("{surely} {moved} with another message already"));
        }
        if is_debit && take(self.of_other_kinds.get_mut(&whatever_named(row))) {
            return Some("may have gone out with a message of another kind already".to_owned());
        }
        let is_of_another = !is_of_platform && take(self.of_others.get_mut(&identity(row)));
        is_of_another.then(|| "was told of another MID by this very message".to_owned())
    }

    /// Whether what names an invoice of this MID was told of another MID by this very message, where nobody knew whose it is.
    fn is_of_another(&self, row: &StoredReceipt) -> bool {
        let told = StoredReceipt { platform: None, cycle: None, ..row.clone() };
        row.platform.is_some() && self.of_others.contains_key(&identity(&told))
    }

    /// Whether a payment or a file has gone out more than once, as far as is known, and nobody has said what became of that.
    pub fn is_paid_twice(&self, about: &str) -> bool {
        self.open.get(&kept_reference(about)).is_some_and(|open| *open > 0)
    }

    /// What an entry that tells that of a payment is beside lines that have told it already, of its sum; none if there are none.
    pub fn part_of(&self, payment: &StoredPayment, told: State, answer: &Answer) -> Option<Part> {
        let sign = if told == State::Settled { "-" } else { "" };
        let amount = format!("{sign}{}", payment.amount);
        let same = |about: &&About| (about.amount.as_str(), about.currency.as_str()) == (amount.as_str(), payment.paid_in.as_str());
        let lines: Vec<&About> = self.about.get(payment.id.as_str())?.iter().filter(same).collect();
        // Other kinds may call the same entry otherwise.
        let names = || lines.iter().filter(|about| about.is_alike).filter_map(|about| about.reference.as_deref());
        match lines.first() {
            None => None,
            Some(_) if names().any(|name| answer.is_called(name)) => Some(Part::ToldByIt),
            Some(_) if names().next().is_some() => Some(Part::ToldByAnother),
            Some(_) => Some(Part::Line),
        }
    }

    /// What messages of this kind call the lines about a payment that tell that of it.
    pub fn names_of(&self, payment: &str, told: State) -> impl Iterator<Item = &str> {
        let tells = move |about: &&About| about.is_alike && about.amount.starts_with('-') == (told == State::Settled);
        self.about.get(payment).into_iter().flatten().filter(tells).filter_map(|about| about.reference.as_deref())
    }

    /// Whether what came back of a payment or a file is a line already. Messages of another kind may call it otherwise.
    fn is_back_already(&self, about: &str, row: &StoredReceipt, kind: AnswerKind) -> bool {
        let is_line = kind == AnswerKind::Notification || self.lines.get(&identity(row)).is_some_and(|left| *left > 0);
        is_line && self.back.get(&kept_reference(about)).is_some_and(|back| back.contains(&whatever_named(row)))
    }

    /// A line about a payment or a file, which may be open, and of a message of this kind.
    fn told(&mut self, about: &str, row: &StoredReceipt, is_open: bool, is_alike: bool) {
        let (about, is_debit) = (kept_reference(about), row.amount.starts_with('-'));
        let (amount, currency, reference) = (row.amount.clone(), row.currency.clone(), row.reference.clone());
        self.about.entry(about.clone()).or_default().push(About { amount, currency, reference, is_alike });
        if !is_debit {
            self.back.entry(about.clone()).or_default().insert(whatever_named(row));
        }
        if is_open {
            *self.open.entry(about).or_default() += if is_debit { 1 } else { -1 };
        }
    }
}

/// A line by its currency, sum and day alone.
fn whatever_named(row: &StoredReceipt) -> [Option<String>; 3] {
    [Some(row.currency.clone()), Some(row.amount.clone()), row.booked.clone()]
}

pub fn tells_of_an_account(kind: AnswerKind) -> bool {
    matches!(kind, AnswerKind::Statement | AnswerKind::Notification)
}

impl Taking<'_> {
    /// Receipts are booked from statements alone: notifications tell the same before.
    pub(super) async fn receipts(&mut self, file: &AnswerFile) -> anyhow::Result<()> {
        if file.kind != AnswerKind::Statement || file.receipts.is_empty() {
            return Ok(());
        }
        let issued = Issued::of(self.books, self.mid).await?;
        for receipt in &file.receipts {
            self.receipt(receipt, &issued)?;
        }
        Ok(())
    }

    /// What names no invoice of ours is nobody's yet. Who paid stands in the message alone, which can be erased.
    fn receipt(&mut self, receipt: &Receipt, issued: &Issued) -> anyhow::Result<()> {
        let (amount, currency) = (receipt.amount.money()?, receipt.amount.currency());
        let reference = receipt.bank_reference.clone();
        if amount > RECEIPT_MAX || amount < RECEIPT_MAX.negated()? {
            self.push_exception(reference, format!("{} is more than anybody pays", receipt.amount), None);
            return Ok(());
        }
        let named = issued.named_in(receipt.remittance.as_deref().unwrap_or_default());
        let (invoice, doubt) = match named {
            Named::One(invoice) if invoice.currency == currency => (Some(invoice), None),
            Named::One(invoice) => (None, Some(format!("it names an invoice in {}", invoice.currency))),
            Named::Nothing => (None, Some("it names no invoice of ours".to_owned())),
            Named::Several => (None, Some("it names invoices of several platforms".to_owned())),
        };
        let mut row = StoredReceipt {
            platform: invoice.as_ref().map(|invoice| invoice.platform.clone()),
            cycle: invoice.as_ref().map(|invoice| invoice.cycle.to_string()),
            ..self.row((amount, currency), receipt.booked, reference)
        };
        let left = if let Some(again) = self.before.takes(&row) {
            row.unbooked = Some(Unbooked::Again.to_string());
            Some(format!("{again}, and is not booked"))
        } else if amount < Money::ZERO && doubt.is_some() {
            row.unbooked = Some(Unbooked::Open.to_string());
            doubt.map(|doubt| format!("had come in and has gone back: {doubt}"))
        } else {
            self.taken.told.push(Told::Receipt { platform: row.platform.clone(), amount, currency });
            let elsewhere = self.before.is_of_another(&row).then(|| ELSEWHERE.to_owned());
            doubt.map(|doubt| format!("is in suspense: {doubt}")).or(elsewhere)
        };
        if let Some(why) = left {
            let id = receipt.end_to_end_id.clone().filter(|_| amount < Money::ZERO);
            self.push_exception(id.or_else(|| row.reference.clone()), format!("{} {why}", receipt.amount), Some(row.line));
        }
        self.taken.rows.receipts.push(row);
        Ok(())
    }

    /// What an answer says of a payment of which another entry has told the same, or that has gone out twice: a line of its own, about it.
    pub(super) fn another(&mut self, answer: &Answer, payment: String, was: State) -> anyhow::Result<()> {
        let why = match (was, answer.outcome) {
            (State::Returned, Outcome::Settled) => {
                "it had come back, so its party is owed it again: hold that back (farthing hold add) until the bank has said what is so"
            }
            _ => "another entry has told of it before",
        };
        self.line(answer, payment, why)
    }

    /// Whether what is said to have come back of a payment or a file is that of a second debit of it, as far as is known, or was told as such.
    pub(super) fn is_of_second_debit(&self, answer: &Answer, about: &[&str]) -> anyhow::Result<bool> {
        let Some(amount) = answer.amount.filter(|_| tells_of_an_account(self.kind)) else { return Ok(false) };
        let moved = (amount.money()?, amount.currency());
        Ok(about.iter().any(|about| self.before.is_paid_twice(about) || self.is_back_already(about, moved, answer)))
    }

    fn is_back_already(&self, about: &str, moved: (Money, Currency), answer: &Answer) -> bool {
        let row = self.row(moved, answer.booked, answer.bank_reference.clone());
        tells_of_an_account(self.kind) && self.before.is_back_already(about, &row, self.kind)
    }

    /// What an answer says that is about no payment of ours that is known.
    pub(super) fn unknown(&mut self, answer: &Answer, why: &str) -> anyhow::Result<()> {
        self.line(answer, answer.reference.to_string(), why)
    }

    /// An answer as a line, if it tells that money has moved. What came back is in suspense, from statements alone: notifications tell the same
    /// before. A debit waits for a person, unless it is the payment of a remittance.
    pub(super) fn line(&mut self, answer: &Answer, reference: String, why: &str) -> anyhow::Result<()> {
        let moved = answer.amount.map(|amount| Ok::<_, anyhow::Error>((amount.money()?, amount.currency()))).transpose()?;
        let moved = moved.filter(|(amount, _)| *amount > Money::ZERO && *amount <= RECEIPT_MAX);
        let (amount, currency) = match (moved, answer.outcome) {
            (Some((amount, currency)), Outcome::Settled) if tells_of_an_account(self.kind) => (amount.negated()?, currency),
            (Some(moved), Outcome::Returned) if self.kind == AnswerKind::Statement => moved,
            (Some(moved), Outcome::Returned) if self.is_back_already(&reference, moved, answer) => return Ok(()),
            _ => {
                self.exception_about(answer, reference, why, None);
                return Ok(());
            }
        };
        let mut row = self.row((amount, currency), answer.booked, answer.bank_reference.clone());
        if let Some(again) = self.before.takes(&row) {
            row.unbooked = Some(Unbooked::Again.to_string());
            self.exception_about(answer, reference, &format!("it {again}"), Some(row.line));
        } else if amount < Money::ZERO
            && let Some(remittance) = self.remittance_of(answer, amount.negated()?)
        {
            row.unbooked = Some(Unbooked::Remitted(remittance).to_string());
        } else {
            if amount < Money::ZERO {
                row.unbooked = Some(Unbooked::Open.to_string());
            } else {
                self.taken.told.push(Told::Receipt { platform: None, amount, currency });
            }
            self.before.told(&reference, &row, true, true);
            self.exception_about(answer, reference, why, Some(row.line));
        }
        self.taken.rows.receipts.push(row);
        Ok(())
    }

    /// The next line, as if its message booked it and it were nobody's yet.
    fn row(&self, (amount, currency): (Money, Currency), booked: Option<NaiveDate>, reference: Option<String>) -> StoredReceipt {
        StoredReceipt {
            sequence: self.sequence,
            line: next(self.taken.rows.receipts.len()),
            platform: None,
            cycle: None,
            currency: currency.to_string(),
            amount: amount.to_string(),
            booked: booked.map(|day| day.to_string()),
            reference,
            unbooked: None,
        }
    }

    /// The remittance that a debit is the payment of: of that sum, and it names its reference.
    fn remittance_of(&mut self, answer: &Answer, amount: Money) -> Option<u64> {
        let words = plain(answer.words.as_deref()?);
        let currency = answer.amount?.currency();
        let is_paid = |number: &u64| {
            let made = self.books.catalog.remittances.get(*number);
            made.is_some_and(|made| {
                (made.amount, made.currency) == (amount, currency) && words.contains(&plain(&made.remittance.reference))
            })
        };
        let at = self.before.unmet.iter().position(is_paid)?;
        Some(self.before.unmet.remove(at))
    }
}

/// Words as they are compared: however they are spaced, and in whatever letters.
fn plain(words: &str) -> String {
    words.chars().filter(|character| !character.is_whitespace()).flat_map(char::to_uppercase).collect()
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
