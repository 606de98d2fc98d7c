//! What a command says and how it ends.

use crate::check::Broken;
use crate::telemetry::{self, Event};
use farthing_archive::ArchiveError;
use farthing_ledger::LedgerError;
use std::io::Write;
use std::process::ExitCode;

/// The answer of a command that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is so, or it is done.
    Yes,
    /// It is not so: a rule is broken, a verification failed.
    No,
}

/// Says why a command could not do its work: each cause once, outermost first.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    let mut said = error.to_string();
    note(&format!("farthing: {said}"));
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Some libraries repeat their cause in their own words.
        if !said.contains(&cause) {
            note(&format!("  because: {cause}"));
            said = cause;
        }
    }
    // Books in which something does not hold are an answer, and no wrong use.
    ExitCode::from(if error.chain().any(|cause| cause.is::<Broken>()) { 1 } else { 2 })
}

/// Whether the cause is a file that is not in the archive.
pub fn names_a_missing_file(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(ArchiveError::Missing(_))))
}

/// Whether the ledger is the cause.
pub fn comes_from_the_ledger(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<LedgerError>().is_some())
}

/// Whether the cause is that the ledger's database cannot be asked now.
pub fn ledger_is_away(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(LedgerError::Unavailable(_))))
}

/// Says something on standard error, and to those who watch.
pub fn note(text: &str) {
    say(text);
    telemetry::tell(Event::Said(text));
}

/// Says something on standard error; one that is full or closed changes nothing of what was done.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints one JSON document on standard output.
pub fn json(document: &impl serde::Serialize) -> anyhow::Result<()> {
    text(&serde_json::to_string(document)?)
}

/// Prints text and a line end on standard output; a reader that left early is no failure.
pub fn text(text: &str) -> anyhow::Result<()> {
    bytes(format!("{}\n", text.trim_end_matches('\n')).as_bytes())
}

/// Prints bytes on standard output; a reader that left early is no failure.
pub fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Texts of others on a terminal: what would move its cursor or begin a line is shown as a sign.
pub fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{FFFD}")
}

/// A table for people: columns as wide as their widest cell, the first `left` ones to the left, the others to the right.
pub fn table(head: &[&str], rows: &[Vec<String>], left: usize) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().enumerate().map(|(column, cell)| {
            let space = " ".repeat(widths[column] - cell.chars().count());
            if column < left { format!("{cell}{space}") } else { format!("{space}{cell}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head: Vec<String> = head.iter().map(|&name| name.to_owned()).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|row| line(row))).collect::<Vec<_>>().join("\n")
}
