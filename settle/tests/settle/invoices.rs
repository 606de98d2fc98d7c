//! Invoices: they come to what is booked, to the unit and over all cycles, say nothing of others, and come out the same whatever the order
//! of what they are made of.

use crate::journal::{approvable, cycle_of, labour_by_platform, occasion};
use crate::properties::inputs;
use crate::statements::{agreement, kept, payee, varied};
use crate::support::{amount, cycle, payable};
use farthing_schemas::accrual::AccrualKey;
use farthing_schemas::{Accrual, Day, Money, Status, Use};
use farthing_settle::earned::{Deferred, Earned, EventNumber};
use farthing_settle::input::{Input, OnShortfall};
use farthing_settle::invoice::gather::Given;
use farthing_settle::invoice::{BookedOfCycle, Invoice, InvoiceNumber, Invoiced, Invoices, Issued, Named, carried};
use farthing_settle::journal::{Account, Entry, entry_of_approval};
use farthing_settle::unsettled::Unsettled;
use farthing_settle::{Draft, Plan, SettleError, plan};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn deferred(input: &Input) -> Deferred {
    input.deferred.iter().map(|accrual| (accrual.key.agreement.clone(), accrual.cycle)).collect()
}

fn gathered<'d>(draft: &'d Draft, deferred: &'d Deferred, input: &Input) -> Invoices<'d> {
    let mut invoices = Invoices::of(draft, deferred);
    for accrual in input.accruals.iter().chain(&input.deferred) {
        let events = if accrual.gross < Money::ZERO { -1 } else { 1 };
        invoices.add(&Earned::of(accrual, events)).unwrap();
    }
    invoices
}

fn unsettled<'d>(draft: &'d Draft, input: &Input) -> Unsettled<'d> {
    let mut unsettled = Unsettled::of(draft);
    input.accruals.iter().for_each(|accrual| unsettled.add(accrual).unwrap());
    unsettled
}

/// What an entry books for a platform.
fn booked(entry: &Entry, platform: &str) -> Money {
    let account = Account::PlatformReceivable(platform.to_owned());
    entry.postings().iter().find(|posting| posting.account == account).map_or(Money::ZERO, |posting| posting.amount)
}

fn given(plan: &Plan, platform: &str, carried_in: Money) -> Given {
    let draft = &plan.draft;
    let named = |id: &str, name: &str| Named { id: id.to_owned(), name: Some(name.to_owned()) };
    let entry = entry_of_approval(plan, occasion(7, "")).unwrap();
    let day: Day = "2026-11-02".parse().unwrap();
    let invoiced = Invoiced { mid: &draft.mid, platform, currency: draft.currency, cycle: draft.cycle };
    let issued = Issued { number: InvoiceNumber::of(&invoiced), entry: 7, day, due: day.plus(30) };
    let booked = Some((issued, booked(&entry, platform)));
    Given { platform: named(platform, "Acme <AI>"), mid: named(&draft.mid, "The Guild"), carried_in, booked, paid: Vec::new() }
}

fn invoice(input: &Input, platform: &str, carried_in: Money) -> Result<Invoice, SettleError> {
    let plan = plan(input)?;
    let deferred = deferred(input);
    let invoices = gathered(&plan.draft, &deferred, input);
    invoices.check()?;
    invoices.invoice(given(&plan, platform, carried_in), &unsettled(&plan.draft, input))
}

fn with(accrual: Accrual, status: Status, mid: &str, use_: Use) -> Accrual {
    let agreement = if mid.is_empty() { String::new() } else { accrual.key.agreement.clone() };
    Accrual { key: AccrualKey { status, mid: mid.to_owned(), agreement, use_, ..accrual.key }, ..accrual }
}

/// All that can stand on an invoice of plt_bolt, and as much of others.
fn busy() -> Input {
    let mut input = varied();
    agreement(&mut input, "agr_bolt_left", "plt_bolt", OnShortfall::Refuse);
    input.without.insert("agr_bolt_left".to_owned());
    let bolt = |party: &str, gross: &str, labour: &str| payable(&input, party, "agr_bolt", amount(gross), amount(labour));
    let more = vec![
        Accrual { undone: Some(cycle("2026-08")), ..with(bolt("cem", "-0.5", "-0.4"), Status::Payable, "mid_guild", Use::Training) },
        payable(&input, "cem", "agr_bolt_left", amount("2"), amount("1.6")),
        with(bolt("ana", "3", "2.4"), Status::Unlicensed, "mid_guild", Use::Training),
        with(bolt("stranger", "4", "2.8"), Status::Suspense, "", Use::Retrieval),
        Accrual { cycle: cycle("2026-09"), ..with(bolt("stranger", "1", "0.7"), Status::Suspense, "", Use::Retrieval) },
        with(bolt("", "0.1", "0.07"), Status::Unattributed, "", Use::Citation),
        with(bolt("zoe_secret", "31337", "28182.8182"), Status::Unlicensed, "mid_secret", Use::Training),
    ];
    input.accruals.extend(more.into_iter().filter(|accrual| accrual.cycle == input.cycle));
    input
}

