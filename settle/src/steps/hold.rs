//! Holds: what is in dispute is kept back before anything is paid, and is the party's again once its hold is lifted. Of what a party earns
//! a reserve keeps a share back, until its time is over or the party owes something for what was undone. Nobody else ever gets it.

use super::View;
use crate::book::{Book, transfer};
use crate::error::SettleError;
use crate::input::{Hold, Reserve};
use crate::moves::{Account, Move, Rule, Step};
use farthing_schemas::Money;
use std::collections::BTreeMap;

/// One move per hold that gives something back: all of it if it is lifted, and of a reserve what is due or what the party owes. What a
/// reserve gives back goes to what is owed first.
///
/// # Errors
/// A sum that does not fit.
pub fn lift_moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let (mut lifts, mut offsets) = (Vec::new(), Vec::new());
    let mut standings: BTreeMap<&str, Standing> = BTreeMap::new();
    for (number, hold) in &view.input.holds {
        let standing = standings.entry(&hold.party).or_insert(Standing::of(view.book, &hold.party)?);
        let amount = standing.given_back(hold)?;
        let offset = standing.take(hold, amount)?;
        lifts.extend(transfer(Step::Lift, Rule::Hold(*number), keeps(hold), owns(hold), amount)?);
        let owes = Account::Carried(hold.party.as_str().into());
        offsets.extend(transfer(Step::Offset, Rule::Hold(*number), owns(hold), owes, offset)?);
    }
    lifts.extend(offsets);
    Ok(lifts)
}

/// How a party stands before its holds.
struct Standing {
    /// Below 0 where more was undone than the cycle and what was carried bring.
    available: Money,
    /// What it owes from before.
    owed: Money,
}

impl Standing {
    fn of(book: &Book, party: &str) -> Result<Standing, SettleError> {
        let Some(sums) = book.party(party) else { return Ok(Standing { available: Money::ZERO, owed: Money::ZERO }) };
        Ok(Standing { available: sums.available, owed: sums.carried.min(Money::ZERO).negated()? })
    }

    /// What a hold gives back of what it keeps.
    fn given_back(&self, hold: &Hold) -> Result<Money, SettleError> {
        let lacks = self.available.min(Money::ZERO).negated()?.plus(self.owed)?;
        Ok(match &hold.reserve {
            _ if hold.lifted => hold.held_before,
            Some(Reserve { due, .. }) => hold.held_before.min(lacks.max(*due)),
            None => Money::ZERO,
        })
    }

    /// Takes what a hold gives back; how much of it goes to what is owed.
    fn take(&mut self, hold: &Hold, amount: Money) -> Result<Money, SettleError> {
        self.available = self.available.plus(amount)?;
        let offset = if hold.reserve.is_some() { amount.min(self.owed).min(self.available.max(Money::ZERO)) } else { Money::ZERO };
        (self.available, self.owed) = (self.available.minus(offset)?, self.owed.minus(offset)?);
        Ok(offset)
    }
}

/// What holds have given back, by their numbers.
pub type GivenBack = BTreeMap<u64, Money>;

/// What the moves so far give back.
#[must_use]
pub fn given_back(view: View<'_>) -> GivenBack {
    if view.input.holds.is_empty() {
        return GivenBack::new();
    }
    let lift = |entry: &Move| match entry.rule {
        Rule::Hold(number) if entry.step == Step::Lift => Some((number, entry.amount)),
        _ => None,
    };
    view.book.moves().iter().filter_map(lift).collect()
}

/// One move per hold in force whose party has something: the older hold comes first.
///
/// # Errors
/// A sum that does not fit.
pub fn hold_moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let (mut moves, given) = (Vec::new(), given_back(view));
    let mut left: BTreeMap<&str, Money> = BTreeMap::new();
    for (number, hold) in view.input.holds.iter().filter(|(_, hold)| !hold.lifted) {
        let available = || view.book.party(&hold.party).map_or(Money::ZERO, |sums| sums.available);
        let left = left.entry(&hold.party).or_insert_with(available);
        let amount = kept_back(view.book, hold, given.get(number), *left)?;
        *left = left.minus(amount)?;
        moves.extend(transfer(Step::Hold, Rule::Hold(*number), owns(hold), keeps(hold), amount)?);
    }
    Ok(moves)
}

/// What all holds on a party keep back together of what is available to it.
///
/// # Errors
/// A sum that does not fit.
pub fn kept_back_of(view: View<'_>, given: &GivenBack, party: &str, available: Money) -> Result<Money, SettleError> {
    let mut left = available;
    for (number, hold) in view.input.holds.iter().filter(|(_, hold)| !hold.lifted && hold.party == party) {
        left = left.minus(kept_back(view.book, hold, given.get(number), left)?)?;
    }
    Ok(available.minus(left)?)
}

/// What a hold keeps back of what is available: what a party owes cannot be held.
fn kept_back(book: &Book, hold: &Hold, given_back: Option<&Money>, available: Money) -> Result<Money, SettleError> {
    let wanted = match &hold.reserve {
        Some(Reserve { share, .. }) => share.floor_of(earned(book, &hold.party)?)?.min(available),
        None => available,
    };
    let given_back = given_back.copied().unwrap_or_default();
    let room = hold.limit.map(|limit| limit.minus(hold.held_before)?.plus(given_back)).transpose()?;
    Ok(room.map_or(wanted, |room| room.min(wanted)).max(Money::ZERO))
}

/// What the cycle brings a party by itself: its net, with what the MID gives back of its fee.
fn earned(book: &Book, party: &str) -> Result<Money, SettleError> {
    book.party(party).map_or(Ok(Money::ZERO), |sums| sums.steps.brought_by(&[Step::Earn, Step::Fee, Step::TrueUp]))
}

fn owns(hold: &Hold) -> Account {
    Account::Party(hold.party.as_str().into())
}

fn keeps(hold: &Hold) -> Account {
    let party = hold.party.as_str().into();
    if hold.reserve.is_some() { Account::Reserve(party) } else { Account::Held(party) }
}
