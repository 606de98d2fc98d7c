//! The scenario format: `-- title`, rows of what is given, `=>`, rows of what is expected. Of what comes out only the kinds of
//! rows that are expected are compared, each kind completely.
//!
//! ```text
//! cycle      CYCLE CURRENCY                    refused    yes|no
//! mid        FEE RECOVERY_CAP                  totals     gross labour fee net true_up paid carried fee_kept
//! threshold  METHOD CURRENCY AMOUNT            agreement  id platform gross net holds|fails true_up
//! agreement  ID PLATFORM refuse|true_up        platform   id gross net gross_all
//! payee      ID METHOD CURRENCY [left]         undone     cycle agreement party gross labour fee net
//! payee      ID none                           line       party gross labour fee net true_up recovered carried_in paid carried_out why
//!                                              kept       party held lifted
//! carried    PARTY AMOUNT                      move       step|rule|from|to|amount
//! accrual    PARTY AGREEMENT GROSS LABOUR [undoes CYCLE]      error      MESSAGE
//! deferred   CYCLE PARTY AGREEMENT GROSS LABOUR [undoes CYCLE]
//! other      STATUS PLATFORM GROSS (STATUS payable: of another MID)
//! closed     CYCLE FEE
//! settled    AGREEMENT CYCLE SETTLED_IN
//! without    AGREEMENT                         hold       number party held lifted outstanding
//! hold       NUMBER PARTY LIMIT|all HELD_BEFORE [lifted]
//! tax        PARTY JURISDICTION RECORD RATE [CERTIFICATE]       tax         party jurisdiction record certificate|- rate base withheld
//! returned   PARTY PAYMENT AMOUNT
//! heir       PARTY HEIR SHARE                                   inheritance party heir share amount
//! quote      CURRENCY RATE SOURCE TIME                          exchanged   party paid currency amount rate source time
//!                                                               passed      party inherited passed_on
//! adjustment NUMBER PARTY CYCLE AMOUNT         adjusted   party adjusted
//! ```

use crate::support::{amount, currency, cycle, empty_input, payable, rate, short};
use farthing_schemas::Accrual;
use farthing_settle::input::{Adjustment, AgreementTerms, Heir, Hold, Input, OnShortfall, Payee, Payout, Quote, Reserve, Tax, Threshold};
use farthing_settle::{Draft, Plan, plan};

/// Runs every scenario of a file.
pub fn check_all(text: &str) {
    for scenario in text.split("\n-- ").skip(1) {
        let (title, rest) = scenario.split_once('\n').unwrap();
        let (given, expected) = rest.split_once("=>\n").unwrap_or_else(|| panic!("{title}: no =>"));
        check(title, given, expected);
    }
}

fn check(title: &str, given: &str, expected: &str) {
    let mut input = empty_input();
    rows(given).iter().for_each(|row| give(&mut input, row));
    let mut expected: Vec<String> = rows(expected).iter().map(|row| row.join(" ")).collect();
    let kind = |row: &str| row.split(' ').next().unwrap_or_default().to_owned();
    let kinds: Vec<String> = expected.iter().map(|row| kind(row)).collect();
    let mut actual: Vec<String> = outcome(&input).into_iter().filter(|row| kinds.contains(&kind(row))).collect();
    actual.sort_by_key(|row| kind(row));
    expected.sort_by_key(|row| kind(row));
    assert_eq!(actual.join("\n"), expected.join("\n"), "\n{title}: left is what came out, right is what was expected");
}

fn rows(text: &str) -> Vec<Vec<&str>> {
    let plain = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    plain.map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty()).collect()
}

