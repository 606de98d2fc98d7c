//! [`Accrual`]: an amount earned and not yet settled, as it stands in tables and reports.

use crate::{Currency, Cycle, Money, ReferenceKind, Status, Use};

/// What one reference earned under one key, summed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accrual {
    /// The cycle it is settled in.
    pub cycle: Cycle,
    /// Whether its events belong to an earlier cycle that was closed when they came.
    pub late: bool,
    /// The cycle that a reversal undoes.
    pub undone: Option<Cycle>,
    /// Who earned it, under which terms.
    pub key: AccrualKey,
    /// Attributed revenue.
    pub gross: Money,
    /// The part of gross promised to contributors.
    pub labour: Money,
}

/// The keys from `reference_kind` to `status`, in the order that lists are sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccrualKey {
    /// `party`, `work` for an unknown work, none for the unattributed part.
    pub reference_kind: Option<ReferenceKind>,
    /// The party's id, or the raw reference; empty for the unattributed part.
    pub party: String,
    /// The MID whose agreement applies, else empty.
    pub mid: String,
    /// The agreement that applies, else empty.
    pub agreement: String,
    /// Who owes it.
    pub platform: String,
    /// What was done.
    pub use_: Use,
    /// The currency of gross and labour.
    pub currency: Currency,
    /// What is to become of it.
    pub status: Status,
}
