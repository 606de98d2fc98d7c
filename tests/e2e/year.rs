//! A simulated year: three MIDs that pay in four currencies what five platforms owe, acts that are allowed and acts that are not, in an order that
//! chance chooses; after each the books are compared with an accountant's own ledger, which knows the contract and nothing of the code.

mod acts;
mod assigned;
mod claimed;
mod collected;
mod compared;
mod credits;
mod invoiced;
mod judge;
mod model;
mod money;
mod payments;
mod plan;
mod planted;
mod run;
mod told;
mod whole;
mod world;

use crate::support::{on_postgres, slow};
use anyhow::{Context, Result};
use run::Year;

/// Few enough to meet each other often.
const PARTIES: usize = 60;

/// A year from a seed.
fn year(seed: u64, parties: usize, acts: u32) -> Result<Year> {
    let mut year = Year::of(seed, parties).with_context(|| format!("seed {seed}"))?;
    for act in 1..=acts {
        year.act().with_context(|| format!("seed {seed}, act {act}"))?;
    }
    year.end().with_context(|| format!("seed {seed}, at the end"))?;
    let ([done, answered, refused], seen) = (year.verdicts, year.model.seen());
    println!("seed {seed}: {acts} acts, {done} done, {answered} answered, {refused} refused; {seen:?}");
    Ok(year)
}

/// The years that are asked for: FARTHING_YEARS=SEED,ACTS,PARTIES is one of them alone.
fn asked() -> Option<(u64, u32, usize)> {
    let asked = std::env::var("FARTHING_YEARS").ok()?;
    let mut numbers = asked.split(',');
    let seed = numbers.next()?.parse().ok()?;
    Some((seed, numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Each year is lived twice, once on each database: what came of it is the same to the last byte.
#[test]
fn the_books_are_those_of_a_second_accountant_on_both_databases() -> Result<()> {
    let (seeds, acts) = if slow() { (300, 300) } else { (10, 80) };
    let years = asked().map_or_else(|| (0..seeds).map(|seed| (seed, acts, PARTIES)).collect(), |one| vec![one]);
    for (seed, acts, parties) in years {
        let first = year(seed, parties, acts)?;
        assert_eq!(on_postgres(|| year(seed, parties, acts))?.evidence, first.evidence, "seed {seed}");
    }
    Ok(())
}

/// The acts of a whole year: every figure is something now and then, and adds up.
#[test]
fn a_long_year_adds_up() -> Result<()> {
    let (seed, acts, parties) = asked().unwrap_or(if slow() { (2027, 5_000, 10_000) } else { (2027, 800, 40) });
    let seen = year(seed, parties, acts)?.model.seen();
    let never: Vec<&&str> = seen.iter().filter(|(_, times)| **times == 0).map(|(what, _)| what).collect();
    assert!(never.is_empty(), "there was never anything {never:?}");
    Ok(())
}
