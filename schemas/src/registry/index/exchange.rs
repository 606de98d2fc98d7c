//! What one currency was worth in another.

use super::Registry;
use crate::registry::Quote;
use crate::registry::stored;
use crate::{Currency, ExchangeRate, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By the two codes and the time, in microseconds; of one key the last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct QuoteRows(BTreeMap<(Box<str>, Box<str>, i64), QuoteRow>);

#[derive(Debug, Serialize, Deserialize)]
struct QuoteRow {
    #[serde(with = "stored::text")]
    rate: ExchangeRate,
    source: Box<str>,
}

/// What one currency was worth in another, who says so, and when it was so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteOf<'a> {
    /// How much of the other one is given for one.
    pub rate: ExchangeRate,
    /// Who says so.
    pub source: &'a str,
    /// When it was so.
    pub time: Instant,
}

impl QuoteRows {
    pub(super) fn quote(&mut self, it: Quote) {
        let key = (it.from.code().into(), it.to.code().into(), it.time.micros());
        self.0.insert(key, QuoteRow { rate: it.rate, source: it.source });
    }
}

impl Registry {
    /// The latest quote of some time, both its ends in it: one that is older is not used by mistake.
    #[must_use]
    pub fn quote(&self, from: Currency, to: Currency, within: (Instant, Instant)) -> Option<QuoteOf<'_>> {
        let key = |time: Instant| (from.code().into(), to.code().into(), time.micros());
        let ((_, _, time), row) = self.quotes.0.range(key(within.0)..=key(within.1)).next_back()?;
        Some(QuoteOf { rate: row.rate, source: &row.source, time: Instant::from_micros(*time) })
    }
}
