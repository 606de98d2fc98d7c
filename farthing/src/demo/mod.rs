//! `farthing demo`: the whole way, from a registry and raw events to drafts and their proof, on files that it writes itself.
//!
//! It shows what the commands do and therefore does nothing of its own: each step calls what the command of that name calls.
//!
//! Modules in reading order: [`generate`], [`files`], [`facts`], [`story`], [`document`].

mod document;
mod facts;
mod files;
mod generate;
mod story;

use crate::cli::DemoOptions;
use crate::output::{self, Answer};
use crate::place::Place;
use anyhow::{Context, bail};
use generate::Size;
use generate::month::EVENTS_LEAST;
use generate::people::CONTRIBUTORS_LEAST;
use std::path::Path;

pub async fn run(at: &Place, options: &DemoOptions, json: bool) -> anyhow::Result<Answer> {
    refuse_what_is_there(at)?;
    let size = size(options)?;
    let facts = facts::gather(at, size).await?;
    if json {
        output::json(&document::document(&facts)?)?;
    } else {
        output::text(&story::tell(&facts, at)?)?;
    }
    Ok(if facts.proven.is_ok() { Answer::Yes } else { Answer::No })
}

/// A server's ledger could be emptied only with its database: the demo leaves none behind.
fn ledger_file(at: &Place) -> anyhow::Result<&Path> {
    at.ledger.path().context("the demo makes a ledger of its own in a folder; choose one: farthing demo --data DIR")
}

/// Events that are made up must never get among real ones.
fn refuse_what_is_there(at: &Place) -> anyhow::Result<()> {
    let ledger = ledger_file(at)?;
    if ledger.exists() {
        bail!(
            "there is a ledger at {} already, and the demo needs a place of its own; choose one: farthing demo --data DIR\n  \
             (or remove what is there, if it is only an earlier demo)",
            ledger.display()
        );
    }
    Ok(())
}

/// With less, not everything that is to be shown would happen.
fn size(options: &DemoOptions) -> anyhow::Result<Size> {
    let DemoOptions { seed, contributors, events } = *options;
    if contributors < CONTRIBUTORS_LEAST {
        bail!("--contributors {contributors}: the demo needs at least {CONTRIBUTORS_LEAST}, so that there is one of every status");
    }
    if events < EVENTS_LEAST {
        bail!("--events {events}: the demo needs at least {EVENTS_LEAST}, so that there is one of every kind");
    }
    Ok(Size { seed, contributors, events })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_small_is_refused() {
        let size = |contributors, events| size(&DemoOptions { seed: 1, contributors, events });
        assert!(size(CONTRIBUTORS_LEAST, EVENTS_LEAST).is_ok());
        assert!(size(CONTRIBUTORS_LEAST - 1, EVENTS_LEAST).unwrap_err().to_string().starts_with("--contributors 199"));
        assert!(size(CONTRIBUTORS_LEAST, EVENTS_LEAST - 1).unwrap_err().to_string().starts_with("--events 999"));
    }
}
