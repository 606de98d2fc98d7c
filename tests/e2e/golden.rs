//! Golden: what comes of real and of odd events equals what the contract's oracle says, line by line and to the unit, however the events
//! are cut into batches, files and runs.
//!
//! The events are in `tests/data`, what must come of them in `tests/e2e/golden`; `tests/golden-tools/make_golden.py` made both.

pub mod way;

use super::support::{also_on_postgres, also_on_s3, slow};
use anyhow::Result;
use way::{Books, Form, Order, Runs, Way, compare};

/// Everything in one run, as the files are.
const REAL: Way = Way { set: "real", batch: None, runs: Runs::One, form: Form::Gzip, order: Order::ByName, compact_between: false };
const SMALL: Way = Way { set: "small", ..REAL };
const ODD: [&str; 6] = ["odd_1", "odd_2", "odd_3", "odd_4", "odd_5", "odd_6"];

#[test]
fn batches_of_any_size_come_to_the_same() -> Result<()> {
    let sizes = [REAL, Way { batch: Some(1000), ..REAL }, Way { batch: Some(7), ..SMALL }, Way { batch: Some(1), ..SMALL }];
    sizes.into_iter().try_for_each(way::check)
}

#[test]
fn tiny_batches_come_to_the_same() -> Result<()> {
    // Every batch has files of its own: thousands of them.
    let sizes: &[u32] = if slow() { &[1, 7, 50] } else { &[50] };
    sizes.iter().try_for_each(|size| way::check(Way { batch: Some(*size), ..REAL }))
}

#[test]
fn files_in_any_order_come_to_the_same() -> Result<()> {
    way::check(Way { order: Order::Backwards, batch: Some(1000), ..REAL })?;
    way::check(Way { order: Order::Rotated(2), ..REAL })?;
    way::check(Way { order: Order::Rotated(4), batch: Some(7), ..SMALL })
}

#[test]
fn one_run_per_file_and_twenty_runs_come_to_the_same() -> Result<()> {
    way::check(Way { runs: Runs::Each, ..REAL })?;
    way::check(Way { runs: Runs::Twenty, ..REAL })?;
    way::check(Way { runs: Runs::Twenty, compact_between: true, batch: Some(7), order: Order::Backwards, ..SMALL })
}

#[test]
fn all_forms_of_files_come_to_the_same() -> Result<()> {
    for form in [Form::Plain, Form::Zstd, Form::Stdin] {
        way::check(Way { form, ..SMALL })?;
    }
    way::check(Way { form: Form::Stdin, batch: Some(500), ..REAL })?;
    way::check(Way { form: Form::Zstd, runs: Runs::Twenty, ..SMALL })
}

#[test]
fn compaction_changes_nothing_that_is_seen() -> Result<()> {
    for way in [Way { batch: Some(500), ..REAL }, Way { batch: Some(1), ..SMALL }] {
        let books = Books::metered(way)?;
        books.check("before compaction")?;
        books.compact()?;
        books.check("after compaction")?;
        let files = books.data.ok(["archive", "list", "--json"])?;
        books.compact()?;
        assert_eq!(books.data.ok(["archive", "list", "--json"])?, files, "what is compact stays as it is");
    }
    Ok(())
}

#[test]
fn metering_everything_again_adds_nothing() -> Result<()> {
    let mut books = Books::metered(Way { batch: Some(1000), ..REAL })?;
    let once = books.counts;
    books.meter(REAL)?;
    assert_eq!(books.counts, once.map(|count| count * 2), "the same sources say the same counts again");
    books.counts = once;
    books.check("the same files again")?;
    // The same bytes under other names are other sources: everything is read again, and all of it is a duplicate.
    books.meter(Way { form: Form::Plain, ..REAL })?;
    let [read, ..] = once;
    assert_eq!(books.counts, [2 * read, once[1], once[2] + read, once[3]]);
    books.counts = once;
    books.check("the same events from other files")
}

#[test]
fn november_carries_on_from_octobers_final_draft() -> Result<()> {
    let books = Books::metered(Way { batch: Some(1000), ..REAL })?;
    let carried = books.expected["carried"].as_array().cloned().unwrap_or_default();
    assert!(!carried.is_empty(), "no MID carries anything over");
    for november in &carried {
        let mid = november["mid"].as_str().unwrap_or_default();
        books.data.ok(["settle", "close", "--mid", mid, "--cycle", "2026-10", "--now", books.now()])?;
        let october = books.data.json(["settle", "draft", "--mid", mid, "--cycle", "2026-10"])?;
        compare(&format!("final draft of October of {mid}"), &books.draft_of(mid, "2026-10")?["draft"], &october)?;
        let again = books.data.json(["settle", "draft", "--mid", mid, "--cycle", "2026-10"])?;
        assert_eq!(october, again, "a final draft made again");
        books.check_draft(november)?;
    }
    books.data.ok(["verify"])?;
    // A November that is closed in its turn gives the same figures as its preview did.
    for november in &carried {
        let mid = november["mid"].as_str().unwrap_or_default();
        books.data.ok(["settle", "close", "--mid", mid, "--cycle", "2026-11", "--now", books.now()])?;
        books.check_draft(november)?;
    }
    books.data.ok(["verify"])?;
    Ok(())
}

#[test]
fn odd_events_come_to_what_the_oracle_says() -> Result<()> {
    for (number, set) in ODD.into_iter().enumerate() {
        let odd = Way { set, ..REAL };
        // In a hurry, every other set in one batch and the rest in many.
        if slow() || number % 2 == 0 {
            way::check(odd)?;
        }
        if slow() || number % 2 == 1 {
            way::check(Way { batch: Some(7), runs: Runs::Each, ..odd })?;
        }
        if slow() {
            way::check(Way { batch: Some(1), ..odd })?;
            way::check(Way { runs: Runs::Twenty, form: Form::Zstd, compact_between: true, ..odd })?;
        }
    }
    Ok(())
}

also_on_postgres!(
    all_forms_of_files_come_to_the_same,
    compaction_changes_nothing_that_is_seen,
    november_carries_on_from_octobers_final_draft
);

also_on_s3!(all_forms_of_files_come_to_the_same, compaction_changes_nothing_that_is_seen, november_carries_on_from_octobers_final_draft);
