//! Reading tables back.

use crate::ArchiveError;
use arrow_array::RecordBatch;
use bytes::Bytes;
use farthing_aggregate::columns::Columns;
use farthing_aggregate::usage::Place;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

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

/// Rows that are decoded before and after one that is asked for, since reversals come in runs; and how many encoded bytes of them.
const ROWS_AROUND: usize = 1024;
const BYTES_AROUND: usize = 1 << 20;

/// Rows of a file of `usage` around the one at a place, that one among them; none if it is not there. What statistics rule out is not
/// decoded.
///
/// # Errors
/// [`ArchiveError::Parquet`] and [`ArchiveError::Columns`], naming the path.
pub fn read_around(path: &str, bytes: &Bytes, place: Place) -> Result<Option<Vec<RecordBatch>>, ArchiveError> {
    let failed = |source| ArchiveError::Parquet { path: path.to_owned(), source };
    let metadata = ArrowReaderMetadata::load(bytes, Default::default()).map_err(failed)?;
    let wanted = (i64::try_from(place.batch).unwrap_or(i64::MAX), i64::from(place.row));
    let of_group = |group| ParquetRecordBatchReaderBuilder::new_with_metadata(bytes.clone(), metadata.clone()).with_row_groups(vec![group]);
    for (number, group) in metadata.metadata().row_groups().iter().enumerate() {
        if !(may_hold(group, "batch", wanted.0) && may_hold(group, "row", wanted.1)) {
            continue;
        }
        let keys = ProjectionMask::columns(metadata.parquet_schema(), ["batch", "row"]);
        let keys = of_group(number).with_projection(keys).build().map_err(failed)?;
        let Some(at) = position(path, keys, wanted)? else { continue };
        let around = rows_around(group);
        let first = at.saturating_sub(around);
        let selection = RowSelection::from(vec![RowSelector::skip(first), RowSelector::select(at - first + 1 + around)]);
        let rows = of_group(number).with_batch_size(ROWS).with_row_selection(selection).build().map_err(failed)?;
        return rows.collect::<Result<_, _>>().map(Some).map_err(|error| failed(error.into()));
    }
    Ok(None)
}

/// Rows on each side: few of a group whose rows are large.
fn rows_around(group: &RowGroupMetaData) -> usize {
    let per_row = usize::try_from(group.total_byte_size() / group.num_rows().max(1)).unwrap_or(BYTES_AROUND);
    ROWS_AROUND.min(BYTES_AROUND / per_row.max(1))
}

/// Whether a row group's statistics admit a value; if it has none, they do.
fn may_hold(group: &RowGroupMetaData, column: &str, value: i64) -> bool {
    let of_column = group.columns().iter().find(|found| found.column_path().string() == column);
    match of_column.and_then(|found| found.statistics()) {
        Some(Statistics::Int64(range)) => {
            range.min_opt().is_none_or(|min| *min <= value) && range.max_opt().is_none_or(|max| value <= *max)
        }
        _ => true,
    }
}

fn position(
    path: &str,
    keys: impl Iterator<Item = Result<RecordBatch, arrow_schema::ArrowError>>,
    wanted: (i64, i64),
) -> Result<Option<usize>, ArchiveError> {
    let mut before = 0;
    for rows in keys {
        let rows = rows.map_err(|error| ArchiveError::Parquet { path: path.to_owned(), source: error.into() })?;
        let columns = Columns(&rows);
        let column = |name| columns.whole(name).map_err(|source| ArchiveError::Columns { path: path.to_owned(), source });
        let (batch, row) = (column("batch")?, column("row")?);
        if let Some(at) = (0..rows.num_rows()).find(|at| (batch.value(*at), row.value(*at)) == wanted) {
            return Ok(Some(before + at));
        }
        before += rows.num_rows();
    }
    Ok(None)
}
