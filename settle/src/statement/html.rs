//! A statement as one HTML file to be read and printed: no script, nothing from elsewhere, and well-formed as XML, too.

use super::account::{EntryKind, account, how_to_check, percent, period, remarks, summed};
use super::{Inherited, Statement, UndoneUse, UseLine};
use crate::error::SettleError;
use crate::report::table::readable;
use farthing_schemas::Money;
use std::fmt::Write;

/// Nothing may be loaded, whatever stands in the file.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "\
@page { margin: 18mm 16mm; }
body { font: 10.5pt/1.45 system-ui, sans-serif; color: #1a1a1a; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 1.8rem 0 0.4rem; break-after: avoid; }
p { margin: 0.3rem 0; overflow-wrap: anywhere; }
.preview { border: 2px solid #a33; padding: 0.4rem 0.8rem; font-weight: bold; }
table { border-collapse: collapse; width: 100%; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { text-align: left; padding: 0.2rem 0.6rem 0.2rem 0; vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; border-bottom: 1px solid #999; }
.n { text-align: right; padding-right: 0; padding-left: 0.6rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.sum td { border-top: 1px solid #999; font-weight: 600; }
code { font-size: 0.92em; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; padding: 0; } }
";

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
    Ok(format!(
        "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(&title)
    ))
}

fn section(title: &str, content: &str) -> String {
    if content.is_empty() { String::new() } else { format!("<h2>{}</h2>\n{content}", escaped(title)) }
}

fn uses(lines: &[UseLine]) -> Result<String, SettleError> {
    if lines.is_empty() {
        return Ok(String::new());
    }
    let mut rows = String::new();
    for line in lines {
        let words = [id(&line.platform), line.use_.to_string(), id(&line.agreement)];
        rows += &row("", &words, Some(line.events), &[line.gross, line.labour]);
    }
    if lines.len() > 1 {
        let (events, gross, labour) = summed(lines.iter())?;
        rows += &row(" class=\"sum\"", &["all".to_owned(), String::new(), String::new()], Some(events), &[gross, labour]);
    }
    Ok(table(&["platform", "use", "agreement"], &["events", "gross", "labour"], &rows))
}

fn undone(lines: &[UndoneUse]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    for line in lines {
        let words = [line.cycle.to_string(), id(&line.platform), id(&line.agreement)];
        rows += &row("", &words, Some(line.events), &[line.gross, line.labour, line.fee, line.net]);
    }
    table(&["cycle", "platform", "agreement"], &["events", "gross", "labour", "fee", "net"], &rows)
}

fn inherited(lines: &[Inherited]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let rows: String = lines.iter().map(|line| row("", &[id(&line.party), percent(line.share)], None, &[line.amount])).collect();
    table(&["party", "share"], &["amount"], &rows)
}

fn became(statement: &Statement) -> Result<String, SettleError> {
    let mut rows = String::new();
    for entry in account(statement)? {
        let class = if entry.kind == EntryKind::Outcome { " class=\"sum\"" } else { "" };
        rows += &row(class, &[escaped(&entry.label)], None, &[entry.amount]);
    }
    Ok(format!("<table>\n<tbody>\n{rows}</tbody>\n</table>\n"))
}

fn table(words: &[&str], numbers: &[&str], rows: &str) -> String {
    let head: String = words.iter().map(|name| format!("<th>{name}</th>")).collect();
    let numbers: String = numbers.iter().map(|name| format!("<th class=\"n\">{name}</th>")).collect();
    format!("<table>\n<thead><tr>{head}{numbers}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

/// Words are markup already.
fn row(class: &str, words: &[String], count: Option<i64>, amounts: &[Money]) -> String {
    let mut row = format!("<tr{class}>");
    words.iter().for_each(|word| row += &format!("<td>{word}</td>"));
    let numbers = count.map(|count| count.to_string()).into_iter().chain(amounts.iter().map(|amount| readable(*amount)));
    numbers.for_each(|number| row += &format!("<td class=\"n\">{number}</td>"));
    row + "</tr>\n"
}

/// An id, which may be written in any direction and must not turn what stands beside it.
fn id(id: &str) -> String {
    format!("<bdi>{}</bdi>", escaped(id))
}

/// Text within an element or an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no form for these two, and ids may hold them.
            '\u{FFFE}' | '\u{FFFF}' => drop(write!(out, "(U+{:04X})", u32::from(character))),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_stands_in_an_id_is_markup() {
        assert_eq!(escaped("a<b>&\"'\u{FFFF}é"), "a&lt;b&gt;&amp;&quot;&#39;(U+FFFF)é");
        assert_eq!(id("<script>"), "<bdi>&lt;script&gt;</bdi>");
    }
}
