//! The chain of seals: the root of each holds that of the one before.
//!
//! A seal's root is the SHA-256 of this text, each line ended by a line feed, digests in lower-case hex, `none` for the first seal's
//! previous. No id holds a line end, and the first line is like nothing else that is hashed here, so no two seals have one text:
//!
//! ```text
//! farthing seal v1
//! mid mid_guild
//! currency USD
//! cycle 2026-10
//! statements 3
//! tree aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
//! previous none
//! ```

use super::Digest;
use super::fault::Fault;
use farthing_schemas::{Currency, Cycle};

/// Whose seals a chain is of: each MID has one chain per currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The MID.
    pub mid: &'a str,
    /// The currency.
    pub currency: Currency,
}

/// One cycle in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The cycle.
    pub cycle: Cycle,
    /// Its statements.
    pub tree_size: u64,
    /// The root over them.
    pub tree_root: Digest,
}

impl Link {
    /// The root of the cycle's seal, behind that of the seal before.
    ///
    /// ```
    /// use farthing_settle::proof::chain::{Link, Owner};
    /// use farthing_settle::proof::tree::empty_root;
    /// let owner = Owner { mid: "mid_guild", currency: "USD".parse()? };
    /// let october = Link { cycle: "2026-10".parse()?, tree_size: 0, tree_root: empty_root() };
    /// let first = october.seal_root(owner, None);
    /// let second = Link { cycle: "2026-11".parse()?, ..october }.seal_root(owner, Some(first));
    /// assert_ne!(first, second);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn seal_root(&self, owner: Owner<'_>, previous: Option<Digest>) -> Digest {
        let Link { cycle, tree_size, tree_root } = self;
        let previous = previous.map_or_else(|| "none".to_owned(), |root| root.to_string());
        let Owner { mid, currency } = owner;
        let text = format!(
            "farthing seal v1\nmid {mid}\ncurrency {currency}\ncycle {cycle}\nstatements {tree_size}\ntree {tree_root}\nprevious {previous}\n"
        );
        Digest::of(&[text.as_bytes()])
    }
}

/// The root of the last of these links, the first of which comes behind `previous`: what shows that a later root holds an earlier one.
///
/// # Errors
/// [`Fault::CyclesOutOfOrder`] unless each cycle is later than the one before, [`Fault::NoCycle`] without links.
pub fn last_root(owner: Owner<'_>, previous: Option<Digest>, links: &[Link]) -> Result<Digest, Fault> {
    if !links.is_sorted_by(|one, next| one.cycle < next.cycle) {
        return Err(Fault::CyclesOutOfOrder);
    }
    let root = links.iter().fold(previous, |previous, link| Some(link.seal_root(owner, previous)));
    root.filter(|_| !links.is_empty()).ok_or(Fault::NoCycle)
}
