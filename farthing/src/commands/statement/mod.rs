//! `farthing statement`: what a party gets for a cycle and why, as a paper or down to the events.

mod documents;
mod events;

use crate::cli::{StatementFormat, StatementOptions};
use crate::output::Answer;
use crate::place::Place;
use anyhow::bail;
use documents::Wanted;

pub async fn run(at: &Place, options: &StatementOptions, json: bool) -> anyhow::Result<Answer> {
    let StatementOptions { party, cycle, all, mid, currency, format, through, out } = options;
    let Some(mid) = mid else {
        let Some(party) = party else {
            bail!("--all without a PARTY writes the statements of all parties of one MID: name it with --mid, and a folder with --out");
        };
        return events::run(at, events::Asked { party, cycle: *cycle, every: *all }, json).await;
    };
    let format = match (format, json, party) {
        (None, true, Some(_)) => StatementFormat::Json,
        (None, ..) => StatementFormat::Text,
        (Some(StatementFormat::Text | StatementFormat::Html | StatementFormat::Csv), true, Some(_)) => {
            bail!("--json prints one JSON document, which text, html and csv are not: leave out one of --json and --format")
        }
        (Some(format), ..) => *format,
    };
    if through.is_some() && format != StatementFormat::Proof {
        bail!("--through is for proofs: add --format proof");
    }
    let wanted = Wanted { mid, cycle: *cycle, currency: *currency, format, through: through.unwrap_or(*cycle) };
    match (party, all, out) {
        (Some(party), false, None) => documents::one(at, &wanted, party).await,
        (Some(_), true, _) => bail!("with a PARTY, --all prints its events, which are of all MIDs: leave out --all or --mid"),
        (Some(_), false, Some(_)) => bail!("--out is for the statements of --all parties; one is printed: > FILE keeps it"),
        (None, _, Some(out)) => documents::all(at, &wanted, out, json).await,
        (None, _, None) => bail!("--all writes one file a party: name a new folder for them with --out"),
    }
}
