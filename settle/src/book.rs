//! [`Book`]: the moves made so far and their sums. Steps read it; only posting a move changes it.

use crate::earnings::EarningKey;
use crate::error::SettleError;
use crate::input::Input;
use crate::moves::{Account, Move, Rule, Step, Terms, WhyCarried};
use farthing_schemas::Money;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands in one party's accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartySums {
    /// What is left in the party's own account: what can still be paid or carried.
    pub available: Money,
    /// What stood carried before the first move, with what has come back.
    pub carried_in: Money,
    /// What stands carried now.
    pub carried: Money,
    /// Why something stays carried, once that is decided.
    pub why_carried: Option<WhyCarried>,
    /// What each step brought into the party's own account.
    pub steps: StepSums,
}

/// What each step brought in; negative for what it took away. In the order of steps: of most parties they are few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepSums(Vec<(Step, Money)>);

impl StepSums {
    /// What one step brought in.
    #[must_use]
    pub fn brought(&self, step: Step) -> Money {
        self.place_of(step).map(|at| self.0[at].1).unwrap_or_default()
    }

    /// What these steps brought in together.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn brought_by(&self, steps: &[Step]) -> Result<Money, SettleError> {
        Ok(Money::sum(steps.iter().map(|step| self.brought(*step)))?)
    }

    fn bring(&mut self, step: Step, amount: Money) -> Result<(), SettleError> {
        match self.place_of(step) {
            Ok(at) => self.0[at].1 = self.0[at].1.plus(amount)?,
            Err(at) => {
                // Room for this one and no more: there are many parties.
                self.0.reserve_exact(1);
                self.0.insert(at, (step, amount));
            }
        }
        Ok(())
    }

    fn place_of(&self, step: Step) -> Result<usize, usize> {
        self.0.binary_search_by_key(&step, |(step, _)| *step)
    }
}

/// All moves, and all sums of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    moves: Vec<Move>,
    parties: BTreeMap<Arc<str>, PartySums>,
    terms: BTreeMap<Terms, StepSums>,
    /// Of closed cycles that are undone: by party, too.
    undone: BTreeMap<EarningKey, StepSums>,
}

impl Book {
    /// A book without moves, over what earlier cycles carried and what has come back since.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn open(input: &Input) -> Result<Book, SettleError> {
        let mut book = Book::default();
        let carried = input.carried_in.iter().filter(|(_, carried)| **carried != Money::ZERO).map(|(party, _)| party);
        for party in carried.chain(input.returned.keys()) {
            let carried = input.carried_by(party).plus(input.returned_to(party)?)?;
            book.parties.insert(party.as_str().into(), PartySums { carried_in: carried, carried, ..PartySums::default() });
        }
        Ok(book)
    }

    /// Writes moves down.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn post(&mut self, moves: Vec<Move>) -> Result<(), SettleError> {
        for entry in &moves {
            self.credit(entry, &entry.from, entry.amount.negated()?)?;
            self.credit(entry, &entry.to, entry.amount)?;
        }
        self.moves.extend(moves);
        Ok(())
    }

    /// Every party with a balance or a move.
    pub fn parties(&self) -> impl Iterator<Item = (&Arc<str>, &PartySums)> {
        self.parties.iter()
    }

    /// One party's sums, if it has a balance or a move.
    #[must_use]
    pub fn party(&self, party: &str) -> Option<&PartySums> {
        self.parties.get(party)
    }

    /// What the steps brought to all parties together under some terms.
    #[must_use]
    pub fn under(&self, terms: &Terms) -> StepSums {
        self.terms.get(terms).cloned().unwrap_or_default()
    }

    /// What the steps brought to one party under terms of a cycle that is undone.
    #[must_use]
    pub fn undone(&self, key: &EarningKey) -> StepSums {
        self.undone.get(key).cloned().unwrap_or_default()
    }

    /// The moves so far.
    #[must_use]
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// The moves, in the order that they were made.
    #[must_use]
    pub fn into_moves(self) -> Vec<Move> {
        self.moves
    }

    fn credit(&mut self, entry: &Move, account: &Account, amount: Money) -> Result<(), SettleError> {
        match account {
            Account::Party(party) => {
                let sums = self.parties.entry(party.clone()).or_default();
                sums.available = sums.available.plus(amount)?;
                sums.steps.bring(entry.step, amount)?;
                self.credit_terms(entry, party, amount)
            }
            Account::Carried(party) => {
                let sums = self.parties.entry(party.clone()).or_default();
                sums.carried = sums.carried.plus(amount)?;
                if let Rule::Carried(why) = entry.rule {
                    sums.why_carried = Some(why);
                }
                Ok(())
            }
            Account::Platform(_) | Account::Mid(_) | Account::Held(_) | Account::Reserve(_) | Account::Withheld(_) | Account::Payout(_) => {
                Ok(())
            }
        }
    }

    fn credit_terms(&mut self, entry: &Move, party: &Arc<str>, amount: Money) -> Result<(), SettleError> {
        let Rule::Terms(terms) = &entry.rule else { return Ok(()) };
        self.terms.entry(terms.clone()).or_default().bring(entry.step, amount)?;
        if terms.undone.is_some() {
            let key = EarningKey { terms: terms.clone(), party: party.clone() };
            self.undone.entry(key).or_default().bring(entry.step, amount)?;
        }
        Ok(())
    }
}

/// The move that brings `amount` from one account to another; the other way round if it is negative, none if it is nothing.
///
/// # Errors
/// The one amount that has no opposite.
pub fn transfer(step: Step, rule: Rule, from: Account, to: Account, amount: Money) -> Result<Option<Move>, SettleError> {
    Ok(match amount.cmp(&Money::ZERO) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(Move { step, rule, from, to, amount }),
        std::cmp::Ordering::Less => Some(Move { step, rule, from: to, to: from, amount: amount.negated()? }),
    })
}
