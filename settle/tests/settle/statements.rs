//! Statements: they add up, fit on a page, say nothing of others, and come out the same whatever the order of what they are made of.

use crate::support::{amount, currency, cycle, empty_input, payable, rate};
use farthing_schemas::{Accrual, Money, Status, Use};
use farthing_settle::earned::{Deferred, Earned};
use farthing_settle::input::{AgreementTerms, Input, OnShortfall, Payee, Payout, Threshold};
use farthing_settle::proof::Digest;
use farthing_settle::proof::check::Place;
use farthing_settle::proof::file::Proof;
use farthing_settle::proof::tree::Tree;
use farthing_settle::statement::gather::Statements;
use farthing_settle::statement::text::{LINES_MAX, text};
use farthing_settle::statement::{csv::csv, html::html};
use farthing_settle::{Draft, Statement, plan};

pub fn agreement(input: &mut Input, id: &str, platform: &str, on_shortfall: OnShortfall) {
    input.agreements.insert(id.to_owned(), AgreementTerms { platform: platform.to_owned(), on_shortfall });
}

pub fn payee(input: &mut Input, id: &str) {
    let payout = Payout { method: "sepa".to_owned(), currency: input.currency };
    input.payees.insert(id.to_owned(), Payee { payout: Some(payout), stays: true });
}

/// All statements of an input's draft.
fn statements(input: &Input) -> (Draft, Vec<Statement>) {
    let draft = plan(input).unwrap().draft;
    let deferred: Deferred = input.deferred.iter().map(|accrual| (accrual.key.agreement.clone(), accrual.cycle)).collect();
    let mut gathered = Statements::of(&draft, &deferred);
    for accrual in input.accruals.iter().chain(&input.deferred) {
        let events = if accrual.gross < Money::ZERO { -1 } else { 1 };
        gathered.add(&Earned::of(accrual, events)).unwrap();
    }
    assert!(!gathered.is_empty());
    let all = (0..gathered.len()).map(|at| gathered.statement(at).unwrap().unwrap()).collect();
    assert_eq!(gathered.statement(gathered.len()).unwrap(), None);
    drop(gathered);
    (draft, all)
}

fn of<'s>(all: &'s [Statement], party: &str) -> &'s Statement {
    all.iter().find(|statement| statement.party == party).unwrap()
}

/// Two platforms and three parties with everything that can stand in a statement.
pub fn varied() -> Input {
    let mut input = empty_input();
    (input.mid.mid, input.mid.fee) = ("mid_guild".to_owned(), rate("0.05"));
    input.mid.thresholds = vec![Threshold { method: "sepa".to_owned(), currency: currency("USD"), amount: amount("5") }];
    for (id, platform, on_shortfall) in [
        ("agr_acme", "plt_acme", OnShortfall::TrueUp),
        ("agr_bolt", "plt_bolt", OnShortfall::Refuse),
        ("agr_left", "plt_left", OnShortfall::Refuse),
        ("agr_then", "plt_then", OnShortfall::Refuse),
    ] {
        agreement(&mut input, id, platform, on_shortfall);
    }
    ["ana", "ben", "cem"].into_iter().for_each(|party| payee(&mut input, party));
    input.carried_in = [("ana", "0.5"), ("cem", "-3")].into_iter().map(|(party, units)| (party.to_owned(), amount(units))).collect();
    input.fees_of_cycles.insert(cycle("2026-08"), rate("0.10"));
    input.without.insert("agr_left".to_owned());
    let terms = input.clone();
    let earn = |party: &str, agreement: &str, gross: &str, labour: &str| payable(&terms, party, agreement, amount(gross), amount(labour));
    let cited =
        |accrual: Accrual| Accrual { key: farthing_schemas::accrual::AccrualKey { use_: Use::Citation, ..accrual.key.clone() }, ..accrual };
    let suspense = |accrual: Accrual| Accrual {
        key: farthing_schemas::accrual::AccrualKey { status: Status::Suspense, ..accrual.key.clone() },
        ..accrual
    };
    input.accruals = vec![
        earn("ana", "agr_acme", "10", "7.123456"),
        Accrual { late: true, ..earn("ana", "agr_acme", "2", "1.4") },
        cited(earn("ana", "agr_bolt", "4", "3.2")),
        earn("ana", "agr_left", "1.25", "1"),
        Accrual { undone: Some(cycle("2026-08")), ..earn("ana", "agr_bolt", "-2", "-1.6") },
        earn("ben", "agr_acme", "0.000000000431", "0.000000000302"),
        earn("ben", "agr_bolt", "1.111111111111", "0.888888888889"),
        suspense(earn("ana", "agr_bolt", "77", "60")),
        earn("cem", "agr_bolt", "8.5", "6.8"),
        cited(earn("cem", "agr_acme", "0.25", "0.175")),
    ];
    input.deferred = vec![Accrual { cycle: cycle("2026-09"), ..earn("ben", "agr_then", "6", "4.8") }];
    input
}

