//! Dead letters in floods: very many, of every size, in one batch.

use crate::server::{Place, place_on_postgres, place_on_sqlite, run};
use farthing_ledger::{Effects, KeptLetter, Ledger};
use farthing_schemas::manifest::{Act, Batch, Counts, DeadLetter, Manifest, Slice, VERSION, dead_letters_sha256, sha256_hex};

/// More than one statement holds, by number and by bytes, with letters that are longer than a statement is to be.
fn flood() -> Vec<DeadLetter> {
    let letter = |number: u64| {
        let length = match number % 5_000 {
            4_999 => 5 << 20,
            at if at % 500 == 0 => 100_000,
            at => usize::try_from(at % 300).expect("small"),
        };
        let byte = u8::try_from(number % 256).expect("a byte");
        let (code, sentence) =
            (["malformed_json", "bad_time", "too_large"][usize::try_from(number % 3).expect("small")], format!("why {number}"));
        DeadLetter { partition: "kafka:t/0".to_owned(), position: number, code: code.to_owned(), sentence, raw: vec![byte; length] }
    };
    (0..20_000).map(letter).collect()
}

fn batch(number: u64, partition: &str, rejected: u64, letters: &[DeadLetter], replayed: Vec<u64>) -> Act {
    let counts = Counts { read: rejected, rejected, ..Counts::default() };
    let slice = Slice { partition: partition.to_owned(), epoch: 1, start: 0, next: rejected, counts };
    Act::Batch(Batch {
        batch: number,
        registry_version: 1,
        slices: vec![slice],
        files: Vec::new(),
        closed_through: Vec::new(),
        totals: Vec::new(),
        dead_letters_sha256: dead_letters_sha256(letters),
        replayed,
    })
}

fn manifest(sequence: u64, before: Option<&Manifest>, act: Act) -> Manifest {
    let previous = before.map_or(String::new(), |before| sha256_hex(before.to_json().as_bytes()));
    Manifest { version: VERSION, sequence, previous, at: "2026-10-01T00:00:00Z".to_owned(), act }
}

async fn all(ledger: &Ledger) -> Vec<KeptLetter> {
    let mut found = Vec::new();
    loop {
        let some = ledger.dead_letters_after(u64::try_from(found.len()).expect("small"), 700).await.expect("the ledger answers");
        if some.is_empty() {
            return found;
        }
        found.extend(some);
    }
}

async fn keeps_a_flood(place: &Place) {
    let ledger = place.open().await;
    let letters = flood();
    let count = u64::try_from(letters.len()).expect("small");
    ledger.lease("kafka:t/0", "", 0).await.expect("the ledger answers");
    let number = ledger.reserve("kafka:t/0", 1).await.expect("the ledger answers");
    let first = manifest(1, None, batch(number, "kafka:t/0", count, &letters, Vec::new()));
    ledger.append(&first, &Effects { dead_letters: letters.clone(), ..Effects::default() }).await.expect("the ledger answers");
    let kept = all(&ledger).await;
    assert_eq!(kept.len(), letters.len());
    for ((number, kept), letter) in (1..).zip(&kept).zip(&letters) {
        assert!(kept.number == number && kept.letter == *letter && kept.replayed_in.is_none(), "letter {number} is another");
    }
    // All but every seventh are replayed, in one batch again.
    let replayed: Vec<u64> = (1..=count).filter(|number| number % 7 != 0).collect();
    ledger.lease("replays", "", 0).await.expect("the ledger answers");
    let number = ledger.reserve("replays", 1).await.expect("the ledger answers");
    let second = manifest(2, Some(&first), batch(number, "replays", 0, &[], replayed.clone()));
    ledger.append(&second, &Effects::default()).await.expect("the ledger answers");
    let marked: Vec<u64> = all(&ledger).await.iter().filter(|kept| kept.replayed_in == Some(number)).map(|kept| kept.number).collect();
    assert_eq!(marked, replayed);
    ledger.close().await;
}

/// Portions of one partition are whole and in order, whatever else is between; marks only move on.
async fn sends_in_portions(place: &Place) {
    let ledger = place.open().await;
    assert_eq!(ledger.origin().await.expect("the ledger answers"), None);
    let mut before = None;
    for (sequence, partition) in (1..).zip(["kafka:t/0", "kafka:t/1", "kafka:t/0"]) {
        let letters: Vec<DeadLetter> =
            flood().into_iter().take(600).map(|letter| DeadLetter { partition: partition.to_owned(), ..letter }).collect();
        let next = ledger.position(partition).await.expect("the ledger answers").map_or(0, |position| position.next);
        ledger.lease(partition, "", 0).await.expect("the ledger answers");
        let number = ledger.reserve(partition, if next > 0 { 2 } else { 1 }).await.expect("the ledger answers");
        let mut act = batch(number, partition, 600, &letters, Vec::new());
        if let Act::Batch(batch) = &mut act {
            (batch.slices[0].start, batch.slices[0].next) = (next, next + 600);
            batch.slices[0].epoch = if next > 0 { 2 } else { 1 };
        }
        let made = manifest(sequence, before.as_ref(), act);
        ledger.append(&made, &Effects { dead_letters: letters, ..Effects::default() }).await.expect("the ledger answers");
        before = Some(made);
    }
    assert!(ledger.origin().await.expect("the ledger answers").is_some_and(|origin| origin.len() == 64));
    let (mut after, mut seen, mut portions) = (0, Vec::new(), 0);
    loop {
        let some = ledger.letters_of("kafka:t/0", after, 20_000).await.expect("the ledger answers");
        let Some(last) = some.last() else { break };
        let bytes: usize = some.iter().map(|kept| kept.letter.raw.len()).sum();
        assert!(bytes <= 20_000 || some.len() == 1, "{bytes} bytes in {} letters", some.len());
        after = last.number;
        portions += 1;
        seen.extend(some.iter().map(|kept| kept.number));
        ledger.mark_letters_sent("kafka:t/0", after).await.expect("the ledger answers");
    }
    assert!(seen.iter().copied().eq((1..=600).chain(1201..=1800)) && portions > 8, "{portions} portions: {seen:?}");
    for (through, expected) in [(5, 1800), (1801, 1801)] {
        ledger.mark_letters_sent("kafka:t/0", through).await.expect("the ledger answers");
        assert_eq!(ledger.letters_sent().await.expect("the ledger answers"), [("kafka:t/0".to_owned(), expected)]);
    }
    ledger.close().await;
}

#[test]
fn letters_are_sent_in_portions_and_marks_only_move_on() {
    for place in [place_on_sqlite(), place_on_postgres()] {
        run(sends_in_portions(&place));
    }
}

#[test]
fn a_flood_of_letters_is_kept_in_a_file() {
    let place = place_on_sqlite();
    run(keeps_a_flood(&place));
}

#[test]
fn a_flood_of_letters_is_kept_on_a_server() {
    let place = place_on_postgres();
    run(keeps_a_flood(&place));
}
