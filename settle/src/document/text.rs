//! A document as plain text.

use super::{Content, Document, Fact, List, Value};
use crate::report::table::{Cell, Table};

impl Document {
    /// The text, each line ended.
    #[must_use]
    pub fn text(&self) -> String {
        let mut heading = vec![self.title.clone()];
        heading.extend(self.notice.iter().map(|notice| format!("  {notice}")));
        heading.extend(facts(&self.facts));
        let titled = |title: &str, lines: Vec<String>| if lines.is_empty() { lines } else { [vec![title.to_owned()], lines].concat() };
        let parts = self.parts.iter().map(|part| {
            let lines = match &part.content {
                Content::Facts(values) => facts(values),
                Content::List(list) => table(list),
            };
            titled(&part.title, lines)
        });
        let paragraphs = std::iter::once(heading).chain(parts).chain([self.remarks.clone()]);
        let shown: Vec<String> = paragraphs.filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect();
        shown.join("\n\n") + "\n"
    }
}

/// One line each; those of which there is nothing are left out. Amounts stand below each other, else all is words.
fn facts(facts: &[Fact]) -> Vec<String> {
    let amounts = facts.iter().any(|fact| matches!(fact.value, Value::Amount(_)));
    let mut table = Table::new(&["", ""]);
    for fact in facts.iter().filter(|fact| fact.value != Value::Nothing) {
        let value = if amounts { cell(&fact.value) } else { Cell::Text(fact.value.shown()) };
        table.row(vec![Cell::text(&fact.label), value]);
    }
    table.lines().into_iter().skip(1).collect()
}

fn table(list: &List) -> Vec<String> {
    let heads: Vec<&'static str> = list.columns.iter().map(|(_, label)| *label).collect();
    let mut table = Table::new(&heads);
    for row in list.rows.iter().chain(list.sum_shown()) {
        table.row(row.iter().map(cell).collect());
    }
    table.lines()
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Amount(amount) => Cell::Amount(*amount),
        Value::Count(_) | Value::Share { .. } => Cell::Number(value.shown()),
        Value::Nothing | Value::Text(_) | Value::Id(_) | Value::Flag(_) => Cell::Text(value.shown()),
    }
}