/// A party under 300 agreements, with as much as can be on a statement besides.
fn streams(count: usize) -> Input {
    let mut input = varied();
    for number in 0..count {
        let (id, platform) = (format!("agr_{number:03}"), format!("plt_{number:03}"));
        agreement(&mut input, &id, &platform, OnShortfall::Refuse);
        // Some earn much, most little, and none the same.
        let gross = Money::from_units(1_000_000_000_007 * i128::try_from(number * number + 1).unwrap());
        let labour = rate("0.8").ceil_of(gross).unwrap();
        input.accruals.push(payable(&input, "cem", &id, gross, labour));
        if number % 40 == 0 {
            let undone = payable(&input, "cem", &id, amount("-0.1"), amount("-0.08"));
            input.accruals.push(Accrual { undone: Some(cycle("2026-08")), ..undone });
            let left = format!("agr_left_{number}");
            agreement(&mut input, &left, &platform, OnShortfall::Refuse);
            input.without.insert(left.clone());
            input.accruals.push(payable(&input, "cem", &left, amount("0.3"), amount("0.21")));
        }
    }
    input
}

#[test]
fn a_statement_says_what_the_draft_says() {
    let (draft, all) = statements(&varied());
    assert_eq!(all.iter().map(|statement| statement.party.as_str()).collect::<Vec<_>>(), ["ana", "ben", "cem"]);
    for (statement, line) in all.iter().zip(&draft.lines) {
        assert_eq!((statement.figures.paid, statement.figures.carried_out), (line.paid, line.carried_out), "{}", line.party);
        assert_eq!((&statement.draft_sha256, statement.registry_version), (&draft.draft_sha256, 1));
    }
    let ana = of(&all, "ana");
    let used: Vec<_> = ana.uses.iter().map(|line| (line.agreement.as_str(), line.use_, line.events, line.late, line.labour)).collect();
    assert_eq!(used, [("agr_acme", Use::Retrieval, 2, 1, amount("8.523456")), ("agr_bolt", Use::Citation, 1, 0, amount("3.2"))]);
    let undone: Vec<_> = ana.undone.iter().map(|line| (line.platform.as_str(), line.events, line.labour, line.fee, line.net)).collect();
    assert_eq!(undone, [("plt_bolt", -1, amount("-1.6"), amount("-0.16"), amount("-1.44"))]);
    assert_eq!(ana.left_out.iter().map(|line| (line.agreement.as_str(), line.gross)).collect::<Vec<_>>(), [("agr_left", amount("1.25"))]);
    let ben = of(&all, "ben");
    assert_eq!(
        ben.uses.iter().map(|line| (line.agreement.as_str(), line.late)).collect::<Vec<_>>(),
        [("agr_acme", 0), ("agr_bolt", 0), ("agr_then", 1)]
    );
    assert!(of(&all, "cem").figures.recovered > Money::ZERO);
}

#[test]
fn what_is_not_the_drafts_is_an_error_and_no_statement() {
    let input = varied();
    let draft = plan(&input).unwrap().draft;
    let deferred = Deferred::from([("agr_then".to_owned(), cycle("2026-09"))]);
    let check = |accruals: &[Accrual], party: &str, words: &[&str]| {
        let mut gathered = Statements::of(&draft, &deferred);
        accruals.iter().chain(&input.deferred).for_each(|accrual| gathered.add(&Earned::of(accrual, 1)).unwrap());
        let error = gathered.statement(gathered.position(party).unwrap()).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    };
    check(&input.accruals[1..], "ana", &["ana", "gross", "14.000000000000", "4.000000000000"]);
    let mut changed = input.accruals.clone();
    changed[4].labour = amount("-1.6").plus(Money::from_units(1)).unwrap();
    check(&changed, "ana", &["ana", "labour"]);
    changed[4].undone = Some(cycle("2026-07"));
    check(&changed, "ana", &["ana"]);
}

