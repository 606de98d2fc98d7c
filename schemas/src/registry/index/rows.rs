//! The rows of a [`super::Registry`], as small as they can be.

use super::{AgreementIndex, MidIndex, PlatformIndex, WorkIndex};
use crate::registry::stored;
use crate::{Currency, Instant, Use, UseSet};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::num::NonZeroU32;

/// Where what belongs to a party stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct PartyRow {
    /// Which list of memberships.
    pub(super) memberships: u32,
    /// Where its consents start; the next row says where they end.
    pub(super) consents: u32,
    /// One more than the place of its payout.
    pub(super) payout: Option<NonZeroU32>,
}

/// A way to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PayoutRow {
    pub(super) method: Box<str>,
    #[serde(with = "stored::text")]
    pub(super) currency: Currency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct MembershipRow {
    #[serde(with = "stored::micros")]
    pub(super) from: Instant,
    #[serde(with = "stored::micros")]
    pub(super) to: Instant,
    pub(super) mid: MidIndex,
    pub(super) scope: u32,
}

/// Platforms and uses that some membership covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Scope {
    /// Sorted; none for all.
    pub(super) platforms: Option<Box<[PlatformIndex]>>,
    #[serde(with = "stored::uses")]
    pub(super) uses: UseSet,
    /// `*`, which is another key than a list of all.
    pub(super) every_use: bool,
}

impl Scope {
    pub(super) fn covers(&self, platform: PlatformIndex, use_: Use) -> bool {
        self.uses.covers(use_) && self.platforms.as_ref().is_none_or(|listed| listed.binary_search(&platform).is_ok())
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct ConsentRow {
    #[serde(with = "stored::micros")]
    pub(super) from: Instant,
    #[serde(with = "stored::micros")]
    pub(super) to: Instant,
    pub(super) work: Option<WorkIndex>,
    pub(super) platform: Option<PlatformIndex>,
    pub(super) use_: Option<Use>,
    pub(super) denies: bool,
}

/// How many of work, platform and use a consent names, which of them, and from when on.
pub(super) type Precedence = (u8, [bool; 3], Instant);

impl ConsentRow {
    pub(super) fn applies(&self, platform: PlatformIndex, use_: Use, at: Instant) -> bool {
        let names = self.platform.is_none_or(|named| named == platform) && self.use_.is_none_or(|named| named == use_);
        names && self.from <= at && at < self.to
    }

    /// The higher one wins: more names, then work before platform before use, then the later start.
    pub(super) fn precedence(&self) -> Precedence {
        let names = [self.work.is_some(), self.platform.is_some(), self.use_.is_some()];
        (names.iter().map(|named| u8::from(*named)).sum(), names, self.from)
    }

    /// By work, no work first, and then so that the first one that applies is the one that counts.
    pub(super) fn order(&self) -> (Option<WorkIndex>, Reverse<Precedence>) {
        (self.work, Reverse(self.precedence()))
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct AgreementSpan {
    pub(super) from: Instant,
    pub(super) to: Instant,
    pub(super) agreement: AgreementIndex,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct WorkVersion {
    #[serde(with = "stored::micros")]
    pub(super) from: Instant,
    #[serde(with = "stored::micros")]
    pub(super) to: Instant,
    pub(super) parts_start: u32,
    pub(super) parts_end: u32,
}
