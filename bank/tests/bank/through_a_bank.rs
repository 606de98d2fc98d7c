//! Files on their way through mock-bank: taken, settled, refused, sent back, and each of its messages read.

use crate::support::{currency, iban, nacha, order, sepa, written};
use crate::tools::Jobs;
use anyhow::{Context, Result, ensure};
use farthing_bank::account::{Account, UsAccountKind};
use farthing_bank::answer::AnswerKind;
use farthing_bank::{AccountNumber, AnswerFile, Format, Order, Outcome};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CLOCK: &str = "2026-11-02T09:30";

/// All that the bank says to a file.
fn sent(bytes: &[u8], mut job: Value) -> Result<Value> {
    let mut jobs = Jobs::new()?;
    job["tool"] = json!("bank");
    job["clock"] = json!(CLOCK);
    jobs.add(bytes, job)?;
    jobs.run()?.pop().context("no result")
}

/// The bank's messages of one kind, in order.
fn messages(result: &Value, kind: &str) -> Vec<String> {
    let all = result["messages"].as_array().into_iter().flatten();
    all.filter(|message| message["type"].as_str().is_some_and(|own| own.starts_with(kind)))
        .filter_map(|message| Some(message["body"].as_str()?.to_owned()))
        .collect()
}

fn read(text: &str) -> Result<AnswerFile> {
    farthing_bank::read(text.as_bytes()).with_context(|| text.to_owned())
}

/// The outcome of each payment of an order by one message.
fn outcomes<'a>(order: &'a Order, file: &AnswerFile) -> BTreeMap<&'a str, Vec<Outcome>> {
    let found = |payment: &'a farthing_bank::Payment| {
        let answers = file.answers.iter().filter(|answer| answer.reference.may_be(&payment.id));
        (payment.id.as_str(), answers.map(|answer| answer.outcome).collect::<Vec<_>>())
    };
    order.payments.iter().map(found).filter(|(_, outcomes)| !outcomes.is_empty()).collect()
}

#[test]
fn a_thousand_transfers_are_taken_and_settled() -> Result<()> {
    let order = order(&sepa(), currency("EUR"), 1000, 11);
    let result = sent(&written(&order, &sepa()).bytes, json!({"accounts": {"ACME": {"balance": 100_000_000_000_i64}}}))?;
    ensure!(result["findings"].as_str().is_some_and(|found| found.contains("1000 payments, 0 findings")), "{}", result["findings"]);
    let report = read(messages(&result, "pain.002").first().context("no status report")?)?;
    assert_eq!(report.kind, AnswerKind::StatusReport);
    let accepted = outcomes(&order, &report);
    assert!(accepted.len() == 1000 && accepted.values().all(|outcomes| *outcomes == [Outcome::Accepted]), "{accepted:?}");
    for (kind, expected) in [("camt.054", AnswerKind::Notification), ("camt.053", AnswerKind::Statement)] {
        let read: Vec<AnswerFile> = messages(&result, kind).iter().map(|text| read(text)).collect::<Result<_>>()?;
        assert!(read.iter().all(|file| file.kind == expected && file.unread.is_empty()), "{kind}");
        let settled: Vec<_> = read.iter().flat_map(|file| &file.answers).collect();
        assert_eq!(settled.len(), 1000, "{kind}");
        for payment in &order.payments {
            let answer = settled.iter().find(|answer| answer.reference.may_be(&payment.id)).with_context(|| payment.id.to_string())?;
            assert_eq!((answer.outcome, answer.amount), (Outcome::Settled, Some(payment.amount)), "{kind}");
            assert_eq!(answer.booked, Some(order.execution), "{kind}");
        }
    }
    Ok(())
}