#[test]
fn order_changes_nothing() {
    let input = varied();
    let mut turned = input.clone();
    turned.accruals.reverse();
    let (one, other) = (statements(&input).1, statements(&turned).1);
    assert_eq!(one.iter().map(Statement::to_json).collect::<Vec<_>>(), other.iter().map(Statement::to_json).collect::<Vec<_>>());
}

/// A text that is kept: version 1 of each form, readable for ever.
pub fn kept(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/settle/texts/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_texts_are_as_they_were() {
    let (_, all) = statements(&varied());
    let ana = of(&all, "ana");
    let tree = Tree::of(all.iter().map(Statement::leaf).collect());
    let proof = proven(&all, &tree, 0);
    let forms = [
        ("statement.txt", text(ana).unwrap()),
        ("statement.csv", csv(ana).unwrap()),
        ("statement.html", html(ana).unwrap()),
        ("statement.json", ana.to_json() + "\n"),
        ("proof.json", proof.to_json() + "\n"),
    ];
    for (name, found) in forms {
        assert!(kept(name) == found, "{name} is another:\n{found}");
    }
    assert_eq!(&Statement::from_json(kept("statement.json").trim_end()).unwrap(), ana);
    let read = Proof::from_json(&kept("proof.json")).unwrap();
    assert_eq!((&read, read.check(read.root).as_ref()), (&proof, Ok(ana)));
}

/// The proof of one of some statements in the root of a chain of one seal.
fn proven(all: &[Statement], tree: &Tree, at: usize) -> Proof {
    use farthing_settle::proof::chain::{Link, Owner};
    let statement = &all[at];
    let (tree_size, index) = (u64::try_from(tree.size()).unwrap(), u64::try_from(at).unwrap());
    let link = Link { cycle: statement.cycle, tree_size, tree_root: tree.root() };
    Proof {
        leaf: statement.leaf(),
        place: Place { index, tree_size },
        path: tree.inclusion(at).unwrap(),
        tree_root: tree.root(),
        previous: None,
        later: Vec::new(),
        root: link.seal_root(Owner { mid: &statement.mid, currency: statement.currency }, None),
        statement: statement.to_json(),
    }
}

#[test]
fn a_page_holds_any_statement_and_its_figures_still_add_up() {
    for count in [0, 1, 15, 19, 20, 40, 300] {
        let (_, all) = statements(&streams(count));
        let cem = of(&all, "cem");
        assert_eq!(cem.uses.len(), count + 2);
        let page = text(cem).unwrap();
        assert!(page.lines().count() <= LINES_MAX, "{count}: {} lines\n{page}", page.lines().count());
        assert!(count < 40 || page.lines().count() == LINES_MAX, "{count}: what is left of the page is not used\n{page}");
        let rows = rows_below(&page, "What was used");
        let (all_row, parts) = rows.split_last().unwrap();
        assert_eq!(sums(parts), *all_row, "{count}\n{page}");
        assert_eq!(all_row.2, cem.figures.gross.units() - cem.undone.iter().map(|line| line.gross.units()).sum::<i128>());
        if count == 300 {
            assert!(page.contains("others") && rows.len() < 30, "{page}");
            let undone = rows_below(&page, "Undone of closed cycles");
            assert_eq!(undone.len(), 4);
            let shown: i128 = undone.iter().map(|row| row.2).sum();
            assert_eq!(shown, cem.undone.iter().map(|line| line.gross.units()).sum::<i128>());
            // The other forms have every line.
            let all_of = |form: String| (0..300).all(|number| form.contains(&format!("agr_{number:03}")));
            assert!(all_of(html(cem).unwrap()) && all_of(csv(cem).unwrap()) && all_of(cem.to_json()));
        }
    }
}

/// The first word, the events, the gross in units, of each row below a title; the head is left out.
fn rows_below(page: &str, title: &str) -> Vec<(String, i64, i128)> {
    let lines = page.lines().skip_while(|line| !line.starts_with(title)).skip(2).take_while(|line| !line.is_empty());
    let units = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap();
        format!("{}{fraction:0<12}", whole.replace(',', "")).parse::<i128>().unwrap()
    };
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let first_amount = words.iter().position(|word| word.contains('.')).unwrap();
        (words[0].to_owned(), words[first_amount - 1].parse().unwrap(), units(words[first_amount]))
    };
    lines.map(row).collect()
}

