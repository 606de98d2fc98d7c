//! Records about taxes.

use super::kinds::dated_validity;
use super::values;
use crate::registry::json::Object;
use crate::registry::record::PartyType;
use crate::registry::tax::{Certificate, Residence, Withholding};

pub(super) fn residence(object: &mut Object<'_>) -> Option<Residence> {
    let party = object.required("party", values::id);
    let country = object.required("country", values::country);
    let validity = dated_validity(object);
    Some(Residence { party: party?, country: country?, validity: validity? })
}

pub(super) fn withholding(object: &mut Object<'_>) -> Option<Withholding> {
    let id = object.required("id", values::id);
    let jurisdiction = object.required("jurisdiction", values::line);
    let residence = object.optional("residence", values::one_or_all(values::country)).flatten();
    let party_type = object.optional("type", values::one_or_all(values::word(&PartyType::WORDS))).flatten();
    // Who withheld all would pay nobody.
    let rate = object.required("rate", values::fee);
    let validity = dated_validity(object);
    Some(Withholding { id: id?, jurisdiction: jurisdiction?, residence, party_type, rate: rate?, validity: validity? })
}

pub(super) fn certificate(object: &mut Object<'_>) -> Option<Certificate> {
    let party = object.required("party", values::id);
    let jurisdiction = object.required("jurisdiction", values::line);
    let rate = object.required("rate", values::fee);
    let reference = object.required("reference", values::line);
    let validity = dated_validity(object);
    Some(Certificate { party: party?, jurisdiction: jurisdiction?, rate: rate?, reference: reference?, validity: validity? })
}
