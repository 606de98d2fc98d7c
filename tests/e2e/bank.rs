//! `farthing bank`: what an answer says, through the binary; nothing else is looked at or written.

use crate::support::{Data, root, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::process::Stdio;

/// A status report on one payment.
pub const REPORT: &str = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt><GrpHdr><MsgId>S-1</MsgId></GrpHdr>\
    <OrgnlPmtInfAndSts><TxInfAndSts><OrgnlEndToEndId>ONE-2610-1</OrgnlEndToEndId><TxSts>RJCT</TxSts>\
    <StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n";

/// Answers of the crate's own tests, with what a document of each has, and the exit code.
const ANSWERS: [(&str, i32, &str, usize, usize, usize, usize); 6] = [
    ("pain002.xml", 1, "pain.002", 3, 0, 0, 2),
    ("camt054.xml", 1, "camt.054", 4, 1, 0, 1),
    ("camt053.xml", 1, "camt.053", 0, 1, 0, 2),
    ("returns.ach", 1, "nacha", 2, 0, 1, 1),
    ("paypal.csv", 1, "paypal", 4, 0, 0, 1),
    ("wise.csv", 1, "wise", 3, 0, 0, 1),
];

#[test]
fn bank_read_knows_answers_by_their_content() -> Result<()> {
    let data = Data::new()?;
    for (name, code, kind, answers, receipts, changes, unread) in ANSWERS {
        // The name tells nothing.
        fs::copy(root().join("bank/tests/bank/answers").join(name), data.path().join("answer"))?;
        let output = data.run(["bank", "read", "answer", "--json"])?;
        let document: Value = serde_json::from_slice(&output.stdout).with_context(|| stderr(&output))?;
        let count = |list: &str| document[list].as_array().map(Vec::len);
        assert_eq!((output.status.code(), &document["kind"]), (Some(code), &json!(kind)), "{name}");
        let found = ["answers", "receipts", "changes", "unread"].map(count);
        assert_eq!(found, [answers, receipts, changes, unread].map(Some), "{name}: {document}");
        let text = data.run(["bank", "read", "answer"])?;
        let text = String::from_utf8(text.stdout)?;
        ensure!(text.starts_with(kind) && text.contains("Not understood, on line"), "{name}: {text}");
    }
    ensure!(!data.books().exists(), "books were made");
    Ok(())
}

#[test]
fn bank_read_says_what_became_of_a_payment() -> Result<()> {
    let data = Data::new()?;
    fs::write(data.path().join("report.xml"), REPORT)?;
    let document = data.json(["bank", "read", "report.xml"])?;
    let expected = json!([{"reference": {"end_to_end_id": "ONE-2610-1"}, "outcome": "rejected", "reason_code": "AC04", "reason": null,
        "amount": null, "currency": null, "booked": null, "bank_reference": null}]);
    assert_eq!((&document["answers"], &document["message_id"]), (&expected, &json!("S-1")));
    let text = data.ok(["bank", "read", "report.xml"])?;
    ensure!(text.contains("ONE-2610-1") && text.contains("rejected") && text.contains("AC04"), "{text}");
    // A bank's words move no cursor and begin no line.
    let controls = REPORT.replace("<Cd>AC04</Cd>", "<Prtry>AC04&#155;2J&#10;x</Prtry>");
    fs::write(data.path().join("controls.xml"), controls)?;
    let text = data.ok(["bank", "read", "controls.xml"])?;
    ensure!(text.contains("AC04\u{FFFD}2J\u{FFFD}x"), "{text:?}");
    let piped =
        data.command(["bank", "read", "-", "--json"]).stdin(Stdio::from(fs::File::open(data.path().join("report.xml"))?)).output()?;
    assert_eq!(serde_json::from_slice::<Value>(&piped.stdout)?, document);
    Ok(())
}

#[test]
fn bank_read_refuses_what_is_damaged_or_no_answer() -> Result<()> {
    let data = Data::new()?;
    for (text, words) in [
        (REPORT.replace("</TxSts>", ""), "line 1: not well-formed XML"),
        (format!("<!DOCTYPE a [<!ENTITY b 'c'>]>{REPORT}"), "declares a document type"),
        ("id,name\n1,x\n".to_owned(), "pain.002, camt.053, camt.054"),
        (String::new(), "the file is empty"),
    ] {
        fs::write(data.path().join("answer"), &text)?;
        let output = data.run(["bank", "read", "answer"])?;
        let said = stderr(&output);
        ensure!(output.status.code() == Some(2) && output.stdout.is_empty() && said.contains(words), "{text}: {said}");
    }
    Ok(())
}
