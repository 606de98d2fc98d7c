//! `farthing settle`: closing cycles, drafting their settlement, approving it, paying and sealing it.

mod brought;
mod log;
mod moves;
mod paying;

pub use brought::Brought;

use crate::accrued_cycles::accrued_cycles;
use crate::books::{Appended, Books};
use crate::check::{self, Upcoming};
use crate::cli::{CloseOptions, CycleOptions, DraftOptions, SettleCommand};
use crate::commands::record::by;
use crate::commands::{archive, root};
use crate::output::{self, Answer};
use crate::place::Place;
use crate::turnstile::Rounds;
use crate::{copies, courses, draft_rows, plan_input, time};
use anyhow::{Context, bail};
use farthing_ledger::{Effects, PaymentRows};
use farthing_schemas::manifest::{Act, CycleMove};
use farthing_schemas::registry::{MidIndex, Registry};
use farthing_schemas::{Accrual, Currency, Cycle};
use farthing_settle::course::{Prepared, Whereabouts};
use farthing_settle::cycle::{Kind, State};
use farthing_settle::{Courses, Draft, plan_of, report};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Whose cycle, with the currency decided.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub mid: String,
    pub currency: Currency,
    pub cycle: Cycle,
}

impl Settlement {
    /// The options that name it on the command line.
    fn options(&self) -> String {
        format!("--mid {} --currency {} --cycle {}", self.mid, self.currency, self.cycle)
    }
}

pub async fn run(at: &Place, command: SettleCommand, json: bool) -> anyhow::Result<Answer> {
    match command {
        SettleCommand::Close(options) => close(at, &options, json).await,
        SettleCommand::Draft(options) => draft(at, &options, json).await,
        SettleCommand::Discard(options) => moves::take_back(at, Kind::Discard, options, json).await,
        SettleCommand::Approve(options) => moves::approve(at, options, json).await,
        SettleCommand::Withdraw(options) => moves::take_back(at, Kind::Withdraw, options, json).await,
        SettleCommand::Release(options) => paying::release(at, options, json).await,
        SettleCommand::Reissue(options) => paying::reissue(at, options, json).await,
        SettleCommand::Files(options) => paying::files(at, &options, json).await,
        SettleCommand::Reconcile(options) => moves::forward(at, Kind::Reconcile, options, json).await,
        SettleCommand::Seal(options) => moves::forward(at, Kind::Seal, options, json).await,
        SettleCommand::Log(options) => log::run(at, &options, json).await,
        SettleCommand::Root(options) => root::run(at, &options, json).await,
        SettleCommand::Status { mid } => status(at, mid.as_deref(), json).await,
    }
}

fn known_mid(registry: &Registry, mid: &str) -> anyhow::Result<MidIndex> {
    let known = || registry.mids().map(|mid| registry.mid_id(mid)).collect::<Vec<_>>().join(", ");
    registry.mid(mid).with_context(|| format!("--mid {mid}: the registry has no such MID; it has {}", known()))
}

fn settlement(registry: &Registry, options: &CycleOptions) -> anyhow::Result<Settlement> {
    settlement_of(registry, &options.mid, options.currency, options.cycle)
}

/// A MID's cycle, in its own currency unless another is named.
pub fn settlement_of(registry: &Registry, mid: &str, currency: Option<Currency>, cycle: Cycle) -> anyhow::Result<Settlement> {
    let (mid, currency) = mid_and_currency(registry, mid, currency)?;
    Ok(Settlement { mid, currency, cycle })
}

/// A MID that there is, and the currency that is meant: its own unless another is named.
pub fn mid_and_currency(registry: &Registry, mid: &str, currency: Option<Currency>) -> anyhow::Result<(String, Currency)> {
    let known = known_mid(registry, mid)?;
    Ok((mid.to_owned(), currency.unwrap_or_else(|| registry.mid_terms(known).currency)))
}

/// Where a cycle is.
pub fn whereabouts(courses: &Courses, of: &Settlement) -> Whereabouts {
    courses.whereabouts(&of.mid, of.currency.code(), of.cycle)
}

