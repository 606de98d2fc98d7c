//! Papers as one HTML file to be read and printed: no script, nothing from elsewhere, and well-formed as XML, too.

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

/// The file. The title is text, the body markup.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(title)
    )
}

/// Markup below a heading; nothing where there is none.
pub fn section(title: &str, content: &str) -> String {
    if content.is_empty() { String::new() } else { format!("<h2>{}</h2>\n{content}", escaped(title)) }
}

/// What stands in one place of a table, as markup.
pub enum Cell {
    /// Words, to the left.
    Word(String),
    /// A number, to the right.
    Number(String),
}

/// A table below a head.
pub fn table(head: &[Cell], rows: &str) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Word(name) => format!("<th>{name}</th>"),
        Cell::Number(name) => format!("<th class=\"n\">{name}</th>"),
    };
    let head: String = head.iter().map(cell).collect();
    format!("<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

/// A row of a table.
pub fn row(kind: RowKind, cells: &[Cell]) -> String {
    let mut row = if kind == RowKind::Sum { "<tr class=\"sum\">".to_owned() } else { "<tr>".to_owned() };
    for cell in cells {
        row += &match cell {
            Cell::Word(word) => format!("<td>{word}</td>"),
            Cell::Number(number) => format!("<td class=\"n\">{number}</td>"),
        };
    }
    row + "</tr>\n"
}

/// Whether a row is a part, or what parts come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// It is added up.
    Part,
    /// What the parts above come to.
    Sum,
}

/// An id, which may be written in any direction and must not turn what stands beside it.
pub fn id(id: &str) -> String {
    format!("<bdi>{}</bdi>", escaped(id))
}

/// Text within an element or an attribute.
pub fn escaped(text: &str) -> String {
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
