//! [`Holds`]: what is held back of whom, and since when.

use crate::numbered::Numbered;
use farthing_schemas::manifest::{Hold, Lift, Reserve};
use farthing_schemas::{Currency, Money, Rate, money};

/// A hold and what became of it.
#[derive(Clone, Debug)]
pub struct Held {
    /// The number of the manifest that began it.
    pub sequence: u64,
    /// When that was made.
    pub at: String,
    /// The hold.
    pub hold: Hold,
    /// Its currency.
    pub currency: Currency,
    /// The most that it keeps back, if it has a limit.
    pub limit: Option<Money>,
    /// If it is a reserve, the share of what is earned that it keeps back, and after how many cycles it gives that back.
    pub reserve: Option<(Rate, Option<u32>)>,
    /// What ended it, and the number of that manifest.
    pub lifted: Option<(u64, Lift)>,
}

impl Held {
    /// Whether it was lifted by a manifest up to that one.
    #[must_use]
    pub fn is_lifted(&self, through_sequence: u64) -> bool {
        self.lifted.as_ref().is_some_and(|(sequence, _)| *sequence <= through_sequence)
    }
}

/// All holds there ever were, by number.
pub type Holds = Numbered<Held>;

impl Holds {
    /// Takes the next hold of the chain, or says what is wrong with it.
    pub(crate) fn hold(&mut self, sequence: u64, at: String, hold: Hold) -> Result<(), String> {
        let number = hold.number;
        self.is_next("hold", number)?;
        let currency = hold.currency.parse().map_err(|_| format!("the currency of hold {number} cannot be read"))?;
        let limit = hold.limit.as_deref().map(money::from_stored_text).transpose();
        let limit = limit.map_err(|_| format!("the limit of hold {number} cannot be read"))?;
        if limit.is_some_and(|limit| limit <= Money::ZERO) {
            return Err(format!("the limit of hold {number} is not above 0"));
        }
        let reserve = hold.reserve.as_ref().map(parsed).transpose();
        let reserve = reserve.map_err(|wrong| format!("{wrong} of the reserve, hold {number}, cannot be"))?;
        self.add(number, Held { sequence, at, hold, currency, limit, reserve, lifted: None });
        Ok(())
    }

    /// Takes the next lift of the chain, or says what is wrong with it.
    pub(crate) fn lift(&mut self, sequence: u64, lift: Lift) -> Result<(), String> {
        let number = lift.number;
        let held = self.get_mut(number).ok_or_else(|| format!("lifts hold {number}, which there is not"))?;
        if let Some((before, _)) = held.lifted {
            return Err(format!("lifts hold {number}, which manifest {before} lifted"));
        }
        held.lifted = Some((sequence, lift));
        Ok(())
    }
}

/// A share of nothing keeps nothing back, and what is given back in the cycle that it is kept back in was never kept.
fn parsed(reserve: &Reserve) -> Result<(Rate, Option<u32>), &'static str> {
    let share: Rate = reserve.share.parse().map_err(|_| "the share")?;
    match reserve.cycles {
        Some(0) => Err("the cycles"),
        _ if share.millionths() == 0 => Err("the share"),
        cycles => Ok((share, cycles)),
    }
}
