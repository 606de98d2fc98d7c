//! A cycle of 100,000 statements: random ones verify with both checkers, and tampered ones fail with the same reason in both.

use super::checkers::{Said, both, python};
use anyhow::{Context, Result, ensure};
use farthing_schemas::accrual::AccrualKey;
use farthing_schemas::{Accrual, Cycle, Money, ReferenceKind, Status, Use};
use farthing_settle::earned::{Deferred, Earned};
use farthing_settle::input::{AgreementTerms, Input, MidTerms, OnShortfall, Payee, Payout};
use farthing_settle::proof::Digest;
use farthing_settle::proof::chain::{Link, Owner};
use farthing_settle::proof::check::{Place, root_of};
use farthing_settle::proof::file::Proof;
use farthing_settle::proof::tree::{Tree, leaf_hash};
use farthing_settle::statement::gather::Statements;
use farthing_settle::{Statement, plan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const STATEMENTS: usize = 100_000;
const CHECKED: usize = 1000;
const AGREEMENTS: [(&str, &str); 3] = [("agr_a", "plt_a"), ("agr_b", "plt_a"), ("agr_c", "plt_c")];

/// A sequence that is the same in each run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % bound
    }
}

fn accrual(number: usize, seeded: &mut Seeded) -> Result<Accrual> {
    let (agreement, platform) = AGREEMENTS[seeded.below(3)];
    let gross = Money::from_units(i128::try_from(1 + seeded.below(1 << 30))? * 1_000_003);
    let undone = seeded.below(50) == 0;
    let signed = |amount: Money| if undone { amount.negated() } else { Ok(amount) };
    let key = AccrualKey {
        reference_kind: Some(ReferenceKind::Party),
        party: format!("pty_{number:06}"),
        mid: "mid_guild".to_owned(),
        agreement: agreement.to_owned(),
        platform: platform.to_owned(),
        use_: Use::ALL[seeded.below(4)],
        currency: "EUR".parse()?,
        status: Status::Payable,
    };
    let undone = undone.then(|| "2026-08".parse::<Cycle>()).transpose()?;
    let labour = signed("0.8".parse::<farthing_schemas::Rate>()?.ceil_of(gross)?)?;
    Ok(Accrual { cycle: "2026-10".parse()?, late: false, undone, key, gross: signed(gross)?, labour })
}

fn input(seeded: &mut Seeded) -> Result<Input> {
    let payout = Payout { method: "sepa".to_owned(), currency: "EUR".parse()? };
    let payees = (0..STATEMENTS).map(|number| (format!("pty_{number:06}"), Payee { payout: Some(payout.clone()), stays: true }));
    let accruals = (0..2 * STATEMENTS).map(|number| accrual(number / 2, seeded)).collect::<Result<Vec<_>>>()?;
    let terms = |platform: &str| AgreementTerms { platform: platform.to_owned(), on_shortfall: OnShortfall::Refuse };
    Ok(Input {
        mid: MidTerms { mid: "mid_guild".to_owned(), fee: "0.05".parse()?, recovery_cap: "0.25".parse()?, thresholds: Vec::new() },
        cycle: "2026-10".parse()?,
        currency: "EUR".parse()?,
        registry_version: 7,
        agreements: AGREEMENTS.map(|(id, platform)| (id.to_owned(), terms(platform))).into(),
        payees: payees.collect(),
        accruals,
        deferred: Vec::new(),
        carried_in: BTreeMap::new(),
        returned: BTreeMap::new(),
        untaxed: BTreeMap::new(),
        adjustments: BTreeMap::new(),
        holds: BTreeMap::new(),
        taxes: BTreeMap::new(),
        heirs: BTreeMap::new(),
        quotes: BTreeMap::new(),
        fees_of_cycles: [("2026-08".parse()?, "0.1".parse()?)].into(),
        settled_in: BTreeMap::new(),
        without: BTreeSet::new(),
        preview: false,
    })
}

/// The statements of a cycle, and all that proves them.
struct Cycles<'s> {
    statements: &'s Statements<'s>,
    tree: Tree,
    previous: Digest,
    own: Link,
    later: Link,
}

const OWNER: &str = "mid_guild";

impl Cycles<'_> {
    fn root(&self) -> Digest {
        root_through(self.own, self.previous, self.later)
    }

    fn proof(&self, at: usize) -> Result<Proof> {
        let statement = self.statements.statement(at)?.context("no such statement")?;
        Ok(Proof {
            leaf: statement.leaf(),
            place: Place { index: u64::try_from(at)?, tree_size: self.own.tree_size },
            path: self.tree.inclusion(at).context("no path")?,
            tree_root: self.tree.root(),
            previous: Some(self.previous),
            later: vec![self.later],
            root: self.root(),
            statement: statement.to_json(),
        })
    }
}

fn root_through(own: Link, previous: Digest, later: Link) -> Digest {
    let owner = Owner { mid: OWNER, currency: "EUR".parse().expect("it is a currency") };
    later.seal_root(owner, Some(own.seal_root(owner, Some(previous))))
}

