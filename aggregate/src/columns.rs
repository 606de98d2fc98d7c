//! Typed columns: building and reading the Arrow arrays that the tables are made of.

use crate::numbered::NumberedTexts;
use arrow_array::builder::{Int32Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow_schema::ArrowError;
use farthing_schemas::{Instant, Money};
use std::sync::Arc;

/// An archived file does not hold what its table's schema says.
#[derive(Debug, thiserror::Error)]
pub enum ColumnError {
    /// A column is missing or of another type.
    #[error("column {0} is missing or of another type than the schema says")]
    Unexpected(String),
    /// A value that no writer of Farthing writes.
    #[error("column {column}: {value:?} cannot stand there")]
    Value {
        /// Which column.
        column: &'static str,
        /// What stands there.
        value: String,
    },
    /// Arrow refused the arrays.
    #[error("the columns do not make a batch")]
    Arrow(#[from] ArrowError),
}

/// Builds a dictionary column of few distinct words.
#[derive(Default)]
pub struct WordColumn {
    keys: Int32Builder,
    words: NumberedTexts,
}

impl WordColumn {
    /// Appends a word.
    pub fn push(&mut self, word: &str) {
        self.push_run(word, 1);
    }

    /// Appends the same word several times.
    pub fn push_run(&mut self, word: &str, times: usize) {
        let key = i32::try_from(self.words.number_of(word)).expect("a column holds fewer than 2^31 words");
        self.keys.append_value_n(key, times);
    }

    /// Appends a word or nothing.
    pub fn push_option(&mut self, word: Option<&str>) {
        match word {
            Some(word) => self.push(word),
            None => self.keys.append_null(),
        }
    }

    /// The column; starts over.
    pub fn finish(&mut self) -> ArrayRef {
        let keys = self.keys.finish();
        // What is built next has about as many.
        self.keys = Int32Builder::with_capacity(keys.len());
        Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(self.words.finish())))
    }
}

/// A money column.
#[must_use]
pub fn money_column(amounts: impl Iterator<Item = Money>) -> ArrayRef {
    let units = Decimal128Array::from_iter_values(amounts.map(Money::units));
    Arc::new(units.with_data_type(farthing_schemas::tables::decimal()))
}

/// Builds a column of text that often has none at all: it costs a count until there is one.
#[derive(Debug, Default)]
pub struct RareText {
    nulls: usize,
    texts: Option<StringBuilder>,
}

impl RareText {
    /// Appends a text or nothing.
    pub fn push(&mut self, text: Option<&str>) {
        match (&mut self.texts, text) {
            (Some(texts), text) => texts.append_option(text),
            (None, None) => self.nulls += 1,
            (None, Some(text)) => {
                let mut texts = StringBuilder::new();
                texts.append_nulls(self.nulls);
                texts.append_value(text);
                self.texts = Some(texts);
            }
        }
    }

    /// Appends the texts of several rows, which often are none at all.
    pub fn push_all<'t>(&mut self, texts: impl ExactSizeIterator<Item = Option<&'t str>> + Clone) {
        if self.texts.is_none() && texts.clone().all(|text| text.is_none()) {
            self.nulls += texts.len();
        } else {
            texts.for_each(|text| self.push(text));
        }
    }

    /// The column; starts over.
    pub fn finish(&mut self) -> ArrayRef {
        let nulls = std::mem::take(&mut self.nulls);
        Arc::new(self.texts.take().map_or_else(|| StringArray::new_null(nulls), |mut texts| texts.finish()))
    }
}

/// A column of texts, numbered or not, read.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// The place of each row's word, if they are numbered.
    keys: Option<&'a Int32Array>,
    words: &'a StringArray,
}

impl<'a> Words<'a> {
    /// The word of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&'a str> {
        let Some(keys) = self.keys else { return text_at(self.words, row) };
        if keys.is_null(row) {
            return None;
        }
        usize::try_from(keys.value(row)).ok().map(|key| self.words.value(key))
    }

    /// The word of a row of a column without nulls.
    #[must_use]
    pub fn at(&self, row: usize) -> &'a str {
        self.get(row).unwrap_or_default()
    }

    fn of(array: &'a ArrayRef) -> Option<Words<'a>> {
        if let Some(words) = array.as_string_opt() {
            return Some(Words { keys: None, words });
        }
        let dictionary = array.as_dictionary_opt::<Int32Type>()?;
        Some(Words { keys: Some(dictionary.keys()), words: dictionary.values().as_string_opt()? })
    }
}

