//! A report as a table, and as a document.

use super::gather::{Report, Row};
use crate::output;
use farthing_schemas::manifest::Counts;
use serde_json::{Value, json};

const HEAD: [&str; 11] =
    ["source", "position", "end", "lag", "events/s", "read", "metered", "duplicate", "rejected", "last batch", "committed at"];

/// For people.
pub fn text(report: &Report) -> String {
    let mut lines = vec![output::table(&HEAD, &report.rows.iter().map(cells).collect::<Vec<_>>(), 1)];
    lines.push(String::new());
    lines.push(format!("rejected events that wait: {}", report.dead_letters));
    let unsearched = report.unsearched.map_or("many".to_owned(), |batches| batches.to_string());
    lines.push(format!("batches not searched for copies yet: {unsearched}"));
    let cycle = |[mid, currency, cycle, state]: &[String; 4]| format!("{mid} {currency} {cycle}: {state}");
    let cycles: Vec<String> = report.cycles.iter().map(cycle).collect();
    lines.push(match cycles.is_empty() {
        true => "cycles: all are open".to_owned(),
        false => format!("cycles: {}; all later ones are open", cycles.join(", ")),
    });
    lines.extend(report.notes.iter().cloned());
    lines.extend(report.rows.iter().filter_map(|row| Some(format!("STUCK {}: {}", row.partition, row.stuck.as_ref()?))));
    lines.join("\n")
}

fn cells(row: &Row) -> Vec<String> {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let Counts { read, metered, duplicate, rejected } = row.counts;
    let mut cells = vec![row.partition.clone(), row.position.to_string()];
    cells.extend([row.end, row.lag()].map(|number| or_dash(number.map(|number| number.to_string()))));
    cells.push(or_dash(row.rate.map(|rate| format!("{rate:.1}"))));
    cells.extend([read, metered, duplicate, rejected].map(|count| count.to_string()));
    cells.push(or_dash(row.last.as_ref().map(|last| last.batch.to_string())));
    cells.push(or_dash(row.last.as_ref().map(|last| last.at.to_string())));
    cells
}

/// For programs.
pub fn document(report: &Report) -> Value {
    let cycle = |[mid, currency, cycle, state]: &[String; 4]| json!({"mid": mid, "currency": currency, "cycle": cycle, "state": state});
    json!({
        "at": report.at.to_string(),
        "stuck": report.rows.iter().any(|row| row.stuck.is_some()),
        "partitions": report.rows.iter().map(partition).collect::<Vec<_>>(),
        "dead_letters_waiting": report.dead_letters,
        "batches_not_searched": report.unsearched,
        "cycles": report.cycles.iter().map(cycle).collect::<Vec<_>>(),
        "notes": report.notes,
    })
}

fn partition(row: &Row) -> Value {
    let last = row.last.as_ref().map(|last| {
        let mut document = counts(&last.counts);
        document["batch"] = json!(last.batch);
        document["at"] = json!(last.at.to_string());
        document
    });
    let mut document = counts(&row.counts);
    document["partition"] = json!(row.partition);
    document["position"] = json!(row.position);
    document["end"] = json!(row.end);
    document["lag"] = json!(row.lag());
    document["events_per_second"] = json!(row.rate);
    document["dead_letters_waiting"] = json!(row.dead_letters);
    document["last_batch"] = json!(last);
    document["stuck"] = json!(row.stuck);
    document
}

fn counts(counts: &Counts) -> Value {
    let Counts { read, metered, duplicate, rejected } = counts;
    json!({"read": read, "metered": metered, "duplicate": duplicate, "rejected": rejected})
}
