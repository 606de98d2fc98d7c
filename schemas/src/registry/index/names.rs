//! [`Names`]: ids as small numbers, their text in one place.
//!
//! A look-up of one name among millions is a wait for memory and little else: so the table is our own, many names can be looked up side
//! by side ([`Names::find_all`]), and it is made by two threads when it is large ([`Names::fill_shards`]).

mod shard;

use serde::{Deserialize, Serialize};
use shard::{FREE_LINE, Shape, Shard, Slot, hash};

/// Ends each name in the text: no id holds a control character.
const END: u8 = 0;

/// Names that are looked up side by side: more than a processor waits for at once, and few enough for its nearest cache.
const SIDE_BY_SIDE: usize = 64;

/// Distinct names, numbered as they came.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Names {
    texts: Texts,
    /// [`SHARDS`] of them; a name's hash says in which one it stands. Not in a snapshot: see [`Names::fill_shards`].
    #[serde(skip)]
    shards: Vec<Shard>,
}

/// Names by number.
#[derive(Debug, Serialize, Deserialize)]
struct Texts {
    /// The names one after the other, each with its [`END`].
    text: String,
    /// Where each name starts, and where the next one will.
    starts: Vec<u32>,
}

/// The table of names is kept in so many shards, which grow one by one and can be filled side by side.
const SHARDS: usize = 64;

/// Fewer names than this are not worth a second thread.
const FILLED_ALONE: usize = 1 << 16;

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

/// The shard in which a name stands, by the bits of its hash that say nothing about its line.
fn shard_of(hash: u64) -> usize {
    usize::try_from(hash >> (u64::BITS - SHARDS.ilog2())).expect("few bits")
}

impl Names {
    pub(super) fn new() -> Names {
        Names { texts: Texts { text: String::new(), starts: vec![0] }, shards: vec![Shard::with_room(1); SHARDS] }
    }

    /// Makes room for that many more, so that few names are moved or hashed again as they come.
    pub(super) fn reserve(&mut self, more: usize) {
        self.texts.starts.reserve(more);
        let names = (self.len() + more).div_ceil(SHARDS);
        self.shards.iter_mut().for_each(|shard| shard.grow(names, &self.texts));
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
        let shard = &self.shards[shard_of(hash)];
        shard.find_from(shard.line(hash), hash, name, &self.texts)
    }

    /// Looks up names side by side; `found` gets the number of each, in order.
    pub(super) fn find_all(&self, names: &[&str], mut found: impl FnMut(Option<u32>)) {
        for names in names.chunks(SIDE_BY_SIDE) {
            // Each wait for memory in a loop of its own that does little else: so the processor is on to the next names meanwhile.
            let mut hashes = [0; SIDE_BY_SIDE];
            hashes.iter_mut().zip(names).for_each(|(of_name, name)| *of_name = hash(name));
            let mut lines = [FREE_LINE; SIDE_BY_SIDE];
            lines.iter_mut().zip(&hashes[..names.len()]).for_each(|(line, hash)| *line = *self.shards[shard_of(*hash)].line(*hash));
            for ((line, hash), name) in lines.iter().zip(hashes).zip(names) {
                found(self.shards[shard_of(hash)].find_from(line, hash, name, &self.texts));
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
        self.shards[shard_of(hash)].put(hash, slot, &self.texts);
        Some((slot.number, true))
    }

    /// Makes the table anew for names that were read without it: it is larger than all the rest of a snapshot and quickly made.
    /// None if the names do not stand where they should.
    pub(super) fn fill_shards(&mut self) -> Option<()> {
        self.fill_with(if self.texts.starts.len() < FILLED_ALONE { 1 } else { 2 })
    }

    fn fill_with(&mut self, threads: usize) -> Option<()> {
        if self.texts.starts.is_empty() {
            return None;
        }
        self.shards = vec![Shard::with_room(1); SHARDS];
        let (texts, each) = (&self.texts, SHARDS / threads);
        let filled = std::thread::scope(|scope| {
            let (ours, others) = self.shards.split_at_mut(each);
            let filling = |(number, shards)| scope.spawn(move || fill((number + 1) * each, shards, texts));
            let filling: Vec<_> = others.chunks_mut(each).enumerate().map(filling).collect();
            let filled = fill(0, ours, texts);
            filling.into_iter().fold(filled, |filled, other| filled.and(other.join().ok().flatten()))
        });
        self.shrink();
        filled
    }

    pub(super) fn shrink(&mut self) {
        self.texts.text.shrink_to_fit();
        self.texts.starts.shrink_to_fit();
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let shards: usize = self.shards.iter().map(Shard::heap_bytes).sum();
        self.texts.text.capacity() + self.texts.starts.capacity() * size_of::<u32>() + shards
    }
}

/// Fills shards of the table, of which the first one has that number.
fn fill(first: usize, shards: &mut [Shard], texts: &Texts) -> Option<()> {
    let each = texts.len().div_ceil(SHARDS);
    let mut slots: Vec<Vec<(u64, Slot)>> = shards.iter().map(|_| Vec::with_capacity(each + each / 8)).collect();
    for number in 0..u32::try_from(texts.len()).ok()? {
        let name = texts.checked(number)?;
        let hash = hash(name);
        if let Some(slots) = shard_of(hash).checked_sub(first).and_then(|shard| slots.get_mut(shard)) {
            slots.push((hash, Slot { number, start: texts.starts[number as usize], shape: Shape::of(name) }));
        }
    }
    // One after the other: each fits the processor's cache, and no text is waited for again.
    for (shard, slots) in shards.iter_mut().zip(slots) {
        *shard = Shard::with_room(each.max(slots.len()));
        slots.into_iter().for_each(|(hash, slot)| shard.put(hash, slot, texts));
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
    fn a_table_that_is_filled_anew_is_the_same() {
        let mut names = Names::new();
        let of = |number: u32| format!("pty_{:x}", number.wrapping_mul(2_654_435_769));
        (0..3000).for_each(|number| assert_eq!(names.intern(&of(number)), Some((number, true))));
        for threads in [1, 2, 4] {
            names.fill_with(threads).expect("all stand where they should");
            assert!((0..3000).all(|number| names.find(&of(number)) == Some(number)), "{threads}");
            assert_eq!(names.find(&of(3000)), None);
        }
        names.texts.starts[1500] = u32::MAX;
        assert_eq!(names.fill_with(2), None);
        names.texts.starts.clear();
        assert_eq!(names.fill_with(1), None);
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
