//! A line of the account that a person puts to payments of ours: what it tells of them.

use super::answers::file_of;
use super::folded::payment_of;
use super::lines::AccountLine;
use crate::books::Books;
use anyhow::{bail, ensure};
use farthing_bank::kept::kept_reference;
use farthing_ledger::{Asked as Rows, StoredPayment, StoredReceipt, StoredState};
use farthing_schemas::Money;
use farthing_schemas::manifest::AssignedTo;
use farthing_settle::journal::{Line, Moved, Standing};
use farthing_settle::payout::{Payment, State};
use std::collections::{BTreeMap, BTreeSet};

/// What a line tells of payments.
#[derive(Default)]
pub struct Put {
    /// Their new states, as they are to be written.
    pub states: Vec<StoredState>,
    /// The payments that it moves.
    pub moved: Vec<Payment>,
    /// What the bank has kept.
    pub charges: Money,
}

/// What a person says of a line.
pub struct Asked<'o> {
    /// The id of a payment, or of the file that has it.
    pub of: &'o str,
    /// Whether the bank may have kept something.
    pub with_charges: bool,
}

/// What a line tells of payments by the next act; or why it cannot be theirs.
pub async fn put(books: &Books, all: &[AccountLine], line: &AccountLine, asked: &Asked<'_>) -> anyhow::Result<Put> {
    let (AccountLine { number, money, row, .. }, Asked { of, with_charges }) = (line, asked);
    let rows = named(books, of).await?;
    ensure!(!rows.is_empty(), "no payment and no file for a bank has the id {of}; see: farthing payments");
    if let Some(other) = rows.iter().find(|payment| payment.mid != money.mid) {
        bail!("line {number} is on the account of {}, and payment {} is {}'s", money.mid, other.id, other.mid);
    }
    if money.tells() == State::Returned {
        are_paid_once(all, line, &rows)?;
    }
    let told = states_of(books, of, &rows).await?;
    let last: BTreeMap<&str, &StoredState> = told.iter().map(|state| (state.id.as_str(), state)).collect();
    let settled = with_state(&told, State::Settled);
    let payments = rows.iter().map(payment_of).collect::<anyhow::Result<Vec<Payment>>>()?;
    let mut standing = Vec::new();
    for payment in &payments {
        let state = last.get(payment.id.as_str()).map(|state| state.state.parse()).transpose()?;
        let state = state.unwrap_or(State::first(payment.message_id.as_deref()));
        standing.push(Standing { payment, state, has_settled: settled.contains(payment.id.as_str()) });
    }
    let Moved { payments, passed, told: known, charges } = money.moves(&number.to_string(), standing, *with_charges)?;
    let news = |payment: &&Payment| StoredState {
        sequence: 0,
        line: 0,
        id: payment.id.clone(),
        state: money.tells().to_string(),
        reason: None,
        booked: row.booked.clone(),
        reference: row.reference.clone(),
    };
    // What has become of these stays as it was told; what tells it again calls it otherwise.
    let stays = |payment: &&Payment| last.get(payment.id.as_str()).map(|state| StoredState { reference: None, ..(*state).clone() });
    let passed = passed.iter().flat_map(|payment| [Some(news(payment)), stays(payment)]).flatten();
    let states = payments.iter().map(news).chain(passed).chain(known.iter().filter_map(stays));
    let sequence = books.catalog.sequence + 1;
    let states = (1..).zip(states).map(|(line, state)| StoredState { sequence, line, ..state }).collect();
    Ok(Put { states, moved: payments.into_iter().cloned().collect(), charges })
}

/// The ids of the payments that were told to be so.
fn with_state(states: &[StoredState], state: State) -> BTreeSet<&str> {
    states.iter().filter(|row| row.state == state.as_str()).map(|row| row.id.as_str()).collect()
}

/// The payment of that id, or those of the file that has it.
async fn named(books: &Books, id: &str) -> anyhow::Result<Vec<StoredPayment>> {
    let one = books.ledger.payments(Rows::Id(id)).await?;
    Ok(if one.is_empty() { books.ledger.payments(Rows::Message(id)).await? } else { one })
}

/// What was told of these payments, which are those of that id.
async fn states_of(books: &Books, id: &str, payments: &[StoredPayment]) -> anyhow::Result<Vec<StoredState>> {
    let is_one = payments.iter().any(|payment| payment.id == id);
    Ok(books.ledger.payment_states(if is_one { Rows::Id(id) } else { Rows::Message(id) }).await?)
}

/// As long as one has gone out twice, as far as is known, what comes back may be either; a person who has put the second one to suspense knows.
fn are_paid_once(all: &[AccountLine], line: &AccountLine, rows: &[StoredPayment]) -> anyhow::Result<()> {
    let sent = rows.iter().filter(|payment| payment.message_id.is_some());
    let names: BTreeSet<String> = sent.flat_map(|payment| [kept_reference(&payment.id), kept_reference(&file_of(payment))]).collect();
    let is_second = |other: &&AccountLine| {
        let is_about = other.about.as_ref().is_some_and(|about| names.contains(about));
        let is_undecided = other.is_left() && other.assigned.is_none();
        is_about && is_undecided && other.money.mid == line.money.mid && other.money.tells() == State::Settled
    };
    if let Some(second) = all.iter().find(is_second) {
        let (second, about, back) = (second.number, second.about.as_deref().unwrap_or_default(), line.number);
        bail!(
            "line {second} tells that money of {about} has gone out, too, and nobody has said what that is: line {back} may be what came back \
             of it. Say so first: put line {second} --against line {back}, or say that it is a --repetition; with --suspense it waits, and is not \
             what came back"
        );
    }
    Ok(())
}

