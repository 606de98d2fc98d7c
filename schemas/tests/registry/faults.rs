//! Every fault that one record can have by itself, with the line and the field that the error names.

use super::shown;
use farthing_schemas::registry::{ERRORS_MAX, read_load};

/// One line, and the error it gives; `@` stands for what else the record needs.
const FAULTS: &str = r#"
not json                                                       | record: is not a JSON object
[1]                                                            | record: is not a JSON object
{"kind":"mid"} x                                               | record: is not a JSON object
{}                                                             | kind: is missing
{"kind":7}                                                     | kind: is not a string
{"kind":"bank","id":"x"}                                       | kind: is none of platform, mid, party, membership, agreement, work, consent, residence, withholding, certificate, successor, exchange_rate
{"kind":"mid","kind":"mid",@mid}                               | kind: stands twice
{"kind":"platform","default_labour_share":"0.7"}               | id: is missing
{"kind":"platform","id":"*","default_labour_share":"0.7"}      | id: is `*`, which stands for all platforms
{"kind":"platform","id":"p"}                                   | default_labour_share: is missing
{"kind":"platform","id":"p","default_labour_share":"0.699999"} | default_labour_share: is below 0.70
{"kind":"platform","id":"p","default_labour_share":0.7}        | default_labour_share: is not a string
{"kind":"platform",@plt,"consent_default":"maybe"}             | consent_default: is none of allow, deny
{"kind":"platform",@plt,"name":[]}                             | name: is not a string
{"kind":"platform",@plt,"legal_id":1}                          | legal_id: is not a string
{"kind":"platform",@plt,"rates":{}}                            | rates: is not a list
{"kind":"platform",@plt,"rates":[1]}                           | rates[0]: is not a JSON object
{"kind":"platform",@plt,"rates":[{"unit":"u","price":"1","currency":"USD"}]} | rates[0].use: is missing
{"kind":"platform",@plt,"rates":[{@rate},{"use":"reading","unit":"u","price":"1","currency":"USD"}]} | rates[1].use: "reading" is not one of the words that may stand here
{"kind":"platform",@plt,"rates":[{"use":"training","unit":"","price":"1","currency":"USD"}]} | rates[0].unit: is empty
{"kind":"platform",@plt,"rates":[{"use":"training","unit":"u","price":"-1","currency":"USD"}]} | rates[0].price: "-1" is not an amount: digits with at most 15 before and 12 after the point
{"kind":"platform",@plt,"rates":[{"use":"training","unit":"u","price":"1","currency":"usd"}]} | rates[0].currency: "usd" is not an ISO 4217 currency code
{"kind":"platform",@plt,"rates":[{@rate,"from":"2026-01-01"}]} | rates[0].from: "2026-01-01" is not a time in RFC 3339 with an offset, such as 2026-10-03T09:12:44.120Z
{"kind":"platform",@plt,"rates":[{@rate,"from":"2026-01-01T00:00:00Z","to":"2026-01-01T01:00:00+01:00"}]} | rates[0].to: is not after from
{"kind":"platform",@plt,"rates":[{@rate},{@rate}]}             | rates[1].from: overlaps rates[0], a price of the same unit and use
{"kind":"platform",@plt,"rates":[{@rate,"from":"2026-01-02T00:00:00Z"},{@rate,"to":"2026-01-03T00:00:00Z"}]} | rates[1].from: overlaps rates[0], a price of the same unit and use
{"kind":"platform",@plt,"rates":[{@rate},{"use":"training","unit":"v","price":"1","currency":"EUR"}]} | rates[1].currency: is EUR, but training is priced in USD already
{"kind":"mid","fee":"0","currency":"USD"}                      | id: is missing
{"kind":"mid","id":"","fee":"0","currency":"USD"}              | id: is empty
{"kind":"mid","id":"m","currency":"USD"}                       | fee: is missing
{"kind":"mid","id":"m","fee":"1","currency":"USD"}             | fee: is not below 1
{"kind":"mid","id":"m","fee":"0.0000010","currency":"USD"}     | fee: has more than 6 fractional digits
{"kind":"mid","id":"m","fee":"1.1","currency":"USD"}           | fee: "1.1" is not a rate: a decimal from 0 to 1 with at most 6 fractional digits
{"kind":"mid","id":"m","fee":"0"}                              | currency: is missing
{"kind":"mid","id":"m","fee":"0","currency":"XYZ"}             | currency: "XYZ" is not an ISO 4217 currency code
{"kind":"mid",@mid,"fee":"0"}                                  | fee: stands twice
{"kind":"mid",@mid,"jurisdiction":1}                           | jurisdiction: is not a string
{"kind":"mid",@mid,"registration_id":1}                        | registration_id: is not a string
{"kind":"mid",@mid,"recovery_cap":"2"}                         | recovery_cap: "2" is not a rate: a decimal from 0 to 1 with at most 6 fractional digits
{"kind":"mid",@mid,"thresholds":[{"currency":"USD","amount":"1"}]} | thresholds[0].method: is missing
{"kind":"mid",@mid,"thresholds":[{"method":"m","currency":"USD","amount":1}]} | thresholds[0].amount: is not a string
{"kind":"mid",@mid,"thresholds":[{@thr},{@thr}]}               | thresholds[1].method: has a threshold in this currency already
{"kind":"party","type":"person"}                               | id: is missing
{"kind":"party","id":"a b","type":"person"}                    | id: has white space or control characters
{"kind":"party","id":"a\u0085b","type":"person"}               | id: has white space or control characters
{"kind":"party","id":"a\u00a0b","type":"person"}               | id: has white space or control characters
{"kind":"party","id":"a\ud800","type":"person"}                | id: is not a string
{"kind":"party","id":"p"}                                      | type: is missing
{"kind":"party","id":"p","type":"robot"}                       | type: is none of person, organisation, community
{"kind":"party",@pty,"name":7}                                 | name: is not a string
{"kind":"party",@pty,"identifiers":"x"}                        | identifiers: is not a list
{"kind":"party",@pty,"identifiers":[{"scheme":"s"}]}           | identifiers[0].value: is missing
{"kind":"party",@pty,"identifiers":[{"value":"s"}]}            | identifiers[0].scheme: is missing
{"kind":"party",@pty,"payout":"sepa"}                          | payout: is not a JSON object
{"kind":"party",@pty,"payout":{"currency":"USD"}}              | payout.method: is missing
{"kind":"party",@pty,"payout":{"method":"sepa"}}               | payout.currency: is missing
{"kind":"party",@pty,"payout":{"method":"m","currency":"USD","iban":"1","iban":"2"}} | payout: has a field twice
{"kind":"party",@pty,"payout":{"method":"m","method":"m","currency":"USD"}} | payout.method: stands twice
{"kind":"membership","mid":"m","platforms":"*","uses":"*",@from} | party: is missing
{"kind":"membership","party":"p","platforms":"*","uses":"*",@from} | mid: is missing
{"kind":"membership","party":"p","mid":"m","uses":"*",@from}   | platforms: is missing
{"kind":"membership","party":"p","mid":"m","platforms":"*",@from} | uses: is missing
{"kind":"membership","party":"p","mid":"m","platforms":"*","uses":"*"} | from: is missing
{"kind":"membership",@mem,"from":"2026-02-30T00:00:00Z"}       | from: "2026-02-30T00:00:00Z" is not a time in RFC 3339 with an offset, such as 2026-10-03T09:12:44.120Z
{"kind":"membership",@mem,"from":"1999-12-31T23:59:59Z"}       | from: "1999-12-31T23:59:59Z" is not in the years 2000 to 2199 in UTC
{"kind":"membership",@mem,@from,"to":"2026-01-01T00:00:00Z"}   | to: is not after from
{"kind":"membership",@mem,@from,"to":5}                        | to: is not a string
{"kind":"membership","party":"p","mid":"m","platforms":"plt","uses":"*",@from} | platforms: is neither a list nor `*`
{"kind":"membership","party":"p","mid":"m","platforms":[],"uses":"*",@from} | platforms: is empty
{"kind":"membership","party":"p","mid":"m","platforms":["a","*"],"uses":"*",@from} | platforms[1]: is `*`, which stands for all platforms
{"kind":"membership","party":"p","mid":"m","platforms":"*","uses":[],@from} | uses: is empty
{"kind":"membership","party":"p","mid":"m","platforms":"*","uses":["training","x"],@from} | uses[1]: "x" is not one of the words that may stand here
{"kind":"agreement",@agr,"labour_share":"0.75","currency":"USD","on_shortfall":"refuse"} | from: is missing
{"kind":"agreement",@agr,"labour_share":"0.6","currency":"USD","on_shortfall":"refuse",@from} | labour_share: is below 0.70
{"kind":"agreement",@agr,"currency":"USD","on_shortfall":"refuse",@from} | labour_share: is missing
{"kind":"agreement",@agr,"labour_share":"0.75","on_shortfall":"refuse",@from} | currency: is missing
{"kind":"agreement",@agr,"labour_share":"0.75","currency":"USD",@from} | on_shortfall: is missing
{"kind":"agreement",@agr,"labour_share":"0.75","currency":"USD","on_shortfall":"true-up",@from} | on_shortfall: is none of refuse, true_up
{"kind":"agreement","id":"a","platform":"*","mid":"m","uses":"*","labour_share":"0.75","currency":"USD","on_shortfall":"refuse",@from} | platform: is `*`, which stands for all platforms
{"kind":"work","parties":[{"party":"p","share":"1"}]}          | id: is missing
{"kind":"work","id":"w"}                                       | parties: is missing
{"kind":"work","id":"w","parties":[]}                          | parties: is empty
{"kind":"work","id":"w","parties":{}}                          | parties: is not a list
{"kind":"work","id":"w","parties":[{"share":"1"}]}             | parties[0].party: is missing
{"kind":"work","id":"w","parties":[{"party":"p"}]}             | parties[0].share: is missing, and so is weight
{"kind":"work","id":"w","parties":[{"party":"p","share":"1","weight":1}]} | parties[0].weight: stands beside a share
{"kind":"work","id":"w","parties":[{"party":"p","share":"0.5"},{"party":"q","weight":1}]} | parties[1]: mixes share and weight in one work
{"kind":"work","id":"w","parties":[{"party":"p","weight":1},{"party":"q","share":"1"}]} | parties[1]: mixes share and weight in one work
{"kind":"work","id":"w","parties":[{"party":"p","share":"0.5"},{"party":"q","share":"0.499999"}]} | parties: has shares that sum to 0.999999, not 1
{"kind":"work","id":"w","parties":[{"party":"p","share":"0.5"},{"party":"q","share":"0.500001"}]} | parties: has shares that sum to 1.000001, not 1
{"kind":"work","id":"w","parties":[{"party":"p","weight":1},{"party":"q","weight":1},{"party":"p","weight":1}]} | parties[2].party: stands twice in this work
{"kind":"work","id":"w","parties":[{"party":"p","weight":0}]}  | parties[0].weight: is not a whole number from 1 to 1000000000
{"kind":"work","id":"w","parties":[{"party":"p","weight":1000000001}]} | parties[0].weight: is not a whole number from 1 to 1000000000
{"kind":"work","id":"w","parties":[{"party":"p","weight":1.5}]} | parties[0].weight: is not a whole number from 1 to 1000000000
{"kind":"work","id":"w","parties":[{"party":"p","weight":"1"}]} | parties[0].weight: is not a whole number from 1 to 1000000000
{"kind":"work","id":"w","parties":[{"party":"p","share":"1"}],"content_hash":1} | content_hash: is not a string
{"kind":"work","id":"w","parties":[{"party":"p","share":"1"}],@from,"to":"2025-01-01T00:00:00Z"} | to: is not after from
{"kind":"consent","decision":"y"}                              | party: is missing
{"kind":"consent","party":"p"}                                 | decision: is missing
{"kind":"consent","party":"p","decision":"yes"}                | decision: is none of y, n
{"kind":"consent","party":"p","decision":true}                 | decision: is not a string
{"kind":"consent","party":"p","decision":"y","work":""}        | work: is empty
{"kind":"consent","party":"p","decision":"y","platform":["a"]} | platform: is not a string
{"kind":"consent","party":"p","decision":"y","use":"reading"}  | use: "reading" is not one of the words that may stand here
{"kind":"consent","party":"p","decision":"y","from":"x"}       | from: "x" is not a time in RFC 3339 with an offset, such as 2026-10-03T09:12:44.120Z
{"kind":"residence","country":"DE",@from}                      | party: is missing
{"kind":"residence","party":"p",@from}                         | country: is missing
{"kind":"residence","party":"p","country":"de",@from}          | country: "de" is not a country: two capital letters of ISO 3166-1, such as DE
{"kind":"residence","party":"p","country":"DEU",@from}         | country: "DEU" is not a country: two capital letters of ISO 3166-1, such as DE
{"kind":"residence","party":"p","country":"DE"}                | from: is missing
{"kind":"withholding",@wht,"rate":"0.1"}                       | from: is missing
{"kind":"withholding","id":"w","rate":"0.1",@from}             | jurisdiction: is missing
{"kind":"withholding","id":"w","jurisdiction":"","rate":"0.1",@from} | jurisdiction: is empty
{"kind":"withholding",@wht,@from}                              | rate: is missing
{"kind":"withholding",@wht,"rate":"1",@from}                   | rate: is not below 1
{"kind":"withholding",@wht,"rate":"30",@from}                  | rate: "30" is not a rate: a decimal from 0 to 1 with at most 6 fractional digits
{"kind":"withholding",@wht,"rate":0.3,@from}                   | rate: is not a string
{"kind":"withholding",@wht,"rate":"0.1","residence":"fr",@from} | residence: "fr" is not a country: two capital letters of ISO 3166-1, such as DE
{"kind":"withholding",@wht,"rate":"0.1","type":"robot",@from}  | type: is none of person, organisation, community
{"kind":"withholding",@wht,"rate":"0.1",@from,"to":"2026-01-01T00:00:00Z"} | to: is not after from
{"kind":"certificate","jurisdiction":"DE","rate":"0","reference":"r",@from} | party: is missing
{"kind":"certificate","party":"p","rate":"0","reference":"r",@from} | jurisdiction: is missing
{"kind":"certificate","party":"p","jurisdiction":"DE","reference":"r",@from} | rate: is missing
{"kind":"certificate","party":"p","jurisdiction":"DE","rate":"0",@from} | reference: is missing
{"kind":"certificate","party":"p","jurisdiction":"DE","rate":"0","reference":"",@from} | reference: is empty
{"kind":"certificate","party":"p","jurisdiction":"DE","rate":"0","reference":"r\u000a9.99 is paid",@from} | reference: has control characters
{"kind":"certificate","party":"p","jurisdiction":"DE","rate":"0","reference":"r"} | from: is missing
{"kind":"successor",@from,"heirs":[{"party":"q","share":"1"}]} | party: is missing
{"kind":"successor","party":"p","heirs":[{"party":"q","share":"1"}]} | from: is missing
{"kind":"successor","party":"p",@from}                         | heirs: is missing
{"kind":"successor","party":"p",@from,"heirs":[]}              | heirs: is empty
{"kind":"successor","party":"p",@from,"heirs":[{"share":"1"}]} | heirs[0].party: is missing
{"kind":"successor","party":"p",@from,"heirs":[{"party":"q"}]} | heirs[0].share: is missing
{"kind":"successor","party":"p",@from,"heirs":[{"party":"q","share":"1"},{"party":"r","share":"0.0"}]} | heirs[1].share: is 0: who gets nothing is no heir
{"kind":"successor","party":"p",@from,"heirs":[{"party":"q","share":"0.6"},{"party":"r","share":"0.3"}]} | heirs: has shares that sum to 0.900000, not 1
{"kind":"successor","party":"p",@from,"heirs":[{"party":"q","share":"0.5"},{"party":"q","share":"0.5"}]} | heirs[1].party: stands twice among these heirs
{"kind":"successor","party":"p",@from,"heirs":[{"party":"q","share":"0.5"},{"party":"p","share":"0.5"}]} | heirs[1].party: is the party itself, which it comes after
{"kind":"exchange_rate","to":"EUR","rate":"1","source":"s",@time}  | from: is missing
{"kind":"exchange_rate","from":"USD","rate":"1","source":"s",@time} | to: is missing
{"kind":"exchange_rate","from":"USD","to":"usd","rate":"1","source":"s",@time} | to: "usd" is not an ISO 4217 currency code
{"kind":"exchange_rate","from":"USD","to":"USD","rate":"1","source":"s",@time} | to: is the currency itself
{"kind":"exchange_rate","from":"USD","to":"EUR","source":"s",@time} | rate: is missing
{"kind":"exchange_rate","from":"USD","to":"EUR","rate":"0.00","source":"s",@time} | rate: "0.00" is not an exchange rate: a decimal above 0 with at most 15 digits before and 12 after its point
{"kind":"exchange_rate","from":"USD","to":"EUR","rate":"-1","source":"s",@time} | rate: "-1" is not an exchange rate: a decimal above 0 with at most 15 digits before and 12 after its point
{"kind":"exchange_rate","from":"USD","to":"EUR","rate":0.9,"source":"s",@time} | rate: is not a string
{"kind":"exchange_rate","from":"USD","to":"EUR","rate":"1",@time}  | source: is missing
{"kind":"exchange_rate","from":"USD","to":"EUR","rate":"1","source":"s"} | time: is missing
"#;

