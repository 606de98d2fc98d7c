//! Answers of every kind, as they are read; and what is no answer, refused with its place.

use farthing_bank::answer::AnswerKind;
use farthing_bank::{AnswerFile, read};

const PAIN002: &str = include_str!("answers/pain002.xml");
const CAMT054: &str = include_str!("answers/camt054.xml");
const CAMT053: &str = include_str!("answers/camt053.xml");
const RETURNS: &str = include_str!("answers/returns.ach");
const PAYPAL: &str = include_str!("answers/paypal.csv");
const WISE: &str = include_str!("answers/wise.csv");

/// One line for each thing that a file says.
pub fn told(file: &AnswerFile) -> Vec<String> {
    let shown = |text: &dyn std::fmt::Display| text.to_string();
    let answers = file.answers.iter().map(|answer| {
        let parts = [
            Some(shown(&answer.reference)),
            Some(answer.outcome.as_str().to_owned()),
            answer.amount.map(|amount| shown(&amount)),
            answer.booked.map(|day| shown(&day)),
            answer.bank_reference.clone(),
            answer.reason.as_ref().map(|reason| shown(reason)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    let receipts = file.receipts.iter().map(|receipt| {
        format!("receipt {} {:?} {:?} {:?}", receipt.amount, receipt.debtor_name, receipt.remittance, receipt.bank_reference)
    });
    let changes =
        file.changes.iter().map(|change| format!("change {} {} {:?} {}", change.reference, change.code, change.text, change.corrected));
    let unread = file.unread.iter().map(|unread| format!("unread {} {} {}", unread.line, unread.reference, unread.what));
    answers.chain(receipts).chain(changes).chain(unread).collect()
}

fn check(text: &str, kind: AnswerKind, message_id: Option<&str>, expected: &[&str]) {
    let file = read(text.as_bytes()).expect("an answer");
    assert_eq!((file.kind, file.message_id.as_deref()), (kind, message_id));
    assert_eq!(told(&file), expected);
}

#[test]
fn a_status_report_is_read() {
    check(
        PAIN002,
        AnswerKind::StatusReport,
        Some("BANK-STATUS-7"),
        &[
            "ONE-2610-1 accepted 12.30 EUR B-1",
            "TWO-2610-1 rejected AC04: account closed since 2026-09",
            "SIX-2610-1 settled",
            "unread 20 SEVEN-2610-1 the status XXXX",
            "unread 21 - a payment rejected (*** code) that is not known by its id, \"NOTPROVIDED\"",
        ],
    );
}

#[test]
fn a_report_on_the_whole_file_is_of_all_its_payments() {
    let refused = "<Document><CstmrPmtStsRpt><GrpHdr><MsgId>S</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>FILE-1</OrgnlMsgId><GrpSts>RJCT</GrpSts>\
        <StsRsnInf><Rsn><Cd>DUPL</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>";
    check(refused, AnswerKind::StatusReport, Some("S"), &["all of FILE-1 rejected DUPL"]);
}

#[test]
fn a_notification_is_read() {
    check(
        CAMT054,
        AnswerKind::Notification,
        Some("NOTE-9"),
        &[
            "ONE-2610-1 settled 12.30 EUR 2026-11-05 B-77",
            "THREE-2610-1 settled 20.00 EUR 2026-11-05 B-78",
            "all of FILE-2 settled 100.00 EUR 2026-11-05",
            "THREE-2610-1 returned 20.00 EUR 2026-11-09 MD07: the holder has died",
            "receipt -9.00 EUR None None None",
            "unread 25 - an entry of 5.00 EUR that is not booked: PDNG",
        ],
    );
}

#[test]
fn a_statement_of_an_older_version_is_read() {
    check(
        CAMT053,
        AnswerKind::Statement,
        Some("STATEMENT-11"),
        &[
            "receipt 1180.00 EUR Some(\"Platform & Sons Ltd\") Some(\"RF18539007547034\\ninvoice 1001\\nless 70.00\") Some(\"B-80\")",
            "unread 19 FOUR-2610-1 a part of an entry of 30.00 EUR whose transactions sum to 20.00 EUR",
            "unread 20 FIVE-2610-1 a part of an entry of 30.00 EUR whose transactions sum to 20.00 EUR",
        ],
    );
}

#[test]
fn returns_and_changes_of_nacha_are_read() {
    check(
        RETURNS,
        AnswerKind::Nacha,
        Some("091000019-2611060900A"),
        &[
            "ONE-2610-1... returned 12.30 USD 2026-11-06 091000010000001 R03: there is no such account, or it is somebody else's",
            "TWO-2610-1... returned 20.00 USD 2026-11-06 091000010000002 R16: FROZEN BY COURT",
            "change THREE-2610-1... C01 Some(\"the account number\") ***5432",
            "unread 10 FOUR-2610-1... a return with the reason R69",
        ],
    );
}

#[test]
fn results_of_paypal_and_wise_are_read() {
    check(
        PAYPAL,
        AnswerKind::Paypal,
        Some("BATCH7"),
        &[
            "ONE-2610-1 settled 12.30 EUR 0C413693MN970190K",
            "TWO-2610-1 rejected 20.00 EUR RECEIVER_UNREGISTERED: no such receiver, it seems",
            "THREE-2610-1 accepted 5.00 EUR 1X Unclaimed",
            "FOUR-2610-1 returned 6.00 EUR 2X RETURNED",
            "unread 6 FIVE-2610-1 the status \"SOMETHING\"",
        ],
    );
    check(
        WISE,
        AnswerKind::Wise,
        Some("B-1"),
        &[
            "ONE-2610-1 settled 12.30 EUR 2026-11-05 TRANSFER-1",
            "TWO-2610-1 rejected 20.00 EUR TRANSFER-2 CANCELLED",
            "THREE-2610... returned 5.40 USD 2026-11-08 TRANSFER-3 REFUNDED",
            "unread 5 invoice money that came in",
        ],
    );
}

#[test]
fn the_same_file_is_known_again() {
    let (first, again) = (read(CAMT054.as_bytes()).unwrap(), read(CAMT054.as_bytes()).unwrap());
    assert_eq!(first, again);
    let other = read(CAMT054.replace("2026-11-09", "2026-11-10").as_bytes()).unwrap();
    assert!(first.sha256.len() == 64 && first.sha256 != other.sha256);
}

fn refused(text: &str, expected: &str) {
    let error = read(text.as_bytes()).expect_err(text).to_string();
    assert!(error.contains(expected), "{text}: {error}");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    refused("", "line 1: the file is empty");
    refused("hello", "neither XML nor NACHA nor a table");
    refused("a,b\n1,2\n3\n", "neither XML nor NACHA nor a table");
    refused(&format!("{PAYPAL}BATCH7,4X\n"), "line 7: a row of 2 cells, and rows before have 9");
    refused("<Document><FIToFICstmrCdtTrf/></Document>", "the file is a FIToFICstmrCdtTrf; pain.002");
    refused("<!DOCTYPE a [<!ENTITY b 'c'>]><Document/>", "the file is refused: line 1 declares a document type");
    refused(&CAMT054.replace("</Ntfctn>", ""), "not well-formed XML");
    refused(&CAMT054.replace("\"EUR\">12.30", "\"EUR\">12.305"), "line 10: 12.305000000000 EUR is not a whole number of minor units");
    refused(&CAMT054.replace("\"EUR\">12.30", "\"EUX\">12.30"), "line 10: an amount whose currency \"EUX\"");
    refused(&CAMT054.replace("\"EUR\">12.30", ">12,30").replace("Ccy>", ">"), "line 10: ");
    refused(&CAMT054.replace("<CdtDbtInd>CRDT", "<CdtDbtInd>CREDIT"), "\"CREDIT\" is neither CRDT nor DBIT");
    refused(&CAMT054.replace("2026-11-09", "2026-13-09"), "\"2026-13-09\" is not a date");
    refused(&WISE.replace("2026-11-05 10", "05/11/2026 10"), "line 2: \"05/11/2026 10:00:00\" is not a date");
}

#[test]
fn damaged_files_of_nacha_are_refused() {
    refused(&RETURNS.replacen("ANA LIMA", "ANA LIMAA", 1), "line 3: a record of 95 characters instead of 94");
    refused(&RETURNS.replacen("ANA LIMA", "ANA LÏMA", 1), "line 3: a record of 95 characters");
    refused(&RETURNS.replacen("ANA LIMA", "ANA L\tMA", 1), "line 3: a character that is not printable ASCII");
    refused(&RETURNS.replacen("0000001230", "0000001231", 1), "line 11: the total of credits is 3730, and the records before it make 3731");
    refused(&RETURNS.replacen("8220000008", "8220000009", 1), "line 11: the count of entries and addenda is 9");
    refused(&RETURNS.replacen("9000001000002", "9000001000003", 1), "line 12: the block count is 3, and the records before it make 2");
    refused(&RETURNS.replacen("6210910000190001", "6210920000190001", 1), "line 11: the entry hash is");
    refused(&RETURNS.replacen("\n8220", "\n7220", 1), "line 12: a record of type 9 where it cannot be");
    let cut: String = RETURNS.lines().take(11).map(|line| format!("{line}\n")).collect();
    refused(&cut, "the file ends without a file control");
}
