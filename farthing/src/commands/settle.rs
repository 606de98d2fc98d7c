//! `farthing settle`: closing cycles and drafting their settlement.

use crate::books::{Appended, Books};
use crate::cli::{CloseOptions, CycleOptions, DraftOptions, SettleCommand};
use crate::commands::{accruals, archive, root};
use crate::output::{self, Answer};
use crate::place::Place;
use crate::{copies, plan_input, time};
use anyhow::{Context, bail};
use farthing_ledger::{Effects, StoredDraft};
use farthing_schemas::manifest::{Act, CycleMove};
use farthing_schemas::registry::{MidIndex, Registry};
use farthing_schemas::{Accrual, Currency, Cycle};
use farthing_settle::{Draft, plan, report};
use serde_json::json;
use std::collections::BTreeSet;

/// A cycle that is cut off but has no draft yet.
pub const CLOSING: &str = "closing";
/// A cycle with its final draft.
pub const DRAFT: &str = "draft";

/// Whose cycle, with the currency decided.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub mid: String,
    pub currency: Currency,
    pub cycle: Cycle,
}

pub async fn run(at: &Place, command: SettleCommand, json: bool) -> anyhow::Result<Answer> {
    match command {
        SettleCommand::Close(options) => close(at, &options, json).await,
        SettleCommand::Draft(options) => draft(at, &options, json).await,
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
    let known = known_mid(registry, mid)?;
    let currency = currency.unwrap_or_else(|| registry.mid_terms(known).currency);
    Ok(Settlement { mid: mid.to_owned(), currency, cycle })
}

/// The state that a cycle is in: open unless a move says otherwise.
pub fn state<'a>(books: &'a Books, of: &Settlement) -> &'a str {
    let names = |step: &&CycleMove| step.mid == of.mid && step.currency == of.currency.code() && step.cycle == of.cycle.to_string();
    let last = books.catalog.moves.iter().rev().map(|moved| &moved.step).find(names).map(|step| step.to.as_str());
    let passed = books.catalog.closed.get(&of.mid, of.currency).is_some_and(|closed| of.cycle <= closed);
    last.unwrap_or(if passed { "passed over" } else { "open" })
}

fn person(options: &CycleOptions) -> String {
    options.person.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "unknown".to_owned())
}

fn step(of: &Settlement, to: &str, by: String) -> CycleMove {
    let (mid, currency, cycle) = (of.mid.clone(), of.currency.to_string(), of.cycle.to_string());
    CycleMove { mid, currency, cycle, to: to.to_owned(), by, draft_sha256: None, without: Vec::new() }
}

async fn close(at: &Place, options: &CloseOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let registry = books.registry_now().await?;
    let of = settlement(&registry, &options.cycle)?;
    let now = options.now.unwrap_or_else(time::now);
    if now < of.cycle.end() {
        bail!("cycle {} has not ended: it can be closed from {} on", of.cycle, of.cycle.end());
    }
    loop {
        match state(&books, &of) {
            "open" => {}
            // A close that was interrupted after the cut-off is finished below.
            CLOSING => break,
            other => bail!("cycle {} of {} in {} is closed already: its state is {other}", of.cycle, of.mid, of.currency),
        }
        refuse_gaps(&books, &of).await?;
        // No copy is settled: what is committed between a search and the close is searched as well.
        copies::search(&mut books, at).await?;
        if copies::unsearched(&books) > 0 {
            continue;
        }
        let act = Act::Cycle(step(&of, CLOSING, person(&options.cycle)));
        if books.append(act, &Effects::default()).await? == Appended::Done {
            break;
        }
    }
    archive::compact(&mut books, at, false).await?;
    books.ledger.close().await;
    if json {
        output::json(&json!({"mid": of.mid, "currency": of.currency.code(), "cycle": of.cycle.to_string(), "state": CLOSING}))?;
    } else {
        output::text(&format!(
            "Cycle {} of {} in {} is cut off: events that come now are settled later, marked late.\nNext: farthing settle draft --mid {} --cycle {} {}",
            of.cycle, of.mid, of.currency, of.mid, of.cycle, at.option
        ))?;
    }
    Ok(Answer::Yes)
}

