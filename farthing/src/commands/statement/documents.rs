//! The papers: one that is printed, or those of all parties as files in a new folder.

use crate::books::Books;
use crate::cli::StatementFormat;
use crate::commands::settle::{Settlement, settlement_of};
use crate::commands::verify::seals;
use crate::drafted::{self, Source, Whose};
use crate::output::{self, Answer};
use crate::papers;
use crate::place::Place;
use crate::progress;
use crate::statements::{self, Prover, Seal};
use anyhow::{Context, bail, ensure};
use farthing_schemas::{Currency, Cycle};
use farthing_settle::Draft;
use farthing_settle::statement::Statement;
use farthing_settle::statement::gather::Statements;
use farthing_settle::statement::{csv, html, text};
use serde_json::json;
use std::path::Path;

/// Whose cycle, and in which form.
pub struct Wanted<'a> {
    pub mid: &'a str,
    pub cycle: Cycle,
    pub currency: Option<Currency>,
    pub format: StatementFormat,
    /// The cycle in whose root it is to be proven.
    pub through: Cycle,
}

/// Prints one party's statement.
pub async fn one(at: &Place, wanted: &Wanted<'_>, party: &str) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let (of, source, seals) = open(&mut books, wanted).await?;
    // A proof hangs on all statements.
    let whose = if seals.is_some() { Whose::Everybodys } else { Whose::One(party) };
    let statements = statements::gather(&mut books, &source, whose).await?;
    let Some(place) = statements.position(party) else {
        bail!("{party} has no statement from {} for {} in {}: it has no line in the draft", of.mid, of.cycle, of.currency);
    };
    let prover = seals.map(|seals| Prover::of(&statements, of.cycle, &seals)).transpose()?;
    say_what_it_is(&books, wanted, &source, prover.as_ref())?;
    output::bytes(form(&statements, prover.as_ref(), wanted.format, place)?.as_bytes())?;
    Ok(Answer::Yes)
}

/// Writes the statements of all parties.
pub async fn all(at: &Place, wanted: &Wanted<'_>, out: &Path, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let (of, source, seals) = open(&mut books, wanted).await?;
    let statements = statements::gather(&mut books, &source, Whose::Everybodys).await?;
    let prover = seals.map(|seals| Prover::of(&statements, of.cycle, &seals)).transpose()?;
    papers::new_folder(out)?;
    let bar = progress::counting(statements.len(), "statements written");
    for place in 0..statements.len() {
        let path = out.join(file_name(&source.draft.lines[place].party, wanted.format));
        let written = form(&statements, prover.as_ref(), wanted.format, place)?;
        papers::write_new(&path, written.as_bytes())?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    say_what_it_is(&books, wanted, &source, prover.as_ref())?;
    let count = statements.len();
    if json {
        let root = prover.as_ref().map(|prover| prover.root.to_string());
        output::json(&json!({"statements": count, "preview": source.draft.preview, "root": root}))?;
    } else {
        let of = format!("{} in {} for {}", of.mid, of.currency, of.cycle);
        output::text(&format!("{count} statements of {of} are in {}", out.display()))?;
    }
    Ok(Answer::Yes)
}

/// The draft, and for proofs the seals up to the one whose root is asked for.
async fn open(books: &mut Books, wanted: &Wanted<'_>) -> anyhow::Result<(Settlement, Source, Option<Vec<Seal>>)> {
    let of = settlement_of(&*books.registry_now().await?, wanted.mid, wanted.currency, wanted.cycle)?;
    let proven = wanted.format == StatementFormat::Proof;
    ensure!(wanted.through >= of.cycle, "--through {}: a cycle is in its own root and in later ones, not in earlier ones", wanted.through);
    let seals = match proven {
        false => None,
        true => Some(statements::seals(books, &Settlement { cycle: wanted.through, ..of.clone() }).await?),
    };
    let source = drafted::source(books, &of).await?;
    Ok((of, source, seals))
}

/// On standard error: the papers themselves say it where they have words.
fn say_what_it_is(books: &Books, wanted: &Wanted<'_>, source: &Source, prover: Option<&Prover<'_>>) -> anyhow::Result<()> {
    if source.draft.preview {
        output::note("The cycle is open: this is a preview, which can still change and cannot be proven.");
    }
    if let Some(root) = prover.map(|prover| prover.root) {
        let Draft { mid, currency, .. } = &source.draft;
        let of = Settlement { mid: mid.clone(), currency: *currency, cycle: wanted.through };
        let state = if seals::is_sealed_with(books, &of, &root)? { "sealed" } else { "not sealed yet" };
        output::note(&format!("Proven in the root {root}, which is {state}."));
    }
    Ok(())
}

fn form(statements: &Statements<'_>, prover: Option<&Prover<'_>>, format: StatementFormat, place: usize) -> anyhow::Result<String> {
    if let Some(prover) = prover {
        return Ok(prover.proof(place)?.to_json() + "\n");
    }
    let statement: Statement = statements.statement(place)?.context("each line of a draft has a statement")?;
    Ok(match format {
        StatementFormat::Text => text::text(&statement)?,
        StatementFormat::Html => html::html(&statement)?,
        StatementFormat::Csv => csv::csv(&statement)?,
        StatementFormat::Json | StatementFormat::Proof => statement.to_json() + "\n",
    })
}

/// Its file in a folder of many.
fn file_name(party: &str, format: StatementFormat) -> String {
    let extension = match format {
        StatementFormat::Text => "txt",
        StatementFormat::Html => "html",
        StatementFormat::Json => "json",
        StatementFormat::Csv => "csv",
        StatementFormat::Proof => "proof.json",
    };
    papers::file_name(party, extension)
}
