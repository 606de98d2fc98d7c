//! Claims upon one event, as tables; and what holds of any claims upon any event.

use super::*;
use farthing_schemas::Money;
use farthing_schemas::event::decode;
use farthing_schemas::registry::{State, read_load};
use proptest::prelude::*;
use std::sync::LazyLock;

/// As it was when events were metered: ana is represented, ben is not, eve denies.
const THEN: &str = r#"
{"kind":"platform","id":"plt","default_labour_share":"0.75"}
{"kind":"mid","id":"mid_a","fee":"0.05","currency":"USD"}
{"kind":"mid","id":"mid_b","fee":"0.05","currency":"USD"}
{"kind":"party","id":"ana","type":"person"}
{"kind":"party","id":"ben","type":"person"}
{"kind":"party","id":"eve","type":"person"}
{"kind":"party","id":"fay","type":"person"}
{"kind":"membership","party":"ana","mid":"mid_a","platforms":"*","uses":"*","from":"2026-01-01T00:00:00Z"}
{"kind":"membership","party":"eve","mid":"mid_a","platforms":"*","uses":"*","from":"2026-01-01T00:00:00Z"}
{"kind":"consent","party":"eve","decision":"n","from":"2026-01-01T00:00:00Z"}
{"kind":"consent","party":"fay","decision":"n","from":"2026-01-01T00:00:00Z"}
{"kind":"agreement","id":"agr_a","platform":"plt","mid":"mid_a","uses":["inference"],"labour_share":"0.80","currency":"USD","on_shortfall":"refuse","from":"2026-01-01T00:00:00Z"}
"#;

/// What is known since: dora was mid_a's all the time, cem is mid_b's since November, whose agreement promises less than the default; gus
/// is nobody's, hal denied one work in time; a work's owners of October, and another's since November.
const SINCE: &str = r#"
{"kind":"party","id":"cem","type":"person"}
{"kind":"party","id":"dora","type":"person"}
{"kind":"party","id":"gus","type":"person"}
{"kind":"party","id":"hal","type":"person"}
{"kind":"membership","party":"dora","mid":"mid_a","platforms":"*","uses":"*","from":"2026-01-01T00:00:00Z"}
{"kind":"membership","party":"cem","mid":"mid_b","platforms":"*","uses":"*","from":"2026-11-01T00:00:00Z"}
{"kind":"membership","party":"ben","mid":"mid_b","platforms":"*","uses":"*","from":"2026-12-01T00:00:00Z"}
{"kind":"membership","party":"hal","mid":"mid_a","platforms":"*","uses":"*","from":"2026-01-01T00:00:00Z"}
{"kind":"membership","party":"fay","mid":"mid_b","platforms":"*","uses":"*","from":"2026-11-01T00:00:00Z"}
{"kind":"consent","party":"cem","decision":"n","from":"2026-11-01T00:00:00Z"}
{"kind":"consent","party":"hal","work":"book","decision":"n","from":"2026-01-01T00:00:00Z"}
{"kind":"agreement","id":"agr_b","platform":"plt","mid":"mid_b","uses":["inference"],"labour_share":"0.70","currency":"USD","on_shortfall":"refuse","from":"2026-11-01T00:00:00Z"}
{"kind":"work","id":"book","from":"2026-01-01T00:00:00Z","parties":[{"party":"ana","weight":1},{"party":"gus","weight":1},{"party":"hal","weight":1}]}
{"kind":"work","id":"song","from":"2026-11-01T00:00:00Z","parties":[{"party":"cem","weight":1}]}
"#;

struct World {
    then: Registry,
    since: Registry,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let mut state = State::default();
    let mut load = |text: &str| {
        let delta = state.apply(read_load("", text.trim_start().as_bytes()).expect("records"), |_, _| false).expect("a registry");
        let public = delta.public_ndjson();
        state.commit(state.version() + 1, delta);
        public
    };
    let (first, second) = (load(THEN), load(SINCE));
    let compiled = |texts: &[&[u8]]| Registry::from_public((1..).zip(texts.iter().copied())).expect("it compiles");
    World { then: compiled(&[&first]), since: compiled(&[&first, &second]) }
});

/// An event of October whose units are split evenly over these, such as `party ana, work book`.
fn event(units: u32, entries: &str) -> String {
    let entries: Vec<String> = entries
        .split(", ")
        .map(|entry| entry.split_once(' ').expect("a kind and an id"))
        .map(|(kind, id)| format!("{{\"{kind}\":\"{id}\",\"weight\":1}}"))
        .collect();
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"e\",\"source\":\"//plt\",\"type\":\"farthing.usage.inference.v1\",\"time\":\"2026-10-10T12:00:00Z\",\
         \"data\":{{\"platform\":\"plt\",\"revenue\":{{\"amount\":\"{}\",\"currency\":\"USD\"}},\
         \"attribution\":{{\"kind\":\"citation_count\",\"entries\":[{}]}}}}}}",
        Money::from_units(units.into()),
        entries.join(",")
    )
}

