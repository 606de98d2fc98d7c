//! A filter in memory that says of nearly every identity of no run that the run does not hold it, and of none that it holds.

use super::known::upper;

/// One line of the processor's cache: what one look touches.
type Line = [u64; 8];

/// Bits that an identity sets in its line.
const BITS_SET: u32 = 6;

/// Bits for each identity in a filter of full size: one look in a thousand is in vain.
const BITS_EACH: u64 = 16;

/// How often a filter can be halved and is still worth its memory.
pub const HALVINGS_MAX: u32 = 2;

/// A blocked Bloom filter. Identities are digests, so their own bits serve as hashes.
pub struct Filter {
    lines: Vec<Line>,
    halvings_left: u32,
}

impl Filter {
    /// Bytes of a filter for so many identities that was halved so often.
    pub fn bytes_for(identities: u64, halvings: u32) -> u64 {
        (lines_for(identities) >> halvings) * size_of::<Line>() as u64
    }

    /// An empty filter that was halved so often.
    pub fn with_room(identities: u64, halvings: u32) -> Filter {
        let lines = usize::try_from(lines_for(identities) >> halvings).expect("lines fit in memory");
        Filter { lines: vec![[0; 8]; lines], halvings_left: HALVINGS_MAX.saturating_sub(halvings) }
    }

    pub fn bytes(&self) -> u64 {
        (self.lines.len() * size_of::<Line>()) as u64
    }

    pub fn insert(&mut self, rank: u128) {
        let line = self.line_of(rank);
        for (word, bit) in bits_of(rank) {
            self.lines[line][word] |= bit;
        }
    }

    /// False if it was never inserted.
    pub fn may_hold(&self, rank: u128) -> bool {
        let line = &self.lines[self.line_of(rank)];
        bits_of(rank).all(|(word, bit)| line[word] & bit != 0)
    }

    /// Whether it is of use in half the memory.
    pub fn can_be_halved(&self) -> bool {
        self.halvings_left > 0
    }

    /// The filter in half the memory, less sharp; none if it would be of no use.
    pub fn halved(mut self) -> Option<Filter> {
        self.halvings_left = self.halvings_left.checked_sub(1)?;
        let half = self.lines.len() / 2;
        for to in 0..half {
            let (left, right) = (self.lines[2 * to], self.lines[2 * to + 1]);
            self.lines[to] = std::array::from_fn(|word| left[word] | right[word]);
        }
        self.lines.truncate(half);
        self.lines.shrink_to_fit();
        Some(self)
    }

    /// Neighbours stay neighbours, so that two lines can become one.
    fn line_of(&self, rank: u128) -> usize {
        let line = (u128::from(upper(rank)) * self.lines.len() as u128) >> 64;
        usize::try_from(line).expect("below the number of lines")
    }
}

/// A multiple of four, so that it can be halved twice.
fn lines_for(identities: u64) -> u64 {
    (identities * BITS_EACH)
        .div_ceil(u64::from(Line::default().len() as u32 * u64::BITS))
        .next_multiple_of(1 << HALVINGS_MAX)
        .max(1 << HALVINGS_MAX)
}

/// Which bits of a line an identity sets: its lower half says so, the upper one has chosen the line.
fn bits_of(rank: u128) -> impl Iterator<Item = (usize, u64)> {
    let lower = rank as u64;
    (0..BITS_SET).map(move |number| {
        let bit = (lower >> (9 * number)) % 512;
        ((bit / 64) as usize, 1 << (bit % 64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks without a pattern.
    fn ranks(seed: u64) -> impl Iterator<Item = u128> {
        (0_u64..).map(move |number| {
            let digest = farthing_aggregate::identity::of_event("p", &seed.to_string(), &number.to_string());
            super::super::known::rank(digest)
        })
    }

    /// How many of 10,000 others a filter of so many lets through; those in it all are.
    fn let_through(identities: usize, halvings: u32) -> usize {
        let mut filter = Filter::with_room(identities as u64, 0);
        ranks(1).take(identities).for_each(|rank| filter.insert(rank));
        for _ in 0..halvings {
            filter = filter.halved().unwrap();
        }
        assert!(ranks(1).take(identities).all(|rank| filter.may_hold(rank)));
        ranks(2).take(10_000).filter(|rank| filter.may_hold(*rank)).count()
    }

    #[test]
    fn what_is_in_it_is_never_refused_and_little_else_let_through() {
        assert!(let_through(20_000, 0) < 60);
        assert!(let_through(20_000, 1) < 600);
        assert!(let_through(20_000, 2) < 3_500);
        assert_eq!(let_through(0, 2), 0);
    }

    #[test]
    fn it_is_halved_twice_and_then_given_up() {
        let filter = Filter::with_room(1_000, 0);
        assert_eq!(filter.bytes(), Filter::bytes_for(1_000, 0));
        let quarter = filter.halved().and_then(Filter::halved).unwrap();
        assert_eq!(quarter.bytes(), Filter::bytes_for(1_000, 2));
        assert_eq!(quarter.bytes() * 4, Filter::bytes_for(1_000, 0));
        assert!(quarter.halved().is_none());
    }
}
