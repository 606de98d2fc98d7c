//! A statement as one HTML file to be read and printed.

use super::account::{EntryKind, account, how_to_check, percent, period, remarks, summed};
use super::{Inherited, Statement, UndoneUse, UseLine};
use crate::error::SettleError;
use crate::page::{Cell, RowKind, escaped, id, page, row, section, table};
use crate::report::table::readable;
use farthing_schemas::Money;

/// The file.
///
/// # Errors
/// A sum that does not fit.
pub fn html(statement: &Statement) -> Result<String, SettleError> {
    let Statement { party, mid, currency, cycle, .. } = statement;
    let title = format!("Statement of {party} for {cycle}");
    let mut body = format!("<h1>Statement of {}</h1>\n<p>from {} for {cycle}, in {currency}</p>\n", id(party), id(mid));
    body += &format!("<p>{}</p>\n", escaped(&period(statement)));
    if statement.preview {
        body += "<p class=\"preview\">PREVIEW: the cycle is open, so all of this can still change, and none of it can be proven</p>\n";
    }
    body += &section("What was used, by whom, and what it earned", &uses(&statement.uses)?);
    body += &section("Undone of closed cycles, on their terms", &undone(&statement.undone));
    body += &section("Inherited from parties that have died", &inherited(&statement.inherited));
    body += &section("Passed on to heirs, since the party has died", &inherited(&statement.passed_on));
    body += &section(&format!("What became of it, in {currency}"), &became(statement)?);
    body += &remarks(statement)?.iter().map(|remark| format!("<p>{}</p>\n", escaped(remark))).collect::<String>();
    body += &section("Left out of this cycle, to be settled in a later one; in none of the figures above", &uses(&statement.left_out)?);
    let steps: String = how_to_check(statement).iter().map(|line| format!("<p>{}</p>\n", escaped(line))).collect();
    body += &section("How to check this statement", &steps);
    Ok(page(&title, &body))
}

fn uses(lines: &[UseLine]) -> Result<String, SettleError> {
    if lines.is_empty() {
        return Ok(String::new());
    }
    let mut rows = String::new();
    for line in lines {
        let words = [id(&line.platform), line.use_.to_string(), id(&line.agreement)];
        rows += &line_row(RowKind::Part, words, line.events, &[line.gross, line.labour]);
    }
    if lines.len() > 1 {
        let (events, gross, labour) = summed(lines.iter())?;
        rows += &line_row(RowKind::Sum, ["all".to_owned(), String::new(), String::new()], events, &[gross, labour]);
    }
    Ok(table(&head(["platform", "use", "agreement"], &["events", "gross", "labour"]), &rows))
}

fn undone(lines: &[UndoneUse]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    for line in lines {
        let words = [line.cycle.to_string(), id(&line.platform), id(&line.agreement)];
        rows += &line_row(RowKind::Part, words, line.events, &[line.gross, line.labour, line.fee, line.net]);
    }
    table(&head(["cycle", "platform", "agreement"], &["events", "gross", "labour", "fee", "net"]), &rows)
}

fn inherited(lines: &[Inherited]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let cells = |line: &Inherited| [Cell::Word(id(&line.party)), Cell::Word(percent(line.share)), Cell::Number(readable(line.amount))];
    let rows: String = lines.iter().map(|line| row(RowKind::Part, &cells(line))).collect();
    let word = |name: &str| Cell::Word(name.to_owned());
    table(&[word("party"), word("share"), Cell::Number("amount".to_owned())], &rows)
}

fn became(statement: &Statement) -> Result<String, SettleError> {
    let mut rows = String::new();
    for entry in account(statement)? {
        let kind = if entry.kind == EntryKind::Outcome { RowKind::Sum } else { RowKind::Part };
        rows += &row(kind, &[Cell::Word(escaped(&entry.label)), Cell::Number(readable(entry.amount))]);
    }
    Ok(format!("<table>\n<tbody>\n{rows}</tbody>\n</table>\n"))
}

fn head(words: [&str; 3], numbers: &[&str]) -> Vec<Cell> {
    let numbers = numbers.iter().map(|name| Cell::Number((*name).to_owned()));
    words.map(|name| Cell::Word(name.to_owned())).into_iter().chain(numbers).collect()
}

/// Words are markup already.
fn line_row(kind: RowKind, words: [String; 3], events: i64, amounts: &[Money]) -> String {
    let numbers = std::iter::once(events.to_string()).chain(amounts.iter().map(|amount| readable(*amount)));
    row(kind, &words.map(Cell::Word).into_iter().chain(numbers.map(Cell::Number)).collect::<Vec<_>>())
}