fn asked(text: &str) -> Asked {
    match text.split(' ').collect::<Vec<_>>()[..] {
        ["unlicensed", party] => {
            let [party, platform] = [party, "plt"].map(str::to_owned);
            Asked::Unlicensed { party, platform, currency: None, month: None, mid: None }
        }
        ["unlicensed", party, platform, month] => {
            let [party, platform] = [party, platform].map(str::to_owned);
            Asked::Unlicensed { party, platform, currency: "USD".parse().ok(), month: month.parse().ok(), mid: None }
        }
        ["unlicensed", party, mid] => {
            let [party, platform, mid] = [party, "plt", mid].map(str::to_owned);
            Asked::Unlicensed { party, platform, currency: None, month: None, mid: Some(mid) }
        }
        [kind, reference] => Asked::Suspense { kind: kind.parse().expect("a kind"), reference: reference.to_owned() },
        _ => panic!("{text} is no claim"),
    }
}

/// What the last of some claims of that time moves.
fn moved_at(at: &str, event: &str, claims: &[Asked]) -> Moved {
    let event = decode(event.as_bytes()).expect("an event");
    let at = at.parse().expect("a time");
    let claims: Vec<Claim<'_>> = claims.iter().map(|asked| Claim { asked, registry: &WORLD.since, at }).collect();
    moved(&mut LineMaker::default(), &WORLD.then, &event, &claims).expect("an event that was metered").0
}

const NOVEMBER: &str = "2026-11-20T00:00:00Z";

/// What the last of some claims moves: `- party dora suspense 100 75`, each with works, MID and agreement where there are some.
fn check(units: u32, entries: &str, claims: &[&str], expected: &[&str]) {
    let claims: Vec<Asked> = claims.iter().map(|text| asked(text)).collect();
    let moved = moved_at(NOVEMBER, &event(units, entries), &claims);
    let line = |sign: &str, line: &ClaimLine| {
        let NamedLine { key, works, gross, labour } =
            line.named("plt", farthing_schemas::Use::Inference, "USD".parse().expect("a currency"));
        let terms = [works.join("+"), key.mid, key.agreement].concat();
        let words =
            [sign, line.kind.as_str(), &key.party, key.status.as_str(), &gross.units().to_string(), &labour.units().to_string(), &terms];
        words.join(" ").trim_end().to_owned()
    };
    let taken = moved.taken.iter().map(|it| line("-", it));
    let found: Vec<String> = taken.chain(moved.given.iter().map(|it| line("+", it))).collect();
    assert_eq!(found, expected, "{entries}: {claims:?}");
}

#[test]
fn suspense_goes_to_whoever_answers_for_it() {
    // As it was at the event's time, by what is known since; the share is the agreement's, which is higher.
    check(100, "party dora", &["party dora"], &["- party dora suspense 100 75", "+ party dora payable 100 80 mid_aagr_a"]);
    // Only since: the share is the default that the line had, which is higher than the agreement's. The denial came after the event.
    check(101, "party cem", &["party cem"], &["- party cem suspense 101 76", "+ party cem payable 101 76 mid_bagr_b"]);
    // Known, and still nobody's: ben joins in December.
    check(100, "party gus", &["party gus"], &[]);
    check(100, "party ben", &["party ben"], &[]);
    check(100, "party nobody", &["party nobody"], &[]);
    // What is payable or asked for under another name is no claim's.
    check(100, "party ana", &["party ana"], &[]);
    check(100, "party dora", &["work dora"], &[]);
    check(100, "party dora", &["party dora", "party dora"], &[]);
    check(100, "party dora", &["unlicensed dora"], &[]);
}

#[test]
fn a_work_goes_to_its_owners() {
    let book = [
        "- work book suspense 101 76",
        "+ party ana payable 34 28 bookmid_aagr_a",
        "+ party gus suspense 34 26 book",
        "+ party hal unlicensed 33 27 bookmid_aagr_a",
    ];
    check(101, "work book", &["work book"], &book);
    check(101, "work book", &["work book", "work book"], &[]);
    // An owner stays in suspense under its own name, and is nobody's yet.
    check(101, "work book", &["work book", "party gus"], &[]);
    // Owned since November only: that counts, as nobody owned it before.
    check(100, "work song", &["work song"], &["- work song suspense 100 75", "+ party cem payable 100 75 songmid_bagr_b"]);
    check(100, "work lost", &["work lost"], &[]);
    // Beside others: each has its own line, and what ana had is left as it is.
    check(200, "party ana, work song", &["work song"], &["- work song suspense 100 75", "+ party cem payable 100 75 songmid_bagr_b"]);
}

