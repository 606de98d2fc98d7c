//! Rows of `usage` without those that are not metered.

use crate::columns::ColumnError;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, ListArray, RecordBatch, RecordBatchOptions, StructArray, new_null_array};
use arrow_buffer::{BooleanBufferBuilder, OffsetBuffer};
use arrow_schema::{ArrowError, DataType};
use arrow_select::filter::{FilterBuilder, FilterPredicate};
use std::sync::Arc;

/// The rows that are to be kept, in their order.
///
/// # Errors
/// [`ColumnError::Arrow`] never, if there is a `keep` for each row.
pub fn kept_rows(rows: &RecordBatch, keep: &[bool]) -> Result<RecordBatch, ColumnError> {
    let predicate = predicate_of(BooleanArray::from(keep.to_vec()));
    let columns = rows.columns().iter().map(|column| match column.as_list_opt::<i32>() {
        Some(lists) if lists.values().as_struct_opt().is_some_and(|structs| structs.null_count() == 0) => {
            kept_lists(lists, keep, &predicate)
        }
        _ => kept(column, &predicate),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(predicate.count()));
    Ok(RecordBatch::try_new_with_options(rows.schema(), columns.collect::<Result<_, _>>()?, &options)?)
}

fn predicate_of(keep: BooleanArray) -> FilterPredicate {
    FilterBuilder::new(&keep).optimize().build()
}

fn kept(column: &ArrayRef, predicate: &FilterPredicate) -> Result<ArrayRef, ArrowError> {
    // Rare columns have nothing in most blocks.
    if column.null_count() == column.len() {
        return Ok(new_null_array(column.data_type(), predicate.count()));
    }
    predicate.filter(column)
}

/// Lists of structs, whose fields are filtered one by one: what Arrow does with a list in one piece copies it value by value.
fn kept_lists(lists: &ListArray, keep: &[bool], predicate: &FilterPredicate) -> Result<ArrayRef, ArrowError> {
    let whole = |offset: i32| usize::try_from(offset).expect("offsets are not negative");
    let offsets = lists.value_offsets();
    let (start, end) = (whole(offsets[0]), whole(offsets[lists.len()]));
    let mut keep_values = BooleanBufferBuilder::new(end - start);
    let mut lengths = Vec::with_capacity(predicate.count());
    for (ends, keep) in offsets.windows(2).zip(keep) {
        let length = whole(ends[1] - ends[0]);
        keep_values.append_n(length, *keep);
        if *keep {
            lengths.push(length);
        }
    }
    let of_values = predicate_of(BooleanArray::from(keep_values.finish()));
    let structs: &StructArray = lists.values().as_struct();
    let columns = structs.columns().iter().map(|column| kept(&column.slice(start, end - start), &of_values));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
    let values = StructArray::try_new_with_length(structs.fields().clone(), columns, None, of_values.count())?;
    let DataType::List(element) = lists.data_type() else { unreachable!("it is a list") };
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(element.clone(), offsets, Arc::new(values), predicate.filter_nulls(lists.nulls()))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::{RareText, WordColumn};
    use arrow_array::{Int64Array, StringArray};
    use arrow_buffer::NullBuffer;
    use arrow_schema::{Field, Fields, Schema};
    use arrow_select::filter::filter_record_batch;

    fn rows(count: usize) -> RecordBatch {
        let lengths: Vec<usize> = (0..count).map(|row| row * 7 % 4).collect();
        let values: usize = lengths.iter().sum();
        let (mut words, mut rare) = (WordColumn::default(), RareText::default());
        (0..values).for_each(|value| words.push(["a", "b", "c"][value * 5 % 3]));
        (0..values).for_each(|value| rare.push((value % 11 == 3).then_some("rare")));
        let texts: StringArray = (0..values).map(|value| Some(value.to_string())).collect();
        let columns: Vec<ArrayRef> = vec![words.finish(), Arc::new(texts), rare.finish(), Arc::new(StringArray::new_null(values))];
        let of = |(name, column): (&str, &ArrayRef)| Field::new(name, column.data_type().clone(), column.is_nullable());
        let fields: Fields = ["word", "text", "rare", "none"].into_iter().zip(&columns).map(of).collect();
        let structs = StructArray::new(fields.clone(), columns, None);
        let valid = NullBuffer::from((0..count).map(|row| row % 5 != 1).collect::<Vec<bool>>());
        let element = Arc::new(Field::new("element", DataType::Struct(fields), false));
        let lists = ListArray::new(element, OffsetBuffer::from_lengths(lengths), Arc::new(structs), Some(valid));
        let numbers = Int64Array::from_iter_values((0..).take(count));
        let columns: Vec<ArrayRef> = vec![Arc::new(numbers), Arc::new(lists)];
        let fields: Vec<Field> = ["number", "lists"]
            .into_iter()
            .zip(&columns)
            .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
            .collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("of its schema")
    }

    #[test]
    fn kept_rows_are_those_that_arrow_keeps() {
        for (count, every) in [(0, 1), (1, 1), (1, 2), (100, 1), (100, 2), (100, 3), (100, 1000), (5000, 97)] {
            let rows = rows(count + 5).slice(3, count);
            let keep: Vec<bool> = (0..count).map(|row| (row + 1) % every == 0).collect();
            for keep in [keep.clone(), keep.iter().map(|keep| !keep).collect()] {
                let expected = filter_record_batch(&rows, &BooleanArray::from(keep.clone())).expect("of one length");
                assert_eq!(kept_rows(&rows, &keep).expect("of one length"), expected, "{count} {every}");
            }
        }
    }
}
