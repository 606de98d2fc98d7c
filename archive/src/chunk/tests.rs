//! What is written here is read back by the library, whatever the tables hold.

use crate::folders::encode;
use crate::write::{packed_columns, telling_columns};
use arrow_array::builder::{FixedSizeBinaryBuilder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
    StructArray, TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use farthing_schemas::tables::{Table, instant, word};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::basic::{Encoding, PageType};
use parquet::column::page::Page;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::sync::Arc;

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn whole(&mut self) -> i64 {
        i64::try_from(self.below(1 << 30)).expect("small")
    }

    /// Any of 38 digits, or few that come again and again.
    fn decimal(&mut self) -> i128 {
        let most = 10_i128.pow(38) - 1;
        match self.below(4) {
            0 => most,
            1 => -most,
            2 => 0,
            _ => i128::from(self.whole()) * i128::from(self.whole()) * i128::from(self.whole()),
        }
    }
}

/// How an array looks: how many distinct words it has, how long its lists are, and one of how many values is missing.
#[derive(Clone, Copy)]
struct Shape {
    words: u64,
    list: u64,
    missing: u64,
}

fn array(field: &Field, rows: usize, shape: Shape, dice: &mut Dice) -> ArrayRef {
    let mut missing = || field.is_nullable() && dice.below(shape.missing) == 0;
    let valid: Vec<bool> = (0..rows).map(|_| !missing()).collect();
    let some = |row: usize| valid[row];
    match field.data_type() {
        DataType::Int64 => Arc::new((0..rows).map(|row| some(row).then(|| dice.whole())).collect::<Int64Array>()),
        DataType::Boolean => Arc::new((0..rows).map(|row| some(row).then(|| dice.below(2) == 0)).collect::<BooleanArray>()),
        DataType::Utf8 => Arc::new((0..rows).map(|row| some(row).then(|| format!("t{}", dice.below(1000)))).collect::<StringArray>()),
        DataType::Timestamp(..) => {
            let times: TimestampMicrosecondArray = (0..rows).map(|row| some(row).then(|| dice.whole())).collect();
            Arc::new(times.with_data_type(instant()))
        }
        DataType::Decimal128(..) => {
            let decimals: Decimal128Array = (0..rows).map(|row| some(row).then(|| dice.decimal())).collect();
            Arc::new(decimals.with_data_type(field.data_type().clone()))
        }
        DataType::Dictionary(..) => {
            // Words that stand nowhere, and in another order in each array.
            let first = dice.below(3);
            let words: StringArray = (0..shape.words + 5).map(|word| Some(format!("w{}", (word + first) * 7 % 10_007))).collect();
            let keys: Int32Array = (0..rows)
                .scan(0, |last, row| {
                    *last = if dice.below(30) < 20 { *last } else { dice.below(shape.words) };
                    Some(some(row).then(|| i32::try_from(*last).expect("few")))
                })
                .collect();
            Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(words)))
        }
        DataType::FixedSizeBinary(16) => {
            let mut digests = FixedSizeBinaryBuilder::new(16);
            (0..rows).for_each(|_| digests.append_value([u8::try_from(dice.below(256)).expect("a byte"); 16]).expect("16 bytes"));
            Arc::new(digests.finish())
        }
        DataType::List(item) => match item.data_type() {
            DataType::Struct(fields) => {
                let lengths: Vec<usize> =
                    (0..rows).map(|row| if some(row) { usize::try_from(dice.below(shape.list)).expect("short") } else { 0 }).collect();
                let values = lengths.iter().sum();
                let columns = fields.iter().map(|field| array(field, values, shape, dice)).collect();
                let structs = StructArray::new(fields.clone(), columns, None);
                let nulls = field.is_nullable().then(|| NullBuffer::from(valid.clone()));
                Arc::new(ListArray::new(item.clone(), OffsetBuffer::from_lengths(lengths), Arc::new(structs), nulls))
            }
            _ => {
                let mut lists = ListBuilder::new(StringBuilder::new()).with_field(item.clone());
                (0..rows).for_each(|row| lists.append_value((0..row % 3).map(|text| Some(text.to_string()))));
                Arc::new(lists.finish())
            }
        },
        other => panic!("no table has {other}"),
    }
}

