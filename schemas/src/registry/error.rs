//! [`RegistryError`]: which line, which field, and what is wrong with it.

use std::fmt;
use std::sync::Arc;

/// No more errors than this are gathered from one load.
pub const ERRORS_MAX: usize = 20;

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The version that brought it; none while it is being loaded.
    pub version: Option<u64>,
    /// What the caller calls its file; empty for what was read from public text.
    pub file: Arc<str>,
    /// Its line there, from 1.
    pub line: u64,
}

/// Why a load is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RegistryError {
    /// The record at fault.
    pub place: Place,
    /// The record that it cannot stand beside, if it takes two.
    pub other: Option<Place>,
    /// The field at fault, such as `rates[1].price`; `record` for the line as a whole.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

impl RegistryError {
    /// An error about two records, the one being loaded first, else the one that comes first.
    pub(super) fn between(one: &Place, two: &Place, field: &str, message: String) -> RegistryError {
        let rank = |place: &Place| (place.version.is_some(), place.version, place.line);
        let (place, other) = if rank(two) < rank(one) { (two, one) } else { (one, two) };
        RegistryError { place: place.clone(), other: Some(other.clone()), field: field.to_owned(), message }
    }
}

/// `registry.ndjson line 7 and version 3 line 12: from: overlaps ...`.
impl fmt::Display for RegistryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.write(out, true)?;
        if let Some(other) = &self.other {
            out.write_str(" and ")?;
            other.write(out, other.file != self.place.file)?;
        }
        write!(out, ": {}: {}", self.field, self.message)
    }
}

impl Place {
    fn write(&self, out: &mut fmt::Formatter<'_>, with_file: bool) -> fmt::Result {
        if let Some(version) = self.version {
            write!(out, "version {version} ")?;
        } else if with_file && !self.file.is_empty() {
            write!(out, "{} ", self.file)?;
        }
        write!(out, "line {}", self.line)
    }
}
