//! The commands, one module each.

pub mod accruals;
pub mod actor;
pub mod adjust;
pub mod archive;
pub mod bank;
pub mod check;
pub mod claim;
pub mod completions;
pub mod dead_letters;
pub mod hold;
pub mod invoice;
pub mod journal;
pub mod ledger;
pub mod meter;
pub mod payments;
pub mod receivables;
pub mod record;
pub mod registry;
pub mod report;
pub mod root;
pub mod settle;
pub mod statement;
pub mod status;
pub mod tax;
pub mod trial_balance;
pub mod verify;
