//! What was measured, as numbers and as text.

use super::agreement::Agreed;
use super::measure::Usage;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fmt;

/// One turn of both sides over one file.
#[derive(Debug)]
pub struct Round {
    /// The release binary.
    pub farthing: Usage,
    /// DuckDB, the equal fold.
    pub equal: Usage,
    /// DuckDB, the equal fold and the evidence.
    pub whole: Usage,
    /// DuckDB, the sums alone.
    pub sums: Usage,
    /// The release binary over twice the events, where growth is measured.
    pub doubled: Option<Usage>,
}

impl Round {
    /// How many times as fast as the equal fold.
    pub fn ratio(&self) -> f64 {
        self.equal.wall_s / self.farthing.wall_s
    }

    /// How many times as fast as the equal fold with the evidence.
    pub fn ratio_to_whole(&self) -> f64 {
        self.whole.wall_s / self.farthing.wall_s
    }

    /// How many times as fast as the sums alone.
    pub fn ratio_to_sums(&self) -> f64 {
        self.sums.wall_s / self.farthing.wall_s
    }

    /// Time for twice the events over time for the events.
    pub fn growth(&self) -> Option<f64> {
        self.doubled.as_ref().map(|doubled| doubled.wall_s / self.farthing.wall_s)
    }

    /// One line, as soon as it is known.
    pub fn print(&self, number: usize) {
        let growth = self.growth().map_or_else(String::new, |growth| format!("   twice the events: {growth:.2} times the time"));
        println!(
            "  round {number}   farthing {}   equal fold {}   with evidence {}   sums {}   ratio {:.2} (with evidence {:.2}, to the sums {:.2}){growth}",
            describe(&self.farthing),
            describe(&self.equal),
            describe(&self.whole),
            describe(&self.sums),
            self.ratio(),
            self.ratio_to_whole(),
            self.ratio_to_sums()
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
        let lines = self.rounds.first().and_then(|round| count(&round.farthing, "read").ok()).unwrap_or(0);
        let rate = |side: fn(&Round) -> &Usage| Spread::of(self.rounds.iter().map(|round| lines as f64 / side(round).wall_s)).median;
        println!("fan-out {}: {lines} lines, {} MiB", self.fan_out, self.bytes >> 20);
        println!(
            "  events/s   farthing {:.0}   duckdb {:.0}, with evidence {:.0}, the sums alone {:.0}   (median)",
            rate(|round| &round.farthing),
            rate(|round| &round.equal),
            rate(|round| &round.whole),
            rate(|round| &round.sums)
        );
        println!("  ratio      {}   to DuckDB doing the same fold", Spread::of(self.rounds.iter().map(Round::ratio)));
        println!(
            "  evidence   {}   to DuckDB doing the same fold and writing the evidence",
            Spread::of(self.rounds.iter().map(Round::ratio_to_whole))
        );
        println!("  bound      {}   to DuckDB doing the sums alone", Spread::of(self.rounds.iter().map(Round::ratio_to_sums)));
        println!("  peak       farthing {} MiB   duckdb {} MiB", self.farthing_peak_kib() >> 10, self.equal_peak_kib() >> 10);
        println!("  both found {}", self.agreed);
        if let Some(last) = self.rounds.last() {
            for (side, usage) in [("farthing", &last.farthing), ("duckdb", &last.equal), ("duckdb with evidence", &last.whole)] {
                phases(usage).iter().for_each(|phases| println!("  time went  {side}: {phases}"));
            }
        }
        println!();
    }

    fn equal_peak_kib(&self) -> u64 {
        self.rounds.iter().map(|round| round.equal.peak_kib).max().unwrap_or(0)
    }
}

/// A count in the report that a side printed.
pub fn count(usage: &Usage, name: &str) -> Result<u64> {
    let report: Value = serde_json::from_str(&usage.output).context("a side's report cannot be read")?;
    report[name].as_u64().with_context(|| format!("a side's report has no count {name:?}"))
}

/// How long a phase took, if the side's report says so.
pub fn phase(usage: &Usage, name: &str) -> Option<f64> {
    serde_json::from_str::<Value>(&usage.output).ok()?.get("seconds")?.get(name)?.as_f64()
}

/// Where the time went, if the side's report says so: an object `seconds` of phases.
pub fn phases(usage: &Usage) -> Option<String> {
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
    /// The least.
    pub min: f64,
    /// The middle.
    pub median: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of at least one figure; of none, all are 0. Of an even number the lower middle, which is never kinder to a ratio.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |position: usize| sorted.get(position).copied().unwrap_or(0.0);
        let last = sorted.len().saturating_sub(1);
        Self { min: at(0), median: at(last / 2), max: at(last) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "min {:.2}   median {:.2}   max {:.2}", self.min, self.median, self.max)
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
