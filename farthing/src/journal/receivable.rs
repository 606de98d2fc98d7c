//! What entries of the journal book on the accounts of platforms.

use super::amount_of;
use crate::books::Books;
use anyhow::Context;
use farthing_ledger::StoredEntry;
use farthing_schemas::{Currency, Money};
use farthing_settle::journal::{AccountKind, EntryKind};

/// Postings of platforms come first in an entry, and are few beside those of parties.
const PORTION_POSTINGS: u64 = 200;

/// A posting on the account of a platform.
pub struct Posted {
    pub platform: String,
    pub currency: Currency,
    /// A debit above 0, a credit below.
    pub amount: Money,
}

/// The postings of an entry on the accounts of platforms.
pub async fn posted(books: &Books, entry: &StoredEntry) -> anyhow::Result<Vec<Posted>> {
    let kind = AccountKind::PlatformReceivable.as_str();
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let rows = books.ledger.journal_postings_after(entry.number, after, PORTION_POSTINGS).await?;
        for row in rows.iter().take_while(|row| row.account == kind) {
            let name = || format!("journal entry {}, posting {}", entry.number, row.line);
            let (amount, currency) = (amount_of(row).with_context(name)?, row.currency.parse().with_context(name)?);
            found.push(Posted { platform: row.owner.clone(), currency, amount });
        }
        match rows.last() {
            Some(last) if last.account == kind => after = last.line,
            _ => return Ok(found),
        }
    }
}

/// Whether an entry books what an approval says, or takes it back.
pub fn is_of_approval(entry: &StoredEntry) -> bool {
    [EntryKind::Approval, EntryKind::Withdrawal].iter().any(|kind| kind.as_str() == entry.kind)
}
