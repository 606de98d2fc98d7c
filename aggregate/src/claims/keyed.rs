//! What a claim moves, keyed for the sums of a batch.

use super::Moved;
use crate::again::AgainError;
use crate::fold::{Claimed, LineKey, Sums, Target, Terms, UnknownTable};
use crate::lines_table::NamedLine;
use farthing_schemas::ReferenceKind;
use farthing_schemas::event::Event;
use farthing_schemas::registry::Registry;

/// What a claim moves of an event, with the lines keyed by the registry `today` of a batch.
///
/// # Errors
/// [`AgainError::Unknown`] if a name is not in that registry, as all must be.
pub fn keyed(
    moved: &Moved,
    event: &Event<'_>,
    currency: farthing_schemas::Currency,
    today: &Registry,
    unknown: &mut UnknownTable,
) -> Result<Vec<(LineKey, Sums)>, AgainError> {
    let platform = today.platform(&event.platform).ok_or(AgainError::Unknown("platform"))?;
    let mut lines = Vec::new();
    for (by, NamedLine { key, gross, labour, .. }) in moved.named(event, currency)? {
        let named = |id: &str| if id.is_empty() { Ok(None) } else { today.mid(id).map(Some).ok_or(AgainError::Unknown("MID")) };
        let agreement = match key.agreement.as_str() {
            "" => None,
            id => Some(today.agreement(id).ok_or(AgainError::Unknown("agreement"))?),
        };
        let target = match (key.reference_kind, today.party(&key.party)) {
            (Some(ReferenceKind::Party), Some(party)) => Target::Party(party),
            (kind, _) => Target::Unknown(unknown.number((kind.ok_or(AgainError::Unknown("reference"))?, key.party))),
        };
        let terms = Terms {
            agreement,
            mid: named(&key.mid)?,
            platform,
            undoes: None,
            claimed: Some(Claimed { with: named(&by)? }),
            own: event.time.cycle(),
            currency,
            use_: key.use_,
            status: key.status,
        };
        lines.push((LineKey { target, terms }, Sums { gross, labour }));
    }
    Ok(lines)
}
