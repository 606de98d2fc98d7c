//! A small world: two registry versions and four files of events that have everything in them that remembering is needed for.

use crate::dice::Dice;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PARTIES: u64 = 24;
const SINCE: &str = "2026-01-01T00:00:00Z";

fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

fn agreement(id: &str, platform: &str, mid: &str, share: &str) -> Value {
    json!({"kind": "agreement", "id": id, "platform": platform, "mid": mid, "uses": ["inference", "retrieval", "citation"],
        "labour_share": share, "currency": "USD", "on_shortfall": "true_up", "from": SINCE})
}

fn platform(id: &str) -> Value {
    json!({"kind": "platform", "id": id, "name": id, "legal_id": format!("legal-{id}"), "default_labour_share": "0.7",
        "consent_default": "allow", "rates": [{"use": "inference", "unit": "request", "price": "0.000123", "currency": "USD", "from": SINCE}]})
}

/// The first registry: two platforms, two MIDs, parties of every standing, works.
pub fn registry() -> String {
    let mut records = vec![platform("plt_red"), platform("plt_blue")];
    for (mid, fee) in [("mid_sun", "0.05"), ("mid_moon", "0.12")] {
        records.push(json!({"kind": "mid", "id": mid, "name": mid, "legal_id": format!("legal-{mid}"), "jurisdiction": "DE",
            "registration_id": mid, "fee": fee, "currency": "USD", "thresholds": [{"method": "sepa", "currency": "USD", "amount": "0.05"}]}));
    }
    for number in 0..PARTIES {
        let id = format!("pty_{number:02}");
        records.push(json!({"kind": "party", "id": id, "name": format!("Name {number}"), "type": "person",
            "payout": {"method": "sepa", "currency": "USD", "iban": format!("DE{number:020}")}}));
        // Every third party is in no MID: its money waits in suspense.
        if let Some(mid) = ["mid_sun", "mid_moon"].get(usize::try_from(number % 3).expect("below 3")) {
            records.push(json!({"kind": "membership", "party": id, "mid": mid, "platforms": "*", "uses": "*", "from": SINCE}));
        }
    }
    for (number, parties) in [["pty_00", "pty_01"], ["pty_02", "pty_03"], ["pty_04", "pty_20"]].iter().enumerate() {
        let parties: Vec<Value> = parties.iter().zip([1, 2]).map(|(party, weight)| json!({"party": party, "weight": weight})).collect();
        records.push(json!({"kind": "work", "id": format!("wrk_{number}"), "from": SINCE, "parties": parties}));
    }
    records.push(json!({"kind": "consent", "party": "pty_06", "platform": "*", "use": "*", "decision": "n", "from": SINCE}));
    records.push(agreement("agr_red_sun", "plt_red", "mid_sun", "0.8"));
    records.push(agreement("agr_red_moon", "plt_red", "mid_moon", "0.75"));
    records.push(agreement("agr_blue_sun", "plt_blue", "mid_sun", "0.71"));
    lines(&records)
}

/// What the second registry version adds: the platform whose events were rejected until then.
pub fn registry_addition() -> String {
    lines(&[platform("plt_late"), agreement("agr_late_sun", "plt_late", "mid_sun", "0.9")])
}

/// An event that may be copied, contradicted or reversed.
#[derive(Clone)]
struct Sent {
    platform: &'static str,
    id: String,
    line: String,
}

struct Writer {
    dice: Dice,
    sent: Vec<Sent>,
    reversed: BTreeSet<String>,
    number: u64,
}

impl Writer {
    fn line(&mut self) -> String {
        self.number += 1;
        match self.dice.below(100) {
            0..10 if !self.sent.is_empty() => self.dice.pick(&self.sent).line.clone(),
            10..18 if !self.sent.is_empty() => self.reversal(),
            18..22 if !self.sent.is_empty() => self.conflict(),
            22..26 => format!("{{\"broken\": {}", self.number),
            26..30 => json!({"specversion": "1.0", "id": format!("bad-{}", self.number), "source": "//crash", "type": "farthing.usage.unheard.v1"}).to_string(),
            _ => self.event(),
        }
    }

    fn event(&mut self) -> String {
        let platform = *self.dice.pick(&["plt_red", "plt_red", "plt_blue", "plt_blue", "plt_late"]);
        let id = format!("e-{}", self.number);
        let line = self.usage(platform, &id);
        // What is rejected for its platform cannot be reversed before it is replayed: those are left alone.
        if platform != "plt_late" {
            self.sent.push(Sent { platform, id, line: line.clone() });
        }
        line
    }

    fn usage(&mut self, platform: &str, id: &str) -> String {
        let use_ = *self.dice.pick(&["inference", "retrieval", "citation", "training"]);
        let (month, day) = (9 + self.dice.below(2), 1 + self.dice.below(28));
        let count = 1 + self.dice.below(4);
        let entries: Vec<Value> = (0..count).map(|_| self.entry(count)).collect();
        let mut data = json!({"platform": platform, "model": "m-1", "output": format!("out-{id}"), "usage": {"request": 1 + self.dice.below(9)},
            "attribution": {"method": "test", "method_version": "1", "kind": "share", "entries": entries}});
        if use_ != "inference" || self.dice.chance(50) {
            data["revenue"] = json!({"amount": format!("0.{:06}", 1 + self.dice.below(999_999)), "currency": "USD"});
        }
        json!({"specversion": "1.0", "id": id, "source": "//crash", "type": format!("farthing.usage.{use_}.v1"),
            "time": format!("2026-{month:02}-{day:02}T{:02}:00:00Z", self.dice.below(24)), "data": data})
        .to_string()
    }

    fn entry(&mut self, count: u64) -> Value {
        let weight = format!("0.{:03}", 900 / count + self.dice.below(20));
        match self.dice.below(10) {
            0..6 => json!({"party": format!("pty_{:02}", self.dice.below(PARTIES)), "weight": weight}),
            6..9 => json!({"work": format!("wrk_{}", self.dice.below(4)), "weight": weight}),
            _ => json!({"party": "pty_nobody_knows", "weight": weight}),
        }
    }

    /// A reversal, most often the first one of its original.
    fn reversal(&mut self) -> String {
        let original = self.dice.pick(&self.sent).clone();
        if !self.reversed.insert(original.id.clone()) && self.dice.chance(70) {
            return self.event();
        }
        json!({"specversion": "1.0", "id": format!("r-{}", self.number), "source": "//crash", "type": "farthing.usage.reversal.v1",
            "time": "2026-10-29T00:00:00Z", "data": {"platform": original.platform, "reverses": {"source": "//crash", "id": original.id}, "reason": "test"}})
        .to_string()
    }

    fn conflict(&mut self) -> String {
        let original = self.dice.pick(&self.sent).clone();
        self.usage(original.platform, &original.id)
    }
}

/// Files of events, in the order in which they are to be metered; copies and reversals refer back within and across them.
pub fn files(seed: u64, count: usize, lines: usize) -> Vec<String> {
    let mut writer = Writer { dice: Dice::new(seed), sent: Vec::new(), reversed: BTreeSet::new(), number: 0 };
    (0..count).map(|_| (0..lines).map(|_| writer.line() + "\n").collect()).collect()
}
