//! The table of a cycle's moves, against a model that shares nothing with it: seeded sequences of moves of every kind, most of them not
//! allowed. A refused move changes nothing; what is allowed is exactly what the model allows.

use crate::support::cycle;
use ed25519_dalek::{Signer, SigningKey};
use farthing_schemas::manifest::{ActorChange, CycleMove, Released, Signed, Sum, sha256_hex};
use farthing_settle::course::{Place, Whereabouts};
use farthing_settle::cycle::{ALLOWED, Kind, State};
use farthing_settle::{Courses, Refusal};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use std::collections::{BTreeMap, BTreeSet};

const CYCLES: [&str; 3] = ["2026-09", "2026-10", "2026-11"];
/// Id, person, seed of the key.
const ACTORS: [(&str, &str, u8); 4] = [("ana", "Ana Díaz", 1), ("ana2", "ana  DÍAZ", 2), ("bo", "Bo Ek", 3), ("cy", "Cy Ro", 4)];
const DRAFTS: [&str; 2] = ["one", "two"];

fn key(actor: usize) -> SigningKey {
    SigningKey::from_bytes(&[ACTORS[actor].2; 32])
}

/// One thing that is tried.
#[derive(Clone, Debug)]
enum Try {
    Move(Tried),
    Retire(usize),
}

#[derive(Clone, Debug)]
struct Tried {
    cycle: usize,
    to: State,
    actor: usize,
    signature: Given,
    draft: Option<usize>,
    why: bool,
    brings: Brings,
}

/// Whether it brings along what it releases, and a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brings {
    /// What its state needs.
    Its,
    Payments,
    Root,
}

/// What stands in the place of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Nothing,
    Right,
    OfAnotherKey,
    Flipped,
    /// That of the last signed move that was taken, whatever it was.
    Replayed,
}

fn tried() -> impl Strategy<Value = Try> {
    let signature = prop_oneof![
        8 => Just(Given::Right),
        1 => Just(Given::Nothing),
        1 => Just(Given::OfAnotherKey),
        1 => Just(Given::Flipped),
        1 => Just(Given::Replayed),
    ];
    let to = prop_oneof![8 => prop::sample::select(&State::ALL[1..4]), 5 => prop::sample::select(&State::ALL[4..]), 1 => prop::sample::select(&State::ALL[..])];
    let draft = prop_oneof![2 => Just(None), 7 => Just(Some(0)), 1 => Just(Some(1))];
    let brings = prop_oneof![20 => Just(Brings::Its), 1 => Just(Brings::Payments), 1 => Just(Brings::Root)];
    let step = (0..3_usize, to, 0..ACTORS.len(), signature, draft, prop::bool::weighted(0.8), brings);
    let tried = |(cycle, to, actor, signature, draft, why, brings)| Try::Move(Tried { cycle, to, actor, signature, draft, why, brings });
    let step = step.prop_map(tried);
    prop_oneof![150 => step, 1 => (0..ACTORS.len()).prop_map(Try::Retire)]
}

/// What is true of the cycles, told without a table.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    states: [usize; 3],
    drafts: [Option<(usize, Option<usize>)>; 3],
    retired: [bool; 4],
}

const OPEN: usize = 0;
const CLOSING: usize = 1;
const DRAFT: usize = 2;
const APPROVED: usize = 3;
const RELEASED: usize = 4;
const RECONCILED: usize = 5;
const SEALED: usize = 6;

