//! The key of a message: copies of an event, and its reversals, belong in one partition.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::borrow::Cow;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    platform: Cow<'a, str>,
    #[serde(borrow)]
    reverses: Option<Original<'a>>,
}

#[derive(Deserialize)]
struct Original<'a> {
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// Writes the key of `event` into `key`: platform, source and id, of a reversal those of what it reverses.
///
/// # Errors
/// When it is no JSON, or names no identity.
pub fn key_of(event: &[u8], key: &mut Vec<u8>) -> Result<()> {
    let event: Event<'_> = serde_json::from_slice(event).context("an event without an identity has no key")?;
    let (source, id) = event.data.reverses.map_or((event.source, event.id), |original| (original.source, original.id));
    key.clear();
    // No text of an identity holds a line end.
    for (position, text) in [event.data.platform, source, id].iter().enumerate() {
        if position > 0 {
            key.push(b'\n');
        }
        key.extend_from_slice(text.as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::key_of;

    fn check(event: &str, expected: Option<&str>) {
        let mut key = b"what was there before".to_vec();
        let found = key_of(event.as_bytes(), &mut key).ok().map(|()| String::from_utf8(key).unwrap());
        assert_eq!(found.as_deref(), expected, "{event}");
    }

    #[test]
    fn identities_are_keys_and_reversals_have_that_of_their_original() {
        check(r#"{"id":"1","source":"//a","data":{"platform":"plt_a","reverses":null}}"#, Some("plt_a\n//a\n1"));
        check(r#"{"id":"r","source":"//b","data":{"platform":"plt_a","reverses":{"source":"//a","id":"1"}}}"#, Some("plt_a\n//a\n1"));
        check(r#"{"id":"\u0031","source":"\/\/a","data":{"platform":"plt_a"}}"#, Some("plt_a\n//a\n1"));
        check(r#"{"source":"//a","data":{"platform":"plt_a"}}"#, None);
        check("no event", None);
    }
}
