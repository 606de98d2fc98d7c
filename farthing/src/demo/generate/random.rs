//! Numbers that look random and are the same on every machine: splitmix64.

/// A sequence of numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence of one thing: it is the same in whatever order things are asked for.
    pub fn of(seed: u64, thing: &str, number: u64) -> Random {
        let mut random = Random { state: seed };
        for byte in thing.bytes() {
            random.state = random.next() ^ u64::from(byte);
        }
        random.state = random.next() ^ number;
        random
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, each as likely as the others; 0 if there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(end);
        u64::try_from(product >> 64).expect("the upper half of 128 bits fits into 64")
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last + 1 - first)
    }

    /// True that many times in a thousand.
    pub fn in_thousand(&mut self, times: u64) -> bool {
        self.below(1_000) < times
    }

    /// A number below `end`, low ones far more often: a few earn much and many a little.
    pub fn skewed(&mut self, end: u64) -> u64 {
        let number = self.below(1 << 24);
        // The square of a number in [0, 1), in 48 binary places.
        let square = u128::from(number * number);
        u64::try_from((square * u128::from(end)) >> 48).expect("less than end")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_splitmix64() {
        // The first numbers of the published generator from state 0.
        let mut random = Random { state: 0 };
        assert_eq!([random.next(), random.next()], [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4]);
    }

    #[test]
    fn numbers_stay_below_their_end() {
        let mut random = Random::of(1, "test", 0);
        for end in [1, 2, 3, 1_000, 1 << 32] {
            for _ in 0..1_000 {
                assert!(random.below(end) < end);
                assert!(random.skewed(end) < end);
            }
        }
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn things_have_sequences_of_their_own() {
        let first = |seed, thing, number| Random::of(seed, thing, number).below(u64::MAX);
        let all = [first(1, "work", 1), first(2, "work", 1), first(1, "owner", 1), first(1, "work", 2)];
        let distinct: std::collections::BTreeSet<u64> = all.into();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(first(1, "work", 1), all[0]);
    }

    #[test]
    fn skewed_numbers_favour_the_low() {
        let mut random = Random::of(1, "skew", 0);
        let low = (0..10_000).filter(|_| random.skewed(1_000) < 250).count();
        assert!((4_500..5_500).contains(&low), "{low}");
    }
}
