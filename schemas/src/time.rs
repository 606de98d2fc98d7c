//! [`Instant`]: microseconds in UTC; [`Cycle`]: one month in UTC.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat};
use std::fmt;
use std::str::FromStr;

/// Microseconds in 24 hours.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// Microseconds since 1970-01-01T00:00:00Z; read from text, one between the years 2000 and 2199.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// The text is not an instant of the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnInstant {
    /// Not RFC 3339 with an offset and whole seconds to 59.
    #[error("{0:?} is not a time in RFC 3339 with an offset, such as 2026-10-03T09:12:44.120Z")]
    Form(String),
    /// Before 2000 or after 2199.
    #[error("{0:?} is not in the years 2000 to 2199 in UTC")]
    Years(String),
}

impl Instant {
    /// Before all others: where an open validity starts.
    pub const EARLIEST: Instant = Instant(i64::MIN);
    /// After all others: where an open validity ends.
    pub const LATEST: Instant = Instant(i64::MAX);

    /// The instant that many microseconds after 1970 in UTC.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Instant {
        Instant(micros)
    }

    /// Microseconds since 1970 in UTC.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The month in UTC that it falls in.
    #[must_use]
    pub fn cycle(self) -> Cycle {
        let date = DateTime::from_timestamp_micros(self.0).unwrap_or_default().date_naive();
        Cycle::of(date.year(), date.month0())
    }
}

impl FromStr for Instant {
    type Err = NotAnInstant;

    /// RFC 3339 with offset, `T` or `t`, seconds to 59; what is below a microsecond is cut.
    fn from_str(text: &str) -> Result<Instant, NotAnInstant> {
        let shown = || text.chars().take(64).collect::<String>();
        let micros = parse_micros(text.as_bytes()).ok_or_else(|| NotAnInstant::Form(shown()))?;
        let instant = Instant(micros);
        if (FIRST..AFTER_LAST).contains(&micros) { Ok(instant) } else { Err(NotAnInstant::Years(shown())) }
    }
}

/// 2000-01-01T00:00:00Z.
const FIRST: i64 = 946_684_800_000_000;
/// 2200-01-01T00:00:00Z.
const AFTER_LAST: i64 = 7_258_118_400_000_000;

/// The number that `text` writes in exactly these digits.
fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
}

fn parse_micros(text: &[u8]) -> Option<i64> {
    let fixed = text.get(..19)?;
    let separators = fixed[4] == b'-' && fixed[7] == b'-' && matches!(fixed[10], b'T' | b't') && fixed[13] == b':' && fixed[16] == b':';
    if !separators {
        return None;
    }
    let year = i32::try_from(digits(&fixed[..4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, digits(&fixed[5..7])?, digits(&fixed[8..10])?)?;
    let clock = date.and_hms_opt(digits(&fixed[11..13])?, digits(&fixed[14..16])?, digits(&fixed[17..19])?)?;
    let (fraction_micros, zone) = fraction(&text[19..])?;
    let local = clock.and_utc().timestamp() - i64::from(offset_seconds(zone)?);
    Some(local * 1_000_000 + i64::from(fraction_micros))
}

/// `.120Z` -> 120,000 and `Z`.
fn fraction(rest: &[u8]) -> Option<(u32, &[u8])> {
    let Some(after) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let length = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let kept = after.get(..length.clamp(1, 6))?;
    let scale = 10_u32.pow(6 - u32::try_from(kept.len()).ok()?);
    Some((digits(kept)? * scale, &after[length..]))
}

fn offset_seconds(zone: &[u8]) -> Option<i32> {
    if matches!(zone, b"Z" | b"z") {
        return Some(0);
    }
    let sign = match zone.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if zone.len() != 6 || zone[3] != b':' {
        return None;
    }
    let (hours, minutes) = (digits(&zone[1..3])?, digits(&zone[4..6])?);
    (hours < 24 && minutes < 60).then(|| sign * i32::try_from(hours * 3600 + minutes * 60).unwrap_or(0))
}

/// RFC 3339 in UTC with 6 fractional digits.
impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp_micros(self.0).unwrap_or_default();
        out.write_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// One settlement period: a month in UTC, written `2026-10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cycle(u16);

/// The text is not a cycle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a cycle: a month from 2000-01 to 2199-12, such as 2026-10")]
pub struct NotACycle(pub String);

const FIRST_YEAR: u16 = 2000;

impl Cycle {
    fn of(year: i32, month0: u32) -> Cycle {
        let months = (year - i32::from(FIRST_YEAR)) * 12 + i32::try_from(month0).unwrap_or(0);
        Cycle(u16::try_from(months).unwrap_or(0))
    }

    /// Months since 2000-01.
    #[must_use]
    pub const fn index(self) -> u16 {
        self.0
    }

    /// The year that the month is in.
    #[must_use]
    pub const fn year(self) -> u16 {
        FIRST_YEAR + self.0 / 12
    }

    /// The cycle of [`Cycle::index`].
    #[must_use]
    pub const fn at(index: u16) -> Cycle {
        Cycle(index)
    }

    /// The month after.
    #[must_use]
    pub const fn next(self) -> Cycle {
        Cycle(self.0.saturating_add(1))
    }

    /// The first instant that is no longer in it.
    #[must_use]
    pub fn end(self) -> Instant {
        self.next().start()
    }

    /// Its first instant.
    #[must_use]
    pub fn start(self) -> Instant {
        let (year, month) = self.year_month();
        let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default();
        Instant(first.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc().timestamp_micros())
    }

    fn year_month(self) -> (i32, u32) {
        (i32::from(self.year()), u32::from(self.0 % 12) + 1)
    }
}

impl FromStr for Cycle {
    type Err = NotACycle;

    fn from_str(text: &str) -> Result<Cycle, NotACycle> {
        let parsed = || {
            let bytes = text.as_bytes();
            let shape = bytes.len() == 7 && bytes[4] == b'-';
            let (year, month) = if shape { (digits(&bytes[..4])?, digits(&bytes[5..])?) } else { return None };
            ((2000..2200).contains(&year) && (1..=12).contains(&month)).then(|| Cycle::of(i32::try_from(year).unwrap_or(0), month - 1))
        };
        parsed().ok_or_else(|| NotACycle(text.chars().take(64).collect()))
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = self.year_month();
        write!(out, "{year:04}-{month:02}")
    }
}