#[test]
fn unlicensed_use_is_payable_once_it_is_paid_for() {
    check(100, "party eve", &["unlicensed eve"], &["- party eve unlicensed 100 80 mid_aagr_a", "+ party eve payable 100 80 mid_aagr_a"]);
    check(100, "party eve", &["unlicensed eve", "unlicensed eve"], &[]);
    // Without an agreement when it was used: under the one that is found, at the share of the claim.
    check(100, "party fay", &["unlicensed fay"], &["- party fay unlicensed 100 75", "+ party fay payable 100 75 mid_bagr_b"]);
    // Never by a claim of suspense, and only for the platform, the currency and the month that were paid for.
    check(100, "party eve", &["party eve"], &[]);
    // Paid to another MID than the one that answers for it.
    check(100, "party fay", &["unlicensed fay mid_a"], &[]);
    check(100, "party fay", &["unlicensed fay mid_b"], &["- party fay unlicensed 100 75", "+ party fay payable 100 75 mid_bagr_b"]);
    check(100, "party eve", &["unlicensed eve plt_other 2026-10"], &[]);
    check(100, "party eve", &["unlicensed eve plt 2026-11"], &[]);
    check(
        100,
        "party eve",
        &["unlicensed eve plt 2026-10"],
        &["- party eve unlicensed 100 80 mid_aagr_a", "+ party eve payable 100 80 mid_aagr_a"],
    );
    // What a claim found to be unlicensed is as what was metered so.
    let paid = ["- party hal unlicensed 34 28 bookmid_aagr_a", "+ party hal payable 34 28 bookmid_aagr_a"];
    check(102, "work book", &["work book", "unlicensed hal"], &paid);
}

#[test]
fn lines_without_a_mid_go_with_the_lowest_that_is_given_something() {
    let moved = moved_at(NOVEMBER, &event(300, "work book"), &[asked("work book")]);
    assert_eq!(moved.with(), "mid_a");
    let usage = event(300, "work book");
    let named = moved.named(&decode(usage.as_bytes()).expect("an event"), "USD".parse().expect("a currency")).expect("it has opposites");
    assert!(named.iter().all(|(by, _)| by == "mid_a"), "{named:?}");
    assert_eq!((named[0].1.gross.units(), named[0].1.labour.units()), (-300, -225));
    assert_eq!(Moved::default().with(), "");
}

fn any_asked() -> impl Strategy<Value = Asked> {
    let names = ["ana", "ben", "cem", "dora", "eve", "fay", "gus", "hal", "nobody"];
    let party = proptest::sample::select(names.to_vec());
    let work = proptest::sample::select(vec!["book", "song", "lost"]);
    prop_oneof![
        party.clone().prop_map(|party| asked(&format!("party {party}"))),
        work.prop_map(|work| asked(&format!("work {work}"))),
        party.prop_map(|party| asked(&format!("unlicensed {party}"))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Whatever is claimed in whatever order: gross stays as it is, labour never falls, a claim made twice moves nothing, and what waits
    /// becomes payable by nothing but a claim for it.
    #[test]
    fn claims_conserve(units in 1_u32..100_000, entries in proptest::sample::subsequence(
        vec!["party ana", "party ben", "party cem", "party dora", "party eve", "party fay", "work book", "work song", "work lost"], 1..6),
        claims in proptest::collection::vec(any_asked(), 1..6), in_december in any::<bool>()) {
        let event = event(units, &entries.join(", "));
        let at = if in_december { "2026-12-20T00:00:00Z" } else { NOVEMBER };
        let sums = |lines: &[ClaimLine]| lines.iter().fold((0, 0), |sum, line| (sum.0 + line.gross.units(), sum.1 + line.labour.units()));
        let mut gross_payable = 0;
        for through in 1..=claims.len() {
            let moved = moved_at(at, &event, &claims[..through]);
            let (taken, given) = (sums(&moved.taken), sums(&moved.given));
            prop_assert_eq!(taken.0, given.0);
            prop_assert!(taken.1 <= given.1);
            let asked = &claims[through - 1];
            prop_assert!(moved.taken.iter().all(|line| line.status == asked.status() && asked.reference() == (line.kind, &*line.reference)));
            if let Asked::Unlicensed { .. } = asked {
                prop_assert!(moved.given.iter().all(|line| line.status == Status::Payable));
            }
            gross_payable += moved.given.iter().filter(|line| line.status == Status::Payable).map(|line| line.gross.units()).sum::<i128>();
            let twice = [&claims[..through], &claims[through - 1..through]].concat();
            prop_assert!(moved_at(at, &event, &twice).is_nothing());
        }
        prop_assert!(gross_payable <= i128::from(units));
    }
}
