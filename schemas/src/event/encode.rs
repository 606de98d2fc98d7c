//! [`encode`]: an [`Event`] as one line of CloudEvents JSON, for load generators, examples and tests.

use super::{Attribution, Body, Entry, Event, Reversal, Usage};
use crate::ReferenceKind;
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// Writes the event in its canonical form: no spaces, fields in the contract's order, amounts and weights as strings.
///
/// Decoding it gives the same event again.
#[must_use]
pub fn encode(event: &Event<'_>) -> String {
    serde_json::to_string(&WireEvent::of(event)).expect("texts and numbers under text keys are always JSON")
}

#[derive(Serialize)]
struct WireEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    event_type: String,
    time: String,
    data: WireData<'a>,
}

#[derive(Serialize)]
struct WireData<'a> {
    platform: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
    #[serde(flatten)]
    body: WireBody<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WireBody<'a> {
    Usage(WireUsage<'a>),
    Reversal(WireReversal<'a>),
}

#[derive(Serialize)]
struct WireUsage<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "counts")]
    usage: &'a [(Cow<'a, str>, u64)],
    #[serde(skip_serializing_if = "Option::is_none")]
    revenue: Option<WireRevenue>,
    attribution: WireAttribution<'a>,
}

#[derive(Serialize)]
struct WireRevenue {
    amount: String,
    currency: &'static str,
}

#[derive(Serialize)]
struct WireAttribution<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method_version: Option<&'a str>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    transform: Option<&'static str>,
    entries: Vec<WireEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unattributed: Option<String>,
}

#[derive(Serialize)]
struct WireEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work: Option<&'a str>,
    weight: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent_receipt: Option<&'a str>,
}

#[derive(Serialize)]
struct WireReversal<'a> {
    reverses: WireOriginal<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct WireOriginal<'a> {
    source: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
}

impl<'a> WireEvent<'a> {
    fn of(event: &'a Event<'_>) -> WireEvent<'a> {
        let (word, body) = match &event.body {
            Body::Usage(usage) => (usage.use_.as_str(), WireBody::Usage(WireUsage::of(usage))),
            Body::Reversal(reversal) => ("reversal", WireBody::Reversal(WireReversal::of(reversal))),
        };
        WireEvent {
            specversion: "1.0",
            id: &event.id,
            source: &event.source,
            event_type: format!("farthing.usage.{word}.v1"),
            time: event.time.to_string(),
            data: WireData { platform: &event.platform, model: event.model.as_deref(), output: event.output.as_deref(), body },
        }
    }
}

impl<'a> WireUsage<'a> {
    fn of(usage: &'a Usage<'_>) -> WireUsage<'a> {
        let revenue = usage.revenue.map(|(amount, currency)| WireRevenue { amount: amount.to_string(), currency: currency.code() });
        WireUsage { usage: &usage.counts, revenue, attribution: WireAttribution::of(&usage.attribution) }
    }
}

impl<'a> WireAttribution<'a> {
    fn of(attribution: &'a Attribution<'_>) -> WireAttribution<'a> {
        WireAttribution {
            method: attribution.method.as_deref(),
            method_version: attribution.method_version.as_deref(),
            kind: attribution.kind.kind_str(),
            transform: attribution.kind.transform_str(),
            entries: attribution.entries.iter().map(WireEntry::of).collect(),
            unattributed: attribution.unattributed.map(|weight| weight.to_string()),
        }
    }
}

impl<'a> WireEntry<'a> {
    fn of(entry: &'a Entry<'_>) -> WireEntry<'a> {
        let reference = |kind| (entry.kind == kind).then_some(entry.reference.as_ref());
        WireEntry {
            party: reference(ReferenceKind::Party),
            work: reference(ReferenceKind::Work),
            weight: entry.weight.to_string(),
            content_hash: entry.content_hash.as_deref(),
            role: entry.role.as_deref(),
            consent_receipt: entry.consent_receipt.as_deref(),
        }
    }
}

impl<'a> WireReversal<'a> {
    fn of(reversal: &'a Reversal<'_>) -> WireReversal<'a> {
        WireReversal {
            reverses: WireOriginal { source: &reversal.source, id: &reversal.id, time: reversal.time.map(|time| time.to_string()) },
            reason: reversal.reason.as_deref(),
        }
    }
}

fn counts<S: Serializer>(counts: &[(Cow<'_, str>, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(unit, count)| (unit, count)))
}
