//! What is about to be written is judged as if it were there: faults of a release and of a message of a bank, each named.

use super::approved::Approved;
use super::known::Known;
use super::paid::Paid;
use super::payable::Payable;
use super::seen::{Extent, SeenPayments};
use super::{Chain, Invariant, SeenAct, SeenBody, SeenEntry, SeenWhat, Upcoming};
use crate::claims::paid_for;
use crate::commands::settle::Settlement;
use crate::journal::{entry_of, rows_of};
use crate::payouts::answers::outcome_sha256;
use crate::payouts::{first_payments, sum_of};
use farthing_archive::Catalog;
use farthing_archive::catalog::Moved;
use farthing_bank::ids::{MessageId, MessageKey};
use farthing_bank::payment::{Creditor, CreditorKind, Debtor};
use farthing_bank::{Account, AccountNumber, Amount, Format, Order, Totals};
use farthing_ledger::{PaymentRows, StoredBankFile, StoredBankMessage, StoredPayment, StoredReceipt, StoredState};
use farthing_schemas::manifest::{BankFile, BankMessage, Claim, ClaimPaid, ClaimPayment, CycleMove, Released, sha256_hex};
use farthing_schemas::{Currency, Cycle, Instant, Money, Rate};
use farthing_settle::cycle::Kind;
use farthing_settle::input::{Input, MidTerms, Payee, Payout};
use farthing_settle::journal::{
    Entry, EntryKind, Evidence, EvidenceKind, Occasion, OfCycle, PaidForClaim, Place, Told, entry_of_claim, entry_of_message,
    entry_of_release,
};
use farthing_settle::payout::{Motion, Payment, payments_sha256, sums};
use farthing_settle::{Draft, plan};
use std::collections::{BTreeMap, BTreeSet};

const MID: &str = "mid_guild";
const PARTIES: [&str; 3] = ["ana", "ben", "cas"];
/// The manifest that releases.
const RELEASE: u64 = 4;

fn settlement() -> Settlement {
    Settlement { mid: MID.to_owned(), currency: euro(), cycle: october() }
}

fn euro() -> Currency {
    "EUR".parse().unwrap()
}

fn october() -> Cycle {
    "2026-10".parse().unwrap()
}

fn now() -> Instant {
    "2026-11-02T09:30:00Z".parse().unwrap()
}

fn unit_more(amount: Money) -> Money {
    amount.plus(Money::from_units(1)).unwrap()
}

/// A draft that pays three parties what they have carried in.
fn draft() -> Draft {
    draft_with(BTreeMap::new())
}

/// The same, with payments that have come back: by party and payment.
fn draft_with(returned: BTreeMap<String, BTreeMap<String, Money>>) -> Draft {
    let payout = Some(Payout { method: "sepa".to_owned(), currency: euro() });
    let carried = PARTIES.iter().zip(1_i128..).map(|(party, euros)| ((*party).to_owned(), Money::from_units(euros * 10_000_000_000_000)));
    let input = Input {
        mid: MidTerms { mid: MID.to_owned(), fee: Rate::default(), recovery_cap: "0.25".parse().unwrap(), thresholds: Vec::new() },
        cycle: october(),
        currency: euro(),
        registry_version: 1,
        agreements: BTreeMap::new(),
        payees: PARTIES.iter().map(|party| ((*party).to_owned(), Payee { payout: payout.clone(), stays: true })).collect(),
        accruals: Vec::new(),
        deferred: Vec::new(),
        carried_in: carried.collect(),
        returned,
        untaxed: BTreeMap::new(),
        adjustments: BTreeMap::new(),
        holds: BTreeMap::new(),
        taxes: BTreeMap::new(),
        quotes: BTreeMap::new(),
        heirs: BTreeMap::new(),
        fees_of_cycles: BTreeMap::new(),
        settled_in: BTreeMap::new(),
        without: BTreeSet::new(),
        preview: false,
    };
    plan(&input).unwrap().draft
}

