//! Records about taxes, about who comes after a party, and about what currencies are worth.

use super::{Shown, shown};
use crate::registry::exchange::Quote;
use crate::registry::succession::Successor;
use crate::registry::tax::{Certificate, Country, Residence, Withholding};
use crate::{ExchangeRate, Instant, Rate};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct ResidenceLine<'a> {
    party: &'a str,
    country: Shown<Country>,
    from: Option<Shown<Instant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Shown<Instant>>,
}

pub(super) fn residence(it: &Residence) -> ResidenceLine<'_> {
    ResidenceLine { party: &it.party, country: Shown(it.country), from: shown(it.validity.from), to: shown(it.validity.to) }
}

#[derive(Serialize)]
pub(super) struct WithholdingLine<'a> {
    id: &'a str,
    jurisdiction: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    residence: Option<Shown<Country>>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    party_type: Option<&'static str>,
    rate: Shown<Rate>,
    from: Option<Shown<Instant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Shown<Instant>>,
}

pub(super) fn withholding(it: &Withholding) -> WithholdingLine<'_> {
    WithholdingLine {
        id: &it.id,
        jurisdiction: &it.jurisdiction,
        residence: it.residence.map(Shown),
        party_type: it.party_type.map(crate::registry::PartyType::as_str),
        rate: Shown(it.rate),
        from: shown(it.validity.from),
        to: shown(it.validity.to),
    }
}

#[derive(Serialize)]
pub(super) struct CertificateLine<'a> {
    party: &'a str,
    jurisdiction: &'a str,
    rate: Shown<Rate>,
    reference: &'a str,
    from: Option<Shown<Instant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Shown<Instant>>,
}

pub(super) fn certificate(it: &Certificate) -> CertificateLine<'_> {
    let (from, to) = (shown(it.validity.from), shown(it.validity.to));
    CertificateLine { party: &it.party, jurisdiction: &it.jurisdiction, rate: Shown(it.rate), reference: &it.reference, from, to }
}

#[derive(Serialize)]
pub(super) struct SuccessorLine<'a> {
    party: &'a str,
    from: Shown<Instant>,
    heirs: Vec<HeirLine<'a>>,
}

#[derive(Serialize)]
struct HeirLine<'a> {
    party: &'a str,
    share: Shown<Rate>,
}

pub(super) fn successor(it: &Successor) -> SuccessorLine<'_> {
    let heirs = it.heirs.iter().map(|(party, share)| HeirLine { party, share: Shown(*share) }).collect();
    SuccessorLine { party: &it.party, from: Shown(it.from), heirs }
}

#[derive(Serialize)]
pub(super) struct QuoteLine<'a> {
    from: &'static str,
    to: &'static str,
    rate: Shown<ExchangeRate>,
    source: &'a str,
    time: Shown<Instant>,
}

pub(super) fn quote(it: &Quote) -> QuoteLine<'_> {
    QuoteLine { from: it.from.code(), to: it.to.code(), rate: Shown(it.rate), source: &it.source, time: Shown(it.time) }
}
