//! Which payments of a file an entry of the account is of.

use crate::payout::State;
use std::collections::BTreeMap;

/// What an entry that tells a state is to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It is news of it.
    News,
    /// It has gone out by it, and came back before anything told that it had gone out: both are nothing together.
    Early,
    /// The same was told of it before, by what may have been this entry.
    Told,
    /// The same was told of it before, by this very entry.
    ToldByIt,
    /// The same was told of it before, by another entry.
    ToldByAnother,
    /// It was rejected, and the entry tells that it has gone out: banks debit a file whole, and give back what they have rejected.
    Rejected,
    /// It was rejected, went out with its file, and the entry may give it back.
    GivenBack,
    /// It was rejected, and what may have been this entry has told the same of it: the entry may be of it, too, or not.
    Line,
    /// It cannot be true of it.
    Other,
}

impl Part {
    /// What an entry that tells a state is to a payment in another, which was ever told to have gone out, or not.
    #[must_use]
    pub fn of(tells: State, state: State, has_settled: bool) -> Part {
        match (state.after(tells), tells, state) {
            (Ok(Some(_)), ..) => Part::News,
            (Ok(None), State::Settled, State::Returned) if !has_settled => Part::Early,
            (Ok(None), ..) => Part::Told,
            (Err(_), State::Settled, State::Rejected) => Part::Rejected,
            (Err(_), ..) => Part::Other,
        }
    }
}

/// Some parts of a file.
pub type Choice = &'static [Part];

/// What an entry that is news can be of, the likeliest first.
pub const OF_NEWS: [Choice; 3] = [&[Part::News], &[Part::News, Part::Early], &[Part::News, Part::Early, Part::Told]];

const WITH_REJECTED: [Choice; 8] = [
    &[Part::News, Part::Line],
    &[Part::News, Part::Early, Part::Line],
    &[Part::News, Part::Early, Part::Told, Part::Line],
    &[Part::News, Part::Rejected],
    &[Part::News, Part::Early, Part::Rejected],
    &[Part::News, Part::Early, Part::Told, Part::Rejected],
    &[Part::News, Part::Early, Part::Line, Part::Rejected],
    &[Part::News, Part::Early, Part::Told, Part::Line, Part::Rejected],
];

const WITH_GIVEN_BACK: [Choice; 3] = [&[Part::GivenBack], &[Part::News, Part::GivenBack], &[Part::News, Part::Told, Part::GivenBack]];

/// What was rejected is debited once: with what another entry has told it is not told again.
const TOLD: [Choice; 4] = [
    &[Part::Told, Part::ToldByIt, Part::ToldByAnother],
    &[Part::Told, Part::ToldByIt, Part::ToldByAnother, Part::Line],
    &[Part::Told, Part::ToldByIt, Part::Rejected],
    &[Part::Told, Part::ToldByIt, Part::Line, Part::Rejected],
];

/// What an entry is that is told of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// The one that has told it before.
    Itself,
    /// It tells of these what was told of them before.
    Again(Choice),
    /// It is of these.
    Of(Choice),
    /// It is news of some, or gives back what was rejected: nothing tells which.
    Either,
}

/// Payments of a file by what an entry is to each.
#[derive(Clone, Debug)]
pub struct Parts<P>(BTreeMap<Part, Vec<P>>);

impl<P> FromIterator<(Part, P)> for Parts<P> {
    fn from_iter<I: IntoIterator<Item = (Part, P)>>(payments: I) -> Parts<P> {
        let mut parts = BTreeMap::<Part, Vec<P>>::new();
        payments.into_iter().for_each(|(part, payment)| parts.entry(part).or_default().push(payment));
        Parts(parts)
    }
}

impl<P: Copy> Parts<P> {
    /// The payments of one part.
    #[must_use]
    pub fn of(&self, part: Part) -> &[P] {
        self.0.get(&part).map_or(&[], Vec::as_slice)
    }

    /// Those of several parts, in their order.
    #[must_use]
    pub fn of_all(&self, parts: &[Part]) -> Vec<P> {
        parts.iter().flat_map(|part| self.of(*part)).copied().collect()
    }

    /// The payments of one part, if it is among those that were chosen.
    #[must_use]
    pub fn chosen(&self, choice: &[Part], part: Part) -> &[P] {
        if choice.contains(&part) { self.of(part) } else { &[] }
    }

    /// What an entry of the file is, if there is anything that it can be: `is_sum` says whether payments come to what it is of.
    pub fn whole(&self, is_sum: impl Fn(&[P]) -> bool) -> Option<Whole> {
        // Nothing tells of rejected payments alone that they are what it is of.
        let is_of = |choice: &Choice| {
            let is_any = choice.iter().any(|part| *part != Part::Rejected && !self.of(*part).is_empty());
            is_any && is_sum(&self.of_all(choice))
        };
        let is_none = |parts: &[Part]| parts.iter().all(|part| self.of(*part).is_empty());
        if is_of(&(&[Part::ToldByIt] as Choice)) {
            return Some(Whole::Itself);
        }
        let again = TOLD.into_iter().filter(|_| is_none(&[Part::News, Part::Early])).find(is_of).map(Whole::Again);
        let found = again.or_else(|| OF_NEWS.into_iter().chain(WITH_REJECTED).find(is_of).map(Whole::Of));
        let gives_back = WITH_GIVEN_BACK.into_iter().filter(|_| !is_none(&[Part::GivenBack])).find(is_of).map(Whole::Of);
        if found.is_some() && gives_back.is_some() { Some(Whole::Either) } else { found.or(gives_back) }
    }
}
