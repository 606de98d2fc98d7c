//! The values of a column chunk, as they stand in its pages.

use super::{column_error, hybrid};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type};
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::DataType;
use farthing_aggregate::numbered::NumberedTexts;
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use std::ops::Range;

/// Bytes of a decimal of 38 digits.
const DECIMAL_BYTES: usize = 16;

/// Values that wait for the end of their page.
pub(super) enum Values {
    Texts(Box<Texts>),
    /// Encoded already: plain, the highest byte first.
    Decimals(Vec<u8>),
}

impl Values {
    /// For arrays of that type, whose dictionary may have so many bytes; nothing if they are not encoded here. Only what is `telling` has
    /// a least and a greatest text.
    pub(super) fn of(kind: &DataType, dictionary_bytes: usize, telling: bool) -> Option<Values> {
        let texts = match kind {
            DataType::Dictionary(key, text) if **key == DataType::Int32 => text,
            kind => kind,
        };
        match texts {
            DataType::Utf8 => Some(Values::Texts(Box::new(Texts::new(dictionary_bytes, telling)))),
            DataType::Decimal128(38, _) => Some(Values::Decimals(Vec::new())),
            _ => None,
        }
    }

    /// How many bytes the texts of an array have from one place to another; none, if they are numbered or no texts.
    pub(super) fn bytes_between(array: &dyn Array, from: usize, to: usize) -> usize {
        let texts = array.as_string_opt::<i32>().map(StringArray::value_offsets);
        texts.map_or(0, |offsets| usize::try_from(offsets[to] - offsets[from]).unwrap_or(0))
    }

    /// Takes the values in a range that are not null.
    pub(super) fn push(&mut self, array: &dyn Array, range: Range<usize>) -> Result<(), ParquetError> {
        match self {
            Values::Texts(texts) => texts.push(array, range),
            Values::Decimals(bytes) => push_decimals(array, range, bytes),
        }
    }

    /// How many bytes a page of what waits would have, about.
    pub(super) fn waiting(&self) -> usize {
        match self {
            Values::Texts(texts) => texts.numbers.len() * size_of::<u32>() + texts.plain.as_ref().map_or(0, |plain| plain.bytes.len()),
            Values::Decimals(bytes) => bytes.len(),
        }
    }

    /// Appends the values of a page and says how they are encoded; starts over.
    pub(super) fn end_page(&mut self, out: &mut Vec<u8>) -> Encoding {
        match self {
            Values::Texts(texts) => texts.end_page(out),
            Values::Decimals(bytes) => {
                out.append(bytes);
                Encoding::PLAIN
            }
        }
    }

    /// Whether the page has to end, because the dictionary is to be given up.
    pub(super) fn full(&self) -> bool {
        match self {
            Values::Texts(texts) => texts.plain.is_none() && texts.too_large(),
            Values::Decimals(_) => false,
        }
    }

    /// The texts of the chunk's dictionary, if it has one.
    pub(super) fn dictionary(&self) -> Option<&NumberedTexts> {
        match self {
            Values::Texts(texts) => Some(&texts.known).filter(|known| texts.plain.is_none() || !known.is_empty()),
            Values::Decimals(_) => None,
        }
    }

    /// The least and the greatest text of the chunk.
    pub(super) fn ends(&self) -> Option<(&str, &str)> {
        let Values::Texts(texts) = self else { return None };
        if !texts.telling {
            return None;
        }
        let plain = texts.plain.iter().filter_map(|plain| plain.ends.as_ref());
        let all = texts.known.iter().chain(plain.flat_map(|ends| [ends.0.as_str(), ends.1.as_str()]));
        Some((all.clone().min()?, all.max()?))
    }
}

/// Texts by their number in the chunk's dictionary; as they are, once there are too many.
pub(super) struct Texts {
    dictionary_bytes: usize,
    telling: bool,
    known: NumberedTexts,
    numbers: Vec<u32>,
    /// The last array's words, and the number of each that was met.
    last: Option<(ArrayRef, Vec<Option<u32>>)>,
    plain: Option<Plain>,
}

/// Texts of a chunk that has no dictionary, or has given it up.
#[derive(Default)]
struct Plain {
    bytes: Vec<u8>,
    /// The least and the greatest one, if they are told.
    ends: Option<(String, String)>,
}

impl Texts {
    /// Without any dictionary, if it may have no bytes.
    fn new(dictionary_bytes: usize, telling: bool) -> Texts {
        let plain = (dictionary_bytes == 0).then(Plain::default);
        Texts { dictionary_bytes, telling, known: NumberedTexts::default(), numbers: Vec::new(), last: None, plain }
    }

    fn too_large(&self) -> bool {
        self.known.bytes() > self.dictionary_bytes
    }

    fn push(&mut self, array: &dyn Array, range: Range<usize>) -> Result<(), ParquetError> {
        match array.as_string_opt::<i32>() {
            Some(texts) => self.push_texts(texts, range),
            None => self.push_numbered(array, range),
        }
    }

    fn push_texts(&mut self, texts: &StringArray, range: Range<usize>) -> Result<(), ParquetError> {
        let count = range.len();
        let mut given = range.filter(|row| texts.is_valid(*row)).map(|row| texts.value(row));
        match &mut self.plain {
            Some(plain) => given.try_for_each(|word| plain.push(word, self.telling)),
            None => {
                self.numbers.reserve(count);
                self.numbers.extend(given.map(|word| self.known.number_of(word)));
                Ok(())
            }
        }
    }

    fn push_numbered(&mut self, array: &dyn Array, range: Range<usize>) -> Result<(), ParquetError> {
        let array = array.as_dictionary_opt::<Int32Type>().ok_or_else(column_error)?;
        let words: &StringArray = array.values().as_string_opt().ok_or_else(column_error)?;
        // What is missing is so by its key: levels are made of keys alone.
        if words.null_count() > 0 {
            return Err(column_error());
        }
        let keys = array.keys();
        let mut given = range.filter(|row| keys.is_valid(*row)).map(|row| usize::try_from(keys.value(row)).map_err(|_| column_error()));
        if let Some(plain) = &mut self.plain {
            return given.try_for_each(|key| plain.push(words.value(key?), self.telling));
        }
        // More words than rows: the rows are a part of others, and few of the words stand in them.
        if words.len() > array.len() {
            for key in given {
                self.numbers.push(self.known.number_of(words.value(key?)));
            }
            return Ok(());
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
        let width = hybrid::width_of(u32::try_from(self.known.len().saturating_sub(1)).unwrap_or(u32::MAX));
        out.push(width);
        hybrid::put(&self.numbers, width, out);
        self.numbers.clear();
        if self.too_large() {
            self.plain = Some(Plain::default());
            self.last = None;
        }
        Encoding::RLE_DICTIONARY
    }
}

impl Plain {
    fn push(&mut self, word: &str, telling: bool) -> Result<(), ParquetError> {
        if telling {
            self.tell(word);
        }
        put_text(word, &mut self.bytes)
    }

    fn tell(&mut self, word: &str) {
        match &mut self.ends {
            None => self.ends = Some((word.to_owned(), word.to_owned())),
            Some((least, _)) if word < least.as_str() => word.clone_into(least),
            Some((_, greatest)) if word > greatest.as_str() => word.clone_into(greatest),
            Some(_) => {}
        }
    }
}

/// A text as it stands in a dictionary, or in a page without one.
pub(super) fn put_text(word: &str, out: &mut Vec<u8>) -> Result<(), ParquetError> {
    let length = u32::try_from(word.len()).map_err(|_| ParquetError::General("a text of 4 GiB".to_owned()))?;
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
