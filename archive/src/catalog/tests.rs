//! Chains that hold together, and chains that do not.

use super::*;
use crate::assignments::LineNumber;
use farthing_schemas::manifest::{
    Adjustment, AssignedTo, Batch, CLAIMS, COPIES, Claim, Compaction, CopySearch, CyclePaid, Hold, Lift, Remittance, Slice, VERSION,
};

fn batch(number: u64) -> Act {
    let (slices, files, replayed) = (Vec::new(), Vec::new(), Vec::new());
    let (closed_through, totals, dead_letters_sha256) = (Vec::new(), Vec::new(), String::new());
    Act::Batch(Batch { batch: number, registry_version: 1, slices, files, closed_through, totals, dead_letters_sha256, replayed })
}

fn batch_from(number: u64, partition: &str) -> Act {
    let Act::Batch(batch) = batch(number) else { unreachable!("it is one") };
    Act::Batch(Batch { slices: vec![Slice { partition: partition.to_owned(), ..Slice::default() }], ..batch })
}

fn close(cycle: &str) -> Act {
    let [mid, currency, cycle, to, by] = ["mid_a", "USD", cycle, "closing", "ana"].map(str::to_owned);
    Act::Cycle(CycleMove { mid, currency, cycle, to, by, ..CycleMove::default() })
}

fn compaction(through_sequence: u64) -> Act {
    Act::Compaction(Compaction { through_sequence, files: Vec::new(), replaces: Vec::new() })
}

fn search(through_sequence: u64) -> Act {
    Act::Copies(CopySearch { through_sequence })
}

fn hold(number: u64, limit: Option<&str>) -> Act {
    let [mid, currency, party, reason, by] = ["mid_a", "USD", "ana", "dispute", "ben"].map(str::to_owned);
    Act::Hold(Hold { number, mid, currency, party, limit: limit.map(str::to_owned), reserve: None, reason, reference: None, by })
}

fn lift(number: u64) -> Act {
    Act::Lift(Lift { number, reason: "settled".to_owned(), by: "ben".to_owned() })
}

/// Takes acts one after the other; the first complaint.
fn chain(acts: Vec<Act>) -> Result<Catalog, CatalogError> {
    let mut catalog = Catalog::default();
    for act in acts {
        let (version, sequence, previous) = (VERSION, catalog.sequence + 1, catalog.sha256.clone());
        let body = Manifest { version, sequence, previous, at: String::new(), act }.to_json();
        catalog.take(sequence, &sha256_hex(body.as_bytes()), &body)?;
    }
    Ok(catalog)
}

#[test]
fn batches_come_in_any_order_and_with_gaps() {
    let catalog = chain(vec![batch(7), close("2026-09"), batch(2), compaction(3), batch(4)]).expect("it holds together");
    assert_eq!(catalog.batches.iter().map(|batch| batch.batch).collect::<Vec<_>>(), [7, 2, 4], "in the order of the chain");
    assert_eq!([2, 4, 7, 3].map(|number| catalog.batches.sequence_of(number)), [Some(3), Some(5), Some(1), None]);
    let uncovered = catalog.batches.numbers(catalog.lines_through + 1..=catalog.sequence);
    assert_eq!(uncovered, [4].into(), "the compaction knew of 7 and 2");
    let closed = |number| catalog.history.of(number).map(|closed| closed.iter().count());
    assert_eq!([7, 2, 4, 3].map(closed), [Some(0), Some(1), Some(1), None]);
    assert_eq!(catalog.moves[0].sequence, 2);
}

#[test]
fn batches_after_the_last_search_are_known_and_those_of_copies_need_none() {
    let acts = vec![batch_from(5, "/a"), batch_from(2, "/b"), batch_from(7, COPIES), search(2), batch_from(1, "/a"), close("2026-09")];
    let catalog = chain(acts).expect("it holds together");
    assert_eq!(catalog.copies_through, 2);
    assert_eq!([0, 1, 2, 5].map(|sequence| catalog.batches.of_events_after(sequence).len()), [3, 2, 1, 0]);
    assert_eq!((catalog.moves[0].sequence, catalog.moves[0].copies_through), (6, 2));
}

