//! What holds for every input, tried on many.

use crate::support::{amount, currency, cycle, empty_input, payable};
use farthing_schemas::manifest::sha256_hex;
use farthing_schemas::{Accrual, Money, Rate, Status};
use farthing_settle::draft::{Draft, Exchanged, HoldKind, Line};
use farthing_settle::input::{Adjustment, AgreementTerms, Heir, Hold, Input, OnShortfall, Payee, Payout, Quote, Reserve, Tax, Threshold};
use farthing_settle::moves::Account;
use farthing_settle::wire::moves_to_ndjson;
use farthing_settle::{plan, plan_of};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::collections::BTreeMap;
use std::sync::Arc;

const PARTIES: [&str; 5] = ["ana", "ben", "cas", "dev", "eve"];
const AGREEMENTS: [(&str, &str); 3] = [("agr_0", "plt_a"), ("agr_1", "plt_a"), ("agr_2", "plt_b")];

#[derive(Clone, Debug)]
struct Terms {
    fee: u32,
    recovery_cap: u32,
    labour_shares: [u32; 3],
    true_up: [bool; 3],
    threshold_cents: i128,
    code: &'static str,
}

/// An accrual to be: party, agreement, gross in units, whether it was left out before, whether it is another status.
type Earned = (usize, usize, i128, bool, bool);

fn terms() -> impl Strategy<Value = Terms> {
    let shares = [700_000..=1_000_000_u32, 700_000..=1_000_000_u32, 700_000..=700_000_u32];
    let codes = prop_oneof![Just("USD"), Just("JPY"), Just("KWD")];
    (0..1_000_000_u32, 0..=1_000_000_u32, shares, any::<[bool; 3]>(), 0..500_i128, codes).prop_map(
        |(fee, recovery_cap, labour_shares, true_up, threshold_cents, code)| {
            // Real fees are small; the others try what refusals and true-ups do.
            Terms { fee: if fee % 3 == 0 { fee } else { fee / 20 }, recovery_cap, labour_shares, true_up, threshold_cents, code }
        },
    )
}

fn gross() -> impl Strategy<Value = i128> {
    prop_oneof![0..50_i128, 0..1_000_000_000_000_i128, 0..1_000_000_000_000_000_000_000_i128]
}

pub fn inputs() -> impl Strategy<Value = Input> {
    let earned = prop::collection::vec((0..5_usize, 0..3_usize, gross(), any::<bool>(), prop::bool::weighted(0.2)), 0..24);
    let undone = prop::collection::vec((0..5_usize, 0..3_usize, gross(), 0..2_u16), 0..6);
    let carried = prop::collection::btree_map(0..5_usize, -3_000_000_000_000..3_000_000_000_000_i128, 0..5);
    let payees = prop::collection::vec((0..4_u8, any::<bool>()), 5);
    let of_registry = (holds(), adjustments(), taxes(), heirs(), quotes());
    let back = (prop::collection::btree_map(0..5_usize, 1..3_000_000_000_000_i128, 0..3), amounts());
    (terms(), earned, undone, carried, payees, of_registry, back).prop_map(
        |(terms, earned, undone, carried, payees, (holds, adjustments, taxes, heirs, quotes), (returned, untaxed))| {
            let mut input = Input { holds, adjustments, taxes, heirs, quotes, ..input_of(&terms) };
            for (party, (kind, stays)) in PARTIES.into_iter().zip(payees) {
                input.payees.insert(party.to_owned(), payee(&input, kind, stays));
            }
            input.carried_in = carried.into_iter().map(|(party, units)| (PARTIES[party].to_owned(), Money::from_units(units))).collect();
            input.untaxed = untaxed;
            let payment = |(party, units): (usize, i128)| {
                (PARTIES[party].to_owned(), BTreeMap::from([(format!("AB-{party}"), Money::from_units(units))]))
            };
            input.returned = returned.into_iter().map(payment).collect();
            earned.into_iter().for_each(|earned| earn(&mut input, &terms, earned));
            for (party, agreement, gross, months) in undone {
                let (gross, labour) = (Money::from_units(-gross), labour(&terms, agreement, gross).negated().unwrap());
                let accrual = payable(&input, PARTIES[party], AGREEMENTS[agreement].0, gross, labour);
                input.accruals.push(Accrual { undone: Some(farthing_schemas::Cycle::at(cycle("2026-07").index() + months)), ..accrual });
            }
            input
        },
    )
}

