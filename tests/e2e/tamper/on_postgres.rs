//! Rows of a ledger on PostgreSQL, changed by somebody who may switch its triggers off.

use super::books;
use crate::services::postgres::query;
use crate::support::on_postgres;
use anyhow::{Result, ensure};

/// What is done to the rows, and what is named for it; undone by the third.
const TAMPERINGS: [(&str, &str, &str); 12] = [
    (
        "UPDATE positions SET next = next + 1 WHERE partition LIKE '%one.ndjson'",
        "position of",
        "UPDATE positions SET next = next - 1 WHERE partition LIKE '%one.ndjson'",
    ),
    (
        "UPDATE dead_letters SET sentence = sentence || '.' WHERE number = 1",
        "dead letters of batch",
        "UPDATE dead_letters SET sentence = left(sentence, -1) WHERE number = 1",
    ),
    (
        "UPDATE dead_letters SET replayed_in = 9999 WHERE number = 2",
        "dead letter 2",
        "UPDATE dead_letters SET replayed_in = (SELECT replayed_in + 1 FROM dead_letters WHERE number = 1) WHERE number = 2",
    ),
    (
        "UPDATE batch_totals SET gross = gross + 0.000000000001 WHERE batch = 1",
        "totals of batch 1 in",
        "UPDATE batch_totals SET gross = gross - 0.000000000001 WHERE batch = 1",
    ),
    (
        "UPDATE batch_totals SET batch = 9999 WHERE batch = 2",
        "totals of batch 2 in",
        "UPDATE batch_totals SET batch = 2 WHERE batch = 9999",
    ),
    ("INSERT INTO batch_totals VALUES (1, 'XAF', 1, 1)", "batch 1 in XAF", "DELETE FROM batch_totals WHERE currency = 'XAF'"),
    ("UPDATE cycles SET state = 'closing'", "cycle 2026-10 of", "UPDATE cycles SET state = 'draft'"),
    ("UPDATE drafts SET cycle = '2026-09'", "draft of cycle 2026-10", "UPDATE drafts SET cycle = '2026-10'"),
    ("UPDATE actors SET person = 'bo' WHERE actor = 'ana'", "actor ana", "UPDATE actors SET person = 'ana' WHERE actor = 'ana'"),
    ("UPDATE retired_actors SET actor = 'ana'", "actor ana", "UPDATE retired_actors SET actor = 'bo'"),
    ("INSERT INTO actors VALUES ('eva', 'eva', '00', 1)", "actor eva", "DELETE FROM actors WHERE actor = 'eva'"),
    ("UPDATE party_details SET details = details || ' '", "party_details of", "UPDATE party_details SET details = left(details, -1)"),
];

const TABLES: [&str; 6] = ["manifests", "drafts", "batch_totals", "dead_letters", "actors", "retired_actors"];

#[test]
fn every_changed_row_is_found_and_named() -> Result<()> {
    let data = on_postgres(books::told)?;
    let change = |statement: &str| {
        let off = TABLES.map(|table| format!("ALTER TABLE {table} DISABLE TRIGGER ALL;")).concat();
        let on = TABLES.map(|table| format!("ALTER TABLE {table} ENABLE TRIGGER ALL;")).concat();
        query(data.server(), &format!("{}{statement};{}", off.replace("ALL", "USER"), on.replace("ALL", "USER")))
    };
    let check = || data.run(["ledger", "check"]);
    data.ok(["verify"])?;
    ensure!(check()?.status.success(), "{:?}", check()?);
    for (tampering, name, undo) in TAMPERINGS {
        change(tampering)?;
        for command in [&["ledger", "check"][..], &["verify"]] {
            let output = data.run(command)?;
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            ensure!(output.status.code() == Some(1) && said.contains(name), "{command:?} after {tampering}: {output:?}");
        }
        change(undo)?;
        ensure!(check()?.status.success(), "after {undo}: {:?}", check()?);
    }
    Ok(())
}

#[test]
fn an_older_schema_is_brought_to_this_version_only_when_asked() -> Result<()> {
    let data = on_postgres(books::begun)?;
    query(
        data.server(),
        "DROP TABLE batch_totals; DROP TABLE dead_letters_sent; DROP INDEX dead_letters_by_partition; DROP TABLE actors; DROP TABLE retired_actors; DROP TABLE journal_postings; DROP TABLE journal_entries; DROP TABLE payments; DROP TABLE payment_states; DROP TABLE bank_files; DROP TABLE bank_messages; DROP TABLE bank_receipts; DROP TABLE bank_exceptions; ALTER TABLE drafts DROP COLUMN packed; DELETE FROM _sqlx_migrations WHERE version > 1",
    )?;
    let refused = data.run(["accruals"])?;
    ensure!(refused.status.code() == Some(2) && crate::support::stderr(&refused).contains("farthing ledger migrate"), "{refused:?}");
    ensure!(data.ok(["ledger", "migrate"])?.contains("of version 8 now"));
    data.ok(["ledger", "check"])?;
    data.ok(["verify"]).map(drop)
}
