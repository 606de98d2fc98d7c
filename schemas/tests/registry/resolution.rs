//! Random small registries, loaded record by record: accepted and resolved as a slow reference says, which looks at each instant.

use super::snapshot::again;
use super::{judged, load};
use farthing_schemas::registry::{Registry, State};
use farthing_schemas::{Currency, Instant, Use};
use serde_json::{Value, json};

const PLATFORMS: [&str; 2] = ["plt_a", "plt_b"];
const PARTIES: [&str; 3] = ["pty_1", "pty_2", "pty_3"];
const WORKS: [&str; 2] = ["wrk_1", "wrk_2"];
const DAYS: u64 = 6;

/// A small generator of numbers that look random (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn some(&mut self, of: &[&str]) -> Value {
        if self.below(3) == 0 {
            return json!("*");
        }
        let listed: Vec<&str> = of.iter().copied().filter(|_| self.below(2) == 0).collect();
        if listed.is_empty() { json!([self.one(of)]) } else { json!(listed) }
    }
}

/// Midnight in UTC of a day of 2026-01, spelt in one of two ways.
fn midnight(day: u64, dice: &mut Dice) -> String {
    if dice.below(2) == 0 { format!("2026-01-{:02}T00:00:00Z", day + 1) } else { format!("2026-01-{:02}T05:30:00.0+05:30", day + 1) }
}

fn record(dice: &mut Dice) -> Value {
    let uses: Vec<&str> = Use::ALL.iter().map(|use_| use_.as_str()).collect();
    let mut record = match dice.below(7) {
        0 | 1 => {
            json!({"kind": "membership", "party": dice.one(&PARTIES), "mid": dice.one(&["mid_x", "mid_y"]), "platforms": dice.some(&PLATFORMS), "uses": dice.some(&uses)})
        }
        2 => {
            json!({"kind": "agreement", "id": dice.one(&["agr_1", "agr_2", "agr_3"]), "platform": dice.one(&PLATFORMS), "mid": dice.one(&["mid_x", "mid_y"]),
            "uses": dice.some(&uses), "labour_share": "0.7", "currency": dice.one(&["USD", "EUR"]), "on_shortfall": "refuse"})
        }
        3 => json!({"kind": "work", "id": dice.one(&WORKS), "parties": [{"party": dice.one(&PARTIES), "share": "1"}]}),
        _ => {
            let mut consent = json!({"kind": "consent", "party": dice.one(&PARTIES), "decision": dice.one(&["y", "n"])});
            if dice.below(2) == 0 {
                consent["work"] = json!(dice.one(&WORKS))
            }
            if dice.below(2) == 0 {
                consent["platform"] = json!(dice.one(&["plt_a", "plt_b", "*"]))
            }
            if dice.below(2) == 0 {
                consent["use"] = json!(dice.one(&["training", "citation", "*"]))
            }
            consent
        }
    };
    let from = dice.below(DAYS - 1);
    if matches!(record["kind"].as_str(), Some("membership" | "agreement")) || dice.below(3) > 0 {
        record["from"] = json!(midnight(from, dice));
    }
    if dice.below(3) > 0 {
        record["to"] = json!(midnight(from + 1 + dice.below(DAYS - from), dice));
    }
    record
}

/// The slow reference: every record, asked one by one.
#[derive(Clone, Default)]
struct Reference(Vec<Value>);

impl Reference {
    fn instant(record: &Value, name: &str, open: i64) -> i64 {
        record[name].as_str().map_or(open, |text| text.parse::<Instant>().unwrap().micros())
    }

    fn key(record: &Value) -> Value {
        let star = |name: &str| record.get(name).cloned().unwrap_or(json!("*"));
        let from = Reference::instant(record, "from", i64::MIN);
        match record["kind"].as_str().unwrap() {
            "membership" => json!(["membership", record["party"], record["mid"], record["platforms"], record["uses"], from]),
            "work" => json!(["work", record["id"], from]),
            "consent" => json!(["consent", record["party"], record["work"], star("platform"), star("use"), from]),
            _ => json!(["id", record["id"]]),
        }
    }