fn give(input: &mut Input, row: &[&str]) {
    match row {
        ["cycle", name, code] => (input.cycle, input.currency) = (cycle(name), currency(code)),
        ["mid", fee, cap] => (input.mid.fee, input.mid.recovery_cap) = (rate(fee), rate(cap)),
        ["threshold", method, code, least] => {
            input.mid.thresholds.push(Threshold { method: (*method).to_owned(), currency: currency(code), amount: amount(least) });
        }
        ["agreement", id, platform, on_shortfall] => {
            let on_shortfall = if *on_shortfall == "refuse" { OnShortfall::Refuse } else { OnShortfall::TrueUp };
            input.agreements.insert((*id).to_owned(), AgreementTerms { platform: (*platform).to_owned(), on_shortfall });
        }
        ["payee", id, "none"] => drop(input.payees.insert((*id).to_owned(), Payee { payout: None, stays: true })),
        ["payee", id, method, code, left @ ..] => {
            let payout = Some(Payout { method: (*method).to_owned(), currency: currency(code) });
            input.payees.insert((*id).to_owned(), Payee { payout, stays: left != ["left"] });
        }
        ["carried", party, balance] => drop(input.carried_in.insert((*party).to_owned(), amount(balance))),
        ["accrual", rest @ ..] => {
            let accrual = accrual(input, rest);
            input.accruals.push(accrual);
        }
        ["deferred", from, rest @ ..] => {
            let accrual = Accrual { cycle: cycle(from), late: true, ..accrual(input, rest) };
            input.deferred.push(accrual);
        }
        ["other", status, platform, gross] => {
            let mut accrual = payable(input, "someone", "", amount(gross), amount("0"));
            accrual.key.status = status.parse().unwrap();
            (accrual.key.platform, accrual.key.mid) = ((*platform).to_owned(), "another".to_owned());
            input.accruals.push(accrual);
        }
        ["closed", name, fee] => drop(input.fees_of_cycles.insert(cycle(name), rate(fee))),
        ["settled", agreement, name, in_] => {
            input.settled_in.insert(((*agreement).to_owned(), cycle(name)), cycle(in_));
        }
        ["hold", number, party, limit, held_before, lifted @ ..] => {
            input.holds.insert(number.parse().unwrap(), hold(party, None, limit, held_before, lifted));
        }
        ["reserve", number, party, share, limit, held_before, due, lifted @ ..] => {
            let reserve = Reserve { share: rate(share), due: amount(due) };
            input.holds.insert(number.parse().unwrap(), hold(party, Some(reserve), limit, held_before, lifted));
        }
        ["tax", party, jurisdiction, withholding, percent, certificate @ ..] => {
            let certificate = certificate.first().map(|reference| (*reference).to_owned());
            let (jurisdiction, withholding) = ((*jurisdiction).to_owned(), (*withholding).to_owned());
            input.taxes.insert((*party).to_owned(), Tax { jurisdiction, withholding, certificate, rate: rate(percent) });
        }
        ["returned", party, payment, by] => {
            input.returned.entry((*party).to_owned()).or_default().insert((*payment).to_owned(), amount(by));
        }
        ["untaxed", party, left] => drop(input.untaxed.insert((*party).to_owned(), amount(left))),
        ["quote", code, rate, source, time] => {
            let quote = Quote { rate: rate.parse().unwrap(), source: (*source).to_owned(), time: time.parse().unwrap() };
            input.quotes.insert(currency(code), quote);
        }
        ["heir", party, heir, share] => {
            let heir = Heir { party: (*heir).to_owned(), share: rate(share) };
            input.heirs.entry((*party).to_owned()).or_default().push(heir);
        }
        ["adjustment", number, party, of, by] => {
            let adjustment = Adjustment { party: (*party).to_owned(), cycle: cycle(of), amount: amount(by) };
            input.adjustments.insert(number.parse().unwrap(), adjustment);
        }
        ["without", agreement] => drop(input.without.insert((*agreement).to_owned())),
        other => panic!("no such row: {other:?}"),
    }
}

fn hold(party: &str, reserve: Option<Reserve>, limit: &str, held_before: &str, lifted: &[&str]) -> Hold {
    let limit = (limit != "all").then(|| amount(limit));
    Hold { party: party.to_owned(), limit, reserve, held_before: amount(held_before), lifted: lifted == ["lifted"] }
}

fn accrual(input: &Input, row: &[&str]) -> Accrual {
    let (["undoes", undone] | [_, undone]) = row.get(4..).filter(|rest| !rest.is_empty()).unwrap_or(&["", ""]) else { panic!("{row:?}") };
    let accrual = payable(input, row[0], row[1], amount(row[2]), amount(row[3]));
    Accrual { undone: (!undone.is_empty()).then(|| cycle(undone)), ..accrual }
}

