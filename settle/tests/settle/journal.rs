//! The journal: what an entry can be made of, what an approved draft books, and its canonical text.

use crate::properties::inputs;
use crate::support::{amount, currency, cycle};
use farthing_schemas::manifest::sha256_hex;
use farthing_schemas::{Currency, Cycle, Instant, Money};
use farthing_settle::draft::Exchanged;
use farthing_settle::journal::{
    Account, AccountKind, Entry, EntryKind, Evidence, EvidenceKind, Header, Occasion, Place, Posting, Turnover, Way, agrees,
    entry_of_approval, reversal_of,
};
use farthing_settle::{Input, Plan, SettleError, plan};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

pub fn occasion(number: u64, previous: &str) -> Occasion {
    Occasion {
        place: Place { number, previous: previous.to_owned() },
        happened: instant("2026-11-02T09:00:00Z"),
        booked: instant("2026-11-02T09:00:01.5Z"),
        reason: "looked \"good\"".to_owned(),
        reference: "mandate 7".to_owned(),
    }
}

fn decision() -> Evidence {
    Evidence { kind: EvidenceKind::Decision, sha256: sha256_hex(b"signed") }
}

fn header() -> Header {
    let Occasion { place, happened, booked, reason, reference } = occasion(1, "");
    let (mid, cycle) = ("mid_a".to_owned(), Some(cycle("2026-10")));
    Header { place, kind: EntryKind::Approval, mid, cycle, happened, booked, reason, reference, reverses: None, evidence: decision() }
}

/// `ACCOUNT CURRENCY AMOUNT`, one a line.
fn postings(table: &str) -> Vec<Posting> {
    let posting = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [account, code, size] = words[..] else { panic!("{line:?} is no posting") };
        Posting { account: account.parse().unwrap(), currency: currency(code), amount: amount(size) }
    };
    table.lines().map(str::trim).filter(|line| !line.is_empty()).map(posting).collect()
}

fn shown(entry: &Entry) -> Vec<String> {
    entry.postings().iter().map(|posting| format!("{} {} {}", posting.account, posting.currency, posting.amount)).collect()
}

/// What an entry of these postings holds, or why there is none.
fn check(table: &str, expected: Result<&[&str], &str>) {
    match (Entry::new(header(), postings(table)), expected) {
        (Ok(entry), Ok(expected)) => assert_eq!(shown(&entry), expected, "{table}"),
        (Err(error), Err(expected)) => assert_eq!(error.to_string(), expected, "{table}"),
        (found, expected) => panic!("{table}: {found:?}, not {expected:?}"),
    }
}

#[test]
fn an_entry_is_balanced_in_each_currency() {
    check("bank USD 1 \n suspense USD -1", Ok(&["suspense USD -1.000000000000", "bank USD 1.000000000000"]));
    check(
        "bank USD 1 \n suspense USD -2u",
        Err("journal entry 1 does not balance: its postings in USD come to 0.999999999998 and not to 0"),
    );
    check(
        "bank USD 1 \n suspense EUR -1",
        Err("journal entry 1 does not balance: its postings in EUR come to -1.000000000000 and not to 0"),
    );
    check(
        "bank USD 1 \n fx USD -1 \n bank EUR -0.9 \n fx EUR 0.9",
        Ok(&["bank EUR -0.900000000000", "bank USD 1.000000000000", "fx EUR 0.900000000000", "fx USD -1.000000000000"]),
    );
    check("bank USD 1", Err("journal entry 1 does not balance: its postings in USD come to 1.000000000000 and not to 0"));
}

#[test]
fn postings_are_added_up_ordered_and_never_0() {
    check(
        "party_payable:b USD -3u \n party_payable:a USD -1u \n party_payable:b USD 1u \n platform_receivable:p USD 3u \n bank USD 0",
        Ok(&["platform_receivable:p USD 0.000000000003", "party_payable:a USD -0.000000000001", "party_payable:b USD -0.000000000002"]),
    );
    check("bank USD 1 \n bank USD -1", Ok(&[]));
}

