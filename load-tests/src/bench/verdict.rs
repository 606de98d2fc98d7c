//! What the figures must show.

use std::fmt;

const RATIO_MIN: f64 = 1.5;
const GROWTH_MAX: f64 = 2.2;
const PEAK_MAX_KIB: u64 = 1 << 20;

/// One goal, and whether it was met.
#[derive(Debug)]
pub struct Finding {
    /// Whether it was met.
    pub holds: bool,
    /// What was found, and what was asked.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.holds { "held" } else { "BROKEN" }, self.text)
    }
}

/// Judges the median ratio and growth at fan-out 8, where they were measured, and the highest peak.
pub fn judge(ratio: Option<f64>, growth: Option<f64>, peak_kib: u64) -> Vec<Finding> {
    let speed = ratio.map(|ratio| Finding {
        holds: ratio >= RATIO_MIN,
        text: format!("{ratio:.2} times DuckDB doing the same fold at fan-out 8 (at least {RATIO_MIN})"),
    });
    let growth = growth.map(|growth| Finding {
        holds: growth < GROWTH_MAX,
        text: format!("twice the events take {growth:.2} times the time (below {GROWTH_MAX})"),
    });
    let peak =
        Finding { holds: peak_kib < PEAK_MAX_KIB, text: format!("{} MiB at the peak (below {})", peak_kib >> 10, PEAK_MAX_KIB >> 10) };
    speed.into_iter().chain(growth).chain([peak]).collect()
}

#[cfg(test)]
mod tests {
    use super::judge;

    fn held(ratio: f64, growth: f64, peak_kib: u64) -> Vec<bool> {
        judge(Some(ratio), Some(growth), peak_kib).iter().map(|finding| finding.holds).collect()
    }

    #[test]
    fn each_goal_is_met_and_missed_at_its_bound() {
        assert_eq!(held(1.5, 2.19, (1 << 20) - 1), [true, true, true]);
        assert_eq!(held(1.49, 2.2, 1 << 20), [false, false, false]);
        assert_eq!(held(f64::NAN, f64::NAN, 0), [false, false, true]);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert_eq!(judge(None, None, 0).len(), 1);
    }
}
