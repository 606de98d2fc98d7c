//! [`Invoice`]: what one platform owes one MID for one cycle in one currency, and what it is made of: the paper that the platform gets.
//!
//! It is a pure function of the cycle's draft, of what lies below it and of what was invoiced before. It has what the platform's own
//! agreements and events say, and nothing else: no party, no other platform, no other MID's agreement, and nothing of the MID's own business.
//! That is its fee and, for the same reason, the true-up: a platform owes labour, whatever the MID keeps of it, and who knows labour, gross
//! and true-up knows the fee.
//!
//! It asks for whole minor units. What is below stays owed to the unit and goes into the next one, as does a credit where more was undone
//! than used or more was paid before; so what was asked for to date, what was paid for claims and what is carried are what was booked, always.
//!
//! Modules in reading order: [`number`], [`gather`], [`paper`].

pub mod gather;
pub mod number;
pub mod paper;

pub use gather::Invoices;
pub use number::{InvoiceNumber, Invoiced};

use crate::error::SettleError;
use crate::unsettled::{Key, Sums};
use farthing_schemas::{Currency, Cycle, Day, Money, Use};

/// One platform's invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Who owes.
    pub platform: Named,
    /// To whom.
    pub mid: Named,
    /// The currency of every amount here.
    pub currency: Currency,
    /// The period: a month in UTC.
    pub cycle: Cycle,
    /// Whether the cycle was still open.
    pub open: bool,
    /// What makes it an invoice; without, it is a preview.
    pub issued: Option<Issued>,
    /// What was used, by agreement and use.
    pub uses: Vec<UseLine>,
    /// What was undone of closed cycles, by cycle, agreement and use; negative.
    pub undone: Vec<UndoneLine>,
    /// What was left out, to be invoiced with a later cycle; in none of the figures.
    pub left_out: Vec<UseLine>,
    /// What the platform owes on besides, and is not asked for here.
    pub unsettled: Vec<(Key, Sums)>,
    /// What it comes to.
    pub figures: Figures,
    /// What was paid for claims of this cycle, and so is not asked for again.
    pub paid: Vec<Paid>,
    /// The registry version that all terms come from.
    pub registry_version: u64,
    /// SHA-256 of the draft that it is a part of, in hex.
    pub draft_sha256: String,
}

/// An id, and the name for people if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The id.
    pub id: String,
    /// The name.
    pub name: Option<String>,
}

/// What a platform has paid for a claim of unlicensed use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The number of the claim.
    pub claim: u64,
    /// What its payment is found by.
    pub reference: String,
    /// What of it is for this cycle.
    pub amount: Money,
}

/// What an approval makes of a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Its number, by which payments are known.
    pub number: InvoiceNumber,
    /// The entry of the journal that books it.
    pub entry: u64,
    /// The day of the approval.
    pub day: Day,
    /// When it is to be paid by.
    pub due: Day,
}

/// What one use under one agreement earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseLine {
    /// The agreement.
    pub agreement: String,
    /// What was done.
    pub use_: Use,
    /// The events that count: those that were undone in the same cycle do not.
    pub events: i64,
    /// How many of these belong to an earlier cycle and are settled late.
    pub late: i64,
    /// The part of the revenue that was attributed to parties of the MID.
    pub gross: Money,
    /// What the agreement promises of it.
    pub labour: Money,
}

/// What was undone of one closed cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoneLine {
    /// The cycle undone.
    pub cycle: Cycle,
    /// The agreement.
    pub agreement: String,
    /// What had been done.
    pub use_: Use,
    /// Negative: the events that no longer count.
    pub events: i64,
    /// Negative: the gross undone.
    pub gross: Money,
    /// Negative: the labour undone.
    pub labour: Money,
}

/// What an invoice comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The labour of what was used.
    pub used: Money,
    /// Not above 0: the labour of what was undone.
    pub undone: Money,
    /// What earlier invoices left: below the minor unit, or a credit below 0.
    pub carried_in: Money,
    /// What was paid already, for claims of this cycle.
    pub paid: Money,
    /// What is to be paid: whole minor units.
    pub to_pay: Money,
    /// What is left for the next one.
    pub carried_out: Money,
}

/// What is asked for of what is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What is to be paid: whole minor units, never below 0.
    pub to_pay: Money,
    /// What is left for the next invoice.
    pub carried_out: Money,
}

/// What the next invoice asks for, where so much was carried and so much labour is booked, less what was paid for claims.
///
/// ```
/// use farthing_settle::invoice::ask;
/// use farthing_schemas::Money;
/// let asked = ask("0.007".parse()?, "12.344".parse()?, "USD".parse()?)?;
/// assert_eq!((asked.to_pay.to_string().as_str(), asked.carried_out), ("12.350000000000", "0.001".parse()?));
/// let credit = ask("0.001".parse()?, Money::from_units(-5_000_000_000), "USD".parse()?)?;
/// assert_eq!((credit.to_pay, credit.carried_out.to_string().as_str()), (Money::ZERO, "-0.004000000000"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A sum that does not fit.
pub fn ask(carried_in: Money, labour: Money, currency: Currency) -> Result<Asked, SettleError> {
    let owed = carried_in.plus(labour)?;
    let to_pay = owed.max(Money::ZERO).cut_down_to(currency.minor_unit());
    Ok(Asked { to_pay, carried_out: owed.minus(to_pay)? })
}

/// What is booked for a cycle: labour less what was paid for claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookedOfCycle {
    /// How much, be it below 0.
    pub booked: Money,
    /// Whether an approval is in force, so that it is asked for; else it waits.
    pub approved: bool,
}

impl BookedOfCycle {
    /// What is asked for, where so much was carried.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn ask(self, carried_in: Money, currency: Currency) -> Result<Asked, SettleError> {
        if self.approved {
            return ask(carried_in, self.booked, currency);
        }
        Ok(Asked { to_pay: Money::ZERO, carried_out: carried_in.plus(self.booked)? })
    }
}

/// What several cycles, in their order, leave for the next invoice.
///
/// # Errors
/// A sum that does not fit.
pub fn carried(cycles: impl IntoIterator<Item = BookedOfCycle>, currency: Currency) -> Result<Money, SettleError> {
    cycles.into_iter().try_fold(Money::ZERO, |carried, cycle| Ok(cycle.ask(carried, currency)?.carried_out))
}

impl Figures {
    /// The labour of this cycle: what the approval books.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn labour(&self) -> Result<Money, SettleError> {
        Ok(self.used.plus(self.undone)?)
    }
}