fn step(to: &str, sha256: &str) -> CycleMove {
    let (mid, currency, cycle) = (MID.to_owned(), euro().to_string(), october().to_string());
    CycleMove {
        mid,
        currency,
        cycle,
        to: to.to_owned(),
        by: "ana".to_owned(),
        draft_sha256: Some(sha256.to_owned()),
        ..CycleMove::default()
    }
}

/// The chain up to where the cycle is approved, and further moves.
fn catalog(sha256: &str, further: Vec<CycleMove>) -> Catalog {
    let steps = ["closing", "draft", "approved"].map(|to| step(to, sha256)).into_iter().chain(further);
    let moved = |(sequence, step)| Moved { sequence, sha256: String::new(), at: now().to_string(), copies_through: 0, step };
    let moves: Vec<Moved> = (1..).zip(steps).map(moved).collect();
    Catalog { sequence: u64::try_from(moves.len()).unwrap(), moves, ..Catalog::default() }
}

fn occasion() -> Occasion {
    let place = Place { number: 1, previous: String::new() };
    Occasion { place, happened: now(), booked: now(), reason: "a test".to_owned(), reference: "a test".to_owned() }
}

/// The first thing that is said against an act.
fn said(catalog: &Catalog, payments: &SeenPayments<'_>, upcoming: &Upcoming<'_>, what: SeenWhat, draft: Option<&Draft>) -> Option<String> {
    let numbers = upcoming.entry().map(|_| 1..=1);
    let act = SeenAct { sequence: catalog.sequence + 1, what, booked: None, numbers, through: 1 };
    let chain = Chain { catalog, acts: Vec::new(), payments, upcoming: Some(upcoming) };
    let judge = |invariant: &mut dyn Invariant| -> anyhow::Result<String> {
        if let Some((row, postings)) = upcoming.entry() {
            let entry = entry_of(row, postings);
            invariant.entry(&SeenEntry { row, body: Some(SeenBody { postings, entry: &entry, draft }), act: Some(&act) })?;
        }
        draft.map_or(Ok(()), |draft| invariant.draft(draft))?;
        invariant.end(&chain)
    };
    let judged = judge(&mut Paid::default()).and_then(|_| judge(&mut Payable::default()));
    judged.err().map(|error| format!("{error:#}"))
}

/// A release as it is made, until something of it is changed.
struct Release {
    payments: Vec<Payment>,
    /// What its file pays, and what its entry moves.
    instructed: Vec<Payment>,
    booked: Vec<Payment>,
    states: Vec<StoredState>,
    /// What is put upon the sum that it says.
    more: Money,
    /// Whether its file comes with it.
    with_file: bool,
    /// What the move says of the file, if that is another.
    sha256: Option<String>,
}

fn file_id() -> MessageId {
    let day = "2026-11-03".parse().unwrap();
    MessageId::of(&MessageKey { mid: MID, cycle: october(), currency: euro(), execution: day, number: 1 })
}

fn bytes_of(payments: &[Payment]) -> Vec<u8> {
    let account = |number: &str| Account::Iban { iban: AccountNumber::new(number), bic: None };
    let creditor = |name: &str| Creditor { kind: CreditorKind::Person, name: name.into(), address: None };
    let instruction = |payment: &Payment| farthing_bank::Payment {
        id: payment.id.parse().unwrap(),
        amount: Amount::of(payment.amount, payment.currency).unwrap(),
        creditor: creditor(&payment.party),
        account: account("DE89370400440532013000"),
        purpose: "payout".to_owned(),
    };
    let debtor = Debtor { name: "Guild eG".into(), address: None, account: account("NL91ABNA0417164300") };
    let payments: Vec<farthing_bank::Payment> = payments.iter().map(instruction).collect();
    let totals = Totals::of(euro(), &payments).unwrap();
    let order = Order { message_id: file_id(), created: now(), execution: "2026-11-03".parse().unwrap(), debtor, payments };
    let format = Format::Pain001 { version: farthing_bank::format::PainVersion::V09, scheme: farthing_bank::format::Scheme::Sepa };
    farthing_bank::write(&farthing_bank::check(&order, &format, &totals).unwrap()).bytes
}

