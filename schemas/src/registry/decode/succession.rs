//! Records about who comes after a party.

use super::values;
use crate::Rate;
use crate::rate::MILLION;
use crate::registry::json::{Fault, Object};
use crate::registry::succession::Successor;
use std::collections::HashSet;

pub(super) fn successor(object: &mut Object<'_>) -> Option<Successor> {
    let party = object.required("party", values::id);
    let from = object.required("from", values::instant);
    let heirs = object.required_objects("heirs", heir);
    let (party, heirs) = (party?, heirs?);
    check_heirs(object, &party, &heirs);
    Some(Successor { party, from: from?, heirs: in_order(heirs) })
}

type Heir = (Box<str>, Rate);

fn heir(object: &mut Object<'_>) -> Option<Heir> {
    let party = object.required("party", values::id);
    let share = object.required("share", values::rate);
    if share == Some(Rate::default()) {
        object.fault("share", Fault::new("is 0: who gets nothing is no heir"));
    }
    Some((party?, share?))
}

fn check_heirs(object: &mut Object<'_>, party: &str, heirs: &[Heir]) {
    if heirs.is_empty() {
        return object.fault("heirs", Fault::new("is empty"));
    }
    let mut seen = HashSet::new();
    for (at, (heir, _)) in heirs.iter().enumerate() {
        if **heir == *party {
            object.fault(&format!("heirs[{at}].party"), Fault::new("is the party itself, which it comes after"));
        }
        if !seen.insert(heir) {
            object.fault(&format!("heirs[{at}].party"), Fault::new("stands twice among these heirs"));
        }
    }
    let sum: u64 = heirs.iter().map(|(_, share)| u64::from(share.millionths())).sum();
    if sum != u64::from(MILLION) {
        let (whole, rest) = (sum / u64::from(MILLION), sum % u64::from(MILLION));
        object.fault("heirs", Fault::new(format!("has shares that sum to {whole}.{rest:06}, not 1")));
    }
}

/// The order of ids, so that a record is the same in whatever order its heirs came.
fn in_order(mut heirs: Vec<Heir>) -> Box<[Heir]> {
    heirs.sort_by(|one, two| one.0.cmp(&two.0));
    heirs.into()
}
