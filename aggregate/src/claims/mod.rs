//! Claims: money that no draft settles and that has found its way, in suspense until now or unlicensed and paid for.
//!
//! A usage event has lines that wait: in suspense, or unlicensed. A claim takes some of them away, whole, and gives new ones in their
//! place: to the party that answers now, or to the owners of a work. What it gives may wait in its turn, and be claimed again. So what
//! an event's lines are is a function of the event, of the registry that it was metered with, and of the claims upon it in their order:
//! nothing else is kept.
//!
//! - The gross of what is given is that of what is taken, to the unit; labour only grows, by a higher share and by being rounded up.
//! - Membership, agreement and work are those in force at the event's time, else at the claim's, by the registry of the claim. Consent is
//!   judged as at the event's time.
//! - The share is the agreement's, or that of the line that waited, if that is higher.
//! - Unlicensed use becomes payable by a claim that names a payment for it, and by nothing else; the consent is not asked again.

mod event;
mod id;
mod keyed;
#[cfg(test)]
mod tests;

pub use event::{ClaimLine, Waiting};
pub use id::ClaimId;
pub use keyed::keyed;

use crate::again::AgainError;
use crate::lines_table::NamedLine;
use crate::{LineMaker, Reference};
use event::Circumstance;
use farthing_schemas::event::{Body, Event, Usage};
use farthing_schemas::registry::Registry;
use farthing_schemas::{Currency, Cycle, Instant, ReferenceKind, Status};

/// What a claim asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// What is in suspense for a party or a work.
    Suspense {
        /// Which of both.
        kind: ReferenceKind,
        /// Its id.
        reference: String,
    },
    /// What is unlicensed of a party, and paid for.
    Unlicensed {
        /// The party.
        party: String,
        /// Who has paid for it.
        platform: String,
        /// The currency, if only one is meant.
        currency: Option<Currency>,
        /// The month of the events' own time, if only one is meant.
        month: Option<Cycle>,
        /// The MID to which it was paid, if that is known: what another one answers for stays.
        mid: Option<String>,
    },
}

/// A claim, with the registry by which it was made.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// What it asks for.
    pub asked: &'a Asked,
    /// The registry in force when it was made.
    pub registry: &'a Registry,
    /// When it was made.
    pub at: Instant,
}

/// What a claim does to one event's lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// The lines that it takes away.
    pub taken: Vec<ClaimLine>,
    /// What it gives in their place.
    pub given: Vec<ClaimLine>,
}

impl Asked {
    /// The status of what it takes.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Asked::Suspense { .. } => Status::Suspense,
            Asked::Unlicensed { .. } => Status::Unlicensed,
        }
    }

    /// Whose lines it takes.
    #[must_use]
    pub fn reference(&self) -> (ReferenceKind, &str) {
        match self {
            Asked::Suspense { kind, reference } => (*kind, reference),
            Asked::Unlicensed { party, .. } => (ReferenceKind::Party, party),
        }
    }

    /// Whether it means what a platform owes in that currency for the use of that month.
    #[must_use]
    pub fn covers(&self, of: &str, in_currency: Currency, own: Cycle) -> bool {
        match self {
            Asked::Suspense { .. } => true,
            Asked::Unlicensed { platform, currency, month, .. } => {
                platform == of && currency.is_none_or(|currency| currency == in_currency) && month.is_none_or(|month| month == own)
            }
        }
    }

    /// Whether one of the lines that `maker` has just made of an event is what it asks for.
    #[must_use]
    pub fn concerns(&self, maker: &LineMaker, registry: &Registry, usage: &Usage<'_>) -> bool {
        let wanted = self.reference();
        let is_its = |reference: Reference| match reference {
            Reference::Nobody => false,
            Reference::Party(party) => wanted == (ReferenceKind::Party, registry.party_id(party)),
            Reference::Unknown(kind, entry) => wanted == (kind, &*usage.attribution.entries[entry].reference),
        };
        maker.lines().iter().any(|line| line.status == self.status() && is_its(line.reference))
    }
}

impl Moved {
    /// Whether there was nothing to take, or nobody to give it to.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.taken.is_empty()
    }

    /// The MID whose cycles decide on lines without a MID: of those that are given something, the lowest in byte order; empty if there is none.
    #[must_use]
    pub fn with(&self) -> &str {
        self.given.iter().map(|line| line.mid.as_str()).filter(|mid| !mid.is_empty()).min().unwrap_or_default()
    }

    /// All of it as result lines of an event: what is taken with its sign turned, then what is given; each with the MID whose cycles
    /// decide on it.
    ///
    /// # Errors
    /// [`AgainError::Refused`] for the one amount that has no opposite.
    pub fn named(&self, event: &Event<'_>, currency: Currency) -> Result<Vec<(String, NamedLine)>, AgainError> {
        let use_ = usage_of(event)?.use_;
        let name = |line: &ClaimLine| (self.cycles_of(line).to_owned(), line.named(&event.platform, use_, currency));
        let taken = self.taken.iter().map(|line| {
            let (by, named) = name(line);
            let opposite = |amount: farthing_schemas::Money| amount.negated().map_err(crate::Refused::from);
            Ok((by, NamedLine { gross: opposite(named.gross)?, labour: opposite(named.labour)?, ..named }))
        });
        taken.chain(self.given.iter().map(|line| Ok(name(line)))).collect()
    }

    fn cycles_of<'l>(&'l self, line: &'l ClaimLine) -> &'l str {
        if line.mid.is_empty() { self.with() } else { &line.mid }
    }
}

/// What the last of some claims moves, of an event upon which the others were made before, in this order.
///
/// # Errors
/// [`AgainError`], if the event was never metered so.
pub fn moved(maker: &mut LineMaker, then: &Registry, event: &Event<'_>, claims: &[Claim<'_>]) -> Result<(Moved, Currency), AgainError> {
    let (mut waiting, outcome) = Waiting::of(maker, then, event)?;
    let usage = usage_of(event)?;
    let mut last = Moved::default();
    for claim in claims {
        let at = Circumstance::of(claim, event, usage, outcome.currency).ok_or(AgainError::Unknown("platform"))?;
        last = waiting.answer(at)?;
    }
    Ok((last, outcome.currency))
}

fn usage_of<'e, 'a>(event: &'e Event<'a>) -> Result<&'e Usage<'a>, AgainError> {
    match &event.body {
        Body::Usage(usage) => Ok(usage),
        Body::Reversal(_) => Err(AgainError::Reversal),
    }
}
