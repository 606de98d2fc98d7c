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

    /// What is said of all payments of a file is so of those that it can be true of, if they are what it says that they sum to.
    pub(super) async fn tell_all(&mut self, payments: &[StoredPayment], answer: &Answer) -> anyhow::Result<()> {
        let (told, reference) = (state_of(answer.outcome), answer.reference.to_string());
        let Some(said) = answer.amount else {
            for payment in payments {
                self.tell(payment, answer).await?;
            }
            return Ok(());
        };
        let (mut live, mut passed, mut contradiction, mut has_gone_out) = (Vec::new(), Vec::new(), None, false);
        for payment in payments {
            let known = self.known(payment).await?;
            match known.state.after(told) {
                Ok(Some(_)) => {
                    live.push(payment);
                    has_gone_out |= known.state == State::Settled;
                }
                // The books have taken it for nothing that it went out and came back.
                Ok(None) if known.state == State::Returned && told == State::Settled && !known.has_settled => passed.push(payment),
                Ok(None) => {}
                Err(why) => contradiction = Some(why),
            }
        }
        let sum = |payments: &mut dyn Iterator<Item = &StoredPayment>| -> anyhow::Result<Amount> {
            let amounts = payments.map(|payment| Ok(Amount::of(from_stored_text(&payment.amount)?, payment.paid_in.parse()?)?));
            Ok(Amount::sum(said.currency(), amounts.collect::<anyhow::Result<Vec<_>>>()?)?)
        };
        let fits = |payments: &mut dyn Iterator<Item = &StoredPayment>| sum(payments).is_ok_and(|sum| sum == said);
        let again = live.is_empty() && contradiction.is_none() && fits(&mut payments.iter());
        if payments.is_empty() {
            return Ok(());
        } else if has_gone_out && told == State::Returned && self.is_of_second_debit(answer, &[&reference])? {
            return self.another(answer, reference, told);
        } else if again {
            let is_another = self.are_another(payments, answer).await?;
            return if is_another { self.another(answer, reference, told) } else { self.name_again(payments, answer).await };
        }
        let all = || live.iter().chain(&passed).copied();
        if !fits(&mut live.iter().copied()) && (passed.is_empty() || !fits(&mut all())) {
            return self.line(answer, reference, "the payments of the file of which it can be true do not sum to that");
        }
        for payment in live {
            self.tell(payment, answer).await?;
        }
        Ok(())
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
