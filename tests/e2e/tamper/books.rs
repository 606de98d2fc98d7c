//! Small books with something of everything: two registry versions, works, duplicates, reversals, rejected and replayed events, a
//! compaction, closed cycles with their drafts, actors, and what came after, copies and claims among it.

use crate::copies::scene::meter_side_by_side;
use crate::support::Data;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fmt::Write;

/// Stands in every planted private text, and in nothing that may be archived.
pub const PRIVATE: &str = "planted";
/// Stands in every planted private number.
pub const PRIVATE_DIGITS: &str = "770012345";

const PARTIES: usize = 12;
const WORKS: u64 = 7;

/// A small source of choices: the same seed gives the same books.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap_or(0)]
    }
}

/// A private text: whose it is can be told from it.
fn private(what: &str, whose: &str) -> String {
    format!("{PRIVATE}-{what}-{whose}-Ñandú")
}

fn party(number: usize, version: u64) -> Value {
    let id = format!("pty_{number:02}");
    let private = |what: &str| private(&format!("{what}{version}"), &id);
    let born = format!("{PRIVATE_DIGITS}{number:02}{version}").parse::<u64>().unwrap_or(0);
    json!({"kind": "party", "id": id, "name": private("name"), "type": "person",
        "identifiers": [{"scheme": private("scheme"), "value": private("value")}, {"scheme": "isni", "value": private("isni")}],
        "payout": {"method": "sepa", "currency": if number < 5 { "USD" } else { "EUR" }, "iban": private("iban"), "bic": private("bic"),
            "holder": {"name": private("holder"), "born": born, "addresses": [{"street": private("street")}, [private("nested")]]}},
        "email": private("email"), "notes": {private("key"): [private("note")]}})
}

fn membership(number: usize, mid: &str, uses: Value) -> Value {
    json!({"kind": "membership", "party": format!("pty_{number:02}"), "mid": mid, "platforms": "*", "uses": uses, "from": "2026-01-01T00:00:00Z",
        "note": private("note", mid)})
}

fn work(number: u64) -> Value {
    let (one, two) = (format!("pty_{:02}", number), format!("pty_{:02}", number + 3));
    let parties = if number.is_multiple_of(2) {
        json!([{"party": one, "share": "0.333333"}, {"party": two, "share": "0.666667"}])
    } else {
        json!([{"party": one, "weight": 3}, {"party": two, "weight": 4}])
    };
    json!({"kind": "work", "id": format!("wrk_{number:02}"), "parties": parties, "title": private("title", &number.to_string())})
}

fn agreement(id: &str, platform: &str, mid: &str, share: &str, currency: &str) -> Value {
    json!({"kind": "agreement", "id": id, "platform": platform, "mid": mid, "uses": "*", "labour_share": share, "currency": currency,
        "on_shortfall": "true_up", "from": "2026-01-01T00:00:00Z", "contact": private("contact", id)})
}

fn platform(id: &str, consent: &str) -> Value {
    json!({"kind": "platform", "id": id, "default_labour_share": "0.70", "consent_default": consent, "contact": private("contact", id),
        "rates": [{"use": "inference", "unit": "output_token", "price": "0.000015000007", "currency": "USD"}]})
}

fn mid(id: &str, fee: &str, currency: &str) -> Value {
    json!({"kind": "mid", "id": id, "fee": fee, "currency": currency, "contact": private("contact", id),
        "thresholds": [{"method": "sepa", "currency": currency, "amount": "0.05"}]})
}