fn rows(table: Table, rows: usize, shape: Shape, dice: &mut Dice) -> RecordBatch {
    let schema = table.schema();
    // Cut out of a larger one: what is written need not start where its arrays do.
    let columns = schema.fields().iter().map(|field| array(field, rows + 3, shape, dice)).collect();
    RecordBatch::try_new(schema, columns).expect("of the table's schema").slice(2, rows)
}

fn read(file: &Bytes, selection: Option<Vec<RowSelector>>) -> (RecordBatch, Arc<ParquetMetaData>) {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let mut reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).expect("a Parquet file");
    let (schema, metadata) = (reader.schema().clone(), reader.metadata().clone());
    if let Some(selection) = selection {
        reader = reader.with_row_selection(RowSelection::from(selection));
    }
    let batches: Vec<RecordBatch> = reader.build().expect("a reader").collect::<Result<_, _>>().expect("readable rows");
    (concat_batches(&schema, &batches).expect("of one schema"), metadata)
}

/// What the statistics say of a column of texts or words, row group by row group, is what stands there.
fn check_statistics(table: Table, rows: &RecordBatch, metadata: &ParquetMetaData) {
    let mut first = 0;
    for group in metadata.row_groups() {
        let count = usize::try_from(group.num_rows()).expect("few");
        for name in telling_columns(table) {
            let column = rows.column_by_name(name).expect("a column").slice(first, count);
            let chunk = group.columns().iter().find(|chunk| chunk.column_path().string() == *name).expect("a chunk");
            let statistics = chunk.statistics().expect("it tells");
            assert_eq!(statistics.null_count_opt(), Some(0), "{name}");
            let words: Vec<&str> = match column.data_type() {
                DataType::Utf8 => column.as_string::<i32>().iter().flatten().collect(),
                DataType::Dictionary(..) => {
                    column.as_dictionary::<Int32Type>().downcast_dict::<StringArray>().expect("text").into_iter().flatten().collect()
                }
                _ => continue,
            };
            let told = (statistics.min_bytes_opt(), statistics.max_bytes_opt());
            assert_eq!(told, (words.iter().min().map(|word| word.as_bytes()), words.iter().max().map(|word| word.as_bytes())), "{name}");
        }
        first += count;
    }
}

fn check(table: Table, batches: &[RecordBatch]) {
    let file = Bytes::from_iter(encode(table, batches).expect("encodable").content.pieces.iter().flatten().copied());
    let expected = concat_batches(&table.schema(), batches).expect("of one schema");
    let (found, metadata) = read(&file, None);
    assert_eq!(found.num_rows(), expected.num_rows());
    for (name, (found, expected)) in table.schema().fields().iter().zip(found.columns().iter().zip(expected.columns())) {
        assert!(found == expected, "{} of {} is not what was written", name.name(), table.name());
    }
    check_statistics(table, &expected, &metadata);
    // With the pages' places a reader can leave out what it does not want.
    let skipped = expected.num_rows() * 2 / 3;
    let wanted = (expected.num_rows() - skipped).min(5);
    let (found, _) = read(&file, Some(vec![RowSelector::skip(skipped), RowSelector::select(wanted)]));
    assert!(found.columns() == expected.slice(skipped, wanted).columns(), "other rows of {} than were asked for", table.name());
}

#[test]
fn rows_of_every_table_are_read_back_as_they_were_written() {
    let mut dice = Dice(1);
    for table in Table::ALL {
        for (words, list, missing) in [(1, 3, 2), (3, 1, 1), (400, 9, 50), (9000, 4, 1000)] {
            let shape = Shape { words, list, missing };
            let batches: Vec<RecordBatch> = [1, 2, 700, 4096, 3].map(|count| rows(table, count, shape, &mut dice)).into();
            check(table, &batches);
        }
    }
}

