//! Records about what one currency is worth in another.

use super::record::Keyed;
use crate::{Currency, ExchangeRate, Instant};
use std::cmp::Ordering;

/// What somebody said that one currency was worth in another at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Of one of this currency.
    pub from: Currency,
    /// So much of this one is given.
    pub to: Currency,
    /// How much.
    pub rate: ExchangeRate,
    /// Who says so.
    pub source: Box<str>,
    /// When it was so.
    pub time: Instant,
}

impl Keyed for Quote {
    fn group(&self) -> &str {
        self.from.code()
    }
    fn compare_key(&self, other: &Self) -> Ordering {
        let key = |it: &Self| (it.from.code(), it.to.code(), it.time);
        key(self).cmp(&key(other))
    }
    const KEY_FIELD: &'static str = "time";
}
