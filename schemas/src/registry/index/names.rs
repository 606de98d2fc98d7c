//! [`Names`]: ids as small numbers, their text in one place.
//!
//! A look-up of one name among millions is a wait for memory and little else: so the table is our own, one array that says in one
//! place what a name is, if it is short, and its number; and many names can be looked up side by side ([`Names::find_all`]).

use serde::{Deserialize, Serialize};
use std::hash::BuildHasher;

/// Ends each name in the text: no id holds a control character.
const END: u8 = 0;

/// Names that are looked up side by side: more than a processor waits for at once, and few enough for its nearest cache.
const SIDE_BY_SIDE: usize = 64;

/// Distinct names, numbered as they came.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Names {
    texts: Texts,
    /// [`PARTS`] of them; a name's hash says in which one it stands. Not in a snapshot: see [`Names::fill_parts`].
    #[serde(skip)]
    parts: Vec<Part>,
}

/// Names by number.
#[derive(Debug, Serialize, Deserialize)]
struct Texts {
    /// The names one after the other, each with its [`END`].
    text: String,
    /// Where each name starts, and where the next one will.
    starts: Vec<u32>,
}

/// The table of names is kept in so many parts, which grow one by one and can be filled side by side.
const PARTS: usize = 64;

/// Fewer names than this are not worth a second thread.
const FILLED_ALONE: usize = 1 << 16;

/// A part of the table.
#[derive(Clone, Debug, Default)]
struct Part {
    /// A power of two of them, at least half of their slots free; a name stands in the first free one from its hash's line on.
    lines: Vec<Line>,
    names: usize,
}

/// Slots that come from memory together: few look-ups need a second line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([Slot; 2]);

/// Bytes of a name that its slot holds.
const HEAD: usize = 22;

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// [`FREE`] in a free slot.
    number: u32,
    start: u32,
    shape: Shape,
}

/// What tells a short name from all others, and a long one from most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    /// In bytes; no id is longer than this can say.
    length: u16,
    /// The name's first bytes, and zeros after its end.
    head: [u8; HEAD],
}

impl Shape {
    fn of(name: &str) -> Shape {
        let mut head = [0; HEAD];
        let count = name.len().min(HEAD);
        head[..count].copy_from_slice(&name.as_bytes()[..count]);
        Shape { length: u16::try_from(name.len()).unwrap_or(u16::MAX), head }
    }
}

/// No name has this number: there are fewer than 2^32 bytes of text.
const FREE: u32 = u32::MAX;

const FREE_SLOT: Slot = Slot { number: FREE, start: 0, shape: Shape { length: 0, head: [0; HEAD] } };
const FREE_LINE: Line = Line([FREE_SLOT; 2]);

/// The same on every machine and in every run.
fn hash(name: &str) -> u64 {
    foldhash::fast::FixedState::default().hash_one(name)
}

impl Texts {
    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn get(&self, number: u32) -> &str {
        let number = number as usize;
        &self.text[self.starts[number] as usize..self.starts[number + 1] as usize - 1]
    }

    /// Adds a name; none if there is no room for more.
    fn push(&mut self, name: &str) -> Option<Slot> {
        let slot = Slot { number: u32::try_from(self.len()).ok()?, start: *self.starts.last()?, shape: Shape::of(name) };
        self.starts.push(u32::try_from(self.text.len() + name.len() + 1).ok()?);
        self.text.push_str(name);
        self.text.push(char::from(END));
        Some(slot)
    }

    /// A name that was not looked at before; none if it does not stand where it should.
    fn checked(&self, number: u32) -> Option<&str> {
        let at = number as usize;
        self.text.get(self.starts[at] as usize..self.starts[at + 1].checked_sub(1)? as usize)
    }

    /// Whether just that name starts there; a name that only begins so does not end with it.
    fn stands_at(&self, start: u32, name: &str) -> bool {
        let there = self.text.as_bytes().get(start as usize..).unwrap_or_default();
        let same = there.get(..name.len()) == Some(name.as_bytes()) && there.get(name.len()) == Some(&END);
        // A text from outside that holds an end itself could span two names.
        same && !name.as_bytes().contains(&END)
    }
}

