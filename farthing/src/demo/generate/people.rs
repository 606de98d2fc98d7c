//! The contributors: where each stands, and whom a platform meets.

use super::random::Random;

/// The platforms of the month; the real week has one of its own.
pub const ATLAS: &str = "plt_atlas";
pub const BOREALIS: &str = "plt_borealis";
pub const CIRRUS: &str = "plt_cirrus";
pub const CAMPUS: &str = "plt_campus";

/// Contributors come in blocks of this many; a contributor's slot in the block decides how they stand.
const SLOTS: u32 = 100;
/// Fewer contributors would not hold enough of every standing.
pub const CONTRIBUTORS_LEAST: u32 = 2 * SLOTS;

/// How a contributor stands to MIDs and platforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// A member of one MID; everything is payable where that has an agreement.
    Authors,
    Images,
    Nippon,
    /// The small MID whose draft the 70 % rule refuses.
    Village,
    /// In the registry, but in no MID: suspense.
    Nowhere,
    /// A member of Authors who denies one platform: unlicensed there.
    DeniesAtlas,
    /// A member of Authors who denied the real week's platform on the third.
    DeniesCampus,
    /// A member of Images who denies everything.
    DeniesAll,
    /// A member of Images who withdrew a consent in the middle of the month.
    Withdraws,
    /// A member of Authors without an account to pay to.
    NoAccount,
    /// Moved from Authors to Images in the middle of the month.
    Moves,
    /// Represented by Authors to some platforms and by Nippon to another.
    TwoMids,
    /// Left Nippon before the month ended: whatever is owed is paid, however little.
    Leaves,
}

impl Standing {
    const fn of(slot: u32) -> Standing {
        match slot {
            20 | 21 => Standing::DeniesCampus,
            0..45 => Standing::Authors,
            45..70 => Standing::Images,
            70..85 => Standing::Nippon,
            85..88 => Standing::Village,
            91 | 92 => Standing::DeniesAtlas,
            93 => Standing::DeniesAll,
            94 => Standing::Withdraws,
            95 => Standing::NoAccount,
            96 => Standing::Moves,
            97 => Standing::TwoMids,
            98 => Standing::Leaves,
            _ => Standing::Nowhere,
        }
    }
}

/// All contributors.
#[derive(Clone, Copy, Debug)]
pub struct People {
    pub seed: u64,
    pub contributors: u32,
}

impl People {
    pub fn standing(&self, contributor: u32) -> Standing {
        Standing::of(contributor % SLOTS)
    }

    /// Whether the contributor asked to be paid in euros, although most of their MID are not.
    pub fn prefers_euros(&self, contributor: u32) -> bool {
        contributor.is_multiple_of(5)
    }

    /// A contributor whom a platform is likely to meet: mostly members of a MID that it has agreements with, sometimes anybody.
    pub fn near(&self, platform: &str, random: &mut Random) -> u32 {
        let slots = match (platform, random.below(100)) {
            (ATLAS, 0..80) => 0..45,
            (BOREALIS, 0..60) => 45..70,
            (BOREALIS, 60..66) => 85..88,
            (BOREALIS, 66..80) => 0..45,
            (CIRRUS, 0..75) => 70..85,
            (CAMPUS, 0..95) => 0..45,
            _ => 0..SLOTS,
        };
        let slot = slots.start + below(random, slots.end - slots.start);
        // Blocks, not slots, are favoured: every way to stand has its famous members.
        let blocks = (self.contributors / SLOTS).max(1);
        let block = u32::try_from(random.skewed(u64::from(blocks))).unwrap_or(0);
        (block * SLOTS + slot).min(self.contributors - 1)
    }

    /// How many works there are.
    pub fn works(&self) -> u32 {
        (self.contributors / 4).max(30)
    }
}

fn below(random: &mut Random, end: u32) -> u32 {
    u32::try_from(random.below(u64::from(end))).unwrap_or(0)
}

/// The platform that uses a work most: works are owned by those whom it meets.
pub fn home_of(work: u32) -> &'static str {
    [ATLAS, BOREALIS, CIRRUS][(work % 3) as usize]
}

pub fn party_id(contributor: u32) -> String {
    format!("pty_{contributor:05}")
}

pub fn work_id(work: u32) -> String {
    format!("wrk_{work:05}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_standing_is_taken_and_met() {
        let people = People { seed: 1, contributors: 1_000 };
        let standings: HashSet<Standing> = (0..people.contributors).map(|contributor| people.standing(contributor)).collect();
        assert_eq!(standings.len(), 13);
        let mut random = Random::of(1, "met", 0);
        let platforms = [ATLAS, BOREALIS, CIRRUS, CAMPUS];
        let met: HashSet<Standing> = (0..10_000).map(|number| people.standing(people.near(platforms[number % 4], &mut random))).collect();
        assert_eq!(met, standings);
    }
}
