//! `farthing verify`: everything recomputed from the archive alone, and compared with the ledger.

mod batches;
mod claims;
pub mod drafts;
mod identities;
mod journal;
mod ledger;
mod result_lines;
mod sealed;
pub mod seals;
mod statement;

use crate::books::Books;
use crate::cli::VerifyOptions;
use crate::courses;
use crate::output::{self, Answer};
use crate::place::Place;
use farthing_archive::Archive;
use serde_json::json;

/// How often a file that is missing is looked for again.
const LOOKS_AGAIN: usize = 3;

/// What was compared, for the record.
#[derive(Debug, Default, serde::Serialize)]
pub struct Compared {
    pub manifests: u64,
    pub files: u64,
    pub registry_versions: u64,
    pub batches: u64,
    pub events: u64,
    pub accruals: u64,
    pub result_lines: u64,
    pub dead_letters: u64,
    pub drafts: u64,
    pub seals: u64,
    /// Events that count too often or not often enough until the next search for copies.
    pub pending_copies: u64,
}

pub async fn run(at: &Place, options: &VerifyOptions, json: bool) -> anyhow::Result<Answer> {
    match (&options.statement, options.root) {
        (Some(path), Some(root)) => statement::check(path, root, json),
        _ => books(at, json).await,
    }
}

async fn books(at: &Place, json: bool) -> anyhow::Result<Answer> {
    anyhow::ensure!(Books::exist(at).await?, "no ledger at {}; there is nothing to verify", at.shown_ledger());
    // A folder that is not there is no difference: nothing can be said.
    Archive::open(&at.archive, &at.s3, false).await?;
    let mut result = compare(at).await;
    for _ in 0..LOOKS_AGAIN {
        match &result {
            // Another process may have merged files while we read: then the chain has grown and a new look shows the new ones.
            Err(error) if output::names_a_missing_file(error) => result = compare(at).await,
            _ => break,
        }
    }
    if let Some(error) = result.as_ref().err().filter(|error| output::ledger_is_away(error)) {
        anyhow::bail!("nothing can be said: {error:#}");
    }
    if json {
        let difference = result.as_ref().err().map(|error| format!("{error:#}"));
        output::json(&json!({"verified": result.is_ok(), "difference": difference, "compared": result.as_ref().ok()}))?;
    } else {
        match &result {
            Ok(compared) => output::text(&report(compared))?,
            Err(error) => output::text(&format!("NOT VERIFIED, the first difference is:\n  {error:#}"))?,
        }
    }
    Ok(if result.is_ok() { Answer::Yes } else { Answer::No })
}

/// Compares all there is; the first difference is the error.
pub async fn compare(at: &Place) -> anyhow::Result<Compared> {
    let mut books = Books::open(at).await?;
    let mut compared = Compared::default();
    ledger::manifests(&books, &mut compared).await?;
    compare_rows(&books, &mut compared).await?;
    batches::compare(&mut books, &mut compared).await?;
    result_lines::compare(&mut books, &mut compared).await?;
    drafts::compare(&mut books, &mut compared).await?;
    seals::compare(&mut books, &mut compared).await?;
    Ok(compared)
}

/// Compares the rows of the ledger with its chain of manifests, without the evidence.
pub async fn compare_rows(books: &Books, compared: &mut Compared) -> anyhow::Result<()> {
    ledger::registry(books, compared).await?;
    ledger::positions(books).await?;
    ledger::numbers(books).await?;
    ledger::dead_letters(books, compared).await?;
    ledger::batch_totals(books).await?;
    ledger::actors(books).await?;
    courses::judged(&books.catalog)?;
    ledger::cycles(books).await?;
    drafts::rows(books).await?;
    journal::rows(books).await?;
    Ok(())
}

fn report(compared: &Compared) -> String {
    let Compared {
        manifests,
        files,
        registry_versions,
        batches,
        events,
        accruals,
        result_lines,
        dead_letters,
        drafts,
        seals,
        pending_copies,
    } = compared;
    let counts = match pending_copies {
        0 => "every identity counts once".to_owned(),
        some => format!("every identity counts once but for {some} copies that came after the last search"),
    };
    let mut said = vec![
        "Verified: recomputed from the archive alone, all is as the ledger says, to the unit.".to_owned(),
        format!("  {manifests} manifests form an unbroken chain, and their copies in the archive are the same"),
        format!("  {files} files have the SHA-256 that their manifests name; {registry_versions} registry versions are readable"),
        format!("  {events} events in {batches} batches give the same {accruals} accruals, and {counts}"),
        format!("  {result_lines} result lines sum to the accruals; {dead_letters} dead letters are as they came"),
        format!("  {drafts} final drafts come out the same when made again, and so do the roots of {seals} sealed cycles"),
    ];
    if *pending_copies > 0 {
        said.push("Copies are reversed before a cycle closes, or now with: farthing archive reverse-copies".to_owned());
    }
    said.join("\n")
}