fn spelt_out(line: &str) -> String {
    let short = [
        ("@mid", r#""id":"m","fee":"0","currency":"USD""#),
        ("@plt", r#""id":"p","default_labour_share":"0.7""#),
        ("@rate", r#""use":"training","unit":"u","price":"1","currency":"USD""#),
        ("@thr", r#""method":"m","currency":"USD","amount":"1""#),
        ("@pty", r#""id":"p","type":"person""#),
        ("@mem", r#""party":"p","mid":"m","platforms":"*","uses":"*""#),
        ("@agr", r#""id":"a","platform":"p","mid":"m","uses":["training"]"#),
        ("@time", r#""time":"2026-10-30T15:00:00Z""#),
        ("@wht", r#""id":"w","jurisdiction":"DE""#),
        ("@from", r#""from":"2026-01-01T00:00:00Z""#),
    ];
    short.iter().fold(line.to_owned(), |text, (name, whole)| text.replace(name, whole))
}

#[test]
fn every_fault_names_its_line_and_field() {
    for row in FAULTS.lines().filter(|row| !row.is_empty()) {
        let (line, expected) = row.split_once(" | ").unwrap();
        let text = format!("\r\n{}\r\n", spelt_out(line.trim_end()));
        let errors = read_load("r.ndjson", text.as_bytes()).expect_err(line);
        assert_eq!(shown(&errors), format!("r.ndjson line 2: {}\n", expected.trim()), "{line}");
    }
}

#[test]
fn an_id_has_at_most_256_bytes() {
    let party = |id: &str| format!(r#"{{"kind":"party","id":"{id}","type":"person"}}"#);
    assert!(read_load("", party(&"é".repeat(128)).as_bytes()).is_ok());
    let errors = read_load("", party(&"é".repeat(129)).as_bytes()).unwrap_err();
    assert_eq!(shown(&errors), "line 1: id: has 258 bytes; 256 is the most\n");
}

#[test]
fn bytes_that_are_not_utf_8_are_named() {
    let errors = read_load("r", b"\n{\"kind\":\"party\",\"id\":\"\xff\"}\n").unwrap_err();
    assert_eq!(shown(&errors), "r line 2: record: is not UTF-8\n");
}

#[test]
fn many_faults_are_gathered_up_to_a_bound() {
    let errors = read_load("", b"{\"kind\":\"mid\"}\n{\"kind\":\"party\",\"id\":\"p\"}\n").unwrap_err();
    assert_eq!(shown(&errors), "line 1: id: is missing\nline 1: fee: is missing\nline 1: currency: is missing\nline 2: type: is missing\n");
    assert_eq!(read_load("", "{}\n".repeat(50).as_bytes()).unwrap_err().len(), ERRORS_MAX);
}

#[test]
fn an_error_shows_nothing_private() {
    let secret =
        r#"{"kind":"party","id":"p","type":"person","name":"Ana","payout":{"method":"m","currency":"USD","iban":{"DE00":1,"DE00":2}}}"#;
    let errors = read_load("", secret.as_bytes()).unwrap_err();
    assert_eq!(shown(&errors), "line 1: payout: has a field twice\n");
    let deep = format!(
        r#"{{"kind":"party","id":"p","type":"person","payout":{{"method":"m","currency":"USD","x":{}{}}}}}"#,
        "[".repeat(9999),
        "]".repeat(9999)
    );
    assert_eq!(shown(&read_load("", deep.as_bytes()).unwrap_err()), "line 1: payout: is nested too deep\n");
}

#[test]
fn unknown_fields_and_blank_lines_are_not_read() {
    let text = b"\r\n  \n{\"kind\":\"party\",\"id\":\"p\",\"type\":\"person\",\"x\":1,\"x\":[\"\\ud800\"],\"line\":7,\"private_sha256\":3}";
    let records = read_load("", text).unwrap();
    assert_eq!((records.len(), records[0].place.line), (1, 3));
}