/// An amount for some of the parties.
fn amounts() -> impl Strategy<Value = BTreeMap<String, Money>> {
    let amount = prop::option::weighted(0.3, 1..2_000_000_000_000_i128);
    let of_party = |(party, units): (&str, Option<i128>)| Some((party.to_owned(), Money::from_units(units?)));
    prop::collection::vec(amount, 5).prop_map(move |amounts| PARTIES.into_iter().zip(amounts).filter_map(of_party).collect())
}

fn holds() -> impl Strategy<Value = BTreeMap<u64, Hold>> {
    let limit = prop::option::weighted(0.7, 0..2_000_000_000_000_i128);
    let reserve = prop::option::weighted(0.5, (1..=1_000_000_u32, 0..2_000_000_000_000_i128));
    let hold = (0..5_usize, limit, reserve, 0..2_000_000_000_000_i128, any::<bool>());
    let hold = hold.prop_map(|(party, limit, reserve, held_before, lifted)| {
        let held_before = Money::from_units(limit.map_or(held_before, |limit| limit.min(held_before)));
        let reserve = reserve.map(|(share, due)| Reserve { share: Rate::from_millionths(share).unwrap(), due: Money::from_units(due) });
        Hold { party: PARTIES[party].to_owned(), limit: limit.map(Money::from_units), reserve, held_before, lifted }
    });
    prop::collection::vec(hold, 0..4).prop_map(|holds| (1..).zip(holds).collect())
}

/// What the draft's currency is worth in euros, if that is known.
fn quotes() -> impl Strategy<Value = BTreeMap<farthing_schemas::Currency, Quote>> {
    let rate = prop_oneof![Just("0.9253"), Just("1"), Just("0.006601"), Just("42000.5"), Just("3.000000000001"), Just("0.000001")];
    let quote = rate.prop_map(|rate| Quote {
        rate: rate.parse().unwrap(),
        source: "ECB".to_owned(),
        time: "2026-10-30T15:00:00Z".parse().unwrap(),
    });
    prop::option::weighted(0.7, quote).prop_map(|quote| quote.into_iter().map(|quote| (currency("EUR"), quote)).collect())
}

fn taxes() -> impl Strategy<Value = BTreeMap<String, Tax>> {
    let rate = prop_oneof![Just(0), 0..400_000_u32, Just(999_999)];
    let certificate = prop::option::of(Just("exemption-17".to_owned()));
    let tax = (rate, certificate).prop_map(|(millionths, certificate)| Tax {
        jurisdiction: "DE".to_owned(),
        withholding: "wht_all".to_owned(),
        certificate,
        rate: Rate::from_millionths(millionths).unwrap(),
    });
    prop::collection::vec(prop::option::weighted(0.6, tax), 5)
        .prop_map(|taxes| PARTIES.into_iter().zip(taxes).filter_map(|(party, tax)| Some((party.to_owned(), tax?))).collect())
}

/// Each party's heirs are among those after it, in an order of generations that is not that of their names.
fn heirs() -> impl Strategy<Value = BTreeMap<String, Vec<Heir>>> {
    let weights = prop::collection::vec(prop::option::weighted(0.4, prop::collection::vec(0..4_u32, 5)), 5);
    (weights, Just(PARTIES.to_vec()).prop_shuffle()).prop_map(|(weights, generations)| {
        let mut heirs = BTreeMap::new();
        for (at, weights) in weights.into_iter().enumerate() {
            let after = generations[at + 1..].iter().zip(weights.into_iter().flatten());
            let mut chosen: Vec<(&str, u32)> = after.map(|(party, weight)| (*party, weight)).filter(|(_, weight)| *weight > 0).collect();
            chosen.sort_unstable();
            let whole: u32 = chosen.iter().map(|(_, weight)| weight).sum();
            // Millionths that sum to one: the first takes what the others leave.
            let others: u32 = chosen.iter().skip(1).map(|(_, weight)| 1_000_000 * weight / whole).sum();
            let share =
                |(number, (_, weight)): (usize, &(&str, u32))| if number == 0 { 1_000_000 - others } else { 1_000_000 * weight / whole };
            let shares: Vec<u32> = chosen.iter().enumerate().map(share).collect();
            let of_party: Vec<Heir> = chosen
                .iter()
                .zip(shares)
                .map(|((party, _), share)| Heir { party: (*party).to_owned(), share: Rate::from_millionths(share).unwrap() })
                .collect();
            if !of_party.is_empty() {
                heirs.insert(generations[at].to_owned(), of_party);
            }
        }
        heirs
    })
}

