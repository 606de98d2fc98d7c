//! A simulated year: three MIDs that pay in four currencies what five platforms owe, acts that are allowed and acts that are not, in an order that
//! chance chooses; after each the books are compared with an accountant's own ledger, which knows the contract and nothing of the code.

mod acts;
mod model;
mod money;
mod plan;
mod run;
mod world;

use crate::support::{on_postgres, slow};
use anyhow::{Context, Result};
use run::Year;

/// A year from a seed; what has to be the same each time.
fn year(seed: u64, parties: usize, acts: u32) -> Result<Vec<String>> {
    let mut year = Year::of(seed, parties).with_context(|| format!("seed {seed}"))?;
    for act in 1..=acts {
        year.act().with_context(|| format!("seed {seed}, act {act}"))?;
    }
    year.end().with_context(|| format!("seed {seed}, at the end"))?;
    println!("seed {seed}: {acts} acts, done {}, answered {}, refused {}", year.verdicts[0], year.verdicts[1], year.verdicts[2]);
    Ok(year.evidence)
}

/// The years that are asked for: FARTHING_YEARS=SEED,ACTS,PARTIES is one of them alone.
fn asked() -> Option<(u64, u32, usize)> {
    let asked = std::env::var("FARTHING_YEARS").ok()?;
    let mut numbers = asked.split(',');
    let seed = numbers.next()?.parse().ok()?;
    Some((seed, numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[test]
fn the_books_are_those_of_a_second_accountant() -> Result<()> {
    if let Some((seed, acts, parties)) = asked() {
        return year(seed, parties, acts).map(drop);
    }
    let (seeds, acts) = if slow() { (300, 500) } else { (10, 100) };
    for seed in 0..seeds {
        year(seed, 60, acts)?;
    }
    Ok(())
}

#[test]
fn the_same_year_gives_the_same_drafts_files_and_roots_on_both_databases() -> Result<()> {
    let acts = if slow() { 1000 } else { 150 };
    let first = year(77, 60, acts)?;
    assert!(first.len() > 10, "{first:?}");
    assert_eq!(on_postgres(|| year(77, 60, acts))?, first);
    assert_eq!(year(77, 60, acts)?, first);
    Ok(())
}
