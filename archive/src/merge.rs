//! Merging files: the rows of several batches, in the order that readers search by.

use crate::ArchiveError;
use arrow_array::{Int64Array, RecordBatch, UInt64Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use farthing_aggregate::columns::{ColumnError, Columns};
use farthing_schemas::tables::Table;

/// Rows that are put in order at a time.
const ROWS: usize = 8192;

/// Rows of files of one table in the order of their batches, and within a batch as they stood. Each batch has its rows in one of the files,
/// in order; but the batches of several files may interleave, since they are committed in any order.
///
/// # Errors
/// [`ArchiveError::Columns`], naming the table, if they are not of its schema.
pub fn in_order(table: Table, rows: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, ArchiveError> {
    ordered(rows).map_err(|source| ArchiveError::Columns { path: table.name().to_owned(), source })
}

fn ordered(rows: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, ColumnError> {
    let numbers = rows.iter().map(|rows| Columns(rows).whole("batch")).collect::<Result<Vec<_>, _>>()?;
    let numbers: Vec<i64> = numbers.into_iter().flat_map(Int64Array::values).copied().collect();
    let Some(first) = rows.first().filter(|_| !numbers.is_sorted()) else { return Ok(rows) };
    let mut places: Vec<usize> = (0..numbers.len()).collect();
    places.sort_by_key(|place| numbers[*place]);
    let all = concat_batches(&first.schema(), &rows)?;
    let taken = |places: &[usize]| {
        let places = UInt64Array::from_iter_values(places.iter().map(|place| u64::try_from(*place).unwrap_or(u64::MAX)));
        Ok(take_record_batch(&all, &places)?)
    };
    places.chunks(ROWS).map(taken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::ArrayRef;
    use std::sync::Arc;

    type Row = (i64, i64);

    fn rows(of: &[Row]) -> RecordBatch {
        let column = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
        let columns = [("batch", column(of.iter().map(|row| row.0).collect())), ("row", column(of.iter().map(|row| row.1).collect()))];
        RecordBatch::try_from_iter(columns).expect("of one length")
    }

    fn check(files: &[&[Row]], expected: &[Row]) {
        let merged = in_order(Table::Usage, files.iter().map(|file| rows(file)).collect()).expect("of its schema");
        let columns = |name| merged.iter().flat_map(move |rows| Columns(rows).whole(name).expect("whole numbers").values().to_vec());
        assert_eq!(columns("batch").zip(columns("row")).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn batches_of_several_files_are_put_in_order() {
        check(&[], &[]);
        check(&[&[(1, 0), (1, 1)], &[(4, 0)]], &[(1, 0), (1, 1), (4, 0)]);
        // A merged file, one batch that came late with a lower number, and another merged one.
        let files: [&[Row]; 3] = [&[(1, 0), (1, 2), (5, 0), (5, 7)], &[(3, 1), (3, 2)], &[(2, 0), (9, 0)]];
        check(&files, &[(1, 0), (1, 2), (2, 0), (3, 1), (3, 2), (5, 0), (5, 7), (9, 0)]);
        let (odd, even): (Vec<Row>, Vec<Row>) = ((0..30_000).map(|n| (2 * n + 1, 3)).collect(), (0..30_000).map(|n| (2 * n, 4)).collect());
        let mut both = [odd.clone(), even.clone()].concat();
        both.sort_unstable();
        check(&[&odd, &even], &both);
    }
}
