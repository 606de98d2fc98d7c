//! [`PrivateDetails`]: what a party's record says that is never archived.

use super::json::{self, Fault};
use std::fmt;

/// Name, identifiers and account details of a party, as canonical JSON: fixed order, no white space, numbers as they came.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateDetails(Box<str>);

impl PrivateDetails {
    pub(super) fn new(canonical: String) -> PrivateDetails {
        PrivateDetails(canonical.into())
    }

    /// The canonical JSON text; `{}` if there is nothing private.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The same, given away.
    #[must_use]
    pub fn into_json(self) -> String {
        self.0.into()
    }

    /// Whether the record has nothing private.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        &*self.0 == "{}"
    }
}

/// Hides the text, so that no log can show it.
impl fmt::Debug for PrivateDetails {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PrivateDetails(..)")
    }
}

/// Deeper values are refused: nobody's account is 32 levels deep, and a stack is finite.
const DEPTH_MAX: usize = 32;

/// Writes a JSON value in its one canonical form: keys sorted, no white space, numbers as they came.
pub(super) fn write_canonical(raw: &str, depth: usize, out: &mut String) -> Result<(), Fault> {
    if depth > DEPTH_MAX {
        return Err(Fault::new("is nested too deep"));
    }
    match raw.as_bytes().first() {
        Some(b'{') => write_object(json::members(raw)?, depth, out),
        Some(b'[') => write_list(&json::items(raw)?, depth, out),
        Some(b'"') => {
            write_text(&json::text(raw)?, out);
            Ok(())
        }
        _ => {
            out.push_str(raw);
            Ok(())
        }
    }
}

/// Writes an object with its keys sorted; a key that stands twice is a fault.
pub(super) fn write_object(mut members: Vec<json::Member<'_>>, depth: usize, out: &mut String) -> Result<(), Fault> {
    members.sort_by(|one, two| one.name.cmp(&two.name));
    if members.windows(2).any(|pair| pair[0].name == pair[1].name) {
        return Err(Fault::new("has a field twice"));
    }
    out.push('{');
    for (at, member) in members.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(&member.name, out);
        out.push(':');
        write_canonical(member.raw, depth + 1, out)?;
    }
    out.push('}');
    Ok(())
}

fn write_list(items: &[&str], depth: usize, out: &mut String) -> Result<(), Fault> {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_canonical(item, depth + 1, out)?;
    }
    out.push(']');
    Ok(())
}

/// Writes text as a JSON string.
pub(super) fn write_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
