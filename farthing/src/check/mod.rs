//! What always holds of the books, looked at without the archive: a list of invariants, each judged by itself.
//!
//! Entries of the journal pass by in their order, then drafts in the order of their cycles; each invariant takes of them what it needs and
//! says what it found, or the first difference. A further invariant is one more line in [`invariants`].

mod approved;
mod balanced;
mod chained;
mod known;
mod moved;
mod owed;
mod paid;
mod payable;
mod seen;
#[cfg(test)]
mod tests;

use crate::books::Books;
use crate::courses;
use crate::journal::{entry_of, postings, rows_of};
use anyhow::Context;
use farthing_archive::Catalog;
use farthing_ledger::{PaymentRows, StoredEntry, StoredPosting};
use farthing_schemas::Cycle;
use farthing_schemas::manifest::{BankMessage, Booked, Claim, CycleMove, Released};
use farthing_settle::cycle::Kind;
use farthing_settle::journal::Entry;
use farthing_settle::{Courses, Draft};
use seen::SeenPayments;
use std::ops::RangeInclusive;

/// All invariants, in the order that they are told.
fn invariants() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(moved::Moved),
        Box::new(balanced::Balanced::default()),
        Box::new(chained::Chained::default()),
        Box::new(approved::Approved::default()),
        Box::new(owed::Owed::default()),
        Box::new(paid::Paid::default()),
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

/// What the chain of manifests says.
struct Chain<'a> {
    catalog: &'a Catalog,
    /// The acts that book something, or ought to.
    acts: Vec<SeenAct>,
    /// The rows of payments.
    payments: &'a SeenPayments<'a>,
    /// What is to be done; none where all there is is looked at.
    upcoming: Option<&'a Upcoming<'a>>,
}

impl<'a> Chain<'a> {
    /// The moves that release, as of [`Chain::moves`].
    fn releases(&self) -> impl Iterator<Item = (u64, &'a CycleMove, &'a Released)> {
        self.moves().filter_map(|(sequence, step)| Some((sequence, step, step.released.as_deref()?)))
    }

    /// The moves of cycles, the one that is to be made among them, each with the number of its manifest.
    fn moves(&self) -> impl Iterator<Item = (u64, &'a CycleMove)> {
        let made = self.catalog.moves.iter().map(|moved| (moved.sequence, &moved.step));
        let to_come = self.upcoming.and_then(|upcoming| match upcoming {
            Upcoming::Move { step, .. } => Some((self.catalog.sequence + 1, *step)),
            Upcoming::Message { .. } => None,
        });
        made.chain(to_come)
    }

    /// The messages of banks, the one that is to be taken in among them, each with the number of its manifest.
    fn messages(&self) -> impl Iterator<Item = (u64, &'a BankMessage)> {
        let taken = self.catalog.messages.iter().map(|taken| (taken.sequence, &taken.message));
        let to_come = self.upcoming.and_then(|upcoming| match upcoming {
            Upcoming::Message { message, .. } => Some((self.catalog.sequence + 1, *message)),
            Upcoming::Move { .. } => None,
        });
        taken.chain(to_come)
    }

    /// Whether all rows of an act are looked at.
    fn looks_at(&self, sequence: u64) -> bool {
        self.upcoming.is_none() || sequence > self.catalog.sequence
    }
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

/// An act that books something, or ought to.
struct SeenAct {
    /// The number of its manifest.
    sequence: u64,
    what: SeenWhat,
    /// What it says of its entries.
    booked: Option<Booked>,
    /// The numbers of its entries.
    numbers: Option<RangeInclusive<u64>>,
    /// The last number that it or an act before it has.
    through: u64,
}

/// What an act that books is.
enum SeenWhat {
    Move(Kind, Box<CycleMove>),
    Message(Box<BankMessage>),
    Claim(Box<Claim>),
}

impl SeenWhat {
    /// The draft that it names.
    fn draft_sha256(&self) -> Option<&String> {
        match self {
            SeenWhat::Move(_, step) => step.draft_sha256.as_ref(),
            SeenWhat::Message(_) | SeenWhat::Claim(_) => None,
        }
    }
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

/// How much is looked at.
enum Scope<'a> {
    /// All there is.
    All,
    /// What a move touches: of all entries the headers, and the inside of those of its own cycle; its draft and the one before; the payments
    /// of its cycle, or those that a message is about, and what comes with it.
    Move(&'a Upcoming<'a>),
}

/// What is to be done, and what comes with it.
pub enum Upcoming<'a> {
    /// A move of a cycle.
    Move {
        step: &'a CycleMove,
        /// What it books.
        entry: Option<&'a Entry>,
        /// The draft that it makes.
        draft: Option<&'a Draft>,
        /// The rows of payments that it makes.
        rows: &'a PaymentRows,
    },
    /// A message of a bank is taken in.
    Message {
        message: &'a BankMessage,
        /// What it books.
        entry: Option<&'a Entry>,
        /// What it comes to.
        rows: &'a PaymentRows,
    },
}

