//! What always holds of the books, looked at without the archive: a list of invariants, each judged by itself.
//!
//! Entries of the journal pass by in their order, then drafts in the order of their cycles; each invariant takes of them what it needs and
//! says what it found, or the first difference. A further invariant is one more line in [`invariants`].

mod acts;
mod approved;
mod balanced;
mod chain;
mod chained;
mod decided;
mod known;
mod moved;
mod owed;
mod paid;
mod payable;
mod seen;
#[cfg(test)]
mod tests;
mod upcoming;

pub use upcoming::{Decision, Upcoming};

use crate::books::Books;
use crate::draft_rows;
use crate::journal::{entry_of, postings};
use acts::{SeenAct, SeenWhat, act_of, acts};
use chain::Chain;
use farthing_ledger::{StoredEntry, StoredPosting};
use farthing_settle::Draft;
use farthing_settle::cycle::Kind;
use farthing_settle::journal::Entry;
use seen::SeenPayments;
use upcoming::Scope;

/// All invariants, in the order that they are told.
fn invariants() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(moved::Moved),
        Box::new(balanced::Balanced::default()),
        Box::new(chained::Chained::default()),
        Box::new(approved::Approved::default()),
        Box::new(owed::Owed::default()),
        Box::new(paid::Paid::default()),
        Box::new(decided::Decided::default()),
        Box::new(payable::Payable::default()),
        Box::new(known::Known),
    ]
}

/// Something that always holds. What passes by is an error where it does not.
trait Invariant {
    /// What holds.
    fn name(&self) -> &'static str;

    /// The next entry of the journal.
    fn entry(&mut self, _seen: &SeenEntry<'_>) -> anyhow::Result<()> {
        Ok(())
    }

    /// The next draft in force.
    fn draft(&mut self, _draft: &Draft) -> anyhow::Result<()> {
        Ok(())
    }

    /// After all of them: what was found, in a figure.
    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String>;
}

/// An entry, and what is known of it.
struct SeenEntry<'a> {
    row: &'a StoredEntry,
    /// What of it was read; an entry that is not of interest now is not.
    body: Option<SeenBody<'a>>,
    /// The act that booked it, if any did.
    act: Option<&'a SeenAct>,
}

/// The inside of an entry.
struct SeenBody<'a> {
    postings: &'a [StoredPosting],
    /// The entry that these rows are, or why they are none.
    entry: &'a anyhow::Result<Entry>,
    /// The draft that its act books, or no longer does.
    draft: Option<&'a Draft>,
}

/// What an invariant comes to.
#[derive(Debug)]
pub struct Finding {
    pub name: &'static str,
    /// What was found, where it holds.
    pub figure: String,
    /// The first difference, where it does not.
    pub difference: Option<String>,
}

/// An invariant does not hold; nothing is done upon such books.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {difference}; nothing was changed, look at it with: farthing check")]
pub struct Broken {
    name: &'static str,
    difference: String,
}

/// Looks at everything.
pub async fn all(books: &Books) -> anyhow::Result<Vec<Finding>> {
    look(books, &Scope::All).await
}

/// Whether the rows of the journal and of payments are what the manifests commit to.
pub async fn rows(books: &Books) -> anyhow::Result<Vec<Finding>> {
    let of_rows: Vec<Box<dyn Invariant>> =
        vec![Box::new(chained::Chained::default()), Box::new(paid::Paid::default()), Box::new(decided::Decided::default())];
    judge(books, &Scope::All, of_rows).await
}

/// Before a move: whether everything would still hold after it.
pub async fn before_move(books: &Books, upcoming: &Upcoming<'_>) -> anyhow::Result<()> {
    for Finding { name, difference, .. } in look(books, &Scope::Move(upcoming)).await? {
        if let Some(difference) = difference {
            return Err(Broken { name, difference }.into());
        }
    }
    Ok(())
}

/// An invariant until its first difference.
struct Judged {
    invariant: Box<dyn Invariant>,
    difference: Option<String>,
}

impl Judged {
    fn tell(&mut self, tell: impl FnOnce(&mut dyn Invariant) -> anyhow::Result<()>) {
        if self.difference.is_none()
            && let Err(error) = tell(self.invariant.as_mut())
        {
            self.difference = Some(format!("{error:#}"));
        }
    }

    fn end(mut self, chain: &Chain<'_>) -> Finding {
        let mut figure = String::new();
        self.tell(|invariant| invariant.end(chain).map(|found| figure = found));
        Finding { name: self.invariant.name(), figure, difference: self.difference }
    }
}

