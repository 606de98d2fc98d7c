//! Moves that are signed: a draft is thrown away or approved, an approval is taken back.

use super::{Settlement, settlement, step};
use crate::books::{Appended, Books};
use crate::check::{self, Upcoming};
use crate::cli::{ApproveOptions, CycleOptions, SignOptions, TakeBackOptions};
use crate::commands::actor::by;
use crate::commands::verify;
use crate::courses;
use crate::journal::{book, booked, rows_of};
use crate::keys::{self, SecretKey};
use crate::output::{self, Answer};
use crate::place::Place;
use anyhow::Context;
use farthing_ledger::Effects;
use farthing_schemas::manifest::{Act, CycleMove, Signed};
use farthing_settle::cycle::Kind;
use farthing_settle::{Courses, Refusal};
use serde_json::json;
use std::path::Path;

pub async fn approve(at: &Place, options: ApproveOptions, json: bool) -> anyhow::Result<Answer> {
    let ApproveOptions { cycle, draft, sign } = options;
    make(at, Asked { kind: Kind::Approve, cycle, draft: Some(draft), why: None, sign }, json).await
}

pub async fn take_back(at: &Place, kind: Kind, options: TakeBackOptions, json: bool) -> anyhow::Result<Answer> {
    let TakeBackOptions { cycle, why, sign } = options;
    make(at, Asked { kind, cycle, draft: None, why: Some(why), sign }, json).await
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
struct Asked {
    kind: Kind,
    cycle: CycleOptions,
    /// The draft that it names; the cycle's, if none is given.
    draft: Option<String>,
    why: Option<String>,
    sign: SignOptions,
}

/// What comes of it.
enum Outcome {
    Moved(Box<CycleMove>),
    /// Only its text was asked for.
    Text(String),
    Refused(String),
}

async fn make(at: &Place, asked: Asked, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let registry = books.registry_now().await?;
    let of = settlement(&registry, &asked.cycle)?;
    let outcome = attempt(&mut books, &of, &asked).await?;
    books.ledger.close().await;
    let named = format!("cycle {} of {} in {}", of.cycle, of.mid, of.currency);
    let document = |state: Option<&str>, step: Option<&CycleMove>, refused: Option<&str>| {
        json!({"mid": of.mid, "currency": of.currency.code(), "cycle": of.cycle.to_string(), "move": asked.kind.as_str(), "state": state,
            "by": step.map(|step| &step.by), "draft_sha256": step.map(|step| &step.draft_sha256), "refused": refused})
    };
    match outcome {
        Outcome::Text(text) if json => output::json(&json!({"text": text}))?,
        Outcome::Text(text) => output::bytes(text.as_bytes())?,
        Outcome::Moved(step) if json => output::json(&document(Some(&step.to), Some(&step), None))?,
        Outcome::Moved(step) => {
            let draft = step.draft_sha256.as_deref().unwrap_or_default();
            output::text(&format!("{}: {named} is {} now, by {}; draft {draft}", asked.kind, step.to, step.by))?;
        }
        Outcome::Refused(why) => {
            output::note(&format!("{} is refused, {named}: {why}", asked.kind));
            if json {
                output::json(&document(None, None, Some(&why)))?;
            }
            return Ok(Answer::No);
        }
    }
    Ok(Answer::Yes)
}

async fn attempt(books: &mut Books, of: &Settlement, asked: &Asked) -> anyhow::Result<Outcome> {
    loop {
        let courses = courses::judged(&books.catalog)?;
        let unsigned = named(&courses, of, asked);
        if let Err(refusal) = courses.judge_before_signing(&unsigned) {
            return Ok(refused(&refusal));
        }
        let mut plan = None;
        if asked.kind == Kind::Approve {
            match verify::drafts::made_again(books, of).await? {
                Ok(again) => plan = Some(again),
                Err(fault) => return Ok(Outcome::Refused(fault)),
            }
        }
        if asked.sign.print_text {
            return Ok(Outcome::Text(courses.text(&unsigned)?));
        }
        let step = signed(&courses, unsigned, &asked.sign)?;
        if let Err(refusal) = courses.judge(&step) {
            return Ok(refused(&refusal));
        }
        let entry = book::entry(books, &courses, &step, plan.as_ref()).await?;
        let step = CycleMove { booked: entry.as_ref().map(booked).transpose()?, ..step };
        check::before_move(books, &Upcoming { step: &step, entry: entry.as_ref(), draft: None }).await?;
        let effects = Effects { entries: entry.iter().map(rows_of).collect(), ..Effects::default() };
        if books.append(Act::Cycle(step.clone()), &effects).await? == Appended::Done {
            return Ok(Outcome::Moved(Box::new(step)));
        }
    }
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
