//! Drafts and moves as JSON: one canonical text for each, so that a hash names it.
//!
//! Canonical is compact, in the order of the fields here. To check a draft by hand, cut `"draft_sha256":"...",` out of its text and
//! take the SHA-256 of the bytes that remain. The domain's types know nothing of JSON: their twins here do. A field that is added
//! takes a default where an older text is read.

use crate::draft::{
    AdjustmentLine, AgreementLine, Draft, Exchanged, HoldKind, HoldLine, Inheritance, Line, PlatformLine, ReturnedLine, TaxLine, Totals,
    UndoneLine,
};
use crate::error::SettleError;
use crate::hashing::{Hashed, PORTION_BYTES, sha256_of_json};
use crate::input::{Quote, Tax};
use crate::moves::{Move, WhyCarried};
use crate::unsealed::Unsealed;
use farthing_schemas::{Currency, Cycle, ExchangeRate, Instant, Money, Rate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Write};

/// More than most lines take.
const LINE_BYTES: usize = 512;

const ALWAYS_A_TEXT: &str = "strings, numbers and lists of them always have a JSON text";

impl Draft {
    /// The canonical JSON: equal drafts, equal bytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Room for all of it at once: a long text that grows is copied again and again.
        let mut text = Vec::with_capacity(LINE_BYTES * (1 + self.lines.len()));
        self.write_json(&mut text).expect(ALWAYS_A_TEXT);
        String::from_utf8(text).expect("JSON is UTF-8")
    }

    /// Writes [`Draft::to_json`]'s text, in many small pieces: it is never there as a whole.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json(&self, out: impl Write) -> io::Result<()> {
        Ok(serde_json::to_writer(out, &Outgoing(self))?)
    }

    /// Reads [`Draft::to_json`]'s text, with or without a line end after it.
    ///
    /// # Errors
    /// [`SettleError::NotADraft`] for another text, [`SettleError::Changed`] for one that is not what its hash names.
    pub fn from_json(text: &str) -> Result<Draft, SettleError> {
        Draft::read_json(text.trim_end().as_bytes())
    }

    /// Reads [`Draft::write_json`]'s text as it comes, through to its end.
    ///
    /// # Errors
    /// As for [`Draft::from_json`]; and where `text` fails, [`SettleError::NotADraft`] with that failure as its source.
    pub fn read_json(text: impl Read) -> Result<Draft, SettleError> {
        let mut text = BufReader::with_capacity(PORTION_BYTES, Unsealed::of(text));
        let Incoming(draft) = serde_json::from_reader(&mut text)?;
        let sha256 = text.into_inner().sha256();
        if sha256 == draft.draft_sha256 { Ok(draft) } else { Err(SettleError::Changed(draft.draft_sha256)) }
    }

    /// Gives the draft the SHA-256 of its canonical JSON without this field.
    #[must_use]
    pub(crate) fn sealed(mut self) -> Draft {
        self.draft_sha256.clear();
        self.draft_sha256 = self.text_sha256();
        self
    }

    /// SHA-256 of [`Draft::to_json`]'s text as a whole, in hex, without that text.
    #[must_use]
    pub fn text_sha256(&self) -> String {
        sha256_of_json(&Outgoing(self))
    }
}

/// The moves, one JSON object a line: what [`Draft::moves_sha256`] is taken of, so that a draft holds to how it came about.
#[must_use]
pub fn moves_to_ndjson(moves: &[Move]) -> String {
    moves.iter().map(|entry| text_of(&MoveTwin::of(entry)) + "\n").collect()
}

/// SHA-256 of [`moves_to_ndjson`]'s text, in hex, without that text.
pub(crate) fn moves_sha256(moves: &[Move]) -> String {
    let mut hashed = Hashed::new();
    for entry in moves {
        hashed.json(&MoveTwin::of(entry));
        hashed.text("\n");
    }
    hashed.sha256()
}

fn text_of<T: Serialize>(wire: &T) -> String {
    serde_json::to_string(wire).expect(ALWAYS_A_TEXT)
}

#[derive(Serialize)]
struct Outgoing<'a>(#[serde(with = "DraftTwin")] &'a Draft);

