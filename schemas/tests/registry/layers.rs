//! Versions on top of each other, what is private, and public text there and back.

use super::snapshot::again;
use super::{BASE, base, judged, load};
use farthing_schemas::registry::{Registry, State, read_load};
use farthing_schemas::{Instant, Rate, Use};
use std::collections::HashMap;

const EXAMPLES: &str = include_str!("../../json/examples/registry.ndjson");

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn rebuilt(versions: &[Vec<u8>]) -> State {
    let mut state = State::default();
    (1..).zip(versions).for_each(|(version, text)| state.read_public(version, text).unwrap());
    state
}

/// The registry of archived versions.
fn compiled(versions: &[Vec<u8>]) -> Registry {
    Registry::from_public((1..).zip(versions.iter().map(Vec::as_slice))).unwrap()
}

#[test]
fn public_text_is_canonical_and_comes_back() {
    let mut state = State::default();
    let text = load(&mut state, EXAMPLES);
    let again = rebuilt(std::slice::from_ref(&text));
    assert_eq!(again.public_ndjson(), text);
    let shuffled: Vec<&str> = EXAMPLES.lines().rev().collect();
    let lines = |text: &[u8]| -> Vec<String> {
        String::from_utf8(text.to_vec()).unwrap().lines().map(|line| line.split_once(",\"kind\"").unwrap().1.to_owned()).collect()
    };
    assert_eq!(lines(&judged(&State::default(), &shuffled.join("\n")).unwrap().public_ndjson()), lines(&text));
    let membership = String::from_utf8(text).unwrap().lines().find(|line| line.contains("membership")).unwrap().to_owned();
    let expected = r#"{"line":8,"kind":"membership","party":"pty_ana","mid":"mid_guild","platforms":"*","uses":["training"],"#;
    assert_eq!(membership, format!(r#"{expected}"from":"2026-01-01T00:00:00.000000Z","to":"2026-06-01T00:00:00.500000Z"}}"#));
}

#[test]
fn a_load_again_changes_nothing() {
    let mut state = base();
    assert!(judged(&state, BASE).unwrap().is_empty());
    let same = BASE.replace(r#""0.7""#, r#""0.700""#).replace("2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00");
    assert!(judged(&state, &same).unwrap().is_empty());
    let owners = r#"{"kind":"work","id":"wrk_2","parties":[{"party":"pty_1","weight":1},{"party":"pty_2","weight":2}],"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z"}"#;
    assert!(judged(&state, owners).unwrap().is_empty());
    load(&mut state, &BASE.replace(r#""fee":"0.05""#, r#""fee":"0.06""#));
    assert_eq!(state.version(), 2);
    assert_eq!(judged(&state, BASE).unwrap().len(), 1);
}

#[test]
fn star_and_the_list_of_all_are_two_keys() {
    let membership = |uses: &str, to: &str| {
        format!(r#"{{"kind":"membership","party":"pty_1","mid":"mid_x","platforms":"*","uses":{uses},"from":"2026-01-01T00:00:00Z"{to}}}"#)
    };
    let listed = r#"["training","citation","retrieval","inference"]"#;
    let mut state = base();
    let first = load(&mut state, &membership("\"*\"", ""));
    assert!(judged(&state, &membership(listed, "")).is_err());
    let second = load(&mut state, &membership("\"*\"", r#","to":"2026-02-01T00:00:00Z""#));
    let registry = compiled(&[super::base().public_ndjson(), first, second]);
    let (party, platform) = (registry.party("pty_1").unwrap(), registry.platform("plt_a").unwrap());
    assert!(registry.mid_of(registry.standing(party), platform, Use::Training, at("2026-01-31T23:59:59Z")).is_some());
    assert!(registry.mid_of(registry.standing(party), platform, Use::Training, at("2026-02-01T00:00:00Z")).is_none());
}

#[test]
fn what_is_private_of_a_party_is_set_aside() {
    let text = r#"{"kind":"party","id":"p","type":"person","payout":{"zip":1.50,"method":"sepa","iban":"DE\u0030","currency":"EUR","bank":{"b":null,"a":[true ,"x"]}},"identifiers":[{"value":"1","scheme":"isni","note":"x"}],"name":"Ana"}"#;
    let mut state = State::default();
    let mut delta = judged(&state, text).unwrap();
    let private: Vec<(String, String)> = delta.private().map(|(id, details)| (id.to_owned(), details.as_json().to_owned())).collect();
    let expected = r#"{"name":"Ana","identifiers":[{"scheme":"isni","value":"1"}],"payout":{"bank":{"a":[true,"x"],"b":null},"iban":"DE0","zip":1.50}}"#;
    assert_eq!(private, [("p".to_owned(), expected.to_owned())]);
    assert!(!format!("{delta:?}").contains("Ana"));
    delta.seal_private(|id, _| Ok::<_, ()>((id == "p").then_some([0xab; 32]))).unwrap();
    let public = String::from_utf8(delta.public_ndjson()).unwrap();
    let digest = "ab".repeat(32);
    let line = format!(
        r#"{{"line":1,"kind":"party","id":"p","type":"person","payout":{{"method":"sepa","currency":"EUR"}},"private_sha256":"{digest}"}}"#
    );
    assert_eq!(public, line + "\n");
    state.commit(1, delta);
    assert_eq!(rebuilt(&[public.into_bytes()]).private_sha256("p"), Some([0xab; 32]));
}

#[test]
fn other_private_details_are_a_change() {
    let text = |name: &str| format!(r#"{{"kind":"party","id":"p","type":"person","name":"{name}"}}"#);
    let mut vault: HashMap<String, String> = HashMap::new();
    let mut state = State::default();
    for (name, changes) in [("Ana", 1), ("Ana", 0), ("Anna", 1), ("Anna", 0)] {
        let load = read_load("", text(name).as_bytes()).unwrap();
        let delta = state.apply(load, |id, details| vault.get(id).is_some_and(|known| known == details.as_json())).unwrap();
        assert_eq!(delta.len(), changes, "{name}");
        vault.extend(delta.private().map(|(id, details)| (id.to_owned(), details.as_json().to_owned())));
        state.commit(state.version() + 1, delta);
    }
}

#[test]
fn terms_and_prices_are_found() {
    let mut state = State::default();
    let text = load(&mut state, EXAMPLES);
    for registry in [again(&compiled(std::slice::from_ref(&text))), compiled(&[text]), Registry::from_state(&state).unwrap()] {
        assert_eq!((registry.version(), registry.party_count()), (1, 3));
        let platform = registry.platform("plt_acme").unwrap();
        let terms = registry.platform_terms(platform);
        assert_eq!((terms.default_labour_share, terms.denies_by_default), (Rate::LEAST_LABOUR_SHARE, true));
        let units: Vec<&str> = registry.prices(platform, Use::Retrieval).iter().map(|price| &*price.unit).collect();
        assert_eq!(units, ["request", "retrieval"]);
        assert!(registry.prices(platform, Use::Citation).is_empty());
        let mid = registry.mid("mid_guild").unwrap();
        assert_eq!(
            (registry.mid_terms(mid).recovery_cap.to_string(), registry.mid_terms(mid).thresholds.len()),
            ("0.300000".to_owned(), 2)
        );
        assert_eq!(registry.mid_terms(registry.mid("mid_plain").unwrap()).recovery_cap.to_string(), "0.250000");
        let party = registry.party("pty_ana").unwrap();
        let payout = registry.payout(party).unwrap();
        assert_eq!((payout.method, payout.currency.code()), ("sepa", "EUR"));
        assert!(registry.payout(registry.party("pty_bo").unwrap()).is_none());
        assert!(registry.stays(party, mid, at("2026-06-01T00:00:00Z")));
        assert!(!registry.stays(party, mid, at("2026-06-01T00:00:00.500000Z")));
        let (work, parts) = registry.work("wrk_shares", at("2026-06-01T00:00:00Z")).unwrap();
        let parts: Vec<(&str, u64)> = parts.iter().map(|part| (registry.party_id(part.party), part.weight)).collect();
        assert_eq!((registry.work_id(work), parts), ("wrk_shares", vec![("pty_ana", 666_667), ("pty_bo", 333_333)]));
        let agreement = registry.agreement("agr_two").unwrap();
        assert_eq!(registry.agreement_terms(agreement).platform, registry.platform("plt_plain").unwrap());
    }
}

#[test]
fn text_that_was_not_written_here_is_not_compiled() {
    let error = Registry::from_public([(
        1,
        &b"{\"line\":1,\"kind\":\"consent\",\"party\":\"p\",\"platform\":\"*\",\"use\":\"*\",\"decision\":\"n\"}\n"[..],
    )])
    .unwrap_err();
    assert_eq!(error.to_string(), r#"registry version 1, line 1 of its public text: names party "p", which does not stand before"#);
    assert!(Registry::from_public([(1, BASE.as_bytes())]).is_err());
}
