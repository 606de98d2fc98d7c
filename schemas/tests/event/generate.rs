//! Random valid events.

use farthing_schemas::event::{Attribution, AttributionKind, Body, Entry, Event, Reversal, Usage};
use farthing_schemas::{Currency, Instant, Money, ReferenceKind, Use, Weight};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::borrow::Cow;

const ONE: i128 = 1_000_000_000_000;

type Owned = Cow<'static, str>;

fn cut(characters: Vec<char>, bytes: usize) -> Owned {
    let mut text = String::new();
    for character in characters {
        if text.len() + character.len_utf8() <= bytes {
            text.push(character);
        }
    }
    Cow::Owned(text)
}

fn character() -> impl Strategy<Value = char> {
    prop_oneof![8 => prop::char::range(' ', '~'), 1 => prop::char::range('\0', '\u{a0}'), 1 => any::<char>()]
}

fn text(least: usize) -> impl Strategy<Value = Owned> {
    let longest = vec(Just('é'), 128).prop_map(|characters| cut(characters, 256));
    prop_oneof![20 => vec(character(), least..24).prop_map(|characters| cut(characters, 256)), 1 => longest]
}

fn reference() -> impl Strategy<Value = Owned> {
    let plain = |character: &char| !character.is_whitespace() && !character.is_control();
    vec(character().prop_filter("no white space or control character", plain), 1..24).prop_map(|characters| cut(characters, 256))
}

fn instant() -> impl Strategy<Value = Instant> {
    (946_684_800_000_000_i64..7_258_118_400_000_000).prop_map(Instant::from_micros)
}

fn weight(kind: AttributionKind) -> BoxedStrategy<Weight> {
    let bound = 1_000_000_000_000_000 * ONE;
    match kind {
        AttributionKind::Rank => (1_i128..1_000_000).prop_map(|rank| Weight::from_units(rank * ONE)).boxed(),
        _ => prop_oneof![0..ONE, -bound + 1..bound].prop_map(Weight::from_units).boxed(),
    }
}

fn entry(kind: AttributionKind) -> impl Strategy<Value = Entry<'static>> {
    let about = (option::of(text(0)), option::of(text(0)), option::of(text(0)));
    (any::<bool>(), reference(), weight(kind), about).prop_map(|(work, reference, weight, (content_hash, role, consent_receipt))| Entry {
        kind: if work { ReferenceKind::Work } else { ReferenceKind::Party },
        reference,
        weight,
        content_hash,
        role,
        consent_receipt,
    })
}

fn attribution() -> impl Strategy<Value = Attribution<'static>> {
    let kinds = [
        AttributionKind::Share,
        AttributionKind::ScoreLinear,
        AttributionKind::ScoreSoftmax,
        AttributionKind::Rank,
        AttributionKind::CitationCount,
    ];
    prop::sample::select(kinds.to_vec()).prop_flat_map(|kind| {
        let unattributed = option::of((0..=ONE).prop_map(Weight::from_units));
        (option::of(text(0)), option::of(text(0)), vec(entry(kind), 0..10), unattributed).prop_map(
            move |(method, method_version, entries, unattributed)| Attribution { method, method_version, kind, entries, unattributed },
        )
    })
}

fn usage() -> impl Strategy<Value = Body<'static>> {
    let counts = btree_map(text(0), 0_u64..=1 << 53, 0..20).prop_map(|counts| counts.into_iter().collect());
    let currency = prop::sample::select(Currency::all().collect::<Vec<_>>());
    let revenue = option::of(((0..Money::EVENT_BOUND.units()).prop_map(Money::from_units), currency));
    (prop::sample::select(Use::ALL.to_vec()), counts, revenue, attribution())
        .prop_map(|(use_, counts, revenue, attribution)| Body::Usage(Usage { use_, counts, revenue, attribution }))
}

fn reversal() -> impl Strategy<Value = Body<'static>> {
    (text(1), text(1), option::of(instant()), option::of(text(0)))
        .prop_map(|(source, id, time, reason)| Body::Reversal(Reversal { source, id, time, reason }))
}

/// A valid event.
pub fn event() -> impl Strategy<Value = Event<'static>> {
    let body = prop_oneof![4 => usage(), 1 => reversal()];
    (text(1), text(1), instant(), text(0), option::of(text(0)), option::of(text(0)), body)
        .prop_map(|(source, id, time, platform, model, output, body)| Event { source, id, time, platform, model, output, body })
}