#[test]
fn sums_that_do_not_fit_make_no_entry() {
    let posting = |account: &str, units: i128| Posting {
        account: account.parse().unwrap(),
        currency: currency("USD"),
        amount: Money::from_units(units),
    };
    for postings in [
        vec![posting("bank", i128::MAX), posting("bank", 1), posting("suspense", -1)],
        vec![posting("platform_receivable:p", i128::MAX), posting("party_payable:a", 1), posting("bank", -i128::MAX)],
    ] {
        assert!(matches!(Entry::new(header(), postings), Err(SettleError::Money(_))));
    }
}

#[test]
fn accounts_have_the_owners_that_their_kind_asks_for() {
    for kind in AccountKind::ALL {
        let (with, without) = (format!("{kind}:x:y"), kind.to_string());
        assert_ne!(with.parse::<Account>().is_ok(), without.parse::<Account>().is_ok(), "{kind}");
        let account: Account = with.parse().or_else(|_| without.parse()).unwrap();
        assert_eq!((account.to_string().parse::<Account>().unwrap(), account.kind()), (account, kind));
    }
    assert_eq!("rounding".parse::<Account>().unwrap_err().to_string(), "there is no account \"rounding\" in the chart of accounts");
    assert_eq!("bank:x".parse::<Account>().unwrap_err().to_string(), "there is no account \"bank:x\" in the chart of accounts");
}

/// The file stays as it is for good: what was hashed once has that hash for ever.
#[test]
fn the_text_is_canonical() {
    let table = "platform_receivable:plt_\"a\" USD 100u \n party_payable:pty_ü USD -95u \n fee_income USD -5u";
    let entry = Entry::new(header(), postings(table)).unwrap();
    let withdrawn = reversal_of(&entry, occasion(2, &entry.sha256()), decision()).unwrap();
    let texts = format!("{}\n{}\n", entry.to_json(), withdrawn.to_json());
    assert_eq!(texts, include_str!("texts/entries.ndjson"));
    assert_eq!(entry.sha256(), sha256_hex(entry.to_json().as_bytes()));
    assert!(withdrawn.to_json().contains(&format!("\"previous\":\"{}\"", entry.sha256())));
}

#[test]
fn turnovers_keep_debits_and_credits_apart() {
    let mut turnover = Turnover::default();
    for size in ["3u", "-1u", "-2u", "5u"] {
        turnover.post(amount(size)).unwrap();
    }
    assert_eq!((turnover.debit, turnover.credit, turnover.balance().unwrap()), (amount("8u"), amount("3u"), amount("5u")));
    assert!(!turnover.is_even());
    turnover.add(Turnover { debit: Money::ZERO, credit: amount("5u") }).unwrap();
    assert!(turnover.is_even());
    assert!(matches!(turnover.post(Money::from_units(i128::MAX)), Err(SettleError::Money(_))));
}

/// What can be approved of a random input; none where it is refused.
pub fn approvable(input: Input) -> Option<Plan> {
    let plan = plan(&Input { preview: false, ..input }).unwrap();
    (!plan.draft.refused).then_some(plan)
}

/// What an entry books in a currency.
fn balances(entry: &Entry, currency: Currency) -> BTreeMap<Account, Money> {
    entry
        .postings()
        .iter()
        .filter(|posting| posting.currency == currency)
        .map(|posting| (posting.account.clone(), posting.amount))
        .collect()
}