#[test]
fn an_invoice_says_what_is_owed_and_why() {
    let invoice = invoice(&busy(), "plt_bolt", amount("0.0045")).unwrap();
    let uses: Vec<_> = invoice.uses.iter().map(|line| (line.agreement.as_str(), line.use_, line.events, line.labour)).collect();
    assert_eq!(uses, [("agr_bolt", Use::Retrieval, 2, amount("7.688888888889")), ("agr_bolt", Use::Citation, 1, amount("3.2"))]);
    let undone: Vec<_> = invoice.undone.iter().map(|line| (line.cycle, line.use_, line.events, line.labour)).collect();
    assert_eq!(undone, [(cycle("2026-08"), Use::Retrieval, -1, amount("-1.6")), (cycle("2026-08"), Use::Training, -1, amount("-0.4"))]);
    let figures = invoice.figures;
    assert_eq!((figures.used, figures.undone), (amount("10.888888888889"), amount("-2")));
    assert_eq!((figures.to_pay, figures.carried_out), (amount("8.89"), amount("0.003388888889")));
    assert_eq!(invoice.left_out.iter().map(|line| line.labour).collect::<Vec<_>>(), [amount("1.6")]);
    let besides: Vec<_> = invoice.unsettled.iter().map(|(key, sums)| (key.status, key.agreement.as_str(), sums.labour)).collect();
    assert_eq!(
        besides,
        [
            (Status::Suspense, "", amount("2.8")),
            (Status::Suspense, "agr_bolt", amount("60")),
            (Status::Unattributed, "", amount("0.07")),
            (Status::Unlicensed, "agr_bolt", amount("2.4"))
        ]
    );
}

#[test]
fn the_forms_are_as_they_were() {
    let document = invoice(&busy(), "plt_bolt", amount("0.0045")).unwrap().document().unwrap();
    for (name, found) in [
        ("invoice.txt", document.text()),
        ("invoice.html", document.html()),
        ("invoice.csv", document.csv().unwrap()),
        ("invoice.json", document.json() + "\n"),
    ] {
        assert!(kept(name) == found, "{name} is another:\n{found}");
    }
}

/// Lines of an event stand together, in whatever agreements and uses; each of these counts it once.
#[test]
fn events_count_once_however_many_share_them() {
    let mut input = varied();
    input.accruals.clear();
    input.deferred.clear();
    input.without.clear();
    let earn = |party: &str, agreement: &str, gross: &str| payable(&input, party, agreement, amount(gross), amount(gross));
    let lines = [
        (1, earn("ana", "agr_bolt", "1")),
        (1, earn("ben", "agr_then", "1")),
        (1, earn("cem", "agr_bolt", "1")),
        (2, earn("cem", "agr_bolt", "1")),
        (3, earn("ana", "agr_bolt", "-1")),
        (3, earn("cem", "agr_bolt", "-1")),
    ];
    input.accruals = lines.iter().map(|(_, accrual)| accrual.clone()).collect();
    let (draft, deferred) = (plan(&input).unwrap().draft, Deferred::new());
    let mut invoices = Invoices::of(&draft, &deferred);
    for (event, accrual) in &lines {
        let events = if accrual.gross < Money::ZERO { -1 } else { 1 };
        invoices.add(&Earned { event: Some(EventNumber(*event)), ..Earned::of(accrual, events) }).unwrap();
    }
    invoices.check().unwrap();
    let events = |platform: &str| {
        let named = Named { id: platform.to_owned(), name: None };
        let given = Given { platform: named.clone(), mid: named, carried_in: Money::ZERO, booked: None, paid: Vec::new() };
        let invoice = invoices.invoice(given, &unsettled(&draft, &input)).unwrap();
        invoice.uses.iter().map(|line| line.events).collect::<Vec<_>>()
    };
    assert_eq!((events("plt_bolt"), events("plt_then")), (vec![1], vec![1]));
}