#[derive(Deserialize)]
struct Incoming(#[serde(with = "DraftTwin")] Draft);

#[derive(Serialize)]
struct MoveTwin {
    step: &'static str,
    rule: String,
    from: String,
    to: String,
    amount: String,
}

impl MoveTwin {
    fn of(entry: &Move) -> MoveTwin {
        let (rule, from, to) = (entry.rule.to_string(), entry.from.to_string(), entry.to.to_string());
        MoveTwin { step: entry.step.as_str(), rule, from, to, amount: entry.amount.to_string() }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Draft")]
struct DraftTwin {
    #[serde(with = "text")]
    cycle: Cycle,
    mid: String,
    #[serde(with = "text")]
    currency: Currency,
    refused: bool,
    /// Empty only while it is being computed.
    #[serde(skip_serializing_if = "String::is_empty")]
    draft_sha256: String,
    #[serde(flatten, with = "TotalsTwin")]
    totals: Totals,
    #[serde(with = "amount")]
    fee_kept: Money,
    registry_version: u64,
    #[serde(with = "text")]
    fee_rate: Rate,
    preview: bool,
    without: BTreeSet<String>,
    moves_sha256: String,
    #[serde(with = "agreements")]
    agreements: Vec<AgreementLine>,
    #[serde(with = "platforms")]
    platforms: Vec<PlatformLine>,
    #[serde(with = "undone")]
    undone: Vec<UndoneLine>,
    #[serde(with = "adjustments", default, skip_serializing_if = "Vec::is_empty")]
    adjustments: Vec<AdjustmentLine>,
    #[serde(with = "holds", default, skip_serializing_if = "Vec::is_empty")]
    holds: Vec<HoldLine>,
    #[serde(with = "returned", default, skip_serializing_if = "Vec::is_empty")]
    returned: Vec<ReturnedLine>,
    #[serde(with = "taxes", default, skip_serializing_if = "Vec::is_empty")]
    taxes: Vec<TaxLine>,
    #[serde(with = "inheritances", default, skip_serializing_if = "Vec::is_empty")]
    inheritances: Vec<Inheritance>,
    #[serde(with = "lines")]
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Totals")]
struct TotalsTwin {
    #[serde(with = "amount")]
    gross: Money,
    #[serde(with = "amount")]
    labour: Money,
    #[serde(with = "amount")]
    fee: Money,
    #[serde(with = "amount")]
    net: Money,
    #[serde(with = "amount")]
    true_up: Money,
    #[serde(with = "amount")]
    paid: Money,
    #[serde(with = "amount")]
    carried: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "AgreementLine")]
struct AgreementTwin {
    agreement: String,
    platform: String,
    #[serde(with = "amount")]
    gross: Money,
    #[serde(with = "amount")]
    net: Money,
    holds: bool,
    #[serde(with = "amount")]
    true_up: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PlatformLine")]
struct PlatformTwin {
    platform: String,
    #[serde(with = "amount")]
    gross: Money,
    #[serde(with = "amount")]
    net: Money,
    #[serde(with = "amount")]
    gross_all: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "UndoneLine")]
struct UndoneTwin {
    #[serde(with = "text")]
    cycle: Cycle,
    agreement: String,
    party: String,
    #[serde(with = "amount")]
    gross: Money,
    #[serde(with = "amount")]
    labour: Money,
    #[serde(with = "amount")]
    fee: Money,
    #[serde(with = "amount")]
    net: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "AdjustmentLine")]
struct AdjustmentTwin {
    number: u64,
    #[serde(with = "text")]
    cycle: Cycle,
    party: String,
    #[serde(with = "amount")]
    amount: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "HoldLine")]
struct HoldTwin {
    number: u64,
    #[serde(with = "HoldKindTwin", default, skip_serializing_if = "is_dispute")]
    kind: HoldKind,
    party: String,
    #[serde(with = "amount")]
    held: Money,
    #[serde(with = "amount")]
    lifted: Money,
    #[serde(with = "amount")]
    outstanding: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "HoldKind", rename_all = "snake_case")]
enum HoldKindTwin {
    Dispute,
    Reserve,
}

