//! What people do in a year, as chance has it: mostly what comes next, often what is not allowed.

use super::assigned::{Whose, assign};
use super::collected::Receipt;
use super::credits::receive;
use super::judge::{Verdict, judge};
use super::model::{Actor, Event, Model, Reserve, State};
use super::money::ONE;
use super::payments::News;
use super::world::{Books, MIDS, MONTHS, PLATFORMS};
use crate::dice::Dice;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub enum Act {
    /// Events, some undone, some sent again.
    Meter {
        events: Vec<Event>,
        undo: Vec<usize>,
        again: Vec<usize>,
    },
    Load(Change),
    Hold {
        books: Books,
        party: usize,
        limit: Option<i128>,
        reserve: Option<Reserve>,
    },
    Lift {
        books: Books,
        party: usize,
        number: u64,
    },
    Adjust {
        books: Books,
        cycle: usize,
        party: usize,
        amount: i128,
    },
    Move(Books, usize, Move),
    /// A MID's bank tells of payments.
    Tell {
        mid: usize,
        news: Vec<(usize, News)>,
    },
    /// What is in suspense for a party is claimed.
    Claim {
        party: usize,
    },
    /// A MID's bank tells what has come in.
    Receive {
        mid: usize,
        receipts: Vec<Receipt>,
    },
    /// A person says whose a line of a statement is.
    Assign {
        line: usize,
        whose: Whose,
    },
    /// The bank's last message is taken in again.
    TellAgain,
}

/// A move of a cycle.
#[derive(Clone, Debug)]
pub enum Move {
    Close,
    Draft { by: Option<Actor>, without: BTreeSet<usize> },
    Discard,
    Approve(Actor, String),
    Withdraw,
    Release { leave_out: Vec<usize>, leave_out_unpayable: bool, funded: bool },
    Reissue { parties: Vec<usize>, funded: bool },
    Reconcile,
    Seal,
}

/// A record of the registry that is loaded anew.
#[derive(Clone, Debug)]
pub enum Change {
    Fee { mid: usize, fee: i128 },
    Threshold { mid: usize, currency: usize, amount: i128 },
    Joins { party: usize },
    Ends { party: usize, until: usize },
    Account { party: usize, mistyped: bool },
    Dies { party: usize, month: usize, heirs: Vec<(usize, i128)> },
    Tax { mid: usize, tax: i128 },
    Quote { of: (usize, usize, usize), units: i128 },
}

pub fn choose(dice: &mut Dice, model: &Model) -> Act {
    let books = *dice.pick(&model.world.books());
    match dice.below(100) {
        0..8 => meter(dice, model),
        8..12 => Act::Load(change(dice, model)),
        12..18 => hold(dice, model, books),
        18..21 => adjust(dice, model, books),
        21..61 => forward(dice, model, books),
        61..75 => tell(dice, model),
        75..82 => receive(dice, model).unwrap_or_else(|| forward(dice, model, books)),
        82 => Act::TellAgain,
        83..86 => claim(dice, model),
        86..91 => assign(dice, model).unwrap_or_else(|| forward(dice, model, books)),
        _ => anything(dice, model, books),
    }
}

fn meter(dice: &mut Dice, model: &Model) -> Act {
    // Most are of months about to close; some come late.
    let reach = model.world.books().iter().map(|books| model.within_reach(*books)).max().unwrap_or(0);
    let first = model.events.len();
    let most = 30 + model.world.parties.len() / 20;
    let events: Vec<Event> = (0..10 + dice.place(most)).map(|at| event(dice, model, first + at, reach)).collect();
    let live: Vec<usize> = (0..first).filter(|event| !model.undone.contains(event)).collect();
    let mut some = |most: usize| -> BTreeSet<usize> {
        if live.is_empty() { BTreeSet::new() } else { (0..dice.place(most)).map(|_| *dice.pick(&live)).collect() }
    };
    let (undo, again) = (some(4), some(4));
    Act::Meter { events, again: again.difference(&undo).copied().collect(), undo: undo.into_iter().collect() }
}

