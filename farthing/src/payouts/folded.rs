//! Payments as rows, put together with what became of them.

use anyhow::Result;
use farthing_ledger::{StoredPayment, StoredState};
use farthing_schemas::money::from_stored_text;
use farthing_settle::payout::{Due, Payment, Payments};
use std::collections::{BTreeMap, BTreeSet};

/// MID, currency and cycle.
pub type Key<'r> = (&'r str, &'r str, &'r str);

/// Of which draft a payment is.
pub fn key_of(row: &StoredPayment) -> Key<'_> {
    (&row.mid, &row.currency, &row.cycle)
}

/// The rows of one draft.
#[derive(Default)]
pub struct OfDraft<'r> {
    payments: Vec<&'r StoredPayment>,
    states: Vec<&'r StoredState>,
}

impl OfDraft<'_> {
    /// Its payments and where they are, if each obligation has one that may arrive; of how much is looked at elsewhere.
    pub fn folded(self) -> Result<Payments> {
        fold(self.payments, self.states, |payment| Due { currency: payment.currency, amount: payment.amount })
    }
}

/// Rows by their drafts; states of other payments are left out.
pub fn by_draft<'r>(
    payments: impl Iterator<Item = &'r StoredPayment>,
    states: impl Iterator<Item = &'r StoredState>,
) -> BTreeMap<Key<'r>, OfDraft<'r>> {
    let mut found: BTreeMap<Key<'r>, OfDraft<'r>> = BTreeMap::new();
    let states: Vec<&StoredState> = states.collect();
    let told: BTreeSet<&str> = states.iter().map(|row| row.id.as_str()).collect();
    let mut draft_of: BTreeMap<&str, Key<'r>> = BTreeMap::new();
    for row in payments {
        found.entry(key_of(row)).or_default().payments.push(row);
        if told.contains(row.id.as_str()) {
            draft_of.insert(&row.id, key_of(row));
        }
    }
    for row in states {
        if let Some(of) = draft_of.get(row.id.as_str()).and_then(|draft| found.get_mut(draft)) {
            of.states.push(row);
        }
    }
    found
}

/// Puts payments and their states together, in the order in which they came.
pub fn fold<'r>(
    payments: impl IntoIterator<Item = &'r StoredPayment>,
    states: impl IntoIterator<Item = &'r StoredState>,
    owed: impl Fn(&Payment) -> Due,
) -> Result<Payments> {
    let mut found = Payments::default();
    let mut states = states.into_iter().peekable();
    for row in payments {
        while let Some(state) = states.next_if(|state| state.sequence < row.sequence) {
            found.tell(&state.id, state.state.parse()?)?;
        }
        let payment = payment_of(row)?;
        let amount = owed(&payment);
        found.make(payment, amount)?;
    }
    for state in states {
        found.tell(&state.id, state.state.parse()?)?;
    }
    Ok(found)
}

/// The payment that a row is.
pub fn payment_of(row: &StoredPayment) -> Result<Payment> {
    Ok(Payment {
        id: row.id.to_string(),
        party: row.party.to_string(),
        attempt: u16::try_from(row.attempt)?,
        currency: row.paid_in.parse()?,
        amount: from_stored_text(&row.amount)?,
        replaces: row.replaces.as_ref().map(ToString::to_string),
        message_id: row.message_id.as_ref().map(ToString::to_string),
    })
}