fn adjustments() -> impl Strategy<Value = BTreeMap<u64, Adjustment>> {
    let adjustment = (0..5_usize, -2_000_000_000_000..2_000_000_000_000_i128).prop_map(|(party, units)| Adjustment {
        party: PARTIES[party].to_owned(),
        cycle: cycle("2026-08"),
        amount: Money::from_units(units),
    });
    prop::collection::vec(adjustment, 0..3).prop_map(|adjustments| (1..).zip(adjustments).collect())
}

fn input_of(terms: &Terms) -> Input {
    let mut input = Input { currency: currency(terms.code), ..empty_input() };
    let rate = |millionths: u32| Rate::from_millionths(millionths).unwrap();
    (input.mid.fee, input.mid.recovery_cap) = (rate(terms.fee), rate(terms.recovery_cap));
    let least = Money::from_units(terms.threshold_cents * 10_000_000_000);
    input.mid.thresholds = vec![Threshold { method: "sepa".to_owned(), currency: input.currency, amount: least }];
    for ((id, platform), true_up) in AGREEMENTS.into_iter().zip(terms.true_up) {
        let on_shortfall = if true_up { OnShortfall::TrueUp } else { OnShortfall::Refuse };
        input.agreements.insert(id.to_owned(), AgreementTerms { platform: platform.to_owned(), on_shortfall });
    }
    input.fees_of_cycles = [("2026-07", 50_000), ("2026-08", 333_333)].into_iter().map(|(name, fee)| (cycle(name), rate(fee))).collect();
    input
}

fn payee(input: &Input, kind: u8, stays: bool) -> Payee {
    let payout = |method: &str, currency| Some(Payout { method: method.to_owned(), currency });
    let payout = match kind {
        0 => None,
        1 => payout("sepa", currency("EUR")),
        2 => payout("ach", input.currency),
        _ => payout("sepa", input.currency),
    };
    Payee { payout, stays }
}

fn labour(terms: &Terms, agreement: usize, gross: i128) -> Money {
    Rate::from_millionths(terms.labour_shares[agreement]).unwrap().ceil_of(Money::from_units(gross)).unwrap()
}

fn earn(input: &mut Input, terms: &Terms, (party, agreement, gross, deferred, other): Earned) {
    let labour = labour(terms, agreement, gross);
    let mut accrual = payable(input, PARTIES[party], AGREEMENTS[agreement].0, Money::from_units(gross), labour);
    if other {
        accrual.key.status = Status::Unlicensed;
        input.accruals.push(accrual);
    } else if deferred {
        input.deferred.push(Accrual { cycle: cycle("2026-09"), late: true, ..accrual });
    } else {
        input.accruals.push(accrual);
    }
}

fn sum(amounts: impl IntoIterator<Item = Money>) -> Money {
    Money::sum(amounts).unwrap()
}

