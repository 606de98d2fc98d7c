//! The acts that book, and which of them books an entry.

use super::{Decision, Upcoming};
use crate::books::Books;
use crate::courses;
use farthing_schemas::manifest::{Assignment, BankMessage, Booked, Claim, CycleMove, Remittance};
use farthing_settle::Courses;
use farthing_settle::cycle::Kind;
use std::ops::RangeInclusive;

/// An act that books something, or ought to.
pub struct SeenAct {
    /// The number of its manifest.
    pub sequence: u64,
    pub what: SeenWhat,
    /// What it says of its entries.
    pub booked: Option<Booked>,
    /// The numbers of its entries.
    pub numbers: Option<RangeInclusive<u64>>,
    /// The last number that it or an act before it has.
    pub through: u64,
}

/// What an act that books is.
pub enum SeenWhat {
    Move(Kind, Box<CycleMove>),
    Message(Box<BankMessage>),
    Claim(Box<Claim>),
    Assignment(Box<Assignment>),
    Remittance(Box<Remittance>),
}

impl SeenWhat {
    /// The draft that it names.
    pub fn draft_sha256(&self) -> Option<&String> {
        match self {
            SeenWhat::Move(_, step) => step.draft_sha256.as_ref(),
            SeenWhat::Message(_) | SeenWhat::Claim(_) | SeenWhat::Assignment(_) | SeenWhat::Remittance(_) => None,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        match self {
            SeenWhat::Move(kind, _) => kind.as_str(),
            SeenWhat::Message(_) => "message of a bank",
            SeenWhat::Claim(_) => "claim",
            SeenWhat::Assignment(_) => "assignment",
            SeenWhat::Remittance(_) => "remittance",
        }
    }
}

/// The acts that book, with the one that is to come.
pub fn acts(books: &Books, upcoming: Option<&Upcoming<'_>>) -> anyhow::Result<(Vec<SeenAct>, Courses)> {
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
    let assignments = catalog.assignments.iter().map(|(_, made)| (made.sequence, Decision::Assignment(&made.assignment)));
    let remittances = catalog.remittances.iter().map(|(_, made)| (made.sequence, Decision::Remittance(&made.remittance)));
    found.extend(assignments.chain(remittances).map(|(sequence, decision)| decided(sequence, decision)));
    let next = catalog.sequence + 1;
    match upcoming {
        Some(Upcoming::Decision { decision, .. }) => found.push(decided(next, *decision)),
        Some(Upcoming::Move { step, .. }) => {
            found.push((next, SeenWhat::Move(courses.row(step)?.kind, Box::new((*step).clone())), step.booked.clone()));
        }
        Some(Upcoming::Message { message: upcoming, .. }) => {
            let (what, booked) = message(upcoming);
            found.push((next, what, booked));
        }
        None => {}
    }
    found.sort_by_key(|(sequence, ..)| *sequence);
    Ok((numbered(found), courses))
}

/// What a person decided of money on the bank's account.
fn decided(sequence: u64, decision: Decision<'_>) -> (u64, SeenWhat, Option<Booked>) {
    match decision {
        Decision::Assignment(made) => (sequence, SeenWhat::Assignment(Box::new(made.clone())), made.booked.clone()),
        Decision::Remittance(made) => (sequence, SeenWhat::Remittance(Box::new(made.clone())), made.booked.clone()),
    }
}

/// Gives the acts the numbers of their entries, and leaves out those that book nothing and need not.
fn numbered(found: Vec<(u64, SeenWhat, Option<Booked>)>) -> Vec<SeenAct> {
    let mut acts = Vec::new();
    let mut last = 0;
    for (sequence, what, booked) in found {
        let count = booked.as_ref().map_or(0, |booked| booked.entries);
        let numbers = (count > 0).then(|| last + 1..=last + count);
        last += count;
        if numbers.is_some()
            || matches!(what, SeenWhat::Move(Kind::Approve | Kind::Withdraw, _) | SeenWhat::Claim(_) | SeenWhat::Remittance(_))
        {
            acts.push(SeenAct { sequence, what, booked, numbers, through: last });
        }
    }
    acts
}

/// The act that books the entry of that number.
pub fn act_of(acts: &[SeenAct], number: u64) -> Option<&SeenAct> {
    let first = acts.get(acts.partition_point(|act| act.through < number))?;
    first.numbers.as_ref().is_some_and(|numbers| numbers.contains(&number)).then_some(first)
}
