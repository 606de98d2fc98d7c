//! Generated load and the benchmark against a general-purpose engine.
//!
//! [`generate`] writes events and registries of any size, the same bytes for the same plan. [`bench`] runs the release binary and a
//! peer over one file, in turn, whole process against whole process, and judges what came out. [`kafka`] sends files to
//! topics. [`identities`] measures what a long history takes.

pub mod bench;
pub mod generate;
pub mod identities;
pub mod kafka;
