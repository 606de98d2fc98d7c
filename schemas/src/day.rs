//! [`Day`]: a date in UTC, by which invoices fall due and get older.

use crate::Instant;
use crate::time::DAY_MICROS;
use std::fmt;
use std::str::FromStr;

/// A day in UTC, written `2026-11-02`.
///
/// ```
/// use farthing_schemas::{Day, Instant};
/// let approved = Day::of("2026-11-02T23:30:00Z".parse::<Instant>()?);
/// let due = approved.plus(30);
/// assert_eq!(due.to_string(), "2026-12-02");
/// assert_eq!(due.days_since(approved), 30);
/// # Ok::<(), farthing_schemas::time::NotAnInstant>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

/// The text is not a day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a day from 2000-01-01 to 2199-12-31, such as 2026-11-02")]
pub struct NotADay(pub String);

impl Day {
    /// The day in UTC that an instant falls on.
    #[must_use]
    pub const fn of(instant: Instant) -> Day {
        Day(instant.micros().div_euclid(DAY_MICROS))
    }

    /// The day so many days later.
    #[must_use]
    pub const fn plus(self, days: u16) -> Day {
        Day(self.0 + days as i64)
    }

    /// How many days later than the other it is; less than 0 if it is earlier.
    #[must_use]
    pub const fn days_since(self, other: Day) -> i64 {
        self.0 - other.0
    }

    /// Its first instant.
    #[must_use]
    pub const fn start(self) -> Instant {
        Instant::from_micros(self.0.saturating_mul(DAY_MICROS))
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Day, NotADay> {
        let whole = (text.len() == "2026-11-02".len()).then(|| format!("{text}T00:00:00Z").parse::<Instant>());
        whole.and_then(Result::ok).map(Day::of).ok_or_else(|| NotADay(text.chars().take(64).collect()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.start().to_string();
        out.pad(start.split('T').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(text.parse::<Day>().ok().map(|day| day.to_string()).as_deref(), expected, "{text:?}");
    }

    #[test]
    fn days_are_read_as_they_are_written() {
        check("2026-11-02", Some("2026-11-02"));
        check("2024-02-29", Some("2024-02-29"));
        ["2026-02-29", "2026-11-2", "2026-11", "02.11.2026", "1999-12-31", "2026-11-02T00:00:00Z", "", "2026-11-0é"]
            .into_iter()
            .for_each(|text| check(text, None));
    }

    #[test]
    fn days_are_counted_over_ends_of_years() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(day("2026-12-15").plus(30), day("2027-01-14"));
        assert_eq!(day("2026-12-15").days_since(day("2027-01-14")), -30);
        let last = Instant::from_micros(day("2026-12-16").start().micros() - 1);
        assert_eq!(Day::of(last), day("2026-12-15"));
    }
}
