//! The courses of cycles, as the chain of manifests tells them.

use anyhow::{Context, anyhow};
use farthing_archive::Catalog;
use farthing_archive::catalog::Moved;
use farthing_settle::course::Place;
use farthing_settle::cycle::{Allowed, Kind};
use farthing_settle::{Courses, Refusal};

/// How all cycles stand, every move judged as if it were made again, its signature among it; the first that is not allowed is the error.
pub fn judged(catalog: &Catalog) -> anyhow::Result<Courses> {
    each(catalog, catalog.sequence, |before, moved, _| before.judge(&moved.step).map(drop))
}

/// How all cycles stood after a manifest; signatures are not looked at.
pub fn as_of(catalog: &Catalog, through_sequence: u64) -> anyhow::Result<Courses> {
    each(catalog, through_sequence, |_, _, _| Ok(()))
}

/// The moves of a kind, in order.
pub fn of_kind(catalog: &Catalog, kind: Kind) -> anyhow::Result<Vec<&Moved>> {
    let mut found = Vec::new();
    each(catalog, catalog.sequence, |_, moved, row| {
        if row.kind == kind {
            found.push(moved);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Goes through the moves up to a manifest and tells each, with how all cycles stood before it.
pub fn each<'a>(
    catalog: &'a Catalog,
    through_sequence: u64,
    mut tell: impl FnMut(&Courses, &'a Moved, &'static Allowed) -> Result<(), Refusal>,
) -> anyhow::Result<Courses> {
    let mut courses = Courses::default();
    let mut changes = catalog.actors.iter().take_while(|changed| changed.sequence <= through_sequence).peekable();
    for moved in catalog.moves.iter().take_while(|moved| moved.sequence <= through_sequence) {
        while let Some(changed) = changes.next_if(|changed| changed.sequence < moved.sequence) {
            courses.change(&changed.change).with_context(|| format!("manifest {}", changed.sequence))?;
        }
        let mut take = || {
            let row = courses.row(&moved.step)?;
            tell(&courses, moved, row)?;
            courses.follow(Place { sequence: moved.sequence, sha256: moved.sha256.clone() }, &moved.step)
        };
        take().map_err(|refusal| not_allowed(moved, &refusal))?;
    }
    for changed in changes {
        courses.change(&changed.change).with_context(|| format!("manifest {}", changed.sequence))?;
    }
    Ok(courses)
}

fn not_allowed(moved: &Moved, refusal: &Refusal) -> anyhow::Error {
    let step = &moved.step;
    anyhow!("manifest {}: cycle {} of {} in {} was moved to {}: {refusal}", moved.sequence, step.cycle, step.mid, step.currency, step.to)
}
