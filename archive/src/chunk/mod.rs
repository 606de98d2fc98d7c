//! [`ChunkWriter`]: texts, words and decimals as Parquet column chunks.
//!
//! The library writes all other columns, and the pages' headers, the metadata and the file of these too. It looks up each word of a
//! dictionary column once more, though Arrow holds them numbered, and counts references to a buffer for each text and decimal. Metering
//! takes a fifth less time without those look-ups and buffers.

mod hybrid;
mod pages;
#[cfg(test)]
mod tests;
mod values;

use crate::write::{DICTIONARY_BYTES, PAGE_ROWS};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field};
use bytes::Bytes;
pub(crate) use pages::Compressor;
use pages::Written;
use parquet::basic::{Compression, Encoding, EncodingMask, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use std::io::Write;
use std::ops::Range;
use values::{Values, put_text};

/// Values of a page are at most about so many bytes.
const PAGE_BYTES: usize = 1 << 20;

/// About what a page's header takes.
const HEADER_BYTES: usize = 64;

/// Values of a list are taken so many at once, or as many as one row has.
const STEP: i32 = 32 << 10;

/// Where the values of a leaf stand.
#[derive(Clone, Copy)]
enum Place {
    /// One or none per row.
    Row,
    /// In a field of the structs of a list.
    List(ListField),
}

/// A field of the required structs of a list.
#[derive(Clone, Copy)]
struct ListField {
    at: usize,
    /// The definition level of a struct: below it are a list without any, and a missing list.
    structs: u8,
    /// The definition level of a value: higher, if values may be missing.
    values: u8,
}

/// What waits for the end of a page, beside its values.
#[derive(Default)]
struct OpenPage {
    rows: usize,
    values: usize,
    repetition: Vec<u8>,
    definition: Vec<u8>,
}

/// A column chunk on its way.
pub(crate) struct ChunkWriter {
    column: ColumnDescPtr,
    place: Place,
    values: Values,
    open: OpenPage,
    /// The pages that are done, and the rows of each.
    pages: Vec<(CompressedPage, usize)>,
}

/// An encoded column chunk.
pub(crate) struct Chunk {
    bytes: Bytes,
    close: ColumnCloseResult,
}

impl Chunk {
    pub(crate) fn append_to_row_group<W: Write + Send>(self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        group.append_column(&self.bytes, self.close)
    }
}

fn column_error() -> ParquetError {
    ParquetError::General("an array that is not of its table's schema".to_owned())
}

impl ChunkWriter {
    /// For a column of that type, whose dictionary may have so many bytes; nothing if the library writes it.
    pub(crate) fn of_rows(column: &ColumnDescPtr, kind: &DataType, dictionary_bytes: usize, telling: bool) -> Option<ChunkWriter> {
        // Only required columns tell: no value is missing.
        let telling = telling && column.max_def_level() == 0;
        Some(ChunkWriter::new(column, Place::Row, Values::of(kind, dictionary_bytes, telling)?))
    }

    /// For that field of the required structs of a list; nothing if the structs are nullable, or the library writes it.
    pub(crate) fn of_lists(column: &ColumnDescPtr, at: usize, field: &Field, list: &Field) -> Option<ChunkWriter> {
        let structs = 1 + u8::from(list.is_nullable());
        let of = ListField { at, structs, values: structs + u8::from(field.is_nullable()) };
        let values = Values::of(field.data_type(), DICTIONARY_BYTES, false)?;
        (column.max_def_level() == i16::from(of.values)).then(|| ChunkWriter::new(column, Place::List(of), values))
    }

    fn new(column: &ColumnDescPtr, place: Place, values: Values) -> ChunkWriter {
        ChunkWriter { column: column.clone(), place, values, open: OpenPage::default(), pages: Vec::new() }
    }

    /// Takes the rows of an array: of the whole list, if it is for a field of its structs.
    pub(crate) fn write(&mut self, array: &ArrayRef, compressor: &mut Compressor) -> Result<(), ParquetError> {
        let mut start = 0;
        while start < array.len() {
            let end = match self.place {
                Place::Row => self.push_rows(array, start)?,
                Place::List(of) => self.push_lists(array.as_list_opt().ok_or_else(column_error)?, of, start)?,
            };
            self.open.rows += end - start;
            start = end;
            if self.open.rows == PAGE_ROWS || self.values.waiting() >= PAGE_BYTES || self.values.full() {
                self.end_page(compressor)?;
            }
        }
        Ok(())
    }

    /// Takes what the open page has room for; gives the row after it.
    fn push_rows(&mut self, array: &ArrayRef, start: usize) -> Result<usize, ParquetError> {
        let most = array.len().min(start + PAGE_ROWS - self.open.rows);
        let fits = |end: &usize| Values::bytes_between(array, start, *end) <= PAGE_BYTES;
        let end = furthest(start, most, fits);
        self.open.values += end - start;
        if self.column.max_def_level() > 0 {
            match array.nulls() {
                Some(nulls) => self.open.definition.extend(nulls.slice(start, end - start).iter().map(u8::from)),
                None => self.open.definition.resize(self.open.definition.len() + end - start, 1),
            }
        }
        self.values.push(array, start..end)?;
        Ok(end)
    }

    /// Takes some lists; gives the row after them.
    fn push_lists(&mut self, lists: &ListArray, of: ListField, start: usize) -> Result<usize, ParquetError> {
        let offsets = lists.value_offsets();
        let most = lists.len().min(start + PAGE_ROWS - self.open.rows);
        let structs: &StructArray = lists.values().as_struct_opt().ok_or_else(column_error)?;
        let leaf = structs.columns().get(of.at).ok_or_else(column_error)?;
        let at = |row: usize| usize::try_from(offsets[row]).unwrap_or(0);
        let fits = |end: &usize| offsets[*end] - offsets[start] <= STEP && Values::bytes_between(leaf, at(start), at(*end)) <= PAGE_BYTES;
        let end = furthest(start, most, fits);
        // Values of neighbouring rows are neighbours, and nearly always taken together.
        let mut together: Range<usize> = 0..0;
        for row in start..end {
            let values = self.levels_of(lists, row, of, leaf.nulls())?;
            if values.start != together.end {
                self.values.push(leaf, std::mem::replace(&mut together, values.start..values.start))?;
            }
            together.end = together.end.max(values.end);
        }
        self.values.push(leaf, together)?;
        Ok(end)
    }

    /// Notes the levels of a row's list; gives its values.
    fn levels_of(
        &mut self,
        lists: &ListArray,
        row: usize,
        of: ListField,
        missing: Option<&NullBuffer>,
    ) -> Result<Range<usize>, ParquetError> {
        let whole = |offset: i32| usize::try_from(offset).map_err(|_| column_error());
        let (start, end) = (whole(lists.value_offsets()[row])?, whole(lists.value_offsets()[row + 1])?);
        let values = if lists.is_null(row) { start..start } else { start..end };
        let open = &mut self.open;
        open.values += values.len().max(1);
        open.repetition.push(0);
        if values.is_empty() {
            open.definition.push((of.structs - 1).saturating_sub(u8::from(lists.is_null(row))));
            return Ok(values);
        }
        open.repetition.resize(open.repetition.len() + values.len() - 1, 1);
        match missing {
            Some(nulls) => open.definition.extend(values.clone().map(|at| if nulls.is_valid(at) { of.values } else { of.structs })),
            None => open.definition.resize(open.repetition.len(), of.values),
        }
        Ok(values)
    }

    fn end_page(&mut self, compressor: &mut Compressor) -> Result<(), ParquetError> {
        let open = std::mem::take(&mut self.open);
        let mut body = Vec::with_capacity(self.values.waiting() + open.values / 4);
        put_levels(&open.repetition, self.column.max_rep_level(), &mut body)?;
        put_levels(&open.definition, self.column.max_def_level(), &mut body)?;
        let encoding = self.values.end_page(&mut body);
        let page = Page::DataPage {
            buf: compressor.compress(&body, &self.values)?,
            num_values: u32::try_from(open.values).map_err(|_| column_error())?,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.pages.push((CompressedPage::new(page, body.len()), open.rows));
        Ok(())
    }

    /// Ends the chunk.
    pub(crate) fn close(mut self, compressor: &mut Compressor) -> Result<Chunk, ParquetError> {
        if self.open.rows > 0 {
            self.end_page(compressor)?;
        }
        let mut sink =
            TrackedWrite::new(Vec::with_capacity(self.pages.iter().map(|(page, _)| page.compressed_size() + HEADER_BYTES).sum()));
        let mut writer = SerializedPageWriter::new(&mut sink);
        let mut written = Written::new();
        if let Some(words) = self.values.dictionary() {
            let mut body = Vec::new();
            words.iter().try_for_each(|word| put_text(word, &mut body))?;
            let (num_values, buf) = (u32::try_from(words.len()).map_err(|_| column_error())?, compressor.compress(&body, &self.values)?);
            let page = Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
            written.put(CompressedPage::new(page, body.len()), 0, &mut writer)?;
        }
        for (page, rows) in std::mem::take(&mut self.pages) {
            written.put(page, rows, &mut writer)?;
        }
        writer.close()?;
        let close = self.closed(written)?;
        Ok(Chunk { bytes: sink.into_inner()?.into(), close })
    }

    fn closed(&self, written: Written) -> Result<ColumnCloseResult, ParquetError> {
        let mut metadata = ColumnChunkMetaData::builder(self.column.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_encodings_mask(EncodingMask::new_from_encodings(written.encodings.iter()))
            .set_total_compressed_size(written.compressed)
            .set_total_uncompressed_size(written.uncompressed)
            .set_num_values(written.values)
            .set_dictionary_page_offset(written.dictionary)
            .set_data_page_offset(written.data.unwrap_or_default());
        if let Some((least, greatest)) = self.values.ends() {
            let bytes = |word: &str| Some(ByteArray::from(word));
            let told = ValueStatistics::new(bytes(least), bytes(greatest), None, Some(0), false);
            metadata = metadata.set_statistics(Statistics::ByteArray(told));
        }
        Ok(ColumnCloseResult {
            bytes_written: u64::try_from(written.compressed).map_err(|_| column_error())?,
            rows_written: u64::try_from(written.rows).map_err(|_| column_error())?,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(written.pages.build()),
        })
    }
}

/// The furthest end up to `most` that fits; at least one row is taken.
fn furthest(start: usize, most: usize, fits: impl Fn(&usize) -> bool) -> usize {
    if fits(&most) { most } else { (start + 1..most).take_while(fits).last().unwrap_or(start + 1) }
}

/// Levels with their length before them; none if there is only one level.
fn put_levels(levels: &[u8], greatest: i16, out: &mut Vec<u8>) -> Result<(), ParquetError> {
    if greatest == 0 {
        return Ok(());
    }
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    hybrid::put(levels, hybrid::width_of(u32::try_from(greatest)?), out);
    let length = u32::try_from(out.len() - start - 4)?;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}
