//! Computing an archived event's lines again: for reversals, for verification, for whoever checks.

use crate::fold::{LineKey, Sums, Target, Terms, UnknownTable};
use crate::{LineMaker, Outcome, Reference, Refused};
use farthing_schemas::event::{Body, Event};
use farthing_schemas::money::MoneyError;
use farthing_schemas::registry::Registry;

/// Why lines cannot be computed again.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// The event is a reversal: it has no lines of its own.
    #[error("the original of a reversal is itself a reversal")]
    Reversal,
    /// A name is not in the registry version that it was metered with, or not in the later one.
    #[error("{0} is not in the registry version that it must be in")]
    Unknown(&'static str),
    /// It would be rejected now, or its amounts cannot be held.
    #[error("an archived event is refused when it is computed again")]
    Refused(#[from] Refused),
}

/// What a usage event comes to under the registry `then` that it was metered with, with its lines keyed by the registry `today` of a batch.
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
) -> Result<(Outcome, Vec<(LineKey, Sums)>), AgainError> {
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
                Target::Unknown(unknown.number((kind, usage.attribution.entries[entry].reference.to_string())))
            }
        };
        let mid_then = line.agreement.map(|agreement| then.agreement_terms(agreement).mid);
        let agreement =
            line.agreement.map(|it| today.agreement(then.agreement_id(it)).ok_or(AgainError::Unknown("agreement"))).transpose()?;
        let mid = mid_then.map(|it| today.mid(then.mid_id(it)).ok_or(AgainError::Unknown("MID"))).transpose()?;
        let (own, currency) = (event.time.cycle(), outcome.currency);
        let terms = Terms { agreement, mid, platform, undoes: None, claimed: None, own, currency, use_: usage.use_, status: line.status };
        lines.push((LineKey { target, terms }, Sums { gross: line.gross, labour: line.labour }));
    }
    Ok((outcome, lines))
}

/// The lines that bring back what a reversal has undone, of an event that stands in `batch`: they cancel the reversal's in the same terms.
#[must_use]
pub fn restored(lines: Vec<(LineKey, Sums)>, batch: u64) -> Vec<(LineKey, Sums)> {
    let restore = |(key, sums): (LineKey, Sums)| (LineKey { terms: Terms { undoes: Some(batch), ..key.terms }, ..key }, sums);
    lines.into_iter().map(restore).collect()
}

/// The lines that undo `lines`, whose event stands in `batch`.
///
/// # Errors
/// [`MoneyError::Overflow`] for the one amount that has no opposite.
pub fn negated(lines: Vec<(LineKey, Sums)>, batch: u64) -> Result<Vec<(LineKey, Sums)>, MoneyError> {
    let negate = |(key, sums): (LineKey, Sums)| {
        let sums = Sums { gross: sums.gross.negated()?, labour: sums.labour.negated()? };
        Ok((LineKey { terms: Terms { undoes: Some(batch), ..key.terms }, ..key }, sums))
    };
    lines.into_iter().map(negate).collect()
}
