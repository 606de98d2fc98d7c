//! [`Table`]: comma separated values with a line of column names.

use crate::answer::BYTES_MAX;
use crate::{Amount, BankError};
use csv::{ReaderBuilder, StringRecord};
use std::io::{Chain, Read};

/// A table in memory; names of columns are compared without regard to case.
pub(crate) struct Table {
    columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// One row.
pub(crate) struct Row {
    pub(crate) line: usize,
    cells: StringRecord,
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Table, BankError> {
    let mut rows = rows(bytes)?;
    if rows.is_empty() {
        return Err(BankError::damaged(1, "the file is empty"));
    }
    let columns = columns(&rows.remove(0).cells);
    Ok(Table { columns, rows })
}

/// A table without its rows: enough to know what it is, whatever is wrong further down.
pub(crate) fn head(bytes: &[u8]) -> Result<Table, BankError> {
    let first = reader(bytes).into_records().next().ok_or_else(|| BankError::damaged(1, "the file is empty"))?;
    Ok(Table { columns: first.as_ref().map(columns).unwrap_or_default(), rows: Vec::new() })
}

fn columns(names: &StringRecord) -> Vec<String> {
    names.iter().map(|name| name.trim().to_lowercase()).collect()
}

/// With a line end put behind the file, which is within a cell if a quote is open there.
fn reader(bytes: &[u8]) -> csv::Reader<Chain<&[u8], &[u8]>> {
    let plain = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    ReaderBuilder::new().has_headers(false).flexible(false).from_reader(plain.chain(b"\n".as_slice()))
}

/// All rows, also the first.
pub(crate) fn rows(bytes: &[u8]) -> Result<Vec<Row>, BankError> {
    if bytes.len() > BYTES_MAX {
        return Err(BankError::Refused(format!("it has {} bytes, and at most {BYTES_MAX} are read", bytes.len())));
    }
    let row = |record: Result<StringRecord, csv::Error>| match record {
        // A quote that nothing closes makes cells of the rows after it.
        Ok(cells) if cells.iter().any(|cell| cell.contains(['\n', '\r'])) => {
            Err(BankError::damaged(line(cells.position()), "a cell goes on in the next line, as after a quote that nothing closes"))
        }
        Ok(cells) => Ok(Row { line: line(cells.position()), cells }),
        Err(error) => Err(BankError::damaged(line(error.position()), told(&error))),
    };
    reader(bytes).into_records().map(row).collect()
}

/// Without the position, which stands before it.
fn told(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "a cell that is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("a row of {len} cells, and rows before have {expected_len}"),
        _ => "not comma separated values".to_owned(),
    }
}

fn line(position: Option<&csv::Position>) -> usize {
    position.and_then(|position| usize::try_from(position.line()).ok()).unwrap_or(1)
}

impl Table {
    /// The column that has one of these names.
    pub(crate) fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.columns.iter().position(|column| column == name))
    }
}

impl Row {
    /// A cell without spaces around it; none where there is no such column or nothing in it.
    pub(crate) fn cell(&self, column: Option<usize>) -> Option<&str> {
        column.and_then(|column| self.cells.get(column)).map(str::trim).filter(|cell| !cell.is_empty())
    }

    /// An amount in one cell and its currency in another.
    pub(crate) fn amount(&self, amount: Option<usize>, currency: Option<usize>) -> Result<Option<Amount>, BankError> {
        let (Some(amount), Some(code)) = (self.cell(amount), self.cell(currency)) else { return Ok(None) };
        let currency = code.parse().map_err(|error| BankError::damaged(self.line, format!("an amount whose currency {error}")))?;
        // A payout is shown as what it takes from the balance.
        let size = amount.strip_prefix(['-', '+']).unwrap_or(amount);
        if size.starts_with(['-', '+']) {
            return Err(BankError::damaged(self.line, "an amount with two signs"));
        }
        Amount::from_decimal(size, currency).map(Some).map_err(|why| BankError::Amount { line: self.line, why })
    }
}
