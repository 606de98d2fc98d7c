//! What was measured, as numbers and as text.

use super::agreement::Agreed;
use super::measure::Usage;
use anyhow::{Context, Result};
use serde_json::Value;

/// One turn of both sides over one file.
#[derive(Debug)]
pub struct Round {
    /// The release binary.
    pub farthing: Usage,
    /// DuckDB.
    pub peer: Usage,
    /// The release binary over twice the events, where growth is measured.
    pub doubled: Option<Usage>,
}

impl Round {
    /// A count of `farthing meter --json`.
    pub fn count(&self, name: &str) -> Result<u64> {
        let report: Value = serde_json::from_str(&self.farthing.output).context("the report of farthing meter cannot be read")?;
        report[name].as_u64().with_context(|| format!("farthing meter --json has no count {name:?}"))
    }

    /// How many times as fast as the peer.
    pub fn ratio(&self) -> f64 {
        self.peer.wall_s / self.farthing.wall_s
    }

    /// Time for twice the events over time for the events.
    pub fn growth(&self) -> Option<f64> {
        self.doubled.as_ref().map(|doubled| doubled.wall_s / self.farthing.wall_s)
    }

    /// One line, as soon as it is known.
    pub fn print(&self, number: usize) {
        let growth = self.growth().map_or_else(String::new, |growth| format!("   twice the events: {growth:.2} times the time"));
        println!(
            "  round {number}   farthing {}   duckdb {}   ratio {:.2}{growth}",
            describe(&self.farthing),
            describe(&self.peer),
            self.ratio()
        );
    }
}

/// All rounds over one file.
#[derive(Debug)]
pub struct Stage {
    /// Entries in each event.
    pub fan_out: u64,
    /// Size of the file.
    pub bytes: u64,
    /// At least one.
    pub rounds: Vec<Round>,
    /// What both sides found.
    pub agreed: Agreed,
}

impl Stage {
    /// The median ratio.
    pub fn ratio(&self) -> f64 {
        Spread::of(self.rounds.iter().map(Round::ratio)).median
    }

    /// The median growth.
    pub fn growth(&self) -> Option<f64> {
        let growth: Vec<f64> = self.rounds.iter().filter_map(Round::growth).collect();
        if growth.is_empty() { None } else { Some(Spread::of(growth).median) }
    }

    /// The highest peak of any run of the release binary.
    pub fn farthing_peak_kib(&self) -> u64 {
        self.rounds
            .iter()
            .flat_map(|round| std::iter::once(&round.farthing).chain(&round.doubled))
            .map(|usage| usage.peak_kib)
            .max()
            .unwrap_or(0)
    }

    /// The summary.
    pub fn print(&self) {
        let lines = self.rounds.first().and_then(|round| round.count("read").ok()).unwrap_or(0);
        let rate = |side: fn(&Round) -> &Usage| Spread::of(self.rounds.iter().map(|round| lines as f64 / side(round).wall_s)).median;
        let ratio = Spread::of(self.rounds.iter().map(Round::ratio));
        println!("fan-out {}: {lines} lines, {} MiB", self.fan_out, self.bytes >> 20);
        println!("  events/s   farthing {:.0}   duckdb {:.0}   (median)", rate(|round| &round.farthing), rate(|round| &round.peer));
        println!("  ratio      min {:.2}   median {:.2}   max {:.2}", ratio.min, ratio.median, ratio.max);
        println!("  peak       farthing {} MiB", self.farthing_peak_kib() >> 10);
        println!("  both found {} events, {} parties, {} in all", self.agreed.events, self.agreed.parties, self.agreed.total);
        if let Some(phases) = self.rounds.last().and_then(|round| phases(&round.farthing)) {
            println!("  time went  {phases}");
        }
        println!();
    }
}

/// Where the time went, if `farthing meter --json` says so: an object `seconds` of phases.
fn phases(usage: &Usage) -> Option<String> {
    let report: Value = serde_json::from_str(&usage.output).ok()?;
    let seconds = report.get("seconds")?.as_object()?;
    let phases: Vec<String> = seconds.iter().filter_map(|(name, value)| Some(format!("{name} {:.2} s", value.as_f64()?))).collect();
    Some(phases.join(", "))
}

fn describe(usage: &Usage) -> String {
    format!("{:.2} s ({:.2} cpu, {} MiB)", usage.wall_s, usage.cpu_s(), usage.peak_kib >> 10)
}

/// The least, the middle and the most of some measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

impl Spread {
    /// Of at least one figure; of none, all are 0. Of an even number the lower middle, which is never kinder to a ratio.
    fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |position: usize| sorted.get(position).copied().unwrap_or(0.0);
        let last = sorted.len().saturating_sub(1);
        Self { min: at(0), median: at(last / 2), max: at(last) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Spread, Usage, phases};

    #[test]
    fn the_spread_of_rounds() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { min: 1.0, median: 2.0, max: 3.0 });
        assert_eq!(Spread::of([2.0, 1.0]), Spread { min: 1.0, median: 1.0, max: 2.0 });
        assert_eq!(Spread::of([]), Spread { min: 0.0, median: 0.0, max: 0.0 });
    }

    #[test]
    fn phases_are_shown_where_they_are_told() {
        let told = Usage { output: r#"{"read":1,"seconds":{"parse":1.5,"write":0.25}}"#.to_owned(), ..Usage::default() };
        assert_eq!(phases(&told).unwrap(), "parse 1.50 s, write 0.25 s");
        assert_eq!(phases(&Usage { output: "{}".to_owned(), ..Usage::default() }), None);
    }
}
