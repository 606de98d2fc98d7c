//! What was measured, as numbers and as text.

use super::raw::Counted;
use super::streams::Report;
use crate::bench::measure::Usage;
use crate::bench::report::{Spread, phase, phases};

/// One turn of all sides.
#[derive(Debug)]
pub struct Round {
    /// librdkafka with one thread, and with two.
    pub raw: [Counted; 2],
    /// Farthing in one process.
    pub one: Metered,
    /// Farthing in two processes of one group.
    pub two: Metered,
    /// Kafka Streams, over its own topic.
    pub streams: Option<Report>,
}

/// One metering of the whole topic.
#[derive(Clone, Debug)]
pub struct Metered {
    /// Messages in the topic.
    pub messages: u64,
    /// From the start of the first process to the end of the last.
    pub wall_s: f64,
    /// From when the slowest had its partitions to its last commit.
    pub metering_s: f64,
    /// The most memory that one process had at once.
    pub peak_kib: u64,
    /// Processor time of all.
    pub cpu_s: f64,
    /// Where the time of the first process went; what is missing is starting, joining the group and leaving it.
    pub phases: Option<String>,
}

impl Metered {
    /// Of processes that ran side by side.
    pub fn of(messages: u64, wall_s: f64, usages: &[Usage]) -> Self {
        let peak_kib = usages.iter().map(|usage| usage.peak_kib).max().unwrap_or(0);
        let metering_s = usages.iter().filter_map(|usage| phase(usage, "metering")).fold(0.0, f64::max);
        let cpu_s = usages.iter().map(Usage::cpu_s).sum();
        Self { messages, wall_s, metering_s, peak_kib, cpu_s, phases: usages.first().and_then(phases) }
    }

    fn rate(&self) -> f64 {
        self.messages as f64 / self.metering_s
    }

    fn whole_rate(&self) -> f64 {
        self.messages as f64 / self.wall_s
    }
}

fn raw_rate(counted: &Counted) -> f64 {
    counted.messages as f64 / counted.seconds
}

fn streams_rate(report: &Report) -> f64 {
    (report.events + report.duplicates) as f64 / report.seconds
}

impl Round {
    /// One process of Farthing to librdkafka with one thread or two.
    fn to_raw(&self, threads: usize) -> f64 {
        self.one.rate() / raw_rate(&self.raw[threads - 1])
    }

    /// How many times as fast as Kafka Streams.
    fn to_streams(&self) -> Option<f64> {
        self.streams.as_ref().map(|report| self.one.rate() / streams_rate(report))
    }

    /// One line, as soon as it is known.
    pub fn print(&self, number: usize) {
        let streams = self.streams.as_ref().map_or_else(String::new, |report| format!("   kafka streams {:.0}/s", streams_rate(report)));
        println!(
            "  round {number}   raw {:.0}/s, two threads {:.0}/s   farthing {}   two processes {}{streams}",
            raw_rate(&self.raw[0]),
            raw_rate(&self.raw[1]),
            describe(&self.one),
            describe(&self.two)
        );
    }
}

fn describe(metered: &Metered) -> String {
    format!(
        "{:.0}/s ({:.2} s of {:.2}, {:.2} cpu, {} MiB)",
        metered.rate(),
        metered.metering_s,
        metered.wall_s,
        metered.cpu_s,
        metered.peak_kib >> 10
    )
}

/// All rounds.
#[derive(Debug)]
pub struct Rounds(pub Vec<Round>);

impl Rounds {
    /// The median ratio of one process to librdkafka with one thread.
    pub fn to_raw(&self) -> f64 {
        self.spread(|round| Some(round.to_raw(1))).median
    }

    /// The median ratio of one process to Kafka Streams, if that ran.
    pub fn to_streams(&self) -> Option<f64> {
        self.0.iter().any(|round| round.streams.is_some()).then(|| self.spread(Round::to_streams).median)
    }

    fn spread(&self, figure: impl Fn(&Round) -> Option<f64>) -> Spread {
        Spread::of(self.0.iter().filter_map(figure))
    }

    /// The figures of all rounds.
    pub fn print(&self) {
        let rate = |name: &str, figure: &dyn Fn(&Round) -> Option<f64>| {
            let Spread { min, median, max } = self.spread(figure);
            println!("  {name:<32} min {min:>9.0}   median {median:>9.0}   max {max:>9.0}");
        };
        println!("events per second");
        rate("librdkafka, one thread", &|round| Some(raw_rate(&round.raw[0])));
        rate("librdkafka, two threads", &|round| Some(raw_rate(&round.raw[1])));
        rate("farthing, one process", &|round| Some(round.one.rate()));
        rate("farthing, two processes", &|round| Some(round.two.rate()));
        rate("farthing, from start to end", &|round| Some(round.one.whole_rate()));
        rate("kafka streams", &|round| round.streams.as_ref().map(streams_rate));
        println!("one process of farthing");
        println!("  {:<32} {}", "to librdkafka with one thread", self.spread(|round| Some(round.to_raw(1))));
        println!("  {:<32} {}", "to librdkafka with two threads", self.spread(|round| Some(round.to_raw(2))));
        println!("  {:<32} {}", "to kafka streams", self.spread(Round::to_streams));
        if let Some(phases) = self.0.last().and_then(|round| round.one.phases.as_ref()) {
            println!("  {:<32} {phases}; the rest is starting, joining the group and leaving it", "time went");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counted, Metered, Report, Round, Rounds};

    fn round(raw_s: f64, farthing_s: f64, streams_s: Option<f64>) -> Round {
        let counted = |seconds| Counted { messages: 100, bytes: 0, seconds };
        let metered = Metered { messages: 100, wall_s: farthing_s, metering_s: farthing_s, peak_kib: 0, cpu_s: 0.0, phases: None };
        let streams = streams_s.map(|seconds| Report { events: 9, duplicates: 1, seconds });
        Round { raw: [counted(raw_s), counted(raw_s / 2.0)], one: metered.clone(), two: metered, streams }
    }

    #[test]
    fn ratios_are_of_rates_and_medians_of_ratios() {
        let rounds = Rounds(vec![round(1.0, 2.0, Some(4.0)), round(1.0, 4.0, Some(4.0)), round(1.0, 8.0, Some(4.0))]);
        assert_eq!((rounds.to_raw(), rounds.to_streams()), (0.25, Some(10.0)));
        assert_eq!(rounds.0[0].to_raw(2), 0.25);
        assert_eq!(Rounds(vec![round(1.0, 2.0, None)]).to_streams(), None);
    }
}