fn stored((line, payment): (u64, &Payment)) -> StoredPayment {
    StoredPayment {
        id: payment.id.as_str().into(),
        sequence: RELEASE,
        line,
        mid: MID.into(),
        currency: euro().code().into(),
        cycle: october().to_string().into(),
        party: payment.party.as_str().into(),
        attempt: payment.attempt.into(),
        paid_in: payment.currency.code().into(),
        amount: payment.amount.to_string().into(),
        replaces: payment.replaces.as_deref().map(Into::into),
        message_id: payment.message_id.as_deref().map(Into::into),
    }
}

fn state(sequence: u64, line: u64, id: &str, state: &str) -> StoredState {
    StoredState { sequence, line, id: id.to_owned(), state: state.to_owned(), reason: None, booked: None, reference: None }
}

/// Payments of all parties of the draft, in one file.
fn sent(draft: &Draft) -> Vec<Payment> {
    let in_file = |payment| Payment { message_id: Some(file_id().to_string()), ..payment };
    first_payments(&settlement(), draft).into_iter().map(in_file).collect()
}

fn entry_of_payments(payments: &[Payment]) -> Entry {
    let of = OfCycle { mid: MID.to_owned(), cycle: october() };
    let evidence = Evidence { kind: EvidenceKind::Decision, sha256: sha256_hex(b"a decision") };
    entry_of_release(&of, EntryKind::Release, payments, evidence, occasion()).unwrap()
}

fn released(change: impl FnOnce(&mut Release)) -> Option<String> {
    let draft = draft();
    let payments = sent(&draft);
    let (instructed, booked) = (payments.clone(), payments.clone());
    let mut release = Release { payments, instructed, booked, states: Vec::new(), more: Money::ZERO, with_file: true, sha256: None };
    change(&mut release);
    let bytes = bytes_of(&release.instructed);
    let (sha256, sent) = (sha256_hex(&bytes), || release.payments.iter().filter(|payment| payment.message_id.is_some()));
    let row = StoredBankFile {
        message_id: file_id().to_string(),
        sequence: RELEASE,
        name: "october.xml".to_owned(),
        format: "pain.001.001.09".to_owned(),
        sha256: sha256.clone(),
        body: Some(zstd::encode_all(&bytes[..], 1).unwrap()),
    };
    let sum = sums(sent()).unwrap()[&euro()].plus(release.more).unwrap();
    let named = BankFile {
        message_id: row.message_id.clone(),
        format: row.format.clone(),
        payments: u64::try_from(sent().count()).unwrap(),
        sum: sum_of((euro(), sum)),
        sha256: release.sha256.clone().unwrap_or(sha256),
    };
    let says = Released {
        payments: named.payments,
        sums: vec![named.sum.clone()],
        left_out: u64::try_from(release.payments.iter().filter(|payment| payment.message_id.is_none()).count()).unwrap(),
        payments_sha256: payments_sha256(&release.payments),
        bank_files: vec![named],
    };
    let step = CycleMove { released: Some(Box::new(says)), ..step("released", &draft.draft_sha256) };
    let entry = rows_of(&entry_of_payments(&release.booked));
    let rows = PaymentRows {
        payments: (1..).zip(&release.payments).map(stored).collect(),
        states: release.states,
        files: release.with_file.then_some(row).into_iter().collect(),
        ..PaymentRows::default()
    };
    let upcoming = Upcoming::Move { step: &step, entry: Some(&entry), draft: None, rows: &rows };
    let payments = SeenPayments::of(Extent::Cycle, Vec::new(), Vec::new(), &rows);
    let what = SeenWhat::Move(Kind::Release, Box::new(step.clone()));
    said(&catalog(&draft.draft_sha256, Vec::new()), &payments, &upcoming, what, Some(&draft))
}

