//! Pages on their way into a column chunk.

use super::values::Values;
use bytes::Bytes;
use parquet::basic::{Encoding, PageType};
use parquet::column::page::{CompressedPage, PageWriter};
use parquet::errors::ParquetError;
use parquet::file::metadata::OffsetIndexBuilder;
use zstd::zstd_safe::CParameter;

/// How texts and their numbers are compressed: quickly.
const TEXTS_LEVEL: i32 = 1;

/// Most bytes of a decimal are zeros: at this level decimals become hardly larger, and take a quarter less time.
const DECIMALS_LEVEL: i32 = -1;

/// With a table of 2^11 entries, which the processor's nearest cache holds, zstd is quicker on columns than with its own 2^14, and no worse.
const HASH_LOG: u32 = 11;

/// Compresses pages; its memory serves one after the other.
pub(crate) struct Compressor {
    texts: zstd::bulk::Compressor<'static>,
    decimals: zstd::bulk::Compressor<'static>,
    out: Vec<u8>,
}

impl Compressor {
    pub(crate) fn new() -> Result<Compressor, ParquetError> {
        let of_level = |level| {
            let mut compressor = zstd::bulk::Compressor::new(level)?;
            compressor.set_parameter(CParameter::HashLog(HASH_LOG))?;
            std::io::Result::Ok(compressor)
        };
        Ok(Compressor { texts: of_level(TEXTS_LEVEL)?, decimals: of_level(DECIMALS_LEVEL)?, out: Vec::new() })
    }

    pub(super) fn compress(&mut self, bytes: &[u8], of: &Values) -> Result<Bytes, ParquetError> {
        let compressor = match of {
            Values::Texts(_) => &mut self.texts,
            Values::Decimals(_) => &mut self.decimals,
        };
        self.out.clear();
        self.out.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        compressor.compress_to_buffer(bytes, &mut self.out)?;
        Ok(Bytes::copy_from_slice(&self.out))
    }
}

/// What the metadata says of the pages.
pub(super) struct Written {
    pub(super) encodings: Vec<Encoding>,
    pub(super) rows: usize,
    pub(super) compressed: i64,
    pub(super) uncompressed: i64,
    pub(super) values: i64,
    pub(super) dictionary: Option<i64>,
    pub(super) data: Option<i64>,
    pub(super) pages: OffsetIndexBuilder,
}

impl Written {
    pub(super) fn new() -> Written {
        Written {
            // Of levels, wherever there are any.
            encodings: vec![Encoding::RLE],
            rows: 0,
            compressed: 0,
            uncompressed: 0,
            values: 0,
            dictionary: None,
            data: None,
            pages: OffsetIndexBuilder::new(),
        }
    }

    pub(super) fn put(&mut self, page: CompressedPage, rows: usize, writer: &mut dyn PageWriter) -> Result<(), ParquetError> {
        self.encodings.push(page.encoding());
        self.rows += rows;
        let page = writer.write_page(page)?;
        let offset = i64::try_from(page.offset)?;
        self.compressed += i64::try_from(page.compressed_size)?;
        self.uncompressed += i64::try_from(page.uncompressed_size)?;
        if page.page_type == PageType::DICTIONARY_PAGE {
            self.dictionary = Some(offset);
            return Ok(());
        }
        self.data.get_or_insert(offset);
        self.values += i64::from(page.num_values);
        self.pages.append_row_count(i64::try_from(rows)?);
        self.pages.append_offset_and_size(offset, i32::try_from(page.compressed_size)?);
        Ok(())
    }
}
