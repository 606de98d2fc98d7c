//! [`Currency`]: ISO 4217 codes and their minor units.

use crate::money::{Money, SCALE};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// One of the currencies of `data/currencies.csv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(u16);

/// The code names no currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an ISO 4217 currency code")]
pub struct UnknownCurrency(pub String);

struct Row {
    letters: u32,
    code: &'static str,
    minor_digits: u32,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut rows: Vec<Row> = include_str!("../data/currencies.csv").lines().skip(1).filter_map(row).collect();
    rows.sort_by_key(|row| row.letters);
    rows
});

fn row(line: &'static str) -> Option<Row> {
    let mut cells = line.split(',');
    let code = cells.next()?;
    Some(Row { letters: letters(code)?, code, minor_digits: cells.next()?.parse().ok()? })
}

/// The three letters of a code as one number, in the order of codes: a number is compared in one step.
fn letters(code: &str) -> Option<u32> {
    let [first, second, third] = code.as_bytes().try_into().ok()?;
    Some(u32::from_be_bytes([0, first, second, third]))
}

impl Currency {
    /// The three-letter code.
    #[must_use]
    pub fn code(self) -> &'static str {
        ROWS[usize::from(self.0)].code
    }

    /// The smallest amount that can be paid out, e.g. one cent.
    ///
    /// ```
    /// use farthing_schemas::Currency;
    /// let yen: Currency = "JPY".parse()?;
    /// assert_eq!(yen.minor_unit().to_string(), "1.000000000000");
    /// # Ok::<(), farthing_schemas::currency::UnknownCurrency>(())
    /// ```
    #[must_use]
    pub fn minor_unit(self) -> Money {
        Money::from_units(10_i128.pow(SCALE - ROWS[usize::from(self.0)].minor_digits))
    }

    /// A small number that stands for this currency within one process.
    #[must_use]
    pub const fn index(self) -> u16 {
        self.0
    }

    /// The currency of [`Currency::index`].
    #[must_use]
    pub fn at(index: u16) -> Option<Currency> {
        (usize::from(index) < ROWS.len()).then_some(Currency(index))
    }

    /// Every currency, by code.
    pub fn all() -> impl Iterator<Item = Currency> {
        (0..).map_while(Currency::at)
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Currency, UnknownCurrency> {
        let found = letters(code).and_then(|letters| ROWS.binary_search_by_key(&letters, |row| row.letters).ok());
        found.and_then(|at| u16::try_from(at).ok()).map(Currency).ok_or_else(|| UnknownCurrency(code.chars().take(16).collect()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}
