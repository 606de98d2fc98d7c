//! A splitmix64 generator: ten lines, integers only, the same stream on every machine and in every version of this crate.

/// A stream of pseudo-random numbers that its seed decides.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of `seed`, for item `index` of the purpose `lane`: items need not be generated in order.
    #[must_use]
    pub fn of(seed: u64, lane: u64, index: u64) -> Self {
        let mut outer = Self(seed ^ lane.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let start = outer.next() ^ index;
        let mut inner = Self(start);
        Self(inner.next())
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, and without, `bound` (0 for a bound of 0).
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(bound);
        u64::try_from(product >> 64).expect("the upper half of a 128-bit product has 64 bits")
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs of splitmix64 with seed 1234567, from its reference implementation.
        let mut random = Random(1_234_567);
        assert_eq!(
            [random.next(), random.next(), random.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn below_stays_below() {
        let mut random = Random::of(1, 2, 3);
        assert!((0..1000).all(|_| random.below(7) < 7));
        assert_eq!(random.below(0), 0);
    }
}
