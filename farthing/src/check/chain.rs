//! What the chain of manifests says, with what is to be done.

use super::acts::SeenAct;
use super::seen::SeenPayments;
use super::{Decision, Upcoming};
use farthing_archive::Catalog;
use farthing_schemas::manifest::{Assignment, BankMessage, CycleMove, Released};

/// What the chain of manifests says.
pub struct Chain<'a> {
    pub catalog: &'a Catalog,
    /// The acts that book something, or ought to.
    pub acts: Vec<SeenAct>,
    /// The rows of payments.
    pub payments: &'a SeenPayments<'a>,
    /// What is to be done; none where all there is is looked at.
    pub upcoming: Option<&'a Upcoming<'a>>,
}

impl<'a> Chain<'a> {
    /// The moves that release, as of [`Chain::moves`].
    pub fn releases(&self) -> impl Iterator<Item = (u64, &'a CycleMove, &'a Released)> {
        self.moves().filter_map(|(sequence, step)| Some((sequence, step, step.released.as_deref()?)))
    }

    /// The moves of cycles, the one that is to be made among them, each with the number of its manifest.
    pub fn moves(&self) -> impl Iterator<Item = (u64, &'a CycleMove)> {
        let made = self.catalog.moves.iter().map(|moved| (moved.sequence, &moved.step));
        let to_come = self.upcoming.and_then(|upcoming| match upcoming {
            Upcoming::Move { step, .. } => Some((self.catalog.sequence + 1, *step)),
            Upcoming::Message { .. } | Upcoming::Decision { .. } => None,
        });
        made.chain(to_come)
    }

    /// The messages of banks, the one that is to be taken in among them, each with the number of its manifest.
    pub fn messages(&self) -> impl Iterator<Item = (u64, &'a BankMessage)> {
        let taken = self.catalog.messages.iter().map(|taken| (taken.sequence, &taken.message));
        let to_come = self.upcoming.and_then(|upcoming| match upcoming {
            Upcoming::Message { message, .. } => Some((self.catalog.sequence + 1, *message)),
            Upcoming::Move { .. } | Upcoming::Decision { .. } => None,
        });
        taken.chain(to_come)
    }

    /// What people said of lines of banks' messages, with what is about to be said, each with the number of its manifest.
    pub fn assignments(&self) -> impl Iterator<Item = (u64, &'a Assignment)> {
        let made = self.catalog.assignments.iter().map(|(_, made)| (made.sequence, &made.assignment));
        let to_come = self.upcoming.and_then(|upcoming| match upcoming {
            Upcoming::Decision { decision: Decision::Assignment(assignment), .. } => Some((self.catalog.sequence + 1, *assignment)),
            Upcoming::Decision { .. } | Upcoming::Move { .. } | Upcoming::Message { .. } => None,
        });
        made.chain(to_come)
    }

    /// Whether all rows of an act are looked at.
    pub fn looks_at(&self, sequence: u64) -> bool {
        self.upcoming.is_none() || sequence > self.catalog.sequence
    }
}
