//! One function per kind of record; a fault is noted in the object, and the record is then not used.

use super::{exchange, succession, tax, values};
use crate::rate::MILLION;
use crate::registry::json::{Fault, Object};
use crate::registry::private::{self, PrivateDetails};
use crate::registry::record::{
    Agreement, Body, Consent, Membership, Mid, OnShortfall, Party, PartyPayout, PartyType, Platform, Price, Threshold, Validity, Work,
    WorkShares,
};
use crate::{Currency, Instant, Rate, Use};
use std::collections::{HashMap, HashSet};

/// A quarter, unless the MID says otherwise.
const RECOVERY_CAP: Rate = match Rate::from_millionths(MILLION / 4) {
    Some(cap) => cap,
    None => unreachable!(),
};

/// Reads the fields of that kind; the second is a party's private details, if it is not public text.
pub(super) fn body(kind: &str, object: &mut Object<'_>, is_public: bool) -> Option<(Body, Option<PrivateDetails>)> {
    let body = match kind {
        "platform" => Body::Platform(Box::new(platform(object)?)),
        "mid" => Body::Mid(Box::new(mid(object)?)),
        "party" if is_public => Body::Party(public_party(object)?),
        "party" => return party(object).map(|(party, private)| (Body::Party(party), Some(private))),
        "agreement" => Body::Agreement(Box::new(agreement(object)?)),
        "membership" => Body::Membership(membership(object)?),
        "work" => Body::Work(work(object)?),
        "consent" => Body::Consent(consent(object)?),
        "residence" => Body::Residence(tax::residence(object)?),
        "withholding" => Body::Withholding(tax::withholding(object)?),
        "certificate" => Body::Certificate(tax::certificate(object)?),
        "exchange_rate" => Body::Quote(exchange::quote(object)?),
        "successor" => Body::Successor(succession::successor(object)?),
        _ => {
            let kinds =
                "platform, mid, party, membership, agreement, work, consent, residence, withholding, certificate, successor, exchange_rate";
            object.fault("kind", Fault::new(format!("is none of {kinds}")));
            return None;
        }
    };
    Some((body, None))
}

/// `from` and `to`, the second after the first.
fn validity(object: &mut Object<'_>) -> Validity {
    let from = object.optional("from", values::instant);
    until(object, from)
}

/// The same, where `from` is part of what was promised.
pub(super) fn dated_validity(object: &mut Object<'_>) -> Option<Validity> {
    let from = object.required("from", values::instant);
    let validity = until(object, from);
    from.map(|_| validity)
}

fn until(object: &mut Object<'_>, from: Option<Instant>) -> Validity {
    let validity = Validity { from, to: object.optional("to", values::instant) };
    if validity.end() <= validity.start() {
        object.fault("to", Fault::new("is not after from"));
    }
    validity
}

fn platform(object: &mut Object<'_>) -> Option<Platform> {
    let id = object.required("id", values::platform_id);
    let name = object.optional("name", values::text);
    let legal_id = object.optional("legal_id", values::text);
    let default_labour_share = object.required("default_labour_share", values::labour_share);
    let rates = object.objects("rates", price).unwrap_or_default();
    let denies_by_default = object.optional("consent_default", values::word(&[("allow", false), ("deny", true)])).unwrap_or(false);
    check_currencies(object, &rates);
    check_price_overlaps(object, &rates);
    Some(Platform { id: id?, name, legal_id, default_labour_share: default_labour_share?, rates, denies_by_default })
}

fn price(object: &mut Object<'_>) -> Option<(Use, Price)> {
    let use_ = object.required("use", values::use_);
    let unit = object.required("unit", values::name);
    let price = object.required("price", values::amount);
    let currency = object.required("currency", values::currency);
    let Validity { from, to } = validity(object);
    Some((use_?, Price { unit: unit?, price: price?, currency: currency?, from, to }))
}

/// An event without revenue must be rated in one currency.
fn check_currencies(object: &mut Object<'_>, rates: &[(Use, Price)]) {
    let mut first: HashMap<Use, Currency> = HashMap::new();
    for (at, (use_, price)) in rates.iter().enumerate() {
        let currency = *first.entry(*use_).or_insert(price.currency);
        if currency != price.currency {
            object.fault(
                &format!("rates[{at}].currency"),
                Fault::new(format!("is {}, but {use_} is priced in {currency} already", price.currency)),
            );
        }
    }
}

