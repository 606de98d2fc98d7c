//! The values of a column chunk, as they stand in its pages.

use super::{column_error, hybrid};
use crate::write::DICTIONARY_BYTES;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type};
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::DataType;
use farthing_aggregate::numbered::Numbered;
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use std::ops::Range;

/// Bytes of a decimal of 38 digits.
const DECIMAL_BYTES: usize = 16;

/// Values that wait for the end of their page.
pub(super) enum Values {
    Words(Words),
    /// Encoded already: plain, the highest byte first.
    Decimals(Vec<u8>),
}

impl Values {
    /// For arrays of that type; nothing if they are not encoded here.
    pub(super) fn of(kind: &DataType) -> Option<Values> {
        match kind {
            DataType::Dictionary(key, word) if (&**key, &**word) == (&DataType::Int32, &DataType::Utf8) => {
                Some(Values::Words(Words::default()))
            }
            DataType::Decimal128(38, _) => Some(Values::Decimals(Vec::new())),
            _ => None,
        }
    }

    /// Takes the values in a range that are not null.
    pub(super) fn push(&mut self, array: &dyn Array, range: Range<usize>) -> Result<(), ParquetError> {
        match self {
            Values::Words(words) => words.push(array, range),
            Values::Decimals(bytes) => push_decimals(array, range, bytes),
        }
    }

    /// How many bytes a page of what waits would have, about.
    pub(super) fn waiting(&self) -> usize {
        match self {
            Values::Words(words) => words.numbers.len() * size_of::<u32>() + words.plain.as_ref().map_or(0, |plain| plain.bytes.len()),
            Values::Decimals(bytes) => bytes.len(),
        }
    }

    /// Appends the values of a page and says how they are encoded; starts over.
    pub(super) fn end_page(&mut self, out: &mut Vec<u8>) -> Encoding {
        match self {
            Values::Words(words) => words.end_page(out),
            Values::Decimals(bytes) => {
                out.append(bytes);
                Encoding::PLAIN
            }
        }
    }

    /// The words of the chunk's dictionary, if it has one.
    pub(super) fn dictionary(&self) -> Option<&[String]> {
        match self {
            Values::Words(words) => Some(words.known.values()),
            Values::Decimals(_) => None,
        }
    }

    /// The least and the greatest word of the chunk.
    pub(super) fn ends(&self) -> Option<(&str, &str)> {
        let Values::Words(words) = self else { return None };
        let known = words.known.values().iter().map(String::as_str);
        let all = known.chain(words.plain.iter().flat_map(|plain| [plain.least.as_str(), plain.greatest.as_str()]));
        Some((all.clone().min()?, all.max()?))
    }
}

/// Words by their number in the chunk's dictionary; as they are, once there are too many.
#[derive(Default)]
pub(super) struct Words {
    known: Numbered<String>,
    numbers: Vec<u32>,
    /// The last array's words, and the number of each that was met.
    last: Option<(ArrayRef, Vec<Option<u32>>)>,
    plain: Option<Plain>,
}

/// Words of a chunk that has given up its dictionary.
struct Plain {
    bytes: Vec<u8>,
    least: String,
    greatest: String,
}

impl Words {
    fn push(&mut self, array: &dyn Array, range: Range<usize>) -> Result<(), ParquetError> {
        let array = array.as_dictionary_opt::<Int32Type>().ok_or_else(column_error)?;
        let words: &StringArray = array.values().as_string_opt().ok_or_else(column_error)?;
        // What is missing is so by its key: levels are made of keys alone.
        if words.null_count() > 0 {
            return Err(column_error());
        }
        let keys = array.keys();
        let mut given = range.filter(|row| keys.is_valid(*row)).map(|row| usize::try_from(keys.value(row)).map_err(|_| column_error()));
        if let Some(plain) = &mut self.plain {
            return given.try_for_each(|key| plain.push(words.value(key?)));
        }
        let (_, numbers) = match &mut self.last {
            Some(last) if std::ptr::addr_eq(last.0.as_ref(), array.values().as_ref()) => last,
            last => last.insert((array.values().clone(), vec![None; words.len()])),
        };
        for key in given {
            let key = key?;
            let number = *numbers[key].get_or_insert_with(|| self.known.number_of(words.value(key)));
            self.numbers.push(number);
        }
        Ok(())
    }

    fn end_page(&mut self, out: &mut Vec<u8>) -> Encoding {
        if let Some(plain) = &mut self.plain {
            out.append(&mut plain.bytes);
            return Encoding::PLAIN;
        }
        let width = hybrid::width_of(u32::try_from(self.known.values().len().saturating_sub(1)).unwrap_or(u32::MAX));
        out.push(width);
        hybrid::put(&self.numbers, width, out);
        self.numbers.clear();
        if self.known.values().iter().map(String::len).sum::<usize>() > DICTIONARY_BYTES {
            let word = || self.known.values()[0].clone();
            self.plain = Some(Plain { bytes: Vec::new(), least: word(), greatest: word() });
            self.last = None;
        }
        Encoding::RLE_DICTIONARY
    }
}

impl Plain {
    fn push(&mut self, word: &str) -> Result<(), ParquetError> {
        if word < self.least.as_str() {
            word.clone_into(&mut self.least);
        } else if word > self.greatest.as_str() {
            word.clone_into(&mut self.greatest);
        }
        put_word(word, &mut self.bytes)
    }
}

/// A word as it stands in a dictionary, or in a page without one.
pub(super) fn put_word(word: &str, out: &mut Vec<u8>) -> Result<(), ParquetError> {
    let length = u32::try_from(word.len()).map_err(|_| ParquetError::General("a word of 4 GiB".to_owned()))?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(word.as_bytes());
    Ok(())
}

fn push_decimals(array: &dyn Array, range: Range<usize>, bytes: &mut Vec<u8>) -> Result<(), ParquetError> {
    let array = array.as_primitive_opt::<Decimal128Type>().ok_or_else(column_error)?;
    if array.null_count() > 0 {
        range.filter(|row| array.is_valid(*row)).for_each(|row| bytes.extend_from_slice(&array.value(row).to_be_bytes()));
        return Ok(());
    }
    let start = bytes.len();
    bytes.resize(start + range.len() * DECIMAL_BYTES, 0);
    for (to, value) in bytes[start..].chunks_exact_mut(DECIMAL_BYTES).zip(&array.values()[range]) {
        to.copy_from_slice(&value.to_be_bytes());
    }
    Ok(())
}