fn event(dice: &mut Dice, model: &Model, number: usize, reach: usize) -> Event {
    let month = (reach + 1).saturating_sub(dice.place(4)).min(MONTHS - 1);
    let (mut shares, mut left) = (Vec::new(), 100);
    let mut named = BTreeSet::new();
    for _ in 0..=dice.place(3) {
        let party = dice.place(model.world.parties.len());
        let share = i128::from(dice.below(60)).min(left);
        if share > 0 && named.insert(party) {
            shares.push((party, share));
            left -= share;
        }
    }
    // What is named may be all there is.
    if left > 0 && dice.chance(60) && !shares.is_empty() {
        shares[0].1 += left;
    }
    let revenue = format!("{}.{:0width$}", dice.below(40), dice.below(10_000), width = 4 + dice.place(8));
    Event { number, platform: dice.place(PLATFORMS.len()), month, currency: dice.place(4), revenue, shares }
}

fn change(dice: &mut Dice, model: &Model) -> Change {
    let unknown: Vec<usize> = (0..model.world.parties.len()).filter(|party| !model.world.parties[*party].joined).collect();
    if !unknown.is_empty() && dice.chance(30) {
        return Change::Joins { party: *dice.pick(&unknown) };
    }
    let (mid, party) = (dice.place(MIDS.len()), dice.place(model.world.parties.len()));
    let currency = *dice.pick(&model.world.mids[mid].currencies);
    let minor = super::world::CURRENCIES[currency].1;
    match dice.below(10) {
        8.. if model.world.parties[party].died.is_none() && party + 2 < model.world.parties.len() => {
            let share = 1 + i128::from(dice.below(999_999));
            let heirs =
                if dice.chance(50) { vec![(party + 1, 1_000_000)] } else { vec![(party + 1, share), (party + 2, 1_000_000 - share)] };
            Change::Dies { party, month: dice.place(MONTHS), heirs }
        }
        4..7 => quote(dice, model, mid),
        7 if model.world.mids[mid].tax.is_some() => Change::Tax { mid, tax: *dice.pick(&[0, 50_000, 158_250, 300_000]) },
        0 => Change::Fee { mid, fee: *dice.pick(&[0, 20_000, 45_678, 70_000]) },
        1 => Change::Threshold { mid, currency, amount: minor * i128::from(dice.below(1000)) },
        2 if model.world.parties[party].joined => Change::Ends { party, until: 1 + dice.place(MONTHS) },
        _ => Change::Account { party, mistyped: dice.chance(30) },
    }
}

/// A claim for a party of which something is in suspense, mostly for one that has come to be known.
fn claim(dice: &mut Dice, model: &Model) -> Act {
    let [known, unknown] = model.waiting_in_suspense();
    let from = if known.is_empty() || dice.chance(15) { &unknown } else { &known };
    Act::Claim { party: if from.is_empty() { dice.place(model.world.parties.len()) } else { *dice.pick(from) } }
}

/// What the one currency of a MID is worth in the other in a month, where nobody has said so yet.
fn quote(dice: &mut Dice, model: &Model, mid: usize) -> Change {
    let mut pair = model.world.mids[mid].currencies.clone();
    dice.shuffle(&mut pair);
    let minor = super::world::CURRENCIES.map(|(_, minor)| minor);
    let of = (pair[0], pair[1], dice.place(MONTHS));
    let said = model.world.quotes.get(&of).copied();
    // Some are awkward, and all are near what minor units are worth.
    let near = minor[of.1] * ONE / minor[of.0] * i128::from(70 + dice.below(60)) / 100 + i128::from(dice.below(1_000_000));
    Change::Quote { of, units: said.unwrap_or(near) }
}

/// One that the MID represents, most of the time.
fn party(dice: &mut Dice, model: &Model, books: Books) -> usize {
    let party = dice.place(model.world.parties.len());
    let ours = || (party..model.world.parties.len()).find(|at| model.world.parties[*at].mid == books.mid);
    if dice.chance(10) { party } else { ours().unwrap_or(party) }
}

