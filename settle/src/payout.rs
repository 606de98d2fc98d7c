//! Payouts: the states of a payment, what news of it leads to, and the rule that an obligation has one live payment.
//!
//! An *obligation* is what a draft says is paid to a party. A *payment* is one attempt to meet it. Another attempt is made only after the
//! last one has failed for good, and names it. What has failed and is not paid anew goes back into the party's balance with the next draft.

use crate::error::SettleError;
use farthing_schemas::manifest::Sha256Hasher;
use farthing_schemas::{Currency, Money};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Where a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is in a file for a bank.
    Released,
    /// The bank has taken it, and has not paid yet.
    Accepted,
    /// The bank has not paid, and is not going to.
    Rejected,
    /// Money has left the account.
    Settled,
    /// Money has left the account and come back.
    Returned,
}

/// Between which accounts a change of state moves the payment's amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Motion {
    /// From what is on its way to what has left the bank.
    Arrived,
    /// From what is on its way back to what is owed.
    Failed,
    /// From the bank, to which it has come back, to what is owed.
    CameBack,
}

/// News that cannot be true of a payment in that state: a person has to ask the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is said to be {told}, but was {was} before")]
pub struct Contradiction {
    /// The state it is in.
    pub was: State,
    /// What it is said to be.
    pub told: State,
}

impl State {
    /// All of them, in order.
    pub const ALL: [State; 5] = [State::Released, State::Accepted, State::Rejected, State::Settled, State::Returned];

    /// Its name in tables, messages and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Released => "released",
            State::Accepted => "accepted",
            State::Rejected => "rejected",
            State::Settled => "settled",
            State::Returned => "returned",
        }
    }

    /// The state that a payment begins with, by the file that it is in: one that is in none was left out, and has failed at once.
    #[must_use]
    pub const fn first(message_id: Option<&str>) -> State {
        if message_id.is_some() { State::Released } else { State::Rejected }
    }

    /// Whether what became of it is known. A settled payment may come back all the same.
    #[must_use]
    pub const fn is_known(self) -> bool {
        matches!(self, State::Rejected | State::Settled | State::Returned)
    }

    /// Whether it has failed for good: only then it is paid anew.
    #[must_use]
    pub const fn has_failed(self) -> bool {
        matches!(self, State::Rejected | State::Returned)
    }

    /// The state that news lead to; none where they say what is known, or was known before: banks tell the same in several files, and a
    /// statement of accounts tells at night what a notification told at noon.
    ///
    /// ```
    /// use farthing_settle::payout::State;
    /// assert_eq!(State::Settled.after(State::Returned), Ok(Some(State::Returned)));
    /// assert_eq!(State::Settled.after(State::Accepted), Ok(None));
    /// assert!(State::Rejected.after(State::Settled).is_err());
    /// ```
    ///
    /// # Errors
    /// [`Contradiction`]: then nothing has changed.
    pub fn after(self, told: State) -> Result<Option<State>, Contradiction> {
        match (self, told) {
            (was, told) if was == told && told != State::Released => Ok(None),
            (State::Released | State::Accepted, State::Accepted | State::Rejected | State::Settled | State::Returned)
            | (State::Settled, State::Returned) => Ok(Some(told)),
            (State::Settled | State::Returned, State::Accepted) | (State::Returned, State::Settled) => Ok(None),
            (was, told) => Err(Contradiction { was, told }),
        }
    }

    /// What a change to that state moves in the books, if it moves anything.
    #[must_use]
    pub const fn motion(self, to: State) -> Option<Motion> {
        match (self, to) {
            (State::Released | State::Accepted, State::Settled) => Some(Motion::Arrived),
            (State::Released | State::Accepted, State::Rejected | State::Returned) => Some(Motion::Failed),
            (State::Settled, State::Returned) => Some(Motion::CameBack),
            _ => None,
        }
    }
}

/// One attempt to meet an obligation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// Its id, which bank files and banks' answers name.
    pub id: String,
    /// Who is paid.
    pub party: String,
    /// Which attempt it is, from 1.
    pub attempt: u16,
    /// The currency that arrives.
    #[serde(serialize_with = "text")]
    pub currency: Currency,
    /// How much of it, a decimal with 12 digits.
    #[serde(serialize_with = "text")]
    pub amount: Money,
    /// The attempt that has failed before, if this is not the first.
    pub replaces: Option<String>,
    /// The file that it is in; none if it was left out.
    pub message_id: Option<String>,
}

/// What a draft has a party paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The currency that is to arrive.
    pub currency: Currency,
    /// How much of it.
    pub amount: Money,
}

/// SHA-256 over payments, in hex: of one JSON object a line, with the fields of [`Payment`] in their order.
#[must_use]
pub fn payments_sha256<'a>(payments: impl IntoIterator<Item = &'a Payment>) -> String {
    lines_sha256(payments)
}

