//! `[meter]`: how events are metered where neither the command line nor the topic says it.

use crate::cli::LimitOptions;
use anyhow::ensure;
use serde::Deserialize;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// What may be asked for, on the command line as in the file.
pub const BATCH_EVENTS: RangeInclusive<u64> = 1..=10_000_000;
pub const BATCH_MIB: RangeInclusive<u64> = 1..=4096;
pub const BATCH_SECONDS: RangeInclusive<u64> = 1..=3600;
pub const IDENTITIES_MIB: RangeInclusive<u64> = 1..=1_048_576;
pub const WORKERS: RangeInclusive<u16> = 1..=256;
pub const PATIENCE_SECONDS: RangeInclusive<u64> = 0..=86_400;

/// `[meter]`; the command line comes before it, and so does a topic's own table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterTable {
    /// Most events in one batch [1000000].
    pub batch_events: Option<u64>,
    /// Most MiB of events in one batch, decompressed [1024].
    pub batch_mib: Option<u64>,
    /// Seconds after a batch's first event when it is sealed and its commit begins [10].
    pub batch_seconds: Option<u64>,
    /// MiB of memory for the identities of all events [1024].
    pub identities_mib: Option<u64>,
    /// Folder for those that do not fit in it [that of the embedded ledger, else /var/tmp].
    pub scratch: Option<PathBuf>,
    /// Threads that decode [one per processor].
    pub workers: Option<u16>,
    /// Seconds to wait for a ledger that is away [30, or 300 when following].
    pub ledger_patience_seconds: Option<u64>,
}

impl MeterTable {
    /// The same, if all of it is within bounds; `table` is where it stands.
    pub fn checked(self, table: &str) -> anyhow::Result<MeterTable> {
        within(table, "batch_events", self.batch_events, &BATCH_EVENTS)?;
        within(table, "batch_mib", self.batch_mib, &BATCH_MIB)?;
        within(table, "batch_seconds", self.batch_seconds, &BATCH_SECONDS)?;
        within(table, "identities_mib", self.identities_mib, &IDENTITIES_MIB)?;
        within(table, "workers", self.workers, &WORKERS)?;
        within(table, "ledger_patience_seconds", self.ledger_patience_seconds, &PATIENCE_SECONDS)?;
        Ok(self)
    }

    /// What this table says, and the other where it says nothing.
    #[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "only topics have tables of their own"))]
    pub fn or(&self, other: &MeterTable) -> MeterTable {
        MeterTable {
            batch_events: self.batch_events.or(other.batch_events),
            batch_mib: self.batch_mib.or(other.batch_mib),
            batch_seconds: self.batch_seconds.or(other.batch_seconds),
            identities_mib: self.identities_mib.or(other.identities_mib),
            scratch: self.scratch.clone().or_else(|| other.scratch.clone()),
            workers: self.workers.or(other.workers),
            ledger_patience_seconds: self.ledger_patience_seconds.or(other.ledger_patience_seconds),
        }
    }

    /// What the command line says, and the table where it says nothing.
    pub fn under(&self, options: &LimitOptions) -> LimitOptions {
        LimitOptions {
            batch_events: options.batch_events.or(self.batch_events),
            batch_mib: options.batch_mib.or(self.batch_mib),
            batch_seconds: options.batch_seconds.or(self.batch_seconds),
            identities_mib: options.identities_mib.or(self.identities_mib),
            scratch: options.scratch.clone().or_else(|| self.scratch.clone()),
            workers: options.workers.or(self.workers),
        }
    }
}

fn within<N: PartialOrd + Display>(table: &str, key: &str, value: Option<N>, bounds: &RangeInclusive<N>) -> anyhow::Result<()> {
    let fits = value.is_none_or(|value| bounds.contains(&value));
    ensure!(fits, "{key} under [{table}] must be from {} to {}", bounds.start(), bounds.end());
    Ok(())
}
