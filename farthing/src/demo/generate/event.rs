//! Usage events as platforms write them.

use super::MONTH_START_MICROS;
use farthing_schemas::Instant;
use serde::Serialize;
use std::collections::BTreeMap;

/// One event; its fields are in the order of the contract.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    pub specversion: &'static str,
    pub id: String,
    pub source: &'static str,
    #[serde(rename = "type")]
    pub event_type: String,
    pub time: String,
    pub data: Data,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Data {
    Usage(Usage),
    Reversal(Reversal),
}

#[derive(Clone, Debug, Serialize)]
pub struct Usage {
    pub platform: &'static str,
    pub model: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub usage: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revenue: Option<Revenue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<Attribution>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Revenue {
    pub amount: String,
    pub currency: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub struct Attribution {
    pub method: &'static str,
    pub method_version: &'static str,
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transform: Option<&'static str>,
    pub entries: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unattributed: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    #[serde(flatten)]
    pub reference: Reference,
    pub weight: Weight,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    Party(String),
    Work(String),
}

/// A weight as a JSON number or as decimal text.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Weight {
    Whole(u64),
    Text(String),
}

#[derive(Clone, Debug, Serialize)]
pub struct Reversal {
    pub platform: &'static str,
    pub reverses: Identity,
    pub reason: &'static str,
}

/// What an event is known by, with its platform.
#[derive(Clone, Debug, Serialize)]
pub struct Identity {
    pub source: &'static str,
    pub id: String,
}

/// The event type of a use, or of a reversal.
pub fn type_of(use_: &str) -> String {
    format!("farthing.usage.{use_}.v1")
}

/// That many milliseconds into the month.
pub fn time_of(millis: u64) -> String {
    let micros = i64::try_from(millis).unwrap_or(0).saturating_mul(1_000);
    Instant::from_micros(MONTH_START_MICROS.saturating_add(micros)).to_string()
}

impl Event {
    /// An event that takes another one back.
    pub fn reversal(of: &Event, platform: &'static str, time: String) -> Event {
        let reverses = Identity { source: of.source, id: of.id.clone() };
        Event {
            specversion: "1.0",
            id: format!("rev-{}", of.id),
            source: of.source,
            event_type: type_of("reversal"),
            time,
            data: Data::Reversal(Reversal { platform, reverses, reason: "refunded to the customer" }),
        }
    }

    /// What was used; none for a reversal.
    pub fn usage_mut(&mut self) -> Option<&mut Usage> {
        match &mut self.data {
            Data::Usage(usage) => Some(usage),
            Data::Reversal(_) => None,
        }
    }

    pub fn platform(&self) -> &'static str {
        match &self.data {
            Data::Usage(usage) => usage.platform,
            Data::Reversal(reversal) => reversal.platform,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_month() {
        assert_eq!(time_of(0), "2026-10-01T00:00:00.000000Z");
        assert_eq!(time_of(86_400_001), "2026-10-02T00:00:00.001000Z");
    }
}
