//! The journal's rows against the chain of manifests, and its approvals against plans that are made again.

use crate::books::Books;
use crate::check;
use crate::journal::{entry_of, postings};
use anyhow::{Context, bail, ensure};
use farthing_settle::Plan;
use farthing_settle::journal::{EntryKind, Occasion, entry_of_approval};

/// Every entry is what its act committed to, and there are no others.
pub async fn rows(books: &Books) -> anyhow::Result<()> {
    for finding in check::rows(books).await? {
        if let Some(difference) = finding.difference {
            bail!("ledger, {difference}");
        }
    }
    Ok(())
}

/// What was booked of a draft is what its plan moves, account by account: also which platform owes what, which the draft does not say.
pub async fn booked_from(books: &Books, draft_sha256: &str, plan: &Plan) -> anyhow::Result<()> {
    let approvals = books.ledger.journal_entries_after(0).await?.into_iter();
    for row in approvals.filter(|row| row.kind == EntryKind::Approval.as_str() && row.evidence_sha256 == draft_sha256) {
        let booked = entry_of(&row, &postings(books, row.number).await?)?;
        let header = booked.header().clone();
        let (reason, reference) = (header.reason, header.reference);
        let occasion = Occasion { place: header.place, happened: header.happened, booked: header.booked, reason, reference };
        let again = entry_of_approval(plan, occasion).with_context(|| format!("ledger, journal entry {}", row.number))?;
        ensure!(again == booked, "ledger, journal entry {}: booked again from the archive it is another", row.number);
    }
    Ok(())
}
