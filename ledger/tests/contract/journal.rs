//! Entries of the journal: they come with the act that books them, whole and in order, and stay as they are.

use crate::server::{Place, execute, place_on_postgres, place_on_sqlite, run};
use farthing_ledger::{Effects, Ledger, LedgerError, StoredEntry, StoredPosting};
use farthing_schemas::manifest::{Act, Booked, CycleMove, Manifest, VERSION, sha256_hex};

type Entry = (StoredEntry, Vec<StoredPosting>);

/// An entry of that number with these amounts, one posting each.
fn entry(number: u64, amounts: &[&str]) -> Entry {
    let words = ["approval", "mid_a", "2026-11-02T09:00:00.000000Z", "2026-11-02T09:00:01.000000Z", "because \"ü\"", "ref", "draft"];
    let [kind, mid, happened, booked, reason, reference, evidence_kind] = words.map(str::to_owned);
    let (sha256, previous) = (format!("hash {number}"), format!("hash {}", number - 1));
    let (cycle, evidence_sha256) = (Some("2026-10".to_owned()), sha256_hex(b"draft"));
    let header = StoredEntry {
        number,
        sha256,
        previous,
        kind,
        mid,
        cycle,
        happened,
        booked,
        reason,
        reference,
        reverses: None,
        evidence_kind,
        evidence_sha256,
    };
    (header, (1..).zip(amounts).map(|(line, amount)| posting(line, "pty_ü", amount)).collect())
}

fn posting(line: u64, owner: &str, amount: &str) -> StoredPosting {
    let [account, owner, currency, amount] = ["party_payable", owner, "USD", amount].map(Into::into);
    StoredPosting { line, account, owner, currency, amount }
}

/// An act that commits to these entries.
fn act(entries: &[Entry]) -> Act {
    let count = |length: usize| u64::try_from(length).expect("a small number");
    let booked = entries.last().map(|(last, _)| Booked {
        entries: count(entries.len()),
        postings: entries.iter().map(|(_, postings)| count(postings.len())).sum(),
        sha256: last.sha256.clone(),
    });
    let [mid, currency, cycle, to, by] = ["mid_a", "USD", "2026-10", "approved", "ana"].map(str::to_owned);
    Act::Cycle(CycleMove { mid, currency, cycle, to, by, booked, ..CycleMove::default() })
}

fn manifest(before: Option<&Manifest>, act: Act) -> Manifest {
    let (sequence, previous) = before.map_or((1, String::new()), |before| (before.sequence + 1, sha256_hex(before.to_json().as_bytes())));
    Manifest { version: VERSION, sequence, previous, at: "2026-11-02T09:00:01Z".to_owned(), act }
}

fn effects(entries: &[Entry]) -> Effects {
    Effects { entries: entries.to_vec(), ..Effects::default() }
}

/// All entries with all their postings, read in portions.
async fn all(ledger: &Ledger) -> Vec<Entry> {
    let mut found = Vec::new();
    for header in ledger.journal_entries_after(0).await.expect("the ledger answers") {
        let mut postings: Vec<StoredPosting> = Vec::new();
        loop {
            let after = postings.last().map_or(0, |posting| posting.line);
            let some = ledger.journal_postings_after(header.number, after, 7_000).await.expect("the ledger answers");
            if some.is_empty() {
                break;
            }
            postings.extend(some);
        }
        found.push((header, postings));
    }
    found
}

/// The same on both databases.
fn on_both(test: impl AsyncFn(&Place, &str)) {
    for (name, place) in [("sqlite", place_on_sqlite as fn() -> Place), ("postgres", place_on_postgres)] {
        let place = place();
        run(test(&place, name));
    }
}

#[test]
fn entries_come_with_their_act() {
    on_both(async |place, name| {
        let ledger = place.open().await;
        // 26 digits before the point: what no float holds.
        let most = "99999999999999999999999999.999999999999";
        let one = vec![entry(1, &[most, "-99999999999999999999999999.999999999999"]), entry(2, &[])];
        let reversal = entry(3, &["-0.000000000001", "0.000000000001", "12345678901234567890123456.789012345678"]);
        let two = vec![(StoredEntry { reverses: Some(1), cycle: None, ..reversal.0 }, reversal.1)];
        let first = manifest(None, act(&one));
        ledger.append(&first, &effects(&one)).await.expect("the ledger answers");
        ledger.append(&first, &effects(&one)).await.expect("done already");
        let second = manifest(Some(&first), act(&two));
        ledger.append(&second, &effects(&two)).await.expect("the ledger answers");
        assert_eq!(all(&ledger).await, [one, two].concat(), "{name}");
        assert_eq!(ledger.journal_entries_after(2).await.expect("the ledger answers").len(), 1, "{name}");
        assert_eq!(ledger.journal_postings_of_no_entry().await.expect("the ledger answers"), None, "{name}");
    });
}

#[test]
fn no_entry_comes_that_its_act_does_not_commit_to() {
    on_both(async |place, name| {
        let ledger = place.open().await;
        let entries = vec![entry(1, &["1.000000000000", "-1.000000000000"])];
        let other = entry(1, &["1.000000000000"]);
        let renamed = vec![(StoredEntry { sha256: "hash 9".to_owned(), ..entries[0].0.clone() }, entries[0].1.clone())];
        for (committed, booked) in [
            (vec![], entries.clone()),
            (entries.clone(), vec![]),
            (entries.clone(), vec![other.clone()]),
            (entries.clone(), renamed),
            (entries.clone(), [entries.clone(), entries.clone()].concat()),
        ] {
            let answer = ledger.append(&manifest(None, act(&committed)), &effects(&booked)).await;
            assert!(matches!(answer, Err(LedgerError::OtherEntries(1))), "{name}: {answer:?}");
        }
        assert!(all(&ledger).await.is_empty() && ledger.manifests_after(0).await.expect("the ledger answers").is_empty(), "{name}");
    });
}

