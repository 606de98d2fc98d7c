//! Payouts: what of a draft is sent to banks, as the ledger holds it, and what has become of it.

pub mod answers;
pub mod files;
pub mod folded;
pub mod funded;
pub mod invoiced;
pub mod lines;
pub mod met;
mod modifiers;
pub mod payee;
pub mod put;
pub mod sealed;

use crate::books::Books;
use crate::commands::settle::Settlement;
use anyhow::{Context, ensure};
use compact_str::{CompactString, ToCompactString};
use farthing_bank::ids::{Attempt, EndToEndId, Obligation};
use farthing_ledger::{Asked, PaymentRows, StoredPayment, StoredState};
use farthing_schemas::manifest::{Released, Sum};
use farthing_schemas::{Currency, Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::payout::{Due, Payment, Payments, State, payments_sha256, sums};
use files::ForBank;
use folded::{by_draft, fold};
use std::collections::{BTreeMap, BTreeSet};

/// What a move sends to banks.
pub struct Sending {
    /// The payments, those that were left out among them.
    pub payments: Vec<Payment>,
    /// By party: why it is left out.
    pub left_out: BTreeMap<String, String>,
    /// The files.
    pub files: Vec<ForBank>,
}

impl Sending {
    /// What the move says of it.
    pub fn released(&self) -> anyhow::Result<Released> {
        let sent = || self.payments.iter().filter(|payment| payment.message_id.is_some());
        Ok(Released {
            payments: u64::try_from(sent().count())?,
            sums: sums(sent())?.into_iter().map(sum_of).collect(),
            left_out: u64::try_from(self.left_out.len())?,
            payments_sha256: payments_sha256(&self.payments),
            bank_files: self.files.iter().map(|file| file.named.clone()).collect(),
        })
    }

    /// The rows that come with the move. Each payment becomes its row: of many there is no room for both.
    pub fn into_rows(self, of: &Settlement, sequence: u64) -> anyhow::Result<PaymentRows> {
        let Sending { payments, left_out, files } = self;
        let failed = |(line, payment): (u64, &Payment)| StoredState {
            sequence,
            line,
            id: payment.id.clone(),
            state: State::Rejected.to_string(),
            reason: left_out.get(&payment.party).cloned(),
            booked: None,
            reference: None,
        };
        let states = (1..).zip(payments.iter().filter(|payment| payment.message_id.is_none())).map(failed).collect();
        let cycle = of.cycle.to_string();
        let payment = |(line, payment): (u64, Payment)| StoredPayment {
            id: payment.id.into(),
            sequence,
            line,
            mid: of.mid.as_str().into(),
            currency: of.currency.code().into(),
            cycle: cycle.as_str().into(),
            party: payment.party.into(),
            attempt: u64::from(payment.attempt),
            paid_in: payment.currency.code().into(),
            amount: payment.amount.to_compact_string(),
            replaces: payment.replaces.map(CompactString::from),
            message_id: payment.message_id.map(CompactString::from),
        };
        let payments = (1..).zip(payments).map(payment).collect();
        let files = files.into_iter().map(|file| file.into_row(sequence)).collect();
        Ok(PaymentRows { payments, states, files, ..PaymentRows::default() })
    }
}

/// The payments of a draft so far, with what is known of them.
pub async fn payments_of(books: &Books, of: &Settlement, draft: &Draft) -> anyhow::Result<Payments> {
    let cycle = of.cycle.to_string();
    let asked = Asked::Of { mid: &of.mid, currency: of.currency.code(), cycle: Some(&cycle) };
    let (payments, states) = (books.ledger.payments(asked).await?, books.ledger.payment_states(asked).await?);
    let owed = Owed::of(draft);
    fold(&payments, &states, |payment| owed.to(&payment.party))
}

/// What has come back, by party and payment.
pub type Returned = BTreeMap<String, BTreeMap<String, Money>>;

/// What has failed for good of earlier cycles by that manifest, and neither was made anew nor taken in by an earlier draft.
pub async fn returned(books: &Books, of: &Settlement, through: u64, earlier: &[Draft]) -> anyhow::Result<Returned> {
    let asked = Asked::PaidIn { mid: &of.mid, currency: of.currency.code() };
    let payments = books.ledger.payments(asked).await?;
    if payments.is_empty() {
        return Ok(Returned::new());
    }
    let states = books.ledger.payment_states(asked).await?;
    let taken: BTreeSet<&str> = earlier.iter().flat_map(|draft| &draft.returned).map(|line| line.payment.as_str()).collect();
    let mut found = Returned::new();
    let known = by_draft(payments.iter().filter(|row| row.sequence <= through), states.iter().filter(|row| row.sequence <= through));
    for ((_, _, cycle), rows) in known {
        if cycle.parse::<Cycle>().context("the cycle of a payment cannot be read")? >= of.cycle {
            continue;
        }
        for payment in rows.folded()?.owed_again(|id| taken.contains(id)) {
            found.entry(payment.party.clone()).or_default().insert(payment.id.clone(), payment.amount);
        }
    }
    Ok(found)
}

/// What a draft has its parties paid.
pub struct Owed<'d> {
    currency: Currency,
    by_party: BTreeMap<&'d str, Due>,
}

