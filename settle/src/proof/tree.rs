//! The Merkle tree of RFC 6962, section 2.1: [`Growing`] knows the root of any number of leaves, [`Tree`] the proofs as well.
//!
//! The hash of a leaf begins with a byte 0 and that of a node with a byte 1, so no node can be shown for a leaf. The left part of a
//! tree is the largest power of two that is smaller than the tree: level by level, that is to pair neighbours, and to bring the last
//! one up alone where it has none.

use super::Digest;

/// The hash of a leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest::of(&[&[0], leaf])
}

/// The hash of two neighbours.
#[must_use]
pub fn node_hash(left: Digest, right: Digest) -> Digest {
    Digest::of(&[&[1], left.bytes(), right.bytes()])
}

/// The root of no leaves.
#[must_use]
pub fn empty_root() -> Digest {
    Digest::of(&[])
}

/// A tree that grows leaf by leaf and keeps no more of them than a digest for each binary digit of their count.
///
/// ```
/// use farthing_settle::proof::tree::{Growing, leaf_hash};
/// let mut growing = Growing::default();
/// growing.push(leaf_hash(b""));
/// assert_eq!(growing.root().to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Growing {
    size: u64,
    /// The roots of the full trees that the count's binary digits stand for, the largest first.
    full: Vec<Digest>,
}

impl Growing {
    /// Takes the hash of the next leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut root = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.full.pop().expect("each 1 among the count's binary digits has its tree");
            root = node_hash(left, root);
        }
        self.full.push(root);
        self.size += 1;
    }

    /// How many leaves it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over the leaves so far.
    #[must_use]
    pub fn root(&self) -> Digest {
        let joined = self.full.iter().rev().copied().reduce(|right, left| node_hash(left, right));
        joined.unwrap_or_else(empty_root)
    }
}

/// A tree with all its nodes, 64 bytes a leaf.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The leaves' hashes first, the root alone last; without leaves one empty level.
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// The tree over these hashes of leaves.
    #[must_use]
    pub fn of(leaves: Vec<Digest>) -> Tree {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let above = below.chunks(2).map(|pair| if let [left, right] = pair { node_hash(*left, *right) } else { pair[0] });
            levels.push(above.collect());
        }
        Tree { levels }
    }

    /// How many leaves it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.levels[0].len()
    }

    /// The hash of a leaf.
    #[must_use]
    pub fn leaf(&self, index: usize) -> Option<Digest> {
        self.levels[0].get(index).copied()
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.levels.last().and_then(|top| top.first()).copied().unwrap_or_else(empty_root)
    }

    /// What leads from a leaf to the root: the audit path of RFC 6962, section 2.1.1. None for a leaf that is not there.
    #[must_use]
    pub fn inclusion(&self, index: usize) -> Option<Vec<Digest>> {
        (index < self.size()).then(|| self.path_from(0, index))
    }

    /// What shows that this tree begins with the `earlier` first of its leaves: the proof of RFC 6962, section 2.1.2. None if it does
    /// not have as many, or none is asked for.
    #[must_use]
    pub fn consistency(&self, earlier: usize) -> Option<Vec<Digest>> {
        if earlier == 0 || earlier > self.size() {
            return None;
        }
        if earlier == self.size() {
            return Some(Vec::new());
        }
        // The largest full tree at the end of the earlier leaves is a node of both trees: whoever has both roots starts from it.
        let level = earlier.trailing_zeros() as usize;
        let node = (earlier >> level) - 1;
        // If it is all of the earlier tree, its hash is that tree's root, which is known.
        let start = (node > 0).then(|| self.levels[level][node]);
        Some(start.into_iter().chain(self.path_from(level, node)).collect())
    }

    fn path_from(&self, level: usize, node: usize) -> Vec<Digest> {
        let neighbour = |(height, nodes): (usize, &Vec<Digest>)| nodes.get((node >> height) ^ 1).copied();
        self.levels[level..].iter().enumerate().filter_map(neighbour).collect()
    }
}
