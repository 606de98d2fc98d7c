//! [`Turnover`]: debits and credits, summed apart, as a trial balance shows them.

use crate::error::SettleError;
use farthing_schemas::Money;

/// What was debited and what was credited; neither is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turnover {
    /// The sum of what is above 0.
    pub debit: Money,
    /// The sum of what is below 0, without its sign.
    pub credit: Money,
}

impl Turnover {
    /// Adds the amount of a posting.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn post(&mut self, amount: Money) -> Result<(), SettleError> {
        if amount > Money::ZERO {
            self.debit = self.debit.plus(amount)?;
        } else {
            self.credit = self.credit.minus(amount)?;
        }
        Ok(())
    }

    /// Adds another's sums.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn add(&mut self, other: Turnover) -> Result<(), SettleError> {
        self.debit = self.debit.plus(other.debit)?;
        self.credit = self.credit.plus(other.credit)?;
        Ok(())
    }

    /// Debits less credits: above 0 where something is to come in, below where something is owed.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn balance(&self) -> Result<Money, SettleError> {
        Ok(self.debit.minus(self.credit)?)
    }

    /// Whether both are the same.
    #[must_use]
    pub fn is_even(&self) -> bool {
        self.debit == self.credit
    }
}
