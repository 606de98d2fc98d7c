//! [`Numbered`] and [`NumberedTexts`]: values and texts as small numbers, in the order in which they are met.

use arrow_array::StringArray;
use arrow_buffer::{Buffer, OffsetBuffer};
use hashbrown::{HashMap, HashTable};
use std::hash::BuildHasher;

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

/// Numbers distinct texts as they come. They stand one after the other in one place: a new one costs no memory of its own.
#[derive(Debug)]
pub struct NumberedTexts {
    text: String,
    /// Where each text starts, and where the next one will.
    starts: Vec<usize>,
    numbers: HashTable<u32>,
    last: u32,
}

impl Default for NumberedTexts {
    fn default() -> NumberedTexts {
        NumberedTexts { text: String::new(), starts: vec![0], numbers: HashTable::new(), last: 0 }
    }
}

impl NumberedTexts {
    /// The number of a text, which is new or known.
    pub fn number_of(&mut self, text: &str) -> u32 {
        // Runs of one text are the rule: compare before hashing.
        if self.get(self.last) != Some(text) {
            self.last = self.searched(text);
        }
        self.last
    }

    fn searched(&mut self, text: &str) -> u32 {
        let hash = |text: &str| foldhash::fast::FixedState::default().hash_one(text);
        let at = |number: u32| self.get(number).expect("it was numbered");
        if let Some(number) = self.numbers.find(hash(text), |number| at(*number) == text) {
            return *number;
        }
        let number = u32::try_from(self.len()).expect("fewer than 2^32 texts");
        self.text.push_str(text);
        self.starts.push(self.text.len());
        let NumberedTexts { text: all, starts, numbers, .. } = self;
        numbers.insert_unique(hash(text), number, |number| hash(text_at(all, starts, *number).expect("it was numbered")));
        number
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes they have together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The text of that number; none if no text has it.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&str> {
        text_at(&self.text, &self.starts, number)
    }

    /// The texts in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        (0..).map_while(|number| self.get(number))
    }

    /// The texts in the order of their numbers, as a column, which holds less than 2 GiB; starts over.
    pub fn finish(&mut self) -> StringArray {
        self.numbers.clear();
        self.last = 0;
        let offset = |start: usize| i32::try_from(start).expect("a column holds less than 2 GiB of distinct texts");
        let offsets: Vec<i32> = self.starts.drain(..).map(offset).collect();
        self.starts.push(0);
        StringArray::new(OffsetBuffer::new(offsets.into()), Buffer::from(std::mem::take(&mut self.text).into_bytes()), None)
    }
}

fn text_at<'t>(text: &'t str, starts: &[usize], number: u32) -> Option<&'t str> {
    text.get(*starts.get(index(number))?..*starts.get(index(number) + 1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbered_as_they_come_and_start_over() {
        let mut texts = NumberedTexts::default();
        for round in 0..2 {
            assert!(texts.is_empty(), "{round}");
            let words = ["b", "", "b", "a", "a", "", "ä", "b"];
            assert_eq!(words.map(|word| texts.number_of(word)), [0, 1, 0, 2, 2, 1, 3, 0]);
            let many: Vec<String> = (0..1000).map(|word| format!("w{word}")).collect();
            let numbers: Vec<u32> = many.iter().chain(&many).map(|word| texts.number_of(word)).collect();
            assert_eq!(numbers, (4..1004).chain(4..1004).collect::<Vec<u32>>());
            assert_eq!((texts.len(), texts.get(3), texts.get(1004)), (1004, Some("ä"), None));
            assert_eq!(texts.iter().map(str::len).sum::<usize>(), texts.bytes());
            let column = texts.finish();
            assert_eq!(column.iter().flatten().take(4).collect::<Vec<_>>(), ["b", "", "a", "ä"]);
        }
    }
}