fn outcome(input: &Input) -> Vec<String> {
    match plan(input) {
        Ok(Plan { draft, moves }) => {
            let mut rows = draft_rows(&draft);
            let ids = |entry: &farthing_settle::moves::Move| {
                format!("move {}|{}|{}|{}|{}", entry.step.as_str(), entry.rule, entry.from, entry.to, short(entry.amount))
            };
            rows.extend(moves.iter().map(ids));
            rows
        }
        Err(error) => vec![format!("error {error}")],
    }
}

fn draft_rows(draft: &Draft) -> Vec<String> {
    let row = |words: &[&str], amounts: &[farthing_schemas::Money]| {
        let amounts = amounts.iter().map(|amount| short(*amount));
        words.iter().map(|word| (*word).to_owned()).chain(amounts).collect::<Vec<_>>().join(" ")
    };
    let mut rows = vec![format!("refused {}", if draft.refused { "yes" } else { "no" })];
    let sums = draft.totals;
    let totals = [sums.gross, sums.labour, sums.fee, sums.net, sums.true_up, sums.paid, sums.carried, draft.fee_kept];
    rows.push(row(&["totals"], &totals));
    for line in &draft.agreements {
        let holds = if line.holds { "holds" } else { "fails" };
        let start = row(&["agreement", &line.agreement, &line.platform], &[line.gross, line.net]);
        rows.push(format!("{start} {holds} {}", short(line.true_up)));
    }
    rows.extend(draft.platforms.iter().map(|line| row(&["platform", &line.platform], &[line.gross, line.net, line.gross_all])));
    for line in &draft.undone {
        let words = ["undone", &line.cycle.to_string(), &line.agreement, &line.party];
        rows.push(row(&words, &[line.gross, line.labour, line.fee, line.net]));
    }
    let adjusted = draft.lines.iter().filter(|line| line.adjusted != Default::default());
    rows.extend(adjusted.map(|line| row(&["adjusted", &line.party], &[line.adjusted])));
    for line in &draft.adjustments {
        rows.push(row(&["adjustment", &line.number.to_string(), &line.party, &line.cycle.to_string()], &[line.amount]));
    }
    for line in &draft.holds {
        rows.push(row(&["hold", &line.number.to_string(), &line.party], &[line.held, line.lifted, line.outstanding]));
    }
    for line in &draft.taxes {
        let tax = &line.tax;
        let certificate = tax.certificate.as_deref().unwrap_or("-");
        let words = ["tax", &line.party, &tax.jurisdiction, &tax.withholding, certificate, &tax.rate.to_string()];
        rows.push(row(&words, &[line.base, line.withheld]));
    }
    for line in &draft.inheritances {
        rows.push(row(&["inheritance", &line.party, &line.heir, &line.share.to_string()], &[line.amount]));
    }
    for line in &draft.lines {
        let Some(exchanged) = &line.exchanged else { continue };
        let rate = exchanged.quote.rate.to_string();
        let quote = format!("{} {} {}", rate.trim_end_matches('0').trim_end_matches('.'), exchanged.quote.source, exchanged.quote.time);
        rows.push(format!("exchanged {} {} {} {} {quote}", line.party, short(line.paid), exchanged.currency, short(exchanged.amount)));
    }
    let passed = draft.lines.iter().filter(|line| (line.inherited, line.passed_on) != (Default::default(), Default::default()));
    rows.extend(passed.map(|line| row(&["passed", &line.party], &[line.inherited, line.passed_on])));
    let kept = draft.lines.iter().filter(|line| (line.held, line.lifted) != (Default::default(), Default::default()));
    rows.extend(kept.map(|line| row(&["kept", &line.party], &[line.held, line.lifted])));
    for line in &draft.lines {
        let earned = [line.gross, line.labour, line.fee, line.net, line.true_up];
        let settled = [line.recovered, line.carried_in, line.paid, line.carried_out];
        let why = line.why_carried.map_or("-", |why| why.as_str());
        rows.push(format!("{} {why}", row(&["line", &line.party], &[earned.as_slice(), &settled].concat())));
    }
    rows
}
