//! [`Cursor`]: one pass over a line of JSON that borrows from it and builds no tree.
//!
//! What is common is read here: punctuation, strings without escapes and plain numbers, which are all of a usual event. For the rest
//! (strings with escapes, numbers with exponents, what is passed over) the parser is `jiter`, put where it is needed. It is the
//! strictest of the three that were compared: only it finds lone surrogates in what is skipped (`sonic-rs` not even bad `\u`
//! escapes), and it skips without recursion (`sonic-rs` overflows the stack at 500,000 levels).
//! It does not check UTF-8 in what is skipped: hence a cursor is made from a `str`.
//!
//! A cursor tells that a line is not JSON; [`malformed`] reads the line again and tells where and why.
//!
//! Limits, both `malformed_json`: 200 levels below a field that is skipped, and 4,300 digits before a number's point.

use super::fields::{Fault, Key, fault};
use super::scan;
use crate::Code;
use jiter::Jiter;
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
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    /// How many bytes are behind it.
    pub(super) fn passed(&self) -> usize {
        self.at
    }

    /// What comes next, without passing it.
    #[inline]
    pub(super) fn shape(&mut self) -> Shape {
        match self.peek() {
            Some(b'{') => Shape::Object,
            Some(b'[') => Shape::Array,
            Some(b'n') => Shape::Null,
            _ => Shape::Other,
        }
    }

    /// Reads the next value, or passes over it if it holds others. One copy of it serves all objects.
    #[inline(never)]
    pub(super) fn value(&mut self) -> Result<Value<'a>, Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b'n') => self.skip().map(|_| Value::Null),
            _ => self.skip().map(|_| Value::Other),
        }
    }

    /// Checks the next value, passes over it and gives its text.
    #[inline(never)]
    pub(super) fn skip(&mut self) -> Result<&'a str, Fault> {
        self.peek();
        let mut jiter = Jiter::new(self.text.get(self.at..).unwrap_or_default().as_bytes());
        jiter.next_skip().map_err(|_| not_json())?;
        self.take(self.at + jiter.current_index())
    }

    /// Reads an object: calls `read` at the value of each key that `K` knows, and passes over the others.
    #[inline]
    pub(super) fn fields<K: Key>(&mut self, mut read: impl FnMut(&mut Cursor<'a>, K) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut more = self.enter(b'{', b'}')?;
        while more {
            match self.known_key()? {
                Some(key) => read(self, key)?,
                None => {
                    self.value()?;
                }
            }
            more = self.step(b'}')?;
        }
        Ok(())
    }

    /// Reads an object whose keys are free: calls `read` with each key and its value.
    #[inline]
    pub(super) fn members(&mut self, mut read: impl FnMut(Cow<'a, str>, Value<'a>) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut more = self.enter(b'{', b'}')?;
        while more {
            let key = self.key()?.unescaped();
            read(key, self.value()?)?;
            more = self.step(b'}')?;
        }
        Ok(())
    }

    /// Reads an array: calls `read` at each element, with its index.
    #[inline]
    pub(super) fn elements(&mut self, mut read: impl FnMut(&mut Cursor<'a>, usize) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut more = self.enter(b'[', b']')?;
        let mut index = 0;
        while more {
            read(self, index)?;
            index += 1;
            more = self.step(b']')?;
        }
        Ok(())
    }

    /// What `read` finds; what it has passed counts as not passed if it finds nothing.
    #[inline(always)]
    pub(super) fn attempt<T>(&mut self, read: impl FnOnce(&mut Cursor<'a>) -> Option<T>) -> Option<T> {
        let start = self.at;
        let found = read(self);
        if found.is_none() {
            self.at = start;
        }
        found
    }

    /// Passes `before` and the key behind it, if it is known and written without escapes.
    #[inline]
    pub(super) fn key_behind<K: Key>(&mut self, before: u8) -> Option<K> {
        if self.passes(before) { self.plain_key() } else { None }
    }

    /// Passes a string without escapes.
    #[inline(always)]
    pub(super) fn plain_text(&mut self) -> Option<&'a str> {
        if !self.passes(b'"') {
            return None;
        }
        let start = self.at;
        let end = scan::plain_string(self.text.as_bytes(), start)?;
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// Passes a number without an exponent.
    #[inline]
    pub(super) fn plain_number(&mut self) -> Option<&'a str> {
        self.peek();
        let end = scan::plain_number(self.text.as_bytes(), self.at)?;
        let start = std::mem::replace(&mut self.at, end);
        self.text.get(start..end)
    }

    /// Makes sure that nothing follows.
    pub(super) fn finish(&mut self) -> Result<(), Fault> {
        if self.peek().is_none() { Ok(()) } else { Err(not_json()) }
    }

    /// Passes the start of an object or array: whether anything stands in it. If so, `read` fails at what does not belong there.
    #[inline]
    fn enter(&mut self, start: u8, end: u8) -> Result<bool, Fault> {
        self.pass(start)?;
        Ok(!self.passes(end))
    }

    /// Passes what stands behind a member or an element: whether another one follows.
    #[inline]
    fn step(&mut self, end: u8) -> Result<bool, Fault> {
        if self.passes(b',') {
            return Ok(true);
        }
        self.pass(end).map(|()| false)
    }

    /// Passes a key and its colon: which known one it is.
    #[inline]
    fn known_key<K: Key>(&mut self) -> Result<Option<K>, Fault> {
        match self.attempt(Cursor::plain_key) {
            Some(key) => Ok(Some(key)),
            None => self.other_key(),
        }
    }

    /// Passes a known key without escapes and its colon.
    #[inline(always)]
    fn plain_key<K: Key>(&mut self) -> Option<K> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let (key, length) = K::at_start(self.text.as_bytes().get(self.at + 1..)?)?;
        self.at += length + 2;
        self.passes(b':').then_some(key)
    }

    /// A key that is unknown, or known and written with escapes: `pl\u0061tform` is `platform`, and must not slip past.
    #[cold]
    fn other_key<K: Key>(&mut self) -> Result<Option<K>, Fault> {
        let key = self.key()?;
        Ok(K::of(key.unescaped().as_bytes()))
    }

    /// A key and its colon.
    #[inline]
    fn key(&mut self) -> Result<Text<'a>, Fault> {
        if self.peek() != Some(b'"') {
            return Err(not_json());
        }
        let key = self.string()?;
        self.pass(b':')?;
        Ok(key)
    }

    /// The string that starts here.
    #[inline(always)]
    fn string(&mut self) -> Result<Text<'a>, Fault> {
        let start = self.at + 1;
        match scan::plain_string(self.text.as_bytes(), start) {
            Some(end) => {
                self.at = end + 1;
                self.text.get(start..end).map(Text::Plain).ok_or_else(not_json)
            }
            None => self.skip().map(Text::Escaped),
        }
    }

    /// The number that starts here.
    #[inline]
    fn number(&mut self) -> Result<&'a str, Fault> {
        match scan::plain_number(self.text.as_bytes(), self.at) {
            Some(end) => self.take(end),
            None => self.skip(),
        }
    }

    /// What stands before `end`, which is passed. A token of JSON starts and ends at ASCII characters.
    #[inline]
    fn take(&mut self, end: usize) -> Result<&'a str, Fault> {
        let start = std::mem::replace(&mut self.at, end);
        self.text.get(start..end).ok_or_else(not_json)
    }

    #[inline]
    fn pass(&mut self, byte: u8) -> Result<(), Fault> {
        if self.passes(byte) { Ok(()) } else { Err(not_json()) }
    }

    /// Whether `byte` comes next; if so, it is passed.
    #[inline]
    pub(super) fn passes(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The next byte that is not white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }
}

#[cold]
fn unescaped(quoted: &str) -> String {
    Jiter::new(quoted.as_bytes()).next_str().map(str::to_owned).expect("its escapes were checked when it was passed")
}

/// What a cursor says of a line that is not JSON. [`malformed`] has the sentence to show.
#[cold]
fn not_json() -> Fault {
    fault(Code::MalformedJson, "the line is not JSON")
}

/// Where and why a text is not JSON.
#[cold]
pub(super) fn malformed(text: &str) -> Option<Fault> {
    let mut jiter = Jiter::new(text.as_bytes());
    let error = jiter.next_skip().and_then(|()| jiter.finish()).err()?;
    Some(fault(Code::MalformedJson, format!("the line is not JSON: {} at byte {}", error.error_type, error.index)))
}
