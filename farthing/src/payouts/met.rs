//! What the bank tells after it was booked: what was paid for a claim, and what was remitted to a tax office. Lines are put to it.

use anyhow::{Context, bail, ensure};
use farthing_archive::Catalog;
use farthing_archive::assignments::LineNumber;
use farthing_schemas::manifest::AssignedTo;
use farthing_schemas::money::from_stored_text;
use farthing_schemas::{Currency, Money};
use farthing_settle::journal::Line;

/// A claim that was paid, or a remittance.
pub struct Met<'a> {
    /// `claim 3`.
    pub name: String,
    /// The number of the manifest that booked it.
    pub sequence: u64,
    mid: &'a str,
    currency: Currency,
    /// What comes in by it, or goes out if it is negative.
    amount: Money,
}

impl<'a> Met<'a> {
    /// What a line is said to be the payment of; none if it is another's.
    pub fn of(catalog: &'a Catalog, to: &AssignedTo) -> anyhow::Result<Option<Met<'a>>> {
        match to {
            AssignedTo::Claim { claim } => Met::claim(catalog, *claim).map(Some),
            AssignedTo::Remittance { remittance } => Met::remittance(catalog, *remittance).map(Some),
            AssignedTo::Platform { .. } | AssignedTo::Charges | AssignedTo::Repetition | AssignedTo::Suspense => Ok(None),
        }
    }

    fn claim(catalog: &'a Catalog, number: u64) -> anyhow::Result<Met<'a>> {
        let made = catalog.claims.get(number).with_context(|| format!("there is no claim {number}; see: farthing claim --list"))?;
        let (payment, paid) = made.claim.paid().with_context(|| format!("nothing was paid for claim {number}"))?;
        let currency = payment.currency.as_deref().with_context(|| format!("claim {number} says no currency"))?.parse()?;
        let amount = from_stored_text(&paid.amount)?;
        Ok(Met { name: format!("claim {number}"), sequence: made.sequence, mid: &paid.mid, currency, amount })
    }

    fn remittance(catalog: &'a Catalog, number: u64) -> anyhow::Result<Met<'a>> {
        let made = catalog.remittances.get(number);
        let made = made.with_context(|| format!("there is no remittance {number}; see: farthing tax remit --list"))?;
        let (mid, currency, amount) = (made.remittance.mid.as_str(), made.currency, made.amount.negated()?);
        Ok(Met { name: format!("remittance {number}"), sequence: made.sequence, mid, currency, amount })
    }

    /// Says why a line cannot be a payment of it, after others of that sum.
    pub fn takes(&self, number: LineNumber, line: &Line, others: Money) -> anyhow::Result<()> {
        self.is_of(number, line)?;
        let sum = others.plus(line.amount)?;
        let is_more = if self.goes_out() { sum < self.amount } else { sum > self.amount };
        let Met { name, currency, .. } = self;
        ensure!(
            !is_more,
            "{name} is of {} {currency}, and with line {number} its payments come to {}",
            self.absolute(self.amount)?,
            self.absolute(sum)?
        );
        Ok(())
    }

    /// Says why a line that its message puts to it is not the whole of it.
    pub fn is_met_by(&self, number: LineNumber, line: &Line) -> anyhow::Result<()> {
        self.is_of(number, line)?;
        let (amount, other) = (self.absolute(self.amount)?, self.absolute(line.amount)?);
        ensure!(line.amount == self.amount, "{} is of {amount} {}, and line {number} of {other}", self.name, self.currency);
        Ok(())
    }

    fn is_of(&self, number: LineNumber, line: &Line) -> anyhow::Result<()> {
        let Met { name, mid, currency, .. } = self;
        match (self.goes_out(), line.amount < Money::ZERO) {
            (true, false) => {
                bail!("line {number} came in, and {name} went out: what comes in is a platform's, was paid for a claim, or is nobody's yet")
            }
            (false, true) => bail!(
                "line {number} went out, and what was paid for {name} came in: what goes out is charges, a remittance, or a platform's that \
                 gets it back"
            ),
            (true, true) | (false, false) => {}
        }
        ensure!(
            (*mid, *currency) == (line.mid.as_str(), line.currency),
            "{name} is one of {mid} in {currency}, and line {number} is one of {} in {}",
            line.mid,
            line.currency
        );
        Ok(())
    }

    fn goes_out(&self) -> bool {
        self.amount < Money::ZERO
    }

    /// A sum without its sign, which the name of what is paid says.
    fn absolute(&self, amount: Money) -> anyhow::Result<Money> {
        Ok(if self.goes_out() { amount.negated()? } else { amount })
    }
}