/// SHA-256 over rows as one compact JSON object a line, in hex.
#[must_use]
pub fn lines_sha256<T: Serialize>(rows: impl IntoIterator<Item = T>) -> String {
    let mut hasher = Sha256Hasher::default();
    for row in rows {
        let line = serde_json::to_string(&row).expect("strings, numbers and lists of them always have a JSON text");
        hasher.update(line.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finish()
}

/// The payments of one draft, each obligation's by attempt, and what became of them.
#[derive(Clone, Debug, Default)]
pub struct Payments {
    /// In the order in which they were made.
    made: Vec<(Payment, State)>,
    /// The place of each, by id.
    places: BTreeMap<Box<str>, usize>,
    /// The place of the last attempt of each party.
    last: BTreeMap<Box<str>, usize>,
}

/// A payment cannot be made: nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentFault {
    /// An id is given once.
    #[error("payment {0} is there already")]
    Twice(String),
    /// An obligation has a payment that may still arrive.
    #[error("{party} has a payment that has not failed for good: {live} is {state}")]
    Live {
        /// Who is paid.
        party: String,
        /// The payment that is there.
        live: String,
        /// Where it is.
        state: State,
    },
    /// A payment does not name the one that has failed.
    #[error("payment {id} of {party} is to name {failed:?}, which has failed before it, and names {named:?}")]
    Unlinked {
        /// The payment.
        id: String,
        /// Who is paid.
        party: String,
        /// What it names.
        named: Option<String>,
        /// What it is to name.
        failed: Option<String>,
    },
    /// Attempts are counted.
    #[error("payment {id} is attempt {is} where {should} is the next")]
    Attempt {
        /// The payment.
        id: String,
        /// Its attempt.
        is: u16,
        /// The next attempt.
        should: u16,
    },
    /// What is paid is what the draft says, no more and no less.
    #[error("payment {id} is of {} {} where {party} is owed {} {}", is.amount, is.currency, should.amount, should.currency)]
    Amount {
        /// The payment.
        id: String,
        /// Who is paid.
        party: String,
        /// Its amount.
        is: Due,
        /// What the draft says.
        should: Due,
    },
    /// There is no such payment.
    #[error("there is no payment {0}")]
    Unknown(String),
    /// News that cannot be true.
    #[error("payment {id}: {why}")]
    Contradiction {
        /// The payment.
        id: String,
        /// What is said.
        why: Contradiction,
    },
}

impl Payments {
    /// Takes the next payment of an obligation of that amount; of 0 where nothing is owed.
    ///
    /// # Errors
    /// [`PaymentFault`]; then nothing has changed.
    pub fn make(&mut self, payment: Payment, owed: Due) -> Result<(), PaymentFault> {
        let (id, party) = (payment.id.clone(), payment.party.clone());
        if self.places.contains_key(id.as_str()) {
            return Err(PaymentFault::Twice(id));
        }
        let before = self.last_of(&party);
        if let Some((live, state)) = before.filter(|(_, state)| !state.has_failed()) {
            return Err(PaymentFault::Live { party, live: live.id.clone(), state });
        }
        let failed = before.map(|(payment, _)| payment.id.clone());
        let should = before.map_or(1, |(payment, _)| payment.attempt.saturating_add(1));
        if payment.replaces != failed {
            return Err(PaymentFault::Unlinked { id, party, named: payment.replaces, failed });
        }
        if payment.attempt != should {
            return Err(PaymentFault::Attempt { id, is: payment.attempt, should });
        }
        let is = Due { currency: payment.currency, amount: payment.amount };
        if is != owed || owed.amount <= Money::ZERO {
            return Err(PaymentFault::Amount { id, party, is, should: owed });
        }
        let state = State::first(payment.message_id.as_deref());
        let place = self.made.len();
        self.last.insert(party.into(), place);
        self.places.insert(id.into(), place);
        self.made.push((payment, state));
        Ok(())
    }

    /// Takes the next news, and says what it moves.
    ///
    /// # Errors
    /// [`PaymentFault`]; then nothing has changed.
    pub fn tell(&mut self, id: &str, told: State) -> Result<Option<Motion>, PaymentFault> {
        let place = *self.places.get(id).ok_or_else(|| PaymentFault::Unknown(id.to_owned()))?;
        let (_, state) = &mut self.made[place];
        let to = state.after(told).map_err(|why| PaymentFault::Contradiction { id: id.to_owned(), why })?;
        let motion = to.and_then(|to| state.motion(to));
        *state = to.unwrap_or(*state);
        Ok(motion)
    }

    /// The last payment to a party, and where it is.
    #[must_use]
    pub fn last_of(&self, party: &str) -> Option<(&Payment, State)> {
        self.last.get(party).map(|place| self.at(*place))
    }

    /// The payments of which it is not known what became of them: they may still arrive or fail.
    pub fn unknown(&self) -> impl Iterator<Item = (&Payment, State)> {
        self.last().filter(|(_, state)| !state.is_known())
    }

    /// The payments that have failed for good and were not made anew, but for those that a draft has taken in: what is owed again.
    pub fn owed_again(&self, is_taken: impl Fn(&str) -> bool) -> impl Iterator<Item = &Payment> {
        self.last().filter(move |(payment, state)| state.has_failed() && !is_taken(&payment.id)).map(|(payment, _)| payment)
    }

    /// The last payment to each party, and where it is.
    pub fn last(&self) -> impl Iterator<Item = (&Payment, State)> {
        self.last.values().map(|place| self.at(*place))
    }

    fn at(&self, place: usize) -> (&Payment, State) {
        let (payment, state) = &self.made[place];
        (payment, *state)
    }
}

/// The text is not the name of a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a state of a payment")]
pub struct NotAState(pub String);

impl FromStr for State {
    type Err = NotAState;

    fn from_str(text: &str) -> Result<State, NotAState> {
        State::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| NotAState(text.to_owned()))
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// The sums of payments' amounts, by currency.
///
/// # Errors
/// A sum that does not fit.
pub fn sums<'a>(payments: impl IntoIterator<Item = &'a Payment>) -> Result<BTreeMap<Currency, Money>, SettleError> {
    let mut sums: BTreeMap<Currency, Money> = BTreeMap::new();
    for payment in payments {
        let sum = sums.entry(payment.currency).or_default();
        *sum = sum.plus(payment.amount)?;
    }
    Ok(sums)
}

fn text<T: fmt::Display, S: serde::Serializer>(amount: &T, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(amount)
}
