//! Moves that are signed: a draft is thrown away or approved, an approval is taken back.

use super::brought::{Brought, Burden, bring};
use super::{Settlement, settlement, step};
use crate::books::{Appended, Books};
use crate::check::{self, Upcoming};
use crate::cli::{ApproveOptions, CycleOptions, MoveOptions, SignOptions, TakeBackOptions};
use crate::commands::record::by;
use crate::courses;
use crate::journal::{book, booked, rows_of};
use crate::keys::{self, SecretKey};
use crate::lock::{Lock, Work};
use crate::output::{self, Answer};
use crate::payouts::sealed;
use crate::place::Place;
use anyhow::Context;
use farthing_ledger::Effects;
use farthing_schemas::manifest::{Act, CycleMove, Signed};
use farthing_settle::cycle::{Allowed, Kind};
use farthing_settle::{Courses, Refusal};
use serde_json::json;
use std::path::Path;

pub async fn approve(at: &Place, options: ApproveOptions, json: bool) -> anyhow::Result<Answer> {
    let ApproveOptions { cycle, draft, sign } = options;
    let asked = Asked { kind: Kind::Approve, cycle, draft: Some(draft), why: None, burden: Burden::Plan, sign };
    make(at, &asked, json).await.map(|(answer, _)| answer)
}

pub async fn take_back(at: &Place, kind: Kind, options: TakeBackOptions, json: bool) -> anyhow::Result<Answer> {
    let TakeBackOptions { cycle, why, sign } = options;
    make(at, &Asked { kind, cycle, draft: None, why: Some(why), burden: Burden::Nothing, sign }, json).await.map(|(answer, _)| answer)
}

/// Reconciles or seals.
pub async fn forward(at: &Place, kind: Kind, options: MoveOptions, json: bool) -> anyhow::Result<Answer> {
    let MoveOptions { cycle, sign } = options;
    let burden = if kind == Kind::Seal { Burden::Root } else { Burden::AllKnown };
    make(at, &Asked { kind, cycle, draft: None, why: None, burden, sign }, json).await.map(|(answer, _)| answer)
}

/// The move with the signature of a key, where there is one; it is not judged yet.
pub fn signed_with(courses: &Courses, step: CycleMove, key: Option<&Path>) -> anyhow::Result<CycleMove> {
    let Some(key) = key else { return Ok(step) };
    let signed = SecretKey::read(key)?.sign(&courses.text(&step)?)?;
    Ok(CycleMove { signed: Some(signed), ..step })
}

/// Whether that key is the actor's who is named, before much is done that is to be signed.
pub fn can_sign(courses: &Courses, cycle: &CycleOptions, key: Option<&Path>) -> anyhow::Result<()> {
    let Some(key) = key else { return Ok(()) };
    let (public, actor) = (SecretKey::read(key)?.public()?, courses.actors().active(&by(cycle.person.clone()))?.clone());
    if public == actor.key { Ok(()) } else { Err(Refusal::OtherKey(actor.id).into()) }
}

/// A move that is asked for.
pub struct Asked {
    pub kind: Kind,
    pub cycle: CycleOptions,
    /// The draft that it names; the cycle's, if none is given.
    pub draft: Option<String>,
    pub why: Option<String>,
    /// What it brings along.
    pub burden: Burden,
    pub sign: SignOptions,
}

/// What comes of it.
enum Outcome {
    Moved(Box<CycleMove>),
    /// Only its text was asked for.
    Text(String),
    Refused(String),
}

/// Makes a move and tells it; with the number of its manifest, if it was made.
pub async fn make(at: &Place, asked: &Asked, json: bool) -> anyhow::Result<(Answer, Option<u64>)> {
    let mut books = Books::open(at).await?;
    let of = settlement(&*books.registry_now().await?, &asked.cycle)?;
    books.let_registries_go();
    let outcome = attempt(&mut books, at, &of, asked).await?;
    let sequence = books.catalog.sequence;
    books.ledger.close().await;
    let named = format!("cycle {} of {} in {}", of.cycle, of.mid, of.currency);
    let document = |state: Option<&str>, step: Option<&CycleMove>, refused: Option<&str>| {
        json!({"mid": of.mid, "currency": of.currency.code(), "cycle": of.cycle.to_string(), "move": asked.kind.as_str(), "state": state,
            "by": step.map(|step| &step.by), "draft_sha256": step.map(|step| &step.draft_sha256), "refused": refused,
            "released": step.and_then(|step| step.released.as_ref()), "root": step.and_then(|step| step.root.as_ref())})
    };
    let moved = matches!(outcome, Outcome::Moved(_)).then_some(sequence);
    match outcome {
        Outcome::Text(text) if json => output::json(&json!({"text": text}))?,
        Outcome::Text(text) => output::bytes(text.as_bytes())?,
        Outcome::Moved(step) if json => output::json(&document(Some(&step.to), Some(&step), None))?,
        Outcome::Moved(step) => {
            let draft = step.draft_sha256.as_deref().unwrap_or_default();
            let more = burden(&of, &step);
            output::text(&format!("{}: {named} is {} now, by {}; draft {draft}{more}", asked.kind, step.to, step.by))?;
        }
        Outcome::Refused(why) => {
            output::note(&format!("{} is refused, {named}: {why}", asked.kind));
            if json {
                output::json(&document(None, None, Some(&why)))?;
            }
            return Ok((Answer::No, None));
        }
    }
    Ok((Answer::Yes, moved))
}