/// The first registry version: two MIDs, parties of every status, works of both kinds.
fn registry() -> Vec<Value> {
    let mut records = vec![
        platform("plt_news", "allow"),
        platform("plt_quiet", "deny"),
        mid("mid_guild", "0.10", "USD"),
        mid("mid_choir", "0.05", "EUR"),
        agreement("agr_guild_news", "plt_news", "mid_guild", "0.80", "USD"),
        // Its fee leaves less than 70 %: a true-up.
        agreement("agr_guild_quiet", "plt_quiet", "mid_guild", "0.72", "USD"),
        agreement("agr_choir_news", "plt_news", "mid_choir", "0.75", "EUR"),
    ];
    records.extend((0..PARTIES).map(|number| party(number, 1)));
    records.extend((0..5).map(|number| membership(number, "mid_guild", json!("*"))));
    records.extend((5..9).map(|number| membership(number, "mid_choir", json!("*"))));
    records.push(membership(10, "mid_guild", json!(["training"])));
    records.extend((0..WORKS).map(work));
    records.push(json!({"kind": "consent", "party": "pty_03", "decision": "n", "reason": private("reason", "pty_03")}));
    records.push(json!({"kind": "consent", "party": "pty_01", "platform": "plt_quiet", "decision": "y"}));
    records
}

/// What the second version changes: a party's details, a new platform, and terms.
fn registry_changes() -> Vec<Value> {
    vec![
        platform("plt_late", "allow"),
        agreement("agr_guild_late", "plt_late", "mid_guild", "0.85", "USD"),
        party(2, 2),
        party(PARTIES, 2),
        membership(PARTIES, "mid_guild", json!("*")),
    ]
}

fn entry(draw: &mut Draw, kind: &str, at: u64) -> Value {
    let mut entry = match draw.below(9) {
        0..4 => json!({"party": format!("pty_{:02}", draw.below(PARTIES as u64))}),
        // One work and one party are in no registry.
        4..8 => json!({"work": format!("wrk_{:02}", draw.below(WORKS + 1))}),
        _ => json!({"party": "pty_stranger"}),
    };
    entry["weight"] = match kind {
        "share" => json!(format!("0.{:03}", draw.below(200) + 7)),
        "rank" => json!(at + 1),
        "citation_count" => json!(draw.below(9) + 1),
        _ => json!(format!("{}.{:06}", draw.below(3), draw.below(1_000_000))),
    };
    entry["content_hash"] = json!(format!("sha256:{at:064}"));
    entry["contributor"] = json!(private("contributor", "entry"));
    entry
}

fn event(draw: &mut Draw, id: &str, platform: &str, month: u64) -> Value {
    let kind = draw.of(&["share", "score", "rank", "citation_count"]);
    let use_ = draw.of(&["inference", "retrieval", "citation", "training"]);
    let entries: Vec<Value> = (0..=draw.below(4)).map(|at| entry(draw, kind, at)).collect();
    let time = format!("2026-{month:02}-{:02}T{:02}:12:44.{:06}Z", draw.below(28) + 1, draw.below(24), draw.below(1_000_000));
    let mut event = json!({"specversion": "1.0", "id": id, "source": format!("//{platform}.example/eu-1"), "type": format!("farthing.usage.{use_}.v1"),
        "time": time, "subject": private("subject", id),
        "data": {"platform": platform, "model": "shown-model", "output": format!("shown-output-{id}"), "user": {"name": private("user", id)},
            "usage": {"output_token": draw.below(900) + 1},
            "attribution": {"method": "shown-method", "method_version": "1", "kind": kind, "entries": entries, "prompt": private("prompt", id)}}});
    if kind == "score" {
        event["data"]["attribution"]["transform"] = json!(draw.of(&["linear", "softmax"]));
    }
    if use_ != "inference" || draw.below(2) == 0 {
        let amount = format!("{}.{:012}", draw.below(3), draw.below(1_000_000_000_000));
        event["data"]["revenue"] = json!({"amount": amount, "currency": draw.of(&["USD", "EUR"]), "invoice": private("invoice", id)});
    }
    event
}

fn reversal(id: &str, of: &Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": of["source"], "type": "farthing.usage.reversal.v1", "time": "2026-11-20T00:00:00Z",
        "data": {"platform": of["data"]["platform"], "reason": "shown-reason", "reverses": {"source": of["source"], "id": of["id"]},
            "by": private("by", id)}})
}

/// Events of a file, one per line.
#[derive(Default)]
struct Lines(Vec<Value>, String);

impl Lines {
    fn take(&mut self, event: Value) {
        self.1 += &format!("{event}\n");
        self.0.push(event);
    }