fn hold(dice: &mut Dice, model: &Model, books: Books) -> Act {
    let holds = &model.sheet(books).holds;
    if dice.chance(50) && !holds.is_empty() {
        let numbers: Vec<u64> = holds.keys().copied().collect();
        let number = *dice.pick(&numbers);
        return Act::Lift { books, party: holds[&number].party, number };
    }
    let limit = dice.chance(60).then(|| books.minor() * i128::from(dice.below(2000)) + i128::from(dice.below(2)));
    let millionths = 1 + i128::from(dice.below(500_000));
    let reserve = dice.chance(40).then(|| Reserve { share: millionths, cycles: dice.chance(60).then(|| 1 + dice.place(3)) });
    Act::Hold { books, party: party(dice, model, books), limit: limit.filter(|limit| *limit > 0), reserve }
}

fn adjust(dice: &mut Dice, model: &Model, books: Books) -> Act {
    let size = books.minor() * i128::from(dice.below(3000)) / 7 + 1;
    let amount = if dice.chance(50) { size } else { -size };
    Act::Adjust { books, cycle: dice.place(model.within_reach(books) + 1), party: party(dice, model, books), amount }
}

/// A move that is allowed, if there is any; the further on, the likelier.
fn forward(dice: &mut Dice, model: &Model, books: Books) -> Act {
    let mut moves = Vec::new();
    for cycle in 0..=model.within_reach(books) {
        let next = match model.state(books, cycle) {
            Some(State::Open) => Move::Close,
            Some(State::Closing) => {
                let by = Some(*dice.pick(&[Actor::Ana, Actor::AnaAgain, Actor::Bo]));
                Move::Draft { by, without: refused(dice, model, books, cycle) }
            }
            Some(State::Draft) => approval(dice, model, books, cycle),
            Some(State::Approved) => {
                let paid: Vec<usize> = model.paid(books, cycle).into_keys().collect();
                let leave_out = if paid.is_empty() || dice.chance(70) { Vec::new() } else { vec![*dice.pick(&paid)] };
                Move::Release { leave_out, leave_out_unpayable: true, funded: dice.chance(50) }
            }
            Some(State::Released) if dice.chance(40) => Move::Reissue { parties: anew(dice, model, books, cycle), funded: dice.chance(30) },
            Some(State::Released) => Move::Reconcile,
            Some(State::Reconciled) => Move::Seal,
            Some(State::Sealed) | None => continue,
        };
        let act = Act::Move(books, cycle, next);
        if judge(model, &act) == Verdict::Done {
            moves.push(act);
        }
    }
    if moves.is_empty() { tell(dice, model) } else { moves.swap_remove(dice.place(moves.len())) }
}

/// The agreements that have to be left out since too little of them is the parties'; now and then another one.
fn refused(dice: &mut Dice, model: &Model, books: Books, cycle: usize) -> BTreeSet<usize> {
    let strict = (0..model.world.agreements.len()).filter(|at| {
        let agreement = &model.world.agreements[*at];
        agreement.books == books && (agreement.share < 800_000 && !agreement.gives_back || dice.chance(5))
    });
    let mut without: BTreeSet<usize> = strict.collect();
    // Only what has something here can be left out.
    for agreement in without.clone() {
        let others: BTreeSet<usize> = [agreement].into();
        let is_here = model.terms(books, cycle, &others).has_all();
        if !is_here {
            without.remove(&agreement);
        }
    }
    without
}

/// An approval by another person than who prepared the draft.
fn approval(dice: &mut Dice, model: &Model, books: Books, cycle: usize) -> Move {
    let Some(course) = model.course(books, cycle) else { return Move::Close };
    let sha256 = course.draft.as_ref().map(|draft| draft.sha256.clone()).unwrap_or_default();
    match course.prepared_by {
        Some(Actor::Ana | Actor::AnaAgain) => Move::Approve(Actor::Bo, sha256),
        Some(Actor::Bo) => Move::Approve(*dice.pick(&[Actor::Ana, Actor::AnaAgain]), sha256),
        // Nobody can approve it.
        None => Move::Discard,
    }
}

