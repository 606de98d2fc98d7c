//! The generated month: usage of three platforms, copies, reversals, a conflict and faults, in the order of time.

use super::event::{Event, Revenue, time_of};
use super::fault::FAULTS;
use super::people::People;
use super::random::Random;
use super::scene::{SCENES, Scene};
use super::{Size, write_line};
use std::io::{self, Write};

/// Fewer events would not hold one of everything.
pub const EVENTS_LEAST: u32 = 1_000;
/// Thirty days: the last events stay clear of the month's end.
const SPAN_MILLIS: u64 = 30 * 86_400_000;
/// Every so many events one is sent again, and every so many one is reversed, each some time later.
const COPY: Later = Later { every: 211, first: 17, after: 73 };
const REVERSAL: Later = Later { every: 307, first: 50, after: 195 };
/// The first fault comes at this event, the others at this distance from each other.
const FAULT_FIRST: u32 = 500;
const FAULT_EVERY: u32 = 29;
/// This event is sent again with another revenue.
const CONFLICT: u32 = 600;

/// Something that happens to an event some events later.
struct Later {
    every: u32,
    first: u32,
    after: u32,
}

/// Writes the month.
pub fn write(size: &Size, out: &mut dyn Write) -> io::Result<()> {
    let people = People { seed: size.seed, contributors: size.contributors };
    let (mut to_copy, mut to_reverse): (Option<Event>, Option<Event>) = (None, None);
    for number in 0..size.events {
        let event = event(&people, size, number);
        write_line(out, &event)?;
        if let Some(original) = COPY.due(number, &event, &mut to_copy) {
            write_line(out, &original)?;
        }
        if let Some(original) = REVERSAL.due(number, &event, &mut to_reverse) {
            write_line(out, &Event::reversal(&original, original.platform(), event.time.clone()))?;
        }
        if number == CONFLICT {
            write_line(out, &conflict(event.clone()))?;
        }
        write_fault(&people, number, &event.time, out)?;
    }
    Ok(())
}

/// The event of a number; the first ones show each scene once, so that even a small month has them all.
fn event(people: &People, size: &Size, number: u32) -> Event {
    let mut random = Random::of(size.seed, "event", u64::from(number));
    let step = SPAN_MILLIS / u64::from(size.events.max(1));
    let time = time_of(step * u64::from(number) + random.below(step.max(1)));
    let scene = SCENES.get(number as usize).unwrap_or_else(|| Scene::any(&mut random));
    scene.event(people, number, time, &mut random)
}

impl Later {
    /// Keeps an event whose turn has come, and gives it back when it is due.
    fn due(&self, number: u32, event: &Event, kept: &mut Option<Event>) -> Option<Event> {
        let turn = number % self.every;
        if turn == self.first {
            *kept = Some(event.clone());
        }
        if turn == self.first + self.after { kept.take() } else { None }
    }
}

/// The same identity with another revenue: one of the two is wrong, and nobody can know which.
fn conflict(mut event: Event) -> Event {
    if let Some(usage) = event.usage_mut() {
        usage.revenue = Some(Revenue { amount: "777.77".to_owned(), currency: "USD" });
    }
    event
}

fn write_fault(people: &People, number: u32, time: &str, out: &mut dyn Write) -> io::Result<()> {
    let Some(after) = number.checked_sub(FAULT_FIRST).filter(|after| after.is_multiple_of(FAULT_EVERY)) else { return Ok(()) };
    let Some(fault) = FAULTS.get((after / FAULT_EVERY) as usize) else { return Ok(()) };
    let mut random = Random::of(people.seed, "fault", u64::from(number));
    let mut sound = SCENES[0].event(people, number, time.to_owned(), &mut random);
    // A fault of the weights needs somebody with a weight.
    while sound.usage_mut().and_then(|usage| usage.attribution.as_ref()).is_some_and(|attribution| attribution.entries.is_empty()) {
        sound = SCENES[0].event(people, number, time.to_owned(), &mut random);
    }
    out.write_all(fault.line(sound)?.as_bytes())?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::super::tests::SMALL;
    use super::*;
    use std::collections::BTreeMap;

    fn text(size: &Size) -> String {
        let mut bytes = Vec::new();
        write(size, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_month_is_the_same_every_time_and_another_for_another_seed() {
        assert_eq!(text(&SMALL), text(&SMALL));
        assert_ne!(text(&SMALL), text(&Size { seed: 2, ..SMALL }));
    }

    #[test]
    fn even_a_small_month_has_every_path() {
        let text = text(&SMALL);
        let words = [
            "usage.inference.",
            "usage.retrieval.",
            "usage.citation.",
            "usage.training.",
            "usage.reversal.",
            "\"kind\":\"share\"",
            "\"transform\":\"linear\"",
            "\"transform\":\"softmax\"",
            "\"kind\":\"rank\"",
            "\"kind\":\"citation_count\"",
            "\"unattributed\":",
            "\"entries\":[]",
            "\"currency\":\"USD\"",
            "\"currency\":\"EUR\"",
            "\"currency\":\"JPY\"",
            "\"work\":\"wrk_0",
            "\"party\":\"pty_0",
            "\"pty_unheard_",
            "\"wrk_unheard_",
            "\"weight\":0",
            "\"weight\":\"-0",
        ];
        for word in words {
            assert!(text.contains(word), "no {word}");
        }
        // Rated: usage without a revenue.
        assert!(text.lines().any(|line| line.contains("\"retrieval\":") && !line.contains("\"revenue\"")));
        for fault in &FAULTS {
            let id = format!("\"id\":\"{}bad-{}\"", if fault.code == "unknown_original" { "rev-" } else { "" }, fault.code);
            assert!(text.contains(&id.replace("unknown_original\"", "unknown_original-unheard\"")), "no {id}");
        }
    }

    #[test]
    fn copies_conflicts_and_reversals_follow_their_events() {
        let text = text(&SMALL);
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for line in text.lines() {
            *times.entry(line).or_default() += 1;
        }
        assert_eq!(times.values().filter(|times| **times == 2).count(), 5, "copies, byte for byte");
        assert_eq!(text.lines().filter(|line| line.contains("777.77")).count(), 1, "one conflict");
        let reversals: Vec<&str> = text.lines().filter(|line| line.contains("\"reason\"") && !line.contains("unheard")).collect();
        assert_eq!(reversals.len(), 3);
        for line in reversals {
            let reversal: serde_json::Value = serde_json::from_str(line).unwrap();
            let original = format!("\"id\":{},\"source\"", reversal["data"]["reverses"]["id"]);
            assert!(text.find(&original).unwrap() < text.find(line).unwrap(), "{original} comes first");
        }
        assert_eq!(text.lines().count(), SMALL.events as usize + FAULTS.len() + 5 + 1 + 3);
    }
}
