//! [`FileHeader`]: by what a bank tells files apart, as the first record of each says it.

use super::record::RECORD_CHARACTERS;
use chrono::NaiveDate;

/// Two files that have all of this in common are one file to a bank, which was sent twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// The routing number of the bank that it is sent to.
    pub destination: String,
    /// Ten characters by which the bank knows the payer.
    pub origin: String,
    /// The day on which it was made.
    pub created: NaiveDate,
    /// A letter or digit that tells files of one day apart.
    pub modifier: char,
}

impl FileHeader {
    /// All modifiers, in the order in which they are given.
    pub const MODIFIERS: &'static str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    /// The header that bytes begin with, if they do.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<FileHeader> {
        let record = std::str::from_utf8(bytes.get(..RECORD_CHARACTERS)?).ok()?;
        let record = record.strip_prefix("101 ").filter(|record| record.is_ascii())?;
        Some(FileHeader {
            destination: record.get(..9)?.to_owned(),
            origin: record.get(9..19)?.to_owned(),
            created: NaiveDate::parse_from_str(record.get(19..25)?, "%y%m%d").ok()?,
            modifier: record.get(29..30)?.chars().next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_and_nothing_else() {
        let record = format!("{:<94}", "101 02100002112345678902611020930B094101BANK");
        let header = FileHeader::of(record.as_bytes()).unwrap();
        let created = NaiveDate::from_ymd_opt(2026, 11, 2).unwrap();
        let (destination, origin) = ("021000021".to_owned(), "1234567890".to_owned());
        assert_eq!(header, FileHeader { destination, origin, created, modifier: 'B' });
        for other in [&record[..93], &record.replace("101 ", "622 "), &record.replace("261102", "261302"), ""] {
            assert_eq!(FileHeader::of(other.as_bytes()), None, "{other}");
        }
    }
}