impl<'a> Upcoming<'a> {
    fn entry(&self) -> Option<&'a Entry> {
        match self {
            Upcoming::Move { entry, .. } | Upcoming::Message { entry, .. } => *entry,
        }
    }

    fn draft(&self) -> Option<&'a Draft> {
        match self {
            Upcoming::Move { draft, .. } => *draft,
            Upcoming::Message { .. } => None,
        }
    }

    fn rows(&self) -> &'a PaymentRows {
        match self {
            Upcoming::Move { rows, .. } | Upcoming::Message { rows, .. } => rows,
        }
    }
}

/// Looks at everything.
pub async fn all(books: &Books) -> anyhow::Result<Vec<Finding>> {
    look(books, &Scope::All).await
}

/// Whether the rows of the journal and of payments are what the manifests commit to.
pub async fn rows(books: &Books) -> anyhow::Result<Vec<Finding>> {
    judge(books, &Scope::All, vec![Box::new(chained::Chained::default()), Box::new(paid::Paid::default())]).await
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
    let (acts, courses) = match acts(books, scope) {
        Ok(found) => found,
        // Nothing can be said of the others before this is so.
        Err(error) => {
            let (name, difference) = (moved::Moved.name(), Some(format!("{error:#}")));
            return Ok(vec![Finding { name, figure: String::new(), difference }]);
        }
    };
    let mut judged: Vec<Judged> = invariants.into_iter().map(|invariant| Judged { invariant, difference: None }).collect();
    let mut last = None;
    for row in &books.ledger.journal_entries_after(0).await? {
        let act = act_of(&acts, row.number);
        if scope.reads(row) {
            // The draft first: while it is read, there is more of it than of all postings.
            let found = booked_draft(books, act).await?;
            let rows = postings(books, row.number).await?;
            show(&mut judged, row, Some(&rows), act, found.as_ref().map(|(_, draft)| draft));
            last = found.or(last);
        } else {
            show(&mut judged, row, None, act, None);
        }
    }
    if let Scope::Move(upcoming) = scope
        && let Some(entry) = upcoming.entry()
    {
        let (row, rows) = rows_of(entry);
        let act = act_of(&acts, row.number);
        let found = booked_draft(books, act).await?;
        show(&mut judged, &row, Some(&rows), act, found.as_ref().map(|(_, draft)| draft));
        last = found.or(last);
    }
    if let Some(number) = books.ledger.journal_postings_of_no_entry().await? {
        judged.iter_mut().for_each(|one| one.tell(|_| Err(anyhow::anyhow!("journal entry {number}: it is missing, but has postings"))));
    }
    for sha256 in drafts(&courses, scope)? {
        let draft = match last.take() {
            Some((known, draft)) if known == sha256 => draft,
            _ => draft(books, &sha256).await?,
        };
        judged.iter_mut().for_each(|one| one.tell(|invariant| invariant.draft(&draft)));
    }
    if let Scope::Move(upcoming) = scope
        && let Some(draft) = upcoming.draft()
    {
        judged.iter_mut().for_each(|one| one.tell(|invariant| invariant.draft(draft)));
    }
    let (payments, upcoming) = match scope {
        Scope::All => (SeenPayments::all(books).await?, None),
        Scope::Move(upcoming) => (SeenPayments::with(books, upcoming).await?, Some(*upcoming)),
    };
    let chain = Chain { catalog: &books.catalog, acts, payments: &payments, upcoming };
    Ok(judged.into_iter().map(|one| one.end(&chain)).collect())
}

/// The draft that an act books or no longer does, with its SHA-256; of other acts none is of interest.
async fn booked_draft(books: &Books, act: Option<&SeenAct>) -> anyhow::Result<Option<(String, Draft)>> {
    let books_it = |act: &&SeenAct| matches!(act.what, SeenWhat::Move(Kind::Approve | Kind::Withdraw, _));
    match act.filter(books_it).and_then(|act| act.what.draft_sha256()) {
        Some(sha256) => Ok(Some((sha256.clone(), draft(books, sha256).await?))),
        None => Ok(None),
    }
}

fn show(judged: &mut [Judged], row: &StoredEntry, rows: Option<&[StoredPosting]>, act: Option<&SeenAct>, draft: Option<&Draft>) {
    let entry = rows.map(|rows| entry_of(row, rows));
    let body = rows.zip(entry.as_ref()).map(|(postings, entry)| SeenBody { postings, entry, draft });
    let seen = SeenEntry { row, body, act };
    judged.iter_mut().for_each(|one| one.tell(|invariant| invariant.entry(&seen)));
}

