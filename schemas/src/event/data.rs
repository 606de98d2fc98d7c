//! The `data` of an event: what was used and earned, or which event is undone.

use super::attribution;
use super::decode::{EventType, instant};
use super::fields::{ANY, Fault, Fields, IDENTITY, Key, SHORT, fault, keys, missing, wrong};
use super::json::{Cursor, Shape, Value};
use super::{Attribution, Body, Reversal, Usage};
use crate::{Code, Currency, Money, Use};
use std::borrow::Cow;

/// What `data` says.
pub(super) struct Data<'a> {
    pub(super) platform: Cow<'a, str>,
    pub(super) model: Option<Cow<'a, str>>,
    pub(super) output: Option<Cow<'a, str>>,
    pub(super) body: Body<'a>,
}

keys! {
    /// `data` of a use.
    UsageKey {
        Platform = b"platform", "data.platform";
        Model = b"model", "data.model";
        Output = b"output", "data.output";
        Usage = b"usage", "data.usage";
        Revenue = b"revenue", "data.revenue";
        Attribution = b"attribution", "data.attribution";
    }
}

keys! {
    /// `data.revenue`
    RevenueKey {
        Amount = b"amount", "data.revenue.amount";
        Currency = b"currency", "data.revenue.currency";
    }
}

keys! {
    /// `data` of a reversal; of a use's other fields it knows nothing.
    ReversalKey {
        Platform = b"platform", "data.platform";
        Model = b"model", "data.model";
        Output = b"output", "data.output";
        Reverses = b"reverses", "data.reverses";
        Reason = b"reason", "data.reason";
    }
}

keys! {
    /// `data.reverses`
    ReversesKey {
        Source = b"source", "data.reverses.source";
        Id = b"id", "data.reverses.id";
        Time = b"time", "data.reverses.time";
    }
}

/// Reads the object that comes next.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>, event_type: EventType) -> Result<Data<'a>, Fault> {
    match event_type {
        EventType::Usage(use_) => usage(cursor, use_),
        EventType::Reversal => reversal(cursor),
    }
}

fn usage<'a>(cursor: &mut Cursor<'a>, use_: Use) -> Result<Data<'a>, Fault> {
    let mut fields = Fields::<UsageKey, { UsageKey::COUNT }>::new();
    let mut found_counts = Vec::new();
    let mut found_revenue = None;
    let mut found_attribution: Option<Attribution<'a>> = None;
    cursor.fields(|cursor, key| {
        match key {
            UsageKey::Usage if fields.opens(cursor, key, Shape::Object)? => found_counts = counts(cursor)?,
            UsageKey::Revenue if fields.opens(cursor, key, Shape::Object)? => found_revenue = Some(revenue(cursor)?),
            UsageKey::Attribution if fields.opens(cursor, key, Shape::Object)? => found_attribution = Some(attribution::read(cursor)?),
            UsageKey::Usage | UsageKey::Revenue | UsageKey::Attribution => {}
            UsageKey::Platform | UsageKey::Model | UsageKey::Output => fields.read(cursor, key)?,
        }
        Ok(())
    })?;
    let attribution = found_attribution.ok_or_else(|| missing(UsageKey::Attribution))?;
    Ok(Data {
        platform: fields.required_text(UsageKey::Platform, SHORT)?,
        model: fields.text(UsageKey::Model, SHORT)?,
        output: fields.text(UsageKey::Output, SHORT)?,
        body: Body::Usage(Usage { use_, counts: found_counts, revenue: found_revenue, attribution }),
    })
}

/// The largest count of a unit: 2^53.
const COUNT_MAX: u64 = 1 << 53;

fn counts<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<(Cow<'a, str>, u64)>, Fault> {
    let mut counts = Vec::with_capacity(4);
    cursor.members(|unit, value| {
        let number = match value {
            Value::Number(text) => count(text),
            _ => None,
        };
        counts.push((unit, number.ok_or_else(|| wrong(UsageKey::Usage, "has a count that is not a whole number from 0 to 2^53"))?));
        Ok(())
    })?;
    if has_twins(&counts) { Err(wrong(UsageKey::Usage, "has a unit twice")) } else { Ok(counts) }
}

/// Digits alone, at most 16: JSON has seen to it that they do not start with a 0.
fn count(text: &str) -> Option<u64> {
    let digits = text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= COUNT_MAX)
}

/// Few units are compared one by one; a hostile number of them is sorted first.
fn has_twins(counts: &[(Cow<'_, str>, u64)]) -> bool {
    if counts.len() <= 16 {
        return counts.iter().enumerate().any(|(index, (unit, _))| counts[..index].iter().any(|(earlier, _)| earlier == unit));
    }
    let mut units: Vec<&str> = counts.iter().map(|(unit, _)| unit.as_ref()).collect();
    units.sort_unstable();
    units.windows(2).any(|pair| pair[0] == pair[1])
}

fn revenue(cursor: &mut Cursor<'_>) -> Result<(Money, Currency), Fault> {
    let mut fields = Fields::<RevenueKey, { RevenueKey::COUNT }>::new();
    cursor.fields(|cursor, key| fields.read(cursor, key))?;
    let amount = match fields.get(RevenueKey::Amount).ok_or_else(|| missing(RevenueKey::Amount))? {
        Value::Text(text) => text.unescaped().parse().map_err(|error| bad_amount(&error))?,
        _ => return Err(bad_amount(&"not a string")),
    };
    let currency = fields
        .required_text(RevenueKey::Currency, SHORT)?
        .parse()
        .map_err(|error| fault(Code::UnknownCurrency, format!("{}: {error}", RevenueKey::Currency.path())))?;
    Ok((amount, currency))
}

#[cold]
fn bad_amount(why: &dyn std::fmt::Display) -> Fault {
    fault(Code::BadAmount, format!("{}: {why}", RevenueKey::Amount.path()))
}

fn reversal<'a>(cursor: &mut Cursor<'a>) -> Result<Data<'a>, Fault> {
    let mut fields = Fields::<ReversalKey, { ReversalKey::COUNT }>::new();
    let mut found = None;
    cursor.fields(|cursor, key| {
        match key {
            ReversalKey::Reverses if fields.opens(cursor, key, Shape::Object)? => found = Some(reverses(cursor)?),
            ReversalKey::Reverses => {}
            _ => fields.read(cursor, key)?,
        }
        Ok(())
    })?;
    let mut reversal = found.ok_or_else(|| missing(ReversalKey::Reverses))?;
    reversal.reason = fields.text(ReversalKey::Reason, ANY)?;
    Ok(Data {
        platform: fields.required_text(ReversalKey::Platform, SHORT)?,
        model: fields.text(ReversalKey::Model, SHORT)?,
        output: fields.text(ReversalKey::Output, SHORT)?,
        body: Body::Reversal(reversal),
    })
}

fn reverses<'a>(cursor: &mut Cursor<'a>) -> Result<Reversal<'a>, Fault> {
    let mut fields = Fields::<ReversesKey, { ReversesKey::COUNT }>::new();
    cursor.fields(|cursor, key| fields.read(cursor, key))?;
    Ok(Reversal {
        source: fields.required_text(ReversesKey::Source, IDENTITY)?,
        id: fields.required_text(ReversesKey::Id, IDENTITY)?,
        time: instant(ReversesKey::Time, fields.get(ReversesKey::Time))?,
        reason: None,
    })
}
