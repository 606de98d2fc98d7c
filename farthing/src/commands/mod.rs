//! The commands, one module each.

pub mod accruals;
pub mod archive;
pub mod bank;
pub mod completions;
pub mod dead_letters;
pub mod ledger;
pub mod meter;
pub mod registry;
pub mod settle;
pub mod statement;
pub mod status;
pub mod verify;