impl Scope<'_> {
    /// Whether the inside of an entry is of interest.
    fn reads(&self, row: &StoredEntry) -> bool {
        match self {
            Scope::All => true,
            Scope::Move(Upcoming::Move { step, .. }) => row.mid == step.mid && row.cycle.as_ref() == Some(&step.cycle),
            Scope::Move(Upcoming::Message { .. }) => false,
        }
    }
}

/// The acts that book, with the one that is to come.
fn acts(books: &Books, scope: &Scope<'_>) -> anyhow::Result<(Vec<SeenAct>, Courses)> {
    let catalog = &books.catalog;
    let mut found: Vec<(u64, SeenWhat, Option<Booked>)> = Vec::new();
    let courses = courses::each(catalog, catalog.sequence, |_, moved, row| {
        found.push((moved.sequence, SeenWhat::Move(row.kind, Box::new(moved.step.clone())), moved.step.booked.clone()));
        Ok(())
    })?;
    let message = |message: &BankMessage| (SeenWhat::Message(Box::new(message.clone())), message.booked.clone());
    for taken in &catalog.messages {
        let (what, booked) = message(&taken.message);
        found.push((taken.sequence, what, booked));
    }
    for (_, made) in catalog.claims.iter().filter(|(_, made)| made.claim.paid().is_some() || made.claim.booked.is_some()) {
        found.push((made.sequence, SeenWhat::Claim(Box::new(made.claim.clone())), made.claim.booked.clone()));
    }
    let next = catalog.sequence + 1;
    match scope {
        Scope::Move(Upcoming::Move { step, .. }) => {
            found.push((next, SeenWhat::Move(courses.row(step)?.kind, Box::new((*step).clone())), step.booked.clone()));
        }
        Scope::Move(Upcoming::Message { message: upcoming, .. }) => {
            let (what, booked) = message(upcoming);
            found.push((next, what, booked));
        }
        Scope::All => {}
    }
    found.sort_by_key(|(sequence, ..)| *sequence);
    Ok((numbered(found), courses))
}

/// Gives the acts the numbers of their entries, and leaves out those that book nothing and need not.
fn numbered(found: Vec<(u64, SeenWhat, Option<Booked>)>) -> Vec<SeenAct> {
    let mut acts = Vec::new();
    let mut last = 0;
    for (sequence, what, booked) in found {
        let count = booked.as_ref().map_or(0, |booked| booked.entries);
        let numbers = (count > 0).then(|| last + 1..=last + count);
        last += count;
        if numbers.is_some() || matches!(what, SeenWhat::Move(Kind::Approve | Kind::Withdraw, _) | SeenWhat::Claim(_)) {
            acts.push(SeenAct { sequence, what, booked, numbers, through: last });
        }
    }
    acts
}

fn act_of(acts: &[SeenAct], number: u64) -> Option<&SeenAct> {
    let first = acts.get(acts.partition_point(|act| act.through < number))?;
    first.numbers.as_ref().is_some_and(|numbers| numbers.contains(&number)).then_some(first)
}

/// The hashes of the drafts in force that are looked at, by MID, currency and cycle.
fn drafts(courses: &Courses, scope: &Scope<'_>) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for (mid, currency) in courses.books() {
        let in_force = courses.drafts(mid, currency).map(|(cycle, draft)| (cycle, draft.sha256.clone()));
        match scope {
            Scope::All => found.extend(in_force.map(|(_, sha256)| sha256)),
            Scope::Move(Upcoming::Move { step, .. }) if mid == step.mid => {
                let (cycle, again) = (step.cycle.parse::<Cycle>()?, courses.row(step)?.kind == Kind::Reissue);
                let (through, later): (Vec<_>, Vec<_>) = in_force.partition(|(other, _)| *other <= cycle);
                if currency == step.currency {
                    found.extend(through.into_iter().rev().take(2).rev().map(|(_, sha256)| sha256));
                }
                // What is paid anew may be owed again by a later draft, in whatever currency that is.
                found.extend(later.into_iter().filter(|_| again).map(|(_, sha256)| sha256));
            }
            Scope::Move(_) => {}
        }
    }
    Ok(found)
}

async fn draft(books: &Books, sha256: &str) -> anyhow::Result<Draft> {
    let row = books.ledger.draft(sha256).await?.with_context(|| format!("the ledger has lost the draft {sha256}; run: farthing verify"))?;
    Draft::from_json(&row.body).with_context(|| format!("the draft {sha256} in the ledger is damaged; run: farthing verify"))
}
