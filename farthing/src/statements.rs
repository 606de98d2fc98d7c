//! Statements from the books: what a draft was made of is read again, line by line, and must come to what the draft says; and their seals.

use crate::books::Books;
use crate::commands::settle::Settlement;
use crate::drafted::{self, Events, Source, Wanted, Whose, final_source};
use crate::plan_input;
use anyhow::{Context, bail};
use farthing_schemas::Cycle;
use farthing_settle::Draft;
use farthing_settle::proof::chain::{Link, Owner};
use farthing_settle::proof::tree::Tree;
use farthing_settle::proof::{Digest, check, file};
use farthing_settle::statement::gather::Statements;

/// The statements of a draft; of those that are not wanted, nothing was read.
pub async fn gather<'s>(books: &mut Books, source: &'s Source, whose: Whose<'_>) -> anyhow::Result<Statements<'s>> {
    let mut statements = Statements::of(&source.draft, &source.deferred);
    let wanted = Wanted { whose, events: Events::OneALine };
    drafted::each(books, source, wanted, |earned| Ok(statements.add(earned)?)).await?;
    Ok(statements)
}

/// A cycle as its seal has it: what sealing it writes down.
#[derive(Clone, Copy, Debug)]
pub struct Seal {
    pub link: Link,
    pub previous: Option<Digest>,
    pub root: Digest,
}

/// The seal of a cycle whose statements have this tree, behind the one before.
pub fn seal(of: &Settlement, tree: &Tree, previous: Option<Digest>) -> anyhow::Result<Seal> {
    let link = Link { cycle: of.cycle, tree_size: u64::try_from(tree.size())?, tree_root: tree.root() };
    let root = link.seal_root(Owner { mid: &of.mid, currency: of.currency }, previous);
    Ok(Seal { link, previous, root })
}

/// The seals of a MID and currency from the first final draft through that of `of`, each computed from its statements.
pub async fn seals(books: &mut Books, of: &Settlement) -> anyhow::Result<Vec<Seal>> {
    let cycles = plan_input::drafted_cycles(books, of)?;
    if !cycles.contains(&of.cycle) {
        bail!("cycle {} of {} in {} has no final draft, so it has no root", of.cycle, of.mid, of.currency);
    }
    let mut seals: Vec<Seal> = Vec::new();
    let mut before: Vec<Draft> = Vec::new();
    for cycle in cycles.into_iter().filter(|cycle| *cycle <= of.cycle) {
        let at = Settlement { cycle, ..of.clone() };
        let source = final_source(books, &at, &before).await?;
        let tree = Tree::of(gather(books, &source, Whose::Everybodys).await?.leaves()?);
        seals.push(seal(&at, &tree, seals.last().map(|seal| seal.root))?);
        before.push(Draft { lines: Vec::new(), ..source.draft });
    }
    Ok(seals)
}

/// What proves statements of one cycle in the root of the last of some seals.
pub struct Prover<'s> {
    pub statements: &'s Statements<'s>,
    tree: Tree,
    seal: Seal,
    later: Vec<Link>,
    pub root: Digest,
}

impl<'s> Prover<'s> {
    pub fn of(statements: &'s Statements<'s>, cycle: Cycle, seals: &[Seal]) -> anyhow::Result<Prover<'s>> {
        let place = seals.iter().position(|seal| seal.link.cycle == cycle).with_context(|| format!("cycle {cycle} has no seal"))?;
        let later = seals[place + 1..].iter().map(|seal| seal.link).collect();
        let root = seals.last().map_or(seals[place].root, |last| last.root);
        Ok(Prover { statements, tree: Tree::of(statements.leaves()?), seal: seals[place], later, root })
    }

    /// The proof of the statement in that place.
    pub fn proof(&self, at: usize) -> anyhow::Result<file::Proof> {
        let statement = self.statements.statement(at)?;
        let (Some(statement), Some(path)) = (statement, self.tree.inclusion(at)) else { bail!("there is no statement {at}") };
        Ok(file::Proof {
            leaf: statement.leaf(),
            place: check::Place { index: u64::try_from(at)?, tree_size: self.seal.link.tree_size },
            path,
            tree_root: self.tree.root(),
            previous: self.seal.previous,
            later: self.later.clone(),
            root: self.root,
            statement: statement.to_json(),
        })
    }
}
