//! What the demo meters: a registry, a generated month and a real week, as the files that a user would have.
//!
//! Pure: the same seed and sizes give the same bytes on every machine. Amounts and weights are whole numbers until they are written as
//! decimal text. People, accounts and prices are made up, and say so; the week's requests are real (farthing/data/README.md).
//!
//! Modules in reading order: [`random`], [`people`], [`record`], [`terms`], [`registry`], [`event`], [`scene`], [`fault`],
//! [`month`], [`week`].

pub mod event;
pub mod fault;
pub mod month;
pub mod people;
pub mod random;
pub mod record;
pub mod registry;
pub mod scene;
pub mod terms;
pub mod week;

use std::io::{self, Write};

/// 2026-10-01T00:00:00Z in microseconds since 1970: where the month and the week begin.
const MONTH_START_MICROS: i64 = 1_790_812_800_000_000;

/// How much is generated, and from which seed.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub seed: u64,
    pub contributors: u32,
    pub events: u32,
}

/// One line of NDJSON.
fn write_line(out: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// `12345` thousandths -> `12.345`.
fn thousandths(number: u64) -> String {
    format!("{}.{:03}", number / 1_000, number % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest size at which everything happens.
    pub const SMALL: Size = Size { seed: 1, contributors: 200, events: 1_000 };

    #[test]
    fn the_month_starts_where_it_says() {
        let start: farthing_schemas::Instant = "2026-10-01T00:00:00Z".parse().unwrap();
        assert_eq!(start.micros(), MONTH_START_MICROS);
    }

    #[test]
    fn thousandths_are_decimal_text() {
        for (number, text) in [(0, "0.000"), (7, "0.007"), (12_345, "12.345")] {
            assert_eq!(thousandths(number), text);
        }
    }
}
