//! [`Courses`]: how every cycle came to the state it is in, and whether its next move is allowed.
//!
//! Whoever makes a move and whoever checks a chain ask the same [`Courses::judge`], so nothing is in a chain that could not have been done,
//! and nothing is done that a check would refuse.

use crate::actors::{Actor, Actors, is_id, is_line};
use crate::cycle::{Allowed, Kind, Names, State, Who, Why, allowed};
use crate::refusal::Refusal;
use farthing_schemas::Cycle;
use farthing_schemas::manifest::{ActorChange, CycleMove};
use std::collections::BTreeMap;
use std::fmt;

/// The cycles of all MIDs and currencies, and who may act.
#[derive(Clone, Debug, Default)]
pub struct Courses {
    actors: Actors,
    cycles: BTreeMap<(String, String), BTreeMap<Cycle, Course>>,
}

/// How one cycle came to its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Where it is.
    pub state: State,
    /// The manifest of its last move.
    pub last: Option<Place>,
    /// The draft that is in force.
    pub draft: Option<DraftInForce>,
    /// The actor who approved it.
    pub approved_by: Option<String>,
}

/// A manifest's place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub sequence: u64,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

/// The draft of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftInForce {
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Who made it, as its move says.
    pub by: String,
    /// Whether that was signed; then `by` is an actor.
    pub prepared: Prepared,
}

/// Whether it is proven who prepared a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// An actor has signed it.
    Signed,
    /// Anybody may have made it.
    Unsigned,
}

/// Where a cycle is, those passed over among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// In a state.
    In(State),
    /// It is open for ever: a later one was closed, and what comes goes to the next.
    PassedOver,
}

impl Courses {
    /// Who may act.
    #[must_use]
    pub fn actors(&self) -> &Actors {
        &self.actors
    }

    /// Takes the next change to who may act.
    ///
    /// # Errors
    /// As [`Actors::take`].
    pub fn change(&mut self, change: &ActorChange) -> Result<(), Refusal> {
        self.actors.take(change)
    }

    /// The course of a cycle that was moved.
    #[must_use]
    pub fn get(&self, mid: &str, currency: &str, cycle: Cycle) -> Option<&Course> {
        self.of(mid, currency).and_then(|cycles| cycles.get(&cycle))
    }

    /// Where a cycle is.
    #[must_use]
    pub fn whereabouts(&self, mid: &str, currency: &str, cycle: Cycle) -> Whereabouts {
        match self.get(mid, currency, cycle) {
            Some(course) => Whereabouts::In(course.state),
            None if self.later(mid, currency, cycle).next().is_some() => Whereabouts::PassedOver,
            None => Whereabouts::In(State::Open),
        }
    }

    /// Every MID and currency of which a cycle was moved, in order.
    pub fn books(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cycles.keys().map(|(mid, currency)| (mid.as_str(), currency.as_str()))
    }

    /// The drafts in force of a MID and currency, by cycle.
    pub fn drafts(&self, mid: &str, currency: &str) -> impl Iterator<Item = (Cycle, &DraftInForce)> {
        self.of(mid, currency).into_iter().flatten().filter_map(|(cycle, course)| Some((*cycle, course.draft.as_ref()?)))
    }

