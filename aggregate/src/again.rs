//! Computing an archived event's lines again: for reversals, for verification, for whoever checks.

use crate::columns::ColumnError;
use crate::fold::{LineKey, Sums, Target};
use crate::{LineMaker, Reference, Refused};
use farthing_schemas::ReferenceKind;
use farthing_schemas::event::{Body, Event};
use farthing_schemas::registry::Registry;
use std::collections::HashMap;

/// A reference that the registry does not know, as events name it.
pub type UnknownReference = (ReferenceKind, String);

/// A batch's table of unknown references: what [`Target::Unknown`] stands for.
#[derive(Debug, Default)]
pub struct UnknownTable {
    references: Vec<UnknownReference>,
    places: HashMap<UnknownReference, u32>,
}

impl UnknownTable {
    /// The place of a reference, which is new or known.
    pub fn place(&mut self, reference: UnknownReference) -> u32 {
        if let Some(place) = self.places.get(&reference) {
            return *place;
        }
        let place = u32::try_from(self.references.len()).expect("a batch holds fewer than 2^32 references");
        self.references.push(reference.clone());
        self.places.insert(reference, place);
        place
    }

    /// The references by place.
    #[must_use]
    pub fn references(&self) -> &[UnknownReference] {
        &self.references
    }

    /// The references by place, for keeping.
    #[must_use]
    pub fn into_references(self) -> Vec<UnknownReference> {
        self.references
    }
}

/// Why lines cannot be computed again.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// The event is a reversal: it has no lines of its own.
    #[error("the original of a reversal is itself a reversal")]
    Reversal,
    /// A name is not in the registry version that it was metered with, or not in the later one.
    #[error("{0} is not in the registry version that it must be in")]
    Unknown(&'static str),
    /// The row is not of the table's schema.
    #[error(transparent)]
    Columns(#[from] ColumnError),
    /// It would be rejected now, or its amounts cannot be held.
    #[error("an archived event is refused when it is computed again")]
    Refused(#[from] Refused),
}

/// The lines of a usage event under the registry `then` that it was metered with, keyed by the registry `today` of a batch.
///
/// Nothing is ever deleted from a registry, so all that was known then is known today.
///
/// # Errors
/// [`AgainError`], if the event was never metered so.
pub fn lines_again(
    maker: &mut LineMaker,
    then: &Registry,
    today: &Registry,
    event: &Event<'_>,
    unknown: &mut UnknownTable,
) -> Result<Vec<(LineKey, Sums)>, AgainError> {
    let Body::Usage(usage) = &event.body else { return Err(AgainError::Reversal) };
    let platform_then = then.platform(&event.platform).ok_or(AgainError::Unknown("platform"))?;
    let platform = today.platform(&event.platform).ok_or(AgainError::Unknown("platform"))?;
    let outcome = maker.make(then, platform_then, usage, event.time)?;
    let mut lines = Vec::with_capacity(maker.lines().len());
    for line in maker.lines() {
        let target = match line.reference {
            Reference::Nobody => Target::Nobody,
            Reference::Party(party) => Target::Party(today.party(then.party_id(party)).ok_or(AgainError::Unknown("party"))?),
            Reference::Unknown(kind, entry) => {
                Target::Unknown(unknown.place((kind, usage.attribution.entries[entry].reference.to_string())))
            }
        };
        let agreement = match line.agreement {
            None => None,
            Some(agreement) => Some(today.agreement(then.agreement_id(agreement)).ok_or(AgainError::Unknown("agreement"))?),
        };
        let (own, currency) = (event.time.cycle(), outcome.currency);
        let key = LineKey { agreement, target, platform, undoes: None, own, currency, use_: usage.use_, status: line.status };
        lines.push((key, Sums { gross: line.gross, labour: line.labour }));
    }
    Ok(lines)
}

/// The lines that undo `lines`, whose event stands in `batch`.
///
/// # Errors
/// [`Refused::Overflow`] for the one amount that has no opposite.
pub fn negated(lines: Vec<(LineKey, Sums)>, batch: u64) -> Result<Vec<(LineKey, Sums)>, Refused> {
    let negate = |(key, sums): (LineKey, Sums)| {
        let sums = Sums { gross: sums.gross.negated()?, labour: sums.labour.negated()? };
        Ok((LineKey { undoes: Some(batch), ..key }, sums))
    };
    lines.into_iter().map(negate).collect()
}
