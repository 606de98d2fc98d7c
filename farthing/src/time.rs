//! The one clock of the binary.

use farthing_schemas::Instant;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, to the microsecond.
pub fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
