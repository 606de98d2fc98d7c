//! The index against a map, with so little memory that nearly all of it is in files.

use super::*;
use farthing_aggregate::identity::of_event;
use std::collections::HashMap as Model;

/// The next of a sequence without a pattern.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn digest(number: u64) -> Digest {
    of_event("platform", "source", &number.to_string())
}

/// What the model keeps: what was said, where it stands, whether it can be reversed.
type Kept = (Digest, Place, bool);

fn agree(index: &Identities, model: &Model<u64, Kept>, number: u64) {
    let (same, other) = (digest(number % 97), digest(1_000_000));
    match model.get(&number) {
        None => {
            assert_eq!(index.seen(digest(number), same).unwrap(), Seen::New);
            assert_eq!(index.place(digest(number)).unwrap(), None);
        }
        Some((says, place, reversible)) => {
            assert_eq!(index.seen(digest(number), *says).unwrap(), Seen::Duplicate);
            assert_eq!(index.seen(digest(number), other).unwrap(), Seen::Conflict);
            assert_eq!(index.place(digest(number)).unwrap(), Some(*place));
            assert_eq!(index.reversible(digest(number)).unwrap(), reversible.then_some(*place));
        }
    }
}

/// So many acts over so many identities in so much memory.
fn check(seed: u64, acts: u64, identities: u64, memory_bytes: u64) -> Size {
    let folder = tempfile::tempdir().unwrap();
    let room = Room { memory_bytes, folder: folder.path().to_owned() };
    let (mut index, mut model, mut state) = (Identities::with_room(0, &room), Model::new(), seed);
    for act in 0..acts {
        let number = next(&mut state) % identities;
        agree(&index, &model, number);
        let place = Place { batch: 1 + act / 100, row: u32::try_from(act % 100).unwrap() };
        let event = Remembered { identity: digest(number), says: digest(number % 97), place, reversal: number.is_multiple_of(10) };
        let kept = (event.says, place, !event.reversal);
        match next(&mut state) % 10 {
            0 => {
                index.undo(event.identity).unwrap();
                model.entry(number).and_modify(|kept| kept.2 = false);
            }
            1 => {
                index.insert_first(event, |known| known.row % 2 == 0).unwrap();
                if model.get(&number).is_none_or(|(_, place, _)| place.row % 2 == 1) {
                    model.insert(number, kept);
                }
            }
            _ if !model.contains_key(&number) => {
                index.insert(event).unwrap();
                model.insert(number, kept);
            }
            _ => {}
        }
    }
    (0..identities).for_each(|number| agree(&index, &model, number));
    assert!(folder.path().read_dir().unwrap().next().is_none(), "its files have names");
    index.size()
}

#[test]
fn it_knows_what_a_map_knows_however_little_memory_there_is() {
    for (seed, memory_bytes) in [(1, 0), (2, 40_000), (3, 200_000), (4, 1 << 30)] {
        let size = check(seed, 120_000, 60_000, memory_bytes);
        let in_files = size.file_bytes > 0;
        assert_eq!(in_files, memory_bytes < 1 << 30, "{size:?}");
        assert!(size.identities >= 50_000, "{size:?}");
    }
}

#[test]
fn memory_stays_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room { memory_bytes: 1 << 20, folder: folder.path().to_owned() };
    let mut index = Identities::with_room(0, &room);
    let mut largest = 0;
    for number in 0..1_000_000 {
        let place = Place { batch: 1, row: u32::try_from(number).unwrap() };
        index.insert(Remembered { identity: digest(number), says: digest(7), place, reversal: false }).unwrap();
        if number % 1000 == 0 {
            largest = largest.max(index.size().memory_bytes);
        }
    }
    assert!(largest < 3 << 19, "{largest}");
    assert_eq!(index.size().identities, 1_000_000);
}

