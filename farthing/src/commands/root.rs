//! `farthing settle root`: the root over the statements of a cycle, and over all cycles before it.

use crate::books::Books;
use crate::cli::RootOptions;
use crate::commands::settle::settlement_of;
use crate::commands::verify::seals;
use crate::output::{self, Answer};
use crate::place::Place;
use crate::statements;
use anyhow::Context;
use serde_json::json;

pub async fn run(at: &Place, options: &RootOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let of = settlement_of(&*books.registry_now().await?, &options.mid, options.currency, options.cycle)?;
    let seals = statements::seals(&mut books, &of).await?;
    let seal = seals.last().context("a cycle with a final draft has a root")?;
    let sealed = seals::is_sealed_with(&books, &of, &seal.root)?;
    let previous = seal.previous.map(|root| root.to_string());
    if json {
        output::json(&json!({"mid": of.mid, "currency": of.currency.code(), "cycle": of.cycle.to_string(), "root": seal.root.to_string(),
            "statements": seal.link.tree_size, "tree_root": seal.link.tree_root.to_string(), "previous": previous, "sealed": sealed}))?;
    } else {
        let (root, size, tree) = (seal.root, seal.link.tree_size, seal.link.tree_root);
        output::text(&format!(
            "Root of {} in {} for {}, {}\n  root        {root}\n  statements  {size}\n  their tree  {tree}\n  before it   {}\n\
             A statement is checked against it with: farthing verify --statement FILE --root {root}",
            of.mid,
            of.currency,
            of.cycle,
            if sealed { "sealed" } else { "not sealed yet" },
            previous.as_deref().unwrap_or("nothing: it is the first")
        ))?;
    }
    Ok(Answer::Yes)
}
