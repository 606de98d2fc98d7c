//! [`decode`]: one line of structured-mode CloudEvents JSON to an [`Event`].
//!
//! The fields of an object may stand in any order, so each object is first collected and then judged. `data` alone depends on
//! something outside it, the `type`: where it stands before that, it is passed over and read afterwards.

use super::Event;
use super::data::{self, Data};
use super::fields::{Fault, Fields, IDENTITY, Key, fault, keys, missing};
use super::json::{Cursor, Shape, Value, malformed};
use crate::{Code, Instant, Rejection, Use};
use std::ops::Range;

/// The most bytes that an event may have, without its line end: 1 MiB.
pub const EVENT_BYTES_MAX: usize = 1 << 20;

keys! {
    /// The CloudEvents attributes.
    EnvelopeKey {
        SpecVersion = b"specversion", "specversion";
        Id = b"id", "id";
        Source = b"source", "source";
        Type = b"type", "type";
        Time = b"time", "time";
        Data = b"data", "data";
    }
}

type Envelope<'a> = Fields<'a, EnvelopeKey, { EnvelopeKey::COUNT }>;

/// What the `type` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventType {
    Usage(Use),
    Reversal,
}

/// Decodes one event, without its line end. What it returns borrows from `bytes`, except for texts with escapes.
///
/// ```
/// use farthing_schemas::{Code, event::decode};
/// assert_eq!(decode(b"{").map_err(|rejection| rejection.code), Err(Code::MalformedJson));
/// assert_eq!(decode(b"{}").map_err(|rejection| rejection.code), Err(Code::NotCloudevent));
/// ```
///
/// # Errors
/// A [`Rejection`] with each code that can be told from the event alone, except `weights_exceed_one`.
pub fn decode(bytes: &[u8]) -> Result<Event<'_>, Rejection> {
    if bytes.len() > EVENT_BYTES_MAX {
        return Err(Rejection::new(Code::TooLarge, format!("the event has {} bytes, more than {EVENT_BYTES_MAX}", bytes.len())));
    }
    let text = utf8(bytes)?;
    // Reading stops at the first fault; if the rest is not even JSON, that is the fault to name, whichever came first.
    read(text).map_err(|found| *malformed(text).unwrap_or(found))
}

/// Where the events of a batch (`application/cloudevents-batch+json`: a JSON array) stand in its bytes.
///
/// ```
/// use farthing_schemas::event::batch;
/// assert_eq!(batch(b"[{}, {} ]"), Ok(vec![1..3, 5..7]));
/// assert!(batch(b"[{},]").is_err() && batch(b"{}").is_err());
/// ```
///
/// # Errors
/// `malformed_json` or `not_cloudevent`, for the whole batch.
pub fn batch(bytes: &[u8]) -> Result<Vec<Range<usize>>, Rejection> {
    let text = utf8(bytes)?;
    events_of(text).map_err(|found| *malformed(text).unwrap_or(found))
}

fn events_of(text: &str) -> Result<Vec<Range<usize>>, Fault> {
    let mut cursor = Cursor::new(text);
    if cursor.shape() != Shape::Array {
        return Err(fault(Code::NotCloudevent, "the batch is not a JSON array"));
    }
    let mut events = Vec::new();
    cursor.elements(|cursor, _| {
        let length = cursor.skip()?.len();
        events.push(cursor.passed() - length..cursor.passed());
        Ok(())
    })?;
    cursor.finish()?;
    Ok(events)
}

/// Whether bytes are one JSON value and nothing else.
///
/// # Errors
/// `malformed_json`
pub fn well_formed(bytes: &[u8]) -> Result<(), Rejection> {
    malformed(utf8(bytes)?).map_or(Ok(()), |found| Err(*found))
}

fn utf8(bytes: &[u8]) -> Result<&str, Rejection> {
    std::str::from_utf8(bytes)
        .map_err(|error| Rejection::new(Code::MalformedJson, format!("the line is not UTF-8 at byte {}", error.valid_up_to())))
}

