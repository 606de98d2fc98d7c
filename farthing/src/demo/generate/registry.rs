//! The registry: who owes, who is owed, and on which terms.

use super::people::{ATLAS, BOREALIS, CAMPUS, CIRRUS, People, Standing, home_of, party_id, work_id};
use super::random::Random;
use super::record::{Consent, Identifier, Membership, Part, Party, Payout, Platforms, Record, Work};
use super::terms::{AGREEMENTS, ALWAYS, AUTHORS, IMAGES, MIDS, NIPPON, PLATFORMS, VILLAGE};
use super::write_line;
use std::io::{self, Write};

const THIRD: &str = "2026-10-03T12:00:00Z";
const MIDDLE: &str = "2026-10-16T00:00:00Z";
const BEFORE_THE_END: &str = "2026-10-31T12:00:00Z";

/// Writes the registry and returns how many records it has.
pub fn write(people: &People, passages: &[u32], out: &mut dyn Write) -> io::Result<u64> {
    let mut records = Records { out, count: 0 };
    for platform in PLATFORMS {
        records.write(Record::Platform(platform))?;
    }
    for mid in MIDS {
        records.write(Record::Mid(mid))?;
    }
    for agreement in AGREEMENTS {
        records.write(Record::Agreement(agreement))?;
    }
    for contributor in 0..people.contributors {
        write_contributor(people, contributor, &mut records)?;
    }
    for work in 0..people.works() {
        write_work(people, work, &mut records)?;
    }
    for passage in passages {
        write_passage(people, *passage, &mut records)?;
    }
    Ok(records.count)
}

/// Where records go.
struct Records<'a> {
    out: &'a mut dyn Write,
    count: u64,
}

impl Records<'_> {
    fn write(&mut self, record: Record<'_>) -> io::Result<()> {
        self.count += 1;
        write_line(self.out, &record)
    }
}

fn write_contributor(people: &People, contributor: u32, records: &mut Records<'_>) -> io::Result<()> {
    let id = party_id(contributor);
    let standing = people.standing(contributor);
    let party_type = match contributor % 23 {
        5 => "organisation",
        11 => "community",
        _ => "person",
    };
    records.write(Record::Party(Party {
        id: &id,
        name: format!("Demo Contributor {contributor}"),
        party_type,
        identifiers: [Identifier { scheme: "demo", value: format!("DEMO-ID-{contributor:05}") }],
        payout: payout(people, contributor),
    }))?;
    for (mid, platforms, from, to) in memberships(standing) {
        records.write(Record::Membership(Membership { party: &id, mid, platforms, uses: "*", from, to }))?;
    }
    if let Some((platform, use_, from)) = denial(standing) {
        records.write(Record::Consent(Consent { party: &id, work: None, platform, use_, decision: "n", from }))?;
    }
    Ok(())
}

fn payout(people: &People, contributor: u32) -> Option<Payout> {
    let (method, currency) = match people.standing(contributor) {
        Standing::NoAccount => return None,
        Standing::Nippon | Standing::Leaves => ("zengin", "JPY"),
        Standing::Images | Standing::Village | Standing::DeniesAll | Standing::Withdraws => ("sepa", "EUR"),
        _ if people.prefers_euros(contributor) => ("sepa", "EUR"),
        _ => ("ach", "USD"),
    };
    Some(Payout { method, currency, account: format!("DEMO-ACCOUNT-{contributor:05}") })
}

