//! `farthing report`: a cycle's draft for those who answer for it, and for the public.

use crate::books::Books;
use crate::cli::{ReportCommand, ReportOptions};
use crate::commands::settle::settlement_of;
use crate::drafted::{self, Source};
use crate::invoices;
use crate::output::{self, Answer};
use crate::papers;
use crate::place::Place;
use anyhow::ensure;
use farthing_settle::Draft;
use farthing_settle::document::Document;
use farthing_settle::input::Payout;
use farthing_settle::overview::exceptions::{Exceptions, HoldReason};
use farthing_settle::overview::payouts::payouts;
use farthing_settle::overview::seventy::seventy;
use farthing_settle::overview::transparency::Transparency;
use std::collections::BTreeMap;

pub async fn run(at: &Place, command: &ReportCommand, json: bool) -> anyhow::Result<Answer> {
    let (ReportCommand::Seventy(options)
    | ReportCommand::Transparency(options)
    | ReportCommand::Payouts(options)
    | ReportCommand::Exceptions(options)) = command;
    ensure!(
        !(json && options.csv),
        "--json prints one JSON document, which comma-separated values are not: leave out one of --json and --csv"
    );
    let mut books = Books::open(at).await?;
    let source = source(&mut books, options).await?;
    let document = match command {
        ReportCommand::Seventy(_) => seventy(&source.draft, &invoices::unsettled(&books, &source).await?)?,
        ReportCommand::Transparency(_) => transparency(&books, &source).await?,
        ReportCommand::Payouts(_) => payouts(&source.draft, &instructions(&mut books, &source.draft).await?)?,
        ReportCommand::Exceptions(_) => exceptions(&books, &source).await?,
    };
    document.notice.iter().for_each(|notice| output::note(notice));
    output::bytes(papers::form(&document, papers::format(json, options.csv))?.as_bytes())?;
    let broken = matches!(command, ReportCommand::Seventy(_)) && source.draft.refused;
    Ok(if broken { Answer::No } else { Answer::Yes })
}

async fn source(books: &mut Books, options: &ReportOptions) -> anyhow::Result<Source> {
    let of = settlement_of(&*books.registry_now().await?, &options.of.mid, options.of.currency, options.of.cycle)?;
    drafted::source(books, &of).await
}

async fn transparency(books: &Books, source: &Source) -> anyhow::Result<Document> {
    let mut gathered = Transparency::of(&source.draft, &source.deferred);
    drafted::each_accrual(books, source, |accrual| Ok(gathered.add(accrual)?)).await?;
    Ok(gathered.document()?)
}

/// The payout instructions of all parties of a draft, of its own registry version.
async fn instructions(books: &mut Books, draft: &Draft) -> anyhow::Result<BTreeMap<String, Payout>> {
    let registry = books.registry_of(draft.registry_version).await?;
    let of = |party: &str| {
        let payout = registry.payout(registry.party(party)?)?;
        Some(Payout { method: payout.method.to_owned(), currency: payout.currency })
    };
    Ok(draft.lines.iter().filter_map(|line| Some((line.party.clone(), of(&line.party)?))).collect())
}

async fn exceptions(books: &Books, source: &Source) -> anyhow::Result<Document> {
    let mut gathered = Exceptions::of(&source.draft, &source.deferred);
    drafted::each_accrual(books, source, |accrual| Ok(gathered.add(accrual)?)).await?;
    let reason = |held: &farthing_archive::holds::Held| HoldReason {
        since: held.at.clone(),
        reason: held.hold.reason.clone(),
        reference: held.hold.reference.clone(),
    };
    let holds = books.catalog.holds.iter().map(|(number, held)| (number, reason(held))).collect();
    Ok(gathered.document(&holds))
}