impl Model {
    fn allows(&self, tried: &Tried) -> bool {
        let Tried { cycle, actor, signature, .. } = *tried;
        let state = self.states[cycle];
        let passed_over = state == OPEN && self.states[cycle + 1..].iter().any(|state| *state != OPEN);
        let signed = signature == Given::Right && !self.retired[actor];
        let may_be_unsigned = signature == Given::Nothing || signed;
        let earlier_is_closing = self.states[..cycle].contains(&CLOSING);
        let earlier_is_not_approved = self.states[..cycle].iter().any(|state| [CLOSING, DRAFT].contains(state));
        let later_is_approved = self.states[cycle + 1..].iter().any(|state| *state >= APPROVED);
        let later_has_draft = self.states[cycle + 1..].iter().any(|state| *state >= DRAFT);
        let names_its_draft = tried.draft.is_some() && tried.draft == self.drafts[cycle].map(|(draft, _)| draft);
        let of_somebody_else = |(_, preparer): (usize, Option<usize>)| preparer.is_some_and(|preparer| person(preparer) != person(actor));
        let earlier_is_below = |least: usize| self.states[..cycle].iter().any(|state| *state != OPEN && *state < least);
        let brings_right = match tried.brings {
            Brings::Its => true,
            Brings::Payments => tried.to == State::Released,
            Brings::Root => tried.to == State::Sealed,
        };
        match (state, tried.to) {
            _ if passed_over || !brings_right => false,
            (APPROVED, State::Released) => names_its_draft && signed && !earlier_is_below(RELEASED),
            (RELEASED, State::Released) => names_its_draft && signed && tried.why,
            (RELEASED, State::Reconciled) => names_its_draft && signed,
            (RECONCILED, State::Sealed) => names_its_draft && signed && !earlier_is_below(SEALED),
            (OPEN, State::Closing) => tried.draft.is_none() && may_be_unsigned && !earlier_is_closing,
            (CLOSING, State::Draft) => tried.draft.is_some() && may_be_unsigned && !earlier_is_closing,
            (DRAFT, State::Closing) => names_its_draft && signed && tried.why && !later_has_draft,
            (DRAFT, State::Approved) => {
                names_its_draft && signed && !earlier_is_not_approved && self.drafts[cycle].is_some_and(of_somebody_else)
            }
            (APPROVED, State::Draft) => names_its_draft && signed && tried.why && !later_is_approved,
            _ => false,
        }
    }

    fn take(&mut self, tried: &Tried) {
        let before = self.states[tried.cycle];
        self.states[tried.cycle] = State::ALL.iter().position(|state| *state == tried.to).unwrap();
        match (before, tried.to) {
            (CLOSING, _) => {
                let preparer = (tried.signature == Given::Right).then_some(tried.actor);
                self.drafts[tried.cycle] = tried.draft.map(|draft| (draft, preparer));
            }
            (DRAFT, State::Closing) => self.drafts[tried.cycle] = None,
            _ => {}
        }
    }
}

fn brings(tried: &Tried, needs: State, other: Brings) -> bool {
    if tried.brings == Brings::Its { tried.to == needs } else { tried.brings == other }
}

fn released() -> Released {
    let payments_sha256 = sha256_hex(b"payments");
    Released {
        payments: 2,
        sums: vec![Sum { currency: "USD".to_owned(), amount: "7.000000000000".to_owned() }],
        left_out: 0,
        payments_sha256,
        bank_files: Vec::new(),
    }
}

fn person(actor: usize) -> usize {
    if actor == 1 { 0 } else { actor }
}

/// The courses, with the chain that led to them.
#[derive(Clone, Default)]
struct Chain {
    courses: Courses,
    taken: Vec<(Place, CycleMove)>,
    changes: Vec<(usize, ActorChange)>,
    last_signature: Option<String>,
}

impl Chain {
    fn with_actors() -> Chain {
        let mut chain = Chain::default();
        for (at, (actor, person, _)) in ACTORS.into_iter().enumerate() {
            let public_key = hex::encode(key(at).verifying_key().as_bytes());
            chain.change(ActorChange::Added { actor: actor.to_owned(), person: person.to_owned(), public_key, by: "us".to_owned() });
        }
        chain
    }

    fn change(&mut self, change: ActorChange) {
        if self.courses.change(&change).is_ok() {
            self.changes.push((self.taken.len(), change));
        }
    }

