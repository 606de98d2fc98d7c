//! A steady rate: as many messages by now as the rate allows, never a burst to make up for more than a second.

use anyhow::{Context, Result, ensure};
use std::str::FromStr;
use std::time::Duration;

/// What was missed while brokers were slow is made up for this far, no further: a soak is to be steady.
const CATCH_UP: Duration = Duration::from_secs(1);

/// Messages per second, written `5000/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(u32);

impl Rate {
    /// How many.
    pub fn a_second(self) -> u32 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = text.strip_suffix("/s").unwrap_or(text);
        let rate = number.parse().with_context(|| format!("{text:?} is no rate; write how many a second, such as 5000/s"))?;
        ensure!(rate > 0, "a rate of 0 sends nothing; leave it out to send as fast as it goes");
        Ok(Self(rate))
    }
}

/// When the next message is due. It reads no clock: it is told how much time has passed.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    step: Duration,
    due: Duration,
}

impl Pace {
    /// The first message is due at once.
    pub fn new(rate: Rate) -> Self {
        Self { step: Duration::from_secs(1) / rate.0, due: Duration::ZERO }
    }

    /// How long to wait before the next message goes out; it counts as sent then.
    pub fn wait(&mut self, elapsed: Duration) -> Duration {
        self.due = self.due.max(elapsed.saturating_sub(CATCH_UP));
        let wait = self.due.saturating_sub(elapsed);
        self.due += self.step;
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, Rate};
    use std::time::Duration;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn rates_are_written_per_second() {
        assert_eq!("5000/s".parse::<Rate>().unwrap(), Rate(5000));
        assert_eq!("7".parse::<Rate>().unwrap(), Rate(7));
        for wrong in ["0/s", "-1/s", "5/m", "", "fast"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn messages_go_out_evenly() {
        let mut pace = Pace::new(Rate(100));
        assert_eq!([pace.wait(ms(0)), pace.wait(ms(0)), pace.wait(ms(5)), pace.wait(ms(40))], [ms(0), ms(10), ms(15), ms(0)]);
    }

    #[test]
    fn a_second_is_made_up_for_and_no_more() {
        let mut pace = Pace::new(Rate(10));
        let at_once = (0..100).take_while(|_| pace.wait(ms(60_000)) == ms(0)).count();
        assert_eq!(at_once, 11);
    }
}
