//! The roots of sealed cycles, computed again from their statements.

use super::{Compared, sealed};
use crate::books::Books;
use crate::commands::settle::Settlement;
use crate::courses;
use crate::statements;
use anyhow::{Context, ensure};
use farthing_schemas::{Currency, Cycle};
use farthing_settle::cycle::Kind;
use farthing_settle::proof::Digest;
use std::collections::BTreeMap;

/// Compares every root that was sealed, and what its seal has archived.
pub async fn compare(books: &mut Books, compared: &mut Compared) -> anyhow::Result<()> {
    for ((mid, currency), sealed) in roots(books)? {
        let Some((last, _)) = sealed.last_key_value() else { continue };
        let of = Settlement { mid, currency, cycle: *last };
        let seals = statements::seals(books, &of).await?;
        for (cycle, root) in &sealed {
            let seal = seals.iter().find(|seal| seal.link.cycle == *cycle);
            let again =
                seal.with_context(|| format!("cycle {cycle} of {} in {currency} is sealed, and has no draft", of.mid))?.root.to_string();
            ensure!(
                again == *root,
                "cycle {cycle} of {} in {currency}: sealed with the root {root}, its statements made again have {again}",
                of.mid
            );
            compared.seals += 1;
        }
    }
    for moved in courses::of_kind(&books.catalog, Kind::Seal)? {
        sealed::compare(books, moved).await?;
    }
    Ok(())
}

/// Whether a cycle is sealed with that root of its statements; an error if it is with another one.
pub fn is_sealed_with(books: &Books, of: &Settlement, root: &Digest) -> anyhow::Result<bool> {
    let roots = roots(books)?;
    let Some(sealed) = roots.get(&(of.mid.clone(), of.currency)).and_then(|roots| roots.get(&of.cycle)) else { return Ok(false) };
    ensure!(
        *sealed == root.to_string(),
        "cycle {} was sealed with the root {sealed}, and its statements have {root} now; run: farthing verify",
        of.cycle
    );
    Ok(true)
}

type Roots = BTreeMap<Cycle, String>;

fn roots(books: &Books) -> anyhow::Result<BTreeMap<(String, Currency), Roots>> {
    let mut found: BTreeMap<(String, Currency), Roots> = BTreeMap::new();
    for moved in courses::of_kind(&books.catalog, Kind::Seal)? {
        let step = &moved.step;
        let root = step.root.clone().with_context(|| format!("manifest {}: a seal without a root", moved.sequence))?;
        found.entry((step.mid.clone(), step.currency.parse()?)).or_default().insert(step.cycle.parse()?, root);
    }
    Ok(found)
}