    /// Takes the next move if it is allowed.
    ///
    /// # Errors
    /// [`Refusal`]; then nothing has changed.
    pub fn take(&mut self, place: Place, step: &CycleMove) -> Result<&'static Allowed, Refusal> {
        self.judge(step)?;
        self.follow(place, step)
    }

    /// Takes the next move of a chain that was judged, or is judged elsewhere: of it only the states are looked at.
    ///
    /// # Errors
    /// [`Refusal::NotInTable`], or what cannot be read; then nothing has changed.
    pub fn follow(&mut self, place: Place, step: &CycleMove) -> Result<&'static Allowed, Refusal> {
        let (cycle, row) = self.row_of(step)?;
        let course = self.cycles.entry((step.mid.clone(), step.currency.clone())).or_default().entry(cycle).or_default();
        course.state = row.to;
        course.last = Some(place);
        match row.kind {
            Kind::Close => {}
            Kind::Draft => {
                let prepared = if step.signed.is_some() { Prepared::Signed } else { Prepared::Unsigned };
                let (sha256, by) = (step.draft_sha256.clone().unwrap_or_default(), step.by.clone());
                course.draft = Some(DraftInForce { sha256, by, prepared });
            }
            Kind::Discard => course.draft = None,
            Kind::Approve => course.approved_by = Some(step.by.clone()),
            Kind::Withdraw => course.approved_by = None,
            Kind::Release | Kind::Reissue | Kind::Reconcile | Kind::Seal => {}
        }
        Ok(row)
    }

    /// Whether a move is allowed now, its signature included.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn judge(&self, step: &CycleMove) -> Result<&'static Allowed, Refusal> {
        let row = self.judge_before_signing(step)?;
        let Some(signed) = &step.signed else {
            return if row.who == Who::Anybody { Ok(row) } else { Err(Refusal::NotSigned(row.kind)) };
        };
        let actor = self.actors.active(&step.by)?;
        if signed.public_key.parse() != Ok(actor.key) {
            return Err(Refusal::OtherKey(actor.id.clone()));
        }
        if !actor.key.verifies(&self.text(step)?, &signed.signature) {
            return Err(Refusal::WrongSignature(actor.id.clone()));
        }
        Ok(row)
    }

    /// Whether a move has its place now, before what it brings along is gathered: the state of its cycle, those of others, and its draft.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn judge_place(&self, step: &CycleMove) -> Result<&'static Allowed, Refusal> {
        let (cycle, row) = self.row_of(step)?;
        self.judge_order(step, cycle, row.kind)?;
        judge_draft(step, row, self.draft_of(step)?)?;
        Ok(row)
    }

    /// Whether a move would be allowed now if it were signed by whom it names.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn judge_before_signing(&self, step: &CycleMove) -> Result<&'static Allowed, Refusal> {
        let row = self.judge_place(step)?;
        let draft = self.draft_of(step)?;
        judge_burden(step, row.kind)?;
        if row.why == Why::Needed && !step.why.as_deref().is_some_and(is_line) {
            return Err(Refusal::NoReason(row.kind));
        }
        match (row.who, draft) {
            (Who::Anybody, _) => {}
            (Who::Actor, _) => drop(self.actors.active(&step.by)?),
            (Who::SecondActor, None) => return Err(Refusal::UnsignedDraft),
            (Who::SecondActor, Some(draft)) => self.judge_second(self.actors.active(&step.by)?, draft)?,
        }
        Ok(row)
    }

    /// The text that is signed for a move, from where its cycle is now: it names the manifest of the cycle's last move, so that it can
    /// stand for this move only, here and now, and never for the same again. It is UTF-8, each line ends in a line feed, and the last one is
    /// there only if there is a reason. Before it stands, of moves that release, what they release, and of a seal its root:
    ///
    /// ```text
    /// farthing settle, version 1
    /// move: approve
    /// mid: mid_guild
    /// currency: USD
    /// cycle: 2026-10
    /// from: draft
    /// to: approved
    /// draft: SHA-256 of the draft, or none
    /// after: NUMBER SHA-256 of the manifest of the cycle's last move, or none
    /// actor: bo
    /// payments: HOW MANY, SUM CURRENCY + SUM CURRENCY, SHA-256 over them
    /// file: ID SHA-256, a line for each
    /// root: SHA-256
    /// why: one line
    /// ```
    ///
    /// # Errors
    /// What cannot be read, or is not in the table.
    pub fn text(&self, step: &CycleMove) -> Result<String, Refusal> {
        let (cycle, row) = self.row_of(step)?;
        let is_line_if_there = |text: &Option<String>| text.as_deref().is_none_or(is_line);
        let are_words = [&step.mid, &step.currency, &step.by].into_iter().all(|text| is_id(text));
        let of_release = step.released.iter().map(|released| &released.payments_sha256);
        let sums = step.released.iter().flat_map(|released| &released.sums).flat_map(|sum| [&sum.amount, &sum.currency]);
        let files = step.released.iter().flat_map(|released| &released.bank_files).flat_map(|file| [&file.message_id, &file.sha256]);
        let are_words = are_words && of_release.chain(sums).chain(files).chain(&step.root).all(|text| is_id(text));
        if !(are_words && is_line_if_there(&step.draft_sha256) && is_line_if_there(&step.why)) {
            return Err(Refusal::Unreadable("its MID, currency, actor, draft or reason"));
        }
        let last = self.get(&step.mid, &step.currency, cycle).and_then(|course| course.last.as_ref());
        let after = last.map_or("none".to_owned(), |place| format!("{} {}", place.sequence, place.sha256));
        let CycleMove { mid, currency, by, draft_sha256, .. } = step;
        let (draft, Allowed { kind, from, to, .. }) = (draft_sha256.as_deref().unwrap_or("none"), row);
        // The last line is there if there is a reason: no reason is another text than any.
        let why = step.why.as_ref().map_or(String::new(), |why| format!("why: {why}\n"));
        let released = step.released.as_ref().map_or(String::new(), |released| {
            let sums = released.sums.iter().map(|sum| format!("{} {}", sum.amount, sum.currency)).collect::<Vec<_>>().join(" + ");
            let files: String = released.bank_files.iter().map(|file| format!("file: {} {}\n", file.message_id, file.sha256)).collect();
            format!("payments: {}, {sums}, {}\n{files}", released.payments, released.payments_sha256)
        });
        let root = step.root.as_ref().map_or(String::new(), |root| format!("root: {root}\n"));
        Ok(format!(
            "farthing settle, version 1\nmove: {kind}\nmid: {mid}\ncurrency: {currency}\ncycle: {cycle}\nfrom: {from}\nto: {to}\n\
             draft: {draft}\nafter: {after}\nactor: {by}\n{released}{root}{why}"
        ))
    }

    /// What a move is: the row of the table from where its cycle is now.
    ///
    /// # Errors
    /// [`Refusal::NotInTable`], [`Refusal::PassedOver`], or what cannot be read.
    pub fn row(&self, step: &CycleMove) -> Result<&'static Allowed, Refusal> {
        self.row_of(step).map(|(_, row)| row)
    }

    fn draft_of(&self, step: &CycleMove) -> Result<Option<&DraftInForce>, Refusal> {
        let cycle = step.cycle.parse().map_err(|_| Refusal::Unreadable("its cycle"))?;
        Ok(self.get(&step.mid, &step.currency, cycle).and_then(|course| course.draft.as_ref()))
    }

    fn of(&self, mid: &str, currency: &str) -> Option<&BTreeMap<Cycle, Course>> {
        self.cycles.get(&(mid.to_owned(), currency.to_owned()))
    }

    fn later(&self, mid: &str, currency: &str, cycle: Cycle) -> impl Iterator<Item = (&Cycle, &Course)> {
        self.of(mid, currency).into_iter().flat_map(move |cycles| cycles.range(cycle.next()..))
    }

    fn row_of(&self, step: &CycleMove) -> Result<(Cycle, &'static Allowed), Refusal> {
        let cycle = step.cycle.parse().map_err(|_| Refusal::Unreadable("its cycle"))?;
        let to = step.to.parse()?;
        match self.whereabouts(&step.mid, &step.currency, cycle) {
            Whereabouts::In(from) => Ok((cycle, allowed(from, to).ok_or(Refusal::NotInTable { from, to })?)),
            Whereabouts::PassedOver => Err(Refusal::PassedOver),
        }
    }

    /// The first cycle before this one that is cut off and has no draft: what it carries is not known.
    #[must_use]
    pub fn undrafted_before(&self, mid: &str, currency: &str, cycle: Cycle) -> Option<Cycle> {
        self.earlier_below(State::Draft, (mid, currency), cycle)
    }

    /// Each draft begins with the balances of the one before: so drafts and approvals are made in the order of cycles, and taken back in the
    /// opposite one. Nothing is approved upon what nobody has approved; nobody waits for older money longer than for newer; and each seal
    /// holds the one before.
    fn judge_order(&self, step: &CycleMove, cycle: Cycle, kind: Kind) -> Result<(), Refusal> {
        let books = (step.mid.as_str(), step.currency.as_str());
        let earlier = |least: State| self.earlier_below(least, books, cycle);
        let upon = |least: State| {
            let mut later = self.later(&step.mid, &step.currency, cycle);
            later.find(|(_, course)| course.state >= least).map(|(cycle, _)| *cycle)
        };
        let refusal = match kind {
            Kind::Close | Kind::Draft => earlier(State::Draft).map(Refusal::Undrafted),
            Kind::Approve => earlier(State::Approved).map(Refusal::Unapproved),
            Kind::Discard => upon(State::Draft).map(Refusal::BuiltUpon),
            Kind::Withdraw => upon(State::Approved).map(Refusal::ApprovedUpon),
            Kind::Release => earlier(State::Released).map(Refusal::Unreleased),
            Kind::Seal => earlier(State::Sealed).map(Refusal::Unsealed),
            Kind::Reissue | Kind::Reconcile => None,
        };
        refusal.map_or(Ok(()), Err)
    }

    /// The first moved cycle before this one that has not come to a state.
    fn earlier_below(&self, least: State, (mid, currency): (&str, &str), cycle: Cycle) -> Option<Cycle> {
        let mut earlier = self.of(mid, currency).into_iter().flat_map(|cycles| cycles.range(..cycle));
        earlier.find(|(_, course)| course.state < least).map(|(cycle, _)| *cycle)
    }

    /// Four eyes: two keys of two persons.
    fn judge_second(&self, actor: &Actor, draft: &DraftInForce) -> Result<(), Refusal> {
        let preparer = match draft.prepared {
            Prepared::Signed => self.actors.get(&draft.by).ok_or_else(|| Refusal::UnknownActor(draft.by.clone()))?,
            Prepared::Unsigned => return Err(Refusal::UnsignedDraft),
        };
        if actor.id == preparer.id || actor.key == preparer.key {
            return Err(Refusal::OwnDraft(actor.id.clone()));
        }
        if actor.is_same_person(preparer) {
            return Err(Refusal::SamePerson { approver: actor.id.clone(), preparer: preparer.id.clone() });
        }
        Ok(())
    }
}