    fn step(&self, tried: &Tried) -> CycleMove {
        let [mid, currency] = ["mid_x", "USD"].map(str::to_owned);
        let unsigned = CycleMove {
            mid,
            currency,
            cycle: CYCLES[tried.cycle].to_owned(),
            to: tried.to.to_string(),
            by: ACTORS[tried.actor].0.to_owned(),
            draft_sha256: tried.draft.map(|draft| sha256_hex(DRAFTS[draft].as_bytes())),
            why: tried.why.then(|| "because".to_owned()),
            released: brings(tried, State::Released, Brings::Payments).then(|| Box::new(released())),
            root: brings(tried, State::Sealed, Brings::Root).then(|| sha256_hex(b"root")),
            ..CycleMove::default()
        };
        let text = self.courses.text(&unsigned).unwrap_or_default();
        let own = key(tried.actor);
        let (signer, public) = match tried.signature {
            Given::OfAnotherKey => (key((tried.actor + 1) % ACTORS.len()), own.verifying_key()),
            _ => (own.clone(), own.verifying_key()),
        };
        let mut signature = hex::encode(signer.sign(text.as_bytes()).to_bytes());
        match tried.signature {
            Given::Flipped => signature.replace_range(..1, if signature.starts_with('0') { "1" } else { "0" }),
            Given::Replayed => signature = self.last_signature.clone().unwrap_or_else(|| "0".repeat(128)),
            _ => {}
        }
        let signed = Signed { public_key: hex::encode(public.as_bytes()), signature };
        CycleMove { signed: (tried.signature != Given::Nothing).then_some(signed), ..unsigned }
    }

    fn attempt(&mut self, step: CycleMove) -> Result<(), Refusal> {
        let sequence = u64::try_from(self.taken.len()).unwrap() + 1;
        let place = Place { sequence, sha256: sha256_hex(&sequence.to_le_bytes()) };
        self.courses.take(place.clone(), &step)?;
        self.last_signature = step.signed.as_ref().map(|signed| signed.signature.clone()).or(self.last_signature.take());
        self.taken.push((place, step));
        Ok(())
    }

    /// Everything that is to be known of the cycles.
    fn seen(&self) -> String {
        let course = |name| self.courses.get("mid_x", "USD", cycle(name));
        let at = |name| self.courses.whereabouts("mid_x", "USD", cycle(name));
        format!("{:?} {:?} {:?}", CYCLES.map(course), CYCLES.map(at), self.courses.actors())
    }

    /// The same chain checked from its beginning, with one of its moves changed; the first complaint.
    fn checked(&self, change: impl Fn(usize, &mut CycleMove)) -> Result<Courses, (usize, Refusal)> {
        let (mut courses, mut changes) = (Courses::default(), self.changes.iter().peekable());
        for (at, (place, step)) in self.taken.iter().enumerate() {
            while let Some((_, change)) = changes.next_if(|(before, _)| *before <= at) {
                courses.change(change).map_err(|refusal| (at, refusal))?;
            }
            let mut step = step.clone();
            change(at, &mut step);
            courses.take(place.clone(), &step).map_err(|refusal| (at, refusal))?;
        }
        Ok(courses)
    }
}

fn played(tries: &[Try]) -> Result<(Chain, usize), TestCaseError> {
    let (mut chain, mut model, mut refusals) = (Chain::with_actors(), Model::default(), 0);
    for tried in tries {
        match tried {
            Try::Retire(actor) => {
                chain.change(ActorChange::Retired { actor: ACTORS[*actor].0.to_owned(), by: "us".to_owned() });
                model.retired[*actor] = true;
            }
            Try::Move(tried) => {
                let (before, step) = (chain.seen(), chain.step(tried));
                let answer = chain.attempt(step);
                prop_assert_eq!(answer.is_ok(), model.allows(tried), "{:?} upon {:?}: {:?}", tried, model, answer);
                if answer.is_ok() {
                    model.take(tried);
                } else {
                    refusals += 1;
                    prop_assert_eq!(chain.seen(), before, "a refused move changed something: {:?}", tried);
                }
            }
        }
        for (at, name) in CYCLES.into_iter().enumerate() {
            let there = chain.courses.whereabouts("mid_x", "USD", cycle(name));
            let state = State::ALL[model.states[at]];
            prop_assert!(there == Whereabouts::In(state) || (state == State::Open && there == Whereabouts::PassedOver));
        }
    }
    Ok((chain, refusals))
}

