//! What banks say of all payments of a file at once.

use super::known::Which;
use super::received::tells_of_an_account;
use super::{Taking, state_of};
use farthing_bank::{Amount, Answer, Reference};
use farthing_ledger::{Asked, StoredPayment};
use farthing_schemas::money::from_stored_text;
use farthing_settle::payout::State;
use std::collections::BTreeSet;

impl Taking<'_> {
    /// All payments of the file that an answer is about.
    pub(super) async fn all_of(&mut self, answer: &Answer) -> anyhow::Result<Vec<StoredPayment>> {
        let Reference::Message(id) = &answer.reference else { return Ok(Vec::new()) };
        let mut found = self.books.ledger.payments(Asked::Message(id.as_str())).await?;
        self.others.extend(found.iter().filter(|payment| payment.mid != self.mid).map(|payment| payment.mid.to_string()));
        found.retain(|payment| payment.mid == self.mid);
        self.ours |= !found.is_empty();
        if found.is_empty() {
            self.unknown(answer, "no file of this MID has this id")?;
        }
        Ok(found)
    }

    /// What is said of all payments of a file is so of those that it can be true of, if they are what it says that they sum to; whether they are.
    pub(super) async fn tell_all(&mut self, payments: &[StoredPayment], answer: &Answer) -> anyhow::Result<bool> {
        let told = state_of(answer.outcome);
        let Some(said) = answer.amount else {
            for payment in payments {
                self.tell(payment, answer).await?;
            }
            return Ok(true);
        };
        let Parts { live, early, known, unnamed, named } = self.parts(payments, answer).await?;
        let fits = |parts: &[&[&StoredPayment]]| sum(said, parts.concat()).is_ok_and(|sum| sum == said);
        if payments.is_empty() || live.is_empty() && fits(&[&named]) {
            return Ok(true);
        }
        if live.is_empty() && early.is_empty() && fits(&[&known]) {
            if self.are_another(payments, answer).await? {
                self.another(answer, answer.reference.to_string(), told)?;
            } else {
                self.name_again(payments, answer).await?;
            }
            return Ok(true);
        }
        let is_of_live = fits(&[&live]);
        if !(is_of_live || fits(&[&live, &early]) || fits(&[&live, &early, &unnamed])) {
            return Ok(false);
        }
        if told == State::Returned && self.is_of_a_second_debit(&live, answer).await? {
            self.another(answer, answer.reference.to_string(), told)?;
            return Ok(true);
        }
        for payment in live {
            self.tell(payment, answer).await?;
        }
        for payment in early.into_iter().filter(|_| !is_of_live) {
            self.pass(payment, answer).await?;
        }
        Ok(true)
    }

    /// What the answer is to each payment; to those of which it cannot be true it is nothing.
    async fn parts<'p>(&mut self, payments: &'p [StoredPayment], answer: &Answer) -> anyhow::Result<Parts<'p>> {
        let (told, is_of_account) = (state_of(answer.outcome), tells_of_an_account(self.kind));
        let mut parts = Parts::default();
        for payment in payments {
            let known = self.known(payment).await?;
            let name = known.called.get(&told);
            match known.state.after(told) {
                Ok(Some(_)) => parts.live.push(payment),
                Ok(None) if is_of_account && told == State::Settled && known.is_back_early() => parts.early.push(payment),
                Ok(None) => {
                    parts.known.push(payment);
                    parts.unnamed.extend(name.is_none().then_some(payment));
                }
                Err(_) => {}
            }
            parts.named.extend(name.filter(|name| answer.is_called(name)).map(|_| payment));
        }
        Ok(parts)
    }

    /// Whether what is said to have come back of payments may be that of a second debit of their file, or of one of them.
    async fn is_of_a_second_debit(&mut self, live: &[&StoredPayment], answer: &Answer) -> anyhow::Result<bool> {
        let mut about = vec![answer.reference.to_string()];
        for payment in live {
            if self.known(payment).await?.state == State::Settled {
                about.push(payment.id.to_string());
            }
        }
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        Ok(about.len() > 1 && self.is_of_second_debit(answer, &about)?)
    }

    /// What the account calls an entry that tells the same of all payments of a file tells it apart from others later.
    async fn name_again(&mut self, payments: &[StoredPayment], answer: &Answer) -> anyhow::Result<()> {
        if !tells_of_an_account(self.kind) {
            return Ok(());
        }
        let told = state_of(answer.outcome);
        for payment in payments {
            let known = self.known(payment).await?;
            let is_news = known.state == told && known.which(told, answer) == Which::First;
            if is_news {
                self.push_state(payment, told, answer);
            }
        }
        Ok(())
    }

    /// Whether what is said of all payments of a file is surely another entry than the one that was said of all of them before.
    async fn are_another(&mut self, payments: &[StoredPayment], answer: &Answer) -> anyhow::Result<bool> {
        let told = state_of(answer.outcome);
        let mut called = BTreeSet::new();
        for payment in payments {
            called.insert(self.known(payment).await?.called.get(&told).cloned());
        }
        called.remove(&None);
        let first = called.pop_first().flatten().filter(|_| called.is_empty());
        Ok(tells_of_an_account(self.kind) && first.is_some_and(|first| answer.is_of_another_entry(&first)))
    }
}

/// The payments of a file by what an answer of all of them is to each.
#[derive(Default)]
struct Parts<'p> {
    /// Those of which it is news.
    live: Vec<&'p StoredPayment>,
    /// Those that came back before anything told that they had gone out, if it tells that.
    early: Vec<&'p StoredPayment>,
    /// Those of which the same was told before.
    known: Vec<&'p StoredPayment>,
    /// Those of them of which no entry of messages of this kind has told it: it may be this one.
    unnamed: Vec<&'p StoredPayment>,
    /// Those of which this very entry told it.
    named: Vec<&'p StoredPayment>,
}

/// What payments sum to in the currency of what is said.
fn sum(said: Amount, payments: Vec<&StoredPayment>) -> anyhow::Result<Amount> {
    let amounts = payments.into_iter().map(|payment| Ok(Amount::of(from_stored_text(&payment.amount)?, payment.paid_in.parse()?)?));
    Ok(Amount::sum(said.currency(), amounts.collect::<anyhow::Result<Vec<_>>>()?)?)
}
