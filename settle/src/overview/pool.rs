//! Cells that may be shown to everybody: those of too few contributors are pooled with others, since leaving one out beside an exact
//! total would reveal it.

use crate::error::SettleError;
use farthing_schemas::Money;

/// A cell of fewer contributors is not shown by itself.
pub const CONTRIBUTORS_MIN: usize = 10;

/// A sum over contributors, which have the same places in all cells that are pooled together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What it is the sum of; several once it is pooled.
    pub names: Vec<&'static str>,
    /// Each contributor's part; nothing of those who have none.
    pub parts: Vec<Money>,
    /// What is nobody's, and so reveals nobody.
    pub of_nobody: Money,
}

impl Cell {
    /// A cell of so many contributors, with nothing in it.
    #[must_use]
    pub fn new(name: &'static str, contributors: usize) -> Cell {
        Cell { names: vec![name], parts: vec![Money::ZERO; contributors], of_nobody: Money::ZERO }
    }

    /// Who has a part.
    #[must_use]
    pub fn contributors(&self) -> usize {
        self.parts.iter().filter(|part| **part != Money::ZERO).count()
    }

    /// What it comes to.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn amount(&self) -> Result<Money, SettleError> {
        Ok(Money::sum(self.parts.iter().copied())?.plus(self.of_nobody)?)
    }

    /// Whether it may be shown: it has at least [`CONTRIBUTORS_MIN`] contributors and none of them has more than half of it, or it has none
    /// at all.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn may_be_shown(&self) -> Result<bool, SettleError> {
        let count = self.contributors();
        let sizes = || self.parts.iter().map(|part| part.units().unsigned_abs());
        let all = sizes().try_fold(0_u128, u128::checked_add).ok_or(farthing_schemas::money::MoneyError::Overflow)?;
        let largest = sizes().max().unwrap_or_default();
        Ok(count == 0 || (count >= CONTRIBUTORS_MIN && largest <= all - largest))
    }

    fn is_empty(&self) -> bool {
        self.of_nobody == Money::ZERO && self.contributors() == 0
    }

    fn add(&mut self, other: Cell) -> Result<(), SettleError> {
        self.names.extend(other.names);
        self.of_nobody = self.of_nobody.plus(other.of_nobody)?;
        for (part, more) in self.parts.iter_mut().zip(other.parts) {
            *part = part.plus(more)?;
        }
        Ok(())
    }
}

/// The cells that may be shown, in their order, without those that are empty. Those that may not be shown are one, at the end, together
/// with the smallest of the others until that one may be shown; if not even then it has everything in it, which is the total.
///
/// # Errors
/// A sum that does not fit.
pub fn pooled(cells: Vec<Cell>) -> Result<Vec<Cell>, SettleError> {
    let (mut shown, mut pool): (Vec<Cell>, Option<Cell>) = (Vec::new(), None);
    for cell in cells.into_iter().filter(|cell| !cell.is_empty()) {
        match (&mut pool, cell.may_be_shown()?) {
            (_, true) => shown.push(cell),
            (Some(pool), false) => pool.add(cell)?,
            (None, false) => pool = Some(cell),
        }
    }
    let Some(mut pool) = pool else { return Ok(shown) };
    // One cell alone could be had by taking the others from the total.
    while pool.names.len() == 1 || !pool.may_be_shown()? {
        let smallest = shown.iter().enumerate().min_by_key(|(_, cell)| cell.contributors()).map(|(at, _)| at);
        let Some(at) = smallest else { break };
        pool.add(shown.remove(at))?;
    }
    shown.push(pool);
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many contributors from a place on, each with that.
    fn cell(name: &'static str, from: usize, count: usize, units: i128) -> Cell {
        let mut cell = Cell::new(name, 100);
        cell.parts[from..from + count].fill(Money::from_units(units));
        cell
    }

    fn check(cells: &[Cell], expected: &[(&str, usize, i128)]) {
        let shown = pooled(cells.to_vec()).unwrap();
        let found: Vec<(String, usize, i128)> =
            shown.iter().map(|cell| (cell.names.join("+"), cell.contributors(), cell.amount().unwrap().units())).collect();
        let found: Vec<(&str, usize, i128)> = found.iter().map(|(name, count, units)| (name.as_str(), *count, *units)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn cells_of_few_are_pooled_and_totals_stay() {
        check(&[], &[]);
        check(&[cell("a", 0, 10, 1), cell("b", 10, 90, 2)], &[("a", 10, 10), ("b", 90, 180)]);
        // Nine are too few, and pooled alone they would be the total less the others.
        check(&[cell("a", 0, 9, 1), cell("b", 10, 50, 2), cell("c", 60, 20, 2)], &[("b", 50, 100), ("a+c", 29, 49)]);
        check(&[cell("a", 0, 9, 1), cell("b", 9, 4, 1), cell("c", 60, 20, 2)], &[("c", 20, 40), ("a+b", 13, 13)]);
        check(&[cell("a", 0, 3, 1), cell("b", 0, 3, 1), cell("c", 60, 20, 2)], &[("a+b+c", 23, 46)]);
        check(&[cell("a", 0, 3, 1)], &[("a", 3, 3)]);
    }

    #[test]
    fn none_has_more_than_half_of_a_cell() {
        let mut one = cell("a", 0, 20, 1);
        one.parts[0] = Money::from_units(19);
        assert!(one.may_be_shown().unwrap());
        one.parts[0] = Money::from_units(20);
        assert!(!one.may_be_shown().unwrap());
        check(&[one, cell("b", 20, 40, 1)], &[("a+b", 60, 79)]);
        // Signs hide nobody.
        let mut owing = cell("a", 0, 20, 1);
        owing.parts[0] = Money::from_units(-20);
        assert!(!owing.may_be_shown().unwrap());
    }

    #[test]
    fn what_is_nobodys_may_be_shown() {
        let nobodys = Cell { of_nobody: Money::from_units(7), ..Cell::new("n", 100) };
        check(&[nobodys.clone(), cell("a", 0, 10, 1)], &[("n", 0, 7), ("a", 10, 10)]);
        check(&[nobodys, cell("a", 0, 9, 1)], &[("a+n", 9, 16)]);
        check(&[Cell::new("empty", 100)], &[]);
    }
}
