//! Which acts are allowed, and which are not: by the model alone.

use super::acts::{Act, Move};
use super::model::{Actor, Course, Model, State};
use super::payments::Payment;
use super::world::Books;
use std::collections::BTreeSet;

/// What comes of an act, as the model has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Done,
    /// It answers, and changes nothing.
    Answers,
    /// It is refused, and changes nothing.
    Refused,
}

/// What comes of an act now.
pub fn judge(model: &Model, act: &Act) -> Verdict {
    let allowed = |is: bool| if is { Verdict::Done } else { Verdict::Refused };
    match act {
        Act::Meter { .. } | Act::Load(_) | Act::Hold { .. } | Act::Claim { .. } | Act::Receive { .. } => Verdict::Done,
        Act::Lift { books, number, .. } => allowed(model.sheet(*books).holds.get(number).is_some_and(|hold| !hold.lifted)),
        Act::Adjust { books, cycle, .. } => allowed(model.state(*books, *cycle).is_some_and(|state| state >= State::Approved)),
        Act::Tell { mid, news } => allowed(news.iter().any(|(payment, _)| model.payments[*payment].books.mid == *mid)),
        Act::Assign { line, whose } => model.judge_assignment(*line, *whose),
        Act::TellAgain => Verdict::Answers,
        // To cut it off again goes on where a killed process has left it: the archive may be put in order.
        Act::Move(books, cycle, Move::Close) if model.state(*books, *cycle) == Some(State::Closing) => Verdict::Done,
        Act::Move(books, cycle, Move::Draft { by, without }) => judge_draft(model, *books, *cycle, *by, without),
        Act::Move(books, cycle, step) => allowed(can_move(model, *books, *cycle, step)),
    }
}

fn judge_draft(model: &Model, books: Books, cycle: usize, by: Option<Actor>, without: &BTreeSet<usize>) -> Verdict {
    let can_be_made = || model.terms(books, cycle, without).draft().is_some();
    match (model.state(books, cycle), model.course(books, cycle)) {
        (Some(State::Closing), _) if model.can_draft(books, cycle) && can_be_made() => Verdict::Done,
        // A preview, whoever asks.
        (Some(State::Open), _) if can_be_made() => Verdict::Answers,
        (Some(_), Some(Course { draft: Some(draft), prepared_by, .. })) => {
            let same = (by.is_none() || *prepared_by == by) && (without.is_empty() || draft.without == *without);
            if same { Verdict::Answers } else { Verdict::Refused }
        }
        _ => Verdict::Refused,
    }
}

fn can_move(model: &Model, books: Books, cycle: usize, step: &Move) -> bool {
    match step {
        Move::Close => model.can_close(books, cycle),
        Move::Draft { .. } => model.can_draft(books, cycle),
        Move::Discard => model.can_discard(books, cycle),
        Move::Approve(by, sha256) => model.can_approve(books, cycle, *by, sha256),
        Move::Withdraw => model.can_withdraw(books, cycle),
        Move::Release { leave_out, leave_out_unpayable, funded } => {
            let paid = model.paid(books, cycle);
            let waiting = if *funded { model.waiting(books, cycle) } else { BTreeSet::new() };
            let is_left_out = |party: &usize| leave_out.contains(party) || waiting.contains(party);
            let payable = |party: &usize| *leave_out_unpayable || is_left_out(party) || !model.world.parties[*party].mistyped;
            model.can_release(books, cycle) && leave_out.iter().all(|party| paid.contains_key(party)) && paid.keys().all(payable)
        }
        Move::Reissue { parties, funded } => {
            let waits = || *funded && model.waiting(books, cycle).iter().any(|party| parties.contains(party));
            let last = |party: &usize| {
                let of = |payment: &&Payment| (payment.books, payment.cycle, payment.party) == (books, cycle, *party);
                model.payments.iter().filter(of).find(|payment| payment.is_last)
            };
            let anew =
                |party: &usize| last(party).is_some_and(|payment| model.can_be_paid_anew(payment)) && !model.world.parties[*party].mistyped;
            model.state(books, cycle) == Some(State::Released) && parties.iter().all(anew) && !waits()
        }
        Move::Reconcile => model.can_reconcile(books, cycle),
        Move::Seal => model.can_seal(books, cycle),
    }
}
