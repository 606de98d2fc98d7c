//! [`Finding`]: what a bank would refuse, said before it is asked.

use crate::Amount;
use crate::account::AccountFault;
use crate::characters::TextError;
use crate::ids::EndToEndId;
use chrono::NaiveDate;
use farthing_schemas::Currency;
use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The payment it is about; none if it is about all of them or about the payer.
    pub payment: Option<EndToEndId>,
    /// Where that payment goes, masked.
    pub account: Option<String>,
    /// The rule that is broken.
    pub rule: Rule,
}

/// What has to hold of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// There is something to pay.
    #[error("there is no payment in it")]
    Empty,
    /// A file has a bound.
    #[error("{found} payments are too many for one file: make files of {max}")]
    TooMany {
        /// How many there are.
        found: usize,
        /// How many may be.
        max: usize,
    },
    /// What is paid is what was booked.
    #[error("the file has {found} payments, the journal has {journal}")]
    Count {
        /// In the file.
        found: usize,
        /// In the journal.
        journal: usize,
    },
    /// What is paid is what was booked.
    #[error("the file sums to {found}, the journal moves {journal}")]
    Total {
        /// In the file.
        found: Amount,
        /// In the journal.
        journal: Amount,
    },
    /// Totals have a field of some width.
    #[error("the payments sum to more than {max}: make more files")]
    TotalTooLarge {
        /// The most.
        max: Amount,
    },
    /// Formats are for currencies.
    #[error("{format} does not pay in {currency}")]
    CurrencyNotTaken {
        /// The currency.
        currency: Currency,
        /// The format.
        format: &'static str,
    },
    /// A file has one currency.
    #[error("it is in {found}, the file is in {file}")]
    OtherCurrency {
        /// The payment's.
        found: Currency,
        /// The file's.
        file: Currency,
    },
    /// Banks pay in the future.
    #[error("it is to be paid on {execution}, and was made on {created}, which is later")]
    ExecutionInThePast {
        /// When it is to be paid.
        execution: NaiveDate,
        /// When it was made.
        created: NaiveDate,
    },
    /// An id names one payment.
    #[error("another payment in the file has the same id")]
    DuplicateId,
    /// Answers have no more of an id.
    #[error("its id has the first {characters} characters of {other}, and answers have no more")]
    SameBeginning {
        /// The other payment.
        other: EndToEndId,
        /// How much answers have.
        characters: usize,
    },
    /// Money goes one way.
    #[error("{amount} cannot be paid: it is not above zero")]
    NotPositive {
        /// The amount.
        amount: Amount,
    },
    /// A payment has a bound.
    #[error("{amount} is more than {max}, the most for one payment")]
    TooMuch {
        /// The amount.
        amount: Amount,
        /// The most.
        max: Amount,
    },
    /// The service pays whole units of some currencies.
    #[error("{amount} has a fraction, which is not taken in this currency")]
    NoFractions {
        /// The amount.
        amount: Amount,
    },
    /// The account can be.
    #[error("{0}")]
    Account(AccountFault),
    /// A format names one kind of account.
    #[error("{format} in {currency} cannot name an account of this kind")]
    AccountNotTaken {
        /// The format.
        format: &'static str,
        /// The currency.
        currency: Currency,
    },
    /// SEPA ends somewhere.
    #[error("SEPA does not reach banks of {country}: make it a plain credit transfer")]
    OutsideSepa {
        /// The country.
        country: String,
    },
    /// A bank outside SEPA is found by its BIC.
    #[error("a credit transfer to an IBAN needs the bank's BIC")]
    BicMissing,
    /// Nobody pays themselves.
    #[error("it goes to the account that it comes from")]
    ToTheDebtor,
    /// A name is needed.
    #[error("the name: {why}")]
    Name {
        /// What is wrong with it.
        why: TextError,
    },
    /// A name has room.
    #[error("the name has {characters} characters and the format {max}: give a short name")]
    NameTooLong {
        /// How many it has in the format's characters.
        characters: usize,
        /// How many there may be.
        max: usize,
    },
    /// The purpose can be written.
    #[error("the purpose: {why}")]
    Purpose {
        /// What is wrong with it.
        why: TextError,
    },
    /// The purpose has room.
    #[error("the purpose has {characters} characters and the format {max}")]
    PurposeTooLong {
        /// How many it has in the format's characters.
        characters: usize,
        /// How many there may be.
        max: usize,
    },
    /// An address has a town.
    #[error("the address has no town; leave out addresses without")]
    TownMissing,
    /// An address can be written.
    #[error("the address's {field}: {why}")]
    AddressText {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        why: TextError,
    },
    /// An address has room.
    #[error("the address's {field} has {characters} characters and the format {max}")]
    AddressTooLong {
        /// Which field.
        field: &'static str,
        /// How many it has in the format's characters.
        characters: usize,
        /// How many there may be.
        max: usize,
    },
    /// The country exists.
    #[error("the address's country {country:?} is not in ISO 3166-1")]
    NoSuchCountry {
        /// What stands there.
        country: String,
    },
    /// Tables are opened in spreadsheets.
    #[error("{text:?} begins with a sign that spreadsheets take for a formula")]
    Formula {
        /// The text.
        text: String,
    },
    /// The payer can be named.
    #[error("of the payer: {0}")]
    Debtor(Box<Rule>),
    /// The bank knows its customer.
    #[error("of the originator: the {field} is not {needed}")]
    Originator {
        /// Which field.
        field: &'static str,
        /// What it has to be.
        needed: &'static str,
    },
}

/// `payment ID to IBAN ***3000: what is wrong`
impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(payment) = &self.payment {
            write!(out, "payment {payment}")?;
        }
        if let Some(account) = &self.account {
            write!(out, " to {account}")?;
        }
        if self.payment.is_some() || self.account.is_some() {
            out.write_str(": ")?;
        }
        write!(out, "{}", self.rule)
    }
}