    fn some(&mut self, draw: &mut Draw, prefix: &str, count: usize, months: &[u64]) {
        for number in 0..count {
            let platform = draw.of(&["plt_news", "plt_news", "plt_quiet"]);
            self.take(event(draw, &format!("{prefix}-{number:03}"), platform, months[number % months.len()]));
        }
    }
}

/// The files of events: what is metered before the cycles close, and after.
pub struct Events {
    pub before: [String; 2],
    pub after: [String; 2],
    /// Two files with copies, of each other and of what was metered before: metered side by side, neither knows of the other's.
    pub beside: [String; 2],
    /// What the first letter should have been.
    pub corrected: String,
}

/// Makes the same events each time.
pub fn events() -> Events {
    let mut draw = Draw(20_261_101);
    let (mut one, mut two, mut three, mut four) = (Lines::default(), Lines::default(), Lines::default(), Lines::default());
    one.some(&mut draw, "one", 40, &[10]);
    let _ = writeln!(one.1, "{{\"specversion\":\"1.0\",\"id\":\"{}\", cut", private("cut", "line"));
    one.take(one.0[3].clone());
    one.take(event(&mut draw, "early-000", "plt_late", 10));
    one.take(reversal("one-undone", &one.0[5].clone()));
    let mut conflict = one.0[6].clone();
    conflict["data"]["revenue"] = json!({"amount": "9.99", "currency": "USD"});
    one.take(conflict);
    let corrected = event(&mut draw, "corrected-000", "plt_news", 10).to_string();
    two.some(&mut draw, "two", 30, &[10, 11]);
    two.take(one.0[7].clone());
    two.take(reversal("two-undone", &one.0[8].clone()));
    three.some(&mut draw, "three", 20, &[11]);
    three.take(event(&mut draw, "three-unknown", "plt_nowhere", 11));
    four.some(&mut draw, "four", 16, &[10, 11]);
    // It undoes an event of a cycle that is closed by then.
    four.take(reversal("four-undone", &one.0[10].clone()));
    four.take(three.0[2].clone());
    let (mut five, mut six) = (Lines::default(), Lines::default());
    five.some(&mut draw, "five", 8, &[10, 11]);
    five.0.iter().take(4).for_each(|event| six.take(event.clone()));
    five.take(reversal("five-undone", &one.0[12].clone()));
    six.take(reversal("five-undone", &one.0[12].clone()));
    six.take(reversal("six-undone", &five.0[1].clone()));
    let mut conflict = five.0[5].clone();
    conflict["data"]["revenue"] = json!({"amount": "9.99", "currency": "USD"});
    six.take(conflict);
    Events { before: [one.1, two.1], after: [three.1, four.1], beside: [five.1, six.1], corrected }
}

fn load(data: &Data, name: &str, records: &[Value]) -> Result<()> {
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    std::fs::write(data.path().join(name), text)?;
    data.ok(["registry", "load", name]).map(drop)
}

fn meter(data: &Data, name: &str, text: &str) -> Result<()> {
    std::fs::write(data.path().join(name), text)?;
    data.ok(["meter", name, "--batch-events", "16", "--now", "2026-12-01T00:00:00Z"]).map(drop)
}

/// Books with one registry version and two metered files.
pub fn begun() -> Result<Data> {
    let (data, events) = (Data::new()?, events());
    load(&data, "registry.ndjson", &registry())?;
    meter(&data, "one.ndjson", &events.before[0])?;
    load(&data, "changes.ndjson", &registry_changes())?;
    meter(&data, "two.ndjson", &events.before[1])?;
    Ok(data)
}

/// Goes on: a compaction, both MIDs' October closed and drafted; somebody who may act came and another went.
pub fn close(data: &Data) -> Result<()> {
    for actor in ["ana", "bo"] {
        data.ok(["actor", "add", actor, "--person", actor, "--key", &format!("{actor}.pem")])?;
    }
    data.ok(["actor", "retire", "bo"])?;
    data.ok(["archive", "compact"])?;
    for mid in ["mid_guild", "mid_choir"] {
        data.ok(["settle", "close", "--mid", mid, "--cycle", "2026-10", "--now", "2026-11-30T00:00:00Z", "--as", "ana"])?;
        data.ok(["settle", "draft", "--mid", mid, "--cycle", "2026-10", "--as", "ana"])?;
    }
    Ok(())
}

