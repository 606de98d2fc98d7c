//! A document as JSON: compact, in the order of its parts; amounts and shares are decimals in strings.

use super::{Content, Document, Fact, List, Value};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// The version of the form.
const VERSION: u8 = 1;

impl Document {
    /// The text, on one line without its end.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and lists of them always have a JSON text")
    }
}

/// The version under `farthing_KIND`, the facts, then each part under its key.
impl Serialize for Document {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(None)?;
        map.serialize_entry(&format!("farthing_{}", self.kind), &VERSION)?;
        for fact in &self.facts {
            map.serialize_entry(fact.key, &fact.value)?;
        }
        for part in &self.parts {
            match &part.content {
                Content::Facts(facts) => map.serialize_entry(part.key, &Facts(facts))?,
                Content::List(list) => map.serialize_entry(part.key, list)?,
            }
        }
        map.end()
    }
}

struct Facts<'a>(&'a [Fact]);

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|fact| map.serialize_entry(fact.key, &fact.value))?;
        map.end()
    }
}

impl Serialize for List {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut list = out.serialize_seq(Some(self.rows.len()))?;
        self.rows.iter().try_for_each(|values| list.serialize_element(&Row { columns: &self.columns, values }))?;
        list.end()
    }
}

struct Row<'a> {
    columns: &'a [(&'static str, &'static str)],
    values: &'a [Value],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(self.columns.len()))?;
        for ((key, _), value) in self.columns.iter().zip(self.values) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Flag(flag) => out.serialize_bool(*flag),
            Value::Count(count) => out.serialize_i128(*count),
            Value::Text(text) | Value::Id(text) => out.serialize_str(text),
            value => match value.plain() {
                nothing if nothing.is_empty() => out.serialize_none(),
                decimal => out.serialize_str(&decimal),
            },
        }
    }
}
