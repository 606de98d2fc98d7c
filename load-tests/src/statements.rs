//! What the root over a cycle's statements takes: from a draft and what lies below it to the root, in time and memory.
//!
//! The draft is generated, of so many parties with so many uses each; the statements are made, hashed and dropped one after the other, as
//! `farthing settle root` does.

use anyhow::{Context, Result, ensure};
use clap::Args;
use farthing_schemas::{Money, Rate, Status, Use};
use farthing_settle::draft::{Draft, Line, Totals};
use farthing_settle::earned::{Deferred, Earned};
use farthing_settle::proof::check::{Place, root_of};
use farthing_settle::proof::tree::{Growing, Tree};
use farthing_settle::statement::gather::Statements;
use nix::sys::resource::{UsageWho, getrusage};
use std::process::ExitCode;
use std::time::Instant;

/// Platforms, each with one agreement.
const PLATFORMS: u32 = 5;
/// The generated fee.
const FEE: &str = "0.05";

/// How many statements.
#[derive(Args, Debug)]
pub struct RootOptions {
    /// Parties with a statement, once or several times
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    pub parties: Vec<u32>,
    /// Uses of each party
    #[arg(long, default_value_t = 3)]
    pub uses: u32,
}

/// Measures and prints a table.
///
/// # Errors
/// When a statement does not add up, or the two ways to the root disagree.
pub fn run(options: &RootOptions) -> Result<ExitCode> {
    let mut sizes = options.parties.clone();
    sizes.sort_unstable();
    sizes.dedup();
    println!(
        "the root over statements\n  {:>12}   {:>9}   {:>9}   {:>9}   {:>9}",
        "statements", "gather, s", "root, s", "proofs, s", "peak, MiB"
    );
    for size in sizes {
        measure(size, options.uses)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(parties: u32, uses: u32) -> Result<()> {
    let earned = |party: u32, number: u32| Money::from_units(1_000_000 + i128::from(party) * 7 + i128::from(number) * 1_000_003);
    let draft = draft(parties, uses, earned)?;
    let deferred = Deferred::new();
    let clock = Instant::now();
    let mut statements = Statements::of(&draft, &deferred);
    let fields = Fields::of(&draft);
    for (party, line) in (0..parties).zip(&draft.lines) {
        for number in 0..uses {
            statements.add(&fields.earned(&line.party, number, earned(party, number)))?;
        }
    }
    let gathered_s = clock.elapsed().as_secs_f64();
    let clock = Instant::now();
    let mut growing = Growing::default();
    for at in 0..statements.len() {
        growing.push(statements.statement(at)?.context("each line has a statement")?.leaf());
    }
    let root = growing.root();
    let root_s = clock.elapsed().as_secs_f64();
    let clock = Instant::now();
    let tree = Tree::of(statements.leaves()?);
    ensure!(tree.root() == root, "the two ways to the root disagree");
    let last = tree.size() - 1;
    let (leaf, path) = (tree.leaf(last).context("no leaf")?, tree.inclusion(last).context("no path")?);
    let place = Place { index: u64::try_from(last)?, tree_size: growing.size() };
    ensure!(root_of(leaf, place, &path) == Ok(root), "the last statement does not prove");
    let proofs_s = clock.elapsed().as_secs_f64();
    let peak_mib = getrusage(UsageWho::RUSAGE_SELF)?.max_rss() >> 10;
    println!("  {parties:>12}   {gathered_s:>9.2}   {root_s:>9.2}   {proofs_s:>9.2}   {peak_mib:>9}");
    Ok(())
}

/// What is the same in all that is earned.
struct Fields<'d> {
    draft: &'d Draft,
    agreements: Vec<String>,
    platforms: Vec<String>,
}

impl<'d> Fields<'d> {
    fn of(draft: &'d Draft) -> Fields<'d> {
        let named = |kind: &str| (0..PLATFORMS).map(|number| format!("{kind}_{number}")).collect();
        Fields { draft, agreements: named("agr"), platforms: named("plt") }
    }

    fn earned<'a>(&'a self, party: &'a str, number: u32, gross: Money) -> Earned<'a> {
        let platform = (number % PLATFORMS) as usize;
        Earned {
            party,
            mid: &self.draft.mid,
            agreement: &self.agreements[platform],
            platform: &self.platforms[platform],
            use_: Use::ALL[(number / PLATFORMS) as usize % Use::ALL.len()],
            currency: self.draft.currency,
            status: Status::Payable,
            cycle: self.draft.cycle,
            late: false,
            undone: None,
            event: None,
            events: 1,
            gross,
            labour: gross,
        }
    }
}

/// A draft whose labour is its gross.
fn draft(parties: u32, uses: u32, earned: impl Fn(u32, u32) -> Money) -> Result<Draft> {
    let fee_rate: Rate = FEE.parse()?;
    let mut lines = Vec::new();
    for party in 0..parties {
        let gross = Money::sum((0..uses).map(|number| earned(party, number)))?;
        let fee = fee_rate.floor_of(gross)?;
        let net = gross.minus(fee)?;
        lines.push(Line { party: format!("pty_{party:09}"), gross, labour: gross, fee, net, carried_out: net, ..Line::default() });
    }
    Ok(Draft {
        cycle: "2026-10".parse()?,
        mid: "mid_guild".to_owned(),
        currency: "USD".parse()?,
        refused: false,
        draft_sha256: "0".repeat(64),
        totals: Totals::default(),
        fee_kept: Money::ZERO,
        registry_version: 1,
        fee_rate,
        preview: false,
        without: Default::default(),
        moves_sha256: "1".repeat(64),
        agreements: Vec::new(),
        platforms: Vec::new(),
        undone: Vec::new(),
        adjustments: Vec::new(),
        holds: Vec::new(),
        returned: Vec::new(),
        taxes: Vec::new(),
        inheritances: Vec::new(),
        lines,
    })
}
