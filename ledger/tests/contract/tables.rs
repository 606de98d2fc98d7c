//! The tables of a ledger: who makes them, and who may bring them to another version.

use crate::server::{Place, execute, place_on_postgres, place_on_sqlite, run};
use farthing_ledger::{DraftText, Ledger, LedgerError, Migrated};
use farthing_schemas::manifest::Manifest;

const NEWEST: i64 = 8;

/// As the first version left it, with a batch and a draft in it.
pub async fn make_older(place: &Place) {
    let ledger = place.open().await;
    ledger.lease("a", "", 0).await.expect("the ledger answers");
    let (act, effects) = crate::scenario::batch(1, &["a", "1", "0..1", "totals", "USD", "1.500000000000", "1.050000000000"]);
    let at = "2026-10-01T00:00:00Z".to_owned();
    let manifest = Manifest { version: 1, sequence: 1, previous: String::new(), at, act };
    assert_eq!(ledger.reserve("a", 1).await.expect("the ledger answers"), 1);
    ledger.append(&manifest, &effects).await.expect("the ledger answers");
    ledger.close().await;
    let older = "DROP TABLE batch_totals; DROP TABLE dead_letters_sent; DROP INDEX dead_letters_by_partition;
                 DROP TABLE journal_postings; DROP TABLE journal_entries; DROP TABLE actors; DROP TABLE retired_actors;
                 DROP TABLE payments; DROP TABLE payment_states; DROP TABLE bank_files; DROP TABLE bank_messages;
                 DROP TABLE bank_receipts; DROP TABLE bank_exceptions; ALTER TABLE drafts DROP COLUMN packed;
                 INSERT INTO drafts (sha256, mid, currency, cycle, body) VALUES ('00', 'mid_a', 'USD', '2026-09', '{\"ü\":1}');
                 DELETE FROM _sqlx_migrations WHERE version >= 2";
    execute(&place.text, older).await.expect("the ledger answers");
}

async fn totals(place: &Place) -> String {
    let (batch, total) =
        Ledger::open(&place.url, false).await.expect("the ledger answers").batch_totals().await.expect("the ledger answers").remove(0);
    format!("{batch} {} {} {}", total.currency, total.gross, total.labour)
}

#[test]
fn a_file_is_migrated_when_it_is_opened() {
    let place = place_on_sqlite();
    run(async {
        make_older(&place).await;
        assert_eq!(totals(&place).await, "1 USD 1.500000000000 1.050000000000");
        assert_eq!(Ledger::migrate(&place.url).await.expect("the ledger answers"), Migrated { from: Some(NEWEST), to: NEWEST });
    });
}

#[test]
fn a_server_is_migrated_only_when_asked() {
    let place = place_on_postgres();
    run(async {
        assert!(!Ledger::exists(&place.url).await.expect("the ledger answers"));
        assert!(matches!(Ledger::open(&place.url, false).await, Err(LedgerError::Missing)));
        make_older(&place).await;
        for create in [false, true] {
            assert!(matches!(Ledger::open(&place.url, create).await, Err(LedgerError::Older)));
        }
        assert_eq!(Ledger::migrate(&place.url).await.expect("the ledger answers"), Migrated { from: Some(1), to: NEWEST });
        assert_eq!(totals(&place).await, "1 USD 1.500000000000 1.050000000000");
        assert_eq!(Ledger::migrate(&place.url).await.expect("the ledger answers"), Migrated { from: Some(NEWEST), to: NEWEST });
    });
}

/// What is posted is not written anew: a draft of before stays as it is, and is read beside those that are packed.
#[test]
fn a_draft_of_an_older_ledger_stays_and_is_read() {
    for place in [place_on_sqlite(), place_on_postgres()] {
        run(async {
            make_older(&place).await;
            assert_eq!(Ledger::migrate(&place.url).await.expect("the ledger answers"), Migrated { from: Some(1), to: NEWEST });
            let ledger = Ledger::open(&place.url, false).await.expect("the ledger answers");
            let (act, effects) = crate::scenario::cycle(&["mid_a", "USD", "2026-10", "draft"]);
            let (previous, at) =
                (ledger.manifests_after(0).await.expect("the ledger answers").remove(0).sha256, "2026-11-01T00:00:00Z".to_owned());
            ledger.append(&Manifest { version: 1, sequence: 2, previous, at, act }, &effects).await.expect("the ledger answers");
            let drafts = ledger.drafts().await.expect("the ledger answers");
            let texts: Vec<&DraftText> = drafts.iter().map(|draft| &draft.text).collect();
            assert_eq!(texts, [&DraftText::Plain("{\"ü\":1}".to_owned()), &DraftText::Packed(vec![0, 255])]);
            for draft in &drafts {
                assert_eq!(ledger.draft(&draft.sha256).await.expect("the ledger answers").as_ref(), Some(draft));
            }
        });
    }
}

