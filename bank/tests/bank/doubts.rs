//! What is not understood for sure is listed with its line or refused: never guessed, and never passed over.

use crate::answers::told;
use farthing_bank::read;

/// What is doubtful, the file, and a line for each thing that it says; or the part of an error.
type Doubt<'a> = (&'a str, String, Result<&'a [&'a str], &'a str>);

fn check(doubts: &[Doubt<'_>]) {
    for (what, text, expected) in doubts {
        match (read(text.as_bytes()), expected) {
            (Ok(file), Ok(expected)) => assert_eq!(told(&file), *expected, "{what}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{what}: {error}"),
            (found, expected) => panic!("{what}: {found:?} is not {expected:?}"),
        }
    }
}

fn statement(entries: &str) -> String {
    format!("<Document><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt>\n{entries}\n</Stmt></BkToCstmrStmt></Document>")
}

/// An entry in euros.
fn entry(amount: &str, way: &str, rest: &str) -> String {
    format!("<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>{rest}</Ntry>")
}

fn details(content: &str) -> String {
    format!("<NtryDtls>{content}</NtryDtls>")
}

fn transaction(id: &str, rest: &str) -> String {
    format!("<TxDtls><Refs><EndToEndId>{id}</EndToEndId></Refs>{rest}</TxDtls>")
}

fn euros(amount: &str) -> String {
    format!("<Amt Ccy=\"EUR\">{amount}</Amt>")
}

#[test]
fn only_what_is_booked_has_moved() {
    let one = details(&transaction("AAA", ""));
    let of = |status: &str| statement(&entry("10.00", "DBIT", &format!("{status}{one}")));
    check(&[
        ("booked", of("<Sts>BOOK</Sts>"), Ok(&["AAA settled 10.00 EUR"])),
        ("without a status", of(""), Ok(&["AAA settled 10.00 EUR"])),
        (
            "a bank's own status",
            of("<Sts><Prtry>REJECTED-BY-BANK</Prtry></Sts>"),
            Ok(&["unread 2 - an entry of 10.00 EUR that is not booked: REJECTED-BY-BANK"]),
        ),
        ("another code", of("<Sts><Cd>FUTR</Cd></Sts>"), Ok(&["unread 2 - an entry of 10.00 EUR that is not booked: FUTR"])),
        ("an empty status", of("<Sts></Sts>"), Ok(&["unread 2 - an entry of 10.00 EUR that is not booked: "])),
    ]);
}

#[test]
fn transactions_are_what_their_entry_is_made_of() {
    let dollars = "<AmtDtls><InstdAmt><Amt Ccy=\"USD\">100.00</Amt></InstdAmt></AmtDtls>";
    let two = |amount: &str, first: &str, second: &str| {
        statement(&entry(amount, "DBIT", &details(&[transaction("AAA", first), transaction("BBB", second)].concat())))
    };
    let (twenty, back) = (euros("20.00"), format!("{}<CdtDbtInd>CRDT</CdtDbtInd>", euros("10.00")));
    let returned = format!("{back}<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>");
    check(&[
        (
            "money that came in another currency",
            statement(&entry("93.00", "CRDT", &details(&transaction("AAA", dollars)))),
            Ok(&["receipt 93.00 EUR None None None"]),
        ),
        (
            "several in another currency",
            two("93.00", dollars, &twenty),
            Ok(&[
                "unread 2 AAA a part of an entry of 93.00 EUR whose transactions are in other currencies: 100.00 USD",
                "unread 2 BBB a part of an entry of 93.00 EUR whose transactions are in other currencies: 100.00 USD",
            ]),
        ),
        (
            "one that goes the other way, with the right sum",
            two("10.00", &twenty, &returned),
            Ok(&["AAA settled 20.00 EUR", "BBB returned 10.00 EUR AC04"]),
        ),
        (
            "one that goes the other way, as if it did not",
            two("30.00", &twenty, &back),
            Ok(&[
                "unread 2 AAA a part of an entry of 30.00 EUR whose transactions sum to 10.00 EUR",
                "unread 2 BBB a part of an entry of 30.00 EUR whose transactions sum to 10.00 EUR",
            ]),
        ),
        (
            "one that does not say how much",
            two("100.00", "", &twenty),
            Ok(&[
                "unread 2 AAA a part of an entry of 100.00 EUR whose transactions do not all say how much",
                "unread 2 BBB a part of an entry of 100.00 EUR whose transactions do not all say how much",
            ]),
        ),
        ("an entry below zero", statement(&entry("-100.00", "CRDT", "")), Err("line 2: -100.00 EUR is below zero")),
    ]);
}

#[test]
fn charges_are_told_apart_from_payments_where_both_add_up() {
    let total = |amount: &str| format!("<Chrgs><TtlChrgsAndTaxAmt Ccy=\"EUR\">{amount}</TtlChrgsAndTaxAmt></Chrgs>");
    let record = |amount: &str| format!("<Chrgs><Rcrd>{}</Rcrd></Chrgs>", euros(amount));
    let given_back = |amount: &str| format!("<Chrgs><Rcrd>{}<CdtDbtInd>CRDT</CdtDbtInd></Rcrd></Chrgs>", euros(amount));
    let of = |amount: &str, way: &str, rest: &str, of_entry: &str| {
        let one = format!("{}{rest}", euros("100.00"));
        statement(&entry(amount, way, &format!("{of_entry}{}", details(&transaction("AAA", &one)))))
    };
    let both = &["AAA settled 100.00 EUR", "- settled 1.50 EUR CHRG"];
    let wrong = &["unread 2 AAA a part of an entry of 101.50 EUR whose transactions sum to 100.00 EUR"];
    let two = [
        transaction("AAA", &format!("{}{}", euros("60.00"), total("1.00"))),
        transaction("BBB", &format!("{}{}", euros("40.00"), record("0.50"))),
    ];
    check(&[
        ("a total", of("101.50", "DBIT", &total("1.50"), ""), Ok(both)),
        ("each", of("101.50", "DBIT", &record("1.50"), ""), Ok(both)),
        ("of the entry", of("101.50", "DBIT", "", &total("1.50")), Ok(both)),
        (
            "of two",
            statement(&entry("101.50", "DBIT", &details(&two.concat()))),
            Ok(&["AAA settled 60.00 EUR", "BBB settled 40.00 EUR", "- settled 1.50 EUR CHRG"]),
        ),
        ("that do not add up", of("101.50", "DBIT", &total("1.00"), ""), Ok(wrong)),
        ("in another currency", of("101.50", "DBIT", &total("1.50").replace("EUR", "USD"), ""), Ok(wrong)),
        ("given back", of("101.50", "DBIT", &given_back("1.50"), ""), Ok(wrong)),
        ("taken, and some of it given back", of("101.50", "DBIT", &(record("2.00") + &given_back("0.50")), ""), Ok(wrong)),
        ("of nothing", of("101.50", "DBIT", &record("0.00"), ""), Ok(wrong)),
        ("of nothing beside others", of("101.50", "DBIT", &(record("1.50") + &record("0.00")), ""), Ok(wrong)),
        ("of nothing, and all was paid", of("100.00", "DBIT", &record("0.00"), ""), Ok(&["AAA settled 100.00 EUR"])),
        ("none", of("101.50", "DBIT", "", ""), Ok(wrong)),
        ("that were taken elsewhere", of("100.00", "DBIT", &total("1.50"), ""), Ok(&["AAA settled 100.00 EUR"])),
    ]);
}

#[test]
fn what_came_back_is_whole_where_its_charges_are_told_and_add_up() {
    let asked_for = |amount: &str| format!("<AmtDtls><InstdAmt>{}</InstdAmt></AmtDtls>", euros(amount));
    let charges = |amount: &str| format!("<Chrgs><TtlChrgsAndTaxAmt Ccy=\"EUR\">{amount}</TtlChrgsAndTaxAmt></Chrgs>");
    let (back, undone) = ("<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>", "<RvslInd>true</RvslInd>");
    let purpose = "<RmtInf><Ustrd>invoice 7</Ustrd></RmtInf>";
    let of = |way: &str, rest: String| statement(&entry("98.50", way, &details(&transaction("AAA", &rest))));
    let doubt = &["unread 2 AAA a part of an entry of 98.50 EUR whose transactions sum to 100.00 EUR"];
    let both = &["AAA returned 100.00 EUR AC04", "- settled 1.50 EUR CHRG"];
    check(&[
        ("told", of("CRDT", format!("{}{}{back}", asked_for("100.00"), charges("1.50"))), Ok(both)),
        ("with what is left", of("CRDT", format!("{}{}{}{back}", euros("98.50"), asked_for("100.00"), charges("1.50"))), Ok(both)),
        ("not told", of("CRDT", format!("{}{back}", asked_for("100.00"))), Ok(doubt)),
        ("that do not add up", of("CRDT", format!("{}{}{back}", asked_for("100.00"), charges("1.00"))), Ok(doubt)),
        (
            "of a receipt, which its payer may owe",
            of("CRDT", format!("{}{}", asked_for("100.00"), charges("1.50"))),
            Ok(&["receipt 98.50 EUR None None None"]),
        ),
        (
            "a receipt that is said to be none",
            of("CRDT", format!("{}<CdtDbtInd>DBIT</CdtDbtInd>", asked_for("98.50"))),
            Ok(&["unread 2 AAA a part of an entry of 98.50 EUR whose transactions sum to -98.50 EUR"]),
        ),
        (
            "a receipt that went back with charges",
            of("DBIT", format!("{}{}{undone}{purpose}", asked_for("97.00"), charges("1.50"))),
            Ok(&["- settled 1.50 EUR CHRG", "receipt -97.00 EUR None Some(\"invoice 7\") None"]),
        ),
        (
            "a receipt that went back with charges that are not told",
            of("DBIT", format!("{}{undone}{purpose}", asked_for("97.00"))),
            Ok(&["receipt -98.50 EUR None None None"]),
        ),
        ("a receipt that went back", of("DBIT", format!("{undone}{purpose}")), Ok(&["receipt -98.50 EUR None Some(\"invoice 7\") None"])),
    ]);
}

#[test]
fn batches_have_as_many_payments_as_they_say() {
    let batch = |rest: &str| format!("<Btch><PmtInfId>FILE-1</PmtInfId>{rest}</Btch>");
    let of = |way: &str, content: String| statement(&entry("50.00", way, &content));
    let reversed = |content: String| format!("<RvslInd>true</RvslInd>{content}");
    let one = transaction("AAA", "");
    check(&[
        ("a batch as a whole", of("DBIT", details(&batch(""))), Ok(&["all of FILE-1 settled 50.00 EUR"])),
        (
            "two batches",
            of("DBIT", [details(&batch("")), details(&batch(""))].concat()),
            Ok(&["unread 2 - an entry of 50.00 EUR that is of more than one batch"]),
        ),
        (
            "one payment of forty",
            of("DBIT", details(&format!("{}{one}", batch("<NbOfTxs>40</NbOfTxs>")))),
            Ok(&["unread 2 AAA a part of an entry of 50.00 EUR whose batch is of 40 payments and has 1"]),
        ),
        (
            "a batch beside a payment",
            of("DBIT", [details(&batch("")), details(&one)].concat()),
            Ok(&["unread 2 AAA a part of an entry of 50.00 EUR with a batch that says nothing of each payment"]),
        ),
        ("one payment of one", of("DBIT", details(&format!("{}{one}", batch("<NbOfTxs>1</NbOfTxs>")))), Ok(&["AAA settled 50.00 EUR"])),
        (
            "forty that came in",
            of("CRDT", details(&batch("<NbOfTxs>40</NbOfTxs>"))),
            Ok(&["unread 2 all of FILE-1 an entry of 50.00 EUR that says nothing of each of its 40 payments"]),
        ),
        (
            "forty of no file",
            of("DBIT", details("<Btch><NbOfTxs>40</NbOfTxs></Btch>")),
            Ok(&["unread 2 - an entry of 50.00 EUR that says nothing of each of its 40 payments"]),
        ),
        ("a batch that came back", of("CRDT", reversed(details(&batch("")))), Ok(&["all of FILE-1 returned 50.00 EUR"])),
        ("something that came back", of("CRDT", reversed(String::new())), Ok(&["receipt 50.00 EUR None None None"])),
        (
            "a payment that came back with no id of ours",
            of("CRDT", reversed(details(&transaction("Ré-1", "")))),
            Ok(&["receipt 50.00 EUR None None None"]),
        ),
    ]);
}

fn report(group: &str, rest: &str) -> String {
    format!(
        "<Document><CstmrPmtStsRpt><GrpHdr><MsgId>S</MsgId></GrpHdr>\n<OrgnlGrpInfAndSts><OrgnlMsgId>FILE-1</OrgnlMsgId>{group}\
         </OrgnlGrpInfAndSts>\n{rest}</CstmrPmtStsRpt></Document>"
    )
}

#[test]
fn statuses_are_told_wherever_they_stand() {
    let payment = |status: &str| format!("<TxInfAndSts><OrgnlEndToEndId>AAA</OrgnlEndToEndId>{status}</TxInfAndSts>");
    let block = |rest: &str| format!("<OrgnlPmtInfAndSts><OrgnlPmtInfId>FILE-1</OrgnlPmtInfId>{rest}</OrgnlPmtInfAndSts>");
    let reason = "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>";
    check(&[
        ("a payment without", report("", &block(&payment(reason))), Ok(&["unread 3 AAA no status, with the reason AC04"])),
        ("a payment without, and no reason", report("", &block(&payment(""))), Ok(&["unread 3 AAA no status"])),
        ("a payment in no block", report("", &payment("<TxSts>RJCT</TxSts>")), Ok(&["AAA rejected"])),
        (
            "a payment in part",
            report("", &block(&payment("<TxSts>PART</TxSts>"))),
            Ok(&["unread 3 AAA the status PART, and no payment's below it"]),
        ),
        ("a file in part", report("<GrpSts>PART</GrpSts>", ""), Ok(&["unread 2 all of FILE-1 the status PART, and no payment's below it"])),
        (
            "a block in part",
            report("", &block("<PmtInfSts>PART</PmtInfSts>")),
            Ok(&["unread 3 all of FILE-1 the status PART, and no payment's below it"]),
        ),
        ("a file with a reason alone", report(reason, ""), Ok(&["unread 2 all of FILE-1 no status, with the reason AC04"])),
        ("a block with a reason alone", report("", &block(reason)), Ok(&["unread 3 all of FILE-1 no status, with the reason AC04"])),
        ("a file that says nothing", report("", &block("")), Ok(&[])),
        ("a file and its payments in part", report("<GrpSts>PART</GrpSts>", &payment("<TxSts>ACCC</TxSts>")), Ok(&["AAA settled"])),
        (
            "two messages",
            "<Document><BkToCstmrStmt/>\n<CstmrPmtStsRpt/></Document>".to_owned(),
            Err("the file is refused: line 2 begins a second message"),
        ),
    ]);
}

const PAYPAL: &str = "Transaction status,Customer ID,Amount,Currency,Error message\n";

#[test]
fn rows_end_with_their_lines_and_amounts_have_one_sign() {
    let of = |rows: &str| format!("{PAYPAL}{rows}");
    let over = "a cell goes on in the next line";
    check(&[
        ("a quote that is closed", of("SUCCESS,AAA,5.00,EUR,\"a, b\"\n"), Ok(&["AAA settled 5.00 EUR a, b"])),
        ("a quote that swallows rows", of("SUCCESS,AAA,5.00,EUR,\"ok\nFAILED,BBB,6.00,EUR,no\n"), Err(over)),
        ("a quote that swallows the end", of("SUCCESS,AAA,5.00,EUR,\"ok"), Err(over)),
        ("a quote that closes later", of("SUCCESS,AAA,5.00,EUR,\"ok\nFAILED,BBB,6.00,EUR,\"\n"), Err(over)),
        ("an amount with two signs", of("SUCCESS,AAA,--5,EUR,\n"), Err("line 2: an amount with two signs")),
        (
            "a failure without an id",
            of("FAILED,,5.00,EUR,no\n"),
            Ok(&["unread 2 - a payment of 5.00 EUR rejected (FAILED: no) that is not known by its id, which is missing"]),
        ),
    ]);
}

#[test]
fn rows_of_wise_are_ours_if_they_say_so() {
    let rows = "ID,Status,Direction,Reference,Target amount,Target currency\nT1,COMPLETED,In,AAA,5.00,EUR\nT2,COMPLETED,NEUTRAL,AAA,5.00,EUR\n\
        T3,COMPLETED,,BBB,5.00,EUR\nT4,COMPLETED,Out,CCC,5.00,EUR\n";
    check(&[
        (
            "directions",
            rows.to_owned(),
            Ok(&[
                "CCC settled 5.00 EUR T4",
                "unread 2 AAA money that came in",
                "unread 3 AAA the direction \"NEUTRAL\"",
                "unread 4 BBB the direction \"\"",
            ]),
        ),
        ("no currency", "ID,Status,Reference\nT1,REFUNDED,BMAN96ZRA1\n".to_owned(), Ok(&["BMAN96ZRA1... returned T1 REFUNDED"])),
    ]);
    let file = read(b"ID,Status,Reference\nT1,REFUNDED,BMAN96ZRA1\n").unwrap();
    assert!(file.answers[0].reference.may_be(&"BMAN96ZRA1234-2610-1".parse().unwrap()));
}

/// A file of one batch with one entry; `code` is the transaction code.
fn nacha(class: &str, code: &str, id: &str, addenda: &[&str]) -> String {
    let (debit, credit) = if code.ends_with('6') { (5000, 0) } else { (0, 5000) };
    let count = addenda.len() + 1;
    let sums = format!("{:010}{debit:012}{credit:012}", 9_100_001);
    let mut records = vec![
        format!("{:<94}", "101 1234567890910000192611060900A094101GUILD                  FIRST TEST BANK"),
        format!("5200{:16}{:20}1234567890{class}{:10}{:6}261106   1091000010000001", "GUILD", "", "RETURN", ""),
        format!("6{code}091000019{:17}{:010}{id:15}{:22}  1091000010000001", "123456", 5000, "BOB"),
    ];
    records.extend(addenda.iter().map(|code| {
        let kind = if code.starts_with('C') { "98" } else { "99" };
        format!("7{kind}{code}091000010000001{:6}02100002{:44}091000010000001", "", "")
    }));
    records.push(format!("8200{count:06}{sums}1234567890{:25}091000010000001", ""));
    records.push(format!("9000001000001{count:08}{sums}{:39}", ""));
    records.join("\n") + "\n"
}

#[test]
fn entries_of_the_clearing_house_are_returns_of_our_credits() {
    let returned = "091000010000001 R03: there is no such account, or it is somebody else's";
    check(&[
        ("a return", nacha("PPD", "21", "AAA", &["R03"]), Ok(&[&format!("AAA... returned 50.00 USD 2026-11-06 {returned}")])),
        (
            "a return of a debit",
            nacha("PPD", "26", "DUES-1", &["R01"]),
            Ok(&["unread 3 DUES-1... an entry about a debit, and ours are credits"]),
        ),
        (
            "two returns",
            nacha("CCD", "21", "AAA", &["R03", "R23"]),
            Ok(&["unread 3 AAA... an entry that is more than one return or change"]),
        ),
        (
            "a change and a return",
            nacha("PPD", "21", "AAA", &["C04", "R03"]),
            Ok(&["unread 3 AAA... an entry that is more than one return or change"]),
        ),
        (
            "another class, with an account number for the id",
            nacha("IAT", "21", "DE8937040044053", &["R03"]),
            Ok(&["unread 3 - an entry of the class \"IAT\", and ours are PPD and CCD"]),
        ),
        ("a change in the class of changes", nacha("COR", "21", "AAA", &["C04"]), Ok(&["change AAA... C04 Some(\"the name\") ***"])),
        (
            "a return in the class of changes",
            nacha("COR", "21", "AAA", &["R03"]),
            Ok(&["unread 3 - an entry of the class \"COR\", and ours are PPD and CCD"]),
        ),
    ]);
    let unnamed = told(&read(nacha("PPD", "21", "", &["R03"]).as_bytes()).unwrap());
    assert!(unnamed.len() == 1 && unnamed[0].contains("a payment of 50.00 USD returned (R03: "), "{unnamed:?}");
}

#[test]
fn a_beginning_with_room_left_is_the_whole_id() {
    for (id, payment, expected) in [
        ("B", "B", true),
        ("B", "BMAN96ZRA1-2610-1", false),
        ("BMAN96ZRA1-2610", "BMAN96ZRA1-2610-1", true),
        ("BMAN96ZRA1-261", "BMAN96ZRA1-2610-1", false),
        // The last of the 15 characters is a space.
        ("BMAN96ZRA1-261", "BMAN96ZRA1-261 0-1", true),
    ] {
        let file = read(nacha("PPD", "21", id, &["R03"]).as_bytes()).unwrap();
        assert_eq!(file.answers[0].reference.may_be(&payment.parse().unwrap()), expected, "{id} {payment}");
    }
}
