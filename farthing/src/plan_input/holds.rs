//! What is held back, in a dispute or as a reserve, as a draft sees it.

use crate::books::Books;
use crate::commands::settle::Settlement;
use farthing_archive::holds::Held;
use farthing_schemas::{Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::input::{Hold, Reserve};
use std::collections::BTreeMap;

/// The holds that a draft sees: those in force by that manifest, and lifted ones that the draft before still kept something back by.
pub fn holds(books: &Books, of: &Settlement, through_sequence: u64, earlier: &[Draft]) -> anyhow::Result<BTreeMap<u64, Hold>> {
    let kept: BTreeMap<u64, Money> =
        earlier.last().map(|draft| draft.holds.iter().map(|line| (line.number, line.outstanding)).collect()).unwrap_or_default();
    let ours = |held: &Held| held.hold.mid == of.mid && held.currency == of.currency && held.sequence <= through_sequence;
    let hold = |(number, held): (u64, &Held)| {
        let held_before = kept.get(&number).copied().unwrap_or_default();
        let reserve = reserve(number, held, of.cycle, earlier)?;
        let (party, lifted) = (held.hold.party.clone(), held.is_lifted(through_sequence));
        Ok((number, Hold { party, limit: held.limit, reserve, held_before, lifted }))
    };
    let is_something = |(_, hold): &(u64, Hold)| !hold.lifted || hold.held_before != Money::ZERO;
    let all: Vec<(u64, Hold)> = books.catalog.holds.iter().filter(|(_, held)| ours(held)).map(hold).collect::<anyhow::Result<_>>()?;
    Ok(all.into_iter().filter(is_something).collect())
}

/// How a hold is kept as a reserve, if it is one. Due is what was kept back so many cycles ago and before, and was not given back since.
fn reserve(number: u64, held: &Held, cycle: Cycle, earlier: &[Draft]) -> anyhow::Result<Option<Reserve>> {
    let Some((share, cycles)) = held.reserve else { return Ok(None) };
    let mut due = Money::ZERO;
    if let Some(cycles) = cycles {
        for draft in earlier {
            let is_over = u32::from(draft.cycle.index()).saturating_add(cycles) <= u32::from(cycle.index());
            for line in draft.holds.iter().filter(|line| line.number == number) {
                due = if is_over { due.plus(line.held)? } else { due }.minus(line.lifted)?;
            }
        }
    }
    Ok(Some(Reserve { share, due }))
}