fn check(said: Option<String>, expected: &str) {
    match said {
        None => assert_eq!(expected, ""),
        Some(said) => assert!(!expected.is_empty() && said.contains(expected), "{expected:?} in {said}"),
    }
}

#[test]
fn a_release_that_fits_is_let_through() {
    check(released(|_| {}), "");
    // Who is left out has failed at once, is in no file and moves nothing.
    let left_out = |release: &mut Release| {
        release.payments[1].message_id = None;
        release.states.push(state(RELEASE, 1, &release.payments[1].id, "rejected"));
        release.instructed.remove(1);
        release.booked.remove(1);
    };
    check(released(left_out), "");
}

#[test]
fn faults_of_a_release_are_found_before_it_is_written() {
    let more = |payment: &mut Payment| payment.amount = unit_more(payment.amount);
    let euro_more = |payment: &mut Payment| payment.amount = payment.amount.plus(Money::from_units(1_000_000_000_000)).unwrap();
    check(released(|release| more(&mut release.payments[0])), "where ana is owed");
    check(released(|release| release.payments[0].party = "ben".to_owned()), "is owed");
    let twice = |release: &mut Release| {
        let first = release.payments[0].clone();
        release.payments.push(Payment { id: "TWICE-2610-2".to_owned(), attempt: 2, replaces: Some(first.id.clone()), ..first });
    };
    check(released(twice), "ana has a payment that has not failed for good");
    check(released(|release| release.states.push(state(RELEASE, 1, &release.payments[0].id, "rejected"))), "left out were");
    check(released(|release| release.more = Money::from_units(1)), "its payments sum to");
    check(released(|release| more(&mut release.booked[2])), "is not what its payments move");
    check(released(|release| drop(release.booked.pop())), "is not what its payments move");
    check(released(|release| release.with_file = false), "is missing");
    check(released(|release| release.sha256 = Some("aa".to_owned())), "is not the one that manifest");
    check(released(|release| euro_more(&mut release.instructed[1])), "it pays 21.00 EUR by the id");
    check(released(|release| drop(release.instructed.pop())), "it pays 2 times where 3 payments are in it");
    // Whoever is neither paid nor left out is forgotten: all the rest of it fits.
    let forgotten = |release: &mut Release| {
        for list in [&mut release.payments, &mut release.instructed, &mut release.booked] {
            list.remove(1);
        }
    };
    check(released(forgotten), "party_payable:ben in the books of mid_guild would be moved by 0.000000000000 EUR");
}

/// A message as it is taken in, until something of it is changed: of the first payment it says that it has arrived, of the second that it has
/// not, and a platform has paid.
struct Message {
    states: Vec<StoredState>,
    receipts: Vec<StoredReceipt>,
    told: Vec<Told>,
    mid: String,
    bytes: &'static [u8],
    /// What it says that it came to, if that is something else.
    outcome_sha256: Option<String>,
}

