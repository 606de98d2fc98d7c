//! What a move of a cycle books.

use super::{entry_of, next_place, postings};
use crate::books::Books;
use crate::time::now;
use anyhow::{Context, bail};
use farthing_ledger::StoredEntry;
use farthing_schemas::manifest::{CycleMove, sha256_hex};
use farthing_settle::cycle::Kind;
use farthing_settle::journal::{Entry, EntryKind, Evidence, EvidenceKind, Occasion, entry_of_approval, reversal_of};
use farthing_settle::{Courses, Plan};

/// The entry that a move books upon the head that was seen; none for moves that owe nobody anything.
pub async fn entry(books: &Books, courses: &Courses, step: &CycleMove, plan: Option<&Plan>) -> anyhow::Result<Option<Entry>> {
    match courses.row(step)?.kind {
        Kind::Approve => {
            let plan = plan.context("an approval books the moves of its plan")?;
            let reason = format!("draft in {} approved by {}", step.currency, step.by);
            Ok(Some(entry_of_approval(plan, occasion(books, step, reason))?))
        }
        Kind::Withdraw => {
            // What is signed is the decision, and proves it.
            let evidence = Evidence { kind: EvidenceKind::Decision, sha256: sha256_hex(courses.text(step)?.as_bytes()) };
            let reason = step.why.clone().unwrap_or_default();
            Ok(Some(reversal_of(&approval(books, step).await?, occasion(books, step, reason), evidence)?))
        }
        Kind::Close | Kind::Draft | Kind::Discard => Ok(None),
    }
}

fn occasion(books: &Books, step: &CycleMove, reason: String) -> Occasion {
    let draft: String = step.draft_sha256.iter().flat_map(|sha256| sha256.chars().take(16)).collect();
    let now = now();
    Occasion { place: next_place(&books.catalog), happened: now, booked: now, reason, reference: format!("draft {draft}") }
}

/// The entry of the approval that is in force.
async fn approval(books: &Books, step: &CycleMove) -> anyhow::Result<Entry> {
    let rows = books.ledger.journal_entries_after(0).await?;
    let named = step.draft_sha256.as_ref();
    let Some(row) = named.and_then(|sha256| approval_in_force(&rows, &step.mid, sha256)) else {
        bail!("cycle {} of {} in {} is approved, but not booked; look at it with: farthing check", step.cycle, step.mid, step.currency);
    };
    entry_of(row, &postings(books, row.number).await?)
}

/// The entry of a draft's approval that is in force, among all entries.
pub fn approval_in_force<'r>(rows: &'r [StoredEntry], mid: &str, draft_sha256: &str) -> Option<&'r StoredEntry> {
    let approves = |row: &&StoredEntry| {
        let names = row.mid == mid && row.evidence_sha256 == draft_sha256 && row.kind == EntryKind::Approval.as_str();
        names && rows.iter().all(|other| other.reverses != Some(row.number))
    };
    rows.iter().find(approves)
}
