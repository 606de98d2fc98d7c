//! `farthing dead-letters`: rejected events, which are never lost.

use crate::books::Books;
use crate::cli::{DeadLettersCommand, ReplayOptions};
use crate::commands::meter;
use crate::lock::{Lock, REPLAYS};
use crate::metering::{Metering, Seconds, Stop};
use crate::output::{self, Answer};
use crate::place::Place;
use crate::time;
use anyhow::{Context, bail, ensure};
use farthing_ingest::worker::Admission;
use farthing_ingest::{Input, Partition};
use farthing_ledger::KeptLetter;
use farthing_schemas::Code;
use serde_json::json;
use std::sync::Arc;

/// Letters that are read from the ledger at a time.
const AT_A_TIME: u64 = 1_000;
/// Codes that judge an event by the source that brought it: whoever replays everything must not lift what the source is bound to.
const OF_ITS_SOURCE: [Code; 2] = [Code::PlatformNotAllowed, Code::TooLate];

pub async fn run(at: &Place, command: DeadLettersCommand, json: bool) -> anyhow::Result<Answer> {
    match command {
        DeadLettersCommand::List { code, all } => list(at, code.as_deref(), all, json).await,
        DeadLettersCommand::Show { number, raw } => show(at, number, raw, json).await,
        DeadLettersCommand::Replay(options) => replay(at, options, json).await,
    }
}

/// A code that does not exist would look like no letters.
fn known_code(code: Option<&str>) -> anyhow::Result<()> {
    let names: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    match code {
        Some(code) if !names.contains(&code) => bail!("--code {code}: the codes are {}", names.join(", ")),
        _ => Ok(()),
    }
}

/// The letters that `keep` keeps, in order.
pub async fn letters(books: &Books, keep: impl Fn(&KeptLetter) -> bool) -> anyhow::Result<Vec<KeptLetter>> {
    let (mut kept, mut after) = (Vec::new(), 0);
    loop {
        let some = books.ledger.dead_letters_after(after, AT_A_TIME).await?;
        let Some(last) = some.last() else { return Ok(kept) };
        after = last.number;
        kept.extend(some.into_iter().filter(&keep));
    }
}

async fn list(at: &Place, code: Option<&str>, all: bool, json: bool) -> anyhow::Result<Answer> {
    known_code(code)?;
    let books = Books::open(at).await?;
    let wanted = |letter: &KeptLetter| (all || letter.replayed_in.is_none()) && code.is_none_or(|code| letter.letter.code == code);
    let found = letters(&books, wanted).await?;
    if json {
        let list: Vec<_> = found
            .iter()
            .map(|kept| {
                let letter = &kept.letter;
                json!({"number": kept.number, "code": letter.code, "sentence": letter.sentence, "partition": letter.partition,
                    "position": letter.position, "bytes": letter.raw.len(), "batch": kept.batch, "replayed_in": kept.replayed_in})
            })
            .collect();
        output::json(&json!({"dead_letters": list}))?;
    } else if found.is_empty() {
        output::text("No rejected events are waiting.")?;
    } else {
        let row = |kept: &KeptLetter| {
            let letter = &kept.letter;
            vec![
                kept.number.to_string(),
                letter.code.clone(),
                format!("{} at {}", letter.partition, letter.position),
                letter.sentence.clone(),
            ]
        };
        output::text(&output::table(&["number", "code", "source", "why"], &found.iter().map(row).collect::<Vec<_>>(), 4))?;
    }
    Ok(Answer::Yes)
}

