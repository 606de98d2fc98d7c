//! What a move of a cycle books.

use super::{entry_of, next_place, postings};
use crate::books::Books;
use crate::commands::settle::Brought;
use crate::time::now;
use anyhow::{Context, bail};
use farthing_ledger::StoredEntry;
use farthing_schemas::manifest::{CycleMove, sha256_hex};
use farthing_settle::Courses;
use farthing_settle::cycle::Kind;
use farthing_settle::journal::{
    Entry, EntryKind, Evidence, EvidenceKind, Occasion, OfCycle, entry_of_approval, entry_of_release, reversal_of,
};

/// The entry that a move books upon the head that was seen; none for moves that owe nobody anything.
pub async fn entry(books: &Books, courses: &Courses, step: &CycleMove, brought: &Brought) -> anyhow::Result<Option<Entry>> {
    match courses.row(step)?.kind {
        Kind::Approve => {
            let plan = brought.plan.as_ref().context("an approval books the moves of its plan")?;
            let reason = format!("draft in {} approved by {}", step.currency, step.by);
            Ok(Some(entry_of_approval(plan, occasion(books, step, reason))?))
        }
        Kind::Withdraw => {
            let reason = step.why.clone().unwrap_or_default();
            Ok(Some(reversal_of(&approval(books, step).await?, occasion(books, step, reason), decision(courses, step)?)?))
        }
        Kind::Release | Kind::Reissue => {
            let sending = brought.sending.as_ref().context("a release books its payments")?;
            if sending.payments.iter().all(|payment| payment.message_id.is_none()) {
                return Ok(None);
            }
            let (kind, reason) = match &step.why {
                None => (EntryKind::Release, format!("payouts released by {}", step.by)),
                Some(why) => (EntryKind::Reissue, why.clone()),
            };
            let of = OfCycle { mid: step.mid.clone(), cycle: step.cycle.parse()? };
            let occasion = occasion(books, step, reason);
            Ok(Some(entry_of_release(&of, kind, &sending.payments, decision(courses, step)?, occasion)?))
        }
        Kind::Close | Kind::Draft | Kind::Discard | Kind::Reconcile | Kind::Seal => Ok(None),
    }
}

/// What is signed is the decision, and proves it.
fn decision(courses: &Courses, step: &CycleMove) -> anyhow::Result<Evidence> {
    Ok(Evidence { kind: EvidenceKind::Decision, sha256: sha256_hex(courses.text(step)?.as_bytes()) })
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
