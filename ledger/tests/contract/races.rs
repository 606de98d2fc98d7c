//! Two writers at once.

use crate::scenario::batch;
use crate::server::{Place, place_on_postgres, place_on_sqlite, run};
use crate::tables::make_older;
use farthing_ledger::{Held, Ledger, LedgerError};
use farthing_schemas::manifest::{Manifest, VERSION};

const EACH: u64 = 25;

/// Appends so many batches of a partition of its own, upon whatever head there is; the sequences that it got.
async fn write(ledger: Ledger, partition: &str) -> Vec<u64> {
    let held = ledger.lease(partition, "", 0).await.expect("the ledger answers").epoch;
    let epoch = held.to_string();
    let mut number = ledger.reserve(partition, held).await.expect("the ledger answers");
    let mut got = Vec::new();
    let mut head = (0, String::new());
    while u64::try_from(got.len()).expect("a small number") < EACH {
        for manifest in ledger.manifests_after(head.0).await.expect("the ledger answers") {
            head = (manifest.sequence, manifest.sha256);
        }
        let start = u64::try_from(got.len()).expect("a small number");
        let (act, effects) = batch(number, &[partition, &epoch, &format!("{start}..{}", start + 1), "rejected", "1"]);
        let at = "2026-10-01T00:00:00Z".to_owned();
        let manifest = Manifest { version: VERSION, sequence: head.0 + 1, previous: head.1.clone(), at, act };
        match ledger.append(&manifest, &effects).await {
            Ok(()) => {
                got.push(manifest.sequence);
                number = ledger.reserve(partition, held).await.expect("the ledger answers");
            }
            Err(LedgerError::Moved) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    got
}

fn race(place: &Place) {
    run(async {
        let (one, two) = (place.open().await, place.open().await);
        let (one, two) = (tokio::spawn(write(one, "a")), tokio::spawn(write(two, "b")));
        let mut got = [one.await.expect("the ledger answers"), two.await.expect("the ledger answers")].concat();
        got.sort_unstable();
        assert_eq!(got, (1..=2 * EACH).collect::<Vec<_>>(), "each sequence once");
        let ledger = place.open().await;
        let letters = ledger.dead_letters_after(0, 999).await.expect("the ledger answers");
        assert!(letters.iter().zip(1..).all(|(letter, number)| letter.number == number) && letters.len() == got.len());
    });
}

#[test]
fn two_writers_get_each_sequence_once_on_sqlite() {
    race(&place_on_sqlite());
}

#[test]
fn two_writers_get_each_sequence_once_on_postgres() {
    race(&place_on_postgres());
}

/// Many commands meet an older file, or none, at once: each gets what one of them has made.
#[test]
fn many_open_a_file_that_is_made_or_brought_to_this_version() {
    for older in [false, true] {
        let place = place_on_sqlite();
        if older {
            run(make_older(&place));
        }
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| run(async { Ledger::open(&place.url, true).await.expect("the ledger opens").close().await }));
            }
        });
    }
}

/// Ledgers in two databases, and in two schemas of one, do not wait for each other.
#[test]
fn ledgers_do_not_disturb_each_other() {
    let place = place_on_postgres();
    run(async {
        crate::server::execute(&place.text, "CREATE SCHEMA other").await.expect("the ledger answers");
        let other = format!("{}?options[search_path]=other", place.text);
        let ledgers = [
            Ledger::open(&place.url, true).await.expect("the ledger answers"),
            Ledger::open(&other.parse().expect("a word of the table"), true).await.expect("the ledger answers"),
        ];
        let held = Held::try_take(&place.url, "metering").await.expect("the ledger answers");
        assert!(held.is_some() && Held::try_take(&place.url, "metering").await.expect("the ledger answers").is_none());
        let free = async |ledger: &Ledger, name| ledger.is_free(name).await.expect("the ledger answers");
        assert!(!free(&ledgers[0], "metering").await && free(&ledgers[0], "settling").await && free(&ledgers[1], "metering").await);
        assert!(Held::try_take(&other.parse().expect("a URL"), "metering").await.expect("the ledger answers").is_some());
        assert_eq!(ledgers[0].lease("a", "", 0).await.expect("the ledger answers").epoch, 1);
        assert_eq!(ledgers[1].lease("a", "", 0).await.expect("the ledger answers").epoch, 1);
        drop(held);
        let mut taken = None;
        while taken.is_none() {
            taken = Held::try_take(&place.url, "metering").await.expect("the ledger answers");
        }
    });
}
