//! The states of a cycle, and the one table of the moves between them.
//!
//! What is not in [`ALLOWED`] is refused, by whoever makes a move and by whoever checks a chain. What was released cannot be called back:
//! from there on the way only leads on, and nothing leads away from `sealed`.

use std::fmt;
use std::str::FromStr;

/// A state of a cycle, in the order of its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Events are added to it.
    #[default]
    Open,
    /// It is cut off, and has no draft.
    Closing,
    /// It has its final draft.
    Draft,
    /// Its draft was approved by somebody other than who prepared it.
    Approved,
    /// Its payouts are on their way.
    Released,
    /// What became of each payout is known.
    Reconciled,
    /// Nothing of it ever changes.
    Sealed,
}

/// What a move does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Cuts the cycle off.
    Close,
    /// Makes the final draft.
    Draft,
    /// Throws the draft away; its text stays as evidence.
    Discard,
    /// Approves the draft.
    Approve,
    /// Takes the approval back.
    Withdraw,
    /// Sends the payouts to banks.
    Release,
    /// Pays anew what has failed.
    Reissue,
    /// Says that what became of each payout is known.
    Reconcile,
    /// Ends it.
    Seal,
}

/// A row of the table: one allowed move and what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// What it does.
    pub kind: Kind,
    /// The state that it leaves.
    pub from: State,
    /// The state that it leads to.
    pub to: State,
    /// Who makes it.
    pub who: Who,
    /// Whether a reason is given.
    pub why: Why,
    /// Which draft it names.
    pub draft: Names,
}

/// Who makes a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody; a signature that is there is checked all the same.
    Anybody,
    /// An actor, who signs.
    Actor,
    /// An actor who signs and is neither who prepared the draft nor another key of the same person.
    SecondActor,
}

/// Whether a reason is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It speaks for itself.
    NotNeeded,
    /// It takes something back: in words.
    Needed,
}

/// Which draft a move names by its SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// None: there is none yet.
    NoDraft,
    /// The one that it makes.
    NewDraft,
    /// The one that the cycle has.
    ItsDraft,
}

/// Every move that there is; no two of them leave one state for the same other.
pub const ALLOWED: [Allowed; 9] = [
    row(Kind::Close, [State::Open, State::Closing], Who::Anybody, Why::NotNeeded, Names::NoDraft),
    row(Kind::Draft, [State::Closing, State::Draft], Who::Anybody, Why::NotNeeded, Names::NewDraft),
    row(Kind::Discard, [State::Draft, State::Closing], Who::Actor, Why::Needed, Names::ItsDraft),
    row(Kind::Approve, [State::Draft, State::Approved], Who::SecondActor, Why::NotNeeded, Names::ItsDraft),
    row(Kind::Withdraw, [State::Approved, State::Draft], Who::Actor, Why::Needed, Names::ItsDraft),
    row(Kind::Release, [State::Approved, State::Released], Who::Actor, Why::NotNeeded, Names::ItsDraft),
    row(Kind::Reissue, [State::Released, State::Released], Who::Actor, Why::Needed, Names::ItsDraft),
    row(Kind::Reconcile, [State::Released, State::Reconciled], Who::Actor, Why::NotNeeded, Names::ItsDraft),
    row(Kind::Seal, [State::Reconciled, State::Sealed], Who::Actor, Why::NotNeeded, Names::ItsDraft),
];

const fn row(kind: Kind, [from, to]: [State; 2], who: Who, why: Why, draft: Names) -> Allowed {
    Allowed { kind, from, to, who, why, draft }
}

/// The row of a move from one state to another, if there is one.
#[must_use]
pub fn allowed(from: State, to: State) -> Option<&'static Allowed> {
    ALLOWED.iter().find(|row| (row.from, row.to) == (from, to))
}

impl State {
    /// All of them, in order.
    pub const ALL: [State; 7] =
        [State::Open, State::Closing, State::Draft, State::Approved, State::Released, State::Reconciled, State::Sealed];

    /// Its name in manifests, tables and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Closing => "closing",
            State::Draft => "draft",
            State::Approved => "approved",
            State::Released => "released",
            State::Reconciled => "reconciled",
            State::Sealed => "sealed",
        }
    }

    /// Whether a draft is in force in it.
    #[must_use]
    pub fn has_draft(self) -> bool {
        self >= State::Draft
    }
}

impl Kind {
    /// Its row: where it leads from and to, and what it needs.
    ///
    /// ```
    /// use farthing_settle::cycle::{Kind, State};
    /// assert_eq!(Kind::Withdraw.row().to, State::Draft);
    /// ```
    #[must_use]
    pub fn row(self) -> &'static Allowed {
        ALLOWED.iter().find(|row| row.kind == self).expect("every kind has its row")
    }

    /// Its name: that of the command that does it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Close => "close",
            Kind::Draft => "draft",
            Kind::Discard => "discard",
            Kind::Approve => "approve",
            Kind::Withdraw => "withdraw",
            Kind::Release => "release",
            Kind::Reissue => "reissue",
            Kind::Reconcile => "reconcile",
            Kind::Seal => "seal",
        }
    }
}

/// The text is not the name of a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a state of a cycle")]
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

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_move_is_allowed_in_two_ways() {
        for (at, row) in ALLOWED.iter().enumerate() {
            let same = |other: &&Allowed| (other.from, other.to) == (row.from, row.to) || other.kind == row.kind;
            assert_eq!(ALLOWED.iter().position(|other| same(&other)), Some(at), "{row:?}");
            assert_eq!((row.kind.row(), allowed(row.from, row.to)), (row, Some(row)));
        }
    }

    #[test]
    fn what_takes_something_back_is_signed_and_says_why() {
        for row in ALLOWED.iter().filter(|row| row.to < row.from) {
            assert!(row.who != Who::Anybody && row.why == Why::Needed, "{row:?}");
        }
    }

    #[test]
    fn a_state_is_read_as_it_is_written() {
        for state in State::ALL {
            assert_eq!(state.to_string().parse(), Ok(state));
        }
        assert_eq!("Draft".parse::<State>(), Err(NotAState("Draft".to_owned())));
    }
}
