//! A document as comma-separated values: one row per row of its lists and per value, each with all that names the document.

use super::{Content, Document, Value};
use crate::error::SettleError;
use crate::values::values;

impl Document {
    /// The text: the facts of the document, then `line`, which is the part or the value that the row is of, the columns of all lists, and
    /// `value` for what stands in no list.
    ///
    /// # Errors
    /// None, unless memory is at its end: it is written into it.
    pub fn csv(&self) -> Result<String, SettleError> {
        let mut columns: Vec<&'static str> = Vec::new();
        for (name, _) in self.parts.iter().flat_map(|part| part.content.columns()) {
            if !columns.contains(name) {
                columns.push(name);
            }
        }
        let named: Vec<&str> = self.facts.iter().map(|fact| fact.key).collect();
        let head: Vec<&str> = named.iter().chain(&["line"]).chain(&columns).chain(&["value"]).copied().collect();
        let same: Vec<String> = self.facts.iter().map(|fact| fact.value.plain()).collect();
        let mut rows: Vec<Vec<String>> = Vec::new();
        for part in &self.parts {
            match &part.content {
                Content::Facts(facts) => rows.extend(facts.iter().map(|fact| {
                    let empty = vec![String::new(); columns.len()];
                    [same.clone(), vec![fact.key.to_owned()], empty, vec![fact.value.plain()]].concat()
                })),
                Content::List(list) => rows.extend(list.rows.iter().map(|row| {
                    let value = |name: &&str| list.columns.iter().position(|(known, _)| known == name).and_then(|at| row.get(at));
                    let cells: Vec<String> = columns.iter().map(|name| value(name).map(Value::plain).unwrap_or_default()).collect();
                    [same.clone(), vec![part.key.to_owned()], cells, vec![String::new()]].concat()
                })),
            }
        }
        values(&head, rows.into_iter())
    }
}

impl Content {
    fn columns(&self) -> &[(&'static str, &'static str)] {
        match self {
            Content::Facts(_) => &[],
            Content::List(list) => &list.columns,
        }
    }
}