fn read(text: &str) -> Result<Event<'_>, Fault> {
    let mut cursor = Cursor::new(text);
    if cursor.shape() != Shape::Object {
        return Err(fault(Code::NotCloudevent, "the event is not a JSON object"));
    }
    let mut envelope = Envelope::new();
    let mut found = FoundData::Missing;
    cursor.fields(|cursor, key| match key {
        EnvelopeKey::Data => {
            found = find_data(cursor, &mut envelope)?;
            Ok(())
        }
        _ => envelope.read(cursor, key),
    })?;
    cursor.finish()?;
    judge(envelope, found)
}

/// `data` as far as it could be read where it stands.
#[expect(clippy::large_enum_variant, reason = "there is one, on the stack; a box would be an allocation for each event")]
enum FoundData<'a> {
    Missing,
    Read(Data<'a>),
    BeforeType(&'a str),
}

fn find_data<'a>(cursor: &mut Cursor<'a>, envelope: &mut Envelope<'a>) -> Result<FoundData<'a>, Fault> {
    if !envelope.opens(cursor, EnvelopeKey::Data, Shape::Object)? {
        return Ok(FoundData::Missing);
    }
    match envelope.get(EnvelopeKey::Type) {
        Some(Value::Text(name)) => data::read(cursor, event_type(&name.unescaped())?).map(FoundData::Read),
        _ => cursor.skip().map(FoundData::BeforeType),
    }
}

fn judge<'a>(envelope: Envelope<'a>, found: FoundData<'a>) -> Result<Event<'a>, Fault> {
    if !matches!(envelope.get(EnvelopeKey::SpecVersion), Some(Value::Text(version)) if version.unescaped() == "1.0") {
        return Err(not_cloudevent(EnvelopeKey::SpecVersion, "is not \"1.0\""));
    }
    let identity = |key| envelope.text(key, IDENTITY)?.ok_or_else(|| not_cloudevent(key, "is missing"));
    let (id, source) = (identity(EnvelopeKey::Id)?, identity(EnvelopeKey::Source)?);
    let event_type = match envelope.get(EnvelopeKey::Type) {
        None => return Err(not_cloudevent(EnvelopeKey::Type, "is missing")),
        Some(Value::Text(name)) => event_type(&name.unescaped())?,
        Some(_) => return Err(unknown_type("something that is not a string")),
    };
    let time = instant(EnvelopeKey::Time, envelope.get(EnvelopeKey::Time))?.ok_or_else(|| missing(EnvelopeKey::Time))?;
    let data = match found {
        FoundData::Missing => return Err(missing(EnvelopeKey::Data)),
        FoundData::Read(data) => data,
        FoundData::BeforeType(text) => data::read(&mut Cursor::new(text), event_type)?,
    };
    let Data { platform, model, output, body } = data;
    Ok(Event { source, id, time, platform, model, output, body })
}

fn event_type(name: &str) -> Result<EventType, Fault> {
    let word = name.strip_prefix("farthing.usage.").and_then(|rest| rest.strip_suffix(".v1"));
    match word {
        Some("reversal") => Ok(EventType::Reversal),
        Some(word) => word.parse().map(EventType::Usage).map_err(|_| unknown_type(name)),
        None => Err(unknown_type(name)),
    }
}

#[cold]
fn unknown_type(name: &str) -> Fault {
    let shown: String = name.chars().take(64).collect();
    fault(Code::UnknownType, format!("type is {shown:?}, not farthing.usage.{{inference,retrieval,citation,training,reversal}}.v1"))
}

#[cold]
fn not_cloudevent(key: EnvelopeKey, what: &str) -> Fault {
    fault(Code::NotCloudevent, format!("{} {what}", key.path()))
}

/// The time that stands at `key`, if any.
pub(super) fn instant(key: impl Key, value: Option<Value<'_>>) -> Result<Option<Instant>, Fault> {
    let bad = |why: &dyn std::fmt::Display| fault(Code::BadTime, format!("{}: {why}", key.path()));
    match value {
        None => Ok(None),
        Some(Value::Text(text)) => text.unescaped().parse().map(Some).map_err(|error| bad(&error)),
        Some(_) => Err(bad(&"not a string")),
    }
}