fn sums(rows: &[(String, i64, i128)]) -> (String, i64, i128) {
    ("all".to_owned(), rows.iter().map(|row| row.1).sum(), rows.iter().map(|row| row.2).sum())
}

#[test]
fn nothing_of_others_and_no_rate_of_a_platform_is_in_a_statement() {
    let mut input = varied();
    // Words and figures that nothing else could have made.
    input
        .agreements
        .insert("agr_secret".to_owned(), AgreementTerms { platform: "plt_secret".to_owned(), on_shortfall: OnShortfall::Refuse });
    payee(&mut input, "zoe_secret");
    input.accruals.push(payable(&input, "zoe_secret", "agr_secret", amount("31337.271828182845"), amount("23189.581152855306")));
    let (draft, all) = statements(&input);
    let zoe = of(&all, "zoe_secret").clone();
    let hidden = [
        "secret".to_owned(),
        "31337.27".to_owned(),
        "31,337.27".to_owned(),
        "23189.58".to_owned(),
        draft.totals.gross.to_string(),
        draft.totals.labour.to_string(),
        draft.totals.paid.to_string(),
        draft.fee_kept.to_string(),
        draft.moves_sha256.clone(),
        zoe.salt.to_string(),
        "labour_share".to_owned(),
    ];
    for statement in all.iter().filter(|statement| statement.party != "zoe_secret") {
        let tree = Tree::of(all.iter().map(Statement::leaf).collect());
        let at = all.iter().position(|other| other == statement).unwrap();
        let forms = [
            text(statement).unwrap(),
            html(statement).unwrap(),
            csv(statement).unwrap(),
            statement.to_json(),
            proven(&all, &tree, at).to_json(),
        ];
        for form in forms {
            for word in &hidden {
                assert!(!form.contains(word.as_str()), "{} of {}:\n{form}", word, statement.party);
            }
            // Of the agreement that was left out only those hear who have something under it, and nobody is named but the party.
            assert_eq!(form.contains("agr_left"), statement.party == "ana", "{form}");
            for other in ["ana", "ben", "cem"].into_iter().filter(|other| *other != statement.party) {
                assert!(!form.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == other), "{other}:\n{form}");
            }
        }
    }
}

#[test]
fn salts_are_of_one_party_and_one_draft() {
    let (_, all) = statements(&varied());
    let mut more = varied();
    more.accruals[6].labour = amount("0.888888888890");
    let (_, other) = statements(&more);
    let mut salts: Vec<Digest> = all.iter().chain(&other).map(|statement| statement.salt).collect();
    salts.sort_unstable();
    salts.dedup();
    assert!(salts.len() > all.len(), "a salt that does not hang on the moves can be guessed by whoever has the draft's hash");
    let again = statements(&varied()).1;
    assert_eq!(all, again);
}

#[test]
fn a_preview_says_so_everywhere_and_is_never_proven() {
    let input = Input { preview: true, ..varied() };
    let (_, all) = statements(&input);
    let ana = of(&all, "ana");
    assert!(text(ana).unwrap().contains("PREVIEW") && html(ana).unwrap().contains("PREVIEW"));
    assert!(csv(ana).unwrap().contains(",2026-10,true,") && ana.to_json().contains("\"preview\":true"));
    let tree = Tree::of(all.iter().map(Statement::leaf).collect());
    let proof = proven(&all, &tree, 0);
    assert_eq!(proof.check(proof.root).unwrap_err().name(), "unknown statement");
}

#[test]
fn figures_that_do_not_add_up_are_not_proven_by_being_in_a_root() {
    let (_, mut all) = statements(&varied());
    all[0].figures.paid = all[0].figures.paid.plus(Money::from_units(1)).unwrap();
    let tree = Tree::of(all.iter().map(Statement::leaf).collect());
    let proof = proven(&all, &tree, 0);
    assert_eq!(proof.check(proof.root).unwrap_err().name(), "wrong figures");
}
