//! Statements with a tax and with heirs: version 2 of the form, which says all that passed, on one page.

use crate::support::{amount, currency, cycle, empty_input, payable, rate};
use farthing_schemas::Money;
use farthing_settle::earned::{Deferred, Earned};
use farthing_settle::input::{AgreementTerms, Heir, Input, OnShortfall, Payee, Payout, Tax};
use farthing_settle::statement::gather::Statements;
use farthing_settle::statement::text::{LINES_MAX, text};
use farthing_settle::statement::{csv::csv, html::html};
use farthing_settle::{Statement, plan};

/// Ana is taxed and has inherited of `dead` parties; the last of them leaves the rest to `more` others.
fn input(dead: usize, more: usize) -> Input {
    let mut input = Input { cycle: cycle("2026-10"), currency: currency("USD"), ..empty_input() };
    (input.mid.mid, input.mid.fee) = ("mid_guild".to_owned(), rate("0.05"));
    input.agreements.insert("agr".to_owned(), AgreementTerms { platform: "plt".to_owned(), on_shortfall: OnShortfall::Refuse });
    let payee = Payee { payout: Some(Payout { method: "sepa".to_owned(), currency: input.currency }), stays: true };
    let tax = Tax {
        jurisdiction: "DE".to_owned(),
        withholding: "wht_all".to_owned(),
        certificate: Some("exemption <17>".to_owned()),
        rate: rate("0.125"),
    };
    input.taxes.insert("ana".to_owned(), tax);
    let mut heirs = vec![("ana".to_owned(), 1_000_000 - u32::try_from(more).unwrap() * 1_000)];
    heirs.extend((0..more).map(|number| (format!("heir_{number:03}"), 1_000)));
    let heir = |(party, millionths): &(String, u32)| Heir {
        party: party.clone(),
        share: farthing_schemas::Rate::from_millionths(*millionths).unwrap(),
    };
    for number in 0..dead {
        let party = format!("dead_{number:03}");
        let gross = Money::from_units(1_000_000_000_003 * i128::try_from(number + 1).unwrap());
        input.accruals.push(payable(&input, &party, "agr", gross, gross));
        let last = number + 1 == dead;
        input.heirs.insert(
            party.clone(),
            if last { heirs.iter().map(heir).collect() } else { vec![Heir { party: "ana".to_owned(), share: rate("1") }] },
        );
        input.payees.insert(party, payee.clone());
    }
    heirs.into_iter().for_each(|(heir, _)| drop(input.payees.insert(heir, payee.clone())));
    input.accruals.push(payable(&input, "ana", "agr", amount("10"), amount("8")));
    input
}

fn statements(input: &Input) -> Vec<Statement> {
    let draft = plan(input).unwrap().draft;
    let deferred = Deferred::new();
    let mut gathered = Statements::of(&draft, &deferred);
    input.accruals.iter().for_each(|accrual| gathered.add(&Earned::of(accrual, 1)).unwrap());
    (0..gathered.len()).map(|at| gathered.statement(at).unwrap().unwrap()).collect()
}

fn of<'s>(all: &'s [Statement], party: &str) -> &'s Statement {
    all.iter().find(|statement| statement.party == party).unwrap()
}

fn kept(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/settle/texts/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_texts_are_as_they_were() {
    let all = statements(&input(2, 1));
    let (ana, dead) = (of(&all, "ana"), of(&all, "dead_001"));
    let forms = [
        ("heir.txt", text(ana).unwrap()),
        ("heir.csv", csv(ana).unwrap()),
        ("heir.json", ana.to_json() + "\n"),
        ("dead.txt", text(dead).unwrap()),
        ("dead.json", dead.to_json() + "\n"),
    ];
    for (name, found) in forms {
        assert!(kept(name) == found, "{name} is another:\n{found}");
    }
    assert_eq!(&Statement::from_json(kept("heir.json").trim_end()).unwrap(), ana);
    assert_eq!(&Statement::from_json(kept("dead.json").trim_end()).unwrap(), dead);
    assert!(html(ana).unwrap().contains("certificate exemption &lt;17&gt;"));
}

#[test]
fn a_page_holds_any_number_of_heirs_and_the_other_forms_name_all() {
    let all = statements(&input(300, 299));
    for (party, other) in [("ana", "dead"), ("dead_299", "heir")] {
        let statement = of(&all, party);
        let page = text(statement).unwrap();
        assert!(page.lines().count() <= LINES_MAX && page.contains("298 others"), "{page}");
        for form in [html(statement).unwrap(), csv(statement).unwrap(), statement.to_json()] {
            assert!((0..299).all(|number| form.contains(&format!("{other}_{number:03}"))), "{form}");
        }
    }
}

#[test]
fn a_version_that_is_not_its_form_is_none() {
    let all = statements(&input(1, 0));
    let ana = of(&all, "ana").to_json();
    assert!(ana.starts_with("{\"farthing_statement\":2,"));
    let check = |text: String, expected: &str| {
        let error = Statement::from_json(&text).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(expected), "{cause}");
    };
    check(ana.replacen(":2,", ":1,", 1), "its version is 1 and not 2");
    check(ana.replacen(":2,", ":3,", 1), "its version is 3 and not 2");
    check(ana.replacen("\"base\"", "\"basis\"", 1), "unknown field `basis`");
}

#[test]
fn parts_that_do_not_add_up_are_told() {
    let all = statements(&input(2, 1));
    let check = |party: &str, change: fn(&mut Statement), what: &str| {
        let mut statement = of(&all, party).clone();
        statement.check_sums().unwrap();
        change(&mut statement);
        let error = statement.check_sums().unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    check("ana", |it| it.inherited[0].amount = it.inherited[1].amount, "what is inherited and its parts");
    check("dead_001", |it| drop(it.passed_on.pop()), "what is passed on and its parts");
    check("ana", |it| it.tax.as_mut().unwrap().withheld = Money::from_units(1), "the tax and what is withheld");
    check("ana", |it| it.tax.as_mut().unwrap().base = Money::from_units(1), "the base of the tax");
    check("ana", |it| it.figures.inherited = Money::ZERO, "what is inherited and its parts");
}