async fn show(at: &Place, number: u64, raw: bool, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    let kept = books.ledger.dead_letter(number).await?.with_context(|| format!("there is no dead letter {number}"))?;
    let letter = &kept.letter;
    if raw {
        anyhow::ensure!(!json, "--raw prints the original bytes, which are no JSON document: leave out one of --raw and --json");
        output::bytes(&[&letter.raw[..], b"\n"].concat())?;
    } else if json {
        output::json(&json!({"number": kept.number, "code": letter.code, "sentence": letter.sentence, "partition": letter.partition,
            "position": letter.position, "batch": kept.batch, "replayed_in": kept.replayed_in,
            "raw": String::from_utf8_lossy(&letter.raw), "raw_hex": hex::encode(&letter.raw)}))?;
    } else {
        let replayed = kept.replayed_in.map_or("not yet".to_owned(), |batch| format!("in batch {batch}"));
        let lines = [
            format!("number    {}", kept.number),
            format!("code      {}", letter.code),
            format!("why       {}", letter.sentence),
            format!("source    {} at {}", letter.partition, letter.position),
            format!("rejected  in batch {}", kept.batch),
            format!("replayed  {replayed}"),
            String::new(),
            String::from_utf8_lossy(&letter.raw).into_owned(),
        ];
        output::text(&lines.join("\n"))?;
    }
    Ok(Answer::Yes)
}

async fn replay(at: &Place, options: ReplayOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    books.lock = Lock::metering(at, &books.ledger).await?;
    // Whoever held the lock until now may have committed.
    books.refresh().await?;
    let letters = chosen(&books, &options).await?;
    if letters.is_empty() {
        output::note("no rejected events are waiting to be replayed");
        meter::say(&books, &[REPLAYS.to_owned()], &Seconds::default(), json).await?;
        return Ok(Answer::Yes);
    }
    let lease = books.patience.with(async || books.ledger.lease(REPLAYS, "", 0).await).await?;
    let partition = Partition { name: REPLAYS.to_owned(), epoch: lease.epoch, next: lease.next, index: 0 };
    let arrival = options.now.unwrap_or_else(time::now);
    let limits = at.meter.under(&options.limits);
    let metering =
        Metering { admission: Admission::default(), room: at.room(&limits), limits, follow: false, now: Arc::new(move || arrival) };
    let result = metering.run(&mut books, vec![(partition, Input::Letters(letters))], &Stop::default()).await;
    let (_, seconds) = result.context("the replay stopped; what was replayed before is kept")?;
    meter::say(&books, &[REPLAYS.to_owned()], &seconds, json).await?;
    books.ledger.close().await;
    Ok(Answer::Yes)
}

async fn chosen(books: &Books, options: &ReplayOptions) -> anyhow::Result<Vec<(u64, Vec<u8>)>> {
    if let Some(path) = &options.corrected {
        let &[number] = options.numbers.as_slice() else { bail!("--corrected takes the place of one letter: name one number") };
        waiting(books, number).await?;
        let raw = std::fs::read(path).with_context(|| format!("the corrected event {} cannot be read", path.display()))?;
        let event = raw.trim_ascii_end();
        ensure!(!event.is_empty(), "the corrected event {} is empty", path.display());
        return Ok(vec![(number, event.to_vec())]);
    }
    if !options.numbers.is_empty() {
        let mut chosen = Vec::new();
        for number in &options.numbers {
            chosen.push((*number, waiting(books, *number).await?.letter.raw));
        }
        chosen.sort_by_key(|(number, _)| *number);
        chosen.dedup_by_key(|(number, _)| *number);
        return Ok(chosen);
    }
    let code = options.code.as_deref();
    known_code(code)?;
    let wanted = |letter: &KeptLetter| letter.replayed_in.is_none() && code.is_none_or(|code| letter.letter.code == code);
    let mut found = letters(books, wanted).await?;
    if code.is_none() {
        let before = found.len();
        found.retain(|kept| !OF_ITS_SOURCE.iter().any(|code| code.as_str() == kept.letter.code));
        let left = before - found.len();
        if left > 0 {
            output::note(&format!(
                "left waiting: {left} that their source was not to bring ({}); to meter them all the same, name their numbers or --code",
                OF_ITS_SOURCE.map(Code::as_str).join(", ")
            ));
        }
    }
    Ok(found.into_iter().map(|kept| (kept.number, kept.letter.raw)).collect())
}

async fn waiting(books: &Books, number: u64) -> anyhow::Result<KeptLetter> {
    let kept = books.ledger.dead_letter(number).await?.with_context(|| format!("there is no dead letter {number}"))?;
    match kept.replayed_in {
        Some(batch) => bail!("dead letter {number} was replayed already, in batch {batch}"),
        None => Ok(kept),
    }
}
