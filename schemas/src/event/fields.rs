//! [`Fields`]: the values that stand in one JSON object, in whatever order, each at most once.

use super::json::{Cursor, Shape, Value};
use crate::{Code, Rejection};
use std::borrow::Cow;
use std::marker::PhantomData;

/// A rejection on its way up: boxed, so that the results of what goes well stay small.
pub(super) type Fault = Box<Rejection>;

/// A rejection with that code and sentence.
#[cold]
pub(super) fn fault(code: Code, sentence: impl Into<Cow<'static, str>>) -> Fault {
    Box::new(Rejection::new(code, sentence))
}

/// The known keys of one kind of object.
pub(super) trait Key: Copy {
    /// The key of that text.
    fn of(text: &[u8]) -> Option<Self>;
    /// The key that stands without escapes at the start of `text` and ends at a quote, with how many bytes it has.
    fn at_start(text: &[u8]) -> Option<(Self, usize)>;
    /// Where it stands in the event, for sentences.
    fn path(self) -> &'static str;
    /// Its place among the others, from 0.
    fn index(self) -> usize;
}

/// Declares the keys of an object: `Variant = b"key", "path";`.
macro_rules! keys {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal, $path:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $name { $($variant),+ }

        impl $name {
            /// How many there are.
            pub(super) const COUNT: usize = [$($name::$variant),+].len();
        }

        impl $crate::event::fields::Key for $name {
            fn of(text: &[u8]) -> Option<$name> {
                match text {
                    $($text => Some($name::$variant),)+
                    _ => None,
                }
            }

            #[inline]
            fn at_start(text: &[u8]) -> Option<($name, usize)> {
                $(if text.starts_with($text) && text.get($text.len()) == Some(&b'"') {
                    return Some(($name::$variant, $text.len()));
                })+
                None
            }

            fn path(self) -> &'static str {
                match self { $($name::$variant => $path),+ }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}
pub(super) use keys;

/// How many bytes a text may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes {
    least: usize,
    most: usize,
}

impl Bytes {
    /// Whether a text may have so many.
    pub(super) fn holds(self, length: usize) -> bool {
        (self.least..=self.most).contains(&length)
    }
}

/// Free text that is kept for statements.
pub(super) const SHORT: Bytes = Bytes { least: 0, most: 256 };
/// What identifies something.
pub(super) const IDENTITY: Bytes = Bytes { least: 1, most: 256 };
/// Bounded by the size of the event alone.
pub(super) const ANY: Bytes = Bytes { least: 0, most: usize::MAX };

/// The values met so far of an object with `N` known keys.
pub(super) struct Fields<'a, K, const N: usize> {
    values: [Value<'a>; N],
    keys: PhantomData<K>,
}

impl<'a, K: Key, const N: usize> Fields<'a, K, N> {
    /// None met. Always inlined: a copy of what has only just been written waits for it, once for each object.
    #[inline(always)]
    pub(super) fn new() -> Fields<'a, K, N> {
        Fields { values: [Value::Absent; N], keys: PhantomData }
    }

    /// Reads the value of `key`, which must not have been met before.
    #[inline]
    pub(super) fn read(&mut self, cursor: &mut Cursor<'a>, key: K) -> Result<(), Fault> {
        self.once(key)?;
        self.values[key.index()] = cursor.value()?;
        Ok(())
    }

    /// Whether the value of `key` is of that shape, for the caller to read. `null` is passed over: it is as if missing.
    pub(super) fn opens(&mut self, cursor: &mut Cursor<'a>, key: K, shape: Shape) -> Result<bool, Fault> {
        self.once(key)?;
        let found = cursor.shape();
        if found == shape {
            self.values[key.index()] = Value::Other;
            return Ok(true);
        }
        self.values[key.index()] = cursor.value()?;
        match found {
            Shape::Null => Ok(false),
            _ => Err(wrong(key, if shape == Shape::Object { "is not an object" } else { "is not an array" })),
        }
    }

    #[inline]
    fn once(&self, key: K) -> Result<(), Fault> {
        if matches!(self.values[key.index()], Value::Absent) { Ok(()) } else { Err(wrong(key, "stands twice")) }
    }

    /// The value met at `key`; none if it is missing or `null`.
    #[inline]
    pub(super) fn get(&self, key: K) -> Option<Value<'a>> {
        match self.values[key.index()] {
            Value::Absent | Value::Null => None,
            value => Some(value),
        }
    }

    /// An optional text.
    #[inline]
    pub(super) fn text(&self, key: K, bytes: Bytes) -> Result<Option<Cow<'a, str>>, Fault> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Text(text)) => {
                let text = text.unescaped();
                if bytes.holds(text.len()) { Ok(Some(text)) } else { Err(wrong_length(key, text.len(), bytes)) }
            }
            Some(_) => Err(wrong(key, "is not a string")),
        }
    }

    /// A required text.
    pub(super) fn required_text(&self, key: K, bytes: Bytes) -> Result<Cow<'a, str>, Fault> {
        self.text(key, bytes)?.ok_or_else(|| missing(key))
    }
}

/// `missing_field` at that key.
#[cold]
pub(super) fn missing(key: impl Key) -> Fault {
    fault(Code::MissingField, format!("{} is missing", key.path()))
}

/// `bad_field` at that key.
#[cold]
pub(super) fn wrong(key: impl Key, what: &str) -> Fault {
    fault(Code::BadField, format!("{} {what}", key.path()))
}

#[cold]
fn wrong_length(key: impl Key, length: usize, bytes: Bytes) -> Fault {
    wrong(key, &format!("has {length} bytes, not {} to {}", bytes.least, bytes.most))
}