#[test]
fn what_is_refused_and_what_comes_back_is_told_with_its_reason() -> Result<()> {
    let mut order = order(&sepa(), currency("EUR"), 6, 12);
    // A closed account of the bank's own, and one payment that it sends back.
    order.payments[2].account = Account::Iban { iban: AccountNumber::new(&iban("NL", "MOCK0000000003")), bic: None };
    let returned = order.payments[4].id.clone();
    let behaviour = json!({"behaviour": "return-later", "parameters": {"days": 2, "reason": "MD07", "end_to_end_id": returned.as_str()}});
    let credit = json!({"account": "ACME", "amount": 118_000, "note": "INV-1001 less 70.00", "reference": "RF18539007547034",
        "debtor": {"name": "Platform Ltd", "iban": iban("NL", "MOCK0000000002")}});
    let job = json!({"accounts": {"ACME": behaviour}, "credits": [credit], "days": 9});
    let result = sent(&written(&order, &sepa()).bytes, job)?;
    let report = read(messages(&result, "pain.002").first().context("no status report")?)?;
    let rejected: Vec<_> = report.answers.iter().filter(|answer| answer.outcome == Outcome::Rejected).collect();
    assert_eq!(rejected.len(), 1, "{:?}", report.answers);
    assert!(rejected[0].reference.may_be(&order.payments[2].id));
    assert_eq!(rejected[0].reason.as_ref().and_then(|reason| reason.code.as_deref()), Some("AC04"));
    for kind in ["camt.054", "camt.053"] {
        let files: Vec<AnswerFile> = messages(&result, kind).iter().map(|text| read(text)).collect::<Result<_>>()?;
        let back: Vec<_> = files.iter().flat_map(|file| &file.answers).filter(|answer| answer.outcome == Outcome::Returned).collect();
        assert_eq!(back.len(), 1, "{kind}: {files:?}");
        assert!(back[0].reference.may_be(&returned) && back[0].amount == Some(order.payments[4].amount), "{back:?}");
        assert_eq!(back[0].reason.as_ref().and_then(|reason| reason.code.as_deref()), Some("MD07"));
        let settled = files.iter().flat_map(|file| &file.answers).filter(|answer| answer.outcome == Outcome::Settled).count();
        assert_eq!(settled, 5, "{kind}");
        let receipts: Vec<_> = files.iter().flat_map(|file| &file.receipts).collect();
        assert_eq!(receipts.len(), 1, "{kind}");
        assert_eq!((receipts[0].amount.to_string().as_str(), receipts[0].debtor_name.as_deref()), ("1180.00 EUR", Some("Platform Ltd")));
        assert_eq!(receipts[0].remittance.as_deref(), Some("RF18539007547034\nINV-1001 less 70.00"));
    }
    Ok(())
}

/// mock-bank knows the payer of an ACH file by the company id, which has to be the number of an account.
fn ach() -> Format {
    match nacha() {
        Format::Nacha(originator) => Format::Nacha(farthing_bank::format::Originator { company_id: "0000000001".into(), ..originator }),
        other => other,
    }
}

#[test]
fn ach_files_are_taken_and_returns_are_read() -> Result<()> {
    let mut order = order(&ach(), currency("USD"), 1000, 13);
    order.payments[3].account = Account::Us {
        // The bank's own routing number, and its closed account.
        routing: "999999992".into(),
        number: AccountNumber::new("0000000003"),
        kind: UsAccountKind::Checking,
    };
    let account = json!({"format": "nacha", "currency": "USD", "balance": 100_000_000_000_i64});
    let result = sent(&written(&order, &ach()).bytes, json!({"accounts": {"ACME": account, "INITECH": {"currency": "USD"}}}))?;
    ensure!(result["findings"].as_str().is_some_and(|found| found.contains("1000 payments, 0 findings")), "{}", result["findings"]);
    let returns = messages(&result, "nacha.return");
    assert_eq!(returns.len(), 1, "{}", result["answer"]);
    let file = read(&returns[0])?;
    assert_eq!((file.kind, file.answers.len(), file.unread.len()), (AnswerKind::Nacha, 1, 0));
    assert_eq!(outcomes(&order, &file), BTreeMap::from([(order.payments[3].id.as_str(), vec![Outcome::Returned])]));
    let answer = &file.answers[0];
    assert_eq!(
        (answer.amount, answer.reason.as_ref().and_then(|reason| reason.code.as_deref())),
        (Some(order.payments[3].amount), Some("R02"))
    );
    let notified: Vec<AnswerFile> = messages(&result, "camt.054").iter().map(|text| read(text)).collect::<Result<_>>()?;
    assert_eq!(notified.iter().flat_map(|file| &file.answers).filter(|answer| answer.outcome == Outcome::Settled).count(), 999);
    Ok(())
}