/// A move that is not signed, and names no draft yet.
fn step(of: &Settlement, kind: Kind, by: String) -> CycleMove {
    let (mid, currency, cycle) = (of.mid.clone(), of.currency.to_string(), of.cycle.to_string());
    CycleMove { mid, currency, cycle, to: kind.row().to.to_string(), by, ..CycleMove::default() }
}

async fn close(at: &Place, options: &CloseOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let registry = books.registry_now().await?;
    let of = settlement(&registry, &options.cycle)?;
    let now = options.now.unwrap_or_else(time::now);
    if now < of.cycle.end() {
        bail!("cycle {} has not ended: it can be closed from {} on", of.cycle, of.cycle.end());
    }
    let mut rounds = Rounds::default();
    loop {
        let courses = courses::judged(&books.catalog)?;
        match whereabouts(&courses, &of) {
            Whereabouts::In(State::Open) => {}
            // A close that was interrupted after the cut-off is finished below.
            Whereabouts::In(State::Closing) => break,
            other => bail!("cycle {} of {} in {} is closed already: its state is {other}", of.cycle, of.mid, of.currency),
        }
        refuse_gaps(&books, &of).await?;
        let close = step(&of, Kind::Close, by(options.cycle.person.clone()));
        let close = moves::signed_with(&courses, close, options.sign.key.as_deref())?;
        courses.judge(&close)?;
        rounds.begin(at).await?;
        // No copy is settled: what is committed between a search and the close is searched as well.
        copies::search(&mut books, at).await?;
        if copies::unsearched(&books) > 0 {
            continue;
        }
        check::before_move(&books, &Upcoming::Move { step: &close, entry: None, draft: None, rows: &PaymentRows::default() }).await?;
        if books.append(Act::Cycle(close), &Effects::default()).await? == Appended::Done {
            break;
        }
    }
    drop(rounds);
    archive::compact(&mut books, at, false).await?;
    books.ledger.close().await;
    if json {
        output::json(
            &json!({"mid": of.mid, "currency": of.currency.code(), "cycle": of.cycle.to_string(), "state": State::Closing.as_str()}),
        )?;
    } else {
        output::text(&format!(
            "Cycle {} of {} in {} is cut off: events that come now are settled later, marked late.\nNext: farthing settle draft {} {}",
            of.cycle,
            of.mid,
            of.currency,
            of.options(),
            at.option
        ))?;
    }
    Ok(Answer::Yes)
}

/// Cycles of a MID close in order: an earlier one with money in it comes first.
async fn refuse_gaps(books: &Books, of: &Settlement) -> anyhow::Result<()> {
    let closed = books.catalog.closed.get(&of.mid, of.currency);
    let before = |cycle: Cycle| cycle < of.cycle && closed.is_none_or(|closed| cycle > closed);
    let accrued = accrued_cycles(books, before).await?.into_iter();
    let earlier: BTreeSet<Cycle> =
        accrued.filter(|(mid, currency, _)| (mid, *currency) == (&of.mid, of.currency)).map(|(_, _, cycle)| cycle).collect();
    let list: Vec<String> = earlier.iter().map(Cycle::to_string).collect();
    if !list.is_empty() {
        bail!("cycles close in order: {} of {} in {} is still open and has accruals; close it first", list.join(", "), of.mid, of.currency);
    }
    Ok(())
}

async fn draft(at: &Place, options: &DraftOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let of = settlement(&*books.registry_now().await?, &options.cycle)?;
    let courses = courses::judged(&books.catalog)?;
    moves::can_sign(&courses, &options.cycle, options.sign.key.as_deref())?;
    let draft = match whereabouts(&courses, &of) {
        Whereabouts::In(State::Open) => preview(&mut books, &of, &options.without).await?,
        Whereabouts::In(State::Closing) => finish(&mut books, at, &of, options).await?,
        Whereabouts::In(_) => kept(&books, &of, options).await?,
        other @ Whereabouts::PassedOver => bail!(
            "cycle {} of {} in {} is {other}: a later cycle was closed first, so it has nothing of its own",
            of.cycle,
            of.mid,
            of.currency
        ),
    };
    if json {
        output::text(&draft.to_json())?;
    } else {
        output::text(&format!("{}{}", report(&draft)?, next(&books, &of, at)?))?;
    }
    books.ledger.close().await;
    Ok(if draft.refused { Answer::No } else { Answer::Yes })
}