/// MID, platforms, from, to.
type Member = (&'static str, Platforms, &'static str, Option<&'static str>);

fn memberships(standing: Standing) -> Vec<Member> {
    let all = Platforms::All("*");
    match standing {
        Standing::Authors | Standing::DeniesAtlas | Standing::DeniesCampus | Standing::NoAccount => vec![(AUTHORS, all, ALWAYS, None)],
        Standing::Images | Standing::DeniesAll | Standing::Withdraws => vec![(IMAGES, all, ALWAYS, None)],
        Standing::Nippon => vec![(NIPPON, all, ALWAYS, None)],
        Standing::Village => vec![(VILLAGE, all, ALWAYS, None)],
        Standing::Moves => vec![(AUTHORS, all, ALWAYS, Some(MIDDLE)), (IMAGES, all, MIDDLE, None)],
        Standing::TwoMids => {
            vec![(AUTHORS, Platforms::These(&[ATLAS, CAMPUS]), ALWAYS, None), (NIPPON, Platforms::These(&[CIRRUS]), ALWAYS, None)]
        }
        Standing::Leaves => vec![(NIPPON, all, ALWAYS, Some(BEFORE_THE_END))],
        Standing::Nowhere => Vec::new(),
    }
}

/// Platform, use, from.
fn denial(standing: Standing) -> Option<(&'static str, &'static str, &'static str)> {
    match standing {
        Standing::DeniesAtlas => Some((ATLAS, "*", ALWAYS)),
        Standing::DeniesCampus => Some((CAMPUS, "inference", THIRD)),
        Standing::DeniesAll => Some(("*", "*", ALWAYS)),
        Standing::Withdraws => Some((BOREALIS, "*", MIDDLE)),
        _ => None,
    }
}

fn write_work(people: &People, work: u32, records: &mut Records<'_>) -> io::Result<()> {
    let id = work_id(work);
    let parties = owners(people, work, "owner");
    if work % 50 == 7 {
        let party = &parties[0].party;
        let consent = Consent { party, work: Some(&id), platform: "*", use_: "*", decision: "n", from: ALWAYS };
        records.write(Record::Consent(consent))?;
    }
    if work % 40 != 3 {
        return records.write(Record::Work(Work { id: &id, parties, from: None, to: None }));
    }
    // It changes hands in the middle of the month.
    records.write(Record::Work(Work { id: &id, parties, from: None, to: Some(MIDDLE) }))?;
    let parties = owners(people, work, "next owner");
    records.write(Record::Work(Work { id: &id, parties, from: Some(MIDDLE), to: None }))
}

/// One to three owners, by shares or by weights.
fn owners(people: &People, work: u32, role: &str) -> Vec<Part> {
    let mut random = Random::of(people.seed, role, u64::from(work));
    let wanted = [1, 1, 1, 1, 2, 2, 3][(work % 7) as usize];
    let mut parties: Vec<String> = Vec::new();
    for _ in 0..wanted {
        let party = party_id(people.near(home_of(work), &mut random));
        if !parties.contains(&party) {
            parties.push(party);
        }
    }
    let shares: &[&'static str] = match parties.len() {
        1 => &["1"],
        2 => &["0.333333", "0.666667"],
        _ => &["0.5", "0.3", "0.2"],
    };
    let by_weight = work % 2 == 1;
    let part = |(party, number): (String, u32)| match shares.get(number as usize) {
        Some(share) if !by_weight => Part { party, share: Some(share), weight: None },
        _ => Part { party, share: None, weight: Some(number + 1) },
    };
    parties.into_iter().zip(0..).map(part).collect()
}

/// Passages of the real week: about one in fifty has no owner that anybody knows of.
fn write_passage(people: &People, passage: u32, records: &mut Records<'_>) -> io::Result<()> {
    let mut random = Random::of(people.seed, "passage", u64::from(passage));
    if random.below(50) == 0 {
        return Ok(());
    }
    let party = party_id(people.near(CAMPUS, &mut random));
    let parties = vec![Part { party, share: Some("1"), weight: None }];
    records.write(Record::Work(Work { id: &passage_id(passage), parties, from: None, to: None }))
}

/// The work that a passage of the real week is.
pub fn passage_id(passage: u32) -> String {
    format!("psg_{passage}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_schemas::registry::{State, read_load};

    fn text(people: &People) -> String {
        let mut bytes = Vec::new();
        write(people, &[0, 1, 2, 3], &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    const SMALL: People = People { seed: 1, contributors: 400 };

    #[test]
    fn the_registry_is_loaded_without_a_fault() {
        let records = read_load("registry.ndjson", text(&SMALL).as_bytes()).unwrap();
        let delta = State::default().apply(records, |_, _| true).unwrap();
        assert_eq!(delta.len(), text(&SMALL).lines().count());
    }

    #[test]
    fn the_registry_is_the_same_every_time_and_another_for_another_seed() {
        assert_eq!(text(&SMALL), text(&SMALL));
        assert_ne!(text(&SMALL), text(&People { seed: 2, ..SMALL }));
    }

    #[test]
    fn the_registry_has_every_kind_and_term() {
        let text = text(&SMALL);
        let words = [
            "\"kind\":\"platform\"",
            "\"kind\":\"mid\"",
            "\"kind\":\"agreement\"",
            "\"kind\":\"party\"",
            "\"kind\":\"membership\"",
            "\"kind\":\"work\"",
            "\"kind\":\"consent\"",
            "\"on_shortfall\":\"true_up\"",
            "\"on_shortfall\":\"refuse\"",
            "\"share\":",
            "\"weight\":",
            "\"to\":",
            "\"type\":\"community\"",
            "\"type\":\"organisation\"",
            "\"currency\":\"JPY\"",
            "\"currency\":\"EUR\"",
            "\"currency\":\"USD\"",
            "\"decision\":\"n\"",
            "\"rates\":",
            "\"platforms\":[",
        ];
        for word in words {
            assert!(text.contains(word), "no {word}");
        }
    }
}
