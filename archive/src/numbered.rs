//! [`Numbered`]: what the chain of manifests counts from 1, without gaps.

use std::collections::BTreeMap;

/// All of a kind there ever were, by number.
#[derive(Clone, Debug)]
pub struct Numbered<T>(BTreeMap<u64, T>);

impl<T> Default for Numbered<T> {
    fn default() -> Numbered<T> {
        Numbered(BTreeMap::new())
    }
}

impl<T> Numbered<T> {
    /// Says what is wrong with a number that is not the next; `kind` is what is counted.
    pub(crate) fn is_next(&self, kind: &str, number: u64) -> Result<(), String> {
        let next = self.next_number();
        if number == next { Ok(()) } else { Err(format!("{kind} {number} comes where {next} is the next")) }
    }

    /// Adds the next one.
    pub(crate) fn add(&mut self, number: u64, one: T) {
        self.0.insert(number, one);
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.0.get_mut(&number)
    }

    /// The next number.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.0.last_key_value().map_or(1, |(number, _)| number + 1)
    }

    /// The one of that number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&T> {
        self.0.get(&number)
    }

    /// Whether there never was one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.0.iter().map(|(number, one)| (*number, one))
    }
}