/// Plans an open cycle as it would be if it closed now. Nothing is written for it, but copies do not count: they will not in the draft.
pub async fn preview(books: &mut Books, of: &Settlement, without: &[String]) -> anyhow::Result<Draft> {
    let accruals = to_come(books).await?;
    make(books, of, without, Some(accruals)).await
}

/// The accruals of reversals of copies that are still to come, of any cycle.
pub async fn to_come(books: &mut Books) -> anyhow::Result<Vec<Accrual>> {
    let copies::Pending { reversed, claims, accruals } = copies::pending(books).await?;
    if claims > 0 {
        output::note(&format!(
            "{claims} claims upon events that are undone are not undone yet and not in these figures; undo them with: farthing archive reverse-copies"
        ));
    }
    if reversed > 0 {
        output::note(&format!(
            "{reversed} copies of events are not reversed yet and not in these figures; reverse them with: farthing archive reverse-copies"
        ));
    }
    Ok(accruals)
}

/// Plans a cycle on the registry version in force; as a preview with accruals that are still to come.
pub async fn make(books: &mut Books, of: &Settlement, without: &[String], to_come: Option<Vec<Accrual>>) -> anyhow::Result<Draft> {
    let registry = books.registry_now().await?;
    let (through_sequence, without) = (books.catalog.sequence, without.iter().cloned().collect());
    let (preview, to_come) = (to_come.is_some(), to_come.unwrap_or_default());
    if let Some(undrafted) = courses::as_of(&books.catalog, through_sequence)?.undrafted_before(&of.mid, of.currency.code(), of.cycle) {
        output::note(&format!(
            "cycle {undrafted} of {} in {} is closed but has no draft yet: what it will carry is not in these figures; draft it first",
            of.mid, of.currency
        ));
    }
    let scope = plan_input::Scope { through_sequence, without, preview, to_come };
    let input = plan_input::gather(books, &registry, of, scope).await?;
    drop(registry);
    books.let_registries_go();
    Ok(plan_of(input)?.draft)
}

/// Makes the final draft of a cycle that is cut off, and keeps it unless the rule refuses it.
async fn finish(books: &mut Books, at: &Place, of: &Settlement, options: &DraftOptions) -> anyhow::Result<Draft> {
    let mut rounds = Rounds::default();
    let draft = loop {
        rounds.begin(at).await?;
        let draft = make(books, of, &options.without, None).await?;
        if draft.refused {
            return Ok(draft);
        }
        let without = draft.without.iter().cloned().collect();
        let unsigned = step(of, Kind::Draft, by(options.cycle.person.clone()));
        let unsigned = CycleMove { draft_sha256: Some(draft.draft_sha256.clone()), without, ..unsigned };
        let courses = courses::judged(&books.catalog)?;
        let act = moves::signed_with(&courses, unsigned, options.sign.key.as_deref())?;
        courses.judge(&act)?;
        check::before_move(books, &Upcoming::Move { step: &act, entry: None, draft: Some(&draft), rows: &PaymentRows::default() }).await?;
        let effects = Effects { draft: Some(draft_rows::row_of(&draft)?), ..Effects::default() };
        if books.append(Act::Cycle(act), &effects).await? == Appended::Done {
            break draft;
        }
    };
    drop(rounds);
    // What the cycle holds was searched and merged as it closed: what has come since is for later ones, and is left alone where this is refused.
    copies::search(books, at).await?;
    archive::compact(books, at, false).await?;
    Ok(draft)
}

