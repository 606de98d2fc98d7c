//! What platforms do: each scene is one way to use contributions, with its price and its kind of attribution.

use super::event::{Attribution, Data, Entry, Event, Reference, Revenue, Usage, Weight, type_of};
use super::people::{ATLAS, BOREALIS, CIRRUS, People, home_of, party_id, work_id};
use super::random::Random;
use super::thousandths;
use std::collections::BTreeMap;

/// One way to use contributions.
#[derive(Debug)]
pub struct Scene {
    /// How often it happens, of a thousand events.
    pub often: u64,
    platform: &'static str,
    source: &'static str,
    prefix: &'static str,
    use_: &'static str,
    model: &'static str,
    method: &'static str,
    kind: Kind,
    price: Price,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Share,
    Linear,
    Softmax,
    Rank,
    Count,
}

/// What an event earns.
#[derive(Clone, Copy, Debug)]
enum Price {
    /// It says so: from the first to the second, in thousandths of the currency.
    Given(u64, u64, &'static str),
    /// The platform's prices say so, for counts from the first to the second.
    Rated(&'static [(&'static str, u64, u64)]),
}

/// Whose event it is: platform, source and the beginning of its ids.
type By = (&'static str, &'static str, &'static str);
const BY_ATLAS: By = (ATLAS, "//atlas.example/eu-1", "atl");
const BY_BOREALIS: By = (BOREALIS, "//borealis.example/search", "bor");
const BY_CIRRUS: By = (CIRRUS, "//cirrus.example/tokyo", "cir");

const fn scene(often: u64, by: By, what: (&'static str, &'static str, &'static str), kind: Kind, price: Price) -> Scene {
    let ((platform, source, prefix), (use_, model, method)) = (by, what);
    Scene { often, platform, source, prefix, use_, model, method, kind, price }
}

/// All scenes; `often` sums to a thousand.
pub const SCENES: [Scene; 9] = [
    scene(220, BY_ATLAS, ("inference", "atlas-4", "influence"), Kind::Share, Price::Given(20, 1_900, "USD")),
    scene(180, BY_ATLAS, ("retrieval", "atlas-4", "rag-score"), Kind::Linear, Price::Rated(&[("request", 1, 1), ("retrieval", 1, 40)])),
    scene(100, BY_ATLAS, ("citation", "atlas-4", "spans"), Kind::Count, Price::Given(10, 700, "USD")),
    scene(160, BY_BOREALIS, ("retrieval", "polar-2", "result-rank"), Kind::Rank, Price::Rated(&[("request", 1, 2), ("retrieval", 3, 60)])),
    scene(100, BY_BOREALIS, ("inference", "polar-2", "reranker"), Kind::Softmax, Price::Given(20, 1_500, "EUR")),
    scene(60, BY_BOREALIS, ("citation", "polar-2", "links"), Kind::Count, Price::Given(10, 900, "EUR")),
    scene(
        120,
        BY_CIRRUS,
        ("inference", "kumo-7b", "passages"),
        Kind::Linear,
        Price::Rated(&[("input_token", 200, 6_000), ("output_token", 50, 900)]),
    ),
    scene(56, BY_CIRRUS, ("citation", "kumo-7b", "footnotes"), Kind::Rank, Price::Given(1_000, 90_000, "JPY")),
    scene(4, BY_CIRRUS, ("training", "kumo-7b", "mixture"), Kind::Share, Price::Given(4_000_000, 30_000_000, "JPY")),
];

impl Scene {
    /// A scene, as often as scenes happen.
    pub fn any(random: &mut Random) -> &'static Scene {
        let mut left = random.below(1_000);
        let happens = |scene: &&Scene| {
            let hit = left < scene.often;
            left = left.saturating_sub(scene.often);
            hit
        };
        SCENES.iter().find(happens).unwrap_or(&SCENES[0])
    }

    /// An event of this scene.
    pub fn event(&self, people: &People, number: u32, time: String, random: &mut Random) -> Event {
        let (usage, revenue) = match self.price {
            Price::Given(least, most, currency) => {
                (BTreeMap::from([("request", 1)]), Some(Revenue { amount: thousandths(random.between(least, most)), currency }))
            }
            Price::Rated(units) => (units.iter().map(|(unit, least, most)| (*unit, random.between(*least, *most))).collect(), None),
        };
        let attribution = Some(self.attribution(people, random));
        let output = random.in_thousand(500).then(|| format!("out-{number:06}"));
        Event {
            specversion: "1.0",
            id: format!("{}-{number:06}", self.prefix),
            source: self.source,
            event_type: type_of(self.use_),
            time,
            data: Data::Usage(Usage { platform: self.platform, model: self.model, output, usage, revenue, attribution }),
        }
    }

    fn attribution(&self, people: &People, random: &mut Random) -> Attribution {
        // Now and then nobody is named, or nobody counts: then all of it is unattributed.
        let (nobody, nothing) = (random.in_thousand(8), random.in_thousand(10));
        let count = if nobody { 0 } else { 1 + random.skewed(12) };
        let references: Vec<Reference> = (0..count).map(|_| self.reference(people, random)).collect();
        let (mut weights, mut unattributed) = self.kind.weights(references.len(), random);
        if nothing {
            weights = self.kind.nothing(weights);
            unattributed = None;
        }
        let entries = references.into_iter().zip(weights).map(|(reference, weight)| Entry { reference, weight }).collect();
        let (kind, transform) = self.kind.words();
        Attribution { method: self.method, method_version: "1", kind, transform, entries, unattributed }
    }

    /// A party or a work; a few of them nobody has heard of yet.
    fn reference(&self, people: &People, random: &mut Random) -> Reference {
        match (random.below(1_000), random.below(60)) {
            (0..8, stranger) => Reference::Party(format!("pty_unheard_{stranger:02}")),
            (8..16, stranger) => Reference::Work(format!("wrk_unheard_{stranger:02}")),
            (16..550, _) => {
                let thirds = u64::from(people.works()) / 3;
                let any = u32::try_from(random.skewed(thirds) * 3).unwrap_or(0);
                let own = (any..any + 3).find(|work| home_of(*work) == self.platform);
                Reference::Work(work_id(own.unwrap_or(any)))
            }
            _ => Reference::Party(party_id(people.near(self.platform, random))),
        }
    }
}

impl Kind {
    /// The kind and the transform, as events name them.
    const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Kind::Share => ("share", None),
            Kind::Linear => ("score", Some("linear")),
            Kind::Softmax => ("score", Some("softmax")),
            Kind::Rank => ("rank", None),
            Kind::Count => ("citation_count", None),
        }
    }

    /// One weight for each of `count` entries, and what is said to be unattributed.
    fn weights(self, count: usize, random: &mut Random) -> (Vec<Weight>, Option<String>) {
        if let Kind::Share = self {
            return shares(count, random);
        }
        let weight = |(_, rank): (usize, u64)| match self {
            // Some scores are negative: they count as nothing.
            Kind::Linear if random.in_thousand(30) => Weight::Text(format!("-{}", thousandths(random.below(2_000)))),
            Kind::Linear => Weight::Text(thousandths(random.between(100, 60_000))),
            Kind::Softmax => Weight::Text(format!("-{}", thousandths(random.between(2_050, 5_580)))),
            Kind::Rank => Weight::Whole(rank),
            Kind::Count | Kind::Share => Weight::Whole(random.between(1, 5)),
        };
        let weights = (0..count).zip(1..).map(weight).collect();
        (weights, random.in_thousand(250).then(|| thousandths(random.between(50, 300))))
    }

    /// The same weights, or zeros where the kind has zeros.
    fn nothing(self, weights: Vec<Weight>) -> Vec<Weight> {
        match self {
            Kind::Rank | Kind::Softmax => weights,
            _ => weights.iter().map(|_| Weight::Whole(0)).collect(),
        }
    }
}

