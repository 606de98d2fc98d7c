//! A document as one HTML file to be read and printed.

use super::{Content, Document, Fact, List, Value};
use crate::page::{Cell, RowKind, escaped, id, page, row, section, table};

impl Document {
    /// The file.
    #[must_use]
    pub fn html(&self) -> String {
        let mut body = format!("<h1>{}</h1>\n", escaped(&self.title));
        body += &self.notice.iter().map(|notice| format!("<p class=\"preview\">{}</p>\n", escaped(notice))).collect::<String>();
        body += &facts(&self.facts);
        for part in &self.parts {
            let content = match &part.content {
                Content::Facts(values) => facts(values),
                Content::List(list) => rows(list),
            };
            body += &section(&part.title, &content);
        }
        body += &self.remarks.iter().map(|remark| format!("<p>{}</p>\n", escaped(remark))).collect::<String>();
        page(&self.title, &body)
    }
}

fn facts(facts: &[Fact]) -> String {
    let shown = facts.iter().filter(|fact| fact.value != Value::Nothing);
    let rows: String = shown.map(|fact| row(RowKind::Part, &[Cell::Word(escaped(&fact.label)), cell(&fact.value)])).collect();
    if rows.is_empty() { rows } else { format!("<table>\n<tbody>\n{rows}</tbody>\n</table>\n") }
}

fn rows(list: &List) -> String {
    if list.rows.is_empty() {
        return String::new();
    }
    let head = |(at, (_, label)): (usize, &(&str, &str))| {
        let label = escaped(label);
        if list.is_of_numbers(at) { Cell::Number(label) } else { Cell::Word(label) }
    };
    let head: Vec<Cell> = list.columns.iter().enumerate().map(head).collect();
    let of = |kind: RowKind, values: &Vec<Value>| row(kind, &values.iter().map(cell).collect::<Vec<_>>());
    let parts: String = list.rows.iter().map(|values| of(RowKind::Part, values)).collect();
    let sum: String = list.sum_shown().map(|values| of(RowKind::Sum, values)).unwrap_or_default();
    table(&head, &(parts + &sum))
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Id(name) => Cell::Word(id(name)),
        value if value.is_number() => Cell::Number(value.shown()),
        value => Cell::Word(escaped(&value.shown())),
    }
}
