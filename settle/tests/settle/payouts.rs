//! Payments: what news leads to, and that an obligation has one live payment, against a model.

use farthing_schemas::{Currency, Money};
use farthing_settle::payout::{Due, Motion, Payment, PaymentFault, Payments, State};
use proptest::prelude::*;

fn payment(party: &str, attempt: u16, replaces: Option<&str>, file: Option<&str>) -> Payment {
    let id = format!("{party}-{attempt}");
    let (replaces, message_id) = (replaces.map(str::to_owned), file.map(str::to_owned));
    Payment { id, party: party.to_owned(), attempt, currency: euro(), amount: Money::from_units(100), replaces, message_id }
}

fn euro() -> Currency {
    "EUR".parse().expect("a currency")
}

fn owed() -> Due {
    Due { currency: euro(), amount: Money::from_units(100) }
}

/// All news in all states, as a table: what it leads to, `-` for nothing, `!` for what cannot be true.
#[test]
fn news_leads_to_what_the_table_says() {
    let table = "
        is        accepted  rejected  settled  returned
        released  accepted  rejected  settled  returned
        accepted  -         rejected  settled  returned
        rejected  !         -         !        !
        settled   -         !         -        returned
        returned  -         !         -        -
    ";
    let mut rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|row| !row.is_empty());
    let head = rows.next().expect("a head");
    for row in rows {
        let state: State = row[0].parse().expect("a state");
        for (told, expected) in head[1..].iter().zip(&row[1..]) {
            let found = match state.after(told.parse().expect("a state")) {
                Ok(Some(to)) => to.as_str(),
                Ok(None) => "-",
                Err(_) => "!",
            };
            assert_eq!(found, *expected, "{state}, told {told}");
        }
        assert!(state.after(State::Released).is_err(), "nobody tells that something was released");
    }
}

#[test]
fn another_payment_comes_after_a_final_failure_alone_and_names_it() {
    let mut payments = Payments::default();
    payments.make(payment("ana", 1, None, Some("f")), owed()).expect("the first");
    let live = payments.make(payment("ana", 2, Some("ana-1"), Some("f")), owed());
    assert!(matches!(live, Err(PaymentFault::Live { .. })), "{live:?}");
    assert_eq!(payments.tell("ana-1", State::Settled), Ok(Some(Motion::Arrived)));
    assert!(matches!(payments.make(payment("ana", 2, Some("ana-1"), Some("f")), owed()), Err(PaymentFault::Live { .. })));
    assert_eq!(payments.tell("ana-1", State::Returned), Ok(Some(Motion::CameBack)));
    for (wrong, is) in [
        (payment("ana", 2, None, Some("f")), "to name"),
        (payment("ana", 2, Some("ana-0"), Some("f")), "to name"),
        (payment("ana", 3, Some("ana-1"), Some("f")), "attempt 3 where 2"),
        (payment("ana", 1, Some("ana-1"), Some("f")), "is there already"),
        (Payment { currency: "USD".parse().expect("a currency"), ..payment("ana", 2, Some("ana-1"), Some("f")) }, "is owed"),
        (Payment { amount: Money::from_units(101), ..payment("ana", 2, Some("ana-1"), Some("f")) }, "is owed"),
    ] {
        let fault = payments.make(wrong.clone(), owed()).expect_err("it is refused").to_string();
        assert!(fault.contains(is), "{wrong:?}: {fault}");
    }
    payments.make(payment("ana", 2, Some("ana-1"), Some("f")), owed()).expect("the second");
    assert_eq!(payments.tell("nobody", State::Settled), Err(PaymentFault::Unknown("nobody".to_owned())));
    // One that is left out has failed at once, and moves nothing.
    payments.make(payment("bo", 1, None, None), owed()).expect("left out");
    assert_eq!(payments.tell("bo-1", State::Rejected), Ok(None));
    payments.make(payment("bo", 2, Some("bo-1"), Some("f")), owed()).expect("sent later");
    let nothing =
        payments.make(payment("cy", 1, None, Some("f")), Due { amount: Money::ZERO, ..owed() }).expect_err("nothing is owed").to_string();
    assert!(nothing.contains("owed"), "{nothing}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is tried: what has arrived and not come back, and what may still arrive, is never more than once what is owed; and the
    /// motions sum to it.
    #[test]
    fn nobody_is_paid_twice(acts in prop::collection::vec((0_u8..5, 0_u16..4, 0_u8..5), 1..60)) {
        let mut payments = Payments::default();
        let (mut on_the_way, mut arrived) = (0_i64, 0_i64);
        for (what, attempt, news) in acts {
            if what == 0 {
                let before = attempt.checked_sub(1).map(|before| format!("ana-{before}")).filter(|_| attempt > 1);
                if payments.make(payment("ana", attempt, before.as_deref(), Some("f")), owed()).is_ok() {
                    on_the_way += 1;
                }
            } else {
                match payments.tell(&format!("ana-{attempt}"), State::ALL[usize::from(news)]) {
                    Ok(Some(Motion::Arrived)) => (on_the_way, arrived) = (on_the_way - 1, arrived + 1),
                    Ok(Some(Motion::Failed)) => on_the_way -= 1,
                    Ok(Some(Motion::CameBack)) => arrived -= 1,
                    Ok(None) | Err(_) => {}
                }
            }
            prop_assert!(on_the_way >= 0 && arrived >= 0 && on_the_way + arrived <= 1, "{on_the_way} and {arrived}");
        }
    }
}
