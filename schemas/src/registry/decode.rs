//! Lines into [`Record`]s: strict about what is known, silent about what is not.

mod exchange;
mod kinds;
mod succession;
mod tax;
mod values;

use super::error::ERRORS_MAX;
use super::json::{self, Fault, Object};
use super::{Place, Record, RegistryError};
use std::sync::Arc;

/// Reads a load: NDJSON, where blank lines are not read and a line may end in CRLF.
///
/// `file` is what errors call it. Every record that comes back is valid by itself; [`super::State::apply`] judges them together.
///
/// ```
/// use farthing_schemas::registry::read_load;
/// let errors = read_load("new.ndjson", br#"{"kind":"mid","id":"mid_guild","fee":"1","currency":"USD"}"#).unwrap_err();
/// assert_eq!(errors[0].to_string(), "new.ndjson line 1: fee: is not below 1");
/// ```
///
/// # Errors
/// Up to [`ERRORS_MAX`] faults, by line and field.
pub fn read_load(file: &str, bytes: &[u8]) -> Result<Vec<Record>, Vec<RegistryError>> {
    read(&Source { file: file.into(), version: None }, bytes)
}

/// Reads the public text of one version, as [`super::Delta::public_ndjson`] wrote it.
pub(super) fn read_public(version: u64, bytes: &[u8]) -> Result<Vec<Record>, Vec<RegistryError>> {
    read(&Source { file: "".into(), version: Some(version) }, bytes)
}

/// Where lines come from; those of a version are public text, which carries its own line numbers and no private details.
struct Source {
    file: Arc<str>,
    version: Option<u64>,
}

fn read(source: &Source, bytes: &[u8]) -> Result<Vec<Record>, Vec<RegistryError>> {
    let mut records = Vec::new();
    let mut errors = Vec::new();
    for (number, line) in (1..).zip(lines(bytes)) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let place = Place { version: source.version, file: Arc::clone(&source.file), line: number };
        records.extend(record(place, line, &mut errors));
        if errors.len() >= ERRORS_MAX {
            break;
        }
    }
    if errors.is_empty() { Ok(records) } else { Err(errors) }
}

/// The lines of a text, without their line feeds; a last one without a line feed counts.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', bytes).chain((bytes.last() != Some(&b'\n')).then_some(bytes.len()));
    ends.map(move |end| &bytes[std::mem::replace(&mut start, end + 1)..end])
}

fn record(mut place: Place, line: &[u8], errors: &mut Vec<RegistryError>) -> Option<Record> {
    let whole =
        |message: &str| RegistryError { place: place.clone(), other: None, field: "record".to_owned(), message: message.to_owned() };
    let Ok(text) = std::str::from_utf8(line) else {
        errors.push(whole("is not UTF-8"));
        return None;
    };
    let members = match json::members(text) {
        Ok(members) => members,
        Err(fault) => {
            errors.push(whole(&fault.message));
            return None;
        }
    };
    let mut object = Object::new(String::new(), members);
    if place.version.is_some() {
        place.line = object.required("line", values::count).unwrap_or(place.line);
    }
    let decoded = match object.required("kind", values::text) {
        Some(kind) => kinds::body(&kind, &mut object, place.version.is_some()),
        None => None,
    };
    if object.is_sound() && decoded.is_none() {
        object.fault("", Fault::new("cannot be read"));
    }
    if !object.is_sound() {
        object.report(&place, errors);
        return None;
    }
    decoded.map(|(body, private)| Record { place, body, private })
}
