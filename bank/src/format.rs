//! [`Format`] and [`FormatKind`]: the files that banks and payment services take, and what fits into each.

use crate::account::Account;
use crate::amount::minor_digits;
use crate::characters::CharacterSet;
use crate::{nacha, paypal, wise};
use farthing_schemas::Currency;
use std::str::FromStr;

/// A form of file, with what it needs beyond an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// ISO 20022, customer credit transfer initiation.
    Pain001 {
        /// Which version.
        version: PainVersion,
        /// Which kind of transfer.
        scheme: Scheme,
    },
    /// The automated clearing house of the United States.
    Nacha(Originator),
    /// What PayPal takes on its page for payouts.
    Paypal {
        /// What stands before cents.
        decimal_mark: DecimalMark,
    },
    /// What Wise takes on its page for batches.
    Wise {
        /// The balance that it is paid from.
        source: Currency,
    },
}

/// The forms of file that there are, by the names that configurations and the chain of manifests have for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FormatKind {
    /// `pain.001.001.09`
    Pain001V09,
    /// `pain.001.001.03`
    Pain001V03,
    /// A file of the American clearing house.
    Nacha,
    /// A table of PayPal.
    Paypal,
    /// A table of Wise.
    Wise,
}

/// The text is not the name of a form of file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("format {0:?} is not one of {names}", names = FormatKind::ALL.map(FormatKind::as_str).join(", "))]
pub struct NotAFormat(pub String);

impl FormatKind {
    /// All of them.
    pub const ALL: [FormatKind; 5] =
        [FormatKind::Pain001V09, FormatKind::Pain001V03, FormatKind::Nacha, FormatKind::Paypal, FormatKind::Wise];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            FormatKind::Pain001V09 => "pain.001.001.09",
            FormatKind::Pain001V03 => "pain.001.001.03",
            FormatKind::Nacha => "nacha",
            FormatKind::Paypal => "paypal",
            FormatKind::Wise => "wise",
        }
    }
}

impl FromStr for FormatKind {
    type Err = NotAFormat;

    fn from_str(text: &str) -> Result<FormatKind, NotAFormat> {
        FormatKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| NotAFormat(text.to_owned()))
    }
}

/// Versions of `pain.001.001` that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PainVersion {
    /// `pain.001.001.03`, of 2009.
    V03,
    /// `pain.001.001.09`, of 2019.
    V09,
}

/// Kinds of transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Euro, between accounts that SEPA reaches.
    Sepa,
    /// Any currency, to any bank with a BIC or a routing number.
    Plain,
}

/// PayPal reads amounts as the country of the sender's account writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalMark {
    /// `5.45`
    Point,
    /// `5,45`
    Comma,
}

/// Whoever sends a file of NACHA, as agreed with the bank that takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Originator {
    /// Ten characters by which the bank knows the payer.
    pub company_id: String,
    /// The bank's name.
    pub bank_name: String,
    /// A letter or digit that tells files of one day apart.
    pub file_modifier: char,
    /// What the payments are, in up to ten characters, such as `PAYOUT`.
    pub entry_description: String,
}

/// What fits into one file of a format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) payments_max: usize,
    pub(crate) payment_max_minor_units: i128,
    pub(crate) total_max_minor_units: i128,
    pub(crate) name_characters_max: usize,
    pub(crate) debtor_characters_max: usize,
    pub(crate) purpose_characters_max: usize,
    /// How much of a payment's id the answers have.
    pub(crate) id_characters: usize,
    pub(crate) characters: CharacterSet,
}

/// A message of more grows beyond what banks take in one upload; it is a bound of ours, and the standard has none.
const PAIN_PAYMENTS_MAX: usize = 100_000;
/// 999,999,999.99 euro (EPC132-08, AT-T002).
const SEPA_MINOR_UNITS_MAX: i128 = 99_999_999_999;
/// 18 digits (`ActiveOrHistoricCurrencyAndAmount`).
const PAIN_MINOR_UNITS_MAX: i128 = 999_999_999_999_999_999;

