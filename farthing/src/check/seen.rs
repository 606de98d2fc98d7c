//! The rows of payments that are looked at: those that are there, and those that come with what is to be done.

use super::Upcoming;
use crate::books::Books;
use farthing_ledger::{Asked, PaymentRows, StoredBankFile, StoredBankMessage, StoredException, StoredPayment, StoredReceipt, StoredState};
use std::collections::{BTreeMap, BTreeSet};

/// Ids that are asked for at once.
const IDS: usize = 500;

/// Which of the rows that are there are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// All of them.
    #[default]
    All,
    /// The payments of the cycle that moves, and their states.
    Cycle,
    /// The payments that a message is about, those that they replace, and their states.
    Obligations,
}

/// Rows of payments.
#[derive(Default)]
pub struct SeenPayments<'a> {
    pub extent: Extent,
    payments: Vec<StoredPayment>,
    states: Vec<StoredState>,
    files: Vec<StoredBankFile>,
    messages: Vec<StoredBankMessage>,
    receipts: Vec<StoredReceipt>,
    exceptions: Vec<StoredException>,
    /// What comes with what is to be done.
    upcoming: Option<&'a PaymentRows>,
}

impl<'a> SeenPayments<'a> {
    /// All of them.
    pub async fn all(books: &Books) -> anyhow::Result<SeenPayments<'a>> {
        let ledger = &books.ledger;
        Ok(SeenPayments {
            extent: Extent::All,
            payments: ledger.payments(Asked::All).await?,
            states: ledger.payment_states(Asked::All).await?,
            files: ledger.bank_files(None).await?,
            messages: ledger.bank_messages().await?,
            receipts: ledger.bank_receipts().await?,
            exceptions: ledger.bank_exceptions().await?,
            upcoming: None,
        })
    }

    /// Those that have to do with what is to be done, and those that come with it.
    pub async fn with(books: &Books, upcoming: &'a Upcoming<'a>) -> anyhow::Result<SeenPayments<'a>> {
        let (extent, payments, states) = match upcoming {
            Upcoming::Move { step, .. } => {
                let asked = Asked::Of { mid: &step.mid, currency: &step.currency, cycle: Some(&step.cycle) };
                (Extent::Cycle, books.ledger.payments(asked).await?, books.ledger.payment_states(asked).await?)
            }
            Upcoming::Message { rows, .. } | Upcoming::Decision { rows, .. } => {
                let (payments, states) = obligations(books, &rows.states).await?;
                (Extent::Obligations, payments, states)
            }
        };
        Ok(SeenPayments { extent, payments, states, upcoming: Some(upcoming.rows()), ..SeenPayments::default() })
    }

    /// Payments, in the order in which they were made.
    pub fn payments(&self) -> impl Iterator<Item = &StoredPayment> {
        self.payments.iter().chain(self.upcoming.into_iter().flat_map(|rows| &rows.payments))
    }

    /// Changes of state, in their order.
    pub fn states(&self) -> impl Iterator<Item = &StoredState> {
        self.states.iter().chain(self.upcoming.into_iter().flat_map(|rows| &rows.states))
    }

    /// Files for banks; of what is there only where all of it is looked at, as for all that follow.
    pub fn files(&self) -> impl Iterator<Item = &StoredBankFile> {
        self.files.iter().chain(self.upcoming.into_iter().flat_map(|rows| &rows.files))
    }

    pub fn messages(&self) -> impl Iterator<Item = &StoredBankMessage> {
        self.messages.iter().chain(self.upcoming.into_iter().flat_map(|rows| &rows.message))
    }

    pub fn receipts(&self) -> impl Iterator<Item = &StoredReceipt> {
        self.receipts.iter().chain(self.upcoming.into_iter().flat_map(|rows| &rows.receipts))
    }

    pub fn exceptions(&self) -> impl Iterator<Item = &StoredException> {
        self.exceptions.iter().chain(self.upcoming.into_iter().flat_map(|rows| &rows.exceptions))
    }
}

/// The payments that states are of with those that they replace, and what became of them so far.
async fn obligations(books: &Books, states: &[StoredState]) -> anyhow::Result<(Vec<StoredPayment>, Vec<StoredState>)> {
    let mut wanted: BTreeSet<String> = states.iter().map(|row| row.id.clone()).collect();
    let mut found: BTreeMap<String, StoredPayment> = BTreeMap::new();
    let mut known = Vec::new();
    while !wanted.is_empty() {
        let ids: Vec<String> = std::mem::take(&mut wanted).into_iter().collect();
        for some in ids.chunks(IDS) {
            known.extend(books.ledger.payment_states(Asked::Ids(some)).await?);
            for payment in books.ledger.payments(Asked::Ids(some)).await? {
                wanted.extend(payment.replaces.as_ref().map(ToString::to_string));
                found.insert(payment.id.to_string(), payment);
            }
        }
        wanted.retain(|id| !found.contains_key(id));
    }
    let mut payments: Vec<StoredPayment> = found.into_values().collect();
    payments.sort_unstable_by_key(|row| (row.sequence, row.line));
    known.sort_unstable_by_key(|row| (row.sequence, row.line));
    Ok((payments, known))
}

#[cfg(test)]
impl<'a> SeenPayments<'a> {
    /// Those of a test.
    pub fn of(extent: Extent, payments: Vec<StoredPayment>, states: Vec<StoredState>, upcoming: &'a PaymentRows) -> SeenPayments<'a> {
        SeenPayments { extent, payments, states, upcoming: Some(upcoming), ..SeenPayments::default() }
    }
}