/// The part in which a name stands, by the bits of its hash that say nothing about its line.
fn part_of(hash: u64) -> usize {
    usize::try_from(hash >> (u64::BITS - PARTS.ilog2())).expect("few bits")
}

impl Part {
    fn with_room(names: usize) -> Part {
        Part { lines: vec![FREE_LINE; names.next_power_of_two()], names: 0 }
    }

    fn place(&self, hash: u64) -> usize {
        let last = u64::try_from(self.lines.len() - 1).expect("a length fits 64 bits");
        usize::try_from(hash & last).expect("at most the last place")
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.lines.len() - 1)
    }

    fn line(&self, hash: u64) -> &Line {
        &self.lines[self.place(hash)]
    }

    /// Finds a name from the line at its hash's place on.
    fn find_from(&self, first: &Line, hash: u64, name: &str, texts: &Texts) -> Option<u32> {
        let shape = Shape::of(name);
        let (mut line, mut at) = (first, self.place(hash));
        loop {
            for slot in &line.0 {
                if slot.number == FREE {
                    return None;
                }
                if slot.shape == shape && (name.len() <= HEAD || texts.stands_at(slot.start, name)) {
                    return Some(slot.number);
                }
            }
            at = self.after(at);
            line = &self.lines[at];
        }
    }

    /// Puts a name that is new in a free slot; half of the slots stay free.
    fn put(&mut self, hash: u64, slot: Slot, texts: &Texts) {
        if self.names == self.lines.len() {
            self.grow(self.names + 1, texts);
        }
        self.names += 1;
        let mut at = self.place(hash);
        loop {
            if let Some(free) = self.lines[at].0.iter_mut().find(|there| there.number == FREE) {
                *free = slot;
                return;
            }
            at = self.after(at);
        }
    }

    /// Makes room for that many names.
    fn grow(&mut self, names: usize, texts: &Texts) {
        if names > self.lines.len() {
            let old = std::mem::replace(self, Part::with_room(names));
            for slot in old.lines.into_iter().flat_map(|line| line.0).filter(|slot| slot.number != FREE) {
                self.put(hash(texts.get(slot.number)), slot, texts);
            }
        }
    }
}

impl Names {
    pub(super) fn new() -> Names {
        Names { texts: Texts { text: String::new(), starts: vec![0] }, parts: vec![Part::with_room(1); PARTS] }
    }

