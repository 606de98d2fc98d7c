//! `farthing status`: how far every source is, what lags, and what is stuck. It asks the ledger and the brokers, and no worker.

mod gather;
mod show;

use crate::cli::StatusOptions;
use crate::output::{self, Answer};
use crate::place::Place;
use crate::time::now;
use anyhow::ensure;
use farthing_ledger::Ledger;
use gather::{Report, Topics, gather};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Clears a terminal, so that a table stands where the last one stood.
const CLEAR: &str = "\x1b[H\x1b[2J";

pub async fn run(at: &Place, options: &StatusOptions, json: bool) -> anyhow::Result<Answer> {
    let there = crate::books::Books::exist(at).await?;
    ensure!(there, "no ledger at {}; start one with: farthing registry load FILE {}", at.shown_ledger(), at.option);
    let mut topics = Topics::named(at, &options.sources)?;
    let ledger = Ledger::open(&at.ledger, false).await?;
    let Some(seconds) = options.watch else {
        let report = gather(&ledger, &mut topics, options, now()).await?;
        show(&report, json)?;
        ledger.close().await;
        return Ok(report.answer());
    };
    loop {
        let report = gather(&ledger, &mut topics, options, now()).await?;
        if !shown_again(&report, json)? {
            return Ok(report.answer());
        }
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

fn show(report: &Report, json: bool) -> anyhow::Result<()> {
    if json { output::json(&show::document(report)) } else { output::text(&show::text(report)) }
}

/// One look after the other; false when nobody reads any more.
fn shown_again(report: &Report, json: bool) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    let clear = if out.is_terminal() { CLEAR } else { "" };
    let text = if json { show::document(report).to_string() } else { format!("{clear}{}\n", show::text(report)) };
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        other => Ok(other.map(|()| true)?),
    }
}