#[test]
fn an_index_that_gets_less_memory_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room { memory_bytes: 64 << 20, folder: folder.path().to_owned() };
    let mut index = Identities::with_room(100_000, &room);
    let event = |number: u64| Remembered {
        identity: digest(number),
        says: digest(7),
        place: Place { batch: 1, row: u32::try_from(number).unwrap() },
        reversal: false,
    };
    (0..100_000).for_each(|number| index.insert(event(number)).unwrap());
    assert_eq!(index.size().file_bytes, 0);
    index.resize(1 << 20).unwrap();
    assert!(index.size().memory_bytes < 3 << 19, "{:?}", index.size());
    index.resize(64 << 20).unwrap();
    assert!((0..100_000).all(|number| index.seen(digest(number), digest(7)).unwrap() == Seen::Duplicate));
    assert!((100_000..200_000).all(|number| index.seen(digest(number), digest(7)).unwrap() == Seen::New));
}

#[test]
fn an_index_at_rest_takes_no_memory_and_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room { memory_bytes: 1 << 20, folder: folder.path().to_owned() };
    let mut index = Identities::with_room(0, &room);
    let place = |number: u64| Place { batch: 1, row: u32::try_from(number).unwrap() };
    let event = |number| Remembered { identity: digest(number), says: digest(7), place: place(number), reversal: false };
    let holds = |index: &Identities, through: u64| {
        assert!((0..through).all(|number| index.place(digest(number)).unwrap() == Some(place(number))));
        assert!((through..through + 1000).all(|number| index.seen(digest(number), digest(7)).unwrap() == Seen::New));
    };
    // Also while runs are being merged.
    for part in 1..=8 {
        ((part - 1) * 50_000..part * 50_000).for_each(|number| index.insert(event(number)).unwrap());
        index.rest().unwrap();
        assert!(index.size().memory_bytes < 64 << 10, "{:?}", index.size());
        assert_eq!(index.place(digest(part)).unwrap(), Some(place(part)));
        index.resize(1 << 20).unwrap();
    }
    assert!(index.size().memory_bytes > 256 << 10, "it has filters again: {:?}", index.size());
    holds(&index, 400_000);
}

/// What a batch brought and undid that was never committed counts for nothing, wherever it lies; and can come again.
#[test]
fn what_was_never_committed_is_forgotten() {
    for memory_bytes in [0, 1 << 20] {
        let folder = tempfile::tempdir().unwrap();
        let mut index = Identities::with_room(0, &Room { memory_bytes, folder: folder.path().to_owned() });
        let place = |batch: u64, number: u64| Place { batch, row: u32::try_from(number).unwrap() };
        let event =
            |batch, number: u64| Remembered { identity: digest(number), says: digest(7), place: place(batch, number), reversal: false };
        (0..5_000).for_each(|number| index.insert(event(1, number)).unwrap());
        index.reverse(digest(3), 1).unwrap();
        index.keep(|batch| batch == 1);
        (5_000..10_000).for_each(|number| index.insert(event(2, number)).unwrap());
        [4, 5_000].into_iter().for_each(|number| index.reverse(digest(number), 2).unwrap());
        index.forget(&[2].into()).unwrap();
        assert!((5_000..10_000).all(|number| index.seen(digest(number), digest(7)).unwrap() == Seen::New));
        let reversible = |index: &Identities, number| index.reversible(digest(number)).unwrap();
        assert_eq!([3, 4, 5_000].map(|number| reversible(&index, number)), [None, Some(place(1, 4)), None]);
        // Another batch brings them, and this index too, in time.
        (5_000..10_000).for_each(|number| index.insert_first(event(3, number), |_| true).unwrap());
        assert!((0..10_000).all(|number| index.seen(digest(number), digest(7)).unwrap() == Seen::Duplicate));
        assert_eq!(reversible(&index, 5_000), Some(place(3, 5_000)));
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error_and_not_a_new_event() {
    let room = Room { memory_bytes: 0, folder: "/nowhere/at/all".into() };
    let mut index = Identities::with_room(0, &room);
    let place = Place { batch: 1, row: 1 };
    let insert = |number| index.insert(Remembered { identity: digest(number), says: digest(7), place, reversal: false });
    assert!((0..2_000).map(insert).any(|inserted| inserted.is_err()));
}