/// What a line is of beyond payments that have told the same.
pub struct Beside {
    /// How many payments have.
    pub payments: usize,
    /// What the bank has kept, if it tells no more than they do.
    pub charges: Money,
    /// The least that another payment of the file is of: what the bank has kept is less.
    pub beyond: Option<Money>,
}

impl Beside {
    /// Whether the bank can have kept that much, and it is what is beside them.
    pub fn leaves(&self, line: &Line, kept: Money) -> bool {
        self.charges == kept && line.can_keep(kept, self.payments)
    }
}

/// What a line is of beyond those that have told the same before that manifest, by their states or by other lines: the payment of that id, or
/// those of the file that has it.
pub async fn have_told(books: &Books, lines: &[&AccountLine], line: &AccountLine, of: &str, before: u64) -> anyhow::Result<Vec<Beside>> {
    let rows = named(books, of).await?;
    let states = states_of(books, of, &rows).await?;
    let others = lines.iter().filter(|other| other.number != line.number && other.counts());
    let told = others.filter_map(|other| ByLine::of(&other.row, other.to(), other.about.as_deref()));
    beside(&line.money, rows.iter(), states.iter().filter(|row| row.sequence < before), told.filter(|told| told.act < before))
}

/// What a line of its own tells of a payment that was rejected: it went out with its file, or was given back.
#[derive(Clone, Copy)]
pub struct ByLine<'r> {
    /// The manifest that told it.
    pub act: u64,
    pub id: &'r str,
    row: &'r StoredReceipt,
}

impl<'r> ByLine<'r> {
    /// Of a line that counts, by whose it is and what its message names: nobody has said that it is something else.
    pub fn of(row: &'r StoredReceipt, to: Option<&AssignedTo>, about: Option<&'r str>) -> Option<ByLine<'r>> {
        let is_its_own = matches!(to, None | Some(AssignedTo::Suspense | AssignedTo::Against { .. } | AssignedTo::Charges));
        about.filter(|_| is_its_own).map(|id| ByLine { act: row.sequence, id, row })
    }

    fn tells(&self, line: &Line, payment: &Payment) -> bool {
        let sign = if line.tells() == State::Settled { "-" } else { "" };
        self.row.amount == format!("{sign}{}", payment.amount) && self.row.currency == payment.currency.code()
    }
}

/// A payment of which an act has told what a line tells.
struct Tells<'r> {
    act: u64,
    id: &'r str,
    /// Whether it has told just that; or else that it has come back, and so had gone out.
    is_same: bool,
}

/// What a line can be of beyond those of these payments of which these states tell the same, the likeliest first: all of them, or those of one act
/// that come to just what it is of; and the same with what lines tell.
pub fn beside<'r>(
    line: &Line,
    payments: impl Iterator<Item = &'r StoredPayment>,
    states: impl Iterator<Item = &'r StoredState>,
    by_lines: impl Iterator<Item = ByLine<'r>>,
) -> anyhow::Result<Vec<Beside>> {
    let same = payments.filter(|row| row.mid == line.mid && row.paid_in == line.currency.code());
    let payments = same.map(|row| Ok((row.id.as_str(), payment_of(row)?))).collect::<anyhow::Result<BTreeMap<&str, Payment>>>()?;
    let state = |row: &'r StoredState| {
        let is_same = row.state == line.tells().as_str();
        (is_same || row.state == State::Returned.as_str()).then_some(Tells { act: row.sequence, id: &row.id, is_same })
    };
    let by_line = |told: ByLine<'r>| {
        let is_told = payments.get(told.id).is_some_and(|payment| told.tells(line, payment));
        is_told.then_some(Tells { act: told.act, id: told.id, is_same: true })
    };
    let mut told: Vec<Tells<'_>> = states.filter_map(state).collect();
    let mut found = beside_these(line, &payments, &told)?;
    let by_lines: Vec<Tells<'_>> = by_lines.filter_map(by_line).collect();
    if !by_lines.is_empty() {
        told.extend(by_lines);
        found.extend(beside_these(line, &payments, &told)?);
    }
    // What is just what it is of comes first.
    found.sort_by_key(|beside| beside.charges != Money::ZERO);
    Ok(found)
}

fn beside_these(line: &Line, payments: &BTreeMap<&str, Payment>, told: &[Tells<'_>]) -> anyhow::Result<Vec<Beside>> {
    let of = |is_of: &dyn Fn(&Tells<'_>) -> bool| -> anyhow::Result<Option<Beside>> {
        let ids: BTreeSet<&str> = told.iter().filter(|tells| is_of(tells)).map(|tells| tells.id).collect();
        let (these, others): (Vec<_>, Vec<_>) = payments.iter().partition(|(id, _)| ids.contains(*id));
        let charges = line.charges_beside(these.iter().map(|(_, payment)| *payment))?;
        let beyond = others.iter().map(|(_, payment)| payment.amount).min();
        Ok((!these.is_empty()).then_some(Beside { payments: these.len(), charges, beyond }))
    };
    let acts: BTreeSet<u64> = told.iter().map(|tells| tells.act).collect();
    let mut found: Vec<Beside> = of(&|_| true)?.into_iter().collect();
    for act in acts {
        found.extend(of(&|tells| tells.act == act && tells.is_same)?.filter(|exact| exact.charges == Money::ZERO));
    }
    Ok(found)
}

/// Whether a payment is the one of that id, or one of the file that has it.
pub fn is_named(payment: &StoredPayment, id: &str) -> bool {
    payment.id == id || payment.message_id.as_deref() == Some(id)
}

/// The id of the payment, or of the file, that a line's message names: see [`file_of`].
pub fn id_of(about: &str) -> &str {
    about.strip_prefix("all of ").unwrap_or(about)
}
