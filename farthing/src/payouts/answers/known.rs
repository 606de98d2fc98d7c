//! What is known of a payment while a message is taken in, and which entry of the account an answer is.

use farthing_bank::Answer;
use farthing_settle::payout::State;
use std::collections::BTreeMap;

/// What is known of a payment by now.
pub struct Known {
    pub state: State,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// The day on which it came to that, if it was told.
    pub booked: Option<String>,
    /// Whether it was ever told to have gone out.
    pub has_settled: bool,
    /// What messages of this kind call the entry that told a state first. Other kinds may call the same entry otherwise.
    pub called: BTreeMap<State, String>,
}

/// An entry beside the one that has told the same state first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// It may be that one.
    Same,
    /// It is the first that messages of this kind tell.
    First,
    /// It is surely another one.
    Another,
}

impl Known {
    /// Whether it came back before anything told that it had gone out.
    pub fn is_back_early(&self) -> bool {
        self.state == State::Returned && !self.has_settled
    }

    /// Which entry an answer is, beside the one that has told that state first. The first to tell it names it.
    pub fn which(&mut self, told: State, answer: &Answer) -> Which {
        let Some(reference) = &answer.bank_reference else { return Which::Same };
        match self.called.get(&told) {
            Some(first) if answer.is_of_another_entry(first) => Which::Another,
            Some(_) => Which::Same,
            None => {
                self.called.insert(told, reference.clone());
                Which::First
            }
        }
    }
}
