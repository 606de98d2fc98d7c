//! [`Adjustments`]: what is put right of closed cycles, and since when.

use farthing_schemas::manifest::Adjustment;
use farthing_schemas::{Currency, Cycle, Money, money};
use std::collections::BTreeMap;

/// An adjustment that was made.
#[derive(Clone, Debug)]
pub struct Adjusted {
    /// The number of the manifest that made it.
    pub sequence: u64,
    /// When that was made.
    pub at: String,
    /// The adjustment.
    pub adjustment: Adjustment,
    /// Its currency.
    pub currency: Currency,
    /// The cycle that it corrects.
    pub cycle: Cycle,
    /// What the MID gives, or takes back.
    pub amount: Money,
}

/// All adjustments there ever were, by number.
#[derive(Clone, Debug, Default)]
pub struct Adjustments(BTreeMap<u64, Adjusted>);

impl Adjustments {
    /// Takes the next adjustment of the chain, or says what is wrong with it.
    pub(crate) fn take(&mut self, sequence: u64, at: String, adjustment: Adjustment) -> Result<(), String> {
        let number = adjustment.number;
        if number != self.next_number() {
            return Err(format!("adjustment {number} comes where {} is the next", self.next_number()));
        }
        let unreadable = |field: &str| format!("the {field} of adjustment {number} cannot be read");
        let currency = adjustment.currency.parse().map_err(|_| unreadable("currency"))?;
        let cycle = adjustment.cycle.parse().map_err(|_| unreadable("cycle"))?;
        let amount = money::from_stored_text(&adjustment.amount).map_err(|_| unreadable("amount"))?;
        if amount == Money::ZERO {
            return Err(format!("adjustment {number} is of nothing"));
        }
        self.0.insert(number, Adjusted { sequence, at, adjustment, currency, cycle, amount });
        Ok(())
    }

    /// The number of the next adjustment.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.0.last_key_value().map_or(1, |(number, _)| number + 1)
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Adjusted)> {
        self.0.iter().map(|(number, adjusted)| (*number, adjusted))
    }
}