/// SPEC section 5, number 6, of one draft.
fn check_line(input: &Input, line: &Line) -> TestCaseResult {
    let had = sum([line.carried_in, line.net, line.true_up, line.adjusted, line.lifted, line.inherited]);
    let has = sum([line.paid, line.held, line.withheld, line.carried_out, line.passed_on]);
    prop_assert_eq!(had, has, "{:?}", line);
    prop_assert_eq!(line.net, line.labour.minus(line.fee).unwrap());
    let minor = input.currency.minor_unit();
    prop_assert!(line.paid >= Money::ZERO && (line.exchanged.is_some() || line.paid == line.paid.cut_down_to(minor)));
    prop_assert_eq!(line.why_carried.is_some(), line.carried_out != Money::ZERO);
    prop_assert!(line.withheld >= Money::ZERO && line.withheld == line.withheld.cut_down_to(minor));
    prop_assert!(line.inherited >= Money::ZERO && line.passed_on >= Money::ZERO);
    if line.paid == Money::ZERO {
        prop_assert_eq!(line.withheld, Money::ZERO, "nothing is withheld of what is not paid");
        prop_assert_eq!(&line.exchanged, &None);
        return Ok(());
    }
    if let Some(exchanged) = &line.exchanged {
        return check_exchange(input, line, exchanged);
    }
    let payee = &input.payees[&line.party];
    let payout = payee.payout.as_ref().unwrap();
    prop_assert_eq!(payout.currency, input.currency);
    if let Some(least) = input.mid.threshold(&payout.method, input.currency).filter(|_| payee.stays) {
        prop_assert!(line.paid >= least);
    }
    let available = available(input, line);
    // As SPEC has it, and as the tax has it.
    prop_assert_eq!(line.paid, available.minus(line.withheld).unwrap().cut_down_to(minor));
    prop_assert_eq!(sum([line.paid, line.withheld]), available.cut_down_to(minor));
    let base = taxed(input, line);
    let rate = input.taxes.get(&line.party).map_or(0, |tax| i128::from(tax.rate.millionths()));
    let exact = |withheld: Money| withheld.units() * 1_000_000;
    prop_assert!(exact(line.withheld) <= base.units() * rate, "no more than the law says");
    prop_assert!(exact(sum([line.withheld, minor])) > base.units() * rate, "and less than a minor unit below it");
    Ok(())
}

/// What is paid and withheld, less what had come back.
fn taxed(input: &Input, line: &Line) -> Money {
    let before = sum([input.untaxed.get(&line.party).copied().unwrap_or_default(), input.returned_to(&line.party).unwrap()]);
    sum([line.paid, line.withheld]).minus(before).unwrap().max(Money::ZERO)
}

/// What was available before a tax.
fn available(input: &Input, line: &Line) -> Money {
    let taken = sum([line.recovered, line.held, line.passed_on]);
    let back = input.returned_to(&line.party).unwrap();
    let carried = line.carried_in.minus(back).unwrap().max(Money::ZERO);
    sum([line.net, line.true_up, line.adjusted, line.lifted, line.inherited, carried, back]).minus(taken).unwrap()
}

/// What arrives is what is paid gives and a unit less would not give, and no more could have been paid.
fn check_exchange(input: &Input, line: &Line, exchanged: &Exchanged) -> TestCaseResult {
    let (there, here, unit) = (exchanged.currency.minor_unit(), input.currency.minor_unit(), Money::from_units(1));
    let rate = exchanged.quote.rate;
    prop_assert_eq!(&exchanged.quote, &input.quotes[&exchanged.currency]);
    prop_assert!(exchanged.amount > Money::ZERO && exchanged.amount == exchanged.amount.cut_down_to(there));
    prop_assert_eq!(rate.exchanged(line.paid, there).unwrap(), exchanged.amount);
    prop_assert!(rate.exchanged(line.paid.minus(unit).unwrap(), there).unwrap() < exchanged.amount);
    let base = sum([line.paid, line.withheld]);
    let withheld_of =
        |base: Money| input.taxes.get(&line.party).map_or(Money::ZERO, |tax| tax.rate.floor_of(base).unwrap().cut_down_to(here));
    prop_assert_eq!(withheld_of(taxed(input, line)), line.withheld);
    let available = available(input, line);
    prop_assert!(base <= available);
    // One more would take more than there is; of a tax, which goes in steps, that is so to within one of its steps.
    let more = rate.least_for(sum([exchanged.amount, there])).unwrap();
    let step = if input.taxes.contains_key(&line.party) { here } else { Money::ZERO };
    prop_assert!(available.minus(withheld_of(available)).unwrap() < sum([more, step, unit]));
    if let Some(least) = input.mid.threshold("sepa", exchanged.currency).filter(|_| input.payees[&line.party].stays) {
        prop_assert!(exchanged.amount >= least);
    }
    Ok(())
}

