//! [`Unsettled`]: what platforms owe on and nobody is paid by itself: what is unlicensed, in suspense or unattributed.

use crate::draft::Draft;
use crate::error::SettleError;
use farthing_schemas::{Accrual, Money, Status, Use};
use std::collections::BTreeMap;

/// What of it concerns a draft: of its MID, or of nobody's yet. What is another MID's is that MID's business.
#[derive(Clone, Debug)]
pub struct Unsettled<'d> {
    draft: &'d Draft,
    lines: BTreeMap<(String, Key), Sums>,
}

/// What is summed up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Why it is not settled.
    pub status: Status,
    /// What was done.
    pub use_: Use,
    /// The agreement of the draft's MID that applies, else empty.
    pub agreement: String,
}

/// How much it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The gross of the draft's cycle.
    pub gross: Money,
    /// The labour of that.
    pub labour: Money,
    /// The labour of all cycles up to the draft's.
    pub labour_to_date: Money,
}

impl<'d> Unsettled<'d> {
    /// Of a draft, before anything was [`added`](Unsettled::add).
    #[must_use]
    pub fn of(draft: &'d Draft) -> Unsettled<'d> {
        Unsettled { draft, lines: BTreeMap::new() }
    }

    /// Takes an accrual that the draft saw; what does not belong here is passed over.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn add(&mut self, accrual: &Accrual) -> Result<(), SettleError> {
        let key = &accrual.key;
        let ours = key.mid.is_empty() || key.mid == self.draft.mid;
        if key.status == Status::Payable || !ours || key.currency != self.draft.currency || accrual.cycle > self.draft.cycle {
            return Ok(());
        }
        let of = Key { status: key.status, use_: key.use_, agreement: key.agreement.clone() };
        let sums = self.lines.entry((key.platform.clone(), of)).or_default();
        sums.labour_to_date = sums.labour_to_date.plus(accrual.labour)?;
        if accrual.cycle == self.draft.cycle {
            (sums.gross, sums.labour) = (sums.gross.plus(accrual.gross)?, sums.labour.plus(accrual.labour)?);
        }
        Ok(())
    }

    /// The lines of a platform that are not nothing.
    pub fn of_platform(&self, platform: &str) -> impl Iterator<Item = (&Key, &Sums)> {
        let of = self.lines.iter().filter(move |((known, _), sums)| known == platform && **sums != Sums::default());
        of.map(|((_, key), sums)| (key, sums))
    }

    /// The gross of the draft's cycle that a platform has of that status, under one agreement if it is named.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn gross(&self, platform: &str, status: Status, agreement: Option<&str>) -> Result<Money, SettleError> {
        let of = |key: &Key| key.status == status && agreement.is_none_or(|agreement| key.agreement == agreement);
        Ok(Money::sum(self.of_platform(platform).filter(|(key, _)| of(key)).map(|(_, sums)| sums.gross))?)
    }

    /// The platforms of which there is something, in order.
    pub fn platforms(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        self.lines.keys().map(|(platform, _)| platform.as_str()).filter(move |platform| last.replace(*platform) != Some(*platform))
    }
}
