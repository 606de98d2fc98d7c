//! [`Untaxed`]: what has come back and is not paid yet. It was taxed when it was paid first, so whatever is paid next is not taxed again up
//! to that much, in whichever cycle that is.
//!
//! It follows from drafts alone: each adds what it takes back, and uses up as much as it pays and withholds.

use crate::draft::Draft;
use crate::error::SettleError;
use farthing_schemas::Money;
use std::collections::BTreeMap;

/// By party of a MID, in one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Untaxed(BTreeMap<String, Money>);

impl Untaxed {
    /// Takes the next draft, in the order of cycles; by party, what of its payment had come back before.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn take(&mut self, draft: &Draft) -> Result<BTreeMap<String, Money>, SettleError> {
        for line in &draft.returned {
            let left = self.0.entry(line.party.clone()).or_default();
            *left = left.plus(line.amount)?;
        }
        let mut used = BTreeMap::new();
        for line in draft.lines.iter().filter(|line| line.paid != Money::ZERO) {
            let Some(left) = self.0.get_mut(&line.party) else { continue };
            let part = line.paid.plus(line.withheld)?.min(*left);
            *left = left.minus(part)?;
            used.insert(line.party.clone(), part);
        }
        self.0.retain(|_, left| *left != Money::ZERO);
        Ok(used)
    }

    /// By party, what is left after all drafts so far.
    #[must_use]
    pub fn left(self) -> BTreeMap<String, Money> {
        self.0
    }
}
