//! What is held back, in a dispute or as a reserve, as a draft sees it.

use crate::books::Books;
use crate::commands::settle::Settlement;
use farthing_archive::holds::Held;
use farthing_schemas::Money;
use farthing_settle::Draft;
use farthing_settle::input::{Hold, Reserve};
use farthing_settle::reserve::due;
use std::collections::BTreeMap;

/// The holds that a draft sees: those in force by that manifest, and lifted ones that the draft before still kept something back by.
pub fn holds(books: &Books, of: &Settlement, through_sequence: u64, earlier: &[Draft]) -> anyhow::Result<BTreeMap<u64, Hold>> {
    let kept: BTreeMap<u64, Money> =
        earlier.last().map(|draft| draft.holds.iter().map(|line| (line.number, line.outstanding)).collect()).unwrap_or_default();
    let ours = |held: &Held| held.hold.mid == of.mid && held.currency == of.currency && held.sequence <= through_sequence;
    let hold = |(number, held): (u64, &Held)| {
        let held_before = kept.get(&number).copied().unwrap_or_default();
        let reserve = held.reserve.map(|(share, cycles)| {
            let due = cycles.map_or(Ok(Money::ZERO), |cycles| due(number, cycles, of.cycle, earlier))?;
            anyhow::Ok(Reserve { share, due })
        });
        let reserve = reserve.transpose()?;
        let (party, lifted) = (held.hold.party.clone(), held.is_lifted(through_sequence));
        Ok((number, Hold { party, limit: held.limit, reserve, held_before, lifted }))
    };
    let is_something = |(_, hold): &(u64, Hold)| !hold.lifted || hold.held_before != Money::ZERO;
    let all: Vec<(u64, Hold)> = books.catalog.holds.iter().filter(|(_, held)| ours(held)).map(hold).collect::<anyhow::Result<_>>()?;
    Ok(all.into_iter().filter(is_something).collect())
}
