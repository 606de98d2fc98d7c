//! A server that is killed, connections that are cut, and processes that stop in the middle.

use crate::scenario::batch;
use crate::server::{Server, place_on_postgres, run};
use farthing_ledger::{Ledger, LedgerError};
use farthing_schemas::manifest::{Manifest, VERSION, sha256_hex};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Appends batches until told to stop, each again until the ledger has said that it is done; how many, and how often it was away.
async fn write(ledger: &Ledger, stop: &AtomicBool, done: &AtomicU64) -> u64 {
    let epoch = ledger.lease("a", "", 0).await.expect("the ledger answers").epoch;
    let (mut previous, mut away) = (String::new(), 0);
    for number in 1.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let reserved = loop {
            match ledger.reserve("a", epoch).await {
                Ok(reserved) => break reserved,
                Err(LedgerError::Unavailable(_)) => away += 1,
                Err(error) => panic!("number {number}: {error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let (act, effects) = batch(reserved, &["a", &epoch.to_string(), &format!("{}..{number}", number - 1), "rejected", "1"]);
        let at = "2026-10-01T00:00:00Z".to_owned();
        let manifest = Manifest { version: VERSION, sequence: number, previous: previous.clone(), at, act };
        loop {
            match ledger.append(&manifest, &effects).await {
                Ok(()) => break,
                Err(LedgerError::Unavailable(_)) => away += 1,
                Err(error) => panic!("batch {number}: {error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        previous = sha256_hex(manifest.to_json().as_bytes());
        done.store(number, Ordering::Relaxed);
    }
    away
}

/// All that the writer was told is there, once, and nothing else.
async fn whole(ledger: &Ledger, done: u64) {
    let manifests = ledger.manifests_after(0).await.expect("the ledger answers");
    let mut previous = String::new();
    for (stored, number) in manifests.iter().zip(1..) {
        let manifest = Manifest::from_json(&stored.body).expect("a manifest");
        assert_eq!((stored.sequence, manifest.sequence, &manifest.previous), (number, number, &previous));
        previous.clone_from(&stored.sha256);
    }
    assert_eq!(u64::try_from(manifests.len()).expect("a small number"), done);
    let letters = ledger.dead_letters_after(0, u64::from(u32::MAX)).await.expect("the ledger answers");
    assert!(letters.iter().zip(1..).all(|(letter, number)| letter.number == number));
    assert_eq!(u64::try_from(letters.len()).expect("a small number"), done);
    assert_eq!(ledger.position("a").await.expect("the ledger answers").expect("it is there").next, done);
}

/// Lets a writer write, disturbs it now and then, and looks at what came of it.
async fn disturbed(ledger: Ledger, mut disturb: impl AsyncFnMut(), times: u32) -> u64 {
    let (stop, done) = (std::sync::Arc::new(AtomicBool::new(false)), std::sync::Arc::new(AtomicU64::new(0)));
    let writer = tokio::spawn({
        let (ledger, stop, done) = (ledger.clone(), stop.clone(), done.clone());
        async move { write(&ledger, &stop, &done).await }
    });
    for time in 0..times {
        let before = done.load(Ordering::Relaxed);
        let clock = Instant::now();
        while done.load(Ordering::Relaxed) < before + 3 {
            assert!(clock.elapsed() < Duration::from_secs(60), "the writer does not go on");
            tokio::time::sleep(Duration::from_millis(u64::from(3 + time * 7 % 20))).await;
        }
        disturb().await;
    }
    stop.store(true, Ordering::Relaxed);
    let away = writer.await.expect("the ledger answers");
    whole(&ledger, done.load(Ordering::Relaxed)).await;
    away
}

#[test]
fn a_killed_server_loses_and_doubles_nothing() {
    let server = Server::start();
    let place = server.place();
    run(async {
        let kill = async || {
            tokio::task::block_in_place(|| {
                server.kill();
                server.start_again();
            });
        };
        let away = disturbed(place.open().await, kill, 5).await;
        assert!(away > 0, "no append ever met the outage");
    });
}

#[test]
fn connections_that_are_cut_lose_and_double_nothing() {
    let place = place_on_postgres();
    run(async {
        let cut = async || {
            let statement = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
                             WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
            crate::server::execute(&place.text, statement).await.expect("the ledger answers");
        };
        let away = disturbed(place.open().await, cut, 60).await;
        assert!(away > 0, "no append ever met a cut");
    });
}

/// The commit is held up on the server, cut there, and asked for again: done or not, it is done once.
#[test]
fn a_connection_cut_during_its_commit_is_asked_again() {
    let place = place_on_postgres();
    run(async {
        let ledger = place.open().await;
        ledger.lease("a", "", 0).await.expect("the ledger answers");
        let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(5); RETURN NULL; END $$;
                    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON manifests DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()";
        crate::server::execute(&place.text, slow).await.expect("the ledger answers");
        assert_eq!(ledger.reserve("a", 1).await.unwrap(), 1);
        let (act, effects) = batch(1, &["a", "1", "0..1", "rejected", "1"]);
        let manifest = Manifest { version: VERSION, sequence: 1, previous: String::new(), at: "2026-10-01T00:00:00Z".to_owned(), act };
        let appending = tokio::spawn({
            let (ledger, manifest, effects) = (ledger.clone(), manifest.clone(), effects.clone());
            async move { ledger.append(&manifest, &effects).await }
        });
        let committing = "DO $$ BEGIN
            WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active' AND datname = current_database())
            LOOP PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP;
            PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'COMMIT' AND datname = current_database();
            END $$; DROP TRIGGER slow ON manifests";
        crate::server::execute(&place.text, committing).await.expect("the ledger answers");
        let cut = appending.await.expect("the ledger answers");
        assert!(matches!(cut, Err(LedgerError::Unavailable(_))), "{cut:?}");
        ledger.append(&manifest, &effects).await.expect("the ledger answers");
        ledger.append(&manifest, &effects).await.expect("the ledger answers");
        whole(&ledger, 1).await;
    });
}

/// A process that is stopped in its transaction is cut off by the server: the others go on.
#[test]
fn who_stops_in_a_transaction_is_cut_off() {
    let place = place_on_postgres();
    run(async {
        use sqlx::Connection;
        let ledger = place.open().await;
        let mut stopped = sqlx::AnyConnection::connect(&place.text).await.expect("the ledger answers");
        // What a writer of the ledger says first, and then nothing more.
        let begun = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '15s';
                     SELECT pg_advisory_xact_lock(hashtextextended('farthing writer ' || current_schema(), 0))";
        sqlx::raw_sql(begun).execute(&mut stopped).await.expect("the ledger answers");
        let clock = Instant::now();
        assert_eq!(ledger.lease("a", "", 0).await.expect("the ledger answers").epoch, 1);
        assert!(clock.elapsed() > Duration::from_secs(10), "the lock did not hold");
        let cut = sqlx::query("SELECT 1").execute(&mut stopped).await.unwrap_err();
        assert!(matches!(LedgerError::from(cut), LedgerError::Unavailable(_)));
    });
}
