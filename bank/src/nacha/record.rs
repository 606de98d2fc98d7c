//! [`Record`]: one line of 94 characters and its fields, by their columns.

use crate::BankError;

/// Characters of a record.
pub(super) const RECORD_CHARACTERS: usize = 94;
/// Records of a block.
pub(super) const BLOCK_RECORDS: usize = 10;

/// A line of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) line: usize,
    text: &'a str,
}

/// Whether a file begins with a file header.
pub(crate) fn is_nacha(bytes: &[u8]) -> bool {
    bytes.starts_with(b"101")
}

/// All records but the nines that fill the last block.
pub(super) fn records(bytes: &[u8]) -> Result<Vec<Record<'_>>, BankError> {
    let mut records = Vec::new();
    let mut ended = false;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let number = index + 1;
        let filling = line.iter().all(|byte| *byte == b'9');
        let record = record(line, number)?;
        match (ended, filling) {
            (true, true) => {}
            (true, false) => return Err(BankError::damaged(number, "a record after the file control")),
            (false, _) => {
                ended = record.kind() == '9';
                records.push(record);
            }
        }
    }
    if ended { Ok(records) } else { Err(BankError::damaged(records.len() + 1, "the file ends without a file control (9)")) }
}

fn record(line: &[u8], number: usize) -> Result<Record<'_>, BankError> {
    if line.len() != RECORD_CHARACTERS {
        return Err(BankError::damaged(number, format!("a record of {} characters instead of {RECORD_CHARACTERS}", line.len())));
    }
    let printable = |byte: &u8| (b' '..=b'~').contains(byte);
    let text = std::str::from_utf8(line).ok().filter(|_| line.iter().all(printable));
    let text = text.ok_or_else(|| BankError::damaged(number, "a character that is not printable ASCII"))?;
    Ok(Record { line: number, text })
}

impl<'a> Record<'a> {
    /// The record type.
    pub(super) fn kind(self) -> char {
        self.text.chars().next().unwrap_or(' ')
    }

    /// The field in these columns, counted from 1, both inclusive.
    pub(super) fn field(self, first: usize, last: usize) -> &'a str {
        // Records are ASCII of one length.
        self.text.get(first - 1..last).unwrap_or_default()
    }

    pub(super) fn trimmed(self, first: usize, last: usize) -> &'a str {
        self.field(first, last).trim()
    }

    pub(super) fn number(self, first: usize, last: usize, name: &str) -> Result<u64, BankError> {
        let text = self.field(first, last);
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number.ok_or_else(|| BankError::damaged(self.line, format!("the {name} in columns {first} to {last} is not a number")))
    }

    /// Refuses a stated sum or count that is not the one found.
    pub(super) fn expect(self, first: usize, last: usize, name: &'static str, found: u64) -> Result<(), BankError> {
        let stated = self.number(first, last, name)?;
        if stated == found {
            return Ok(());
        }
        Err(BankError::Inconsistent { line: self.line, field: name, stated: stated.to_string(), found: found.to_string() })
    }
}