#[test]
fn holds_are_in_force_from_their_manifest_to_the_one_that_lifts_them() {
    let catalog = chain(vec![hold(1, None), batch(1), hold(2, Some("5.000000000000")), lift(1)]).expect("it holds together");
    let found: Vec<_> =
        catalog.holds.iter().map(|(number, held)| (number, held.sequence, held.limit.map(|limit| limit.to_string()))).collect();
    assert_eq!(found, [(1, 1, None), (2, 3, Some("5.000000000000".to_owned()))]);
    let lifted = |through: u64| catalog.holds.iter().map(|(_, held)| held.is_lifted(through)).collect::<Vec<_>>();
    assert_eq!((lifted(3), lifted(4)), (vec![false, false], vec![true, false]));
}

fn claim(number: u64, of: &str, through_sequence: u64) -> Act {
    let [reference_kind, reference, by] = ["party", of, "ben"].map(str::to_owned);
    let claimed_at = "2026-11-01T00:00:00.000000Z".to_owned();
    let (payment, booked) = (None, None);
    Act::Claim(Claim { number, reference_kind, reference, registry_version: 0, claimed_at, through_sequence, payment, by, booked })
}

#[test]
fn claims_are_known_by_their_number() {
    let catalog = chain(vec![claim(1, "ana", 0), batch_from(4, CLAIMS), search(1), claim(2, "cem", 2)]).expect("it holds together");
    let found: Vec<_> = catalog.claims.iter().map(|(number, made)| (number, made.sequence, made.asked.reference().1.to_owned())).collect();
    assert_eq!(found, [(1, 1, "ana".to_owned()), (2, 4, "cem".to_owned())]);
    assert_eq!(catalog.claims.next_number(), 3);
    assert_eq!([1, 2, 3].map(|sequence| catalog.batches.brought_by(CLAIMS, sequence).len()), [1, 0, 0]);
    assert!(catalog.batches.of_events_after(0).is_empty(), "what claims move is not from outside");
}

fn adjustment(number: u64, amount: &str, cycle: &str) -> Act {
    let [mid, currency, party, cycle, amount] = ["mid_a", "USD", "ana", cycle, amount].map(str::to_owned);
    let [reason, reference, by] = ["counted twice", "case-9", "ben"].map(str::to_owned);
    Act::Adjustment(Adjustment { number, mid, currency, party, cycle, amount, reason, reference, by })
}

#[test]
fn adjustments_are_known_by_their_number() {
    let acts = vec![adjustment(1, "-5.000000000000", "2026-09"), batch(1), adjustment(2, "0.000000000001", "2026-08")];
    let catalog = chain(acts).expect("it holds together");
    let found: Vec<_> = catalog.adjustments.iter().map(|(number, of)| (number, of.sequence, of.amount.to_string())).collect();
    assert_eq!(found, [(1, 1, "-5.000000000000".to_owned()), (2, 3, "0.000000000001".to_owned())]);
}

fn taken_in() -> Act {
    Act::BankMessage(BankMessage { mid: "mid_a".to_owned(), sha256: "aa".to_owned(), ..BankMessage::default() })
}

fn assignment(number: u64, message: u64, instead_of: Option<u64>) -> Act {
    let [mid, currency, amount, message_sha256] = ["mid_a", "USD", "5.000000000000", "aa"].map(str::to_owned);
    let [reason, reference, by] = ["they wrote", "letter 3", "ben"].map(str::to_owned);
    let (line, to, booked) = (1, AssignedTo::Suspense, None);
    Act::Assignment(Assignment {
        number,
        mid,
        message,
        line,
        currency,
        amount,
        message_sha256,
        to,
        instead_of,
        reason,
        reference,
        by,
        booked,
    })
}

fn remittance(number: u64, cycle: &str, amount: &str) -> Act {
    let [mid, jurisdiction, currency, cycle] = ["mid_a", "DE", "USD", cycle].map(str::to_owned);
    let cycles = vec![CyclePaid { cycle, amount: "5.000000000000".to_owned() }];
    let [amount, reason, reference, by, evidence_sha256] = [amount, "due", "T-9", "ben", "bb"].map(str::to_owned);
    Act::Remittance(Remittance {
        number,
        mid,
        jurisdiction,
        currency,
        cycles,
        amount,
        reason,
        reference,
        evidence_sha256,
        by,
        booked: None,
    })
}

