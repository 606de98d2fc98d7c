//! [`Names`]: ids as small numbers, their text in one place.

use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Ends each name in the text: no id holds a control character.
const END: u8 = 0;

/// Distinct names, numbered as they came.
#[derive(Debug)]
pub(super) struct Names {
    /// The names one after the other, each with its [`END`].
    text: String,
    /// Where each name starts, and where the next one will.
    starts: Vec<u32>,
    slots: HashTable<Slot>,
}

/// A name's number, and where its text starts: a look-up touches the table and the text, nothing else.
#[derive(Clone, Copy, Debug)]
struct Slot {
    number: u32,
    start: u32,
}

/// The same on every machine and in every run.
fn hash(name: &str) -> u64 {
    foldhash::fast::FixedState::default().hash_one(name)
}

impl Names {
    pub(super) fn new() -> Names {
        Names { text: String::new(), starts: vec![0], slots: HashTable::new() }
    }

    /// Makes room for that many more, so that no name is moved or hashed again as they come.
    pub(super) fn reserve(&mut self, more: usize) {
        let (text, starts) = (&self.text, &self.starts);
        self.slots.reserve(more, |slot| hash(get(text, starts, slot.number)));
        self.starts.reserve(more);
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn get(&self, number: u32) -> &str {
        get(&self.text, &self.starts, number)
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.slots.find(hash(name), |slot| stands_at(&self.text, slot.start, name)).map(|slot| slot.number)
    }

    /// The same, after a look at that number and the one after it: where names come in their order, this saves the search.
    pub(super) fn find_near(&self, near: u32, name: &str) -> Option<u32> {
        let last = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let guess = (near..last).take(2).find(|number| self.get(*number) == name);
        guess.or_else(|| self.find(name))
    }

    /// The number of a name, and whether it is new; none if there is no room for more.
    pub(super) fn intern(&mut self, name: &str) -> Option<(u32, bool)> {
        let hash_of = hash(name);
        let (text, starts) = (&self.text, &self.starts);
        if let Some(slot) = self.slots.find(hash_of, |slot| stands_at(text, slot.start, name)) {
            return Some((slot.number, false));
        }
        let number = u32::try_from(self.len()).ok()?;
        let start = *starts.last()?;
        self.starts.push(u32::try_from(self.text.len() + name.len() + 1).ok()?);
        self.text.push_str(name);
        self.text.push(char::from(END));
        let (text, starts) = (&self.text, &self.starts);
        self.slots.insert_unique(hash_of, Slot { number, start }, |slot| hash(get(text, starts, slot.number)));
        Some((number, true))
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.starts.shrink_to_fit();
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.text.capacity() + self.starts.capacity() * size_of::<u32>() + self.slots.allocation_size()
    }
}

fn get<'a>(text: &'a str, starts: &[u32], number: u32) -> &'a str {
    let number = number as usize;
    &text[starts[number] as usize..starts[number + 1] as usize - 1]
}

/// Whether just that name starts there; a name that only begins so does not end with it.
fn stands_at(text: &str, start: u32, name: &str) -> bool {
    let there = text.as_bytes().get(start as usize..).unwrap_or_default();
    let same = there.get(..name.len()) == Some(name.as_bytes()) && there.get(name.len()) == Some(&END);
    // A text from outside that holds an end itself could span two names.
    same && !name.as_bytes().contains(&END)
}
