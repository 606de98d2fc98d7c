//! Which tax counts for whom and when, whose money is whose after a death, and what it is worth; compiled in every way.

use super::snapshot::again;
use super::{base, load};
use farthing_schemas::registry::Registry;

/// Over [`super::BASE`]: `pty_1` and `pty_2` are persons, `pty_3` is a community.
const TAXES: &str = r#"{"kind":"mid","id":"mid_x","fee":"0.05","currency":"USD","jurisdiction":"US"}
{"kind":"mid","id":"mid_z","fee":"0","currency":"EUR","jurisdiction":"DE"}
{"kind":"withholding","id":"all","jurisdiction":"US","rate":"0.30","from":"2026-01-01T00:00:00Z"}
{"kind":"withholding","id":"persons","jurisdiction":"US","type":"person","rate":"0.28","from":"2026-01-01T00:00:00Z"}
{"kind":"withholding","id":"treaty","jurisdiction":"US","residence":"DE","rate":"0.10","from":"2026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z"}
{"kind":"withholding","id":"new_treaty","jurisdiction":"US","residence":"DE","rate":"0.05","from":"2027-01-01T00:00:00Z"}
{"kind":"withholding","id":"communities","jurisdiction":"US","residence":"DE","type":"community","rate":"0","from":"2026-01-01T00:00:00Z"}
{"kind":"residence","party":"pty_1","country":"DE","from":"2026-03-01T00:00:00Z","to":"2028-01-01T00:00:00Z"}
{"kind":"residence","party":"pty_1","country":"FR","from":"2028-01-01T00:00:00Z"}
{"kind":"residence","party":"pty_3","country":"DE","from":"2026-01-01T00:00:00Z"}
{"kind":"certificate","party":"pty_1","jurisdiction":"US","rate":"0.02","reference":"W-8 17","from":"2026-06-01T00:00:00Z","to":"2026-07-01T00:00:00Z"}
{"kind":"certificate","party":"pty_1","jurisdiction":"DE","rate":"0","reference":"elsewhere","from":"2026-01-01T00:00:00Z"}
{"kind":"exchange_rate","from":"USD","to":"EUR","rate":"0.90","source":"ECB","time":"2026-09-30T15:00:00Z"}
{"kind":"exchange_rate","from":"USD","to":"EUR","rate":"0.91","source":"ECB","time":"2026-10-01T00:00:00Z"}
{"kind":"exchange_rate","from":"USD","to":"EUR","rate":"0.92","source":"the bank","time":"2026-11-01T00:00:00Z"}
{"kind":"exchange_rate","from":"USD","to":"JPY","rate":"151.5","source":"ECB","time":"2026-10-15T00:00:00Z"}
{"kind":"successor","party":"pty_1","from":"2026-05-01T00:00:00Z","heirs":[{"party":"pty_3","share":"0.4"},{"party":"pty_2","share":"0.6"}]}
"#;

/// The registry compiled from its texts, the same after it was bytes, and from the state.
fn compiled() -> [Registry; 3] {
    let mut state = base();
    let texts = [base().public_ndjson(), load(&mut state, TAXES)];
    let from_texts = || Registry::from_public((1..).zip(texts.iter().map(Vec::as_slice))).unwrap();
    [from_texts(), again(&from_texts()), Registry::from_state(&state).unwrap()]
}

fn shown(registry: &Registry, party: &str, mid: &str, at: &str) -> String {
    let (party, mid) = (registry.party(party).unwrap(), registry.mid(mid).unwrap());
    registry.tax_terms(party, mid, at.parse().unwrap()).map_or("nothing".to_owned(), |terms| {
        format!("{} {} {} {}", terms.jurisdiction, terms.withholding, terms.certificate.unwrap_or("-"), terms.rate)
    })
}