fn check_price_overlaps(object: &mut Object<'_>, rates: &[(Use, Price)]) {
    let mut order: Vec<usize> = (0..rates.len()).collect();
    order.sort_by_key(|at| (rates[*at].0, &rates[*at].1.unit, rates[*at].1.validity().start()));
    for pair in order.windows(2) {
        let ((one_use, one), (two_use, two)) = (&rates[pair[0]], &rates[pair[1]]);
        if one_use == two_use && one.unit == two.unit && two.validity().start() < one.validity().end() {
            let (low, high) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
            object.fault(&format!("rates[{high}].from"), Fault::new(format!("overlaps rates[{low}], a price of the same unit and use")));
        }
    }
}

fn mid(object: &mut Object<'_>) -> Option<Mid> {
    let id = object.required("id", values::id);
    let name = object.optional("name", values::text);
    let legal_id = object.optional("legal_id", values::text);
    let jurisdiction = object.optional("jurisdiction", values::text);
    let registration_id = object.optional("registration_id", values::text);
    let fee = object.required("fee", values::fee);
    let currency = object.required("currency", values::currency);
    let recovery_cap = object.optional("recovery_cap", values::rate).unwrap_or(RECOVERY_CAP);
    let thresholds = object.objects("thresholds", threshold).unwrap_or_default();
    let mut seen = HashSet::new();
    for (at, threshold) in thresholds.iter().enumerate() {
        if !seen.insert((&threshold.method, threshold.currency)) {
            object.fault(&format!("thresholds[{at}].method"), Fault::new("has a threshold in this currency already"));
        }
    }
    Some(Mid { id: id?, name, legal_id, jurisdiction, registration_id, fee: fee?, currency: currency?, recovery_cap, thresholds })
}

fn threshold(object: &mut Object<'_>) -> Option<Threshold> {
    let method = object.required("method", values::name);
    let currency = object.required("currency", values::currency);
    let amount = object.required("amount", values::amount);
    Some(Threshold { method: method?, currency: currency?, amount: amount? })
}

fn public_party(object: &mut Object<'_>) -> Option<Party> {
    let id = object.required("id", values::id);
    let party_type = object.required("type", values::word(&PartyType::WORDS));
    let payout = object.object("payout", payout);
    let private_sha256 = object.optional("private_sha256", values::sha256);
    Some(Party { id: id?, party_type: party_type?, payout, private_sha256 })
}

fn payout(object: &mut Object<'_>) -> Option<PartyPayout> {
    let method = object.required("method", values::name);
    let currency = object.required("currency", values::currency);
    Some(PartyPayout { method: method?, currency: currency? })
}

/// Separates what may be archived from what may not.
fn party(object: &mut Object<'_>) -> Option<(Party, PrivateDetails)> {
    let mut parts = Vec::new();
    let name = object.optional("name", values::text);
    if let Some(name) = name {
        parts.push(("name", json_text(&name)));
    }
    if let Some(identifiers) = object.objects("identifiers", identifier).filter(|identifiers| !identifiers.is_empty()) {
        parts.push(("identifiers", format!("[{}]", identifiers.join(","))));
    }
    let id = object.required("id", values::id);
    let party_type = object.required("type", values::word(&PartyType::WORDS));
    let payout = object.object("payout", |object| {
        let payout = payout(object);
        let others = object.take_others(&["method", "currency"]);
        let mut account = String::new();
        if let Err(fault) = private::write_object(others, 0, &mut account) {
            object.fault("", fault);
        }
        if account != "{}" {
            parts.push(("payout", account));
        }
        payout
    });
    let fields: Vec<String> = parts.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let details = PrivateDetails::new(format!("{{{}}}", fields.join(",")));
    Some((Party { id: id?, party_type: party_type?, payout, private_sha256: None }, details))
}

fn identifier(object: &mut Object<'_>) -> Option<String> {
    let scheme = object.required("scheme", values::text);
    let value = object.required("value", values::text);
    Some(format!("{{\"scheme\":{},\"value\":{}}}", json_text(&scheme?), json_text(&value?)))
}

fn json_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    private::write_text(text, &mut out);
    out
}

