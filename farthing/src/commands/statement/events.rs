//! `farthing statement PARTY --cycle C`: a party's amount in a cycle, down to the events.

use crate::books::Books;
use crate::output::{self, Answer};
use crate::place::Place;
use crate::trace;
use anyhow::bail;
use farthing_schemas::event::{Body, Event};
use farthing_schemas::{Cycle, Money, Status};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Events that are printed for people unless all are asked for.
const EVENTS_SHOWN: usize = 20;

/// What one event gave the party.
struct Entry {
    time: String,
    source: String,
    id: String,
    platform: String,
    use_: String,
    model: Option<String>,
    output: Option<String>,
    works: Vec<String>,
    mid: String,
    agreement: String,
    currency: String,
    status: Status,
    late: bool,
    undone: Option<Cycle>,
    method: Option<String>,
    method_version: Option<String>,
    registry_version: u64,
    gross: Money,
    labour: Money,
}

/// Whose events are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub party: &'a str,
    pub cycle: Cycle,
    /// Whether every event is to be printed for people, too.
    pub every: bool,
}

pub async fn run(at: &Place, options: Asked<'_>, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let mut entries = entries(&mut books, options.party, options.cycle).await?;
    if entries.is_empty() {
        let registry = books.registry_now().await?;
        if registry.party(options.party).is_none() {
            bail!("{}: neither a party of the registry nor named by an event of cycle {}", options.party, options.cycle);
        }
    }
    entries.sort_by(|a, b| (&a.time, &a.source, &a.id, a.status).cmp(&(&b.time, &b.source, &b.id, b.status)));
    if json {
        print_json(options, &entries)?
    } else {
        print_text(options, &entries)?
    }
    Ok(Answer::Yes)
}

async fn entries(books: &mut Books, party: &str, cycle: Cycle) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let batches = books.catalog.batches.all_numbers();
    trace::each_line(books, &batches, |traced| {
        let key = &traced.line.key;
        if key.party == party && traced.assigned.cycle == cycle {
            entries.push(entry(&traced));
        }
        Ok(())
    })
    .await?;
    Ok(entries)
}

fn entry(traced: &trace::TracedLine<'_>) -> Entry {
    let (event, source, key): (&Event<'_>, _, _) = (traced.event, &traced.source, &traced.line.key);
    let use_ = match (&event.body, traced.by_claim) {
        (Body::Usage(_), _) => key.use_.to_string(),
        (Body::Reversal(_), false) => format!("{} undone", key.use_),
        (Body::Reversal(_), true) => format!("{} claimed", key.use_),
    };
    let owned = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
    Entry {
        time: source.time.to_string(),
        source: source.source.to_owned(),
        id: source.id.to_owned(),
        platform: key.platform.clone(),
        use_,
        model: owned(&event.model),
        output: owned(&event.output),
        works: traced.line.works.clone(),
        mid: key.mid.clone(),
        agreement: key.agreement.clone(),
        currency: key.currency.to_string(),
        status: key.status,
        late: traced.assigned.late,
        undone: traced.assigned.undone,
        method: source.method.map(str::to_owned),
        method_version: source.method_version.map(str::to_owned),
        registry_version: source.registry_version,
        gross: traced.line.gross,
        labour: traced.line.labour,
    }
}

/// Gross and labour by currency, status, MID and agreement.
fn totals(entries: &[Entry]) -> anyhow::Result<BTreeMap<[String; 4], (Money, Money, usize)>> {
    let mut totals: BTreeMap<[String; 4], (Money, Money, usize)> = BTreeMap::new();
    for entry in entries {
        let key = [entry.currency.clone(), entry.status.to_string(), entry.mid.clone(), entry.agreement.clone()];
        let (gross, labour, events) = totals.entry(key).or_default();
        (*gross, *labour, *events) = (gross.plus(entry.gross)?, labour.plus(entry.labour)?, *events + 1);
    }
    Ok(totals)
}

fn print_json(options: Asked<'_>, entries: &[Entry]) -> anyhow::Result<()> {
    let sums = totals(entries)?.into_iter().map(|([currency, status, mid, agreement], (gross, labour, events))| {
        json!({"currency": currency, "status": status, "mid": mid, "agreement": agreement, "gross": gross.to_string(), "labour": labour.to_string(), "lines": events})
    });
    let lines = entries.iter().map(|entry| -> Value {
        json!({"time": entry.time, "source": entry.source, "id": entry.id, "platform": entry.platform, "use": entry.use_,
            "model": entry.model, "output": entry.output, "works": entry.works, "mid": entry.mid, "agreement": entry.agreement,
            "currency": entry.currency, "status": entry.status.as_str(), "late": entry.late,
            "undone": entry.undone.map(|cycle| cycle.to_string()), "method": entry.method, "method_version": entry.method_version,
            "registry_version": entry.registry_version, "gross": entry.gross.to_string(), "labour": entry.labour.to_string()})
    });
    output::json(
        &json!({"party": options.party, "cycle": options.cycle.to_string(), "totals": sums.collect::<Vec<_>>(), "lines": lines.collect::<Vec<_>>()}),
    )
}

fn print_text(options: Asked<'_>, entries: &[Entry]) -> anyhow::Result<()> {
    let mut text = format!("Statement of {} for cycle {}\n\n", options.party, options.cycle);
    if entries.is_empty() {
        text.push_str("Nothing was earned in this cycle.");
        return output::text(&text);
    }
    let rows: Vec<Vec<String>> = totals(entries)?
        .into_iter()
        .map(|([currency, status, mid, agreement], (gross, labour, events))| {
            vec![status, mid, agreement, currency, events.to_string(), gross.to_string(), labour.to_string()]
        })
        .collect();
    text.push_str(&output::table(&["status", "mid", "agreement", "currency", "lines", "gross", "labour"], &rows, 4));
    text.push_str(
        "\n\nGross is the part of an event's revenue attributed to the party; labour is the share of it that the agreement promises.\n",
    );
    let shown = if options.every { entries.len() } else { entries.len().min(EVENTS_SHOWN) };
    let row = |entry: &Entry| {
        let through = if entry.works.is_empty() { "directly".to_owned() } else { entry.works.join(" ") };
        let what = format!("{}{}", entry.use_, if entry.late { ", late" } else { "" });
        vec![
            entry.time.clone(),
            format!("{} {}", entry.source, entry.id),
            entry.platform.clone(),
            what,
            through,
            entry.gross.to_string(),
            entry.labour.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = entries.iter().take(shown).map(row).collect();
    text.push('\n');
    text.push_str(&output::table(&["time", "event", "platform", "use", "through", "gross", "labour"], &rows, 5));
    if shown < entries.len() {
        text.push_str(&format!("\n... and {} more; print them with --all, or everything with --json", entries.len() - shown));
    }
    output::text(&text)
}
