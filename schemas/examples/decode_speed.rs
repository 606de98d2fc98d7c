//! How many events one core decodes in a second: `cargo run --release -p farthing-schemas --example decode_speed [ROUNDS]`.
//!
//! The events have 8 entries and about 700 bytes, weights as strings and as numbers. Each round counts the nanoseconds that this thread
//! ran (where Linux tells them), so that a busy machine does not distort the figure; the best and the median round are printed.

use farthing_schemas::event::decode;
use std::hint::black_box;
use std::time::Instant;

const EVENTS: u32 = 20_000;
/// A round is long enough that the 4 ms to which Linux counts do not matter.
const PASSES: u32 = 10;

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(15_u32).max(1);
    let lines: Vec<String> = (0..EVENTS).map(line).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    let mut rates: Vec<u64> = (0..rounds).map(|_| events_per_second(&lines)).collect();
    rates.sort_unstable();
    let (best, median) = (rates[rates.len() - 1], rates[rates.len() / 2]);
    println!("{} bytes an event; events/s on one core: best {best}, median {median} of {rounds} rounds", bytes / lines.len());
}

fn events_per_second(lines: &[String]) -> u64 {
    let clock = Clock::start();
    for line in (0..PASSES).flat_map(|_| lines) {
        black_box(decode(black_box(line.as_bytes())).expect("the generated events are valid"));
    }
    u64::from(EVENTS * PASSES) * 1_000_000_000 / clock.nanos().max(1)
}

struct Clock {
    wall: Instant,
    ran: Option<u64>,
}

impl Clock {
    fn start() -> Clock {
        Clock { wall: Instant::now(), ran: ran_nanos() }
    }

    fn nanos(&self) -> u64 {
        match (self.ran, ran_nanos()) {
            (Some(before), Some(after)) if after > before => after - before,
            _ => u64::try_from(self.wall.elapsed().as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

fn ran_nanos() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

fn line(number: u32) -> String {
    let entries: Vec<String> = (0..8).map(|place| entry(number, place)).collect();
    format!(
        concat!(
            r#"{{"specversion":"1.0","id":"01JB7{number:06}","source":"//acme.example/eu-1","type":"farthing.usage.retrieval.v1","#,
            r#""time":"2026-10-03T09:12:44.120Z","data":{{"platform":"plt_acme","model":"acme-large-2","output":"resp_{number:06}","#,
            r#""usage":{{"request":1,"input_token":812,"output_token":120}},"revenue":{{"amount":"0.002140","currency":"USD"}},"#,
            r#""attribution":{{"method":"rag-score","method_version":"1","kind":"share","entries":[{entries}],"unattributed":"0.13"}}}}}}"#
        ),
        number = number,
        entries = entries.join(",")
    )
}

fn entry(number: u32, place: u32) -> String {
    match place % 2 {
        0 => format!(r#"{{"party":"pty_{}","weight":"0.{:02}"}}"#, number % 5_000 + place, 10 + place),
        _ => format!(r#"{{"work":"wrk_{}","weight":0.{:02}}}"#, number % 9_000 + place, 10 + place),
    }
}