/// Labour as the input has it, not as the planner moved it.
pub fn labour_by_platform(input: &Input) -> BTreeMap<String, i128> {
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    for accrual in input.accruals.iter().chain(&input.deferred).filter(|accrual| accrual.key.status == farthing_schemas::Status::Payable) {
        *sums.entry(accrual.key.platform.clone()).or_default() += accrual.labour.units();
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// The books say what the draft says: for each party what is owed grows from what was carried in to what is paid and carried out.
    #[test]
    fn the_books_equal_the_draft(input in inputs()) {
        let Some(plan) = approvable(input.clone()) else { return Ok(()) };
        let entry = entry_of_approval(&plan, occasion(1, "")).unwrap();
        let balances = balances(&entry, plan.draft.currency);
        let of = |account: Account| balances.get(&account).copied().unwrap_or_default().units();
        for (platform, labour) in labour_by_platform(&input) {
            prop_assert_eq!(of(Account::PlatformReceivable(platform)), labour);
        }
        for line in &plan.draft.lines {
            let owed_before = line.carried_in.units();
            let owed_after = owed_before - of(Account::PartyPayable(line.party.clone()));
            // What is paid in another currency is no longer owed in this one, but in that one.
            let exchanged = if line.exchanged.is_some() { line.paid.units() } else { 0 };
            prop_assert_eq!(owed_after, line.carried_out.units() + line.paid.units() - exchanged, "{:?}", line);
            if let Some(Exchanged { currency, amount, .. }) = line.exchanged.as_deref() {
                let account = Account::PartyPayable(line.party.clone());
                let arrives = entry.postings().iter().find(|posting| posting.account == account && posting.currency == *currency);
                prop_assert_eq!(arrives.map(|posting| posting.amount.units()), Some(-amount.units()));
            }
            let held = line.held.units() - line.lifted.units();
            let inherited = line.inherited.units() - line.passed_on.units();
            let kept = held + line.withheld.units();
            let earned = line.net.units() + line.true_up.units() + line.adjusted.units();
            prop_assert_eq!(owed_after, owed_before + earned + inherited - kept - exchanged);
            prop_assert_eq!(of(Account::WithheldTax(line.party.clone())), -line.withheld.units());
            prop_assert_eq!(of(Account::Held(line.party.clone())) + of(Account::Reserve(line.party.clone())), -held);
        }
        let adjusted: i128 = input.adjustments.values().map(|adjustment| adjustment.amount.units()).sum();
        prop_assert_eq!(of(Account::FeeIncome), adjusted - plan.draft.fee_kept.units());
        let platforms = plan.draft.platforms.len();
        let (lines, holds, taxes) = (plan.draft.lines.len(), plan.draft.holds.len(), plan.draft.taxes.len());
        let exchanged = plan.draft.lines.iter().filter(|line| line.exchanged.is_some()).count();
        let paid: i128 = plan.draft.lines.iter().filter(|line| line.exchanged.is_some()).map(|line| line.paid.units()).sum();
        prop_assert_eq!(of(Account::Fx), -paid);
        prop_assert!(entry.postings().len() <= platforms + lines + holds + taxes + exchanged + 2 + 1, "accounts that nobody has");
        prop_assert_eq!(entry.postings().iter().map(|posting| posting.amount.units()).sum::<i128>(), 0);
        prop_assert!(entry.postings().iter().all(|posting| posting.amount != Money::ZERO));
        prop_assert!(entry.postings().is_sorted_by(|one, two| (&one.account, one.currency) < (&two.account, two.currency)));
        prop_assert_eq!(&entry.header().evidence.sha256, &plan.draft.draft_sha256);
    }

    /// What is compared without the moves finds every unit on another account.
    #[test]
    fn a_unit_elsewhere_does_not_agree(input in inputs(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), unit in prop_oneof![Just(1), Just(-1)], code in prop_oneof![3 => Just(None), 1 => Just(Some("EUR"))]) {
        let Some(plan) = approvable(input) else { return Ok(()) };
        let entry = entry_of_approval(&plan, occasion(1, "")).unwrap();
        prop_assert!(agrees(&plan.draft, &entry, Way::Booked).is_ok());
        let withdrawn = reversal_of(&entry, occasion(2, ""), decision()).unwrap();
        prop_assert!(agrees(&plan.draft, &withdrawn, Way::Reversed).is_ok());
        prop_assert_eq!(agrees(&plan.draft, &withdrawn, Way::Booked).is_ok(), entry.postings().is_empty());
        if entry.postings().is_empty() { return Ok(()) }
        let strangers = ["party_payable:eva", "platform_receivable:plt_x", "held:ana", "bank"].map(|name| name.parse().unwrap());
        let accounts: Vec<Account> = entry.postings().iter().map(|posting| posting.account.clone()).chain(strangers).collect();
        let (from, to) = (from.get(&accounts).clone(), to.get(&accounts).clone());
        let between_platforms = [&from, &to].iter().all(|account| account.kind() == AccountKind::PlatformReceivable && account.owner() != "plt_x");
        if from == to || (between_platforms && code.is_none()) { return Ok(()) }
        let in_currency = code.map_or(plan.draft.currency, currency);
        let moved = [(from, unit), (to, -unit)].map(|(account, units)| Posting { account, currency: in_currency, amount: Money::from_units(units) });
        let changed = Entry::new(header(), [entry.postings(), &moved].concat()).unwrap();
        let found = matches!(agrees(&plan.draft, &changed, Way::Booked), Err(SettleError::NotAsDrafted { .. }));
        prop_assert!(found, "{:?}", changed);
    }

    /// Approved, withdrawn and approved again is approved once.
    #[test]
    fn a_reversal_leaves_nothing(input in inputs()) {
        let Some(plan) = approvable(input) else { return Ok(()) };
        let approved = entry_of_approval(&plan, occasion(7, "")).unwrap();
        let withdrawn = reversal_of(&approved, occasion(8, &approved.sha256()), decision()).unwrap();
        prop_assert_eq!(withdrawn.header().reverses, Some(7));
        let both = Entry::new(header(), [approved.postings(), withdrawn.postings()].concat()).unwrap();
        prop_assert_eq!(both.postings(), &[]);
    }

    /// Cycle after cycle, with what one draft carries brought into the next: nothing but what was earned is ever owed.
    #[test]
    fn the_books_hold_over_cycles(inputs in prop::collection::vec(inputs(), 1..5)) {
        let (mut carried, mut paid, mut owed) = (BTreeMap::<String, Money>::new(), BTreeMap::<String, i128>::new(), BTreeMap::<String, i128>::new());
        let (mut arrives, mut elsewhere) = (BTreeMap::<String, i128>::new(), BTreeMap::<String, i128>::new());
        for (months, input) in (0..).zip(inputs) {
            let input = cycle_of(&input, months, carried.clone());
            let Some(plan) = approvable(input) else { continue };
            let entry = entry_of_approval(&plan, occasion(1, "")).unwrap();
            // Booked when the bank said so.
            for line in &plan.draft.returned {
                *owed.entry(line.party.clone()).or_default() += line.amount.units();
            }
            for posting in entry.postings() {
                if let Account::PartyPayable(party) = &posting.account {
                    let sums = if posting.currency == plan.draft.currency { &mut owed } else { &mut elsewhere };
                    *sums.entry(party.clone()).or_default() -= posting.amount.units();
                }
            }
            carried = plan.draft.lines.iter().map(|line| (line.party.clone(), line.carried_out)).collect();
            for line in &plan.draft.lines {
                match &line.exchanged {
                    Some(exchanged) => *arrives.entry(line.party.clone()).or_default() += exchanged.amount.units(),
                    None => *paid.entry(line.party.clone()).or_default() += line.paid.units(),
                }
            }
            prop_assert_eq!(&arrives, &elsewhere);
            for (party, owed) in &owed {
                let stays = carried.get(party).copied().unwrap_or_default().units();
                prop_assert_eq!(*owed, stays + paid.get(party).copied().unwrap_or_default(), "{}", party);
            }
        }
    }
}

/// The same input as it would be some months later, all in one currency, with that carried in.
pub fn cycle_of(input: &Input, months: u16, carried_in: BTreeMap<String, Money>) -> Input {
    let later = |cycle: Cycle| Cycle::at(cycle.index() + months);
    let dollars = currency("USD");
    let moved = |accruals: &[farthing_schemas::Accrual]| {
        let mut accruals = accruals.to_vec();
        for accrual in &mut accruals {
            (accrual.cycle, accrual.key.currency) = (later(accrual.cycle), dollars);
        }
        accruals
    };
    let (accruals, deferred) = (moved(&input.accruals), moved(&input.deferred));
    let mut mid = input.mid.clone();
    mid.thresholds.iter_mut().for_each(|threshold| threshold.currency = dollars);
    Input { cycle: later(input.cycle), currency: dollars, accruals, deferred, carried_in, mid, ..input.clone() }
}

#[test]
fn what_cannot_be_approved_cannot_be_booked() {
    let plan = plan(&crate::support::empty_input()).unwrap();
    for change in [|plan: &mut Plan| plan.draft.preview = true, |plan: &mut Plan| plan.draft.refused = true] {
        let mut changed = plan.clone();
        change(&mut changed);
        assert!(matches!(entry_of_approval(&changed, occasion(1, "")), Err(SettleError::NotToBook(_))));
    }
    assert_eq!(entry_of_approval(&plan, occasion(1, "")).unwrap().postings(), []);
}