/// Cycles of a MID close in order: an earlier one with money in it comes first.
async fn refuse_gaps(books: &Books, of: &Settlement) -> anyhow::Result<()> {
    let closed = books.catalog.closed.get(&of.mid, of.currency);
    let mut earlier: BTreeSet<Cycle> = BTreeSet::new();
    accruals::each_accrual(books, None, |_, accrual| {
        if accrual.key.mid == of.mid
            && accrual.key.currency == of.currency
            && accrual.cycle < of.cycle
            && closed.is_none_or(|closed| accrual.cycle > closed)
        {
            earlier.insert(accrual.cycle);
        }
        Ok(())
    })
    .await?;
    let list: Vec<String> = earlier.iter().map(Cycle::to_string).collect();
    if !list.is_empty() {
        bail!("cycles close in order: {} of {} in {} is still open and has accruals; close it first", list.join(", "), of.mid, of.currency);
    }
    let undrafted = |step: &&CycleMove| step.to == CLOSING && step.mid == of.mid && step.currency == of.currency.code();
    for before in books.catalog.moves.iter().map(|moved| &moved.step).filter(undrafted) {
        let earlier = Settlement { cycle: before.cycle.parse()?, ..of.clone() };
        if state(books, &earlier) == CLOSING {
            bail!("cycle {} of {} in {} is closed but has no draft yet; draft it first", before.cycle, of.mid, of.currency);
        }
    }
    Ok(())
}

async fn draft(at: &Place, options: &DraftOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let registry = books.registry_now().await?;
    let of = settlement(&registry, &options.cycle)?;
    let draft = match state(&books, &of) {
        "open" => preview(&mut books, &of, &options.without).await?,
        CLOSING => finish(&mut books, at, &of, options).await?,
        DRAFT => kept(&books, &of, &options.without).await?,
        other => bail!(
            "cycle {} of {} in {} is {other}: a later cycle was closed first, so it has nothing of its own",
            of.cycle,
            of.mid,
            of.currency
        ),
    };
    if json {
        output::text(&draft.to_json())?;
    } else {
        output::text(&report(&draft)?)?;
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
    let copies::Pending { reversed, accruals } = copies::pending(books).await?;
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
    let scope = plan_input::Scope { through_sequence, without, preview, to_come };
    let input = plan_input::gather(books, &registry, of, scope).await?;
    Ok(plan(&input)?.draft)
}

/// Makes the final draft of a cycle that is cut off, and keeps it unless the rule refuses it.
async fn finish(books: &mut Books, at: &Place, of: &Settlement, options: &DraftOptions) -> anyhow::Result<Draft> {
    // What the cycle holds was searched before it closed; what has come since is for later ones.
    copies::search(books, at).await?;
    loop {
        archive::compact(books, at, false).await?;
        let draft = make(books, of, &options.without, None).await?;
        if draft.refused {
            return Ok(draft);
        }
        let without = draft.without.iter().cloned().collect();
        let act = CycleMove { draft_sha256: Some(draft.draft_sha256.clone()), without, ..step(of, DRAFT, person(&options.cycle)) };
        let stored = StoredDraft {
            sha256: draft.draft_sha256.clone(),
            mid: of.mid.clone(),
            currency: of.currency.to_string(),
            cycle: of.cycle.to_string(),
            body: draft.to_json(),
        };
        let effects = Effects { draft: Some(stored), ..Effects::default() };
        if books.append(Act::Cycle(act), &effects).await? == Appended::Done {
            return Ok(draft);
        }
    }
}

/// The final draft as it was made.
async fn kept(books: &Books, of: &Settlement, without: &[String]) -> anyhow::Result<Draft> {
    let drafts = plan_input::drafts(books, of).await?;
    let draft = drafts.into_iter().find(|draft| draft.cycle == of.cycle).context("the ledger has lost a draft; run: farthing verify")?;
    let asked: BTreeSet<String> = without.iter().cloned().collect();
    if !asked.is_empty() && asked != draft.without {
        bail!("cycle {} of {} has its final draft already, without {:?}", of.cycle, of.mid, draft.without);
    }
    Ok(draft)
}

async fn status(at: &Place, mid: Option<&str>, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    if let Some(mid) = mid {
        known_mid(&*books.registry_now().await?, mid)?;
    }
    let mut found: BTreeSet<(String, Currency, Cycle)> = BTreeSet::new();
    accruals::each_accrual(&books, None, |_, accrual| {
        if !accrual.key.mid.is_empty() {
            found.insert((accrual.key.mid, accrual.key.currency, accrual.cycle));
        }
        Ok(())
    })
    .await?;
    for step in books.catalog.moves.iter().map(|moved| &moved.step) {
        found.insert((step.mid.clone(), step.currency.parse()?, step.cycle.parse()?));
    }
    let mut rows = Vec::new();
    for (of_mid, currency, cycle) in found.into_iter().filter(|(of_mid, ..)| mid.is_none_or(|mid| mid == of_mid)) {
        let of = Settlement { mid: of_mid, currency, cycle };
        let state = state(&books, &of).to_owned();
        rows.push(vec![of.mid, of.currency.to_string(), of.cycle.to_string(), state]);
    }
    if json {
        let list: Vec<_> = rows.iter().map(|row| json!({"mid": row[0], "currency": row[1], "cycle": row[2], "state": row[3]})).collect();
        output::json(&json!({"cycles": list}))?;
    } else {
        output::text(&output::table(&["mid", "currency", "cycle", "state"], &rows, 4))?;
    }
    Ok(Answer::Yes)
}