#[test]
fn pages_and_row_groups_end_where_they_are_full() {
    let mut dice = Dice(2);
    for (table, counts) in [(Table::Accruals, vec![150_000, 1, 19_999, 20_000]), (Table::Usage, vec![30_000, 110_000])] {
        let shape = Shape { words: 30, list: 4, missing: 9 };
        let batches: Vec<RecordBatch> = counts.into_iter().map(|count| rows(table, count, shape, &mut dice)).collect();
        check(table, &batches);
    }
}

#[test]
fn a_list_may_be_longer_than_a_page() {
    let mut dice = Dice(3);
    let batches: Vec<RecordBatch> =
        [2, 40_000, 16_384].map(|list| rows(Table::Usage, 9, Shape { words: 3, list, missing: 3 }, &mut dice)).into();
    check(Table::Usage, &batches);
}

/// The batch with another column in the place of one.
fn with(batch: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let mut columns = batch.columns().to_vec();
    columns[batch.schema_ref().index_of(name).expect("a column")] = column;
    RecordBatch::try_new(batch.schema(), columns).expect("of the table's schema")
}

#[test]
fn very_many_words_are_written_without_a_dictionary_and_told_of_all_the_same() {
    let mut dice = Dice(4);
    let texts =
        |first: usize| -> StringArray { (0..30_000).map(|word| Some(format!("{:0>40}", (first + word) * 7919 % 100_003))).collect() };
    let words = |first: usize| DictionaryArray::<Int32Type>::new(Int32Array::from_iter_values(0..30_000), Arc::new(texts(first)));
    let mut dictionary = |table: Table, column: &str, two: [ArrayRef; 2]| {
        let batch = rows(table, 30_000, Shape { words: 3, list: 2, missing: 2 }, &mut dice);
        let batches = two.map(|array| with(&batch, column, array));
        check(table, &batches);
        let file = Bytes::from_iter(encode(table, &batches).expect("encodable").content.pieces.iter().flatten().copied());
        let reader = SerializedFileReader::new(file).expect("a Parquet file");
        let leaf = reader.metadata().file_metadata().schema_descr().columns().iter().position(|leaf| leaf.path().string() == column);
        let pages = reader.get_row_group(0).and_then(|group| group.get_column_page_reader(leaf.expect("a column"))).expect("pages");
        let pages: Vec<Page> = pages.collect::<Result<_, _>>().expect("readable");
        let dictionary = pages.iter().find(|page| page.page_type() == PageType::DICTIONARY_PAGE).map(|page| page.buffer().len());
        (dictionary, pages.last().expect("a page").encoding() == Encoding::PLAIN)
    };
    let two_of = |array: &dyn Fn(usize) -> ArrayRef| [array(0), array(30_000)];
    for (table, column, two) in [
        (Table::Usage, "platform", two_of(&|first| Arc::new(words(first)))),
        (Table::Usage, "source", two_of(&|first| Arc::new(texts(first)))),
    ] {
        let (length, plain) = dictionary(table, column, two);
        assert!(plain && length.is_some_and(|length| length < 1 << 20), "{column} has a dictionary of {length:?} bytes");
    }
    assert_eq!(dictionary(Table::Usage, "id", two_of(&|first| Arc::new(texts(first)))), (None, true));
    let (length, plain) = dictionary(Table::Accruals, "party", two_of(&|first| Arc::new(texts(first))));
    assert!(!plain && length.is_some_and(|length| length > 1 << 20), "parties keep theirs, of {length:?} bytes");
}

#[test]
fn texts_are_the_same_whether_they_come_numbered_or_not() {
    let plain = rows(Table::Accruals, 30_000, Shape { words: 3, list: 2, missing: 2 }, &mut Dice(9));
    let mut fields = plain.schema().fields().to_vec();
    let mut columns = plain.columns().to_vec();
    for (field, column) in fields.iter_mut().zip(&mut columns).filter(|(field, _)| *field.data_type() == DataType::Utf8) {
        // Words stand in the dictionary as often as in the column.
        let keys = Int32Array::from_iter_values((0..).take(column.len()));
        let numbered = DictionaryArray::<Int32Type>::new(keys, column.clone());
        *field = Arc::new(field.as_ref().clone().with_data_type(word()));
        *column = Arc::new(numbered);
    }
    let numbered = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("a batch");
    assert_ne!(numbered.schema(), plain.schema());
    let bytes = |rows| encode(Table::Accruals, &[rows]).expect("encodable").content.pieces.iter().flatten().copied().collect::<Vec<u8>>();
    assert_eq!(bytes(numbered), bytes(plain));
}

