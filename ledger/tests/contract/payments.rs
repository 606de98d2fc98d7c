//! Payments, files for banks and their messages: they come with their act, are found by their ids, and stay as they are.

use crate::server::{Place, execute, place_on_postgres, place_on_sqlite, run};
use farthing_ledger::{
    Asked, Effects, Erased, LedgerError, PaymentRows, StoredBankFile, StoredBankMessage, StoredException, StoredPayment, StoredReceipt,
    StoredState,
};
use farthing_schemas::manifest::{Act, BankMessage, Manifest, VERSION, sha256_hex};

/// The same on both databases.
fn on_both(test: impl AsyncFn(&Place, &str)) {
    for (name, place) in [("sqlite", place_on_sqlite as fn() -> Place), ("postgres", place_on_postgres)] {
        let place = place();
        run(test(&place, name));
    }
}

fn manifest(before: Option<&Manifest>) -> Manifest {
    let (sequence, previous) = before.map_or((1, String::new()), |before| (before.sequence + 1, sha256_hex(before.to_json().as_bytes())));
    let act = Act::BankMessage(BankMessage { mid: "mid_a".to_owned(), ..BankMessage::default() });
    Manifest { version: VERSION, sequence, previous, at: "2026-11-02T09:00:01Z".to_owned(), act }
}

fn payment(line: u64, id: &str, party: &str) -> StoredPayment {
    let [id, mid, currency, cycle, party, amount] =
        [id, "mid_a", "EUR", "2026-10", party, "12345678901234567890123456.120000000000"].map(Into::into);
    StoredPayment {
        id,
        sequence: 1,
        line,
        mid,
        currency,
        cycle,
        party,
        attempt: 1,
        paid_in: "CHF".into(),
        amount,
        replaces: None,
        message_id: Some("FILE-1".into()),
    }
}

fn state(sequence: u64, line: u64, id: &str, state: &str) -> StoredState {
    let [id, state] = [id, state].map(str::to_owned);
    StoredState { sequence, line, id, state, reason: Some("AC04".to_owned()), booked: None, reference: None }
}

/// A release of so many payments, with its file.
fn released(ids: &[&str]) -> PaymentRows {
    let [message_id, name, format, sha256] = ["FILE-1", "file.xml", "pain", "00"].map(str::to_owned);
    PaymentRows {
        payments: (1..).zip(ids).map(|(line, id)| payment(line, id, &format!("pty_{id}"))).collect(),
        files: vec![StoredBankFile { message_id, sequence: 1, name, format, sha256, body: Some(vec![0, 255, 7]) }],
        ..PaymentRows::default()
    }
}

/// A message that settles a payment, with a receipt and an exception.
fn message(id: &str) -> PaymentRows {
    let receipt = StoredReceipt {
        sequence: 2,
        line: 1,
        platform: None,
        cycle: None,
        currency: "EUR".to_owned(),
        amount: "0.010000000000".to_owned(),
        booked: Some("2026-11-03".to_owned()),
        reference: Some("ref".to_owned()),
        unbooked: Some("open".to_owned()),
    };
    PaymentRows {
        states: vec![state(2, 1, id, "settled")],
        message: Some(StoredBankMessage { sha256: "aa".to_owned(), sequence: 2, mid: "mid_a".to_owned(), body: Some(vec![1, 2]) }),
        receipts: vec![receipt],
        exceptions: vec![StoredException { sequence: 2, line: 1, reference: None, what: "ü \"?\"".to_owned(), about_line: Some(1) }],
        ..PaymentRows::default()
    }
}

fn effects(payments: PaymentRows) -> Effects {
    Effects { payments, ..Effects::default() }
}

#[test]
fn payments_come_with_their_act_and_are_found_by_what_is_known_of_them() {
    on_both(async |place, name| {
        let ledger = place.open().await;
        let rows = released(&["AB-1", "AB-2", "AC-1"]);
        let (first, told) = (manifest(None), message("AB-2"));
        ledger.append(&first, &effects(rows.clone())).await.expect("the ledger answers");
        ledger.append(&first, &effects(rows.clone())).await.expect("done already");
        ledger.append(&manifest(Some(&first)), &effects(told.clone())).await.expect("the ledger answers");
        let found = async |asked| {
            let payments = ledger.payments(asked).await.expect("the ledger answers");
            payments.into_iter().map(|payment| payment.id).collect::<Vec<_>>()
        };
        assert_eq!(ledger.payments(Asked::All).await.expect("the ledger answers"), rows.payments, "{name}");
        assert_eq!(found(Asked::Id("AB-2")).await, ["AB-2"], "{name}");
        assert_eq!(found(Asked::Beginning("AB")).await, ["AB-1", "AB-2"], "{name}");
        assert_eq!(found(Asked::Beginning("B")).await, [""; 0], "{name}");
        assert_eq!(found(Asked::Message("FILE-1")).await.len(), 3, "{name}");
        assert_eq!(found(Asked::Of { mid: "mid_a", currency: "EUR", cycle: Some("2026-10") }).await.len(), 3, "{name}");
        assert_eq!(found(Asked::Of { mid: "mid_a", currency: "USD", cycle: None }).await.len(), 0, "{name}");
        assert_eq!(found(Asked::PaidIn { mid: "mid_a", currency: "CHF" }).await.len(), 3, "{name}");
        let states = ledger.payment_states(Asked::Message("FILE-1")).await.expect("the ledger answers");
        assert_eq!(states, told.states, "{name}");
        assert_eq!(ledger.bank_files(Some(1)).await.expect("the ledger answers"), rows.files, "{name}");
        assert_eq!(ledger.bank_messages().await.expect("the ledger answers"), told.message.into_iter().collect::<Vec<_>>(), "{name}");
        assert_eq!(ledger.bank_receipts().await.expect("the ledger answers"), told.receipts, "{name}");
        assert_eq!(ledger.bank_exceptions().await.expect("the ledger answers"), told.exceptions, "{name}");
    });
}