fn taken_in(change: impl FnOnce(&mut Message)) -> Option<String> {
    let draft = draft();
    let payments = sent(&draft);
    let sequence = RELEASE + 1;
    let moved = |payment: &Payment, motion| {
        let (party, amount, currency) = (payment.party.clone(), payment.amount, payment.currency);
        Told::Payment { party, motion, amount, currency }
    };
    let receipt = StoredReceipt {
        sequence,
        line: 1,
        platform: Some("plt_a".to_owned()),
        cycle: None,
        currency: euro().to_string(),
        amount: "5.000000000000".to_owned(),
        booked: None,
        reference: None,
        unbooked: None,
    };
    let paid = Told::Receipt { platform: Some("plt_a".to_owned()), amount: Money::from_units(5_000_000_000_000), currency: euro() };
    let mut message = Message {
        states: vec![state(sequence, 1, &payments[0].id, "settled"), state(sequence, 2, &payments[1].id, "rejected")],
        receipts: vec![receipt],
        told: vec![moved(&payments[0], Motion::Arrived), moved(&payments[1], Motion::Failed), paid],
        mid: MID.to_owned(),
        bytes: b"what the bank says",
        outcome_sha256: None,
    };
    change(&mut message);
    let Message { states, receipts, told, mid, bytes, outcome_sha256: other } = message;
    let sha256 = sha256_hex(b"what the bank says");
    let entry = rows_of(&entry_of_message(&mid, &sha256, &told, occasion()).unwrap());
    let outcome = other.unwrap_or_else(|| outcome_sha256(&states, &receipts, &[]));
    let says = BankMessage { mid: mid.clone(), sha256: sha256.clone(), outcome_sha256: outcome, ..BankMessage::default() };
    let kept = StoredBankMessage { sha256, sequence, mid, body: Some(zstd::encode_all(bytes, 1).unwrap()) };
    let rows = PaymentRows { states, receipts, message: Some(kept), ..PaymentRows::default() };
    let release = CycleMove { released: Some(Box::default()), ..step("released", &draft.draft_sha256) };
    let there: Vec<StoredPayment> = (1..).zip(&payments).map(stored).collect();
    let upcoming = Upcoming::Message { message: &says, entry: Some(&entry), rows: &rows };
    let seen = SeenPayments::of(Extent::Obligations, there, Vec::new(), &rows);
    said(&catalog(&draft.draft_sha256, vec![release]), &seen, &upcoming, SeenWhat::Message(Box::new(says.clone())), None)
}

#[test]
fn a_message_that_fits_is_let_through() {
    check(taken_in(|_| {}), "");
}

#[test]
fn faults_of_a_message_are_found_before_it_is_written() {
    check(taken_in(|message| message.states[0].id = "NOBODYS-2610-1".to_owned()), "payment NOBODYS-2610-1 is not there yet");
    check(taken_in(|message| message.states[0].state = "rejected".to_owned()), "is not what the message moves");
    check(taken_in(|message| drop(message.told.remove(1))), "is not what the message moves");
    check(taken_in(|message| drop(message.told.pop())), "is not what the message moves");
    check(taken_in(|message| message.receipts[0].amount = "5.000000000001".to_owned()), "is not what the message moves");
    check(taken_in(|message| message.outcome_sha256 = Some("aa".to_owned())), "is not what it names");
    check(taken_in(|message| message.mid = "mid_other".to_owned()), "is another MID's");
    check(taken_in(|message| message.bytes = b"what it does not say"), "that is kept is damaged");
    check(taken_in(|message| message.receipts[0].sequence = 77), "is not what it names");
    // What is known of a payment is not undone.
    let undone = |message: &mut Message| message.states[1].id = message.states[0].id.clone();
    check(taken_in(undone), "is said to be rejected, but was settled before");
}

/// What is said of reconciling, or of sealing, a cycle with payments in these states.
fn ended(to: &str, told: &[&str]) -> Option<String> {
    let draft = draft();
    let payments = sent(&draft);
    let (there, rows): (Vec<StoredPayment>, _) = ((1..).zip(&payments).map(stored).collect(), PaymentRows::default());
    let states = (1..).zip(&payments).zip(told).map(|((line, payment), told)| state(RELEASE + 1, line, &payment.id, told)).collect();
    let release = CycleMove { released: Some(Box::default()), ..step("released", &draft.draft_sha256) };
    let mut catalog = catalog(&draft.draft_sha256, vec![release]);
    // A message of the bank.
    catalog.sequence += 1;
    let step = step(to, &draft.draft_sha256);
    let upcoming = Upcoming::Move { step: &step, entry: None, draft: None, rows: &rows };
    let seen = SeenPayments::of(Extent::Cycle, there, states, &rows);
    let chain = Chain { catalog: &catalog, acts: Vec::new(), payments: &seen, upcoming: Some(&upcoming) };
    Known.end(&chain).err().map(|error| format!("{error:#}"))
}