    fn with(&self, record: &Value) -> Reference {
        let mut records: Vec<Value> = self.0.iter().filter(|known| Reference::key(known) != Reference::key(record)).cloned().collect();
        records.push(record.clone());
        Reference(records)
    }

    fn names(given: &Value, one: &str) -> bool {
        given.is_null() || given == "*" || given == one || given.as_array().is_some_and(|listed| listed.iter().any(|it| it == one))
    }

    fn at<'a>(&'a self, kind: &'static str, at: Instant) -> impl Iterator<Item = &'a Value> {
        let holds = move |record: &Value| {
            Reference::instant(record, "from", i64::MIN) <= at.micros() && at.micros() < Reference::instant(record, "to", i64::MAX)
        };
        self.0.iter().filter(move |record| record["kind"] == kind && holds(record))
    }

    fn members<'a>(&'a self, party: &'a str, platform: &'a str, use_: &'a str, at: Instant) -> Vec<&'a str> {
        let covers =
            |it: &&Value| it["party"] == party && Reference::names(&it["platforms"], platform) && Reference::names(&it["uses"], use_);
        self.at("membership", at).filter(covers).map(|it| it["mid"].as_str().unwrap()).collect()
    }

    fn agreements<'a>(&'a self, (platform, mid, use_, currency): (&'a str, &'a str, &'a str, &'a str), at: Instant) -> Vec<&'a str> {
        let same = |it: &&Value| {
            it["platform"] == platform && it["mid"] == mid && it["currency"] == currency && Reference::names(&it["uses"], use_)
        };
        self.at("agreement", at).filter(same).map(|it| it["id"].as_str().unwrap()).collect()
    }

    fn owners<'a>(&'a self, work: &'a str, at: Instant) -> Vec<&'a str> {
        self.at("work", at).filter(|it| it["id"] == work).map(|it| it["parties"][0]["party"].as_str().unwrap()).collect()
    }

    fn denied(&self, party: &str, work: Option<&str>, platform: &str, use_: &str, at: Instant) -> Option<bool> {
        let of_work = |it: &Value| it["work"].is_null() || work.is_some_and(|work| it["work"] == work);
        let applies = |it: &&Value| {
            it["party"] == party && of_work(it) && Reference::names(&it["platform"], platform) && Reference::names(&it["use"], use_)
        };
        let named = |it: &Value, name: &str| !it[name].is_null() && it[name] != "*";
        let rank = |it: &&Value| {
            let names = [named(it, "work"), named(it, "platform"), named(it, "use")];
            (names.iter().filter(|named| **named).count(), names, Reference::instant(it, "from", i64::MIN))
        };
        self.at("consent", at).filter(applies).max_by_key(rank).map(|it| it["decision"] == "n")
    }

    /// Whether nobody has two answers at any instant.
    fn is_sound(&self) -> bool {
        let uses = || Use::ALL.iter().map(|use_| use_.as_str());
        instants().all(|at| {
            let members = PARTIES.iter().all(|party| {
                ["plt_a", "plt_b", "unnamed"].iter().all(|platform| uses().all(|use_| self.members(party, platform, use_, at).len() < 2))
            });
            let terms = |use_| {
                PLATFORMS.iter().all(|platform| {
                    ["mid_x", "mid_y"]
                        .iter()
                        .all(|mid| ["USD", "EUR"].iter().all(|currency| self.agreements((platform, mid, use_, currency), at).len() < 2))
                })
            };
            members && uses().all(terms) && WORKS.iter().all(|work| self.owners(work, at).len() < 2)
        })
    }
}

/// Each day's midnight and the microsecond before it.
fn instants() -> impl Iterator<Item = Instant> {
    let first: Instant = "2026-01-01T00:00:00Z".parse().unwrap();
    (0..=7).flat_map(move |day| [-1, 0].map(|micros| Instant::from_micros(first.micros() + day * 86_400_000_000 + micros)))
}