/// Whatever is wrong with a row, nothing of its act has happened.
#[test]
fn nothing_is_paid_replaced_or_taken_in_twice() {
    on_both(async |place, name| {
        let ledger = place.open().await;
        let first = manifest(None);
        ledger.append(&first, &effects(released(&["AB-1"]))).await.expect("the ledger answers");
        let second = manifest(Some(&first));
        ledger.append(&second, &effects(message("AB-1"))).await.expect("the ledger answers");
        let third =
            |payment: StoredPayment| PaymentRows { payments: vec![StoredPayment { sequence: 3, ..payment }], ..PaymentRows::default() };
        let again = payment(1, "AB-1", "pty_other");
        let same_obligation = payment(1, "AB-9", "pty_AB-1");
        let twice_the_same = StoredBankMessage { sequence: 3, ..message("AB-1").message.expect("there is one") };
        for wrong in [third(again), third(same_obligation), PaymentRows { message: Some(twice_the_same), ..PaymentRows::default() }] {
            let answer = ledger.append(&manifest(Some(&second)), &effects(wrong)).await;
            assert!(matches!(answer, Err(LedgerError::Sql(_))), "{name}: {answer:?}");
        }
        let replaces = |id: &str, party: &str| StoredPayment { replaces: Some("AB-1".into()), ..payment(1, id, party) };
        let third_act = manifest(Some(&second));
        ledger.append(&third_act, &effects(third(replaces("AB-2", "pty_2")))).await.expect("the ledger answers");
        let fourth = PaymentRows { payments: vec![StoredPayment { sequence: 4, ..replaces("AB-3", "pty_3") }], ..PaymentRows::default() };
        let answer = ledger.append(&manifest(Some(&third_act)), &effects(fourth)).await;
        assert!(matches!(answer, Err(LedgerError::Sql(_))), "{name}: {answer:?}");
        assert_eq!(ledger.manifests_after(0).await.expect("the ledger answers").len(), 3, "{name}");
    });
}

#[test]
fn what_was_paid_and_said_is_not_changed_and_only_bodies_can_be_erased() {
    on_both(async |place, name| {
        let ledger = place.open().await;
        let first = manifest(None);
        ledger.append(&first, &effects(released(&["AB-1"]))).await.expect("the ledger answers");
        ledger.append(&manifest(Some(&first)), &effects(message("AB-1"))).await.expect("the ledger answers");
        for (statement, refusal) in [
            ("UPDATE payments SET party = party", "payments are append only"),
            ("DELETE FROM payments", "payments are append only"),
            ("UPDATE payment_states SET state = 'returned'", "states of payments are append only"),
            ("DELETE FROM payment_states", "states of payments are append only"),
            ("UPDATE bank_files SET sha256 = '11', body = NULL", "files for banks are append only"),
            ("UPDATE bank_files SET name = name", "files for banks are append only"),
            ("DELETE FROM bank_files", "files for banks are append only"),
            ("UPDATE bank_messages SET mid = 'mid_b', body = NULL", "messages of banks are append only"),
            ("DELETE FROM bank_messages", "messages of banks are append only"),
            ("UPDATE bank_receipts SET platform = 'plt_a'", "receipts are append only"),
            ("DELETE FROM bank_exceptions", "exceptions are append only"),
        ] {
            match execute(&place.text, statement).await {
                Err(sqlx::Error::Database(error)) => assert_eq!(error.message(), refusal, "{name}: {statement}"),
                other => panic!("{name}: {statement}: {other:?}"),
            }
        }
        if name == "sqlite" {
            let replaced = execute(&place.text, "INSERT OR REPLACE INTO payments SELECT * FROM payments").await;
            assert!(matches!(replaced, Err(sqlx::Error::Database(_))), "{replaced:?}");
        }
        for (sequences, files, messages) in [(&[3, 4][..], 0, 0), (&[1, 2, 3], 1, 1), (&[1, 2], 0, 0)] {
            let erased = ledger.erase_bodies(sequences).await.expect("bodies can be erased");
            assert_eq!(erased, Erased { files, messages, is_kept_by_readers: false }, "{name}: {sequences:?}");
        }
        assert_eq!(ledger.bank_files(None).await.expect("the ledger answers")[0].body, None, "{name}");
        assert_eq!(ledger.bank_messages().await.expect("the ledger answers")[0].body, None, "{name}");
    });
}
