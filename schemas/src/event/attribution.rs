//! `data.attribution`: which references an event used, with weights.

use super::fields::{ANY, Fault, Fields, IDENTITY, Key, SHORT, fault, keys, missing, wrong};
use super::json::{Cursor, Shape, Value};
use super::{Attribution, AttributionKind, Entry};
use crate::weight::NotAWeight;
use crate::{Code, ReferenceKind, Weight};
use std::borrow::Cow;

/// The most entries that an attribution may have.
pub const ENTRIES_MAX: usize = 16_384;

keys! {
    /// `data.attribution`
    AttributionKey {
        Method = b"method", "data.attribution.method";
        MethodVersion = b"method_version", "data.attribution.method_version";
        Kind = b"kind", "data.attribution.kind";
        Transform = b"transform", "data.attribution.transform";
        Entries = b"entries", "data.attribution.entries";
        Unattributed = b"unattributed", "data.attribution.unattributed";
    }
}

keys! {
    /// One of `data.attribution.entries`; the entry's number is put before the sentence.
    EntryKey {
        Party = b"party", "party";
        Work = b"work", "work";
        Weight = b"weight", "weight";
        ContentHash = b"content_hash", "content_hash";
        Role = b"role", "role";
        ConsentReceipt = b"consent_receipt", "consent_receipt";
    }
}

/// Reads the object that comes next.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Attribution<'a>, Fault> {
    let mut fields = Fields::<AttributionKey, { AttributionKey::COUNT }>::new();
    let mut found = None;
    cursor.fields(|cursor, key| {
        match key {
            AttributionKey::Entries if fields.opens(cursor, key, Shape::Array)? => found = Some(entries(cursor)?),
            AttributionKey::Entries => {}
            _ => fields.read(cursor, key)?,
        }
        Ok(())
    })?;
    let kind = kind(&fields)?;
    let entries = found.ok_or_else(|| missing(AttributionKey::Entries))?;
    if kind == AttributionKind::Rank {
        ranks(&entries)?;
    }
    Ok(Attribution {
        method: fields.text(AttributionKey::Method, ANY)?,
        method_version: fields.text(AttributionKey::MethodVersion, ANY)?,
        kind,
        entries,
        unattributed: unattributed(fields.get(AttributionKey::Unattributed))?,
    })
}

fn kind(fields: &Fields<'_, AttributionKey, { AttributionKey::COUNT }>) -> Result<AttributionKind, Fault> {
    let kind = fields.required_text(AttributionKey::Kind, SHORT)?;
    match kind.as_ref() {
        "share" => Ok(AttributionKind::Share),
        "rank" => Ok(AttributionKind::Rank),
        "citation_count" => Ok(AttributionKind::CitationCount),
        "score" => match fields.get(AttributionKey::Transform) {
            Some(Value::Text(transform)) if transform.unescaped() == "linear" => Ok(AttributionKind::ScoreLinear),
            Some(Value::Text(transform)) if transform.unescaped() == "softmax" => Ok(AttributionKind::ScoreSoftmax),
            _ => {
                let sentence = "data.attribution.transform is neither \"linear\" nor \"softmax\", and the kind is score";
                Err(fault(Code::ScoreWithoutTransform, sentence))
            }
        },
        _ => Err(wrong(AttributionKey::Kind, "is not share, score, rank or citation_count")),
    }
}

fn unattributed(value: Option<Value<'_>>) -> Result<Option<Weight>, Fault> {
    let Some(value) = value else { return Ok(None) };
    let weight = weight(AttributionKey::Unattributed, value)?;
    if (Weight::ZERO..=Weight::ONE).contains(&weight) {
        Ok(Some(weight))
    } else {
        Err(bad_weight(AttributionKey::Unattributed, &"not from 0 to 1"))
    }
}

fn entries<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Entry<'a>>, Fault> {
    let mut entries = Vec::with_capacity(8);
    cursor.elements(|cursor, index| {
        if index >= ENTRIES_MAX {
            return Err(fault(Code::TooManyEntries, format!("data.attribution.entries has more than {ENTRIES_MAX}")));
        }
        match cursor.attempt(|cursor| usual_entry(cursor, &mut entries)) {
            Some(()) => Ok(()),
            None => entry(cursor, &mut entries).map_err(|found| at(index, found)),
        }
    })?;
    Ok(entries)
}

