//! [`Claims`]: what was claimed, of whom, and by whose word.

use crate::numbered::Numbered;
use farthing_aggregate::claims::Asked;
use farthing_schemas::manifest::{Claim, ClaimPayment};
use farthing_schemas::{Instant, ReferenceKind};

/// A claim, as it is made again from its manifest.
#[derive(Clone, Debug)]
pub struct Made {
    /// The number of the manifest that made it.
    pub sequence: u64,
    /// When that was made.
    pub at: String,
    /// The claim.
    pub claim: Claim,
    /// What it asks for.
    pub asked: Asked,
    /// The time that counts where nobody is found at the event's own.
    pub claimed_at: Instant,
}

/// All claims there ever were, by number.
pub type Claims = Numbered<Made>;

impl Claims {
    /// Takes the next claim of the chain, or says what is wrong with it.
    pub(crate) fn take(&mut self, sequence: u64, registry_version: u64, at: String, claim: Claim) -> Result<(), String> {
        let number = claim.number;
        self.is_next("claim", number)?;
        if claim.through_sequence >= sequence {
            return Err(format!("claim {number} knew of manifest {}, which does not come before it", claim.through_sequence));
        }
        if claim.registry_version > registry_version {
            return Err(format!("claim {number} goes by registry version {}, which there is not", claim.registry_version));
        }
        let (asked, claimed_at) = read(&claim).map_err(|field| format!("the {field} of claim {number} cannot be read"))?;
        self.add(number, Made { sequence, at, claim, asked, claimed_at });
        Ok(())
    }
}

/// What a claim asks for and when, or the field that says nothing of the kind.
fn read(claim: &Claim) -> Result<(Asked, Instant), &'static str> {
    let claimed_at = claim.claimed_at.parse().map_err(|_| "time")?;
    let kind: ReferenceKind = claim.reference_kind.parse().map_err(|_| "kind of reference")?;
    let reference = claim.reference.clone();
    let Some(ClaimPayment { platform, currency, month, paid, .. }) = &claim.payment else {
        return Ok((Asked::Suspense { kind, reference }, claimed_at));
    };
    if kind != ReferenceKind::Party {
        return Err("kind of reference");
    }
    let currency = currency.as_deref().map(str::parse).transpose().map_err(|_| "currency")?;
    let month = month.as_deref().map(str::parse).transpose().map_err(|_| "month")?;
    let mid = paid.as_ref().map(|paid| paid.mid.clone());
    Ok((Asked::Unlicensed { party: reference, platform: platform.clone(), currency, month, mid }, claimed_at))
}