/// What a move has brought along, in words.
fn burden(of: &Settlement, step: &CycleMove) -> String {
    let released = step.released.as_ref().map(|released| {
        let left_out = if released.left_out > 0 { format!("; {} left out", released.left_out) } else { String::new() };
        let files = match released.bank_files.len() {
            1 => "one file".to_owned(),
            files => format!("{files} files"),
        };
        let sums: Vec<String> = released.sums.iter().map(|sum| format!("{} {}", sum.amount, sum.currency)).collect();
        let sums = if sums.is_empty() { format!("0 {}", of.currency) } else { sums.join(" and ") };
        format!("\n{} payments of {sums} together, in {files}{left_out}", released.payments)
    });
    let root = step.root.as_ref().map(|root| format!("\nRoot: {root}"));
    [released, root].into_iter().flatten().collect()
}

async fn attempt(books: &mut Books, at: &Place, of: &Settlement, asked: &Asked) -> anyhow::Result<Outcome> {
    // A seal archives, and removes what seals that were interrupted have left behind: one at a time.
    let archives = asked.kind == Kind::Seal && !asked.sign.print_text;
    if archives {
        books.lock = Some(Lock::take(at, Work::Compacting).await?);
        books.refresh().await?;
    }
    loop {
        let courses = courses::judged(&books.catalog)?;
        let mut unsigned = named(&courses, of, asked);
        // What takes long to gather is not gathered for what is refused anyway.
        let early = if asked.burden.is_in_the_move() { courses.judge_place(&unsigned) } else { courses.judge_before_signing(&unsigned) };
        match early {
            Err(refusal) if asked.kind == Kind::Reissue && matches!(refusal, Refusal::NotInTable { .. }) => {
                return Ok(Outcome::Refused(format!("{refusal}; what has failed and is not paid anew is owed again with the next draft")));
            }
            Err(refusal) => return Ok(refused(&refusal)),
            // From one state to the same there is another move than the one that is asked for.
            Ok(row) if row.kind != asked.kind => return Ok(Outcome::Refused(already(row, of))),
            Ok(_) => {}
        }
        let brought = match bring(books, at, of, &asked.burden, &mut unsigned).await? {
            Ok(brought) => brought,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        if let Err(refusal) = courses.judge_before_signing(&unsigned) {
            return Ok(refused(&refusal));
        }
        if asked.sign.print_text {
            return Ok(Outcome::Text(courses.text(&unsigned)?));
        }
        let step = signed(&courses, unsigned, &asked.sign)?;
        if let Err(refusal) = courses.judge(&step) {
            return Ok(refused(&refusal));
        }
        // Only what is signed is archived.
        let files = if archives { sealed::archive(books, of).await? } else { Vec::new() };
        if let Some(moved) = carry_out(books, of, &courses, CycleMove { files, ..step }, brought).await? {
            return Ok(moved);
        }
    }
}

/// Carries out a move that was signed; nothing where another act came first.
async fn carry_out(
    books: &mut Books,
    of: &Settlement,
    courses: &Courses,
    step: CycleMove,
    brought: Brought,
) -> anyhow::Result<Option<Outcome>> {
    let entry = book::entry(books, courses, &step, &brought).await?;
    let step = CycleMove { booked: entry.as_ref().map(booked).transpose()?, ..step };
    // What was brought is in the rows by now, and of many parties it is much.
    let payments = brought.into_rows(of, books.catalog.sequence + 1)?;
    let entry = entry.map(|entry| rows_of(&entry));
    check::before_move(books, &Upcoming::Move { step: &step, entry: entry.as_ref(), draft: None, rows: &payments }).await?;
    let effects = Effects { entries: entry.into_iter().collect(), payments, ..Effects::default() };
    fail::fail_point!("move-made");
    let appended = books.append(Act::Cycle(step.clone()), &effects).await?;
    Ok((appended == Appended::Done).then(|| Outcome::Moved(Box::new(step))))
}

fn already(row: &Allowed, of: &Settlement) -> String {
    format!("the cycle is {} already; its files are written again with: farthing settle files {} --out DIR", row.from, of.options())
}

fn refused(refusal: &Refusal) -> Outcome {
    Outcome::Refused(refusal.to_string())
}

/// The move, not signed yet.
fn named(courses: &Courses, of: &Settlement, asked: &Asked) -> CycleMove {
    let in_force = courses.get(&of.mid, of.currency.code(), of.cycle).and_then(|course| course.draft.as_ref());
    let draft_sha256 = asked.draft.clone().or_else(|| in_force.map(|draft| draft.sha256.clone()));
    CycleMove { draft_sha256, why: asked.why.clone(), ..step(of, asked.kind, by(asked.cycle.person.clone())) }
}

fn signed(courses: &Courses, step: CycleMove, sign: &SignOptions) -> anyhow::Result<CycleMove> {
    let Some(given) = &sign.signature else { return signed_with(courses, step, sign.key.as_deref()) };
    let actor = courses.actors().active(&step.by).context("the signature is nobody's")?;
    let signed = Some(Signed { public_key: actor.key.to_string(), signature: keys::signature(given)? });
    Ok(CycleMove { signed, ..step })
}