#[cold]
fn at(index: usize, found: Fault) -> Fault {
    match found.code {
        Code::MalformedJson => found,
        code => fault(code, format!("data.attribution.entries[{index}]: {}", found.sentence)),
    }
}

/// A reference of ASCII characters and then a weight, with nothing else: the form of most entries, read without [`Fields`]. All others,
/// and what is wrong with one, are for [`entry`].
#[inline(always)]
fn usual_entry<'a>(cursor: &mut Cursor<'a>, entries: &mut Vec<Entry<'a>>) -> Option<()> {
    let kind = match cursor.key_behind(b'{')? {
        EntryKey::Party => ReferenceKind::Party,
        EntryKey::Work => ReferenceKind::Work,
        _ => return None,
    };
    let reference = cursor.plain_text().filter(|text| is_graphic(text) && IDENTITY.holds(text.len()))?;
    let EntryKey::Weight = cursor.key_behind(b',')? else { return None };
    let weight = cursor.plain_number().or_else(|| cursor.plain_text())?.parse().ok()?;
    if !cursor.passes(b'}') {
        return None;
    }
    let reference = Cow::Borrowed(reference);
    entries.push(Entry { kind, reference, weight, content_hash: None, role: None, consent_receipt: None });
    Some(())
}

fn entry<'a>(cursor: &mut Cursor<'a>, entries: &mut Vec<Entry<'a>>) -> Result<(), Fault> {
    if cursor.shape() != Shape::Object {
        return Err(fault(Code::BadField, "is not an object"));
    }
    let mut fields = Fields::<EntryKey, { EntryKey::COUNT }>::new();
    cursor.fields(|cursor, key| fields.read(cursor, key))?;
    let (kind, reference) = reference(&fields)?;
    let value = fields.get(EntryKey::Weight).ok_or_else(|| missing(EntryKey::Weight))?;
    let weight = weight(EntryKey::Weight, value)?;
    let content_hash = fields.text(EntryKey::ContentHash, ANY)?;
    let role = fields.text(EntryKey::Role, ANY)?;
    let consent_receipt = fields.text(EntryKey::ConsentReceipt, ANY)?;
    entries.push(Entry { kind, reference, weight, content_hash, role, consent_receipt });
    Ok(())
}

fn reference<'a>(fields: &Fields<'a, EntryKey, { EntryKey::COUNT }>) -> Result<(ReferenceKind, Cow<'a, str>), Fault> {
    let party = fields.text(EntryKey::Party, IDENTITY)?;
    let work = fields.text(EntryKey::Work, IDENTITY)?;
    let (kind, key, reference) = match (party, work) {
        (Some(party), None) => (ReferenceKind::Party, EntryKey::Party, party),
        (None, Some(work)) => (ReferenceKind::Work, EntryKey::Work, work),
        _ => return Err(fault(Code::BadField, "not exactly one of party and work")),
    };
    if is_plain(&reference) { Ok((kind, reference)) } else { Err(wrong(key, "has white space or control characters")) }
}

fn is_plain(reference: &str) -> bool {
    is_graphic(reference) || !reference.chars().any(|character| character.is_whitespace() || character.is_control())
}

fn is_graphic(text: &str) -> bool {
    text.bytes().fold(true, |graphic, byte| graphic & byte.is_ascii_graphic())
}

fn weight(key: impl Key, value: Value<'_>) -> Result<Weight, Fault> {
    let text = match value {
        Value::Text(text) => text.unescaped(),
        Value::Number(text) => Cow::Borrowed(text),
        _ => return Err(bad_weight(key, &"neither a number nor a string")),
    };
    text.parse().map_err(|error: NotAWeight| bad_weight(key, &error))
}

#[cold]
fn bad_weight(key: impl Key, why: &dyn std::fmt::Display) -> Fault {
    fault(Code::BadWeight, format!("{}: {why}", key.path()))
}

/// `rank` is `1 / weight`, which only whole numbers from 1 have.
fn ranks(entries: &[Entry<'_>]) -> Result<(), Fault> {
    let is_rank = |weight: Weight| weight > Weight::ZERO && weight.units() % Weight::ONE.units() == 0;
    match entries.iter().position(|entry| !is_rank(entry.weight)) {
        None => Ok(()),
        Some(index) => Err(at(index, bad_weight(EntryKey::Weight, &"not a whole number from 1, and the kind is rank"))),
    }
}
