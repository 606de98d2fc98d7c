//! Which entries and postings are asked for.

use super::{entry_of, postings};
use crate::books::Books;
use clap::Args;
use farthing_ledger::StoredEntry;
use farthing_schemas::{Cycle, Instant};
use farthing_settle::SettleError;
use farthing_settle::journal::{Account, AccountKind, Entry, Posting};
use std::str::FromStr;

/// Entries by whose they are and when they happened; postings by their account.
#[derive(Args, Clone, Debug, Default)]
pub struct Selection {
    /// Only the books of this MID
    #[arg(long, value_name = "MID")]
    pub mid: Option<String>,
    /// Only what belongs to this cycle
    #[arg(long, value_name = "CYCLE")]
    pub cycle: Option<Cycle>,
    /// Only postings on this kind of account, or on one account: party_payable, party_payable:pty_ana
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<Accounts>,
    /// Only what happened from then on (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub from: Option<Instant>,
    /// Only what happened before then (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub to: Option<Instant>,
}

/// One account, or all of a kind.
#[derive(Clone, Debug)]
pub enum Accounts {
    Kind(AccountKind),
    One(Account),
}

impl FromStr for Accounts {
    type Err = String;

    fn from_str(text: &str) -> Result<Accounts, String> {
        let one = |error: SettleError| text.parse().map(Accounts::One).map_err(|_| error);
        text.parse().map(Accounts::Kind).or_else(one).map_err(|error| {
            let kinds: Vec<&str> = AccountKind::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("{error}; its accounts are {}, and one of them is written as party_payable:pty_ana", kinds.join(", "))
        })
    }
}

impl Selection {
    fn takes(&self, entry: &StoredEntry) -> bool {
        let cycle = self.cycle.map(|cycle| cycle.to_string());
        self.mid.as_ref().is_none_or(|mid| *mid == entry.mid)
            && cycle.is_none_or(|cycle| entry.cycle.as_ref() == Some(&cycle))
            && self.from.is_none_or(|from| from.to_string() <= entry.happened)
            && self.to.is_none_or(|to| entry.happened < to.to_string())
    }

    /// The postings of an entry that are asked for.
    pub fn postings<'a>(&self, entry: &'a Entry) -> Vec<&'a Posting> {
        let takes = |posting: &&Posting| match &self.account {
            None => true,
            Some(Accounts::Kind(kind)) => posting.account.kind() == *kind,
            Some(Accounts::One(account)) => posting.account == *account,
        };
        entry.postings().iter().filter(takes).collect()
    }

    /// Calls `each` with every entry that is asked for, in order. Rows that are no entry are an error that names them.
    pub async fn each(&self, books: &Books, mut each: impl FnMut(Entry) -> anyhow::Result<()>) -> anyhow::Result<()> {
        for row in books.ledger.journal_entries_after(0).await?.iter().filter(|row| self.takes(row)) {
            let entry = entry_of(row, &postings(books, row.number).await?)?;
            if self.account.is_none() || !self.postings(&entry).is_empty() {
                each(entry)?;
            }
        }
        Ok(())
    }
}