#[test]
fn what_a_missing_list_hides_is_not_written() {
    let mut dice = Dice(5);
    let batch = rows(Table::Usage, 500, Shape { words: 5, list: 6, missing: 1 << 30 }, &mut dice);
    let lists = batch.column_by_name("entries").expect("a column").as_list::<i32>().clone();
    let (field, offsets, values, _) = lists.into_parts();
    for of in [2, 50] {
        let nulls = NullBuffer::from((0..500).map(|_| dice.below(of) != 0).collect::<Vec<bool>>());
        let hiding = ListArray::new(field.clone(), offsets.clone(), values.clone(), Some(nulls));
        let batch = with(&batch, "entries", Arc::new(hiding));
        check(Table::Usage, &[batch.clone(), batch.slice(1, 17), batch.slice(490, 10)]);
    }
}

#[test]
fn a_word_that_is_missing_by_its_dictionary_is_refused() {
    let batch = rows(Table::Usage, 2, Shape { words: 5, list: 6, missing: 2 }, &mut Dice(6));
    let words: StringArray = [Some("a"), None].into_iter().collect();
    let column = DictionaryArray::<Int32Type>::new(Int32Array::from(vec![0, 1]), Arc::new(words));
    assert!(encode(Table::Usage, &[with(&batch, "model", Arc::new(column))]).is_err());
}

#[test]
fn whole_numbers_are_packed_in_every_table() {
    for table in Table::ALL {
        let batch = rows(table, 50, Shape { words: 3, list: 3, missing: 2 }, &mut Dice(7));
        let file = Bytes::from_iter(encode(table, &[batch]).expect("encodable").content.pieces.iter().flatten().copied());
        let (_, metadata) = read(&file, None);
        for name in packed_columns(table) {
            let chunk = metadata.row_group(0).columns().iter().find(|chunk| chunk.column_path().string() == *name);
            let packed = chunk.is_some_and(|chunk| chunk.encodings().any(|encoding| encoding == Encoding::DELTA_BINARY_PACKED));
            assert!(packed, "{name} of {}", table.name());
        }
    }
}

#[test]
fn pages_of_long_texts_are_no_larger_than_others() {
    let mut dice = Dice(8);
    let batch = rows(Table::Usage, 300, Shape { words: 3, list: 3, missing: 1 << 30 }, &mut dice);
    let long =
        |count: usize| -> ArrayRef { Arc::new((0..count).map(|at| Some(format!("{at}{}", "x".repeat(200_000)))).collect::<StringArray>()) };
    let lists = batch.column_by_name("entries").expect("a column").as_list::<i32>().clone();
    let (field, offsets, values, nulls) = lists.into_parts();
    let (fields, mut columns, _) = values.as_struct().clone().into_parts();
    columns[fields.find("content_hash").expect("a field").0] = long(values.len());
    let entries = ListArray::new(field, offsets, Arc::new(StructArray::new(fields, columns, None)), nulls);
    let batch = with(&with(&batch, "reason", long(300)), "entries", Arc::new(entries));
    check(Table::Usage, std::slice::from_ref(&batch));
    let file = Bytes::from_iter(encode(Table::Usage, &[batch]).expect("encodable").content.pieces.iter().flatten().copied());
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let group = reader.get_row_group(0).expect("the only one");
    for leaf in 0..group.num_columns() {
        for page in group.get_column_page_reader(leaf).expect("pages") {
            let bytes = page.expect("readable").buffer().len();
            assert!(bytes < 3 << 20, "a page of {bytes} bytes");
        }
    }
}