proptest! {
    #![proptest_config(Config { cases: if std::env::var_os("FARTHING_TEST_SLOW").is_some() { 3000 } else { 150 }, ..Config::default() })]

    #[test]
    fn what_is_allowed_is_what_the_model_allows(tries in prop::collection::vec(tried(), 120)) {
        let (chain, refusals) = played(&tries)?;
        prop_assert!(refusals > 0, "nothing was refused");
        prop_assert!(chain.checked(|_, _| {}).is_ok(), "the chain does not check");
    }

    /// A test of the test: what no command could have made is found in a chain, at its place.
    #[test]
    fn one_forged_move_is_found_in_a_chain(tries in prop::collection::vec(tried(), 120), which in any::<prop::sample::Index>(), forgery in 0..8_usize) {
        let (chain, _) = played(&tries)?;
        let signed: Vec<usize> = (0..chain.taken.len()).filter(|at| chain.taken[*at].1.signed.is_some()).collect();
        prop_assume!(!signed.is_empty());
        let victim = signed[which.index(signed.len())];
        let found = chain.checked(|at, step| if at == victim { forge(step, forgery) });
        prop_assert_eq!(found.err().map(|(at, _)| at), Some(victim), "forgery {} of {:?}", forgery, chain.taken[victim]);
    }
}

/// A test of the test: the sequences get through the whole table, back and forth.
#[test]
fn the_sequences_make_every_move_there_is() {
    let mut runner = TestRunner::deterministic();
    let mut made: BTreeMap<(State, State), usize> = BTreeMap::new();
    for _ in 0..40 {
        let tries = prop::collection::vec(tried(), 400).new_tree(&mut runner).unwrap().current();
        let (chain, _) = played(&tries).unwrap();
        let mut states = BTreeMap::new();
        for (_, step) in &chain.taken {
            let to = step.to.parse().unwrap();
            let from = states.insert(&step.cycle, to).unwrap_or_default();
            *made.entry((from, to)).or_default() += 1;
        }
    }
    for row in ALLOWED {
        assert!(made.get(&(row.from, row.to)).is_some_and(|times| *times >= 10), "{row:?} too seldom: {made:?}");
    }
    assert_eq!(made.len(), ALLOWED.len());
}

fn forge(step: &mut CycleMove, forgery: usize) {
    match forgery {
        0 => step.to = if step.to == "sealed" { "draft" } else { "sealed" }.to_owned(),
        6 => match (&mut step.released, &mut step.root) {
            (Some(released), _) => released.payments_sha256 = sha256_hex(b"other payments"),
            (None, Some(root)) => *root = sha256_hex(b"another root"),
            (None, None) => step.root = Some(sha256_hex(b"a root")),
        },
        1 => step.why = Some("another reason".to_owned()),
        2 => step.by = ACTORS.iter().map(|(actor, ..)| *actor).find(|actor| *actor != step.by).unwrap().to_owned(),
        3 => step.draft_sha256 = Some(sha256_hex(b"three")),
        4 => step.mid = "mid_y".to_owned(),
        5 => step.why = step.why.is_none().then(|| "none".to_owned()).or(Some("two\nlines".to_owned())),
        _ => {
            let signed = step.signed.as_mut().unwrap();
            signed.signature = signed.signature.chars().rev().collect();
        }
    }
}

