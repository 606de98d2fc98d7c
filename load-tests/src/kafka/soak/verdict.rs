//! Whether memory and lag stayed flat. That nothing was lost is no finding: without that there is no verdict.

use super::minute::Minute;
use crate::bench::verdict::Finding;
use crate::kafka::pace::Rate;

/// How much more memory than in the first third is flat, beside a fifth of it.
const SLACK_MIB: u64 = 64;
/// What may be on its way at a minute's end, in seconds of the stream: three batches' time.
const LAG_SECONDS: u64 = 30;

/// Judges the minutes.
pub fn judge(minutes: &[Minute], rate: Rate) -> Vec<Finding> {
    let third = minutes.len().div_ceil(3);
    let most = |some: &[Minute]| some.iter().map(|minute| minute.memory_mib).max().unwrap_or(0);
    let (first, last) = (most(&minutes[..third]), most(&minutes[minutes.len() - third..]));
    let bound = first + first / 5 + SLACK_MIB;
    let lag = minutes.iter().map(|minute| minute.lag.1).max().unwrap_or(0);
    let allowed = u64::from(rate.a_second()) * LAG_SECONDS;
    vec![
        Finding { holds: last <= bound, text: format!("memory is flat: {first} MiB at most in the first third, {last} MiB in the last") },
        Finding {
            holds: lag <= allowed,
            text: format!("lag is flat: {lag} messages at most at a minute's end, {LAG_SECONDS} s are {allowed}"),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::{Minute, judge};
    use crate::kafka::soak::fault::Fault;

    fn holds(memory: &[u64], lags: &[u64]) -> Vec<bool> {
        let minute = |(memory, lag): (&u64, &u64)| {
            let mut minute = Minute::begin(1, Fault::KillBroker, 0);
            minute.look(*memory, 0, *lag);
            minute
        };
        let minutes: Vec<Minute> = memory.iter().zip(lags).map(minute).collect();
        judge(&minutes, "10/s".parse().unwrap()).iter().map(|finding| finding.holds).collect()
    }

    #[test]
    fn what_grows_is_not_flat() {
        assert_eq!(holds(&[100, 500, 180], &[0, 300, 10]), [true, true]);
        assert_eq!(holds(&[100, 100, 190], &[0, 301, 10]), [false, false]);
        assert_eq!(holds(&[100], &[0]), [true, true]);
    }
}