fn check_totals(draft: &Draft) -> TestCaseResult {
    let lines = |field: fn(&Line) -> Money| sum(draft.lines.iter().map(field));
    prop_assert_eq!(draft.totals.gross, lines(|line| line.gross));
    prop_assert_eq!(draft.totals.net, lines(|line| line.net));
    prop_assert_eq!(draft.totals.gross, sum(draft.platforms.iter().map(|line| line.gross)));
    prop_assert_eq!(draft.totals.net, sum(draft.platforms.iter().map(|line| line.net)));
    let judged = sum(draft.agreements.iter().map(|line| line.net));
    prop_assert_eq!(draft.totals.net, judged.plus(sum(draft.undone.iter().map(|line| line.net))).unwrap());
    prop_assert_eq!(draft.totals.true_up, sum(draft.agreements.iter().map(|line| line.true_up)));
    Ok(())
}

/// What is held of each party is what its holds keep back, and none keeps back more than it may.
fn check_holds(input: &Input, draft: &Draft) -> TestCaseResult {
    for line in &draft.lines {
        let of_party = || draft.holds.iter().filter(|hold| hold.party == line.party);
        prop_assert_eq!(line.held, sum(of_party().map(|hold| hold.held)));
        prop_assert_eq!(line.lifted, sum(of_party().map(|hold| hold.lifted)));
        let unlimited =
            input.holds.values().any(|hold| hold.party == line.party && !hold.lifted && hold.limit.is_none() && hold.reserve.is_none());
        prop_assert!(!unlimited || (line.paid == Money::ZERO && line.carried_out <= Money::ZERO));
    }
    for line in &draft.holds {
        let hold = &input.holds[&line.number];
        prop_assert!(line.held >= Money::ZERO && line.lifted >= Money::ZERO && line.outstanding >= Money::ZERO);
        prop_assert_eq!(sum([hold.held_before, line.held]), sum([line.outstanding, line.lifted]));
        prop_assert!(hold.limit.is_none_or(|limit| line.outstanding <= limit));
        prop_assert!(!hold.lifted || line.outstanding == Money::ZERO);
        prop_assert_eq!(line.kind == HoldKind::Reserve, hold.reserve.is_some());
        if let Some(Reserve { share, due }) = hold.reserve {
            let brought = draft.lines.iter().find(|of| of.party == line.party).map_or(0, |of| of.net.units() + of.true_up.units());
            prop_assert!(line.held.units() * 1_000_000 <= brought.max(0) * i128::from(share.millionths()), "more than its share");
            prop_assert!(hold.lifted || line.lifted >= due.min(hold.held_before), "what is due is given back");
            let owes = draft.lines.iter().any(|of| of.party == line.party && of.carried_out < Money::ZERO);
            prop_assert!(!owes || line.outstanding == line.held, "who owes has nothing in reserve from before");
        }
    }
    Ok(())
}

/// Each party that is paid and has a tax is listed with it, and each heir with what it gets.
fn check_lists(input: &Input, draft: &Draft) -> TestCaseResult {
    let line = |party: &str| draft.lines.iter().find(|line| line.party == party).unwrap();
    let listed: Vec<&str> = draft.taxes.iter().map(|tax| tax.party.as_str()).collect();
    let paid = draft.lines.iter().filter(|line| line.paid != Money::ZERO && input.taxes.contains_key(&line.party));
    prop_assert_eq!(listed, paid.map(|line| line.party.as_str()).collect::<Vec<_>>());
    for tax in &draft.taxes {
        let line = line(&tax.party);
        prop_assert_eq!((tax.base, tax.withheld), (taxed(input, line), line.withheld));
        prop_assert_eq!(sum([tax.base, tax.untaxed]), sum([line.paid, line.withheld]));
        prop_assert_eq!(&tax.tax, &input.taxes[&tax.party]);
    }
    for line in &draft.lines {
        let of = |party: fn(&farthing_settle::draft::Inheritance) -> &String| {
            sum(draft.inheritances.iter().filter(|one| *party(one) == line.party).map(|one| one.amount))
        };
        prop_assert_eq!((of(|one| &one.heir), of(|one| &one.party)), (line.inherited, line.passed_on));
        // Nothing that could be passed on stays with the dead: what is left there is held, or owed by it.
        prop_assert!(!input.heirs.contains_key(&line.party) || (line.paid == Money::ZERO && line.carried_out <= Money::ZERO));
    }
    Ok(())
}