/// What the bank of a MID says of payments, most of it of what is on its way.
fn tell(dice: &mut Dice, model: &Model) -> Act {
    let mid = dice.place(MIDS.len());
    let is_live = |at: &usize| matches!(model.payments[*at].news, News::Released | News::Accepted);
    let ours: Vec<usize> = (0..model.payments.len()).filter(|at| model.payments[*at].books.mid == mid).collect();
    let live: Vec<usize> = ours.iter().copied().filter(is_live).collect();
    let back = dice.chance(25);
    let mut told = BTreeSet::new();
    let mut news = Vec::new();
    for _ in 0..1 + dice.place(2 * live.len().max(1)) {
        let from = if dice.chance(10) || back || live.is_empty() { &ours } else { &live };
        if from.is_empty() {
            break;
        }
        let payment = *dice.pick(from);
        if told.insert(payment) {
            let what = [News::Accepted, News::Settled, News::Settled, News::Rejected];
            news.push((payment, if back { News::Returned } else { *dice.pick(&what) }));
        }
    }
    if news.is_empty() {
        return meter(dice, model);
    }
    Act::Tell { mid: if dice.chance(4) { (mid + 1) % MIDS.len() } else { mid }, news }
}

/// Any move of any cycle.
fn anything(dice: &mut Dice, model: &Model, books: Books) -> Act {
    let cycle = dice.place((model.within_reach(books) + 2).min(MONTHS));
    let actor = *dice.pick(&[Actor::Ana, Actor::AnaAgain, Actor::Bo]);
    let step = match dice.below(9) {
        0 => Move::Close,
        1 => {
            let without = if dice.chance(50) { BTreeSet::new() } else { refused(dice, model, books, cycle) };
            Move::Draft { by: dice.chance(70).then_some(actor), without }
        }
        2 => Move::Discard,
        3 => Move::Approve(actor, any_draft(dice, model, books, cycle)),
        4 => Move::Withdraw,
        5 => {
            let paid: Vec<usize> = model.paid(books, cycle).into_keys().collect();
            let leave_out =
                if paid.is_empty() || dice.chance(50) { vec![dice.place(model.world.parties.len())] } else { vec![*dice.pick(&paid)] };
            Move::Release { leave_out, leave_out_unpayable: dice.chance(30), funded: dice.chance(30) }
        }
        6 => Move::Reissue { parties: anew(dice, model, books, cycle), funded: dice.chance(30) },
        7 => Move::Reconcile,
        _ => Move::Seal,
    };
    Act::Move(books, cycle, step)
}

/// The draft of the cycle, or of another one.
fn any_draft(dice: &mut Dice, model: &Model, books: Books, cycle: usize) -> String {
    let of = |cycle: usize| model.course(books, cycle)?.draft.as_ref().map(|draft| draft.sha256.clone());
    let other = dice.place(MONTHS);
    of(if dice.chance(70) { cycle } else { other }).unwrap_or_else(|| "0".repeat(64))
}

/// Parties whose payments may have failed.
fn anew(dice: &mut Dice, model: &Model, books: Books, cycle: usize) -> Vec<usize> {
    let of = model.payments.iter().filter(|payment| (payment.books, payment.cycle) == (books, cycle) && payment.is_last);
    let failed: BTreeSet<usize> = of.filter(|payment| payment.has_failed()).map(|payment| payment.party).collect();
    let mut parties: Vec<usize> = failed.into_iter().filter(|_| dice.chance(70)).collect();
    if parties.is_empty() || dice.chance(10) {
        parties.push(dice.place(model.world.parties.len()));
    }
    parties.sort_unstable();
    parties.dedup();
    parties
}