#[test]
fn the_record_that_names_most_counts_and_a_certificate_before_it() {
    for registry in compiled() {
        let check = |party, mid, at: &str, expected| assert_eq!(shown(&registry, party, mid, at), expected, "{party} {mid} {at}");
        check("pty_1", "mid_x", "2025-12-31T23:59:59Z", "nothing");
        // Nothing is known of where it lives: what holds for everybody.
        check("pty_1", "mid_x", "2026-02-28T23:59:59.999999Z", "US persons - 0.280000");
        check("pty_2", "mid_x", "2026-06-01T00:00:00Z", "US persons - 0.280000");
        check("pty_1", "mid_x", "2026-03-01T00:00:00Z", "US treaty - 0.100000");
        check("pty_1", "mid_x", "2026-06-01T00:00:00Z", "US treaty W-8 17 0.020000");
        check("pty_1", "mid_x", "2026-07-01T00:00:00Z", "US treaty - 0.100000");
        check("pty_1", "mid_x", "2027-01-01T00:00:00Z", "US new_treaty - 0.050000");
        check("pty_1", "mid_x", "2028-01-01T00:00:00Z", "US persons - 0.280000");
        check("pty_3", "mid_x", "2026-06-01T00:00:00Z", "US communities - 0.000000");
        // A certificate lowers a tax that there is; it makes none.
        check("pty_1", "mid_z", "2026-06-01T00:00:00Z", "nothing");
        check("pty_1", "mid_y", "2026-06-01T00:00:00Z", "nothing");
    }
}

#[test]
fn heirs_are_found_once_somebody_has_died() {
    for registry in compiled() {
        let heirs = |party: &str, before: &str| -> Vec<(String, String)> {
            let heirs = registry.heirs(registry.party(party).unwrap(), before.parse().unwrap());
            heirs.map(|(heir, share)| (registry.party_id(heir).to_owned(), share.to_string())).collect()
        };
        assert_eq!(heirs("pty_1", "2026-05-01T00:00:00Z"), []);
        let both = [("pty_2", "0.600000"), ("pty_3", "0.400000")].map(|(heir, share)| (heir.to_owned(), share.to_owned()));
        assert_eq!(heirs("pty_1", "2026-05-01T00:00:00.000001Z"), both);
        assert_eq!(heirs("pty_2", "2027-01-01T00:00:00Z"), []);
    }
}

#[test]
fn the_latest_exchange_rate_of_a_time_counts() {
    for registry in compiled() {
        let check = |from: &str, to: &str, within: (&str, &str), expected: &str| {
            let quote = registry.quote(from.parse().unwrap(), to.parse().unwrap(), (within.0.parse().unwrap(), within.1.parse().unwrap()));
            let found = quote.map_or("none".to_owned(), |quote| format!("{} {} {}", quote.rate, quote.source, quote.time));
            assert_eq!(found, expected, "{from} {to} {within:?}");
        };
        let october = ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z");
        check("USD", "EUR", october, "0.920000000000 the bank 2026-11-01T00:00:00.000000Z");
        check("USD", "EUR", (october.0, "2026-10-31T23:59:59Z"), "0.910000000000 ECB 2026-10-01T00:00:00.000000Z");
        check("USD", "EUR", ("2026-10-02T00:00:00Z", "2026-10-31T23:59:59Z"), "none");
        check("USD", "JPY", october, "151.500000000000 ECB 2026-10-15T00:00:00.000000Z");
        check("EUR", "USD", october, "none");
        check("JPY", "USD", october, "none");
    }
}

#[test]
fn a_quote_is_corrected_by_a_later_load() {
    let mut state = base();
    let quote = |rate: &str| {
        format!(r#"{{"kind":"exchange_rate","from":"USD","to":"EUR","rate":"{rate}","source":"ECB","time":"2026-10-30T15:00:00Z"}}"#)
    };
    let texts = [base().public_ndjson(), load(&mut state, &quote("9.2")), load(&mut state, &quote("0.92"))];
    let registry = Registry::from_public((1..).zip(texts.iter().map(Vec::as_slice))).unwrap();
    let [from, to] = ["USD", "EUR"].map(|code| code.parse().unwrap());
    let within = ("2026-10-01T00:00:00Z".parse().unwrap(), "2026-11-01T00:00:00Z".parse().unwrap());
    assert_eq!(registry.quote(from, to, within).unwrap().rate.to_string(), "0.920000000000");
    assert!(super::judged(&state, &format!("{}\n{}", quote("1"), quote("2"))).is_err());
}
