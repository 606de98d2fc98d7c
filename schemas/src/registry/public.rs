//! Public text: one canonical NDJSON line per record, without anything private.
//!
//! The order of fields and the form of every value are fixed; what is archived in this form stays readable forever.

mod tax;

use super::record::{Agreement, Consent, Membership, Mid, Party, Platform, Platforms, Price, Threshold, Uses, Work, WorkShares};
use super::state::{Entry, Tables};
use crate::{Instant, Rate};
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// Appends the line of every record: kinds in an order in which whatever is named stands before, each kind by its key.
pub(super) fn write_tables(tables: &Tables, out: &mut Vec<u8>) {
    write_all(&tables.platforms, "platform", platform, out);
    write_all(&tables.mids, "mid", mid, out);
    write_all(&tables.parties, "party", party, out);
    write_all(&tables.agreements, "agreement", agreement, out);
    write_all(&tables.memberships, "membership", membership, out);
    write_all(&tables.works, "work", work, out);
    write_all(&tables.consents, "consent", consent, out);
    write_all(&tables.residences, "residence", tax::residence, out);
    write_all(&tables.withholdings, "withholding", tax::withholding, out);
    write_all(&tables.certificates, "certificate", tax::certificate, out);
    write_all(&tables.successors, "successor", tax::successor, out);
    write_all(&tables.quotes, "exchange_rate", tax::quote, out);
}

fn write_all<'a, T, L: Serialize>(entries: &'a [Entry<T>], kind: &'static str, fields: impl Fn(&'a T) -> L, out: &mut Vec<u8>) {
    for entry in entries {
        let line = Line { line: entry.place.line, kind, fields: &fields(&entry.value) };
        serde_json::to_writer(&mut *out, &line).expect("writing text to memory cannot fail");
        out.push(b'\n');
    }
}

#[derive(Serialize)]
struct Line<'a, T> {
    line: u64,
    kind: &'static str,
    #[serde(flatten)]
    fields: &'a T,
}

/// Written as its `Display` text.
struct Shown<T>(T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0)
    }
}

fn shown(instant: Option<Instant>) -> Option<Shown<Instant>> {
    instant.map(Shown)
}

/// `"*"`, or a list.
#[derive(Serialize)]
#[serde(untagged)]
enum AllOr<T> {
    All(&'static str),
    Listed(T),
}

fn uses(uses: Uses) -> AllOr<Vec<&'static str>> {
    match uses {
        Uses::All => AllOr::All("*"),
        Uses::Listed(set) => AllOr::Listed(set.iter().map(crate::Use::as_str).collect()),
    }
}

#[derive(Serialize)]
struct PlatformLine<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_id: Option<&'a str>,
    default_labour_share: Shown<Rate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rates: Vec<RateLine<'a>>,
    consent_default: &'static str,
}

#[derive(Serialize)]
struct RateLine<'a> {
    #[serde(rename = "use")]
    use_: &'static str,
    unit: &'a str,
    price: Shown<crate::Money>,
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Shown<Instant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Shown<Instant>>,
}

fn platform(it: &Platform) -> PlatformLine<'_> {
    PlatformLine {
        id: &it.id,
        name: it.name.as_deref(),
        legal_id: it.legal_id.as_deref(),
        default_labour_share: Shown(it.default_labour_share),
        rates: it.rates.iter().map(|(use_, price)| rate(use_.as_str(), price)).collect(),
        consent_default: if it.denies_by_default { "deny" } else { "allow" },
    }
}

fn rate<'a>(use_: &'static str, it: &'a Price) -> RateLine<'a> {
    RateLine { use_, unit: &it.unit, price: Shown(it.price), currency: it.currency.code(), from: shown(it.from), to: shown(it.to) }
}

#[derive(Serialize)]
struct MidLine<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jurisdiction: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_id: Option<&'a str>,
    fee: Shown<Rate>,
    currency: &'static str,
    recovery_cap: Shown<Rate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    thresholds: Vec<ThresholdLine<'a>>,
}

#[derive(Serialize)]
struct ThresholdLine<'a> {
    method: &'a str,
    currency: &'static str,
    amount: Shown<crate::Money>,
}

