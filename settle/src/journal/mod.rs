//! The journal: one balanced entry per business act, in integers, under everything that is settled.
//!
//! Every MID has books of its own: an entry belongs to one MID and currencies never mix. Amounts are signed: a debit is above 0, a credit
//! below, so a balanced entry sums to 0 in each currency. An entry is never changed; what was wrong or is no longer so is reversed by
//! another one. Each names the hash of the one before.
//!
//! What a draft books once it is approved follows from the planner's moves alone: where a move takes is debited, where it gives is
//! credited. So what a platform owes is debited to it, and what is owed is credited to the parties and the MID. What stays within a
//! party's own money (carried, brought in, to be paid) moves nothing: it is owed before and after. A payout leaves the party's account
//! when it is released, by an entry of its own.
//!
//! Modules in reading order: [`account`], [`entry`], [`approval`], [`payment`], [`claim`], [`parts`], [`mod@line`], [`assignment`],
//! [`remittance`], [`met`], [`balances`], [`wire`].

pub mod account;
pub mod approval;
pub mod assignment;
pub mod balances;
pub mod claim;
pub mod entry;
pub mod line;
pub mod met;
pub mod parts;
pub mod payment;
pub mod remittance;
pub mod wire;

pub use account::{Account, AccountKind};
pub use approval::{Occasion, Way, agrees, entry_of_approval, reversal_of};
pub use assignment::{Whose, entry_of_assignment};
pub use balances::Turnover;
pub use claim::{PaidForClaim, entry_of_claim, paid_by_cycle};
pub use entry::{Entry, EntryKind, Evidence, EvidenceKind, Header, Place, Posting};
pub use line::{Line, Moved, Standing};
pub use met::Met;
pub use parts::{Part, Parts, Whole};
pub use payment::{OfCycle, Told, entry_of_message, entry_of_release};
pub use remittance::{PaidToOffice, entry_of_remittance, withheld_for};