    /// Makes room for that many more, so that few names are moved or hashed again as they come.
    pub(super) fn reserve(&mut self, more: usize) {
        self.texts.starts.reserve(more);
        let names = (self.len() + more).div_ceil(PARTS);
        self.parts.iter_mut().for_each(|part| part.grow(names, &self.texts));
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn get(&self, number: u32) -> &str {
        self.texts.get(number)
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.find_hashed(hash(name), name)
    }

    fn find_hashed(&self, hash: u64, name: &str) -> Option<u32> {
        let part = &self.parts[part_of(hash)];
        part.find_from(part.line(hash), hash, name, &self.texts)
    }

    /// Looks up names side by side; `found` gets the number of each, in order.
    pub(super) fn find_all(&self, names: &[&str], mut found: impl FnMut(Option<u32>)) {
        for names in names.chunks(SIDE_BY_SIDE) {
            // Each wait for memory in a loop of its own that does little else: so the processor is on to the next names meanwhile.
            let mut hashes = [0; SIDE_BY_SIDE];
            hashes.iter_mut().zip(names).for_each(|(of_name, name)| *of_name = hash(name));
            let mut lines = [FREE_LINE; SIDE_BY_SIDE];
            lines.iter_mut().zip(&hashes[..names.len()]).for_each(|(line, hash)| *line = *self.parts[part_of(*hash)].line(*hash));
            for ((line, hash), name) in lines.iter().zip(hashes).zip(names) {
                found(self.parts[part_of(hash)].find_from(line, hash, name, &self.texts));
            }
        }
    }

    /// The same as [`Names::find`], after a look at that number and the one after it: where names come in their order, this
    /// saves the search.
    pub(super) fn find_near(&self, near: u32, name: &str) -> Option<u32> {
        let end = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let guess = (near..end).take(2).find(|number| self.get(*number) == name);
        guess.or_else(|| self.find(name))
    }

    /// The number of a name, and whether it is new; none if there is no room for more.
    pub(super) fn intern(&mut self, name: &str) -> Option<(u32, bool)> {
        let hash = hash(name);
        if let Some(number) = self.find_hashed(hash, name) {
            return Some((number, false));
        }
        let slot = self.texts.push(name)?;
        self.parts[part_of(hash)].put(hash, slot, &self.texts);
        Some((slot.number, true))
    }

    /// Makes the table anew for names that were read without it: it is larger than all the rest of a snapshot and quickly made.
    /// None if the names do not stand where they should.
    pub(super) fn fill_parts(&mut self) -> Option<()> {
        self.texts.starts.len().checked_sub(1)?;
        self.parts = vec![Part::default(); PARTS];
        let threads = if self.len() < FILLED_ALONE { 1 } else { 2 };
        let (texts, each) = (&self.texts, PARTS / threads);
        let filled = std::thread::scope(|scope| {
            let fill = |(number, parts)| scope.spawn(move || fill(number * each, parts, texts));
            let filling: Vec<_> = self.parts.chunks_mut(each).enumerate().map(fill).collect();
            filling.into_iter().map(|filling| filling.join().ok().flatten()).collect()
        });
        self.shrink();
        filled
    }

    pub(super) fn shrink(&mut self) {
        self.texts.text.shrink_to_fit();
        self.texts.starts.shrink_to_fit();
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let lines: usize = self.parts.iter().map(|part| part.lines.capacity()).sum();
        self.texts.text.capacity() + self.texts.starts.capacity() * size_of::<u32>() + lines * size_of::<Line>()
    }
}

/// Fills parts of the table, of which the first one has that number.
fn fill(first: usize, parts: &mut [Part], texts: &Texts) -> Option<()> {
    let each = texts.len().div_ceil(PARTS);
    let mut numbers = vec![Vec::with_capacity(each + each / 8); parts.len()];
    for number in 0..u32::try_from(texts.len()).ok()? {
        let part = part_of(hash(texts.checked(number)?));
        if let Some(numbers) = part.checked_sub(first).and_then(|part| numbers.get_mut(part)) {
            numbers.push(number);
        }
    }
    // One after the other: each part fits the processor's cache.
    for (part, numbers) in parts.iter_mut().zip(numbers) {
        *part = Part::with_room(each.max(numbers.len()));
        for number in numbers {
            let name = texts.get(number);
            part.put(hash(name), Slot { number, start: texts.starts[number as usize], shape: Shape::of(name) }, texts);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_by_itself_and_side_by_side_and_no_other_is() {
        let mut names = Names::new();
        let of = |number: u32| format!("pty_{number}");
        for number in 0..5000 {
            assert_eq!(names.intern(&of(number)), Some((number, true)));
            assert_eq!(names.intern(&of(number / 2)), Some((number / 2, false)));
        }
        for count in [0, 1, SIDE_BY_SIDE - 1, SIDE_BY_SIDE, SIDE_BY_SIDE + 1, 100] {
            let asked: Vec<String> = (4990..).take(count).map(of).collect();
            let mut found = Vec::new();
            let names_asked: Vec<&str> = asked.iter().map(String::as_str).collect();
            names.find_all(&names_asked, |number| found.push(number));
            let one_by_one: Vec<_> = asked.iter().map(|name| names.find(name)).collect();
            assert_eq!(found, one_by_one);
            assert_eq!(found.iter().flatten().count(), count.min(10));
        }
    }

    #[test]
    fn a_name_that_begins_or_spans_others_is_another() {
        let mut names = Names::new();
        names.reserve(2);
        // Of 22 and 23 bytes, alike in all that a slot holds.
        let long = ["a-name-of-twenty-two-b", "a-name-of-twenty-two-by", "a-name-of-twenty-two-bz"];
        for (number, name) in (0..).zip(["ab", "abc"].into_iter().chain(long)) {
            assert_eq!(names.intern(name), Some((number, true)));
            assert_eq!(names.get(number), name);
            assert_eq!(names.find(name), Some(number));
        }
        for other in ["", "a", "b", "ab\0", "ab\0abc", "abc\0", "abcd", "a-name-of-twenty-two-", "a-name-of-twenty-two-bx"] {
            assert_eq!(names.find(other), None);
        }
    }
}
