//! [`Numbered`]: values as small numbers, in the order in which they are met.

use hashbrown::HashMap;

/// A number as an index.
#[must_use]
pub fn index(number: u32) -> usize {
    usize::try_from(number).expect("an address space has at least 32 bits")
}

/// Numbers distinct values as they come.
#[derive(Debug)]
pub struct Numbered<T> {
    values: Vec<T>,
    numbers: HashMap<T, u32, foldhash::fast::FixedState>,
    last: u32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Numbered<T> {
        Numbered { values: Vec::new(), numbers: HashMap::default(), last: 0 }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    /// The number of a value, which is new or known.
    pub fn number(&mut self, value: T) -> u32 {
        // Runs of one value are the rule: compare before hashing.
        if self.values.get(index(self.last)) == Some(&value) {
            return self.last;
        }
        let next = u32::try_from(self.values.len()).expect("a batch holds fewer than 2^32 distinct values");
        let number = *self.numbers.entry(value).or_insert_with_key(|value| {
            self.values.push(value.clone());
            next
        });
        self.last = number;
        number
    }

    /// The values by number.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The values by number, for keeping; starts over.
    pub fn take(&mut self) -> Vec<T> {
        self.numbers.clear();
        self.last = 0;
        std::mem::take(&mut self.values)
    }
}

impl Numbered<String> {
    /// The number of a text, which is only copied if it is new.
    pub fn number_of(&mut self, text: &str) -> u32 {
        if self.values.get(index(self.last)).is_some_and(|last| last == text) {
            return self.last;
        }
        match self.numbers.get(text) {
            Some(number) => {
                self.last = *number;
                *number
            }
            None => self.number(text.to_owned()),
        }
    }
}