/// Goes on: late events, reversals in closed cycles, copies reversed, rejected events corrected and replayed.
pub fn go_on(data: &Data) -> Result<()> {
    late(data)?;
    replay(data)
}

fn late(data: &Data) -> Result<()> {
    let events = events();
    meter(data, "three.ndjson", &events.after[0])?;
    meter(data, "four.ndjson", &events.after[1])?;
    let names = ["five.ndjson", "six.ndjson"].map(str::to_owned);
    for (name, text) in names.iter().zip(&events.beside) {
        std::fs::write(data.path().join(name), text)?;
    }
    meter_side_by_side(data, &names, "2026-12-01T00:00:00Z")?;
    data.ok(["archive", "reverse-copies"]).map(drop)
}

fn replay(data: &Data) -> Result<()> {
    std::fs::write(data.path().join("corrected.json"), events().corrected)?;
    data.ok(["dead-letters", "replay", "1", "--corrected", "corrected.json", "--now", "2026-12-01T00:00:00Z"])?;
    data.ok(["dead-letters", "replay", "2", "--now", "2026-12-01T00:00:00Z"]).map(drop)
}

/// Goes on: a stranger is known by now and a work has its owners, and both claim what waited; a platform has paid for unlicensed use; and one
/// of the events that were claimed is undone.
fn claim(data: &Data) -> Result<()> {
    let mut stranger = party(PARTIES + 1, 1);
    stranger["id"] = json!("pty_stranger");
    let mut member = membership(PARTIES + 1, "mid_guild", json!("*"));
    member["party"] = json!("pty_stranger");
    load(data, "strangers.ndjson", &[stranger, member, work(WORKS)])?;
    std::fs::write(data.path().join("remittance.txt"), private("remittance", "plt_news"))?;
    let now = ["--now", "2026-12-01T00:00:00Z", "--as", "ana"];
    data.ok([&["claim", "pty_stranger", "--kind", "party"], &now[..]].concat())?;
    data.ok([&["claim", &format!("wrk_{WORKS:02}"), "--kind", "work"], &now[..]].concat())?;
    let paid = ["--platform", "plt_news", "--why", "shown-why", "--reference", "shown-reference", "--evidence", "remittance.txt"];
    // Nothing in these books says so well what it comes to as the refusal of another amount.
    let unlicensed = |amount: &str| -> Vec<String> {
        let words = ["claim", "--unlicensed", "pty_03", "--currency", "USD", "--amount", amount];
        [&words[..], &paid, &now].concat().into_iter().map(str::to_owned).collect()
    };
    let refused = crate::support::stderr(&data.run(unlicensed("0.01"))?);
    let (_, comes_to) = refused.split_once("comes to ").with_context(|| refused.clone())?;
    data.ok(unlicensed(comes_to.split(' ').next().unwrap_or_default()))?;
    let claimed = |event: &&Value| {
        event["data"]["attribution"]["entries"].as_array().into_iter().flatten().any(|entry| entry["party"] == "pty_stranger")
    };
    let undone: Vec<Value> =
        all_events().iter().filter(claimed).take(2).enumerate().map(|(at, of)| reversal(&format!("claimed-undone-{at}"), of)).collect();
    meter(data, "seven.ndjson", &undone.iter().map(|event| format!("{event}\n")).collect::<String>())
}

/// The events of the last file that is metered before anybody claims.
fn all_events() -> Vec<Value> {
    events().after[1].lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The whole story.
pub fn told() -> Result<Data> {
    let data = begun()?;
    close(&data)?;
    late(&data)?;
    claim(&data)?;
    // The last act is a batch: without it positions are others. That a last search is missing nobody could tell.
    replay(&data)?;
    Ok(data)
}
