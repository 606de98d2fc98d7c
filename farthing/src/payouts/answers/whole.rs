//! What banks say of all payments of a file at once.

use super::known::Which;
use super::received::tells_of_an_account;
use super::{Taking, state_of};
use farthing_bank::{Amount, Answer, Outcome, Reference};
use farthing_ledger::{Asked, StoredPayment};
use farthing_schemas::money::from_stored_text;
use farthing_settle::journal::{Part, Parts, Whole};
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
        let parts = self.parts(payments, answer).await?;
        let is_sum = |these: &[&StoredPayment]| sum(said, these).is_ok_and(|sum| sum == said);
        match parts.whole(is_sum) {
            None => return Ok(payments.is_empty()),
            Some(Whole::Itself) => {}
            Some(Whole::Either) => {
                self.line(answer, answer.reference.to_string(), "payments come back by it, or what was rejected: nothing tells which")?
            }
            Some(Whole::Again(_)) if self.are_another(payments, answer).await? => {
                self.another(answer, answer.reference.to_string(), told)?
            }
            Some(Whole::Again(choice)) => {
                self.name(&parts.of_all(choice), answer).await?;
                self.rejected(parts.chosen(choice, Part::Rejected), answer)?;
            }
            Some(Whole::Of(_)) if told == State::Returned && self.is_of_a_second_debit(parts.of(Part::News), answer).await? => {
                self.another(answer, answer.reference.to_string(), told)?;
            }
            Some(Whole::Of(choice)) => {
                let of = |part| parts.chosen(choice, part);
                for payment in of(Part::News) {
                    self.tell(payment, answer).await?;
                }
                for payment in of(Part::Early) {
                    self.pass(payment, answer).await?;
                }
                self.name(of(Part::Told), answer).await?;
                self.rejected(&[of(Part::Rejected), of(Part::GivenBack)].concat(), answer)?;
            }
        }
        Ok(true)
    }

    /// What the answer is to each payment.
    async fn parts<'p>(&mut self, payments: &'p [StoredPayment], answer: &Answer) -> anyhow::Result<Parts<&'p StoredPayment>> {
        let (told, is_of_account) = (state_of(answer.outcome), tells_of_an_account(self.kind));
        let mut parts = Vec::new();
        for payment in payments {
            let is_out = self.before.is_paid_twice(&payment.id);
            let by_lines = self.before.part_of(payment, told, answer);
            let known = self.known(payment).await?;
            let is_back = (told, known.state) == (State::Returned, State::Rejected);
            let part = match (Part::of(told, known.state, known.has_settled), known.called.get(&told)) {
                (Part::Told, Some(name)) if answer.is_called(name) => Part::ToldByIt,
                (Part::Told, Some(_)) => Part::ToldByAnother,
                // Only what moves upon the account can go out after it came back, or with what was rejected.
                (Part::Early, _) if !is_of_account => Part::Told,
                (Part::Rejected, _) if !is_of_account => Part::Other,
                (Part::Rejected, _) => by_lines.unwrap_or(Part::Rejected),
                (Part::Other, _) if is_of_account && is_back => by_lines.unwrap_or(if is_out { Part::GivenBack } else { Part::Other }),
                (part, _) => part,
            };
            parts.push((part, payment));
        }
        Ok(parts.into_iter().collect())
    }

    /// Each rejected payment that went out with its file, or came back so, is a line of its own: the bank gives back what it has not paid.
    fn rejected(&mut self, payments: &[&StoredPayment], answer: &Answer) -> anyhow::Result<()> {
        let why = match answer.outcome {
            Outcome::Returned => "it was rejected, and its file was debited with it: put that debit's line --against this one",
            _ => "it was rejected, and its file is debited with it: put this line --against what comes back of it",
        };
        for payment in payments {
            let amount = Amount::of(from_stored_text(&payment.amount)?, payment.paid_in.parse()?)?;
            let of_it = Answer { amount: Some(amount), ..answer.clone() };
            self.line(&of_it, payment.id.to_string(), why)?;
        }
        Ok(())
    }

    /// Whether what is said to have come back of payments may be that of a second debit of their file, or of one of them.
    async fn is_of_a_second_debit(&mut self, news: &[&StoredPayment], answer: &Answer) -> anyhow::Result<bool> {
        let mut about = vec![answer.reference.to_string()];
        for payment in news {
            if self.known(payment).await?.state == State::Settled {
                about.push(payment.id.to_string());
            }
        }
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        Ok(about.len() > 1 && self.is_of_second_debit(answer, &about)?)
    }

    /// What the account calls an entry that tells of payments what was told before tells it apart from others later.
    async fn name(&mut self, payments: &[&StoredPayment], answer: &Answer) -> anyhow::Result<()> {
        if !tells_of_an_account(self.kind) {
            return Ok(());
        }
        let told = state_of(answer.outcome);
        for payment in payments {
            let known = self.known(payment).await?;
            if known.state.after(told) == Ok(None) && known.which(told, answer) == Which::First {
                self.name_first(payment, answer).await?;
            }
        }
        Ok(())
    }

    /// Whether what is said of all payments of a file is surely another entry than the one that was said of all of them before.
    async fn are_another(&mut self, payments: &[StoredPayment], answer: &Answer) -> anyhow::Result<bool> {
        let told = state_of(answer.outcome);
        let mut called = BTreeSet::new();
        for payment in payments {
            let by_lines: Vec<Option<String>> = self.before.names_of(&payment.id, told).map(|name| Some(name.to_owned())).collect();
            let known = self.known(payment).await?;
            called.insert(known.called.get(&told).cloned());
            called.extend(by_lines.into_iter().filter(|_| known.state == State::Rejected));
        }
        called.remove(&None);
        let first = called.pop_first().flatten().filter(|_| called.is_empty());
        Ok(tells_of_an_account(self.kind) && first.is_some_and(|first| answer.is_of_another_entry(&first)))
    }
}

/// What payments sum to in the currency of what is said.
fn sum(said: Amount, payments: &[&StoredPayment]) -> anyhow::Result<Amount> {
    let amounts = payments.iter().map(|payment| Ok(Amount::of(from_stored_text(&payment.amount)?, payment.paid_in.parse()?)?));
    Ok(Amount::sum(said.currency(), amounts.collect::<anyhow::Result<Vec<_>>>()?)?)
}
