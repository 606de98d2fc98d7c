//! One test binary: scenarios as text tables, properties, golden cases of the oracle, the moves of cycles, and the
//! texts that come out.
#![allow(clippy::unwrap_used)]

mod assignments;
mod cycles;
mod golden;
mod invoices;
mod journal;
mod overviews;
mod payouts;
mod proofs;
mod properties;
mod receivables;
mod reserves;
mod scenario;
mod scenarios;
mod statements;
mod statements_of_heirs;
mod support;
mod texts;