#[test]
fn what_is_assigned_again_takes_the_place_of_what_was_said_last() {
    let acts = vec![taken_in(), assignment(1, 1, None), batch(1), assignment(2, 1, Some(1)), remittance(1, "2026-10", "5.000000000000")];
    let catalog = chain(acts).expect("it holds together");
    let last = |line| catalog.assignments.last_of(LineNumber { message: 1, line }).map(|made| (made.assignment.number, made.sequence));
    assert_eq!((last(1), last(2), catalog.assignments.next_number()), (Some((2, 4)), None, 3));
    let paying = |jurisdiction, cycle: &str| {
        let (currency, cycle) = ("USD".parse().expect("a currency"), cycle.parse().expect("a cycle"));
        catalog.remittances.paying("mid_a", jurisdiction, currency, cycle)
    };
    assert_eq!([paying("DE", "2026-10"), paying("FR", "2026-10"), paying("DE", "2026-11")], [Some(1), None, None]);
    let refused = |acts| chain(acts).expect_err("a contradiction").to_string();
    assert_eq!(refused(vec![taken_in(), assignment(2, 1, None)]), "manifest 2: assignment 2 comes where 1 is the next");
    let not_there = "manifest 2: assignment 1 is of a message that manifest 2 did not take in";
    assert_eq!(refused(vec![taken_in(), assignment(1, 2, None)]), not_there);
    for (instead_of, of) in [(None, "none"), (Some(2), "assignment 2")] {
        let said = refused(vec![taken_in(), assignment(1, 1, None), assignment(2, 1, instead_of)]);
        assert_eq!(said, format!("manifest 3: assignment 2 takes the place of {of}, and the last one of its line is 1"));
    }
    let said = refused(vec![taken_in(), assignment(1, 1, Some(1))]);
    assert_eq!(said, "manifest 2: assignment 1 takes the place of assignment 1, and the last one of its line is none");
    let (october, twice) = (remittance(1, "2026-10", "5.000000000000"), remittance(2, "2026-10", "5.000000000000"));
    assert_eq!(refused(vec![october, twice]), "manifest 2: remittance 2 pays what was withheld in 2026-10 a second time");
    let more = remittance(1, "2026-10", "5.000000000001");
    assert_eq!(refused(vec![more]), "manifest 1: remittance 1 is not of what its cycles come to, or of nothing");
}

#[test]
fn contradictions_are_refused() {
    let refused = |acts| chain(acts).expect_err("a contradiction").to_string();
    assert_eq!(refused(vec![batch(3), batch(1), batch(3)]), "manifest 3: batch 3 was committed before, by manifest 1");
    assert_eq!(refused(vec![batch(1), compaction(2)]), "manifest 2: covers manifest 2, which does not come before it");
    assert_eq!(refused(vec![batch(1), search(2)]), "manifest 2: has searched manifest 2, which does not come before it");
    assert_eq!(refused(vec![hold(1, None), hold(3, None)]), "manifest 2: hold 3 comes where 2 is the next");
    assert_eq!(refused(vec![hold(1, Some("0.000000000000"))]), "manifest 1: the limit of hold 1 is not above 0");
    assert_eq!(refused(vec![adjustment(2, "1.000000000000", "2026-09")]), "manifest 1: adjustment 2 comes where 1 is the next");
    assert_eq!(refused(vec![adjustment(1, "0.000000000000", "2026-09")]), "manifest 1: adjustment 1 is of nothing");
    assert_eq!(refused(vec![adjustment(1, "1.000000000000", "Sept")]), "manifest 1: the cycle of adjustment 1 cannot be read");
    assert_eq!(refused(vec![claim(2, "ana", 0)]), "manifest 1: claim 2 comes where 1 is the next");
    assert_eq!(refused(vec![claim(1, "ana", 1)]), "manifest 1: claim 1 knew of manifest 1, which does not come before it");
    assert_eq!(refused(vec![hold(1, None), lift(2)]), "manifest 2: lifts hold 2, which there is not");
    assert_eq!(refused(vec![hold(1, None), lift(1), lift(1)]), "manifest 3: lifts hold 1, which manifest 2 lifted");
}
