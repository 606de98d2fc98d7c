//! [`Adjustments`]: what is put right of closed cycles, and since when.

use crate::numbered::Numbered;
use farthing_schemas::manifest::Adjustment;
use farthing_schemas::{Currency, Cycle, Money, money};

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
pub type Adjustments = Numbered<Adjusted>;

impl Adjustments {
    /// Takes the next adjustment of the chain, or says what is wrong with it.
    pub(crate) fn take(&mut self, sequence: u64, at: String, adjustment: Adjustment) -> Result<(), String> {
        let number = adjustment.number;
        self.is_next("adjustment", number)?;
        let unreadable = |field: &str| format!("the {field} of adjustment {number} cannot be read");
        let currency = adjustment.currency.parse().map_err(|_| unreadable("currency"))?;
        let cycle = adjustment.cycle.parse().map_err(|_| unreadable("cycle"))?;
        let amount = money::from_stored_text(&adjustment.amount).map_err(|_| unreadable("amount"))?;
        if amount == Money::ZERO {
            return Err(format!("adjustment {number} is of nothing"));
        }
        self.add(number, Adjusted { sequence, at, adjustment, currency, cycle, amount });
        Ok(())
    }
}
