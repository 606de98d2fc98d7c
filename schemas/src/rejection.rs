//! Why an event was rejected: a [`Code`] and a sentence.

use std::borrow::Cow;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// The codes of a rejected event, as the contract names them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant),+ }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The code as it stands in the dead-letter store.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text),+ }
            }
        }
    };
}

codes! {
    /// Not JSON, not UTF-8, or a lone surrogate.
    MalformedJson = "malformed_json",
    /// `specversion`, `id`, `source` or `type` is missing or wrong.
    NotCloudevent = "not_cloudevent",
    /// The `type` is none that Farthing meters.
    UnknownType = "unknown_type",
    /// A required field is not there.
    MissingField = "missing_field",
    /// A field has a wrong type or value, or stands twice.
    BadField = "bad_field",
    /// `time` is not RFC 3339 with an offset, or outside 2000-2199.
    BadTime = "bad_time",
    /// `time` is more than 24 hours after the arrival.
    FutureTime = "future_time",
    /// `time` is before the configured limit.
    TooLate = "too_late",
    /// The platform is not in the registry.
    UnknownPlatform = "unknown_platform",
    /// The source is bound to other platforms.
    PlatformNotAllowed = "platform_not_allowed",
    /// The revenue is not an amount, or beyond the bounds of amounts.
    BadAmount = "bad_amount",
    /// The currency is not in ISO 4217.
    UnknownCurrency = "unknown_currency",
    /// No revenue, and no price for what was used.
    Unrated = "unrated",
    /// A weight is not a number within the bounds of weights.
    BadWeight = "bad_weight",
    /// A score without `linear` or `softmax`.
    ScoreWithoutTransform = "score_without_transform",
    /// Shares sum to more than 1.001.
    WeightsExceedOne = "weights_exceed_one",
    /// More than 16,384 entries.
    TooManyEntries = "too_many_entries",
    /// More than 1 MiB.
    TooLarge = "too_large",
    /// A reversal of what is not there, is itself a reversal, or is reversed already.
    UnknownOriginal = "unknown_original",
    /// The identity was metered before with other content.
    IdentityConflict = "identity_conflict",
}

impl std::fmt::Display for Code {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.as_str())
    }
}

/// A code and a sentence that names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {sentence}")]
pub struct Rejection {
    /// What kind of fault.
    pub code: Code,
    /// What exactly, for whoever emits the event.
    pub sentence: Cow<'static, str>,
}

impl Rejection {
    /// A rejection with that code and sentence.
    pub fn new(code: Code, sentence: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection { code, sentence: sentence.into() }
    }
}
