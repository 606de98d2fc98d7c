//! Files for banks and payment services, and what those answer.
//!
//! An [`Order`] holds what is to be paid. [`check()`] judges it against a [`Format`] and the journal's [`Totals`]; what passes, and
//! nothing else, [`write()`] makes a file of. [`read()`] tells what an answer says of each payment.
//!
//! Pure: no clock, no environment, no randomness, no I/O, no float near money. Times and ids are arguments; equal orders make equal bytes.
//!
//! Invariants
//! - An amount is a whole number of minor units, in an order, in a file and in an answer; anything else is an error, never a rounding.
//! - Nothing is written that has not been checked, and what is written sums to what the journal moves.
//! - No text is cut and no letter left out: what does not fit is a finding.
//! - An account number shows its last four characters at most, wherever it is printed; only writers reach the whole.
//! - A reader ends with what a file says or with an error that names the place, whatever bytes it is given; it expands nothing, and takes
//!   no more than [`BYTES_MAX`].
//! - What an answer says and nobody here understands is [`Unread`], never passed over.
//!
//! Modules in reading order: [`amount`], [`ids`], [`characters`], [`account`], [`countries`], [`payment`], [`format`](mod@format),
//! [`mod@check`], [`written`], [`pain001`], [`nacha`], [`paypal`], [`wise`], [`answer`],
//! [`mod@kept`], [`error`].
#![deny(missing_docs)]

pub mod account;
pub mod amount;
pub mod answer;
mod camt;
pub mod characters;
pub mod check;
pub mod countries;
mod dates;
pub mod error;
pub mod format;
pub mod ids;
pub mod kept;
pub mod nacha;
pub mod pain001;
mod pain002;
pub mod payment;
pub mod paypal;
mod table;
pub mod wise;
pub mod written;
mod xml;

pub use account::{Account, AccountNumber};
pub use amount::{Amount, AmountError};
pub use answer::{Answer, AnswerFile, BYTES_MAX, Outcome, Receipt, Reference, Unread, read};
pub use check::{Checked, Finding, Rule, check};
pub use error::BankError;
pub use format::{Format, FormatKind};
pub use ids::{EndToEndId, MessageId};
pub use nacha::FileHeader;
pub use payment::{Order, Payment, Totals};
pub use written::{Instruction, Written, read_back, write};