#[test]
fn what_is_not_the_drafts_or_not_booked_is_an_error_and_no_invoice() {
    let input = busy();
    let (plan, deferred) = (plan(&input).unwrap(), deferred(&input));
    let short = Input { accruals: input.accruals[1..].to_vec(), ..input.clone() };
    let error = gathered(&plan.draft, &deferred, &short).check().unwrap_err().to_string();
    assert!(error.contains("plt_acme") && error.contains("gross"), "{error}");
    let mut a_unit = input.clone();
    a_unit.accruals[2].labour = a_unit.accruals[2].labour.plus(Money::from_units(1)).unwrap();
    let error = gathered(&plan.draft, &deferred, &a_unit).check().unwrap_err().to_string();
    assert!(error.contains("labour of all platforms"), "{error}");
    // A unit from one platform to another is in no sum of the draft: the journal knows.
    a_unit.accruals[0].labour = a_unit.accruals[0].labour.minus(Money::from_units(1)).unwrap();
    let moved = gathered(&plan.draft, &deferred, &a_unit);
    moved.check().unwrap();
    for platform in ["plt_acme", "plt_bolt"] {
        let error = moved.invoice(given(&plan, platform, Money::ZERO), &unsettled(&plan.draft, &a_unit)).unwrap_err();
        assert!(matches!(&error, SettleError::NotAsBooked { platform: named, .. } if named == platform), "{error}");
    }
}

#[test]
fn a_credit_is_not_paid_and_not_lost() {
    let mut input = busy();
    input.accruals.retain(|accrual| accrual.key.agreement != "agr_bolt" || accrual.undone.is_some());
    let invoice = invoice(&input, "plt_bolt", amount("0.0045")).unwrap();
    assert_eq!((invoice.figures.to_pay, invoice.figures.carried_out), (Money::ZERO, amount("-1.9955")));
    let text = invoice.document().unwrap().text();
    assert!(text.contains("Nothing is to be paid.") && text.contains("1.9955 USD are credited"), "{text}");
}

#[test]
fn without_an_approval_it_is_a_preview_without_a_number() {
    let input = Input { preview: true, ..busy() };
    let (plan, deferred) = (plan(&input).unwrap(), deferred(&input));
    let named = |id: &str| Named { id: id.to_owned(), name: None };
    let given = Given { platform: named("plt_bolt"), mid: named("mid_guild"), carried_in: Money::ZERO, booked: None, paid: Vec::new() };
    let invoice = gathered(&plan.draft, &deferred, &input).invoice(given, &unsettled(&plan.draft, &input)).unwrap();
    for form in [invoice.document().unwrap().text(), invoice.document().unwrap().html()] {
        assert!(form.contains("PREVIEW: the cycle is open") && form.contains("Preview of an invoice"), "{form}");
        assert!(!form.contains("RF") && !form.contains("Please pay"), "{form}");
    }
    let json = invoice.document().unwrap().json();
    assert!(json.contains("\"preview\":true,\"number\":null,\"date\":null,\"due\":null"), "{json}");
}