async fn look(books: &Books, scope: &Scope<'_>) -> anyhow::Result<Vec<Finding>> {
    judge(books, scope, invariants()).await
}

async fn judge(books: &Books, scope: &Scope<'_>, invariants: Vec<Box<dyn Invariant>>) -> anyhow::Result<Vec<Finding>> {
    let (acts, courses) = match acts(books, scope.upcoming()) {
        Ok(found) => found,
        // Nothing can be said of the others before this is so.
        Err(error) => {
            let (name, difference) = (moved::Moved.name(), Some(format!("{error:#}")));
            return Ok(vec![Finding { name, figure: String::new(), difference }]);
        }
    };
    let mut judged: Vec<Judged> = invariants.into_iter().map(|invariant| Judged { invariant, difference: None }).collect();
    let last = show_entries(books, scope, &acts, &mut judged).await?;
    if let Some(number) = books.ledger.journal_postings_of_no_entry().await? {
        judged.iter_mut().for_each(|one| one.tell(|_| Err(anyhow::anyhow!("journal entry {number}: it is missing, but has postings"))));
    }
    show_drafts(books, scope.drafts(&courses)?, last, &mut judged).await?;
    if let Some(draft) = scope.upcoming().and_then(Upcoming::draft) {
        judged.iter_mut().for_each(|one| one.tell(|invariant| invariant.draft(draft)));
    }
    let payments = match scope {
        Scope::All => SeenPayments::all(books).await?,
        Scope::Move(upcoming) => SeenPayments::with(books, upcoming).await?,
    };
    let chain = Chain { catalog: &books.catalog, acts, payments: &payments, upcoming: scope.upcoming() };
    Ok(judged.into_iter().map(|one| one.end(&chain)).collect())
}

/// A draft, with its SHA-256.
type Named = (String, Draft);

/// Shows all entries, with the one that is to come; the last draft that was read for them.
async fn show_entries(books: &Books, scope: &Scope<'_>, acts: &[SeenAct], judged: &mut [Judged]) -> anyhow::Result<Option<Named>> {
    let mut last = None;
    for row in &books.ledger.journal_entries_after(0).await? {
        let act = act_of(acts, row.number);
        if scope.reads(row) {
            // The draft first: while it is read, there is more of it than of all postings.
            let found = booked_draft(books, act).await?;
            let rows = postings(books, row.number).await?;
            show(judged, row, Some(&rows), act, found.as_ref().map(|(_, draft)| draft));
            last = found.or(last);
        } else {
            show(judged, row, None, act, None);
        }
    }
    if let Some((row, rows)) = scope.upcoming().and_then(Upcoming::entry) {
        let act = act_of(acts, row.number);
        let found = booked_draft(books, act).await?;
        show(judged, row, Some(rows), act, found.as_ref().map(|(_, draft)| draft));
        last = found.or(last);
    }
    Ok(last)
}

/// Shows drafts in force; one that was read last is not read again.
async fn show_drafts(books: &Books, drafts: Vec<String>, mut last: Option<Named>, judged: &mut [Judged]) -> anyhow::Result<()> {
    for sha256 in drafts {
        let draft = match last.take() {
            Some((known, draft)) if known == sha256 => draft,
            _ => draft_rows::read(books, &sha256).await?,
        };
        judged.iter_mut().for_each(|one| one.tell(|invariant| invariant.draft(&draft)));
    }
    Ok(())
}

/// The draft that an act books or no longer does, with its SHA-256; of other acts none is of interest.
async fn booked_draft(books: &Books, act: Option<&SeenAct>) -> anyhow::Result<Option<Named>> {
    let books_it = |act: &&SeenAct| matches!(act.what, SeenWhat::Move(Kind::Approve | Kind::Withdraw, _));
    match act.filter(books_it).and_then(|act| act.what.draft_sha256()) {
        Some(sha256) => Ok(Some((sha256.clone(), draft_rows::read(books, sha256).await?))),
        None => Ok(None),
    }
}

fn show(judged: &mut [Judged], row: &StoredEntry, rows: Option<&[StoredPosting]>, act: Option<&SeenAct>, draft: Option<&Draft>) {
    let entry = rows.map(|rows| entry_of(row, rows));
    let body = rows.zip(entry.as_ref()).map(|(postings, entry)| SeenBody { postings, entry, draft });
    let seen = SeenEntry { row, body, act };
    judged.iter_mut().for_each(|one| one.tell(|invariant| invariant.entry(&seen)));
}