fn is_dispute(kind: &HoldKind) -> bool {
    *kind == HoldKind::Dispute
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ReturnedLine")]
struct ReturnedTwin {
    payment: String,
    party: String,
    #[serde(with = "amount")]
    amount: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TaxLine")]
struct TaxLineTwin {
    party: String,
    #[serde(flatten, with = "TaxTwin")]
    tax: Tax,
    #[serde(with = "amount")]
    base: Money,
    #[serde(with = "amount")]
    withheld: Money,
    #[serde(with = "amount", default, skip_serializing_if = "is_nothing")]
    untaxed: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Tax")]
struct TaxTwin {
    jurisdiction: String,
    withholding: String,
    certificate: Option<String>,
    #[serde(with = "text")]
    rate: Rate,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Inheritance")]
struct InheritanceTwin {
    party: String,
    heir: String,
    #[serde(with = "text")]
    share: Rate,
    #[serde(with = "amount")]
    amount: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Line")]
struct LineTwin {
    party: String,
    #[serde(with = "amount")]
    gross: Money,
    #[serde(with = "amount")]
    labour: Money,
    #[serde(with = "amount")]
    fee: Money,
    #[serde(with = "amount")]
    net: Money,
    #[serde(with = "amount")]
    true_up: Money,
    #[serde(with = "amount", default, skip_serializing_if = "is_nothing")]
    adjusted: Money,
    #[serde(with = "amount")]
    held: Money,
    #[serde(with = "amount")]
    lifted: Money,
    #[serde(with = "amount")]
    withheld: Money,
    #[serde(with = "amount", default, skip_serializing_if = "is_nothing")]
    inherited: Money,
    #[serde(with = "amount", default, skip_serializing_if = "is_nothing")]
    passed_on: Money,
    #[serde(with = "amount")]
    recovered: Money,
    #[serde(with = "amount")]
    carried_in: Money,
    #[serde(with = "amount")]
    paid: Money,
    #[serde(with = "exchanged::boxed", default, skip_serializing_if = "Option::is_none")]
    exchanged: Option<Box<Exchanged>>,
    #[serde(with = "amount")]
    carried_out: Money,
    #[serde(with = "why")]
    why_carried: Option<WhyCarried>,
}

/// A list whose elements are written by their twin.
macro_rules! list {
    ($module:ident, $line:ident, $twin:literal) => {
        mod $module {
            use super::*;
            use serde::{Deserializer, Serializer};

            #[derive(Serialize)]
            struct Outgoing<'a>(#[serde(with = $twin)] &'a $line);

            #[derive(Deserialize)]
            struct Incoming(#[serde(with = $twin)] $line);

            pub fn serialize<S: Serializer>(lines: &[$line], out: S) -> Result<S::Ok, S::Error> {
                out.collect_seq(lines.iter().map(Outgoing))
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<$line>, D::Error> {
                Ok(Vec::<Incoming>::deserialize(from)?.into_iter().map(|Incoming(line)| line).collect())
            }
        }
    };
}

list!(agreements, AgreementLine, "AgreementTwin");
list!(platforms, PlatformLine, "PlatformTwin");
list!(undone, UndoneLine, "UndoneTwin");
list!(adjustments, AdjustmentLine, "AdjustmentTwin");
list!(holds, HoldLine, "HoldTwin");
list!(returned, ReturnedLine, "ReturnedTwin");
list!(taxes, TaxLine, "TaxLineTwin");
list!(inheritances, Inheritance, "InheritanceTwin");
list!(lines, Line, "LineTwin");

/// Whether an amount is left out of a text, as a figure that came later than the form: older texts do not have it.
pub(crate) fn is_nothing(amount: &Money) -> bool {
    *amount == Money::ZERO
}

/// What comes out of an exchange, flat; there is none where the field is missing.
pub(crate) mod exchanged {
    use super::*;
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ExchangedTwin {
        #[serde(with = "text")]
        currency: Currency,
        #[serde(with = "amount")]
        amount: Money,
        #[serde(with = "text")]
        rate: ExchangeRate,
        source: String,
        #[serde(with = "text")]
        time: Instant,
    }

    pub fn serialize<S: Serializer>(exchanged: &Option<Exchanged>, out: S) -> Result<S::Ok, S::Error> {
        of(exchanged.as_ref(), out)
    }

    fn of<S: Serializer>(exchanged: Option<&Exchanged>, out: S) -> Result<S::Ok, S::Error> {
        let twin = exchanged.cloned().map(|Exchanged { currency, amount, quote: Quote { rate, source, time } }| ExchangedTwin {
            currency,
            amount,
            rate,
            source,
            time,
        });
        twin.serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Exchanged>, D::Error> {
        let twin = Option::<ExchangedTwin>::deserialize(from)?;
        Ok(twin.map(|ExchangedTwin { currency, amount, rate, source, time }| Exchanged {
            currency,
            amount,
            quote: Quote { rate, source, time },
        }))
    }

    /// The same of one that has a place of its own.
    pub(crate) mod boxed {
        use super::*;

        pub fn serialize<S: Serializer>(exchanged: &Option<Box<Exchanged>>, out: S) -> Result<S::Ok, S::Error> {
            of(exchanged.as_deref(), out)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<Exchanged>>, D::Error> {
            Ok(super::deserialize(from)?.map(Box::new))
        }
    }
}

/// An amount as a string with a sign and 12 fractional digits.
pub(crate) mod amount {
    use farthing_schemas::Money;
    use farthing_schemas::money::from_stored_text;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(amount: &Money, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(amount)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Money, D::Error> {
        from_stored_text(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A cycle, currency or rate as its text.
pub(crate) mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::fmt::Display;
    use std::str::FromStr;

    pub fn serialize<T: Display, S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(value)
    }

    pub fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// Why something is carried, as its name or `null`.
pub(crate) mod why {
    use crate::moves::WhyCarried;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(why: &Option<WhyCarried>, out: S) -> Result<S::Ok, S::Error> {
        why.map(WhyCarried::as_str).serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<WhyCarried>, D::Error> {
        let Some(name) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let found = WhyCarried::ALL.into_iter().find(|why| why.as_str() == name);
        found.map(Some).ok_or_else(|| D::Error::custom(format!("{name:?} is no reason to carry")))
    }
}
