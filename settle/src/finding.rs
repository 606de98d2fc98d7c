//! [`Finding`]: whether at least 70 % of an agreement's gross is its parties' net.

use crate::book::{Book, StepSums};
use crate::earnings::Earnings;
use crate::error::SettleError;
use crate::input::{AgreementTerms, Input};
use crate::moves::{Step, Terms};
use farthing_schemas::Money;
use farthing_schemas::split::mul_div_ceil;
use std::collections::BTreeMap;

/// What the 70 % rule finds for one agreement, before any true-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The agreement.
    pub agreement: &'a str,
    /// Its terms.
    pub terms: &'a AgreementTerms,
    /// The sum of its parties' gross.
    pub gross: Money,
    /// The sum of its parties' net.
    pub net: Money,
    /// What the MID kept of its labour.
    pub fee: Money,
    /// What the MID gave back.
    pub true_up: Money,
}

impl Finding<'_> {
    /// Whether the rule holds.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn holds(&self) -> Result<bool, SettleError> {
        Ok(self.net >= least_net(self.gross)?)
    }

    /// What the parties' net lacks; not above 0 where the rule holds.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn shortfall(&self) -> Result<Money, SettleError> {
        Ok(least_net(self.gross)?.minus(self.net)?)
    }
}

/// The least whole net with `10 x net >= 7 x gross`; to compare with it is to compare exactly, without a product that overflows.
///
/// ```
/// use farthing_schemas::Money;
/// use farthing_settle::finding::least_net;
/// assert_eq!(least_net(Money::from_units(43))?.units(), 31);
/// assert_eq!(least_net(Money::from_units(40))?.units(), 28);
/// # Ok::<(), farthing_settle::SettleError>(())
/// ```
///
/// # Errors
/// A sum that does not fit.
pub fn least_net(gross: Money) -> Result<Money, SettleError> {
    Ok(mul_div_ceil(gross.units(), 7, 10).map(Money::from_units)?)
}

/// One finding per agreement with an accrual in this draft, by agreement. What undoes a closed cycle stands apart: an agreement that
/// has nothing else is found to hold at 0.
///
/// # Errors
/// An agreement without terms, or a sum that does not fit.
pub fn findings<'a>(input: &'a Input, earnings: &'a Earnings, book: &Book) -> Result<Vec<Finding<'a>>, SettleError> {
    let mut sums: BTreeMap<&str, Money> = BTreeMap::new();
    for (key, earning) in earnings.iter() {
        let gross = sums.entry(&key.terms.agreement).or_default();
        if key.terms.undone.is_none() {
            *gross = gross.plus(earning.gross)?;
        }
    }
    let steps = |agreement: &str| book.under(&Terms { agreement: agreement.into(), undone: None });
    sums.into_iter().map(|(agreement, gross)| finding(input, agreement, gross, &steps(agreement))).collect()
}

fn finding<'a>(input: &'a Input, agreement: &'a str, gross: Money, steps: &StepSums) -> Result<Finding<'a>, SettleError> {
    let terms = input.agreements.get(agreement).ok_or_else(|| SettleError::UnknownAgreement(agreement.to_owned()))?;
    let net = steps.brought_by(&[Step::Earn, Step::Fee])?;
    let fee = steps.brought(Step::Fee).negated()?;
    Ok(Finding { agreement, terms, gross, net, fee, true_up: steps.brought(Step::TrueUp) })
}