/// Whatever is wrong with an entry, nothing of its act has happened.
#[test]
fn an_act_whose_entry_is_refused_has_not_happened() {
    on_both(async |place, name| {
        let ledger = place.open().await;
        let first = vec![entry(1, &["1.000000000000", "-1.000000000000"])];
        let moved = manifest(None, act(&first));
        ledger.append(&moved, &effects(&first)).await.expect("the ledger answers");
        let twice = |postings: Vec<StoredPosting>| vec![(entry(2, &[]).0, postings)];
        for wrong in [first.clone(), twice(vec![posting(1, "a", "1.000000000000"), posting(1, "a", "-1.000000000000")])] {
            let answer = ledger.append(&manifest(Some(&moved), act(&wrong)), &effects(&wrong)).await;
            assert!(matches!(answer, Err(LedgerError::Sql(_))), "{name}: {answer:?}");
        }
        assert_eq!(all(&ledger).await, first, "{name}");
        assert_eq!(ledger.manifests_after(0).await.expect("the ledger answers").len(), 1, "{name}");
    });
}

#[test]
fn an_entry_is_reversed_once() {
    on_both(async |place, name| {
        let ledger = place.open().await;
        let reversing = |number: u64| (StoredEntry { reverses: Some(1), ..entry(number, &[]).0 }, Vec::new());
        let first = vec![entry(1, &[]), reversing(2)];
        let moved = manifest(None, act(&first));
        ledger.append(&moved, &effects(&first)).await.expect("the ledger answers");
        let again = vec![reversing(3)];
        let answer = ledger.append(&manifest(Some(&moved), act(&again)), &effects(&again)).await;
        assert!(matches!(answer, Err(LedgerError::Sql(_))), "{name}: {answer:?}");
    });
}

#[test]
fn what_is_booked_is_not_changed() {
    on_both(async |place, name| {
        let ledger = place.open().await;
        let entries = vec![entry(1, &["1.000000000000", "-1.000000000000"])];
        ledger.append(&manifest(None, act(&entries)), &effects(&entries)).await.expect("the ledger answers");
        let entry_row = "(number, sha256, previous, kind, mid, happened, booked, reason, reference, evidence_kind, evidence_sha256)
                         VALUES (1, '', '', '', '', '', '', '', '', '', '')";
        let posting_row = |line: u64| format!("(entry, line, account, owner, currency, amount) VALUES (1, {line}, 'bank', '', 'USD', '1')");
        let mut statements = vec![
            ("UPDATE journal_entries SET reason = reason".to_owned(), "journal entries are append only"),
            ("DELETE FROM journal_entries".to_owned(), "journal entries are append only"),
            ("UPDATE journal_postings SET amount = amount".to_owned(), "journal postings are append only"),
            ("DELETE FROM journal_postings WHERE line = 2".to_owned(), "journal postings are append only"),
            (
                format!("INSERT INTO journal_postings {}", posting_row(3).replace("'1'", "1")),
                "a journal entry that is booked gets no more postings",
            ),
        ];
        if name == "sqlite" {
            // What comes in place of a row deletes it without asking the trigger for that.
            statements.push((format!("INSERT OR REPLACE INTO journal_entries {entry_row}"), "journal entries are append only"));
            let refused = "a journal entry that is booked gets no more postings";
            statements.push((format!("INSERT OR REPLACE INTO journal_postings {}", posting_row(1)), refused));
        }
        for (statement, refusal) in statements {
            match execute(&place.text, &statement).await {
                Err(sqlx::Error::Database(error)) => assert_eq!(error.message(), refusal, "{name}: {statement}"),
                other => panic!("{name}: {statement}: {other:?}"),
            }
        }
        assert_eq!(all(&ledger).await, entries, "{name}");
    });
}

#[test]
fn postings_without_their_entry_are_found() {
    on_both(async |place, name| {
        let ledger = place.open().await;
        let alone = "INSERT INTO journal_postings (entry, line, account, owner, currency, amount) VALUES (7, 1, 'bank', '', 'USD', 1)";
        execute(&place.text, alone).await.expect("the ledger answers");
        assert_eq!(ledger.journal_postings_of_no_entry().await.expect("the ledger answers"), Some(7), "{name}");
    });
}

/// An approved cycle of many parties: one entry, in seconds.
#[test]
fn a_hundred_thousand_postings_go_in_at_once() {
    on_both(async |place, name| {
        let ledger = place.open().await;
        let half = |line: u64| if line.is_multiple_of(2) { "12345.678901234567" } else { "-12345.678901234567" };
        let postings = (1..=100_000).map(|line| posting(line, &format!("pty_{line:09}"), half(line)));
        let entries = vec![(entry(1, &[]).0, postings.collect())];
        let (manifest, effects) = (manifest(None, act(&entries)), effects(&entries));
        let clock = std::time::Instant::now();
        ledger.append(&manifest, &effects).await.expect("the ledger answers");
        let written = clock.elapsed();
        assert_eq!(all(&ledger).await, entries, "{name}");
        println!("{name}: 100,000 postings written in {written:.1?}, read in {:.1?}", clock.elapsed() - written);
    });
}
