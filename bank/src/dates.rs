//! Days and seconds of instants that were given; nothing here knows what time it is.

use chrono::{DateTime, NaiveDate, Utc};
use farthing_schemas::Instant;

/// The day in UTC.
pub(crate) fn day_of(instant: Instant) -> NaiveDate {
    time_of(instant).date_naive()
}

/// `2026-11-02T09:30:00Z`, as messages have it.
pub(crate) fn seconds_of(instant: Instant) -> String {
    time_of(instant).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(crate) fn time_of(instant: Instant) -> DateTime<Utc> {
    // Instants that are read are of the years 2000 to 2199.
    DateTime::from_timestamp_micros(instant.micros()).unwrap_or_default()
}
