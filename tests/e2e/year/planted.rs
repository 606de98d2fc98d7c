//! The test of the test: a model that is wrong in one thing is told from the books.

use super::claimed::Claimed;
use super::collected::{Invoice, Receipt};
use super::model::{Model, State};
use super::payments::{News, Payment};
use super::plan::{Draft, Figures};
use super::run::Year;
use super::world::PLATFORMS;
use anyhow::{Context, Result, ensure};

/// What is wrong, and how.
type Plant = (&'static str, fn(&mut Model) -> Option<()>);

const PLANTS: [Plant; 28] = [
    ("a unit of a balance at the wrong party", |model| {
        let mut balances = model.balances.iter_mut().filter(|((_, account, _), _)| *account == "party_payable");
        let (one, other) = (balances.next()?.1, balances.next()?.1);
        (*one, *other) = (*one + 1, *other - 1);
        Some(())
    }),
    ("a unit of the fee", |model| balance(model, "fee_income").map(|balance| *balance += 1)),
    ("a unit of what platforms owe", |model| balance(model, "platform_receivable").map(|balance| *balance -= 1)),
    ("a unit of what is in reserve", |model| balance(model, "reserve").map(|balance| *balance -= 1)),
    ("an entry without its pair", |model| balance(model, "in_flight").map(|balance| *balance = 0)),
    ("what has left the bank, twice", |model| balance(model, "bank").map(|balance| *balance *= 2)),
    ("a payment twice", |model| {
        let first = model.payments.first()?.clone();
        model.payments.push(Payment { id: format!("{}X", first.id), ..first });
        Some(())
    }),
    ("a payment forgotten", |model| model.payments.pop().map(drop)),
    ("a payment that has come back", |model| payment(model, News::Settled).map(|payment| payment.news = News::Returned)),
    ("a payment that has arrived", |model| payment(model, News::Rejected).map(|payment| payment.news = News::Settled)),
    ("a cycle further on than it is", |model| {
        let course = model.sheets.values_mut().flat_map(|sheet| sheet.courses.values_mut()).find(|course| course.state == State::Approved);
        course.map(|course| course.state = State::Released)
    }),
    ("an older draft", |model| draft(model).map(|draft| draft.sha256 = "0".repeat(64))),
    ("a line of nobody", |model| {
        draft(model)?.lines.insert(59, Figures { net: 1, ..Figures::default() });
        Some(())
    }),
    ("a line forgotten", |model| draft(model)?.lines.pop_first().map(drop)),
    ("a unit of net", |model| line(model).map(|line| line.net += 1)),
    ("a unit of true-up", |model| line(model).map(|line| line.true_up += 1)),
    ("a unit held", |model| line(model).map(|line| line.held += 1)),
    ("a unit paid instead of carried", |model| {
        line(model).map(|line| (line.paid, line.carried_out) = (line.paid + 1, line.carried_out - 1))
    }),
    ("a unit of a party's at another", |model| {
        let mut lines = draft(model)?.lines.values_mut();
        let (one, other) = (lines.next()?, lines.next()?);
        (one.net, other.net) = (one.net + 1, other.net - 1);
        Some(())
    }),
    ("a receipt forgotten", |model| {
        let at = model.receipts.iter().position(|(_, pays)| pays.is_some())?;
        model.receipts.remove(at);
        Some(())
    }),
    ("a receipt twice", |model| {
        let again = paying(model)?.clone();
        model.receipts.push(again);
        Some(())
    }),
    ("a unit more has come in", |model| paying(model).map(|(receipt, _)| receipt.amount += 1)),
    ("another platform has paid", |model| {
        let (_, pays) = paying(model)?;
        *pays = pays.map(|(books, platform, cycle)| (books, (platform + 1) % PLATFORMS.len(), cycle));
        Some(())
    }),
    ("the oldest invoice is paid instead of the one that is named", |model| {
        let open = |model: &Model, (books, platform, _): Invoice| model.account(books, platform).invoices;
        let at = (0..model.receipts.len()).find(|at| {
            let Some(invoice @ (books, platform, cycle)) = model.receipts[*at].1 else { return false };
            let mut other = model.clone();
            other.receipts[*at].1 = other.booked(books, platform).keys().next().map(|first| (books, platform, *first));
            open(&other, invoice) != open(model, invoice) && cycle > 0
        })?;
        let (books, platform, _) = model.receipts[at].1?;
        let first = *model.booked(books, platform).keys().next()?;
        model.receipts[at].1 = Some((books, platform, first));
        Some(())
    }),
    ("a claim forgotten", |model| {
        let Claimed { was, books, line } = model.claimed.pop()?;
        let lines = &mut model.sheets.get_mut(&books)?.lines;
        lines.remove(lines.iter().rposition(|other| (other.party, other.labour) == (line.party, line.labour))?);
        model.suspense.push(was);
        Some(())
    }),
    ("what is in suspense, forgotten", |model| {
        let at = model.suspense.iter().position(|waits| !model.undone.contains(&waits.event))?;
        model.suspense.remove(at);
        Some(())
    }),
    ("a unit of labour that was earned", |model| {
        let sheet = model.sheets.values_mut().find(|sheet| !sheet.lines.is_empty())?;
        sheet.lines.last_mut().map(|line| line.labour -= 1)
    }),
    ("an invoice with another number", |model| {
        let last = model.sheets.iter().find_map(|(books, sheet)| {
            let (of, _) = sheet.courses.iter().rev().find(|(_, course)| course.state >= State::Approved)?;
            Some((*books, *of))
        })?;
        let mut numbers = model.numbers.iter_mut().filter(|((books, platform, of), _)| {
            (*books, *of) == last
                && model.sheets[books].courses[of]
                    .draft
                    .as_ref()
                    .is_some_and(|draft| draft.labour_of_platforms.get(platform).is_some_and(|labour| *labour != 0))
        });
        numbers.next().map(|(_, number)| number.push('X'))
    }),
];

fn paying(model: &mut Model) -> Option<&mut (Receipt, Option<Invoice>)> {
    model.receipts.iter_mut().find(|(_, pays)| pays.is_some())
}

fn balance<'m>(model: &'m mut Model, account: &str) -> Option<&'m mut i128> {
    model.balances.iter_mut().find(|((_, of, _), balance)| *of == account && **balance != 0).map(|(_, balance)| balance)
}

