//! Usage events: what one CloudEvent says, borrowed from its bytes.
//!
//! [`decode`] reads one, [`encode`] writes one. `json/event.schema.json` says the same to other languages, as far as JSON Schema can.

mod attribution;
mod data;
mod decode;
mod encode;
mod fields;
mod json;
mod scan;

pub use attribution::ENTRIES_MAX;
pub use decode::{EVENT_BYTES_MAX, batch, decode, well_formed};
pub use encode::encode;

use crate::{Currency, Instant, Money, ReferenceKind, Use, Weight};
use std::borrow::Cow;

/// A valid event, as far as that can be told without the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// CloudEvents `source`.
    pub source: Cow<'a, str>,
    /// CloudEvents `id`.
    pub id: Cow<'a, str>,
    /// When the platform did it.
    pub time: Instant,
    /// Who owes for it.
    pub platform: Cow<'a, str>,
    /// Which model, as the platform names it.
    pub model: Option<Cow<'a, str>>,
    /// Which output, as the platform names it.
    pub output: Option<Cow<'a, str>>,
    /// What was done.
    pub body: Body<'a>,
}

/// A use, or the reversal of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// Contributions were used.
    Usage(Usage<'a>),
    /// An earlier event is undone.
    Reversal(Reversal<'a>),
}

/// What was used and what it earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage<'a> {
    /// The kind of use.
    pub use_: Use,
    /// Counts per unit, in the order they came.
    pub counts: Vec<(Cow<'a, str>, u64)>,
    /// The revenue as given; none if it is to be rated.
    pub revenue: Option<(Money, Currency)>,
    /// Who contributed.
    pub attribution: Attribution<'a>,
}

/// Which references an event used, with weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution<'a> {
    /// How the weights were found, for statements.
    pub method: Option<Cow<'a, str>>,
    /// The version of the method.
    pub method_version: Option<Cow<'a, str>>,
    /// What the weights mean.
    pub kind: AttributionKind,
    /// The references, in the order they came.
    pub entries: Vec<Entry<'a>>,
    /// The share of nobody, between 0 and 1, if given.
    pub unattributed: Option<Weight>,
}

/// What the weights of an attribution mean; a score comes with its transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributionKind {
    /// Shares of the whole.
    Share,
    /// Scores, used as they are.
    ScoreLinear,
    /// Scores, through `exp(weight - highest)`.
    ScoreSoftmax,
    /// Ranks from 1, through `1 / rank`.
    Rank,
    /// Counts of citations.
    CitationCount,
}

impl AttributionKind {
    /// The word for `attribution.kind`.
    #[must_use]
    pub const fn kind_str(self) -> &'static str {
        match self {
            AttributionKind::Share => "share",
            AttributionKind::ScoreLinear | AttributionKind::ScoreSoftmax => "score",
            AttributionKind::Rank => "rank",
            AttributionKind::CitationCount => "citation_count",
        }
    }

    /// The word for `attribution.transform`, where the kind needs one.
    #[must_use]
    pub const fn transform_str(self) -> Option<&'static str> {
        match self {
            AttributionKind::ScoreLinear => Some("linear"),
            AttributionKind::ScoreSoftmax => Some("softmax"),
            _ => None,
        }
    }
}

/// One reference with its weight and evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Whether the reference names a party or a work.
    pub kind: ReferenceKind,
    /// The id, 1 to 256 bytes.
    pub reference: Cow<'a, str>,
    /// Its weight, before any transform.
    pub weight: Weight,
    /// Hash of the content that was used.
    pub content_hash: Option<Cow<'a, str>>,
    /// What part the contribution played.
    pub role: Option<Cow<'a, str>>,
    /// Proof of consent.
    pub consent_receipt: Option<Cow<'a, str>>,
}

/// Which event is undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal<'a> {
    /// The original's `source`.
    pub source: Cow<'a, str>,
    /// The original's `id`.
    pub id: Cow<'a, str>,
    /// The original's time, as a hint where to look.
    pub time: Option<Instant>,
    /// Why, for statements.
    pub reason: Option<Cow<'a, str>>,
}