/// The final draft as it was made.
async fn kept(books: &Books, of: &Settlement, options: &DraftOptions) -> anyhow::Result<Draft> {
    let draft = plan_input::draft_of(books, of).await?.context("the ledger has lost a draft; run: farthing verify")?;
    let asked: BTreeSet<String> = options.without.iter().cloned().collect();
    if !asked.is_empty() && asked != draft.without {
        let without = draft.without.iter().map(|agreement| format!("--without {agreement}")).collect::<Vec<_>>().join(" ");
        bail!(
            "cycle {} of {} in {} has its final draft already, made {}; to make another, throw it away first with: farthing settle discard",
            of.cycle,
            of.mid,
            of.currency,
            if without.is_empty() { "of all agreements".to_owned() } else { format!("with {without}") }
        );
    }
    let courses = courses::as_of(&books.catalog, books.catalog.sequence)?;
    let prepared = courses.get(&of.mid, of.currency.code(), of.cycle).and_then(|course| course.draft.as_ref());
    let same = |by: &str| prepared.is_some_and(|draft| draft.prepared == Prepared::Signed && draft.by == by);
    if options.sign.key.is_some() && !options.cycle.person.as_deref().is_some_and(same) {
        bail!(
            "cycle {} of {} has its final draft already, and another prepared it: throw it away first with: farthing settle discard",
            of.cycle,
            of.mid
        );
    }
    Ok(draft)
}

/// How it goes on from a final draft.
fn next(books: &Books, of: &Settlement, at: &Place) -> anyhow::Result<String> {
    let courses = courses::as_of(&books.catalog, books.catalog.sequence)?;
    let course = courses.get(&of.mid, of.currency.code(), of.cycle);
    let Some((course, draft)) = course.and_then(|course| Some((course, course.draft.as_ref()?))) else { return Ok(String::new()) };
    let named = format!("{} {}", of.options(), at.option);
    Ok(match (draft.prepared, &course.approved_by) {
        (_, Some(by)) if course.state == State::Approved => format!(
            "\nPrepared by {} and approved by {by}. Its payouts go to banks with: farthing settle release --out DIR --as ID --key FILE --config FILE {named}",
            draft.by
        ),
        (_, Some(by)) => format!("\nPrepared by {} and approved by {by}; it is {} now.", draft.by, course.state),
        (Prepared::Signed, None) => format!(
            "\nPrepared by {}. Somebody else approves it with: farthing settle approve --draft {} --as ID --key FILE {named}",
            draft.by, draft.sha256
        ),
        (Prepared::Unsigned, None) => format!(
            "\nNobody signed it, so it cannot be approved. To have one that can be, throw it away with farthing settle discard and make it again \
             with: farthing settle draft --as ID --key FILE {named}"
        ),
    })
}

async fn status(at: &Place, mid: Option<&str>, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    if let Some(mid) = mid {
        known_mid(&*books.registry_now().await?, mid)?;
    }
    let mut found = accrued_cycles(&books, |_| true).await?;
    found.retain(|(mid, ..)| !mid.is_empty());
    let courses = courses::judged(&books.catalog)?;
    for step in books.catalog.moves.iter().map(|moved| &moved.step) {
        found.insert((step.mid.clone(), step.currency.parse()?, step.cycle.parse()?));
    }
    let mut rows = Vec::new();
    for (of_mid, currency, cycle) in found.into_iter().filter(|(of_mid, ..)| mid.is_none_or(|mid| mid == of_mid)) {
        let of = Settlement { mid: of_mid, currency, cycle };
        rows.push(standing(&courses, &of));
    }
    if json {
        output::json(&json!({"cycles": rows}))?;
    } else {
        let columns = ["mid", "currency", "cycle", "state", "prepared_by", "signed", "approved_by"];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| columns.map(|column| log::cell(&row[column])).to_vec()).collect();
        output::text(&output::table(&["mid", "currency", "cycle", "state", "prepared by", "signed", "approved by"], &rows, columns.len()))?;
    }
    Ok(Answer::Yes)
}

/// A cycle, its state, and whose eyes have seen it.
fn standing(courses: &Courses, of: &Settlement) -> Value {
    let course = courses.get(&of.mid, of.currency.code(), of.cycle);
    let draft = course.and_then(|course| course.draft.as_ref());
    json!({"mid": of.mid, "currency": of.currency.code(), "cycle": of.cycle.to_string(), "state": whereabouts(courses, of).to_string(),
        "prepared_by": draft.map(|draft| &draft.by), "signed": draft.map(|draft| draft.prepared == Prepared::Signed),
        "draft_sha256": draft.map(|draft| &draft.sha256), "approved_by": course.and_then(|course| course.approved_by.as_ref())})
}