/// The columns of a batch by name.
#[derive(Clone, Copy)]
pub struct Columns<'a>(pub &'a RecordBatch);

impl<'a> Columns<'a> {
    fn get<T>(&self, name: &str, cast: impl FnOnce(&'a ArrayRef) -> Option<T>) -> Result<T, ColumnError> {
        let column = self.0.column_by_name(name);
        column.and_then(cast).ok_or_else(|| ColumnError::Unexpected(name.to_owned()))
    }

    /// A column of texts, numbered or not.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`], as for all columns here.
    pub fn words(&self, name: &str) -> Result<Words<'a>, ColumnError> {
        self.get(name, Words::of)
    }

    /// A column of text.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`]
    pub fn text(&self, name: &str) -> Result<&'a StringArray, ColumnError> {
        self.get(name, |array| array.as_string_opt())
    }

    /// A column of whole numbers.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`]
    pub fn whole(&self, name: &str) -> Result<&'a Int64Array, ColumnError> {
        self.get(name, |array| array.as_primitive_opt::<Int64Type>())
    }

    /// A column of yes and no.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`]
    pub fn flags(&self, name: &str) -> Result<&'a BooleanArray, ColumnError> {
        self.get(name, |array| array.as_boolean_opt())
    }

    /// A column of money or weights.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`]
    pub fn decimals(&self, name: &str) -> Result<&'a Decimal128Array, ColumnError> {
        self.get(name, |array| array.as_primitive_opt::<Decimal128Type>())
    }

    /// A column of times.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`]
    pub fn times(&self, name: &str) -> Result<&'a TimestampMicrosecondArray, ColumnError> {
        self.get(name, |array| array.as_primitive_opt::<TimestampMicrosecondType>())
    }

    /// A column of digests.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`]
    pub fn digests(&self, name: &str) -> Result<&'a FixedSizeBinaryArray, ColumnError> {
        self.get(name, |array| array.as_fixed_size_binary_opt().filter(|digests| digests.value_length() == 16))
    }

    /// A column of lists of texts.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`]
    pub fn texts(&self, name: &str) -> Result<&'a ListArray, ColumnError> {
        self.get(name, |array| array.as_list_opt::<i32>().filter(|list| list.values().as_string_opt::<i32>().is_some()))
    }

    /// A column of lists of structs, and the structs.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`]
    pub fn lists(&self, name: &str) -> Result<(&'a ListArray, &'a StructArray), ColumnError> {
        self.get(name, |array| {
            let list = array.as_list_opt::<i32>()?;
            Some((list, list.values().as_struct_opt()?))
        })
    }
}

/// The words of a struct's field.
pub(crate) fn field_words<'a>(fields: &'a StructArray, name: &str) -> Result<Words<'a>, ColumnError> {
    fields.column_by_name(name).and_then(Words::of).ok_or_else(|| ColumnError::Unexpected(name.to_owned()))
}

/// The text of a struct's field.
pub(crate) fn field_text<'a>(fields: &'a StructArray, name: &str) -> Result<&'a StringArray, ColumnError> {
    fields.column_by_name(name).and_then(|array| array.as_string_opt()).ok_or_else(|| ColumnError::Unexpected(name.to_owned()))
}

/// Text of a nullable row.
pub(crate) fn text_at(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// Time of a nullable row.
pub(crate) fn time_at(column: &TimestampMicrosecondArray, row: usize) -> Option<Instant> {
    column.is_valid(row).then(|| Instant::from_micros(column.value(row)))
}

/// Parses a word of a closed set.
pub(crate) fn parsed<T: std::str::FromStr>(column: &'static str, word: &str) -> Result<T, ColumnError> {
    word.parse().map_err(|_| ColumnError::Value { column, value: word.to_owned() })
}
