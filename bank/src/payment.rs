//! [`Order`]: the payments that one file asks a bank for, as the ledger knows them. What of it cannot be, [`mod@crate::check`] says.

use crate::account::Account;
use crate::ids::{EndToEndId, MessageId};
use crate::{Amount, AmountError};
use chrono::NaiveDate;
use farthing_schemas::{Currency, Instant};

/// All that one file says: one payer, one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The file's id.
    pub message_id: MessageId,
    /// When it was made.
    pub created: Instant,
    /// When the bank is to pay.
    pub execution: NaiveDate,
    /// Who pays, and from where.
    pub debtor: Debtor,
    /// What is paid; the file keeps their order.
    pub payments: Vec<Payment>,
}

/// The MID, as its bank knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debtor {
    /// What it is called.
    pub name: Name,
    /// Where it sits.
    pub address: Option<Address>,
    /// Its own account.
    pub account: Account,
}

/// One payment to one party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Known by this until it is settled or has failed.
    pub id: EndToEndId,
    /// Above zero.
    pub amount: Amount,
    /// Who is paid.
    pub creditor: Creditor,
    /// Where to.
    pub account: Account,
    /// What the creditor reads beside it.
    pub purpose: String,
}

/// A party, as its bank knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creditor {
    /// A person or not.
    pub kind: CreditorKind,
    /// What the party is called.
    pub name: Name,
    /// Where the party lives.
    pub address: Option<Address>,
}

/// Some formats have to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditorKind {
    /// A person.
    Person,
    /// An organisation or a community.
    Organisation,
}

/// A name, and a shorter form where a format has less room than it needs: see [`crate::characters::shortened`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// All of it.
    pub full: String,
    /// Used where the full one is too long; nothing is cut without it.
    pub short: Option<String>,
}

/// A postal address; banks need town and country of any that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Street and number.
    pub street: Option<String>,
    /// The post code.
    pub post_code: Option<String>,
    /// The town.
    pub town: String,
    /// State, province or canton; needed in the United States by some.
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// How many payments, and how much: what the journal moves, and what a file has to sum to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// How many.
    pub payments: usize,
    /// How much.
    pub amount: Amount,
}

impl Totals {
    /// The totals of some payments in one currency.
    ///
    /// # Errors
    /// [`AmountError::Currencies`] for one in another, [`AmountError::Overflow`] beyond 128 bits.
    pub fn of<'a>(currency: Currency, payments: impl IntoIterator<Item = &'a Payment>) -> Result<Totals, AmountError> {
        let none = Totals { payments: 0, amount: Amount::from_minor_units(0, currency) };
        payments
            .into_iter()
            .try_fold(none, |totals, payment| Ok(Totals { payments: totals.payments + 1, amount: totals.amount.plus(payment.amount)? }))
    }
}

impl From<&str> for Name {
    fn from(full: &str) -> Name {
        Name { full: full.to_owned(), short: None }
    }
}