/// A draft has one text.
#[test]
fn no_draft_has_two_texts_or_none() {
    for (place, bytes) in [(place_on_sqlite(), "X'00'"), (place_on_postgres(), "'\\x00'")] {
        run(async {
            place.open().await.close().await;
            for (packed, body, is_taken) in [("NULL", "", false), (bytes, "{}", false), ("NULL", "{}", true), (bytes, "", true)] {
                let named = u8::from(packed == "NULL");
                let insert = format!(
                    "INSERT INTO drafts (sha256, mid, currency, cycle, packed, body) VALUES ('{named}', 'm', 'USD', '2026-10', {packed}, '{body}')"
                );
                assert_eq!(execute(&place.text, &insert).await.is_ok(), is_taken, "{insert}");
            }
        });
    }
}

/// Whoever was killed while making it left tables of an older version, and nothing in them: the same command goes on.
#[test]
fn a_server_that_was_left_half_made_is_made_whole() {
    let place = place_on_postgres();
    run(async {
        place.open().await.close().await;
        let half = "DROP TABLE payments; DROP TABLE payment_states; DROP TABLE bank_files; DROP TABLE bank_messages;
                    DROP TABLE bank_receipts; DROP TABLE bank_exceptions; ALTER TABLE drafts DROP COLUMN packed;
                    DELETE FROM _sqlx_migrations WHERE version >= 6";
        execute(&place.text, half).await.expect("the ledger answers");
        assert!(matches!(Ledger::open(&place.url, false).await, Err(LedgerError::Older)));
        Ledger::open(&place.url, true).await.expect("the ledger answers");
        assert_eq!(Ledger::migrate(&place.url).await.expect("the ledger answers"), Migrated { from: Some(NEWEST), to: NEWEST });
    });
}

#[test]
fn tables_are_made_where_there_are_none() {
    for place in [place_on_sqlite(), place_on_postgres()] {
        run(async {
            assert_eq!(Ledger::migrate(&place.url).await.expect("the ledger answers"), Migrated { from: None, to: NEWEST });
            assert!(Ledger::exists(&place.url).await.expect("the ledger answers"));
            Ledger::open(&place.url, false).await.expect("the ledger answers");
        });
    }
}

#[test]
fn a_newer_ledger_is_refused() {
    for place in [place_on_sqlite(), place_on_postgres()] {
        run(async {
            place.open().await.close().await;
            let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                         SELECT 99, 'newer', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
            execute(&place.text, newer).await.expect("the ledger answers");
            assert!(matches!(Ledger::open(&place.url, false).await, Err(LedgerError::Newer)));
            assert!(matches!(Ledger::migrate(&place.url).await, Err(LedgerError::Newer)));
        });
    }
}

/// A file that says it has all steps, and has other ones, is nobody's to use.
#[test]
fn a_ledger_that_was_made_by_other_steps_is_refused() {
    for place in [place_on_sqlite(), place_on_postgres()] {
        run(async {
            place.open().await.close().await;
            execute(&place.text, "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations WHERE version = 1)")
                .await
                .expect("the ledger answers");
            assert!(matches!(Ledger::open(&place.url, false).await, Err(LedgerError::Migrate(_))));
        });
    }
}

/// Whatever is in a path is the path.
#[test]
fn a_file_may_be_called_anything() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a b", "50%", "%41", "what?mode=ro", "a#b", "ü", ":memory:"] {
        let path = folder.path().join(name);
        run(async {
            Ledger::open(&format!("sqlite://{}", path.display()).parse().expect("a word of the table"), true)
                .await
                .expect("the ledger answers")
                .close()
                .await;
        });
        assert!(path.exists(), "{name}");
    }
}

/// Past its triggers a table of PostgreSQL could be emptied at once.
#[test]
fn nothing_is_truncated() {
    let place = place_on_postgres();
    run(async {
        place.open().await;
        for table in
            ["manifests", "drafts", "batch_totals", "dead_letters", "actors", "retired_actors", "journal_entries", "journal_postings"]
        {
            let refused = execute(&place.text, &format!("TRUNCATE {table}")).await;
            assert!(matches!(refused, Err(sqlx::Error::Database(_))), "{table}: {refused:?}");
        }
    });
}
