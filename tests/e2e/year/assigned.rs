//! Money on the account that names nothing: whose it is by a person's word, in the model and beside it.

use super::acts::Act;
use super::collected::{Invoice, Receipt};
use super::judge::Verdict;
use super::model::Model;
use super::payments::{News, Payment};
use super::run::Year;
use super::world::{Books, PLATFORMS};
use crate::dice::Dice;
use anyhow::{Context, Result, ensure};

/// A line of a statement that its message put nowhere, or to suspense.
#[derive(Clone, Debug)]
pub struct Line {
    /// As the books number it.
    pub number: String,
    pub books: Books,
    /// What came in, or went out if it is below 0.
    pub amount: i128,
    pub whose: Whose,
    /// Its place among the receipts, if it came in.
    pub receipt: Option<usize>,
}

/// Whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// It went out, and is not booked.
    Open,
    Suspense,
    Charges,
    Invoice(Invoice),
    Payment(usize),
}

/// Mostly what fits it.
pub fn assign(dice: &mut Dice, model: &Model) -> Option<Act> {
    if model.lines.is_empty() {
        return None;
    }
    let at = dice.place(model.lines.len());
    let line = &model.lines[at];
    let fitting: Vec<usize> = (0..model.payments.len()).filter(|payment| model.can_put(line, *payment)).collect();
    let ours: Vec<usize> = (0..model.payments.len()).filter(|payment| model.payments[*payment].books.mid == line.books.mid).collect();
    let issued: Vec<Invoice> = model.numbers.keys().copied().filter(|(books, ..)| books.mid == line.books.mid).collect();
    let whose = match dice.below(100) {
        0..65 if !fitting.is_empty() => Whose::Payment(*dice.pick(&fitting)),
        0..20 if !ours.is_empty() => Whose::Payment(*dice.pick(&ours)),
        // What goes back to a platform is not looked at here.
        20..75 if line.amount > 0 && !issued.is_empty() => Whose::Invoice(*dice.pick(&issued)),
        75..90 => Whose::Charges,
        _ => Whose::Suspense,
    };
    Some(Act::Assign { line: at, whose })
}

impl Model {
    /// Whether a line can be what the bank has done with a payment.
    fn can_put(&self, line: &Line, payment: usize) -> bool {
        let Payment { amount, news, has_settled, .. } = self.payments[payment];
        let can_be_true = match news {
            News::Released | News::Accepted => line.amount < 0,
            News::Settled => line.amount > 0,
            // What came back had gone out, though nothing had told it.
            News::Returned => line.amount < 0 && !has_settled,
            News::Rejected => false,
        };
        can_be_true && self.payments[payment].arrives_in() == line.books && amount == line.amount.abs()
    }

    pub fn judge_assignment(&self, line: usize, whose: Whose) -> Verdict {
        let line = &self.lines[line];
        if line.whose == whose {
            return Verdict::Answers;
        }
        let may_be = match (line.whose, whose) {
            // What has become of a payment stays.
            (Whose::Payment(_), _) => false,
            (_, Whose::Open) => false,
            (_, Whose::Suspense) => true,
            (_, Whose::Charges) => line.amount < 0,
            (_, Whose::Invoice((books, ..))) => books == line.books,
            (_, Whose::Payment(payment)) => self.can_put(line, payment),
        };
        if may_be { Verdict::Done } else { Verdict::Refused }
    }

    /// Takes a line from where it was, and puts it where it is said to be.
    fn assign(&mut self, at: usize, whose: Whose) {
        let Line { books, amount, whose: was, receipt, .. } = self.lines[at].clone();
        self.book(books, was, -amount);
        match whose {
            // Both ways of one that has come back already are nothing together.
            Whose::Payment(payment) if self.payments[payment].news == News::Returned => {}
            Whose::Payment(payment) => self.tell(payment, if amount < 0 { News::Settled } else { News::Returned }),
            whose => self.book(books, whose, amount),
        }
        if let Some((_, pays)) = receipt.map(|receipt| &mut self.receipts[receipt]) {
            *pays = if let Whose::Invoice(invoice) = whose { Some(invoice) } else { None };
        }
        self.lines[at].whose = whose;
    }

    fn book(&mut self, books: Books, whose: Whose, amount: i128) {
        let (account, owner) = match whose {
            Whose::Open | Whose::Payment(_) => return,
            Whose::Suspense => ("suspense", ""),
            Whose::Charges => ("fee_income", ""),
            Whose::Invoice((_, platform, _)) => ("platform_receivable", PLATFORMS[platform]),
        };
        self.post(books, "bank", "", amount);
        self.post(books, account, owner, -amount);
    }
}

/// What the bank has done with a payment, without its name.
pub fn unnamed(dice: &mut Dice, model: &Model, mid: usize, reference: String) -> Option<Receipt> {
    let back = dice.chance(40);
    let fits = |payment: &&Payment| match payment.news {
        News::Released | News::Accepted => !back,
        News::Settled => back,
        News::Rejected | News::Returned => false,
    };
    let ours: Vec<&Payment> = model.payments.iter().filter(|payment| payment.books.mid == mid).filter(fits).collect();
    if ours.is_empty() {
        return None;
    }
    let payment = *dice.pick(&ours);
    let amount = if back { payment.amount } else { -payment.amount };
    Some(Receipt { books: payment.arrives_in(), amount, names: Vec::new(), reference })
}

impl Year {
    pub fn assign(&mut self, at: usize, whose: Whose, verdict: Verdict) -> Result<()> {
        let Line { number, books, .. } = self.model.lines[at].clone();
        let words = match whose {
            Whose::Open | Whose::Suspense => vec!["--suspense".to_owned()],
            Whose::Charges => vec!["--charges".to_owned()],
            Whose::Invoice(invoice) => vec!["--invoice".to_owned(), self.model.numbers.get(&invoice).context("no number")?.clone()],
            Whose::Payment(payment) => vec!["--payment".to_owned(), self.model.payments[payment].id.clone()],
        };
        let said = ["bank", "assign", &number, "--why", "asked", "--reference", "call", "--as", "ana"];
        let words: Vec<&str> = said.into_iter().chain(words.iter().map(String::as_str)).collect();
        let said = self.run(&words, verdict)?;
        ensure!(verdict == Verdict::Refused || said["is_new"] == (verdict == Verdict::Done), "{said}");
        if verdict == Verdict::Done {
            self.model.assign(at, whose);
        }
        self.same_payments(|other| other.mid == books.mid)?;
        self.same_receivables(books.mid)
    }
}
