//! What the figures must show.

use crate::bench::verdict::Finding;

const RAW_MIN: f64 = 0.4;
const STREAMS_MIN: f64 = 20.0;

/// The fan-out that the goals speak of.
pub const JUDGED_FAN_OUT: u64 = 8;

/// Judges the median ratios of one process of Farthing, at the fan-out that the goals speak of.
pub fn judge(fan_out: u64, to_raw: f64, to_streams: Option<f64>) -> Vec<Finding> {
    if fan_out != JUDGED_FAN_OUT {
        return Vec::new();
    }
    let raw = Finding {
        holds: to_raw >= RAW_MIN,
        text: format!("{to_raw:.2} of what librdkafka alone reads with one thread, at fan-out 8 (at least {RAW_MIN})"),
    };
    let streams = to_streams.map(|ratio| Finding {
        holds: ratio >= STREAMS_MIN,
        text: format!("{ratio:.1} times Kafka Streams at fan-out 8 (at least {STREAMS_MIN})"),
    });
    [raw].into_iter().chain(streams).collect()
}

#[cfg(test)]
mod tests {
    use super::judge;

    fn held(to_raw: f64, to_streams: Option<f64>) -> Vec<bool> {
        judge(8, to_raw, to_streams).iter().map(|finding| finding.holds).collect()
    }

    #[test]
    fn each_goal_is_met_and_missed_at_its_bound() {
        assert_eq!(held(0.4, Some(20.0)), [true, true]);
        assert_eq!(held(0.399, Some(19.9)), [false, false]);
        assert_eq!(held(f64::NAN, Some(f64::NAN)), [false, false]);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert_eq!(held(0.5, None), [true]);
        assert!(judge(1, 0.1, Some(1.0)).is_empty());
    }
}
