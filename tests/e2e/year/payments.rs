//! The payments of the model: what is sent, what banks tell, and what each moves.

use super::model::Model;
use super::world::Books;
use anyhow::{Result, ensure};
use std::collections::BTreeMap;

/// Where a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Released,
    Accepted,
    Rejected,
    Settled,
    Returned,
}

#[derive(Clone, Debug)]
pub struct Payment {
    pub id: String,
    /// Of the draft.
    pub books: Books,
    /// The currency that arrives.
    pub paid_in: usize,
    pub cycle: usize,
    pub party: usize,
    pub amount: i128,
    pub news: News,
    /// Whether it was ever told to have settled.
    pub has_settled: bool,
    /// Whether it is the last one for its obligation.
    pub is_last: bool,
}

impl Model {
    /// Who is paid by the draft of a cycle: in which currency, and how much of it.
    pub fn paid(&self, books: Books, cycle: usize) -> BTreeMap<usize, (usize, i128)> {
        let draft = self.course(books, cycle).and_then(|course| course.draft.as_ref());
        let lines = draft.into_iter().flat_map(|draft| &draft.lines);
        lines.filter(|(_, line)| line.paid > 0).map(|(party, line)| (*party, line.arrives.unwrap_or((books.currency, line.paid)))).collect()
    }

    /// Takes a payment that was made; what was left out has failed at once.
    pub fn pay(&mut self, made: Payment) -> Result<()> {
        ensure!(self.payments.iter().all(|payment| payment.id != made.id), "the payment {} is there already", made.id);
        for payment in &mut self.payments {
            if (payment.books, payment.cycle, payment.party) == (made.books, made.cycle, made.party) {
                ensure!(payment.has_failed(), "{made:?} is made while {payment:?} may arrive");
                payment.is_last = false;
            }
        }
        if made.news == News::Released {
            let owner = self.world.parties[made.party].id.clone();
            self.post(made.arrives_in(), "party_payable", &owner, made.amount);
            self.post(made.arrives_in(), "in_flight", &owner, -made.amount);
        }
        self.payments.push(made);
        Ok(())
    }

    /// The payments of a cycle of which it is not known what became of them.
    pub fn on_their_way(&self, books: Books, cycle: usize) -> bool {
        let of = |payment: &&Payment| (payment.books, payment.cycle) == (books, cycle);
        self.payments.iter().filter(of).any(|payment| matches!(payment.news, News::Released | News::Accepted))
    }

    /// Who could be paid anew: failed, and not in the balance that a draft has begun with.
    pub fn can_be_paid_anew(&self, payment: &Payment) -> bool {
        let taken = self.drafts(payment.arrives_in()).any(|(_, draft)| draft.returned.contains_key(&payment.id));
        payment.owed_again() && !taken
    }

    /// Whether news of a payment can be true.
    pub fn can_be_true(&self, payment: usize, news: News) -> bool {
        let was = self.payments[payment].news;
        match (was, news) {
            (_, News::Released) => false,
            (News::Released | News::Accepted, _) => true,
            (News::Settled, news) => news != News::Rejected,
            (News::Returned, news) => news != News::Rejected,
            (News::Rejected, news) => news == News::Rejected,
        }
    }

    /// Takes news that can be true.
    pub fn tell(&mut self, payment: usize, news: News) {
        let Payment { party, amount, news: was, .. } = self.payments[payment];
        let books = self.payments[payment].arrives_in();
        let owner = self.world.parties[party].id.clone();
        match (was, news) {
            (News::Released | News::Accepted, News::Accepted) => {}
            (News::Released | News::Accepted, News::Settled) => {
                self.post(books, "in_flight", &owner, amount);
                self.post(books, "bank", "", -amount);
            }
            (News::Released | News::Accepted, _) => {
                self.post(books, "in_flight", &owner, amount);
                self.post(books, "party_payable", &owner, -amount);
            }
            (News::Settled, News::Returned) => {
                self.post(books, "bank", "", amount);
                self.post(books, "party_payable", &owner, -amount);
            }
            // It was known before.
            _ => return,
        }
        self.payments[payment].has_settled |= news == News::Settled;
        self.payments[payment].news = news;
    }
}

impl Payment {
    /// The books of the currency that arrives: what has failed is owed there again.
    pub fn arrives_in(&self) -> Books {
        Books { currency: self.paid_in, ..self.books }
    }

    pub fn has_failed(&self) -> bool {
        matches!(self.news, News::Rejected | News::Returned)
    }

    pub fn owed_again(&self) -> bool {
        self.is_last && self.has_failed()
    }
}
