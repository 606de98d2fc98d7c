//! The Arrow schemas of the archived tables, and what their Parquet files say of themselves.
//!
//! Money and weights are `Decimal128(38, 12)`; times are UTC to the microsecond. A change to a table is a new version:
//! yesterday's files stay readable.

use crate::money::SCALE;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// The version of every table's schema, also in its path and in the metadata of its files.
pub const VERSION: &str = "1";

/// The tables of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row per metered event: the evidence.
    Usage,
    /// Sums per batch, cycle and key.
    Accruals,
    /// One row per event, reference and status: how the sums came about.
    Lines,
    /// One row per posting of the journal, written when a cycle is sealed; an entry that moves nothing has one of line 0, without an account.
    Journal,
    /// One row per payment, with what became of it by then, written when its cycle is sealed.
    Payouts,
}

impl Table {
    /// All tables.
    pub const ALL: [Table; 5] = [Table::Accruals, Table::Journal, Table::Lines, Table::Payouts, Table::Usage];

    /// The table's name and top folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Table::Usage => "usage",
            Table::Accruals => "accruals",
            Table::Lines => "lines",
            Table::Journal => "journal",
            Table::Payouts => "payouts",
        }
    }

    /// The key of the Hive-style folder below the version: a month in UTC.
    ///
    /// `usage` is foldered by the month of the event's time, the others by the cycle that they are settled in; `journal` by the one whose seal wrote it. No column has
    /// the key's name: readers do not agree on what its type would be.
    #[must_use]
    pub const fn folder_key(self) -> &'static str {
        match self {
            Table::Usage => "month",
            Table::Accruals | Table::Lines | Table::Journal | Table::Payouts => "settled",
        }
    }

    /// The table of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Its Arrow schema.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        match self {
            Table::Usage => USAGE.clone(),
            Table::Accruals => ACCRUALS.clone(),
            Table::Lines => LINES.clone(),
            Table::Journal => JOURNAL.clone(),
            Table::Payouts => PAYOUTS.clone(),
        }
    }
}

/// Decimal of 38 digits, 12 of them fractional.
#[must_use]
pub fn decimal() -> DataType {
    DataType::Decimal128(38, i8::try_from(SCALE).unwrap_or(12))
}

/// UTC to the microsecond.
#[must_use]
pub fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Text of few distinct values.
#[must_use]
pub fn word() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn required(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, false)
}

fn optional(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, true)
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("element", item, false)))
}

/// One counted unit of `usage.counts`.
#[must_use]
pub fn count_fields() -> Fields {
    Fields::from(vec![required("unit", DataType::Utf8), required("count", DataType::Int64)])
}

/// One entry of `usage.entries`: a reference as it came, with its weight read to 12 fractional digits.
#[must_use]
pub fn entry_fields() -> Fields {
    Fields::from(vec![
        required("reference_kind", word()),
        required("reference", DataType::Utf8),
        required("weight", decimal()),
        optional("content_hash", DataType::Utf8),
        optional("role", DataType::Utf8),
        optional("consent_receipt", DataType::Utf8),
    ])
}

fn schema(table: &str, fields: Vec<Field>) -> SchemaRef {
    let metadata =
        HashMap::from([("farthing.table".to_owned(), table.to_owned()), ("farthing.schema_version".to_owned(), VERSION.to_owned())]);
    Arc::new(Schema::new_with_metadata(fields, metadata))
}

static USAGE: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(
        "usage",
        vec![
            required("batch", DataType::Int64),
            required("row", DataType::Int64),
            required("partition", word()),
            required("position", DataType::Int64),
            required("source", DataType::Utf8),
            required("id", DataType::Utf8),
            required("time", instant()),
            required("platform", word()),
            required("use", word()),
            optional("model", word()),
            optional("output", DataType::Utf8),
            optional("revenue", decimal()),
            optional("currency", word()),
            optional("rated", DataType::Boolean),
            optional("counts", list_of(DataType::Struct(count_fields()))),
            optional("method", word()),
            optional("method_version", word()),
            optional("kind", word()),
            optional("transform", word()),
            optional("unattributed", decimal()),
            optional("entries", list_of(DataType::Struct(entry_fields()))),
            optional("reverses_source", DataType::Utf8),
            optional("reverses_id", DataType::Utf8),
            optional("reverses_time", instant()),
            optional("reverses_batch", DataType::Int64),
            optional("reverses_row", DataType::Int64),
            optional("reason", DataType::Utf8),
            required("identity", DataType::FixedSizeBinary(16)),
            required("says", DataType::FixedSizeBinary(16)),
            required("registry_version", DataType::Int64),
        ],
    )
});

fn key_fields() -> Vec<Field> {
    ["reference_kind", "party", "mid", "agreement", "platform", "use", "currency", "status"]
        .map(|name| required(name, if name == "party" { DataType::Utf8 } else { word() }))
        .into()
}

static ACCRUALS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![
        required("batch", DataType::Int64),
        required("cycle", DataType::Utf8),
        required("late", DataType::Boolean),
        optional("undone", word()),
    ];
    fields.extend(key_fields());
    fields.extend([required("gross", decimal()), required("labour", decimal())]);
    schema("accruals", fields)
});

static LINES: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![
        required("source", DataType::Utf8),
        required("id", DataType::Utf8),
        required("time", instant()),
        required("cycle", DataType::Utf8),
        required("late", DataType::Boolean),
        optional("undone", word()),
    ];
    fields.extend(key_fields());
    fields.extend([
        required("works", list_of(DataType::Utf8)),
        required("gross", decimal()),
        required("labour", decimal()),
        optional("method", word()),
        optional("method_version", word()),
        required("registry_version", DataType::Int64),
        required("batch", DataType::Int64),
    ]);
    schema("lines", fields)
});

static JOURNAL: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(
        "journal",
        vec![
            required("entry", DataType::Int64),
            required("line", DataType::Int64),
            required("happened", instant()),
            required("booked", instant()),
            required("kind", word()),
            required("mid", word()),
            optional("cycle", word()),
            required("account", word()),
            required("owner", DataType::Utf8),
            required("currency", word()),
            required("amount", decimal()),
            required("reason", DataType::Utf8),
            required("reference", DataType::Utf8),
            optional("reverses", DataType::Int64),
            required("evidence_kind", word()),
            required("evidence_sha256", DataType::Utf8),
            required("previous", DataType::Utf8),
            required("entry_sha256", DataType::Utf8),
        ],
    )
});

static PAYOUTS: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(
        "payouts",
        vec![
            required("payment", DataType::Utf8),
            required("mid", word()),
            required("currency", word()),
            required("cycle", word()),
            required("party", DataType::Utf8),
            required("attempt", DataType::Int64),
            required("paid_in", word()),
            required("amount", decimal()),
            optional("replaces", DataType::Utf8),
            optional("file", word()),
            required("state", word()),
            optional("booked", word()),
        ],
    )
});
