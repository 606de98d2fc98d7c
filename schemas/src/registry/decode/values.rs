//! Single values: each reads the text of one JSON value, or says what is wrong with it.

use crate::rate::NotARate;
use crate::registry::json::{self, Fault};
use crate::registry::record::{Platforms, Uses};
use crate::registry::tax::Country;
use crate::{Currency, ExchangeRate, Instant, Money, Rate, Use};
use std::borrow::Cow;

/// Longest id, in bytes.
const ID_BYTES_MAX: usize = 256;

pub(super) fn string(raw: &str) -> Result<Cow<'_, str>, Fault> {
    json::text(raw)
}

/// Free text.
pub(super) fn text(raw: &str) -> Result<Box<str>, Fault> {
    string(raw).map(Box::from)
}

/// Text that other things are found by.
pub(super) fn name(raw: &str) -> Result<Box<str>, Fault> {
    let text = text(raw)?;
    match text.len() {
        0 => Err(Fault::new("is empty")),
        1..=ID_BYTES_MAX => Ok(text),
        bytes => Err(Fault::new(format!("has {bytes} bytes; {ID_BYTES_MAX} is the most"))),
    }
}

/// A name that stands on one line, such as of a statement.
pub(super) fn line(raw: &str) -> Result<Box<str>, Fault> {
    let line = name(raw)?;
    if line.chars().any(char::is_control) { Err(Fault::new("has control characters")) } else { Ok(line) }
}

/// A name without white space and control characters.
pub(super) fn id(raw: &str) -> Result<Box<str>, Fault> {
    let id = name(raw)?;
    if id.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return Err(Fault::new("has white space or control characters"));
    }
    Ok(id)
}

/// `*` is no platform's id: it stands for all of them.
pub(super) fn platform_id(raw: &str) -> Result<Box<str>, Fault> {
    let id = id(raw)?;
    if &*id == "*" { Err(Fault::new("is `*`, which stands for all platforms")) } else { Ok(id) }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(raw: &str) -> Result<T, Fault> {
    string(raw)?.parse().map_err(|fault: T::Err| Fault::new(fault.to_string()))
}

pub(super) fn instant(raw: &str) -> Result<Instant, Fault> {
    parsed(raw)
}

pub(super) fn amount(raw: &str) -> Result<Money, Fault> {
    parsed(raw)
}

pub(super) fn currency(raw: &str) -> Result<Currency, Fault> {
    parsed(raw)
}

pub(super) fn exchange_rate(raw: &str) -> Result<ExchangeRate, Fault> {
    parsed(raw)
}

pub(super) fn country(raw: &str) -> Result<Country, Fault> {
    parsed(raw)
}

pub(super) fn use_(raw: &str) -> Result<Use, Fault> {
    parsed(raw)
}

/// The contract counts the digits: `0.7000000` has one too many, though it is 0.7.
pub(super) fn rate(raw: &str) -> Result<Rate, Fault> {
    let text = string(raw)?;
    if text.split_once('.').is_some_and(|(_, fraction)| fraction.len() > 6) {
        return Err(Fault::new("has more than 6 fractional digits"));
    }
    text.parse().map_err(|fault: NotARate| Fault::new(fault.to_string()))
}

/// No contract may promise contributors less than 70 %.
pub(super) fn labour_share(raw: &str) -> Result<Rate, Fault> {
    let share = rate(raw)?;
    if share < Rate::LEAST_LABOUR_SHARE { Err(Fault::new("is below 0.70")) } else { Ok(share) }
}

/// A MID that kept all would leave nobody anything.
pub(super) fn fee(raw: &str) -> Result<Rate, Fault> {
    let fee = rate(raw)?;
    if fee.millionths() < crate::rate::MILLION { Ok(fee) } else { Err(Fault::new("is not below 1")) }
}

/// A whole number in plain digits.
pub(super) fn count(raw: &str) -> Result<u64, Fault> {
    raw.parse().map_err(|_| Fault::new("is not a whole number"))
}

/// What an owner's part weighs against the others'.
pub(super) fn weight(raw: &str) -> Result<u32, Fault> {
    let bad = || Fault::new("is not a whole number from 1 to 1000000000");
    if !raw.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    raw.parse().ok().filter(|weight| (1..=1_000_000_000).contains(weight)).ok_or_else(bad)
}

/// One of a few words.
pub(super) fn word<'a, T: Copy>(words: &'a [(&'static str, T)]) -> impl Fn(&str) -> Result<T, Fault> + 'a {
    move |raw| {
        let text = string(raw)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| Fault::new(format!("is none of {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "))))
    }
}

/// `*`, or a list that is not empty.
fn all_or_listed<T>(raw: &str, item: impl Fn(&str) -> Result<T, Fault>) -> Result<Option<Vec<T>>, Fault> {
    if !raw.starts_with('[') {
        return if json::text(raw).is_ok_and(|text| text == "*") { Ok(None) } else { Err(Fault::new("is neither a list nor `*`")) };
    }
    let items = json::items(raw)?;
    if items.is_empty() {
        return Err(Fault::new("is empty"));
    }
    let read = items.iter().enumerate().map(|(at, raw)| item(raw).map_err(|fault| Fault::at(format!("[{at}]"), fault.message)));
    read.collect::<Result<Vec<T>, Fault>>().map(Some)
}

pub(super) fn platforms(raw: &str) -> Result<Platforms, Fault> {
    let Some(mut listed) = all_or_listed(raw, platform_id)? else { return Ok(Platforms::All) };
    listed.sort_unstable();
    listed.dedup();
    Ok(Platforms::Listed(listed.into()))
}

pub(super) fn uses(raw: &str) -> Result<Uses, Fault> {
    Ok(all_or_listed(raw, use_)?.map_or(Uses::All, |listed| Uses::Listed(listed.into_iter().collect())))
}

/// A name, or `*` for all.
pub(super) fn one_or_all<T>(item: impl Fn(&str) -> Result<T, Fault>) -> impl Fn(&str) -> Result<Option<T>, Fault> {
    move |raw| if string(raw)? == "*" { Ok(None) } else { item(raw).map(Some) }
}

/// A SHA-256 in hexadecimal.
pub(super) fn sha256(raw: &str) -> Result<[u8; 32], Fault> {
    let mut digest = [0; 32];
    hex::decode_to_slice(&*string(raw)?, &mut digest).map_err(|_| Fault::new("is not a SHA-256 in hexadecimal"))?;
    Ok(digest)
}
