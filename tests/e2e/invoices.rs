//! What platforms get and the public sees, from real books: invoices, what is open of them, and overviews of a cycle.

mod issued;
mod open;
mod overviews;

use crate::journal::scene::{Approved, units};
use crate::scenarios::scene::{NOW, event, reversal};
use crate::support::Data;
use anyhow::{Context, Result};
use serde_json::{Value, json};

fn list<'a>(document: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    document[name].as_array().with_context(|| format!("no {name} in {document}"))
}

fn amount(document: &Value, name: &str) -> Result<i128> {
    units(document[name].as_str().with_context(|| format!("no {name} in {document}"))?)
}

/// What the journal has on the account of a platform for a cycle, in units.
fn receivable(data: &Data, mid: &str, platform: &str, currency: &str, cycle: &str) -> Result<i128> {
    let account = format!("platform_receivable:{platform}");
    let journal = data.json(["journal", "--mid", mid, "--account", &account, "--cycle", cycle])?;
    let mut sum = 0;
    for entry in list(&journal, "entries")? {
        for posting in list(entry, "postings")?.iter().filter(|posting| posting["currency"] == currency) {
            sum += amount(posting, "amount")?;
        }
    }
    Ok(sum)
}

/// Books with two months approved, in December: one event of two parties, one of a party that nobody represents, and one undone of October.
fn december() -> Result<Approved> {
    let books = Approved::new()?;
    let mut shared = event("d1", "2026-12-03T00:00:00Z", "ana", "2.5");
    shared["data"]["attribution"]["entries"] =
        json!([{"party": "ana", "weight": 1}, {"party": "ben", "weight": 3}, {"party": "dora", "weight": 1}]);
    let events = [shared, event("d2", "2026-12-04T00:00:00Z", "ana", "0.5"), reversal("d3", "2026-12-05T00:00:00Z", "o0")];
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    std::fs::write(books.data().path().join("december.ndjson"), lines)?;
    books.data().ok(["meter", "december.ndjson", "--now", NOW])?;
    Ok(books)
}
