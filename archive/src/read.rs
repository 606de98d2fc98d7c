//! Reading tables back.

use crate::ArchiveError;
use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Rows that are decoded at a time.
const ROWS: usize = 8192;

/// The batches of a Parquet file, in order; with `columns`, only those of the top level.
///
/// # Errors
/// [`ArchiveError::Parquet`], naming the path.
pub fn read_table(
    path: &str,
    bytes: Bytes,
    columns: Option<&[&str]>,
) -> Result<impl Iterator<Item = Result<RecordBatch, ArchiveError>>, ArchiveError> {
    let failed = |source| ArchiveError::Parquet { path: path.to_owned(), source };
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(failed)?.with_batch_size(ROWS);
    if let Some(columns) = columns {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    let reader = builder.build().map_err(failed)?;
    let path = path.to_owned();
    Ok(reader.map(move |batch| batch.map_err(|error| ArchiveError::Parquet { path: path.clone(), source: error.into() })))
}