fn compare(registry: &Registry, reference: &Reference) {
    for (at, use_) in instants().flat_map(|at| Use::ALL.iter().map(move |use_| (at, *use_))) {
        for platform_id in PLATFORMS {
            let platform = registry.platform(platform_id).unwrap();
            for (party, id) in PARTIES.iter().map(|id| (registry.party(id).unwrap(), *id)) {
                let mid = registry.mid_of(registry.standing(party), platform, use_, at).map(|mid| registry.mid_id(mid));
                assert_eq!(mid, reference.members(id, platform_id, use_.as_str(), at).first().copied());
                for work_id in [None, Some(WORKS[0]), Some(WORKS[1])] {
                    let work = work_id.and_then(|id| registry.work(id, at)).map(|(work, _)| work);
                    let work_id = work_id.filter(|_| work.is_some());
                    let expected = reference.denied(id, work_id, platform_id, use_.as_str(), at).unwrap_or(platform_id == "plt_b");
                    assert_eq!(
                        registry.denied(registry.standing(party), work, platform, use_, at),
                        expected,
                        "{id} {work_id:?} {platform_id} {use_} {at}"
                    );
                }
            }
            for (mid_id, currency) in [("mid_x", "USD"), ("mid_x", "EUR"), ("mid_y", "USD"), ("mid_y", "EUR")] {
                let found = registry.agreement_of(platform, registry.mid(mid_id).unwrap(), use_, currency.parse::<Currency>().unwrap(), at);
                let expected = reference.agreements((platform_id, mid_id, use_.as_str(), currency), at);
                assert_eq!(found.map(|agreement| registry.agreement_id(agreement)), expected.first().copied());
            }
        }
        for work in WORKS {
            let owner = registry.work(work, at).map(|(_, parts)| registry.party_id(parts[0].party));
            assert_eq!(owner, reference.owners(work, at).first().copied());
        }
    }
}

const FIRST: &str = r#"{"kind":"platform","id":"plt_a","default_labour_share":"0.7"}
{"kind":"platform","id":"plt_b","default_labour_share":"0.7","consent_default":"deny"}
{"kind":"mid","id":"mid_x","fee":"0.05","currency":"USD"}
{"kind":"mid","id":"mid_y","fee":"0.1","currency":"EUR"}
{"kind":"party","id":"pty_3","type":"person"}
{"kind":"party","id":"pty_2","type":"person"}
{"kind":"party","id":"pty_1","type":"community"}
{"kind":"work","id":"wrk_1","parties":[{"party":"pty_1","share":"1"}],"to":"2026-01-02T00:00:00Z"}
{"kind":"work","id":"wrk_2","parties":[{"party":"pty_2","share":"1"}],"from":"2026-01-03T00:00:00Z"}
"#;

#[test]
fn random_registries_resolve_as_the_reference_says() {
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut state = State::default();
        let mut versions = vec![load(&mut state, FIRST)];
        let mut reference = Reference(FIRST.lines().map(|line| serde_json::from_str(line).unwrap()).collect());
        for _ in 0..40 {
            let record = record(&mut dice);
            let next = reference.with(&record);
            let found = judged(&state, &record.to_string());
            assert_eq!(found.is_ok(), next.is_sound(), "seed {seed}: {record}: {found:?} beside {:#?}", reference.0);
            if found.is_err() {
                refused += 1;
                continue;
            }
            accepted += 1;
            versions.push(load(&mut state, &record.to_string()));
            reference = next;
        }
        compare(&Registry::from_state(&state).unwrap(), &reference);
        let compiled = Registry::from_public((1..).zip(versions.iter().map(Vec::as_slice))).unwrap();
        compare(&compiled, &reference);
        compare(&again(&compiled), &reference);
    }
    assert!(accepted > 500 && refused > 300, "{accepted} accepted, {refused} refused");
}
