//! [`Document`]: a paper as facts and lists, of which every form is made: so each form says the same.
//!
//! Nothing is computed here. Keys name things to programs, titles and labels to people.
//!
//! Modules in reading order: [`mod@text`], [`html`], [`csv`], [`json`].

pub mod csv;
pub mod html;
pub mod json;
pub mod text;

use crate::report::percent;
use crate::report::table::readable;
use farthing_schemas::Money;
use farthing_schemas::split::mul_div_floor;

/// A paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is, to programs.
    pub kind: &'static str,
    /// What it is, to people.
    pub title: String,
    /// What has to be known before all else, such as that it is a preview.
    pub notice: Option<String>,
    /// Whose it is and what for: they name every row of it.
    pub facts: Vec<Fact>,
    /// What it says.
    pub parts: Vec<Part>,
    /// What needs words.
    pub remarks: Vec<String>,
}

/// A part below a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name to programs.
    pub key: &'static str,
    /// Its name to people.
    pub title: String,
    /// What stands in it.
    pub content: Content,
}

/// What stands in a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// One value after the other, each with its name.
    Facts(Vec<Fact>),
    /// Rows of values.
    List(List),
}

/// A value with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name to programs.
    pub key: &'static str,
    /// Its name to people.
    pub label: String,
    /// The value.
    pub value: Value,
}

/// Rows with one value per column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The columns: the name to programs, the name to people.
    pub columns: Vec<(&'static str, &'static str)>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
    /// What the rows come to, for people alone: programs add up themselves. Shown below several rows.
    pub sum: Option<Vec<Value>>,
}

/// What stands in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// There is none.
    Nothing,
    /// Words.
    Text(String),
    /// An id, in which anything may stand.
    Id(String),
    /// Whether something is so.
    Flag(bool),
    /// How many.
    Count(i128),
    /// How much.
    Amount(Money),
    /// How much of a whole, cut and never rounded up; nothing where there is no whole.
    Share {
        /// The part.
        part: Money,
        /// The whole.
        whole: Money,
    },
}

impl Value {
    /// Words.
    pub fn text(text: impl ToString) -> Value {
        Value::Text(text.to_string())
    }

    /// How many.
    pub fn count(count: impl Into<i128>) -> Value {
        Value::Count(count.into())
    }

    /// How many of something there are.
    #[must_use]
    pub fn how_many(count: usize) -> Value {
        Value::Count(i128::try_from(count).unwrap_or(i128::MAX))
    }

    /// An id.
    pub fn id(id: &str) -> Value {
        Value::Id(id.to_owned())
    }

    /// Words, or nothing.
    pub fn or_nothing(text: Option<impl ToString>) -> Value {
        text.map_or(Value::Nothing, Value::text)
    }

    /// As people read it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Value::Nothing => String::new(),
            Value::Text(text) | Value::Id(text) => text.clone(),
            Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Value::Count(count) => count.to_string(),
            Value::Amount(amount) => readable(*amount),
            Value::Share { part, whole } => percent(*part, *whole).unwrap_or_else(|| "-".to_owned()),
        }
    }

    /// As programs read it: amounts with 12 digits, shares as decimals with 8.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Value::Flag(flag) => flag.to_string(),
            Value::Amount(amount) => amount.to_string(),
            Value::Share { part, whole } => share(*part, *whole).unwrap_or_default(),
            Value::Nothing | Value::Text(_) | Value::Id(_) | Value::Count(_) => self.shown(),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Value::Count(_) | Value::Amount(_) | Value::Share { .. })
    }
}

/// A share as a decimal, cut after eight digits; none where there is no whole.
fn share(part: Money, whole: Money) -> Option<String> {
    const ONE: i128 = 100_000_000;
    if whole <= Money::ZERO {
        return None;
    }
    let size = mul_div_floor(part.units(), ONE, whole.units()).ok()?;
    let sign = if size < 0 { "-" } else { "" };
    let size = size.unsigned_abs();
    Some(format!("{sign}{}.{:08}", size / ONE.unsigned_abs(), size % ONE.unsigned_abs()))
}

impl Fact {
    /// A value with its names.
    pub fn new(key: &'static str, label: impl Into<String>, value: Value) -> Fact {
        Fact { key, label: label.into(), value }
    }
}

impl Part {
    /// Values with their names.
    pub fn facts(key: &'static str, title: impl Into<String>, facts: Vec<Fact>) -> Part {
        Part { key, title: title.into(), content: Content::Facts(facts) }
    }

    /// Rows of values.
    pub fn list(key: &'static str, title: impl Into<String>, list: List) -> Part {
        Part { key, title: title.into(), content: Content::List(list) }
    }
}

impl List {
    /// No rows yet.
    #[must_use]
    pub fn new(columns: &[(&'static str, &'static str)]) -> List {
        List { columns: columns.to_vec(), ..List::default() }
    }

    /// The sum, where it says something: below several rows.
    fn sum_shown(&self) -> Option<&Vec<Value>> {
        self.sum.as_ref().filter(|_| self.rows.len() > 1)
    }

    /// Whether a column is one of numbers.
    fn is_of_numbers(&self, column: usize) -> bool {
        let values = || self.rows.iter().filter_map(|row| row.get(column)).filter(|value| **value != Value::Nothing);
        values().next().is_some() && values().all(Value::is_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_cut_and_never_rounded_up() {
        let check = |part: i128, whole: i128, plain: &str, shown: &str| {
            let value = Value::Share { part: Money::from_units(part), whole: Money::from_units(whole) };
            assert_eq!((value.plain().as_str(), value.shown().as_str()), (plain, shown));
        };
        check(699_999_999_999, 1_000_000_000_000, "0.69999999", "69.999999 %");
        check(7, 10, "0.70000000", "70.000000 %");
        check(3, 2, "1.50000000", "150.000000 %");
        check(-1, 4, "-0.25000000", "-25.000000 %");
        check(1, 0, "", "-");
    }
}
