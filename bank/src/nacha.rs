//! NACHA: records of 94 characters in blocks of ten, credits to persons (PPD) and organisations (CCD) with one addenda each.
//!
//! An entry has room for the first 15 characters of a payment's id; the addenda (05) has all of it, and the purpose, as segments of X12:
//! `TRN*1*ID\NTE**PURPOSE\`. Returns have those 15 characters again and the trace number that the entry was given.

mod header;
mod read;
mod record;
mod returns;
mod write;

pub use header::FileHeader;
pub(crate) use read::read_back;
pub(crate) use record::is_nacha;
pub(crate) use returns::read;
pub(crate) use write::write;

use crate::characters::CharacterSet;
use crate::format::Limits;

/// Half of what a batch can count, since each payment has an addenda; a file has two batches at most.
pub const PAYMENTS_MAX: usize = 499_999;

/// Characters of the individual identification number.
pub(crate) const ID_CHARACTERS: usize = 15;

/// Field widths of the entry, the batch header and the addenda; 10 digits for one payment, 12 for all.
pub(crate) const LIMITS: Limits = Limits {
    payments_max: PAYMENTS_MAX,
    payment_max_minor_units: 9_999_999_999,
    total_max_minor_units: 999_999_999_999,
    name_characters_max: 22,
    debtor_characters_max: 16,
    purpose_characters_max: 32,
    id_characters: ID_CHARACTERS,
    characters: CharacterSet::Nacha,
};
