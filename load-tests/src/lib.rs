//! Generated load, and benchmarks against a general-purpose engine, a bare client of Kafka and a stream processor.
//!
//! [`generate`] writes events and registries of any size, the same bytes for the same plan. [`bench`] runs the release binary and a
//! peer over one file, in turn, whole process against whole process, and judges what came out. [`kafka`] does so from a real broker, and
//! sends files to topics. [`identities`] measures what a long history takes, [`statements`] what
//! the root over a cycle does, [`payouts`] a cycle of many payees with all its steps.

pub mod bench;
pub mod generate;
pub mod identities;
pub mod kafka;
pub mod payouts;
pub mod statements;