#[test]
fn nothing_of_others_and_nothing_of_the_mids_own_is_on_an_invoice() {
    let mut input = busy();
    agreement(&mut input, "agr_secret", "plt_secret", OnShortfall::TrueUp);
    payee(&mut input, "zoe_secret");
    input.accruals.push(payable(&input, "zoe_secret", "agr_secret", amount("31337.271828182845"), amount("21940.081827182845")));
    let plan = plan(&input).unwrap();
    let (draft, deferred) = (&plan.draft, deferred(&input));
    let (invoices, unsettled) = (gathered(draft, &deferred, &input), unsettled(draft, &input));
    let platforms: Vec<String> = invoices.platforms().into_iter().map(str::to_owned).collect();
    assert_eq!(platforms, ["plt_acme", "plt_bolt", "plt_left", "plt_secret", "plt_then"]);
    assert!(draft.totals.true_up > Money::ZERO && draft.fee_kept > Money::ZERO);
    let agreements_of = |platform: &str| {
        input.agreements.iter().filter(|(_, terms)| terms.platform == platform).map(|(id, _)| id.clone()).collect::<Vec<_>>()
    };
    let sums = [
        draft.totals.gross,
        draft.totals.labour,
        draft.totals.fee,
        draft.totals.net,
        draft.totals.true_up,
        draft.totals.paid,
        draft.fee_kept,
    ];
    for platform in &platforms {
        let document = invoices.invoice(given(&plan, platform, Money::ZERO), &unsettled).unwrap().document().unwrap();
        for form in [document.text(), document.html(), document.csv().unwrap(), document.json()] {
            let words: Vec<&str> = form.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
            for other in platforms.iter().filter(|other| *other != platform) {
                let hidden = agreements_of(other).into_iter().chain([other.clone()]);
                hidden.for_each(|word| assert!(!words.contains(&word.as_str()), "{word} on the invoice of {platform}:\n{form}"));
            }
            for party in ["ana", "ben", "cem", "stranger", "zoe_secret", "mid_secret", "fee", "true_up", "net", "labour_share", "fee_rate"]
            {
                assert!(!words.contains(&party), "{party} on the invoice of {platform}:\n{form}");
            }
            for sum in
                sums.iter().chain(draft.agreements.iter().flat_map(|line| [&line.net, &line.true_up])).filter(|sum| **sum != Money::ZERO)
            {
                assert!(!form.contains(&sum.to_string()), "{sum} on the invoice of {platform}:\n{form}");
            }
            assert!(platform == "plt_secret" || !(form.contains("31337") || form.contains("31,337") || form.contains("28182")), "{form}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each invoice's lines sum to what is booked for its platform, whatever the order of what they are made of.
    #[test]
    fn the_lines_sum_to_what_is_booked(input in inputs()) {
        let Some(plan) = approvable(input.clone()) else { return Ok(()) };
        let deferred = deferred(&input);
        let invoices = gathered(&plan.draft, &deferred, &input);
        invoices.check().unwrap();
        let mut turned = input.clone();
        turned.accruals.reverse();
        let other = gathered(&plan.draft, &deferred, &turned);
        let labours = labour_by_platform(&input);
        for (platform, labour) in labours {
            let unsettled = unsettled(&plan.draft, &input);
            let invoice = invoices.invoice(given(&plan, &platform, Money::ZERO), &unsettled).unwrap();
            let lines = invoice.uses.iter().map(|line| line.labour.units()).sum::<i128>() + invoice.undone.iter().map(|line| line.labour.units()).sum::<i128>();
            prop_assert_eq!((lines, invoice.figures.labour().unwrap().units()), (labour, labour));
            prop_assert_eq!(invoice.document().unwrap().json(), other.invoice(given(&plan, &platform, Money::ZERO), &unsettled).unwrap().document().unwrap().json());
        }
    }

    /// Over all cycles, what is asked for in whole minor units and what is carried are the labour that was booked, to the unit.
    #[test]
    fn nothing_is_lost_over_the_cycles(inputs in prop::collection::vec(inputs(), 1..6)) {
        let (mut asked, mut booked_sums, mut left) = (BTreeMap::<String, i128>::new(), BTreeMap::<String, Vec<Money>>::new(), BTreeMap::<String, Money>::new());
        for (months, input) in (0..).zip(inputs) {
            let input = cycle_of(&input, months, BTreeMap::new());
            let Some(plan) = approvable(input.clone()) else { continue };
            let deferred = deferred(&input);
            let invoices = gathered(&plan.draft, &deferred, &input);
            let entry = entry_of_approval(&plan, occasion(7, "")).unwrap();
            for platform in ["plt_a", "plt_b"] {
                let before = left.get(platform).copied().unwrap_or_default();
                let labours = booked_sums.entry(platform.to_owned()).or_default();
                prop_assert_eq!(before, carried(labours.iter().map(|labour| BookedOfCycle { booked: *labour, approved: true }), input.currency).unwrap());
                let invoice = invoices.invoice(given(&plan, platform, before), &unsettled(&plan.draft, &input)).unwrap();
                let (figures, minor) = (invoice.figures, input.currency.minor_unit());
                prop_assert!(figures.to_pay >= Money::ZERO && figures.to_pay.units() % minor.units() == 0);
                prop_assert!(figures.carried_out < minor && (figures.to_pay == Money::ZERO || figures.carried_out >= Money::ZERO));
                *asked.entry(platform.to_owned()).or_default() += figures.to_pay.units();
                labours.push(booked(&entry, platform));
                left.insert(platform.to_owned(), figures.carried_out);
                let labour: i128 = labours.iter().map(|labour| labour.units()).sum();
                prop_assert_eq!(asked[platform] + figures.carried_out.units(), labour);
            }
        }
    }
}