fn agreement(object: &mut Object<'_>) -> Option<Agreement> {
    let id = object.required("id", values::id);
    let platform = object.required("platform", values::platform_id);
    let mid = object.required("mid", values::id);
    let uses = object.required("uses", values::uses);
    let labour_share = object.required("labour_share", values::labour_share);
    let currency = object.required("currency", values::currency);
    let on_shortfall = object.required("on_shortfall", values::word(&OnShortfall::WORDS));
    let validity = dated_validity(object);
    let (labour_share, currency, on_shortfall) = (labour_share?, currency?, on_shortfall?);
    Some(Agreement { id: id?, platform: platform?, mid: mid?, uses: uses?, labour_share, currency, on_shortfall, validity: validity? })
}

fn membership(object: &mut Object<'_>) -> Option<Membership> {
    let party = object.required("party", values::id);
    let mid = object.required("mid", values::id);
    let platforms = object.required("platforms", values::platforms);
    let uses = object.required("uses", values::uses);
    let validity = dated_validity(object);
    Some(Membership { party: party?, mid: mid?, platforms: platforms?, uses: uses?, validity: validity? })
}

fn work(object: &mut Object<'_>) -> Option<Work> {
    let id = object.required("id", values::id);
    let parts = object.required_objects("parties", part);
    let content_hash = object.optional("content_hash", values::text);
    let validity = validity(object);
    let parties = shares(object, parts?)?;
    Some(Work { id: id?, parties, content_hash, validity })
}

/// One owner, with exactly one of share and weight.
type Part = (Box<str>, Option<Rate>, Option<u32>);

fn part(object: &mut Object<'_>) -> Option<Part> {
    let party = object.required("party", values::id);
    let share = object.optional("share", values::rate);
    let weight = object.optional("weight", values::weight);
    match (share, weight) {
        (Some(_), Some(_)) => object.fault("weight", Fault::new("stands beside a share")),
        (None, None) if object.is_sound() => object.fault("share", Fault::new("is missing, and so is weight")),
        _ => {}
    }
    object.is_sound().then_some(())?;
    Some((party?, share, weight))
}

/// The owners in the order of their ids, so that a work is the same in whatever order they came.
fn shares(object: &mut Object<'_>, mut parts: Vec<Part>) -> Option<WorkShares> {
    let mut seen = HashSet::new();
    let doubled = parts.iter().position(|(party, ..)| !seen.insert(party));
    if let Some(at) = doubled {
        object.fault(&format!("parties[{at}].party"), Fault::new("stands twice in this work"));
    }
    let Some((_, first_share, _)) = parts.first() else {
        object.fault("parties", Fault::new("is empty"));
        return None;
    };
    let by_share = first_share.is_some();
    let mixed = parts.iter().position(|(_, share, weight)| if by_share { share.is_none() } else { weight.is_none() });
    if let Some(at) = mixed {
        object.fault(&format!("parties[{at}]"), Fault::new("mixes share and weight in one work"));
        return None;
    }
    parts.sort_by(|one, two| one.0.cmp(&two.0));
    if !by_share {
        return Some(WorkShares::Weights(parts.into_iter().filter_map(|(party, _, weight)| Some((party, weight?))).collect()));
    }
    let shares: Box<[_]> = parts.into_iter().filter_map(|(party, share, _)| Some((party, share?))).collect();
    let sum: u64 = shares.iter().map(|(_, share)| u64::from(share.millionths())).sum();
    if sum != u64::from(MILLION) {
        object.fault(
            "parties",
            Fault::new(format!("has shares that sum to {}.{:06}, not 1", sum / u64::from(MILLION), sum % u64::from(MILLION))),
        );
    }
    Some(WorkShares::Shares(shares))
}

fn consent(object: &mut Object<'_>) -> Option<Consent> {
    let party = object.required("party", values::id);
    let work = object.optional("work", values::id);
    let platform = object.optional("platform", values::one_or_all(values::platform_id)).flatten();
    let use_ = object.optional("use", values::one_or_all(values::use_)).flatten();
    let denies = object.required("decision", values::word(&[("y", false), ("n", true)]));
    let validity = validity(object);
    Some(Consent { party: party?, work, platform, use_, denies: denies?, validity })
}
