//! [`Remittances`]: which withheld taxes were paid to tax offices.

use crate::numbered::Numbered;
use farthing_schemas::manifest::Remittance;
use farthing_schemas::{Currency, Cycle, Money, money};
use std::collections::BTreeMap;

/// A remittance that was made.
#[derive(Clone, Debug)]
pub struct Remitted {
    /// The number of the manifest that made it.
    pub sequence: u64,
    /// When that was made.
    pub at: String,
    /// The remittance.
    pub remittance: Remittance,
    /// Its currency.
    pub currency: Currency,
    /// What was paid.
    pub amount: Money,
    /// What of it was withheld in which cycle.
    pub cycles: BTreeMap<Cycle, Money>,
}

/// All remittances there ever were, by number.
pub type Remittances = Numbered<Remitted>;

impl Remittances {
    /// Takes the next remittance of the chain, or says what is wrong with it.
    pub(crate) fn take(&mut self, sequence: u64, at: String, remittance: Remittance) -> Result<(), String> {
        let number = remittance.number;
        self.is_next("remittance", number)?;
        let unreadable = |field: &str| format!("the {field} of remittance {number} cannot be read");
        let currency = remittance.currency.parse().map_err(|_| unreadable("currency"))?;
        let amount = money::from_stored_text(&remittance.amount).map_err(|_| unreadable("amount"))?;
        let mut cycles = BTreeMap::new();
        for of in &remittance.cycles {
            let cycle = of.cycle.parse().map_err(|_| unreadable("cycle"))?;
            let withheld = money::from_stored_text(&of.amount).map_err(|_| unreadable("amount of a cycle"))?;
            if cycles.insert(cycle, withheld).is_some() || self.paying(&remittance.mid, &remittance.jurisdiction, currency, cycle).is_some()
            {
                return Err(format!("remittance {number} pays what was withheld in {cycle} a second time"));
            }
        }
        if amount <= Money::ZERO || Money::sum(cycles.values().copied()).ok() != Some(amount) {
            return Err(format!("remittance {number} is not of what its cycles come to, or of nothing"));
        }
        self.add(number, Remitted { sequence, at, remittance, currency, amount, cycles });
        Ok(())
    }

    /// The remittance that has paid what a MID withheld in a cycle for a jurisdiction.
    #[must_use]
    pub fn paying(&self, mid: &str, jurisdiction: &str, currency: Currency, cycle: Cycle) -> Option<u64> {
        let pays = |made: &Remitted| {
            let of = (made.remittance.mid.as_str(), made.remittance.jurisdiction.as_str(), made.currency);
            of == (mid, jurisdiction, currency) && made.cycles.contains_key(&cycle)
        };
        self.iter().find(|(_, made)| pays(made)).map(|(number, _)| number)
    }
}
