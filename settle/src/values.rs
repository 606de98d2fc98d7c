//! Comma-separated values, as spreadsheets and programs read them.

use crate::error::SettleError;

/// The text: a head, then lines ended by CRLF, quoted as RFC 4180 has it.
///
/// # Errors
/// Rows of another length than the head.
pub fn values(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<String, SettleError> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(head)?;
    for row in rows {
        writer.write_record(&row)?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8(bytes).expect("texts beside each other are a text"))
}
