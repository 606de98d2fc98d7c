//! `farthing invoice`: what platforms owe a MID for a cycle, as papers for them.

use crate::books::Books;
use crate::cli::{InvoiceOptions, PaperFormat};
use crate::commands::settle::{Settlement, settlement_of};
use crate::invoices;
use crate::output::{self, Answer};
use crate::papers;
use crate::place::Place;
use anyhow::{bail, ensure};
use farthing_settle::invoice::Invoice;
use serde_json::{Value, json};
use std::path::Path;

pub async fn run(at: &Place, options: &InvoiceOptions, json: bool) -> anyhow::Result<Answer> {
    let format = match (options.format, json, options.all) {
        (None, true, false) => PaperFormat::Json,
        (None, ..) => PaperFormat::Text,
        (Some(PaperFormat::Text | PaperFormat::Html | PaperFormat::Csv), true, false) => {
            bail!("--json prints one JSON document, which text, html and csv are not: leave out one of --json and --format")
        }
        (Some(format), ..) => format,
    };
    ensure!(options.all || options.out.is_none(), "--out is for the invoices of --all platforms; one is printed: > FILE keeps it");
    let mut books = Books::open(at).await?;
    let of = settlement_of(&*books.registry_now().await?, &options.of.mid, options.of.currency, options.of.cycle)?;
    let due_days = options.due.due_days.unwrap_or_else(|| at.invoices.due_days());
    let known = books.registry_now().await?;
    if let Some(platform) = options.platform.as_ref().filter(|platform| known.platform(platform).is_none()) {
        bail!("{platform} is not a platform of the registry");
    }
    let made = invoices::of_cycle(&mut books, &of, due_days).await?;
    match (&options.platform, &options.out) {
        (Some(platform), _) => one(&of, &made, platform, format),
        (None, Some(out)) => all(&of, &made, format, out, json),
        (None, None) => bail!("--all writes one file a platform: name a new folder for them with --out"),
    }
}

fn one(of: &Settlement, made: &[Invoice], platform: &str, format: PaperFormat) -> anyhow::Result<Answer> {
    let Some(invoice) = made.iter().find(|invoice| invoice.platform.id == platform) else {
        bail!(
            "{platform} owes {} nothing for {} in {}: nothing was used under an agreement, and nothing is left from before",
            of.mid,
            of.cycle,
            of.currency
        );
    };
    let document = invoice.document()?;
    document.notice.iter().for_each(|notice| output::note(notice));
    output::bytes(papers::form(&document, format)?.as_bytes())?;
    Ok(Answer::Yes)
}

fn all(of: &Settlement, made: &[Invoice], format: PaperFormat, out: &Path, json: bool) -> anyhow::Result<Answer> {
    ensure!(!made.is_empty(), "no platform owes {} anything for {} in {}", of.mid, of.cycle, of.currency);
    papers::new_folder(out)?;
    for invoice in made {
        let path = out.join(papers::file_name(&invoice.platform.id, papers::extension(format)));
        papers::write_new(&path, papers::form(&invoice.document()?, format)?.as_bytes())?;
    }
    let preview = made.iter().any(|invoice| invoice.issued.is_none());
    if json {
        let list: Vec<Value> = made.iter().map(summary).collect();
        output::json(&json!({"preview": preview, "invoices": list}))?;
        return Ok(Answer::Yes);
    }
    let what = if preview { "Previews of invoices" } else { "Invoices" };
    let rows: Vec<Vec<String>> = made
        .iter()
        .map(|invoice| {
            let number = invoice.issued.as_ref().map_or("preview".to_owned(), |issued| issued.number.to_string());
            vec![invoice.platform.id.clone(), number, invoice.figures.to_pay.to_string(), invoice.figures.carried_out.to_string()]
        })
        .collect();
    output::text(&format!(
        "{what} of {} in {} for {} are in {}:\n{}",
        of.mid,
        of.currency,
        of.cycle,
        out.display(),
        output::table(&["platform", "number", "to pay", "carried"], &rows, 2)
    ))?;
    Ok(Answer::Yes)
}

fn summary(invoice: &Invoice) -> Value {
    let issued = invoice.issued.as_ref();
    json!({"platform": invoice.platform.id, "number": issued.map(|issued| issued.number.as_str()),
        "due": issued.map(|issued| issued.due.to_string()), "to_pay": invoice.figures.to_pay.to_string(),
        "carried_out": invoice.figures.carried_out.to_string()})
}