impl Format {
    /// Which of them it is.
    #[must_use]
    pub const fn kind(&self) -> FormatKind {
        match self {
            Format::Pain001 { version: PainVersion::V09, .. } => FormatKind::Pain001V09,
            Format::Pain001 { version: PainVersion::V03, .. } => FormatKind::Pain001V03,
            Format::Nacha(_) => FormatKind::Nacha,
            Format::Paypal { .. } => FormatKind::Paypal,
            Format::Wise { .. } => FormatKind::Wise,
        }
    }

    /// The most payments that one file takes: of more, files with numbers of their own are made.
    #[must_use]
    pub const fn payments_max(&self) -> usize {
        match self {
            Format::Pain001 { .. } => PAIN_PAYMENTS_MAX,
            Format::Nacha(_) => nacha::PAYMENTS_MAX,
            Format::Paypal { .. } => paypal::PAYMENTS_MAX,
            Format::Wise { .. } => wise::PAYMENTS_MAX,
        }
    }

    /// What fits into a file in this currency.
    pub(crate) fn limits(&self, currency: Currency) -> Limits {
        let pain = |name, payment, characters| Limits {
            payments_max: PAIN_PAYMENTS_MAX,
            payment_max_minor_units: payment,
            total_max_minor_units: PAIN_MINOR_UNITS_MAX,
            name_characters_max: name,
            debtor_characters_max: name,
            purpose_characters_max: 140,
            id_characters: crate::ids::ID_CHARACTERS_MAX,
            characters,
        };
        match self {
            Format::Pain001 { scheme: Scheme::Sepa, .. } => pain(70, SEPA_MINOR_UNITS_MAX, CharacterSet::Sepa),
            Format::Pain001 { scheme: Scheme::Plain, .. } => pain(140, PAIN_MINOR_UNITS_MAX, CharacterSet::Sepa),
            Format::Nacha(_) => nacha::LIMITS,
            Format::Paypal { .. } => paypal::limits(currency),
            Format::Wise { .. } => wise::limits(currency),
        }
    }

    /// Whether it pays in this currency.
    pub(crate) fn takes_currency(&self, currency: Currency) -> bool {
        match self {
            Format::Pain001 { scheme: Scheme::Sepa, .. } => currency.code() == "EUR",
            // Five fractional digits are written; all currencies have fewer.
            Format::Pain001 { scheme: Scheme::Plain, .. } => minor_digits(currency) <= 5,
            Format::Nacha(_) => currency.code() == "USD",
            Format::Paypal { .. } => paypal::CURRENCIES.contains(&currency.code()),
            Format::Wise { .. } => wise::CURRENCIES.contains(&currency.code()),
        }
    }

    /// Whether it can name an account of this kind.
    pub(crate) fn takes_account(&self, account: &Account, currency: Currency) -> bool {
        match (self, account) {
            (Format::Pain001 { scheme: Scheme::Sepa, .. }, Account::Iban { .. })
            | (Format::Pain001 { scheme: Scheme::Plain, .. }, Account::Iban { .. } | Account::Us { .. })
            | (Format::Nacha(_), Account::Us { .. })
            | (Format::Paypal { .. }, Account::Wallet { .. }) => true,
            // A batch has the columns of one kind of account: that of its currency.
            (Format::Wise { .. }, Account::Us { .. }) => currency.code() == "USD",
            (Format::Wise { .. }, Account::Iban { .. }) => currency.code() != "USD",
            _ => false,
        }
    }

    /// Whether its amounts have fractional digits in this currency, as ISO 4217 has them.
    pub(crate) fn takes_fractions(&self, currency: Currency) -> bool {
        !matches!(self, Format::Paypal { .. }) || !paypal::WITHOUT_FRACTIONS.contains(&currency.code())
    }

    /// Spreadsheets run what begins with some signs.
    pub(crate) const fn is_a_table(&self) -> bool {
        matches!(self, Format::Paypal { .. } | Format::Wise { .. })
    }

    /// Its name in messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Format::Pain001 { scheme: Scheme::Sepa, .. } => "a SEPA transfer (pain.001)",
            Format::Pain001 { scheme: Scheme::Plain, .. } => "a credit transfer (pain.001)",
            Format::Nacha(_) => "a NACHA file",
            Format::Paypal { .. } => "a payouts file of PayPal",
            Format::Wise { .. } => "a batch of Wise",
        }
    }
}