/// A digit more in a text, and one less where it is 9.
fn flipped(text: &str, at: usize) -> String {
    let other = if text.as_bytes()[at] == b'7' { '8' } else { '7' };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

fn other_digest(digest: Digest, seeded: &mut Seeded) -> Result<Digest> {
    Ok(flipped(&digest.to_string(), seeded.below(64)).parse()?)
}

/// A statement whose payee gets more.
fn richer(proof: &Proof) -> Result<String> {
    let place = proof.statement.find("\"paid\":\"").context("nothing is paid")? + 8;
    Ok(flipped(&proof.statement, place))
}

/// Ways to tamper, and what must be said of them.
const WAYS: [&str; 17] = [
    "changed statement",
    "changed statement",
    "changed statement",
    "changed statement",
    "wrong path",
    "wrong path",
    "wrong path",
    "wrong path",
    "wrong path",
    "wrong path",
    "wrong path",
    "wrong chain",
    "wrong chain",
    "wrong chain",
    "wrong chain",
    "wrong chain",
    "wrong root",
];

fn tamper(cycles: &Cycles<'_>, way: usize, seeded: &mut Seeded) -> Result<Proof> {
    let at = seeded.below(STATEMENTS);
    let mut proof = cycles.proof(at)?;
    let step = seeded.below(proof.path.len());
    match way {
        0 => proof.statement = richer(&proof)?,
        1 => proof.statement = cycles.proof((at + 1) % STATEMENTS)?.statement,
        2 => proof.statement = proof.statement.replacen(",\"", ", \"", 1),
        3 => proof.leaf = other_digest(proof.leaf, seeded)?,
        // Whoever changes a statement can hash it again, and then its way up leads elsewhere.
        4 => {
            proof.statement = richer(&proof)?;
            proof.leaf = leaf_hash(proof.statement.as_bytes());
        }
        5 => proof.place.index = u64::try_from((at + 1 + seeded.below(STATEMENTS - 1)) % STATEMENTS)?,
        6 => proof.place.index = proof.place.tree_size + u64::try_from(seeded.below(9))?,
        7 => proof.path[step] = other_digest(proof.path[step], seeded)?,
        8 => drop(proof.path.remove(step)),
        9 => proof.path.insert(step, proof.leaf),
        10 => proof.tree_root = other_digest(proof.tree_root, seeded)?,
        // One's own tree has another root, which is not in the chain.
        11 => {
            proof.statement = richer(&proof)?;
            proof.leaf = leaf_hash(proof.statement.as_bytes());
            proof.tree_root = root_of(proof.leaf, proof.place, &proof.path)?;
        }
        12 => proof.previous = Some(other_digest(cycles.previous, seeded)?).filter(|_| seeded.below(2) == 0),
        13 => proof.later[0].tree_size += 1,
        14 => proof.later.push(Link { cycle: proof.later[0].cycle, ..proof.later[0] }),
        15 => proof.root = other_digest(proof.root, seeded)?,
        // All of it made anew, true in itself: but nobody has published that root.
        _ => {
            proof.statement = richer(&proof)?;
            proof.leaf = leaf_hash(proof.statement.as_bytes());
            proof.tree_root = root_of(proof.leaf, proof.place, &proof.path)?;
            proof.root = root_through(Link { tree_root: proof.tree_root, ..cycles.own }, cycles.previous, cycles.later);
        }
    }
    Ok(proof)
}

fn in_process(proof: &Proof, root: Digest) -> Result<Said> {
    // As a file would be.
    let read = Proof::from_json(&(proof.to_json() + "\n"))?;
    ensure!(read == *proof, "a proof is not read as it is written");
    Ok(read.check(root).map_or_else(|fault| Said::no(fault.name()), |_: Statement| Said::Ok))
}

#[test]
fn of_100_000_statements_any_verifies_with_both_checkers_and_no_tampered_one() -> Result<()> {
    let mut seeded = Seeded(20_261_001);
    let input = input(&mut seeded)?;
    let (draft, deferred) = (plan(&input)?.draft, Deferred::new());
    let mut statements = Statements::of(&draft, &deferred);
    for accrual in &input.accruals {
        statements.add(&Earned::of(accrual, if accrual.gross < Money::ZERO { -1 } else { 1 }))?;
    }
    assert_eq!(statements.len(), STATEMENTS);
    let tree = Tree::of(statements.leaves()?);
    let own = Link { cycle: draft.cycle, tree_size: u64::try_from(tree.size())?, tree_root: tree.root() };
    let previous = Digest::of(&[b"the seal of September"]);
    let later = Link { cycle: "2026-12".parse()?, tree_size: 3, tree_root: Digest::of(&[b"the tree of December"]) };
    let cycles = Cycles { statements: &statements, tree, previous, own, later };
    let (root, folder) = (cycles.root(), tempfile::tempdir()?);
    let write = |name: String, proof: &Proof| -> Result<PathBuf> {
        let path = folder.path().join(name);
        std::fs::write(&path, proof.to_json() + "\n")?;
        Ok(path)
    };

    let mut whole = Vec::new();
    for number in 0..CHECKED {
        let proof = cycles.proof(seeded.below(STATEMENTS))?;
        assert_eq!(in_process(&proof, root)?, Said::Ok);
        whole.push(write(format!("whole-{number}.json"), &proof)?);
    }
    assert_eq!(python(&whole, &root.to_string())?, vec![Said::Ok; CHECKED]);

    let (mut tampered, mut expected) = (Vec::new(), Vec::new());
    for number in 0..CHECKED {
        let way = number % WAYS.len();
        let proof = tamper(&cycles, way, &mut seeded)?;
        let said = in_process(&proof, root)?;
        // To take a step of the path away or add one may first be seen where the path ends or at its root: both are the path.
        assert_eq!(said, Said::no(WAYS[way]), "way {way}");
        tampered.push(write(format!("tampered-{number}.json"), &proof)?);
        expected.push(said);
    }
    assert_eq!(python(&tampered, &root.to_string())?, expected);

    // A handful through the binary, too.
    for file in whole.iter().take(3).chain(tampered.iter().take(WAYS.len())) {
        both(file, &root.to_string())?;
    }
    Ok(())
}
