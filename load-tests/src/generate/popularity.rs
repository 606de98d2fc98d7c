//! Which contributor an entry names: all alike, or few that are named by most.

use super::random::Random;
use clap::ValueEnum;

/// How often contributors are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Popularity {
    /// Every contributor as often as any other: the worst case for caches.
    #[default]
    Uniform,
    /// The contributor of rank r about 1/r times as often as the first (Zipf's law, in octaves).
    Zipf,
}

/// Draws contributors by number.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    contributors: u64,
    popularity: Popularity,
    stride: u64,
}

impl Draw {
    /// Draws from 0 to `contributors` - 1.
    #[must_use]
    pub fn new(contributors: u64, popularity: Popularity) -> Self {
        // A stride without a common factor visits every number once, so the popular ones do not sit side by side.
        let stride = (0..).map(|n| contributors / 3 * 2 + 1 + n).find(|s| common_factor(*s, contributors) == 1).unwrap_or(1);
        Self { contributors, popularity, stride }
    }

    /// The number of the next contributor.
    pub fn next(&self, random: &mut Random) -> u64 {
        match self.popularity {
            Popularity::Uniform => random.below(self.contributors),
            Popularity::Zipf => self.scatter(self.rank(random)),
        }
    }

    /// A rank with density 1/r: an octave, each as likely, then a place in it.
    fn rank(&self, random: &mut Random) -> u64 {
        let octaves = u64::from(self.contributors.ilog2() + 1);
        loop {
            let first = 1_u64 << random.below(octaves);
            let rank = first + random.below(first);
            if rank <= self.contributors {
                return rank - 1;
            }
        }
    }

    fn scatter(&self, rank: u64) -> u64 {
        let product = u128::from(rank) * u128::from(self.stride) % u128::from(self.contributors);
        u64::try_from(product).expect("a remainder is smaller than its divisor")
    }
}

fn common_factor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_factor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::{Draw, Popularity, Random};
    use std::collections::BTreeSet;

    #[test]
    fn zipf_names_few_often_and_scatters_without_collisions() {
        let draw = Draw::new(1000, Popularity::Zipf);
        let seen: BTreeSet<u64> = (0..1000).map(|rank| draw.scatter(rank)).collect();
        assert_eq!(seen.len(), 1000);
        let mut random = Random::of(7, 0, 0);
        let first = (0..10_000).filter(|_| draw.next(&mut random) == 0).count();
        assert!((800..1300).contains(&first), "rank 1 of ten octaves was drawn {first} times in 10,000");
    }

    #[test]
    fn every_number_of_contributors_can_be_drawn_from() {
        for contributors in 1..50 {
            for popularity in [Popularity::Uniform, Popularity::Zipf] {
                let draw = Draw::new(contributors, popularity);
                let mut random = Random::of(1, 1, contributors);
                assert!((0..100).all(|_| draw.next(&mut random) < contributors));
            }
        }
    }
}
