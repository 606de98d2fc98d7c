//! Each code, and the edges of each rule: one valid event, altered in one place.

use crate::{REVERSAL, USAGE, altered, outcome};

/// What is replaced, by what, the code expected, and what the sentence must name.
type Case = (&'static str, &'static str, &'static str, &'static str);

fn check(base: &str, cases: &[Case]) {
    for (from, to, code, name) in cases {
        let text = altered(base, from, to);
        let (found, sentence) = outcome(text.as_bytes());
        assert_eq!(&found, code, "{from} -> {to}: {sentence}");
        assert!(sentence.contains(name), "{from} -> {to}: {sentence:?} does not name {name:?}");
    }
}

#[test]
fn the_bases_are_valid() {
    assert_eq!(outcome(USAGE.as_bytes()).0, "ok");
    assert_eq!(outcome(REVERSAL.as_bytes()).0, "ok");
}

#[test]
fn envelope() {
    check(
        USAGE,
        &[
            (r#""specversion":"1.0","#, "", "not_cloudevent", "specversion"),
            (r#""specversion":"1.0""#, r#""specversion":null"#, "not_cloudevent", "specversion"),
            (r#""specversion":"1.0""#, r#""specversion":"0.3""#, "not_cloudevent", "specversion"),
            (r#""specversion":"1.0""#, r#""specversion":1.0"#, "not_cloudevent", "specversion"),
            (r#""specversion":"1.0""#, r#""specversion":"\u0031.0""#, "ok", ""),
            (r#""id":"01JB7","#, "", "not_cloudevent", "id"),
            (r#""id":"01JB7""#, r#""id":null"#, "not_cloudevent", "id"),
            (r#""id":"01JB7""#, r#""id":7"#, "bad_field", "id"),
            (r#""id":"01JB7""#, r#""id":"""#, "bad_field", "id"),
            (r#""id":"01JB7""#, r#""id":"<256*x>""#, "ok", ""),
            (r#""id":"01JB7""#, r#""id":"<257*x>""#, "bad_field", "id"),
            (r#""id":"01JB7""#, r#""id":"<128*é>""#, "ok", ""),
            (r#""id":"01JB7""#, r#""id":"<128*é>x""#, "bad_field", "id"),
            (r#""id":"01JB7""#, r#""id":"<128*\u00e9>""#, "ok", ""),
            (r#""id":"01JB7""#, r#""id":"<129*\u00e9>""#, "bad_field", "id"),
            (r#""id":"01JB7""#, r#""id":"a b\u0000""#, "ok", ""),
            (r#""id":"01JB7""#, r#""id":"01JB7","id":"01JB7""#, "bad_field", "id"),
            (r#""id":"01JB7""#, r#""id":null,"\u0069d":"01JB7""#, "bad_field", "id"),
            (r#""source":"//acme.example/eu-1","#, "", "not_cloudevent", "source"),
            (r#""source":"//acme.example/eu-1""#, r#""source":[]"#, "bad_field", "source"),
            (r#""source":"//acme.example/eu-1""#, r#""source":"<257*x>""#, "bad_field", "source"),
            (r#""type":"farthing.usage.retrieval.v1","#, "", "not_cloudevent", "type"),
            (r#""type":"farthing.usage.retrieval.v1""#, r#""type":null"#, "not_cloudevent", "type"),
            (r#""type":"farthing.usage.retrieval.v1""#, r#""type":3"#, "unknown_type", "type"),
            ("farthing.usage.retrieval.v1", "farthing.usage.retrieval.v2", "unknown_type", "type"),
            ("farthing.usage.retrieval.v1", "farthing.usage..v1", "unknown_type", "type"),
            ("farthing.usage.retrieval.v1", "farthing.usage.v1", "unknown_type", "type"),
            ("farthing.usage.retrieval.v1", "farthing.usage.Retrieval.v1", "unknown_type", "type"),
            ("farthing.usage.retrieval.v1", "farthing.us\\u0061ge.training.v1", "ok", ""),
            ("farthing.usage.retrieval.v1", "farthing.usage.citation.v1", "ok", ""),
            ("farthing.usage.retrieval.v1", "farthing.usage.inference.v1", "ok", ""),
            ("farthing.usage.retrieval.v1", "farthing.usage.reversal.v1", "missing_field", "data.reverses"),
            (r#""time":"2026-10-03T09:12:44.120Z","#, "", "missing_field", "time"),
            (r#""time":"2026-10-03T09:12:44.120Z""#, r#""time":null"#, "missing_field", "time"),
            (r#""time":"2026-10-03T09:12:44.120Z""#, r#""time":1790000000"#, "bad_time", "time"),
            ("2026-10-03T09:12:44.120Z", "2026-10-03 09:12:44.120Z", "bad_time", "time"),
            ("2026-10-03T09:12:44.120Z", "2026-10-03T09:12:60Z", "bad_time", "time"),
            ("2026-10-03T09:12:44.120Z", "2026-10-03T09:12:44", "bad_time", "time"),
            ("2026-10-03T09:12:44.120Z", "1999-12-31T23:59:59.999999Z", "bad_time", "time"),
            ("2026-10-03T09:12:44.120Z", "2200-01-01T00:00:00+00:01", "ok", ""),
            ("2026-10-03T09:12:44.120Z", "2026-10-03t09:12:44.1234567891z", "ok", ""),
            (r#""specversion":"1.0""#, r#""specversion":"1.0","datacontenttype":7,"x":{"id":1,"id":1},"x":[]"#, "ok", ""),
        ],
    );
}

#[test]
fn data() {
    check(
        USAGE,
        &[
            (r#""platform":"plt_acme","#, "", "missing_field", "data.platform"),
            (r#""platform":"plt_acme""#, r#""platform":null"#, "missing_field", "data.platform"),
            (r#""platform":"plt_acme""#, r#""platform":{}"#, "bad_field", "data.platform"),
            (r#""platform":"plt_acme""#, r#""platform":"<257*x>""#, "bad_field", "data.platform"),
            (r#""platform":"plt_acme""#, r#""pl\u0061tform":"plt_acme""#, "ok", ""),
            (r#""platform":"plt_acme""#, r#""platform":"plt_acme","pl\u0061tform":"plt_other""#, "bad_field", "data.platform"),
            (r#""platform":"plt_acme""#, r#""platform":"plt_acme","\uD83D\uDE00":"plt_other""#, "ok", ""),
            (r#""model":"acme-large-2","#, "", "ok", ""),
            (r#""model":"acme-large-2""#, r#""model":null"#, "ok", ""),
            (r#""model":"acme-large-2""#, r#""model":"""#, "ok", ""),
            (r#""model":"acme-large-2""#, r#""model":false"#, "bad_field", "data.model"),
            (r#""model":"acme-large-2""#, r#""model":"<257*x>""#, "bad_field", "data.model"),
            (r#""output":"resp_9f3""#, r#""output":9"#, "bad_field", "data.output"),
            (r#""output":"resp_9f3""#, r#""output":"<86*€>""#, "bad_field", "data.output"),
            (r#""output":"resp_9f3""#, r#""output":"<85*€>""#, "ok", ""),
            (r#""output":"resp_9f3""#, r#""output":"resp_9f3","output":null"#, "bad_field", "data.output"),
            (r#""output":"resp_9f3""#, r#""output":"resp_9f3","reverses":7,"reason":8,"reason":9"#, "ok", ""),
        ],
    );
    let whole = &USAGE[USAGE.find(r#""data":"#).expect("the base has data")..USAGE.len() - 1];
    check(
        USAGE,
        &[
            (whole, r#""x":1"#, "missing_field", "data"),
            (whole, r#""data":null"#, "missing_field", "data"),
            (whole, r#""data":"{}""#, "bad_field", "data"),
            (whole, r#""data":[]"#, "bad_field", "data"),
            (whole, r#""data":{}"#, "missing_field", "data."),
            (whole, r#""data":null,"data":{}"#, "bad_field", "data"),
        ],
    );
}

#[test]
fn usage_counts() {
    check(
        USAGE,
        &[
            (r#""usage":{"request":1,"input_token":812},"#, "", "ok", ""),
            (r#""usage":{"request":1,"input_token":812}"#, r#""usage":null"#, "ok", ""),
            (r#""usage":{"request":1,"input_token":812}"#, r#""usage":{}"#, "ok", ""),
            (r#""usage":{"request":1,"input_token":812}"#, r#""usage":[1]"#, "bad_field", "data.usage"),
            (r#""usage":{"request":1,"input_token":812}"#, r#""usage":7"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":0"#, "ok", ""),
            (r#""request":1"#, r#"   "re\"quest"  :  1 "#, "ok", ""),
            (r#""request":1"#, r#""request":9007199254740992"#, "ok", ""),
            (r#""request":1"#, r#""request":9007199254740993"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":90071992547409920"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":<400*9>"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":-1"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":-0"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":1.0"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":1e3"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":"1""#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":null"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":{}"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":1,"request":1"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":1,"re\u0071uest":1"#, "bad_field", "data.usage"),
            (r#""request":1"#, r#""request":01"#, "malformed_json", "byte"),
        ],
    );
}

#[test]
fn revenue() {
    check(
        USAGE,
        &[
            (r#""revenue":{"amount":"0.002140","currency":"USD"},"#, "", "ok", ""),
            (r#""revenue":{"amount":"0.002140","currency":"USD"}"#, r#""revenue":null"#, "ok", ""),
            (r#""revenue":{"amount":"0.002140","currency":"USD"}"#, r#""revenue":"1 USD""#, "bad_field", "data.revenue"),
            (r#""amount":"0.002140","#, "", "missing_field", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":null"#, "missing_field", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":0.002140"#, "bad_amount", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":"0.002140","amount":"0.002140""#, "bad_field", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":"-1""#, "bad_amount", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":"1e3""#, "bad_amount", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":"01""#, "bad_amount", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":"1.""#, "bad_amount", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":"0.<13*1>""#, "bad_amount", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":"0.0000000000001""#, "bad_amount", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":"1000000000000000""#, "bad_amount", "data.revenue.amount"),
            (r#""amount":"0.002140""#, r#""amount":"999999999999999.999999999999""#, "ok", ""),
            (r#""amount":"0.002140""#, r#""amount":"\u0030""#, "ok", ""),
            (r#""amount":"0.002140""#, r#""amount":"<400*9>""#, "bad_amount", "data.revenue.amount"),
            (r#","currency":"USD""#, "", "missing_field", "data.revenue.currency"),
            (r#""currency":"USD""#, r#""currency":840"#, "bad_field", "data.revenue.currency"),
            (r#""currency":"USD""#, r#""currency":"usd""#, "unknown_currency", "data.revenue.currency"),
            (r#""currency":"USD""#, r#""currency":"""#, "unknown_currency", "data.revenue.currency"),
            (r#""currency":"USD""#, r#""currency":"JPY","rate":{"a":[null]}"#, "ok", ""),
        ],
    );
}

#[test]
fn attribution() {
    let whole = &USAGE[USAGE.find(r#","attribution""#).expect("the base has an attribution")..USAGE.len() - 2];
    check(
        USAGE,
        &[
            (whole, "", "missing_field", "data.attribution"),
            (whole, r#","attribution":null"#, "missing_field", "data.attribution"),
            (whole, r#","attribution":[]"#, "bad_field", "data.attribution"),
            (whole, r#","attribution":{}"#, "missing_field", "data.attribution.kind"),
            (whole, r#","attribution":{"kind":"share"}"#, "missing_field", "data.attribution.entries"),
            (whole, r#","attribution":{"kind":"share","entries":null}"#, "missing_field", "data.attribution.entries"),
            (whole, r#","attribution":{"kind":"share","entries":{}}"#, "bad_field", "data.attribution.entries"),
            (whole, r#","attribution":{"kind":"share","entries":[]}"#, "ok", ""),
            (whole, r#","attribution":{"entries":[],"kind":"share","entries":[]}"#, "bad_field", "data.attribution.entries"),
            (whole, r#","attribution":{"kind":"share","entries":[null]}"#, "bad_field", "data.attribution.entries[0]"),
            (whole, r#","attribution":{"kind":"share","entries":["pty_ana"]}"#, "bad_field", "data.attribution.entries[0]"),
            (r#""kind":"share","#, "", "missing_field", "data.attribution.kind"),
            (r#""kind":"share""#, r#""kind":1"#, "bad_field", "data.attribution.kind"),
            (r#""kind":"share""#, r#""kind":"Share""#, "bad_field", "data.attribution.kind"),
            (r#""kind":"share""#, r#""kind":"citation_count""#, "ok", ""),
            (r#""kind":"share""#, r#""kind":"score""#, "score_without_transform", "data.attribution.transform"),
            (r#""kind":"share","transform":"none""#, r#""kind":"score""#, "score_without_transform", "data.attribution.transform"),
            (
                r#""kind":"share","transform":"none""#,
                r#""kind":"score","transform":1"#,
                "score_without_transform",
                "data.attribution.transform",
            ),
            (r#""kind":"share","transform":"none""#, r#""transform":"linear","kind":"score""#, "ok", ""),
            (r#""kind":"share","transform":"none""#, r#""transform":"softma\u0078","kind":"score""#, "ok", ""),
            (r#""transform":"none""#, r#""transform":["not read"]"#, "ok", ""),
            (r#""method":"rag-score""#, r#""method":1"#, "bad_field", "data.attribution.method"),
            (r#""method":"rag-score""#, r#""method":"<5000*m>""#, "ok", ""),
            (r#""method_version":"2""#, r#""method_version":2"#, "bad_field", "data.attribution.method_version"),
            (r#""unattributed":"0.13""#, r#""unattributed":null"#, "ok", ""),
            (r#""unattributed":"0.13""#, r#""unattributed":1"#, "ok", ""),
            (r#""unattributed":"0.13""#, r#""unattributed":-0"#, "ok", ""),
            (r#""unattributed":"0.13""#, r#""unattributed":-1e-13"#, "ok", ""),
            (r#""unattributed":"0.13""#, r#""unattributed":"1.0000000000005""#, "ok", ""),
            (r#""unattributed":"0.13""#, r#""unattributed":"1.000000000001""#, "bad_weight", "data.attribution.unattributed"),
            (r#""unattributed":"0.13""#, r#""unattributed":-0.1"#, "bad_weight", "data.attribution.unattributed"),
            (r#""unattributed":"0.13""#, r#""unattributed":true"#, "bad_weight", "data.attribution.unattributed"),
            (r#""unattributed":"0.13""#, r#""unattributed":"0.13","unattributed":"0.13""#, "bad_field", "data.attribution.unattributed"),
        ],
    );
}

#[test]
fn entries() {
    check(
        USAGE,
        &[
            (r#""party":"pty_ana","#, "", "bad_field", "data.attribution.entries[0]"),
            (r#""party":"pty_ana""#, r#""party":"pty_ana","work":"wrk_1""#, "bad_field", "data.attribution.entries[0]"),
            (r#""party":"pty_ana""#, r#""party":"pty_ana","work":null"#, "ok", ""),
            (r#""party":"pty_ana""#, r#""party":"pty_ana","party":"pty_ana""#, "bad_field", "data.attribution.entries[0]"),
            (r#""party":"pty_ana""#, r#""party":"pty_ana","p\u0061rty":"pty_bo""#, "bad_field", "data.attribution.entries[0]: party"),
            (r#""party":"pty_ana""#, r#""party":1"#, "bad_field", "data.attribution.entries[0]: party"),
            (r#""party":"pty_ana""#, r#""party":"""#, "bad_field", "data.attribution.entries[0]: party"),
            (r#""party":"pty_ana""#, r#""party":"<256*x>""#, "ok", ""),
            (r#""party":"pty_ana""#, r#""party":"<257*x>""#, "bad_field", "data.attribution.entries[0]: party"),
            (r#""party":"pty_ana""#, r#""party":"<64*😀>""#, "ok", ""),
            (r#""party":"pty_ana""#, r#""party":"<64*\ud83d\uDE00>""#, "ok", ""),
            (r#""party":"pty_ana""#, r#""party":"<65*😀>""#, "bad_field", "data.attribution.entries[0]: party"),
            (r#""work":"wrk_17""#, r#""work":"wrk 17""#, "bad_field", "data.attribution.entries[1]: work"),
            (r#""work":"wrk_17""#, r#""work":"wrk\u0000""#, "bad_field", "data.attribution.entries[1]: work"),
            (r#""work":"wrk_17""#, r#""work":"wrk\n""#, "bad_field", "data.attribution.entries[1]: work"),
            (r#""work":"wrk_17""#, r#""work":"wrk\u007f""#, "bad_field", "data.attribution.entries[1]: work"),
            (r#""work":"wrk_17""#, r#""work":"wrk\u0085""#, "bad_field", "data.attribution.entries[1]: work"),
            (r#""work":"wrk_17""#, r#""work":"wrk\u00a0""#, "bad_field", "data.attribution.entries[1]: work"),
            (r#""work":"wrk_17""#, r#""work":"wrk\u2003""#, "bad_field", "data.attribution.entries[1]: work"),
            (r#""work":"wrk_17""#, r#""work":"wrk\u200b\ufeff\u00ad""#, "ok", ""),
            (r#""work":"wrk_17""#, r#""work":"ürk\"\\\/""#, "ok", ""),
            (r#""content_hash":"sha256:00""#, r#""content_hash":1"#, "bad_field", "data.attribution.entries[1]: content_hash"),
            (r#""role":"author""#, r#""role":[]"#, "bad_field", "data.attribution.entries[0]: role"),
            (r#""role":"author""#, r#""role":null,"seen":{"weight":[]}"#, "ok", ""),
            (r#""consent_receipt":"cr_1""#, r#""consent_receipt":true"#, "bad_field", "data.attribution.entries[0]: consent_receipt"),
        ],
    );
}

#[test]
fn weights() {
    let weight = r#""weight":0.25"#;
    let named = "data.attribution.entries[1]: weight";
    check(
        USAGE,
        &[
            (r#","weight":0.25"#, "", "missing_field", named),
            (weight, r#""weight":null"#, "missing_field", named),
            (weight, r#""weight":{}"#, "bad_weight", named),
            (weight, r#""weight":true"#, "bad_weight", named),
            (weight, r#""weight":0.25,"weight":0.25"#, "bad_field", named),
            (weight, r#""weight":"-0""#, "ok", ""),
            (weight, r#""weight":-0"#, "ok", ""),
            (weight, r#""weight":-7.5"#, "ok", ""),
            (weight, r#""weight":"+1""#, "bad_weight", named),
            (weight, r#""weight":+1"#, "malformed_json", "byte"),
            (weight, r#""weight":".5""#, "bad_weight", named),
            (weight, r#""weight":"5.""#, "bad_weight", named),
            (weight, r#""weight":"05""#, "bad_weight", named),
            (weight, r#""weight":"""#, "bad_weight", named),
            (weight, r#""weight":" 1""#, "bad_weight", named),
            (weight, r#""weight":"NaN""#, "bad_weight", named),
            (weight, r#""weight":NaN"#, "malformed_json", "byte"),
            (weight, r#""weight":-Infinity"#, "malformed_json", "byte"),
            (weight, r#""weight":1e400"#, "bad_weight", named),
            (weight, r#""weight":1e-64"#, "ok", ""),
            (weight, r#""weight":1E-65"#, "bad_weight", named),
            (weight, r#""weight":0e+64"#, "ok", ""),
            (weight, r#""weight":2.5E-1"#, "ok", ""),
            (weight, r#""weight":"2.5e-0000000000000000000000000000000000000000000000000001""#, "ok", ""),
            (weight, r#""weight":999999999999999.999999999999"#, "ok", ""),
            (weight, r#""weight":1000000000000000"#, "bad_weight", named),
            (weight, r#""weight":-1e15"#, "bad_weight", named),
            (weight, r#""weight":0.1234567890123456789012345678901234567890123456789012345678901 "#, "ok", ""),
            (weight, r#""weight":0.12345678901234567890123456789012345678901234567890123456789012 "#, "ok", ""),
            (weight, r#""weight":0.123456789012345678901234567890123456789012345678901234567890123 "#, "bad_weight", named),
            (weight, r#""weight":0.<400*5>"#, "bad_weight", named),
            (weight, r#""weight":<400*5>"#, "bad_weight", named),
        ],
    );
    let rank = altered(USAGE, r#""kind":"share""#, r#""kind":"rank""#).replace(r#""0.62""#, "1");
    check(
        &rank,
        &[
            (weight, r#""weight":1"#, "ok", ""),
            (weight, r#""weight":"2.0""#, "ok", ""),
            (weight, r#""weight":3e1"#, "ok", ""),
            (weight, r#""weight":2.0000000000001"#, "ok", ""),
            (weight, r#""weight":0.9999999999999"#, "ok", ""),
            (weight, r#""weight":2.5"#, "bad_weight", named),
            (weight, r#""weight":0"#, "bad_weight", named),
            (weight, r#""weight":1e-64"#, "bad_weight", named),
            (weight, r#""weight":-1"#, "bad_weight", named),
        ],
    );
}

#[test]
fn reversals() {
    check(
        REVERSAL,
        &[
            (r#""platform":"plt_acme","#, "", "missing_field", "data.platform"),
            (r#""model":"acme-large-2""#, r#""model":1"#, "bad_field", "data.model"),
            (r#""reverses":{"#, r#""reverses":null,"x":{"#, "missing_field", "data.reverses"),
            (r#""reverses":{"#, r#""reverses":"01JB7","x":{"#, "bad_field", "data.reverses"),
            (r#""reverses":{"#, r#""reverses":{},"x":{"#, "missing_field", "data.reverses.source"),
            (r#""reverses":{"#, r#""reverses":null,"reverses":{"#, "bad_field", "data.reverses"),
            (r#""source":"//acme.example/eu-2","#, "", "missing_field", "data.reverses.source"),
            (r#""source":"//acme.example/eu-2""#, r#""source":"""#, "bad_field", "data.reverses.source"),
            (r#""id":"01JB7","#, "", "missing_field", "data.reverses.id"),
            (r#""id":"01JB7""#, r#""id":7"#, "bad_field", "data.reverses.id"),
            (r#""id":"01JB7""#, r#""id":"<257*x>""#, "bad_field", "data.reverses.id"),
            (r#","time":"2026-10-03T09:12:44.120Z""#, "", "ok", ""),
            (r#""time":"2026-10-03T09:12:44.120Z""#, r#""time":null"#, "ok", ""),
            (r#""time":"2026-10-03T09:12:44.120Z""#, r#""time":"yesterday""#, "bad_time", "data.reverses.time"),
            (r#""time":"2026-10-03T09:12:44.120Z""#, r#""time":7"#, "bad_time", "data.reverses.time"),
            (r#","reason":"sent twice""#, "", "ok", ""),
            (r#""reason":"sent twice""#, r#""reason":[1]"#, "bad_field", "data.reason"),
            (r#""reason":"sent twice""#, r#""usage":1,"revenue":{"amount":2},"attribution":{"kind":3},"usage":1"#, "ok", ""),
        ],
    );
}

#[test]
fn json_that_is_none() {
    check(
        USAGE,
        &[
            (r#""model":"acme-large-2""#, r#""model":"\ud800""#, "malformed_json", "byte"),
            (r#""model":"acme-large-2""#, r#""x":"\ud800""#, "malformed_json", "byte"),
            (r#""model":"acme-large-2""#, r#""x":[{"y":"a\udc00\ud800"}]"#, "malformed_json", "byte"),
            (r#""model":"acme-large-2""#, r#""x":{"\ud83d":1}"#, "malformed_json", "byte"),
            (r#""model":"acme-large-2""#, r#""\ud83d\u0041":1"#, "malformed_json", "byte"),
            (r#""model":"acme-large-2""#, r#""x":"\ud83d\ude00""#, "ok", ""),
            (r#""model":"acme-large-2""#, r#""x":"\q""#, "malformed_json", "escape"),
            (r#""model":"acme-large-2""#, r#""x":"\u12g4""#, "malformed_json", "escape"),
            (r#""model":"acme-large-2""#, "\"x\":\"a\u{1}\"", "malformed_json", "control"),
            (r#""model":"acme-large-2""#, "\"x\":\"a\u{7f}\"", "ok", ""),
            (r#""model":"acme-large-2""#, "\"x\":\"\t\"", "malformed_json", "control"),
            (r#""model":"acme-large-2""#, r#""x":NaN"#, "malformed_json", "byte"),
            (r#""model":"acme-large-2""#, r#""x":[1,]"#, "malformed_json", "byte"),
            (r#""model":"acme-large-2""#, r#""x":.5"#, "malformed_json", "byte"),
            (r#""model":"acme-large-2""#, r#""x":1e999,"y":<4301*9>"#, "malformed_json", "byte"),
            (r#""model":"acme-large-2""#, r#""x":1e999,"y":<4300*9>"#, "ok", ""),
            (r#""model":"acme-large-2""#, r#"'x':1"#, "malformed_json", "key"),
            (r#""id":"01JB7""#, r#""id":7,"x":tru"#, "malformed_json", "byte"),
            (r#""0.13"}}}"#, r#""0.13"}}"#, "malformed_json", "byte"),
            (r#""0.13"}}}"#, r#""0.13"}}}}"#, "malformed_json", "byte"),
            (r#""0.13"}}}"#, r#""0.13"}}} x"#, "malformed_json", "byte"),
            (r#""0.13"}}}"#, "\"0.13\"}}}\r", "ok", ""),
            (r#"{"specversion""#, "\u{feff}{\"specversion\"", "malformed_json", "byte"),
            (r#"{"specversion""#, " \t{ \"specversion\"", "ok", ""),
        ],
    );
}