impl<'d> Owed<'d> {
    pub fn of(draft: &'d Draft) -> Owed<'d> {
        let due = |(currency, amount)| Due { currency, amount };
        let by_party = draft.lines.iter().filter_map(|line| Some((line.party.as_str(), due(draft.payment_of(line)?)))).collect();
        Owed { currency: draft.currency, by_party }
    }

    /// What one of them is, be it nothing.
    pub fn to(&self, party: &str) -> Due {
        self.by_party.get(party).copied().unwrap_or(Due { currency: self.currency, amount: Money::ZERO })
    }

    /// All who are paid, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&'d str, Due)> {
        self.by_party.iter().map(|(party, due)| (*party, *due))
    }
}

/// A sum as a manifest has it.
pub fn sum_of((currency, amount): (Currency, Money)) -> Sum {
    Sum { currency: currency.to_string(), amount: amount.to_string() }
}

/// A first payment for every obligation of a draft.
pub fn first_payments(of: &Settlement, draft: &Draft) -> Vec<Payment> {
    Owed::of(draft).iter().map(|(party, due)| payment(of, party, Attempt::FIRST, due, None)).collect()
}

/// Another payment for each of these parties, whose last one has failed for good.
pub fn further_payments(
    of: &Settlement,
    payments: &Payments,
    taken: &BTreeSet<String>,
    parties: &[String],
) -> anyhow::Result<Vec<Payment>> {
    let mut found = Vec::new();
    for party in parties.iter().collect::<BTreeSet<_>>() {
        let (last, state) = payments.last_of(party).with_context(|| format!("{party} has no payment in cycle {}", of.cycle))?;
        ensure!(state.has_failed(), "payment {} of {party} is {state}: only what has failed for good is paid anew", last.id);
        ensure!(
            !taken.contains(&last.id),
            "payment {} of {party} is in its balance again since a later draft was made: that one pays it",
            last.id
        );
        let attempt = Attempt::at(last.attempt).and_then(Attempt::next);
        let attempt = attempt.with_context(|| format!("{party} had {} attempts, and there are no more", last.attempt))?;
        let due = Due { currency: last.currency, amount: last.amount };
        found.push(payment(of, party, attempt, due, Some(last.id.clone())));
    }
    Ok(found)
}

fn payment(of: &Settlement, party: &str, attempt: Attempt, due: Due, replaces: Option<String>) -> Payment {
    let Settlement { mid, currency, cycle } = of;
    let id = EndToEndId::of(&Obligation { mid, cycle: *cycle, currency: *currency, party, attempt });
    Payment {
        id: id.to_string(),
        party: party.to_owned(),
        attempt: attempt.number(),
        currency: due.currency,
        amount: due.amount,
        replaces,
        message_id: None,
    }
}
