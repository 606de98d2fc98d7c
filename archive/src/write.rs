//! How tables are written as Parquet, and where.

use arrow_array::RecordBatch;
use farthing_aggregate::columns::{ColumnError, Columns};
use farthing_schemas::tables::{Table, VERSION};
use farthing_schemas::{Cycle, Instant};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::ops::Range;

/// Rows of a row group: small enough that a reader who looks for one party or hour skips most of a file.
pub(crate) const GROUP_ROWS: usize = 128 << 10;

/// Rows of a page, at most.
pub(crate) const PAGE_ROWS: usize = 20_000;

/// A dictionary larger than this is given up: by then it costs more than it saves.
pub(crate) const DICTIONARY_BYTES: usize = 128 << 10;

/// Rows of accruals stand in the order of parties, each of which has several: their dictionary saves more than it costs.
const PARTIES_BYTES: usize = 4 << 20;

/// The path of a file of a table: `usage/v1/month=2026-10/NAME.parquet`.
#[must_use]
pub fn table_path(table: Table, folder: Cycle, name: &str) -> String {
    format!("{}/v{VERSION}/{}={folder}/{name}.parquet", table.name(), table.folder_key())
}

/// How a table is written: what helps its readers, and costs no time where it helps nobody.
pub(crate) fn properties(table: Table) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by("farthing".to_owned())
        // Readers that know nothing of Arrow find the version here.
        .set_key_value_metadata(Some(key_values(table)))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(true)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::None);
    for telling in telling_columns(table) {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(*telling), EnabledStatistics::Chunk);
    }
    // Neighbours are alike, or all are small: what is left of them is their difference.
    for packed in packed_columns(table) {
        let path = ColumnPath::new(packed.split('.').map(str::to_owned).collect());
        properties = properties.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    // Digests are as random as bytes can be: nothing to compress.
    for random in random_columns(table) {
        let path = ColumnPath::from(*random);
        properties = properties.set_column_dictionary_enabled(path.clone(), false).set_column_compression(path, Compression::UNCOMPRESSED);
    }
    properties.build()
}

fn key_values(table: Table) -> Vec<KeyValue> {
    let of = |(key, value): (&String, &String)| KeyValue::new(key.clone(), value.clone());
    let mut pairs: Vec<KeyValue> = table.schema().metadata().iter().map(of).collect();
    pairs.sort_by(|a, b| a.key.cmp(&b.key));
    pairs
}

/// Columns whose least and greatest value tell readers which row groups to skip; those of all others tell nothing and cost time.
pub(crate) fn telling_columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::Usage => &["batch", "row", "partition", "position", "source", "id", "time", "platform", "use", "registry_version"],
        Table::Accruals => &["batch", "cycle", "party", "status"],
        Table::Lines => &["source", "id", "time", "cycle", "party", "mid", "agreement", "platform", "status", "batch"],
        Table::Journal => &["entry", "happened", "mid", "account", "owner"],
        Table::Payouts => &["payment", "mid", "cycle", "party", "state"],
    }
}

/// How large the dictionary of a column of texts may become before it is given up.
pub(crate) fn dictionary_bytes(table: Table, column: &str) -> usize {
    match (table, column) {
        // Nearly every text is another one.
        (_, "id" | "output" | "payment") => 0,
        (Table::Accruals, "party") => PARTIES_BYTES,
        _ => DICTIONARY_BYTES,
    }
}

fn random_columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::Usage => &["identity", "says"],
        Table::Accruals | Table::Lines | Table::Journal | Table::Payouts => &[],
    }
}

/// Columns of whole numbers and times, each by its path in the file.
pub(crate) fn packed_columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::Usage => &["batch", "row", "position", "time", "counts.list.element.count", "registry_version"],
        Table::Accruals => &["batch"],
        Table::Lines => &["time", "registry_version", "batch"],
        Table::Journal => &["entry", "line", "happened", "booked", "reverses"],
        Table::Payouts => &["attempt"],
    }
}

/// The month of each row of `usage`.
///
/// # Errors
/// [`ColumnError`] if they are no rows of `usage`.
pub fn months(rows: &RecordBatch) -> Result<Vec<Cycle>, ColumnError> {
    let mut last: Option<(Cycle, Range<i64>)> = None;
    let month_of = |time: &i64| match &last {
        Some((month, times)) if times.contains(time) => *month,
        _ => {
            let month = Instant::from_micros(*time).cycle();
            last = Some((month, month.start().micros()..month.end().micros()));
            month
        }
    };
    Ok(Columns(rows).times("time")?.values().iter().map(month_of).collect())
}