fn payment(model: &mut Model, news: News) -> Option<&mut Payment> {
    model.payments.iter_mut().find(|payment| payment.news == news)
}

fn draft(model: &mut Model) -> Option<&mut Draft> {
    let courses = model.sheets.values_mut().flat_map(|sheet| sheet.courses.values_mut());
    courses.filter_map(|course| course.draft.as_mut()).find(|draft| draft.lines.len() > 2)
}

fn line(model: &mut Model) -> Option<&mut Figures> {
    draft(model)?.lines.values_mut().next()
}

#[test]
fn every_planted_difference_is_found() -> Result<()> {
    let mut year = Year::of(5, 60)?;
    let mut planted = [false; PLANTS.len()];
    // Until there is something of everything that can be wrong.
    for _ in 0..400 {
        year.act()?;
        let honest = year.model.clone();
        let may_be: Vec<usize> = (0..PLANTS.len()).filter(|at| !planted[*at] && PLANTS[*at].1(&mut honest.clone()).is_some()).collect();
        if may_be.is_empty() {
            continue;
        }
        year.is_as_the_model()?;
        for at in may_be {
            let (what, plant) = PLANTS[at];
            plant(&mut year.model).context(what)?;
            ensure!(year.is_as_the_model().is_err(), "nobody has found {what}");
            year.model = honest.clone();
            planted[at] = true;
        }
        if planted.iter().all(|planted| *planted) {
            return Ok(());
        }
    }
    let missing: Vec<&str> = PLANTS.iter().zip(planted).filter(|(_, planted)| !planted).map(|((what, _), _)| *what).collect();
    ensure!(missing.is_empty(), "there was never anything to plant {missing:?} in");
    Ok(())
}
