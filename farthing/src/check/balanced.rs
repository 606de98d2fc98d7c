//! Debits equal credits: in every entry, and in the books of every MID, in each currency.

use super::{Chain, Invariant, SeenEntry};
use crate::journal::amount_of;
use anyhow::{Context, ensure};
use farthing_settle::journal::Turnover;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Balanced {
    entries: u64,
    postings: u64,
    /// By MID and currency.
    books: BTreeMap<(String, String), Turnover>,
}

impl Invariant for Balanced {
    fn name(&self) -> &'static str {
        "debits equal credits"
    }

    fn entry(&mut self, seen: &SeenEntry<'_>) -> anyhow::Result<()> {
        let Some(body) = &seen.body else { return Ok(()) };
        let mut turnovers: BTreeMap<&str, Turnover> = BTreeMap::new();
        for row in body.postings {
            let amount = amount_of(row).with_context(|| format!("journal entry {}, posting {}", seen.row.number, row.line))?;
            turnovers.entry(&row.currency).or_default().post(amount)?;
            self.postings += 1;
        }
        for (currency, turnover) in turnovers {
            let Turnover { debit, credit } = turnover;
            ensure!(turnover.is_even(), "journal entry {}: debits of {debit} {currency} and credits of {credit}", seen.row.number);
            self.books.entry((seen.row.mid.clone(), currency.to_owned())).or_default().add(turnover)?;
        }
        self.entries += 1;
        Ok(())
    }

    fn end(&mut self, _chain: &Chain<'_>) -> anyhow::Result<String> {
        for ((mid, currency), turnover) in &self.books {
            let Turnover { debit, credit } = turnover;
            ensure!(turnover.is_even(), "the books of {mid}: debits of {debit} {currency} and credits of {credit}");
        }
        let books: Vec<String> =
            self.books.iter().map(|((mid, currency), turnover)| format!("{mid} {} {currency}", turnover.debit)).collect();
        let on_both_sides = if books.is_empty() { String::new() } else { format!("; on both sides {}", books.join(", ")) };
        Ok(format!("{} entries with {} postings{on_both_sides}", self.entries, self.postings))
    }
}
