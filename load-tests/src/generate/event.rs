//! One usage event as a line of NDJSON, in the form of SPEC section 3.
//!
//! Revenue and weights have six fractional digits each and the weights of an event sum to 1 with what is unattributed, so that every
//! part is a whole number of units: an exact sum in any other system must equal Farthing's, to the unit.

use super::popularity::Draw;
use super::random::Random;
use super::{MICRO, PLATFORMS, Plan};

const MONTH_MS: u64 = 31 * 86_400_000;
const LANE_EVENT: u64 = 1;
/// SPEC allows weights to miss 1 by 0.001 and uses them as they are; a missing part is left out only when it is clearly larger.
const CLEARLY_MISSING_MICRO: u64 = 2_000;

/// Writes events of a plan, any one of them at any time.
#[derive(Debug)]
pub struct EventWriter<'plan> {
    plan: &'plan Plan,
    draw: Draw,
    weights: Vec<u64>,
}

impl<'plan> EventWriter<'plan> {
    /// A writer of the events of `plan`.
    #[must_use]
    pub fn new(plan: &'plan Plan) -> Self {
        Self { plan, draw: Draw::new(plan.contributors, plan.popularity), weights: Vec::new() }
    }

    /// Appends event `index` with its line end; the same bytes each time.
    pub fn write(&mut self, index: u64, line: &mut Vec<u8>) {
        let mut random = Random::of(self.plan.seed, LANE_EVENT, index);
        let platform = &PLATFORMS[pick(&mut random, PLATFORMS.len())];
        let usage = ["inference", "inference", "retrieval", "retrieval", "citation"][pick(&mut random, 5)];
        push(line, "{\"specversion\":\"1.0\",\"id\":\"");
        push_hex(line, index ^ (self.plan.seed << 40));
        push(line, "\",\"source\":\"");
        push(line, platform.sources[pick(&mut random, platform.sources.len())]);
        push(line, "\",\"type\":\"farthing.usage.");
        push(line, usage);
        push(line, ".v1\",\"time\":\"");
        self.push_time(index, &mut random, line);
        push(line, "\",\"data\":{\"platform\":\"");
        push(line, platform.id);
        push(line, "\",\"model\":\"");
        push(line, platform.model);
        push_usage_and_revenue(line, &mut random);
        push(line, "\"attribution\":{\"method\":\"rag-score\",\"method_version\":\"1\",\"kind\":\"share\",\"entries\":[");
        let rest = self.push_entries(platform.quotes_weights, &mut random, line);
        push(line, "]");
        if rest <= CLEARLY_MISSING_MICRO || random.below(2) == 0 {
            push(line, ",\"unattributed\":");
            push_micro(line, rest, true);
        }
        push(line, "}}}\n");
    }

    /// Times rise over October 2026 with a jitter of up to a minute, as a platform's log does.
    fn push_time(&self, index: u64, random: &mut Random, line: &mut Vec<u8>) {
        let even = u128::from(index) * u128::from(MONTH_MS) / u128::from(self.plan.events.max(1));
        let even = u64::try_from(even).unwrap_or(MONTH_MS);
        let at = (even + random.below(60_000)).min(MONTH_MS - 1);
        push(line, "2026-10-");
        push_padded(line, at / 86_400_000 + 1, 2);
        push(line, "T");
        push_padded(line, at / 3_600_000 % 24, 2);
        push(line, ":");
        push_padded(line, at / 60_000 % 60, 2);
        push(line, ":");
        push_padded(line, at / 1000 % 60, 2);
        push(line, ".");
        push_padded(line, at % 1000, 3);
        push(line, "Z");
    }

    /// Writes the entries and returns what is left of 1, in millionths.
    fn push_entries(&mut self, quoted: bool, random: &mut Random, line: &mut Vec<u8>) -> u64 {
        let target = MICRO - random.below(MICRO / 5);
        self.weights.clear();
        self.weights.extend((0..self.plan.fan_out).map(|_| 1 + random.below(1000)));
        let sum: u64 = self.weights.iter().sum();
        let mut rest = MICRO;
        for (position, raw) in self.weights.iter().enumerate() {
            let weight = raw * target / sum.max(1);
            rest -= weight;
            push(line, if position == 0 { "{\"party\":\"" } else { ",{\"party\":\"" });
            push_party(line, self.draw.next(random));
            push(line, "\",\"weight\":");
            push_micro(line, weight, quoted);
            push(line, "}");
        }
        rest
    }
}

/// The id of contributor `number`.
pub fn push_party(line: &mut Vec<u8>, number: u64) {
    push(line, "pty_");
    push_padded(line, number, 7);
}

fn push_usage_and_revenue(line: &mut Vec<u8>, random: &mut Random) {
    push(line, "\",\"usage\":{\"request\":1,\"input_token\":");
    push_padded(line, 100 + random.below(3900), 1);
    push(line, ",\"output_token\":");
    push_padded(line, 10 + random.below(990), 1);
    push(line, "},\"revenue\":{\"amount\":");
    push_micro(line, 100 + random.below(20_000), true);
    push(line, ",\"currency\":\"USD\"},");
}

fn pick(random: &mut Random, choices: usize) -> usize {
    let bound = u64::try_from(choices).expect("a handful of choices");
    usize::try_from(random.below(bound)).expect("smaller than a usize")
}

fn push(line: &mut Vec<u8>, text: &str) {
    line.extend_from_slice(text.as_bytes());
}

/// Millionths as a decimal with six places, as a JSON string or number.
fn push_micro(line: &mut Vec<u8>, micro: u64, quoted: bool) {
    if quoted {
        line.push(b'"');
    }
    push_padded(line, micro / MICRO, 1);
    line.push(b'.');
    push_padded(line, micro % MICRO, 6);
    if quoted {
        line.push(b'"');
    }
}

/// A whole number with at least `width` digits.
fn push_padded(line: &mut Vec<u8>, value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let (mut rest, mut start) = (value, digits.len());
    while rest > 0 || digits.len() - start < width {
        start -= 1;
        digits[start] = b"0123456789"[usize::try_from(rest % 10).expect("one digit")];
        rest /= 10;
    }
    line.extend_from_slice(&digits[start..]);
}

fn push_hex(line: &mut Vec<u8>, value: u64) {
    for shift in (0..16).rev() {
        line.push(b"0123456789abcdef"[usize::try_from(value >> (shift * 4) & 15).expect("four bits")]);
    }
}
