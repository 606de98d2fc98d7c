//! Registry records as they are written: one struct per kind, with the fields that the demo uses.

use serde::Serialize;

/// A record of the registry.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record<'a> {
    Platform(Platform),
    Mid(Mid),
    Agreement(Agreement),
    Party(Party<'a>),
    Membership(Membership<'a>),
    Work(Work<'a>),
    Consent(Consent<'a>),
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Platform {
    pub id: &'static str,
    pub name: &'static str,
    pub legal_id: &'static str,
    pub default_labour_share: &'static str,
    #[serde(skip_serializing_if = "<[Price]>::is_empty")]
    pub rates: &'static [Price],
    pub consent_default: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Price {
    #[serde(rename = "use")]
    pub use_: &'static str,
    pub unit: &'static str,
    pub price: &'static str,
    pub currency: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Mid {
    pub id: &'static str,
    pub name: &'static str,
    pub legal_id: &'static str,
    pub jurisdiction: &'static str,
    pub registration_id: &'static str,
    pub fee: &'static str,
    pub currency: &'static str,
    pub thresholds: &'static [Threshold],
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Threshold {
    pub method: &'static str,
    pub currency: &'static str,
    pub amount: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Agreement {
    pub id: &'static str,
    pub platform: &'static str,
    pub mid: &'static str,
    pub uses: &'static [&'static str],
    pub labour_share: &'static str,
    pub currency: &'static str,
    pub on_shortfall: &'static str,
    pub from: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Party<'a> {
    pub id: &'a str,
    pub name: String,
    #[serde(rename = "type")]
    pub party_type: &'static str,
    pub identifiers: [Identifier; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payout: Option<Payout>,
}

#[derive(Debug, Serialize)]
pub struct Identifier {
    pub scheme: &'static str,
    pub value: String,
}

#[derive(Debug, Serialize)]
pub struct Payout {
    pub method: &'static str,
    pub currency: &'static str,
    pub account: String,
}

#[derive(Debug, Serialize)]
pub struct Membership<'a> {
    pub party: &'a str,
    pub mid: &'static str,
    pub platforms: Platforms,
    pub uses: &'static str,
    pub from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Platforms {
    All(&'static str),
    These(&'static [&'static str]),
}

#[derive(Debug, Serialize)]
pub struct Work<'a> {
    pub id: &'a str,
    pub parties: Vec<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub struct Part {
    pub party: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

#[derive(Debug, Serialize)]
pub struct Consent<'a> {
    pub party: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<&'a str>,
    pub platform: &'static str,
    #[serde(rename = "use")]
    pub use_: &'static str,
    pub decision: &'static str,
    pub from: &'static str,
}
