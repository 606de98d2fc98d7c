//! Checking proofs of [`super::tree`] with nothing but them and the roots: the ways from RFC 9162, sections 2.1.3.2 and 2.1.4.2, whose
//! trees are those of RFC 6962.

use super::Digest;
use super::fault::Fault;
use super::tree::{empty_root, node_hash};

/// Where a leaf stands, and in a tree of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 0 on.
    pub index: u64,
    /// The leaves of the tree.
    pub tree_size: u64,
}

/// The root that a path leads to from a leaf.
///
/// # Errors
/// [`Fault::OutsideTree`], [`Fault::PathTooShort`] and [`Fault::PathTooLong`].
pub fn root_of(leaf: Digest, place: Place, path: &[Digest]) -> Result<Digest, Fault> {
    if place.index >= place.tree_size {
        return Err(Fault::OutsideTree(place));
    }
    let mut climb = Climb { node: place.index, last: place.tree_size - 1 };
    let mut root = leaf;
    for neighbour in path {
        root = match climb.step()? {
            Side::Left => node_hash(*neighbour, root),
            Side::Right => node_hash(root, *neighbour),
        };
    }
    climb.at_the_top()?;
    Ok(root)
}

/// A tree, as those who do not have it know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its leaves.
    pub size: u64,
    /// Its root.
    pub root: Digest,
}

/// Whether the later tree begins with all leaves of the earlier one. The tree of none is the beginning of every tree.
///
/// # Errors
/// [`Fault::Inconsistent`] if it is not proven, [`Fault::PathTooShort`] and [`Fault::PathTooLong`].
pub fn consistent(earlier: Known, later: Known, path: &[Digest]) -> Result<(), Fault> {
    if earlier.size > later.size {
        return Err(Fault::Inconsistent);
    }
    if earlier.size == later.size || earlier.size == 0 {
        let same = if earlier.size == 0 { earlier.root == empty_root() } else { earlier.root == later.root };
        let fault = if path.is_empty() { Fault::Inconsistent } else { Fault::PathTooLong };
        return if same && path.is_empty() { Ok(()) } else { Err(fault) };
    }
    let level = earlier.size.trailing_zeros();
    let mut climb = Climb { node: (earlier.size - 1) >> level, last: (later.size - 1) >> level };
    let (start, path) = match path {
        path if earlier.size.is_power_of_two() => (earlier.root, path),
        [start, path @ ..] => (*start, path),
        [] => return Err(Fault::PathTooShort),
    };
    let (mut earlier_root, mut later_root) = (start, start);
    for neighbour in path {
        match climb.step()? {
            Side::Left => {
                earlier_root = node_hash(*neighbour, earlier_root);
                later_root = node_hash(*neighbour, later_root);
            }
            Side::Right => later_root = node_hash(later_root, *neighbour),
        }
    }
    climb.at_the_top()?;
    if earlier_root == earlier.root && later_root == later.root { Ok(()) } else { Err(Fault::Inconsistent) }
}

/// On which side the next neighbour is.
enum Side {
    Left,
    Right,
}

/// A node on its way up, by its place in its level, and the last place of that level.
struct Climb {
    node: u64,
    last: u64,
}

impl Climb {
    /// To the next level where the node has a neighbour, and on which side that is.
    fn step(&mut self) -> Result<Side, Fault> {
        if self.last == 0 {
            return Err(Fault::PathTooLong);
        }
        // A last node without neighbour is the same node one level up.
        while self.node == self.last && self.node.is_multiple_of(2) {
            self.up();
        }
        let side = if self.node.is_multiple_of(2) { Side::Right } else { Side::Left };
        self.up();
        Ok(side)
    }

    const fn up(&mut self) {
        self.node /= 2;
        self.last /= 2;
    }

    fn at_the_top(&self) -> Result<(), Fault> {
        if self.last == 0 { Ok(()) } else { Err(Fault::PathTooShort) }
    }
}