/// Shares that leave a part unattributed, which the event may say or not.
fn shares(count: usize, random: &mut Random) -> (Vec<Weight>, Option<String>) {
    let unattributed = random.between(20, 260);
    let mut left = 1_000 - unattributed;
    let mut weights = Vec::with_capacity(count);
    for after in (0..count).rev() {
        // What is left, or up to twice its even part.
        let even = left / (u64::try_from(after).unwrap_or(0) + 1);
        let share = if after == 0 { left } else { random.between(0, 2 * even).min(left) };
        left -= share;
        weights.push(Weight::Text(thousandths(share)));
    }
    // Where nobody is named, nothing may be said: all of it is unattributed anyway.
    let said = count > 0 && random.in_thousand(800);
    (weights, said.then(|| thousandths(unattributed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_schemas::event::decode;

    #[test]
    fn the_scenes_happen_a_thousand_times_in_a_thousand() {
        assert_eq!(SCENES.iter().map(|scene| scene.often).sum::<u64>(), 1_000);
    }

    #[test]
    fn every_scene_makes_events_of_the_contract() {
        let people = People { seed: 1, contributors: 300 };
        for scene in &SCENES {
            for number in 0..200 {
                let mut random = Random::of(1, scene.prefix, u64::from(number));
                let event = scene.event(&people, number, "2026-10-01T00:00:00Z".to_owned(), &mut random);
                let text = serde_json::to_string(&event).unwrap();
                if let Err(rejection) = decode(text.as_bytes()) {
                    panic!("{rejection:?}: {text}");
                }
            }
        }
    }
}
