//! A shard of the table of names: one array that says in one place what a name is, if it is short, and its number.

use super::Texts;
use std::hash::BuildHasher;

/// A shard of the table.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    /// A power of two of them, at least half of their slots free; a name stands in the first free one from its hash's line on.
    lines: Vec<Line>,
    names: usize,
}

/// Slots that come from memory together: few look-ups need a second line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Line([Slot; 2]);

/// Bytes of a name that its slot holds.
pub(super) const HEAD: usize = 22;

#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// [`FREE`] in a free slot.
    pub(super) number: u32,
    pub(super) start: u32,
    pub(super) shape: Shape,
}

/// What tells a short name from all others, and a long one from most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// In bytes; no id is longer than this can say.
    length: u16,
    /// The name's first bytes, and zeros after its end.
    head: [u8; HEAD],
}

impl Shape {
    pub(super) fn of(name: &str) -> Shape {
        let mut head = [0; HEAD];
        let count = name.len().min(HEAD);
        head[..count].copy_from_slice(&name.as_bytes()[..count]);
        Shape { length: u16::try_from(name.len()).unwrap_or(u16::MAX), head }
    }
}

/// No name has this number: there are fewer than 2^32 bytes of text.
const FREE: u32 = u32::MAX;

const FREE_SLOT: Slot = Slot { number: FREE, start: 0, shape: Shape { length: 0, head: [0; HEAD] } };
pub(super) const FREE_LINE: Line = Line([FREE_SLOT; 2]);

/// The same on every machine and in every run.
pub(super) fn hash(name: &str) -> u64 {
    foldhash::fast::FixedState::default().hash_one(name)
}

impl Shard {
    pub(super) fn with_room(names: usize) -> Shard {
        Shard { lines: vec![FREE_LINE; names.next_power_of_two()], names: 0 }
    }

    fn place(&self, hash: u64) -> usize {
        let last = u64::try_from(self.lines.len() - 1).expect("a length fits 64 bits");
        usize::try_from(hash & last).expect("at most the last place")
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.lines.len() - 1)
    }

    pub(super) fn line(&self, hash: u64) -> &Line {
        &self.lines[self.place(hash)]
    }

    /// Finds a name from the line at its hash's place on.
    pub(super) fn find_from(&self, first: &Line, hash: u64, name: &str, texts: &Texts) -> Option<u32> {
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
    pub(super) fn put(&mut self, hash: u64, slot: Slot, texts: &Texts) {
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
    pub(super) fn grow(&mut self, names: usize, texts: &Texts) {
        if names > self.lines.len() {
            let old = std::mem::replace(self, Shard::with_room(names));
            for slot in old.lines.into_iter().flat_map(|line| line.0).filter(|slot| slot.number != FREE) {
                self.put(hash(texts.get(slot.number)), slot, texts);
            }
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Line>()
    }
}
