//! The papers: one that is printed, or those of all parties as files in a new folder.

use crate::books::Books;
use crate::cli::StatementFormat;
use crate::commands::settle::{Settlement, settlement_of};
use crate::output::{self, Answer};
use crate::place::Place;
use crate::progress;
use crate::statements::{self, Prover, Seal, Source, Whose};
use anyhow::{Context, bail, ensure};
use farthing_schemas::manifest::sha256_hex;
use farthing_schemas::{Currency, Cycle};
use farthing_settle::proof::Digest;
use farthing_settle::statement::Statement;
use farthing_settle::statement::gather::Statements;
use farthing_settle::statement::{csv, html, text};
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Bytes of a file's name that come from the party; file systems end at 255.
const NAME_BYTES_MAX: usize = 180;

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
    say_what_it_is(&source, prover.as_ref().map(|prover| prover.root));
    output::bytes(form(&statements, prover.as_ref(), wanted.format, place)?.as_bytes())?;
    Ok(Answer::Yes)
}

/// Writes the statements of all parties.
pub async fn all(at: &Place, wanted: &Wanted<'_>, out: &Path, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let (of, source, seals) = open(&mut books, wanted).await?;
    let statements = statements::gather(&mut books, &source, Whose::Everybodys).await?;
    let prover = seals.map(|seals| Prover::of(&statements, of.cycle, &seals)).transpose()?;
    new_folder(out)?;
    let bar = progress::counting(statements.len(), "statements written");
    for place in 0..statements.len() {
        let path = out.join(file_name(&source.draft.lines[place].party, wanted.format));
        let written = form(&statements, prover.as_ref(), wanted.format, place)?;
        let file = File::create_new(&path).and_then(|mut file| file.write_all(written.as_bytes()));
        file.with_context(|| format!("{} cannot be written", path.display()))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let root = prover.as_ref().map(|prover| prover.root);
    say_what_it_is(&source, root);
    let count = statements.len();
    if json {
        let root = root.map(|root| root.to_string());
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
    let source = statements::source(books, &of).await?;
    Ok((of, source, seals))
}

/// On standard error: the papers themselves say it where they have words.
fn say_what_it_is(source: &Source, root: Option<Digest>) {
    if source.draft.preview {
        output::note("The cycle is open: this is a preview, which can still change and cannot be proven.");
    }
    if let Some(root) = root {
        output::note(&format!("Proven in the root {root}, which is not sealed yet."));
    }
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

/// Statements of two drafts in one folder would be taken for one: it has to be empty.
fn new_folder(out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
    let mut entries = std::fs::read_dir(out).with_context(|| format!("the folder {} cannot be read", out.display()))?;
    ensure!(entries.next().is_none(), "--out {}: there is something in it already; name a new folder", out.display());
    Ok(())
}

/// A party's id as a file's name: what could mean something to a file system is written as `%` and two hex digits, and a long id ends with
/// its own hash. No two ids have one name.
fn file_name(party: &str, format: StatementFormat) -> String {
    let plain = |at: usize, byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && at > 0);
    let written = |(at, byte): (usize, u8)| if plain(at, byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let mut name: String = party.bytes().enumerate().map(written).collect();
    if name.len() > NAME_BYTES_MAX {
        name.truncate(NAME_BYTES_MAX);
        name += &format!("~{}", &sha256_hex(party.as_bytes())[..32]);
    }
    let extension = match format {
        StatementFormat::Text => "txt",
        StatementFormat::Html => "html",
        StatementFormat::Json => "json",
        StatementFormat::Csv => "csv",
        StatementFormat::Proof => "proof.json",
    };
    format!("{name}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_have_names_of_their_own_that_stay_in_the_folder() {
        let check = |party: &str, expected: &str| assert_eq!(file_name(party, StatementFormat::Text), expected);
        check("pty_ana-1.b", "pty_ana-1.b.txt");
        check("../etc/x", "%2E.%2Fetc%2Fx.txt");
        check("..", "%2E..txt");
        check("a%2Fb", "a%252Fb.txt");
        check("é", "%C3%A9.txt");
        let long: Vec<String> = ["a", "b"].into_iter().map(|end| format!("{}{end}", "é".repeat(120))).collect();
        let names: BTreeSet<String> = long.iter().map(|party| file_name(party, StatementFormat::Proof)).collect();
        assert!(names.len() == 2 && names.iter().all(|name| name.len() <= 255), "{names:?}");
    }
}
