//! Records about what one currency is worth in another.

use super::values;
use crate::registry::exchange::Quote;
use crate::registry::json::{Fault, Object};

pub(super) fn quote(object: &mut Object<'_>) -> Option<Quote> {
    let from = object.required("from", values::currency);
    let to = object.required("to", values::currency);
    let rate = object.required("rate", values::exchange_rate);
    let source = object.required("source", values::line);
    let time = object.required("time", values::instant);
    if from.is_some() && from == to {
        object.fault("to", Fault::new("is the currency itself"));
    }
    Some(Quote { from: from?, to: to?, rate: rate?, source: source?, time: time? })
}