impl fmt::Display for Whereabouts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whereabouts::In(state) => state.fmt(out),
            Whereabouts::PassedOver => out.pad("passed over"),
        }
    }
}

/// What is released, and a root, stand in the moves that need them and in no other.
fn judge_burden(step: &CycleMove, kind: Kind) -> Result<(), Refusal> {
    if step.released.is_some() != matches!(kind, Kind::Release | Kind::Reissue) {
        return Err(Refusal::Unreadable("what it releases"));
    }
    if step.root.is_some() != (kind == Kind::Seal) {
        return Err(Refusal::Unreadable("its root"));
    }
    Ok(())
}

fn judge_draft(step: &CycleMove, row: &Allowed, draft: Option<&DraftInForce>) -> Result<(), Refusal> {
    let named = step.draft_sha256.as_deref().unwrap_or("none");
    let in_force = draft.map_or("none", |draft| draft.sha256.as_str());
    match row.draft {
        Names::NoDraft if step.draft_sha256.is_none() => Ok(()),
        Names::NewDraft if named.len() == 64 && named.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(()),
        Names::NewDraft => Err(Refusal::Unreadable("the SHA-256 of its draft")),
        Names::ItsDraft if named == in_force => Ok(()),
        Names::NoDraft | Names::ItsDraft => Err(Refusal::OtherDraft { named: named.to_owned(), in_force: in_force.to_owned() }),
    }
}
