//! [`Refusal`]: why a move of a cycle, or a change to who may act, is not allowed.

use crate::cycle::{Kind, NotAState, State};
use farthing_schemas::Cycle;

/// What is wrong with a move or a change. Nothing happened; in a chain, it is a forgery.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The table has no such move.
    #[error("the cycle is {from}: no move leads from there to {to}")]
    NotInTable {
        /// The state it is in.
        from: State,
        /// The state asked for.
        to: State,
    },
    /// A later cycle was closed first.
    #[error("the cycle was passed over: a later cycle was closed first, so it has nothing of its own")]
    PassedOver,
    /// An earlier cycle was cut off and has no draft, so what it carries is not known.
    #[error("cycle {0} is closed but has no draft yet; draft it first")]
    Undrafted(Cycle),
    /// A later draft starts from the balances of this one.
    #[error("the draft of cycle {0} builds on what this one carries; discard that one first")]
    BuiltUpon(Cycle),
    /// An earlier draft, whose balances this one begins with, is not approved.
    #[error("the draft of cycle {0}, upon which this one builds, is not approved; approve that one first")]
    Unapproved(Cycle),
    /// A later draft that builds on this one is approved.
    #[error("the draft of cycle {0}, which builds on this one, is approved; withdraw that approval first")]
    ApprovedUpon(Cycle),
    /// The payouts of an earlier cycle are not on their way.
    #[error("cycle {0} is approved before this one and its payouts are not released; release that one first")]
    Unreleased(Cycle),
    /// The root of an earlier cycle is not final.
    #[error("cycle {0}, whose root this one holds, is not sealed; seal that one first")]
    Unsealed(Cycle),
    /// A field that cannot be read.
    #[error("{0} cannot be read")]
    Unreadable(&'static str),
    /// A state that there is not.
    #[error(transparent)]
    State(#[from] NotAState),
    /// It names no draft, or one that is not the cycle's.
    #[error("it names the draft {named}, but the cycle's draft is {in_force}; look at it with: farthing settle draft")]
    OtherDraft {
        /// What it names.
        named: String,
        /// What the cycle has.
        in_force: String,
    },
    /// A reason is needed.
    #[error("{0} needs a reason of one line: --why TEXT")]
    NoReason(Kind),
    /// A signature is needed.
    #[error("{0} has to be signed by an actor: --as ID --key FILE")]
    NotSigned(Kind),
    /// Nobody is known by that id.
    #[error("no actor is called {0:?}; add one with: farthing actor add")]
    UnknownActor(String),
    /// They sign nothing any more.
    #[error("actor {0:?} is retired and signs nothing any more")]
    Retired(String),
    /// The draft was prepared without a signature, so nobody knows who is the second.
    #[error(
        "the draft was not signed by who prepared it, so it cannot be approved: throw it away with farthing settle discard, and make it again with farthing settle draft --as ID --key FILE"
    )]
    UnsignedDraft,
    /// The approver is the preparer.
    #[error("{0:?} prepared the draft: somebody else has to approve it")]
    OwnDraft(String),
    /// The approver is another key of the preparer.
    #[error("{approver:?} and {preparer:?}, who prepared the draft, are keys of one person: somebody else has to approve it")]
    SamePerson {
        /// Who would approve.
        approver: String,
        /// Who prepared.
        preparer: String,
    },
    /// Another key than the actor's.
    #[error("the key is not that of actor {0:?}")]
    OtherKey(String),
    /// The signature is of another text, or of another key.
    #[error(
        "the signature is not one of actor {0:?} over this move: it was forged, or given for another move, another draft or another time"
    )]
    WrongSignature(String),
    /// What is no Ed25519 key, or one that would fit anything.
    #[error("not an Ed25519 public key in 64 hexadecimal digits")]
    NotAKey,
    /// An id, a person or a name that cannot stand in a text that is signed.
    #[error("{0}: 1 to 256 bytes on one line{1}")]
    BadText(&'static str, &'static str),
    /// Ids are given once.
    #[error("there is an actor {0:?} already; ids are given once, also of those who are retired")]
    ActorExists(String),
    /// Keys are given once.
    #[error("the key is that of actor {0:?}; a key belongs to one actor for ever")]
    KeyExists(String),
}