#[test]
fn no_cycle_is_reconciled_or_sealed_before_it_is_known_what_became_of_its_payments() {
    for to in ["reconciled", "sealed"] {
        check(ended(to, &["settled", "rejected", "returned"]), "");
        check(ended(to, &["settled", "rejected", "accepted"]), &format!("cycle 2026-10 of mid_guild in EUR is {to}, and payment"));
        check(ended(to, &["settled"]), "was released by then");
    }
    check(ended("released", &[]), "");
}

/// What has failed is owed again by a draft or paid anew: both would pay it twice.
#[test]
fn what_a_draft_owes_again_is_not_paid_anew() {
    let failed = BTreeMap::from([("OLD-2609-1".to_owned(), Money::from_units(10_000_000_000_000))]);
    let draft = draft_with([("ana".to_owned(), failed)].into());
    let mut payment = sent(&draft).remove(0);
    for (replaces, expected) in [(None, ""), (Some("OTHER-2609-1"), ""), (Some("OLD-2609-1"), "payment OLD-2609-1 is paid anew by")] {
        payment.replaces = replaces.map(str::to_owned);
        let (there, rows) = (vec![stored((1, &payment))], PaymentRows::default());
        let (catalog, step) = (catalog(&draft.draft_sha256, Vec::new()), step("draft", &draft.draft_sha256));
        let upcoming = Upcoming::Move { step: &step, entry: None, draft: None, rows: &rows };
        let seen = SeenPayments::of(Extent::Cycle, there, Vec::new(), &rows);
        let chain = Chain { catalog: &catalog, acts: Vec::new(), payments: &seen, upcoming: Some(&upcoming) };
        let mut payable = Payable::default();
        payable.draft(&draft).unwrap();
        check(payable.end(&chain).err().map(|error| format!("{error:#}")), expected);
    }
}

/// What is said of the entry of a claim that was paid for, once it is of something else.
fn claimed(change: impl FnOnce(&mut PaidForClaim)) -> Option<String> {
    let [reference_kind, reference, claimed_at, by] = ["party", "ana", "2026-11-02T09:30:00.000000Z", "zoe"].map(str::to_owned);
    let [platform, reason, line, evidence_sha256] = ["plt_a", "settled", "line-9", "aa"].map(str::to_owned);
    let paid = ClaimPaid { mid: MID.to_owned(), amount: "0.800000000000".to_owned(), cycles: Vec::new() };
    let (currency, month, paid) = (Some(euro().to_string()), None, Some(paid));
    let payment = Some(ClaimPayment { platform, currency, month, reason, reference: line, evidence_sha256, paid });
    let (number, registry_version, through_sequence, booked) = (1, 1, 0, None);
    let claim = Claim { number, reference_kind, reference, registry_version, claimed_at, through_sequence, payment, by, booked };
    let mut paid = paid_for(&claim).unwrap().expect("it says how much was paid");
    change(&mut paid);
    let entry = entry_of_claim(&paid, occasion()).unwrap();
    let (row, postings) = rows_of(&entry);
    let (entry, act) = (entry_of(&row, &postings), SeenWhat::Claim(Box::new(claim)));
    let act = SeenAct { sequence: 1, what: act, booked: None, numbers: Some(1..=1), through: 1 };
    let body = Some(SeenBody { postings: &postings, entry: &entry, draft: None });
    Approved::default().entry(&SeenEntry { row: &row, body, act: Some(&act) }).err().map(|error| format!("{error:#}"))
}

#[test]
fn what_was_paid_for_a_claim_is_booked_as_its_record_says() {
    check(claimed(|_| {}), "");
    check(claimed(|paid| paid.amount = unit_more(paid.amount)), "is not what was paid for claim 1");
    check(claimed(|paid| paid.platform = "plt_b".to_owned()), "is not what was paid for claim 1");
    check(claimed(|paid| paid.evidence_sha256 = "bb".to_owned()), "is not what was paid for claim 1");
    check(claimed(|paid| paid.mid = "mid_other".to_owned()), "it is in other books");
}
