//! The contract of events: what decodes, what is rejected with which code, and what the JSON Schema says of it.

mod codes;
mod edges;
mod generate;
mod properties;
mod schema;
mod spellings;

use farthing_schemas::event::decode;

/// A valid use with every field.
pub const USAGE: &str = concat!(
    r#"{"specversion":"1.0","id":"01JB7","source":"//acme.example/eu-1","type":"farthing.usage.retrieval.v1","#,
    r#""time":"2026-10-03T09:12:44.120Z","data":{"platform":"plt_acme","model":"acme-large-2","output":"resp_9f3","#,
    r#""usage":{"request":1,"input_token":812},"revenue":{"amount":"0.002140","currency":"USD"},"#,
    r#""attribution":{"method":"rag-score","method_version":"2","kind":"share","transform":"none","entries":["#,
    r#"{"party":"pty_ana","weight":"0.62","role":"author","consent_receipt":"cr_1"},"#,
    r#"{"work":"wrk_17","weight":0.25,"content_hash":"sha256:00"}],"unattributed":"0.13"}}}"#
);

/// A valid reversal with every field.
pub const REVERSAL: &str = concat!(
    r#"{"specversion":"1.0","id":"01JB8","source":"//acme.example/eu-1","type":"farthing.usage.reversal.v1","#,
    r#""time":"2026-10-04T00:00:00Z","data":{"platform":"plt_acme","model":"acme-large-2","output":"resp_9f3","#,
    r#""reverses":{"source":"//acme.example/eu-2","id":"01JB7","time":"2026-10-03T09:12:44.120Z"},"reason":"sent twice"}}"#
);

/// The code of a rejection and its sentence, or `ok`.
pub fn outcome(bytes: &[u8]) -> (String, String) {
    match decode(bytes) {
        Ok(_) => ("ok".into(), String::new()),
        Err(rejection) => (rejection.code.to_string(), rejection.sentence.into_owned()),
    }
}

/// `base` with its one `from` replaced; `<257*x>` stands for 257 times `x`.
pub fn altered(base: &str, from: &str, to: &str) -> String {
    assert_eq!(base.matches(from).count(), 1, "{from} must stand once in the base");
    base.replace(from, &expanded(to))
}

fn expanded(text: &str) -> String {
    let Some((before, rest)) = text.split_once('<') else { return text.to_owned() };
    let (repeat, after) = rest.split_once('>').expect("a repeat ends with >");
    let (times, what) = repeat.split_once('*').expect("a repeat is a number, a star and a text");
    format!("{before}{}{}", what.repeat(times.parse().expect("a repeat starts with a number")), expanded(after))
}
