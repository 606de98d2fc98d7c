//! [`ClaimId`]: what a row of claims is called.

use crate::usage::Place;
use std::fmt;
use std::str::FromStr;

/// Which claim moves something, and upon what it is made: a usage event, or the claim upon it before. No two rows have both in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId {
    /// The claim's number.
    pub number: u64,
    /// Where the event stands, or the claim upon it before.
    pub upon: Place,
}

/// The text is no id of a claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of a claim: claim-NUMBER-batch-BATCH-row-ROW")]
pub struct NotAClaimId(pub String);

impl fmt::Display for ClaimId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ClaimId { number, upon: Place { batch, row } } = self;
        write!(out, "claim-{number}-batch-{batch}-row-{row}")
    }
}

impl FromStr for ClaimId {
    type Err = NotAClaimId;

    fn from_str(text: &str) -> Result<ClaimId, NotAClaimId> {
        let words: Vec<&str> = text.split('-').collect();
        let read = || {
            let ["claim", number, "batch", batch, "row", row] = words[..] else { return None };
            let upon = Place { batch: batch.parse().ok()?, row: row.parse().ok()? };
            Some(ClaimId { number: number.parse().ok()?, upon })
        };
        // Numbers have one form only.
        read().filter(|id| id.to_string() == text).ok_or_else(|| NotAClaimId(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(u64, u64, u32)>) {
        let read = text.parse::<ClaimId>().ok().map(|id| (id.number, id.upon.batch, id.upon.row));
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn an_id_has_one_form() {
        check("claim-3-batch-17-row-0", Some((3, 17, 0)));
        for other in ["claim-03-batch-17-row-0", "claim-3-batch-+17-row-0", "claim-3-batch-17", "claim-3-batch-17-row-0-", "3", ""] {
            check(other, None);
        }
    }
}
