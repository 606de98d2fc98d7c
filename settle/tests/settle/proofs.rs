//! The Merkle tree against the published vectors of Certificate Transparency, and what must hold for every tree and every proof.

use crate::support::{currency, cycle};
use farthing_settle::proof::chain::{Link, Owner, last_root};
use farthing_settle::proof::check::{Known, Place, consistent, root_of};
use farthing_settle::proof::fault::Fault;
use farthing_settle::proof::tree::{Growing, Tree, empty_root, leaf_hash, node_hash};
use farthing_settle::proof::{Digest, NotADigest};
use proptest::prelude::*;

/// The leaves of the published vectors, in hex.
const LEAVES: [&str; 8] = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// The roots over the first one, two, ... of them.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Index and size of a tree, and the published path.
const INCLUSIONS: [((usize, usize), &[&str]); 5] = [
    ((0, 1), &[]),
    (
        (0, 8),
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        (5, 8),
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    ((2, 3), &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        (1, 5),
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

/// The earlier and the later size, and the published proof.
const CONSISTENCIES: [((usize, usize), &[&str]); 4] = [
    ((1, 1), &[]),
    (
        (1, 8),
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        (6, 8),
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        (2, 5),
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn digest(text: &str) -> Digest {
    text.parse().unwrap()
}

fn published(size: usize) -> Vec<Digest> {
    LEAVES[..size].iter().map(|leaf| leaf_hash(&hex::decode(leaf).unwrap())).collect()
}

fn leaves(count: usize) -> Vec<Digest> {
    (0..count).map(|number| leaf_hash(format!("leaf {number}").as_bytes())).collect()
}

fn place(index: usize, size: usize) -> Place {
    Place { index: u64::try_from(index).unwrap(), tree_size: u64::try_from(size).unwrap() }
}

fn known(size: usize, root: Digest) -> Known {
    Known { size: u64::try_from(size).unwrap(), root }
}

/// The tree's definition, as RFC 6962 writes it: slow and recursive.
fn defined(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(defined(left), defined(right))
        }
    }
}

fn flipped(digest: Digest, bit: usize) -> Digest {
    let mut bytes = *digest.bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    self::digest(&hex::encode(bytes))
}

#[test]
fn roots_are_the_published_ones() {
    assert_eq!(empty_root(), digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    assert_eq!((Tree::of(Vec::new()).root(), Growing::default().root()), (empty_root(), empty_root()));
    let mut growing = Growing::default();
    for (size, root) in (1..).zip(ROOTS) {
        growing.push(published(size)[size - 1]);
        assert_eq!(Tree::of(published(size)).root(), digest(root), "of {size}");
        assert_eq!((growing.root(), growing.size()), (digest(root), u64::try_from(size).unwrap()));
    }
}

#[test]
fn inclusion_proofs_are_the_published_ones() {
    for ((index, size), path) in INCLUSIONS {
        let path: Vec<Digest> = path.iter().map(|text| digest(text)).collect();
        let tree = Tree::of(published(size));
        assert_eq!(tree.inclusion(index).as_ref(), Some(&path), "{index} of {size}");
        assert_eq!(root_of(published(size)[index], place(index, size), &path), Ok(digest(ROOTS[size - 1])));
    }
}

#[test]
fn consistency_proofs_are_the_published_ones() {
    for ((earlier, later), path) in CONSISTENCIES {
        let path: Vec<Digest> = path.iter().map(|text| digest(text)).collect();
        assert_eq!(Tree::of(published(later)).consistency(earlier).as_ref(), Some(&path), "{earlier} of {later}");
        let roots = [earlier, later].map(|size| known(size, digest(ROOTS[size - 1])));
        assert_eq!(consistent(roots[0], roots[1], &path), Ok(()));
    }
}

#[test]
fn every_leaf_of_every_size_proves_and_nothing_else_does() {
    for size in 1..=64 {
        let leaves = leaves(size);
        let tree = Tree::of(leaves.clone());
        assert_eq!(tree.root(), defined(&leaves), "of {size}");
        for (index, leaf) in leaves.iter().enumerate() {
            let path = tree.inclusion(index).unwrap();
            let root = |leaf, index, size, path: &[Digest]| root_of(leaf, place(index, size), path);
            assert_eq!(root(*leaf, index, size, &path), Ok(tree.root()), "{index} of {size}");
            // Another place, one more or one less on the path, another leaf.
            for other in (0..size).filter(|other| *other != index) {
                assert_ne!(root(*leaf, other, size, &path), Ok(tree.root()), "{index} as {other} of {size}");
            }
            assert_eq!(root(*leaf, size, size, &path), Err(Fault::OutsideTree(place(size, size))));
            let longer: Vec<Digest> = path.iter().copied().chain([*leaf]).collect();
            assert_eq!(root(*leaf, index, size, &longer), Err(Fault::PathTooLong));
            if let Some((_, shorter)) = path.split_last() {
                assert_eq!(root(*leaf, index, size, shorter), Err(Fault::PathTooShort));
            }
            assert_ne!(root(flipped(*leaf, index), index, size, &path), Ok(tree.root()));
        }
        assert_eq!(tree.inclusion(size), None);
    }
}

#[test]
fn all_sizes_are_consistent_with_all_later_ones() {
    let all = leaves(64);
    let trees: Vec<Tree> = (0..=64).map(|size| Tree::of(all[..size].to_vec())).collect();
    let roots: Vec<Known> = trees.iter().map(|tree| known(tree.size(), tree.root())).collect();
    for later in 1..=64 {
        assert_eq!((trees[later].consistency(0), trees[later].consistency(later + 1)), (None, None));
        assert_eq!(consistent(roots[0], roots[later], &[]), Ok(()), "every tree begins with none");
        for earlier in 1..=later {
            let path = trees[later].consistency(earlier).unwrap();
            assert_eq!(consistent(roots[earlier], roots[later], &path), Ok(()), "{earlier} and {later}");
            let another = known(earlier, flipped(roots[earlier].root, later));
            assert!(consistent(another, roots[later], &path).is_err(), "{earlier} and {later}");
            assert!(consistent(roots[earlier], known(later, flipped(roots[later].root, earlier)), &path).is_err());
            for at in 0..path.len() {
                let mut changed = path.clone();
                changed[at] = flipped(changed[at], earlier);
                assert_eq!(consistent(roots[earlier], roots[later], &changed), Err(Fault::Inconsistent), "{earlier} and {later}, {at}");
            }
            let longer: Vec<Digest> = path.iter().copied().chain([roots[1].root]).collect();
            assert!(consistent(roots[earlier], roots[later], &longer).is_err());
            if let Some((_, shorter)) = path.split_last() {
                assert!(consistent(roots[earlier], roots[later], shorter).is_err());
            }
            if earlier < later {
                assert_eq!(consistent(roots[later], roots[earlier], &path), Err(Fault::Inconsistent));
            }
        }
    }
}

proptest! {
    #[test]
    fn growing_and_whole_trees_agree_and_every_flipped_bit_fails(size in 1..3000_usize, at in any::<prop::sample::Index>(), bit in 0..256_usize) {
        let leaves = leaves(size);
        let mut growing = Growing::default();
        leaves.iter().for_each(|leaf| growing.push(*leaf));
        let tree = Tree::of(leaves);
        prop_assert_eq!(growing.root(), tree.root());
        let index = at.index(size);
        let (leaf, path) = (tree.leaf(index).unwrap(), tree.inclusion(index).unwrap());
        prop_assert_eq!(root_of(leaf, place(index, size), &path), Ok(tree.root()));
        prop_assert_ne!(root_of(flipped(leaf, bit), place(index, size), &path), Ok(tree.root()));
        for changed in 0..path.len() {
            let mut path = path.clone();
            path[changed] = flipped(path[changed], bit);
            prop_assert_ne!(root_of(leaf, place(index, size), &path), Ok(tree.root()));
        }
    }
}

#[test]
fn digests_are_read_as_they_are_written() {
    assert_eq!(digest(ROOTS[0]).to_string(), ROOTS[0]);
    for wrong in ["", "6e34", &ROOTS[0].to_uppercase(), &format!("{}g", &ROOTS[0][..63]), &format!("{}0", ROOTS[0])] {
        assert_eq!(wrong.parse::<Digest>(), Err(NotADigest(wrong.to_owned())));
    }
}

#[test]
fn a_root_hangs_on_every_field_and_on_all_seals_before() {
    let owner = Owner { mid: "mid", currency: currency("USD") };
    let link =
        |name: &str, size: usize| Link { cycle: cycle(name), tree_size: u64::try_from(size).unwrap(), tree_root: digest(ROOTS[size - 1]) };
    let october = link("2026-10", 3);
    // Computed by hand: sha256sum over the seven lines that the module shows.
    let first = october.seal_root(Owner { mid: "mid_guild", ..owner }, None);
    let text = format!("farthing seal v1\nmid mid_guild\ncurrency USD\ncycle 2026-10\nstatements 3\ntree {}\nprevious none\n", ROOTS[2]);
    assert_eq!(first.to_string(), farthing_schemas::manifest::sha256_hex(text.as_bytes()));
    let mut roots = vec![
        first,
        october.seal_root(owner, None),
        october.seal_root(Owner { currency: currency("EUR"), ..owner }, None),
        october.seal_root(owner, Some(first)),
        link("2026-11", 3).seal_root(owner, None),
        link("2026-10", 4).seal_root(owner, None),
        Link { tree_size: 4, ..october }.seal_root(owner, None),
    ];
    roots.sort_unstable();
    roots.dedup();
    assert_eq!(roots.len(), 7);

    let links = [october, link("2026-11", 4), link("2027-01", 5)];
    let root = last_root(owner, None, &links).unwrap();
    let before = last_root(owner, None, &links[..2]).unwrap();
    assert_eq!(last_root(owner, Some(before), &links[2..]), Ok(root), "a later root is reached from each earlier one");
    assert_eq!(last_root(owner, None, &[]), Err(Fault::NoCycle));
    assert_eq!(last_root(owner, None, &[links[1], links[0]]), Err(Fault::CyclesOutOfOrder));
    assert_eq!(last_root(owner, None, &[links[1], links[1]]), Err(Fault::CyclesOutOfOrder));
}