/// The rule as SPEC writes it: 10 x net >= 7 x gross.
fn check_rule(input: &Input, draft: &Draft) -> TestCaseResult {
    let holds = |net: Money, gross: Money| net.units() * 10 >= gross.units() * 7;
    let mut refused = false;
    for line in &draft.agreements {
        prop_assert_eq!(line.holds, holds(line.net, line.gross));
        let on_shortfall = input.agreements[&line.agreement].on_shortfall;
        refused |= !line.holds && on_shortfall == OnShortfall::Refuse;
        if line.holds || on_shortfall == OnShortfall::Refuse {
            prop_assert_eq!(line.true_up, Money::ZERO);
        } else {
            let mended = line.net.plus(line.true_up).unwrap();
            prop_assert!(holds(mended, line.gross) && !holds(Money::from_units(mended.units() - 1), line.gross));
        }
    }
    prop_assert_eq!(draft.refused, refused);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_and_the_rules_hold(input in inputs()) {
        let draft = plan(&input).unwrap().draft;
        for line in &draft.lines {
            check_line(&input, line)?;
        }
        check_totals(&draft)?;
        check_holds(&input, &draft)?;
        check_lists(&input, &draft)?;
        check_rule(&input, &draft)?;
        prop_assert!(draft.fee_kept >= sum(draft.undone.iter().map(|line| line.fee)), "more than the fee was given back");
    }

    #[test]
    fn the_order_of_the_input_changes_nothing((input, shuffled) in inputs().prop_flat_map(|input| {
        let accruals = Just(input.accruals.clone()).prop_shuffle();
        let deferred = Just(input.deferred.clone()).prop_shuffle();
        (Just(input), accruals, deferred).prop_map(|(input, accruals, deferred)| (input.clone(), Input { accruals, deferred, ..input }))
    })) {
        let (one, other) = (plan(&input).unwrap(), plan(&shuffled).unwrap());
        prop_assert_eq!(one.draft.to_json(), other.draft.to_json());
        prop_assert_eq!(one.moves, other.moves);
    }

    #[test]
    fn how_accruals_were_batched_changes_nothing(input in inputs()) {
        let halves = |accrual: &Accrual| {
            let half = |amount: Money| Money::from_units(amount.units() / 3);
            let first = Accrual { gross: half(accrual.gross), labour: half(accrual.labour), ..accrual.clone() };
            let (gross, labour) = (accrual.gross.minus(first.gross).unwrap(), accrual.labour.minus(first.labour).unwrap());
            [first, Accrual { gross, labour, ..accrual.clone() }]
        };
        let batched = Input { accruals: input.accruals.iter().flat_map(halves).collect(), ..input.clone() };
        prop_assert_eq!(plan(&input).unwrap().draft.to_json(), plan(&batched).unwrap().draft.to_json());
    }

    #[test]
    fn every_amount_comes_from_moves_and_no_party_pays_another_but_its_heirs(input in inputs()) {
        let plan = plan(&input).unwrap();
        prop_assert_eq!(&plan, &plan_of(input.clone()).unwrap());
        prop_assert_eq!(plan.draft.text_sha256(), sha256_hex(plan.draft.to_json().as_bytes()));
        prop_assert_eq!(&plan.draft.moves_sha256, &sha256_hex(moves_to_ndjson(&plan.moves).as_bytes()));
        let mut balances: BTreeMap<Account, i128> = BTreeMap::new();
        for entry in &plan.moves {
            prop_assert!(entry.amount > Money::ZERO);
            if let (Some(from), Some(to)) = (entry.from.party(), entry.to.party()) {
                let is_heir = || input.heirs.get(from).is_some_and(|heirs| heirs.iter().any(|heir| heir.party == to));
                prop_assert!(from == to || is_heir(), "{} pays {}", from, to);
            }
            *balances.entry(entry.from.clone()).or_default() -= entry.amount.units();
            *balances.entry(entry.to.clone()).or_default() += entry.amount.units();
        }
        prop_assert!(plan.moves.is_sorted_by_key(|entry| entry.step));
        for line in &plan.draft.lines {
            let balance = |account: fn(Arc<str>) -> Account| balances.get(&account(line.party.as_str().into())).copied().unwrap_or_default();
            prop_assert_eq!(balance(Account::Party), 0);
            prop_assert_eq!(balance(Account::Payout), line.paid.units());
            prop_assert_eq!(balance(Account::Withheld), line.withheld.units());
            prop_assert_eq!(balance(Account::Held) + balance(Account::Reserve), line.held.units() - line.lifted.units());
            prop_assert_eq!(balance(Account::Carried), line.carried_out.units() - line.carried_in.units());
        }
        let mid = balances.get(&Account::Mid(input.mid.mid.as_str().into())).copied().unwrap_or_default();
        let adjusted: i128 = plan.draft.adjustments.iter().map(|line| line.amount.units()).sum();
        prop_assert_eq!(mid, plan.draft.fee_kept.units() - adjusted);
        prop_assert_eq!(adjusted, plan.draft.lines.iter().map(|line| line.adjusted.units()).sum::<i128>());
    }

    #[test]
    fn a_draft_is_read_back_as_it_was(input in inputs()) {
        let draft = plan(&input).unwrap().draft;
        prop_assert_eq!(&Draft::from_json(&draft.to_json()).unwrap(), &draft);
        farthing_settle::report(&draft).unwrap();
    }

    #[test]
    fn who_gives_back_all_gives_back_no_more_than_they_got(gross in gross(), share in 700_000..=1_000_000_u32, fee in 0..1_000_000_u32, parts in 1..4_i128) {
        let terms = Terms { fee, recovery_cap: 0, labour_shares: [share; 3], true_up: [false; 3], threshold_cents: 0, code: "USD" };
        let mut input = input_of(&terms);
        input.payees.insert("ana".to_owned(), Payee::default());
        let part = gross / parts;
        (0..parts).for_each(|_| earn(&mut input, &terms, (0, 0, part, false, false)));
        let got = plan(&input).unwrap().draft.totals.net;
        input.fees_of_cycles.insert(input.cycle, input.mid.fee);
        let mut given_back = Money::ZERO;
        for accrual in std::mem::take(&mut input.accruals) {
            let opposite = |amount: Money| amount.negated().unwrap();
            let undone = Accrual { cycle: cycle("2026-11"), undone: Some(input.cycle), gross: opposite(accrual.gross), labour: opposite(accrual.labour), ..accrual };
            let later = Input { cycle: cycle("2026-11"), accruals: vec![undone], ..input.clone() };
            given_back = given_back.minus(plan(&later).unwrap().draft.totals.net).unwrap();
        }
        prop_assert!(given_back <= got);
    }
}

#[test]
fn ten_million_accruals_of_a_ten_millionth_make_one() {
    let mut input = empty_input();
    input.agreements.insert("agr".to_owned(), AgreementTerms { platform: "plt".to_owned(), on_shortfall: OnShortfall::Refuse });
    input.payees.insert("ana".to_owned(), payee(&input, 3, true));
    // A thousand batches of ten thousand events each.
    input.accruals = (0..1_000).map(|_| payable(&input, "ana", "agr", amount("0.001"), amount("0.001"))).collect();
    let draft = plan(&input).unwrap().draft;
    assert_eq!(draft.totals.paid, amount("1"));
    assert_eq!(draft.totals.carried, Money::ZERO);
}
