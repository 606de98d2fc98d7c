//! What the bank tells after it was booked, and by which lines it can be met.

use super::line::Line;
use crate::error::SettleError;
use farthing_schemas::{Currency, Money};

/// What was paid for a claim, or remitted to a tax office: booked before the bank has told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// What it is called, such as `claim 3`.
    pub name: String,
    /// In whose books.
    pub mid: String,
    /// In which currency.
    pub currency: Currency,
    /// What comes in by it, or goes out if it is below 0.
    pub amount: Money,
}

impl Met {
    /// Whether the line of that number can be a payment of it, after others that come to a sum.
    ///
    /// # Errors
    /// [`SettleError::NotItsPayment`] says why not; or a sum that does not fit.
    pub fn takes(&self, number: &str, line: &Line, others: Money) -> Result<(), SettleError> {
        self.is_of(number, line)?;
        let sum = others.plus(line.amount)?;
        let is_more = if self.goes_out() { sum < self.amount } else { sum > self.amount };
        if !is_more {
            return Ok(());
        }
        let (name, currency, amount, sum) = (&self.name, self.currency, self.absolute(self.amount)?, self.absolute(sum)?);
        not_its(format!("{name} is of {amount} {currency}, and with line {number} its payments come to {sum}"))
    }

    /// Whether the line of that number is the whole of it.
    ///
    /// # Errors
    /// As [`Met::takes`].
    pub fn is_met_by(&self, number: &str, line: &Line) -> Result<(), SettleError> {
        self.is_of(number, line)?;
        if line.amount == self.amount {
            return Ok(());
        }
        let (name, currency, amount, other) = (&self.name, self.currency, self.absolute(self.amount)?, self.absolute(line.amount)?);
        not_its(format!("{name} is of {amount} {currency}, and line {number} of {other}"))
    }

    fn is_of(&self, number: &str, line: &Line) -> Result<(), SettleError> {
        let Met { name, mid, currency, .. } = self;
        if (mid, *currency) != (&line.mid, line.currency) {
            let (other, in_) = (&line.mid, line.currency);
            return not_its(format!("{name} is one of {mid} in {currency}, and line {number} is one of {other} in {in_}"));
        }
        match (self.goes_out(), line.amount < Money::ZERO) {
            (true, true) | (false, false) => Ok(()),
            (true, false) => not_its(format!(
                "line {number} came in, and {name} went out: what comes in is a platform's, was paid for a claim, or is nobody's yet"
            )),
            (false, true) => not_its(format!(
                "line {number} went out, and what was paid for {name} came in: what goes out is charges, a remittance, or a platform's that \
                 gets it back"
            )),
        }
    }

    fn goes_out(&self) -> bool {
        self.amount < Money::ZERO
    }

    /// A sum without its sign, which the name of what is paid says.
    fn absolute(&self, amount: Money) -> Result<Money, SettleError> {
        Ok(if self.goes_out() { amount.negated()? } else { amount })
    }
}

fn not_its(why: String) -> Result<(), SettleError> {
    Err(SettleError::NotItsPayment(why))
}