fn mid(it: &Mid) -> MidLine<'_> {
    MidLine {
        id: &it.id,
        name: it.name.as_deref(),
        legal_id: it.legal_id.as_deref(),
        jurisdiction: it.jurisdiction.as_deref(),
        registration_id: it.registration_id.as_deref(),
        fee: Shown(it.fee),
        currency: it.currency.code(),
        recovery_cap: Shown(it.recovery_cap),
        thresholds: it.thresholds.iter().map(threshold).collect(),
    }
}

fn threshold(it: &Threshold) -> ThresholdLine<'_> {
    ThresholdLine { method: &it.method, currency: it.currency.code(), amount: Shown(it.amount) }
}

#[derive(Serialize)]
struct PartyLine<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    party_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payout: Option<PayoutLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_sha256: Option<String>,
}

#[derive(Serialize)]
struct PayoutLine<'a> {
    method: &'a str,
    currency: &'static str,
}

fn party(it: &Party) -> PartyLine<'_> {
    let payout = it.payout.as_ref().map(|payout| PayoutLine { method: &payout.method, currency: payout.currency.code() });
    PartyLine { id: &it.id, party_type: it.party_type.as_str(), payout, private_sha256: it.private_sha256.map(hex::encode) }
}

#[derive(Serialize)]
struct AgreementLine<'a> {
    id: &'a str,
    platform: &'a str,
    mid: &'a str,
    uses: AllOr<Vec<&'static str>>,
    labour_share: Shown<Rate>,
    currency: &'static str,
    on_shortfall: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Shown<Instant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Shown<Instant>>,
}

fn agreement(it: &Agreement) -> AgreementLine<'_> {
    AgreementLine {
        id: &it.id,
        platform: &it.platform,
        mid: &it.mid,
        uses: uses(it.uses),
        labour_share: Shown(it.labour_share),
        currency: it.currency.code(),
        on_shortfall: it.on_shortfall.as_str(),
        from: shown(it.validity.from),
        to: shown(it.validity.to),
    }
}

#[derive(Serialize)]
struct MembershipLine<'a> {
    party: &'a str,
    mid: &'a str,
    platforms: AllOr<&'a [Box<str>]>,
    uses: AllOr<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Shown<Instant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Shown<Instant>>,
}

fn membership(it: &Membership) -> MembershipLine<'_> {
    let platforms = match &it.platforms {
        Platforms::All => AllOr::All("*"),
        Platforms::Listed(listed) => AllOr::Listed(&**listed),
    };
    let (from, to) = (shown(it.validity.from), shown(it.validity.to));
    MembershipLine { party: &it.party, mid: &it.mid, platforms, uses: uses(it.uses), from, to }
}

#[derive(Serialize)]
struct WorkLine<'a> {
    id: &'a str,
    parties: Vec<PartLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Shown<Instant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Shown<Instant>>,
}

#[derive(Serialize)]
struct PartLine<'a> {
    party: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<Shown<Rate>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<u32>,
}

fn work(it: &Work) -> WorkLine<'_> {
    let parties = match &it.parties {
        WorkShares::Shares(shares) => {
            shares.iter().map(|(party, share)| PartLine { party, share: Some(Shown(*share)), weight: None }).collect()
        }
        WorkShares::Weights(weights) => {
            weights.iter().map(|(party, weight)| PartLine { party, share: None, weight: Some(*weight) }).collect()
        }
    };
    let (from, to) = (shown(it.validity.from), shown(it.validity.to));
    WorkLine { id: &it.id, parties, content_hash: it.content_hash.as_deref(), from, to }
}

#[derive(Serialize)]
struct ConsentLine<'a> {
    party: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    work: Option<&'a str>,
    platform: &'a str,
    #[serde(rename = "use")]
    use_: &'static str,
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Shown<Instant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Shown<Instant>>,
}

fn consent(it: &Consent) -> ConsentLine<'_> {
    ConsentLine {
        party: &it.party,
        work: it.work.as_deref(),
        platform: it.platform.as_deref().unwrap_or("*"),
        use_: it.use_.map_or("*", crate::Use::as_str),
        decision: if it.denies { "n" } else { "y" },
        from: shown(it.validity.from),
        to: shown(it.validity.to),
    }
}