/// One way through the whole table, by hand: what was seen is what is approved, once.
#[test]
fn a_cycle_goes_through_the_whole_table() {
    let mut chain = Chain::with_actors();
    let (ana, bo, other) = (0, 2, 3);
    let tried = |to, actor, draft| Tried { cycle: 1, to, actor, signature: Given::Right, draft, why: true, brings: Brings::Its };
    for (tried, expected) in [
        (tried(State::Closing, ana, None), None),
        (tried(State::Draft, ana, Some(0)), None),
        (tried(State::Approved, ana, Some(0)), Some(Refusal::OwnDraft("ana".to_owned()))),
        (tried(State::Approved, 1, Some(0)), Some(Refusal::SamePerson { approver: "ana2".to_owned(), preparer: "ana".to_owned() })),
        (tried(State::Approved, bo, Some(0)), None),
        (Tried { signature: Given::Replayed, ..tried(State::Draft, bo, Some(0)) }, Some(Refusal::WrongSignature("bo".to_owned()))),
        (tried(State::Draft, other, Some(0)), None),
        (tried(State::Closing, ana, Some(0)), None),
        (tried(State::Draft, bo, Some(0)), None),
        (tried(State::Approved, ana, Some(0)), None),
        (tried(State::Sealed, ana, Some(0)), Some(Refusal::NotInTable { from: State::Approved, to: State::Sealed })),
        (Tried { brings: Brings::Root, ..tried(State::Released, ana, Some(0)) }, Some(Refusal::Unreadable("what it releases"))),
        (tried(State::Released, ana, Some(0)), None),
        (tried(State::Draft, ana, Some(0)), Some(Refusal::NotInTable { from: State::Released, to: State::Draft })),
        (Tried { why: false, ..tried(State::Released, ana, Some(0)) }, Some(Refusal::NoReason(Kind::Reissue))),
        (tried(State::Released, ana, Some(0)), None),
        (tried(State::Reconciled, ana, Some(0)), None),
        (tried(State::Released, ana, Some(0)), Some(Refusal::NotInTable { from: State::Reconciled, to: State::Released })),
        (Tried { brings: Brings::Payments, ..tried(State::Sealed, ana, Some(0)) }, Some(Refusal::Unreadable("what it releases"))),
        (tried(State::Sealed, ana, Some(0)), None),
        (tried(State::Reconciled, ana, Some(0)), Some(Refusal::NotInTable { from: State::Sealed, to: State::Reconciled })),
    ] {
        let step = chain.step(&tried);
        assert_eq!(chain.attempt(step).err(), expected, "{tried:?}");
    }
}

/// Signatures that were given stay good: the text is what it was.
#[test]
fn the_text_is_as_it_is_documented() {
    let mut chain = Chain::with_actors();
    let tried = |to, actor, draft, why| Tried { cycle: 1, to, actor, signature: Given::Right, draft, why, brings: Brings::Its };
    for tried in [tried(State::Closing, 0, None, false), tried(State::Draft, 0, Some(0), false), tried(State::Approved, 2, Some(0), false)]
    {
        let step = chain.step(&tried);
        chain.attempt(step).unwrap();
    }
    let text = chain.courses.text(&chain.step(&tried(State::Draft, 3, Some(0), true))).unwrap();
    let (draft, after) = (sha256_hex(b"one"), sha256_hex(&3_u64.to_le_bytes()));
    assert_eq!(
        text,
        format!(
            "farthing settle, version 1\nmove: withdraw\nmid: mid_x\ncurrency: USD\ncycle: 2026-10\nfrom: approved\nto: draft\ndraft: {draft}\n\
             after: 3 {after}\nactor: cy\nwhy: because\n"
        )
    );
}

/// The same draft approved by the same actor in the same cycle, before and after a withdrawal: two texts.
#[test]
fn no_text_is_signed_twice() {
    let mut chain = Chain::with_actors();
    let tried = |to, draft| Tried { cycle: 1, to, actor: 2, signature: Given::Right, draft, why: false, brings: Brings::Its };
    let mut texts = BTreeSet::new();
    let by_ana = |tried: Tried| Tried { actor: 0, ..tried };
    for tried in [
        by_ana(tried(State::Closing, None)),
        by_ana(tried(State::Draft, Some(0))),
        tried(State::Approved, Some(0)),
        Tried { why: true, ..tried(State::Draft, Some(0)) },
        tried(State::Approved, Some(0)),
    ] {
        let step = chain.step(&tried);
        assert!(texts.insert(chain.courses.text(&step).unwrap()), "{tried:?}");
        chain.attempt(step).unwrap();
    }
}
