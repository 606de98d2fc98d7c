//! What is to be done, and how much is looked at before.

use farthing_ledger::{PaymentRows, StoredEntry, StoredPosting};
use farthing_schemas::Cycle;
use farthing_schemas::manifest::{Assignment, BankMessage, CycleMove, Remittance};
use farthing_settle::cycle::Kind;
use farthing_settle::{Courses, Draft};

/// How much is looked at.
pub enum Scope<'a> {
    /// All there is.
    All,
    /// What a move touches: of all entries the headers, and the inside of those of its own cycle; its draft and the one before; the payments
    /// of its cycle, or those that a message is about, and what comes with it.
    Move(&'a Upcoming<'a>),
}

/// An entry and its postings as they are to be written.
pub type EntryRows = (StoredEntry, Vec<StoredPosting>);

/// What is to be done, and what comes with it.
pub enum Upcoming<'a> {
    /// A move of a cycle.
    Move {
        step: &'a CycleMove,
        /// What it books.
        entry: Option<&'a EntryRows>,
        /// The draft that it makes.
        draft: Option<&'a Draft>,
        /// The rows of payments that it makes.
        rows: &'a PaymentRows,
    },
    /// A message of a bank is taken in.
    Message {
        message: &'a BankMessage,
        /// What it books.
        entry: Option<&'a EntryRows>,
        /// What it comes to.
        rows: &'a PaymentRows,
    },
    /// A person decides of money on the bank's account.
    Decision {
        decision: Decision<'a>,
        /// What it books.
        entry: Option<&'a EntryRows>,
        /// What it tells of payments.
        rows: &'a PaymentRows,
    },
}

/// What a person decides of money on the bank's account.
#[derive(Clone, Copy)]
pub enum Decision<'a> {
    /// Whose a line is.
    Assignment(&'a Assignment),
    /// What was paid to a tax office.
    Remittance(&'a Remittance),
}

impl<'a> Upcoming<'a> {
    pub fn entry(&self) -> Option<&'a EntryRows> {
        match self {
            Upcoming::Move { entry, .. } | Upcoming::Message { entry, .. } | Upcoming::Decision { entry, .. } => *entry,
        }
    }

    pub fn draft(&self) -> Option<&'a Draft> {
        match self {
            Upcoming::Move { draft, .. } => *draft,
            Upcoming::Message { .. } | Upcoming::Decision { .. } => None,
        }
    }

    pub fn rows(&self) -> &'a PaymentRows {
        match self {
            Upcoming::Move { rows, .. } | Upcoming::Message { rows, .. } | Upcoming::Decision { rows, .. } => rows,
        }
    }
}

impl<'a> Scope<'a> {
    /// What is to be done, if that is looked at.
    pub fn upcoming(&self) -> Option<&'a Upcoming<'a>> {
        match self {
            Scope::All => None,
            Scope::Move(upcoming) => Some(upcoming),
        }
    }

    /// Whether the inside of an entry is of interest.
    pub fn reads(&self, row: &StoredEntry) -> bool {
        match self {
            Scope::All => true,
            Scope::Move(Upcoming::Move { step, .. }) => row.mid == step.mid && row.cycle.as_ref() == Some(&step.cycle),
            Scope::Move(Upcoming::Message { .. } | Upcoming::Decision { .. }) => false,
        }
    }

    /// The hashes of the drafts in force that are looked at, by MID, currency and cycle.
    pub fn drafts(&self, courses: &Courses) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        for (mid, currency) in courses.books() {
            let in_force = courses.drafts(mid, currency).map(|(cycle, draft)| (cycle, draft.sha256.clone()));
            match self {
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
}
