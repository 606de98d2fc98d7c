//! [`Cursor`]: one pass over a line of JSON that borrows from it and builds no tree.
//!
//! The parsing is `jiter`'s. Of the three that were compared it is the fastest and the strictest. Bare parsing of events of 742 bytes
//! with 8 entries into borrowed parts, release with thin LTO, one busy core: jiter 690,000-860,000 events/s, `serde_json` with raw
//! values 410,000-620,000, `sonic-rs` with lazy values 320,000-490,000. Only jiter finds lone surrogates in what is skipped
//! (sonic-rs not even bad `\u` escapes), and it skips without recursion (sonic-rs overflows the stack at 500,000 levels).
//! It does not check UTF-8 in what is skipped: hence a cursor is made from a `str`.
//!
//! Limits, both `malformed_json`: 200 levels below a field that is skipped, and 4,300 digits before a number's point.

use super::fields::{Fault, Key, fault};
use crate::Code;
use jiter::{Jiter, JiterError, Peek};
use std::borrow::Cow;

/// A value that holds no others; what does hold others is checked and passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// The field has not been met.
    Absent,
    /// `null`.
    Null,
    /// A string.
    Text(Text<'a>),
    /// A number, as it is written: no float ever holds it.
    Number(&'a str),
    /// `true`, `false`, an array or an object.
    Other,
}

/// A string as it stands in the line; copied only if and when it has escapes and is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text<'a> {
    /// What stands between the quotes.
    Plain(&'a str),
    /// With its quotes and at least one escape, all of them valid.
    Escaped(&'a str),
}

impl<'a> Text<'a> {
    /// The text without its escapes.
    pub(super) fn unescaped(self) -> Cow<'a, str> {
        match self {
            Text::Plain(text) => Cow::Borrowed(text),
            Text::Escaped(quoted) => Cow::Owned(unescaped(quoted)),
        }
    }
}

/// What the next value opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `null`
    Null,
    /// Anything else.
    Other,
}

/// A place in a text of JSON.
pub(super) struct Cursor<'a> {
    jiter: Jiter<'a>,
    text: &'a str,
}

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { jiter: Jiter::new(text.as_bytes()), text }
    }

    /// What comes next, without passing it.
    pub(super) fn shape(&mut self) -> Result<Shape, Fault> {
        Ok(match self.jiter.peek().map_err(malformed)? {
            Peek::Object => Shape::Object,
            Peek::Array => Shape::Array,
            Peek::Null => Shape::Null,
            _ => Shape::Other,
        })
    }

    /// Reads the next value, or passes over it if it holds others.
    #[inline]
    pub(super) fn value(&mut self) -> Result<Value<'a>, Fault> {
        match self.jiter.peek().map_err(malformed)? {
            Peek::String => self.string().map(Value::Text),
            Peek::Null => self.jiter.known_null().map(|()| Value::Null).map_err(malformed),
            peek if peek.is_num() => {
                let start = self.jiter.current_index();
                self.jiter.known_number_bytes(peek).map_err(malformed)?;
                Ok(Value::Number(self.slice(start, self.jiter.current_index())))
            }
            peek => self.jiter.known_skip(peek).map(|()| Value::Other).map_err(malformed),
        }
    }

    /// Checks the next value, passes over it and gives its text.
    pub(super) fn skip(&mut self) -> Result<&'a str, Fault> {
        let peek = self.jiter.peek().map_err(malformed)?;
        let start = self.jiter.current_index();
        self.jiter.known_skip(peek).map_err(malformed)?;
        Ok(self.slice(start, self.jiter.current_index()))
    }

    /// Reads an object: calls `read` at the value of each key that `K` knows, and passes over the others.
    #[inline]
    pub(super) fn fields<K: Key>(&mut self, mut read: impl FnMut(&mut Cursor<'a>, K) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut next = self.jiter.next_object_bytes().map_err(malformed)?.map(known::<K>);
        while let Some(key) = next {
            match key {
                Some(key) => read(self, key)?,
                None => self.jiter.next_skip().map_err(malformed)?,
            }
            next = self.jiter.next_key_bytes().map_err(malformed)?.map(known::<K>);
        }
        Ok(())
    }

    /// Reads an object whose keys are free: calls `read` with each key and its value.
    pub(super) fn members(&mut self, mut read: impl FnMut(Cow<'a, str>, Value<'a>) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut before = self.jiter.current_index();
        let mut length = self.jiter.next_object_bytes().map_err(malformed)?.map(<[u8]>::len);
        while let Some(raw_length) = length {
            let key = self.key(before, raw_length);
            let value = self.value()?;
            read(key, value)?;
            before = self.jiter.current_index();
            length = self.jiter.next_key_bytes().map_err(malformed)?.map(<[u8]>::len);
        }
        Ok(())
    }

    /// Reads an array: calls `read` at each element, with its index.
    #[inline]
    pub(super) fn elements(&mut self, mut read: impl FnMut(&mut Cursor<'a>, usize) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut next = self.jiter.next_array().map_err(malformed)?;
        let mut index = 0;
        while next.is_some() {
            read(self, index)?;
            index += 1;
            next = self.jiter.array_step().map_err(malformed)?;
        }
        Ok(())
    }

    /// Makes sure that nothing follows.
    pub(super) fn finish(&mut self) -> Result<(), Fault> {
        self.jiter.finish().map_err(malformed)
    }

    /// The string that comes next. An escape is always longer than what it stands for, so equal lengths mean that there is none.
    #[inline]
    fn string(&mut self) -> Result<Text<'a>, Fault> {
        let start = self.jiter.current_index();
        let length = self.jiter.known_str().map_err(malformed)?.len();
        let end = self.jiter.current_index();
        Ok(if end - start == length + 2 { Text::Plain(self.slice(start + 1, end - 1)) } else { Text::Escaped(self.slice(start, end)) })
    }

    /// The key that was just passed: `raw_length` bytes between the first quotes after `before`.
    fn key(&self, before: usize, raw_length: usize) -> Cow<'a, str> {
        let passed = self.slice(before, self.jiter.current_index());
        let start = before + passed.bytes().take_while(|byte| *byte != b'"').count();
        let raw = self.slice(start + 1, start + 1 + raw_length);
        let text = if raw.contains('\\') { Text::Escaped(self.slice(start, start + 2 + raw_length)) } else { Text::Plain(raw) };
        text.unescaped()
    }

    #[inline]
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).expect("a token of JSON starts and ends at ASCII characters")
    }
}

/// The key that the raw bytes between its quotes stand for.
fn known<K: Key>(raw: &[u8]) -> Option<K> {
    K::of(raw).or_else(|| if raw.contains(&b'\\') { known_escaped(raw) } else { None })
}

/// A known key may be written with escapes: `pl\u0061tform` is `platform`, and must not slip past.
#[cold]
fn known_escaped<K: Key>(raw: &[u8]) -> Option<K> {
    let quoted = [b"\"", raw, b"\""].concat();
    let mut jiter = Jiter::new(&quoted);
    jiter.next_str().ok().and_then(|key| K::of(key.as_bytes()))
}

#[cold]
fn unescaped(quoted: &str) -> String {
    Jiter::new(quoted.as_bytes()).next_str().map(str::to_owned).expect("its escapes were checked when it was passed")
}

#[cold]
fn malformed(error: JiterError) -> Fault {
    fault(Code::MalformedJson, format!("the line is not JSON: {} at byte {}", error.error_type, error.index))
}
