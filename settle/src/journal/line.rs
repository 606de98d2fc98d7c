//! A line of a bank's message: what it can take back, and what it can tell of payments.

use super::parts::{Choice, OF_NEWS, Part, Parts};
use super::payment::Told;
use crate::error::SettleError;
use crate::payout::{Motion, Payment, State};
use farthing_schemas::{Currency, Money};

/// Money on the account of a MID's bank that no message has put to a payment of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose bank it is.
    pub mid: String,
    /// What came in, or went out if it is below 0.
    pub amount: Money,
    /// In which currency.
    pub currency: Currency,
    /// SHA-256 of the message that tells it, in hex.
    pub message_sha256: String,
}

impl Line {
    /// Whether the line of that number can take back another one, which it leaves nothing of: of the same account, and of the same sum the other
    /// way. The other one is nobody's, and in suspense as such, so that both together leave nothing there.
    ///
    /// # Errors
    /// [`SettleError::NotTakenBack`] says why not; or the one amount that has no opposite.
    pub fn takes_back(&self, number: &str, other_number: &str, other: &Line, is_in_suspense: bool) -> Result<(), SettleError> {
        let not = |why: String| Err(SettleError::NotTakenBack(why));
        if number == other_number {
            return not(format!("line {number} cannot take back itself"));
        }
        if (&self.mid, self.currency) != (&other.mid, other.currency) {
            let (mid, currency) = (&other.mid, other.currency);
            let (own, in_) = (&self.mid, self.currency);
            return not(format!("line {other_number} is one of {mid} in {currency}, and line {number} is one of {own} in {in_}"));
        }
        if self.amount != other.amount.negated()? {
            let (sum, opposite) = (self.amount, other.amount);
            return not(format!("line {number} is of {sum}, and what takes line {other_number} back is the opposite of {opposite}"));
        }
        if !is_in_suspense {
            return not(format!(
                "line {other_number} is not in suspense: only what is nobody's is taken back; put it there first with --suspense, or, if it \
                 is not booked yet, put it against line {number}"
            ));
        }
        Ok(())
    }

    /// What it tells of payments, if it is theirs: a debit that they have gone out, a credit that they have come back.
    #[must_use]
    pub fn tells(&self) -> State {
        if self.amount < Money::ZERO { State::Settled } else { State::Returned }
    }

    /// What the line of that number moves, if it is the one of these payments: those of which it can be true, with what the bank has kept, where that
    /// may be. Among what a debit is of are also those that were told to have come back before anything told that they had gone out, and
    /// those that were told to have gone out before: if it is of them, too, nothing more becomes of them.
    ///
    /// # Errors
    /// [`SettleError::NotTheirs`] says why it is not the one of these payments; or a sum that does not fit.
    pub fn moves<'p>(
        &self,
        number: &str,
        payments: impl IntoIterator<Item = Standing<'p>>,
        with_charges: bool,
    ) -> Result<Moved<'p>, SettleError> {
        let payments: Vec<Standing<'p>> = payments.into_iter().collect();
        let parts: Parts<&'p Payment> = payments.iter().map(|standing| (self.part_of(standing), standing.payment)).collect();
        let (news, moved) = (parts.of_all(&[Part::News, Part::Early]), |choice: &[Part]| parts.of_all(choice));
        if let (true, Some(first)) = (news.is_empty(), payments.first()) {
            return Err(SettleError::NotTheirs(self.why_not(number, first)));
        }
        let mut beside = Vec::new();
        for choice in OF_NEWS.into_iter().filter(|choice| !moved(choice).is_empty()) {
            beside.push((choice, self.charges_beside(moved(choice))?));
        }
        // What the bank has kept is less than any other payment of the file is of: that one would be the better guess.
        let can_be_kept = |(choice, charges): &&(Choice, Money)| {
            let is_beyond = |standing: &&Standing<'_>| !choice.contains(&self.part_of(standing));
            let beyond = payments.iter().filter(is_beyond).map(|standing| standing.payment.amount).min();
            *charges > Money::ZERO && self.can_keep(*charges, moved(choice).len()) && beyond.is_none_or(|beyond| *charges < beyond)
        };
        let exact = beside.iter().find(|(_, charges)| *charges == Money::ZERO);
        let kept = beside.iter().rev().find(can_be_kept);
        let Some((choice, charges)) = exact.or(kept.filter(|_| with_charges)) else {
            return self.is_of_no_sum(number, &news, kept.is_some());
        };
        let of = |part| parts.chosen(choice, part).to_vec();
        Ok(Moved { payments: of(Part::News), passed: of(Part::Early), told: of(Part::Told), charges: *charges })
    }

    fn is_of_no_sum<'p>(&self, number: &str, payments: &[&Payment], can_be_kept: bool) -> Result<Moved<'p>, SettleError> {
        let (own, told, sum) = (self.size()?, self.tells(), Money::sum(payments.iter().map(|payment| payment.amount))?);
        let way_out = if can_be_kept { "; if the bank has kept the rest, say so with --with-charges" } else { "" };
        Err(SettleError::NotTheirs(format!(
            "line {number} is of {own}, and the payments that it can tell to be {told} come to {sum}{way_out}"
        )))
    }

    /// What the line is to a payment. By hand nothing comes back before it went out: a message may tell both at once.
    fn part_of(&self, Standing { payment, state, has_settled }: &Standing<'_>) -> Part {
        let tells = self.tells();
        match Part::of(tells, *state, *has_settled) {
            _ if payment.currency != self.currency => Part::Other,
            Part::News if state.motion(tells) != Some(self.motion()) => Part::Other,
            part => part,
        }
    }

    /// Whether the bank can have kept that much of so many payments. What comes back of several may be that of one of them alone.
    #[must_use]
    pub fn can_keep(&self, charges: Money, payments: usize) -> bool {
        let is_some_back = payments == 1 && self.amount > Money::ZERO;
        charges == Money::ZERO || charges > Money::ZERO && (self.tells() == State::Settled || is_some_back)
    }

    /// Why it cannot tell anything of a payment.
    fn why_not(&self, number: &str, Standing { payment: Payment { id, currency, .. }, state, .. }: &Standing<'_>) -> String {
        let in_ = self.currency;
        match state {
            _ if *currency != in_ => format!("payment {id} is in {currency}, and line {number} in {in_}"),
            State::Rejected => format!(
                "payment {id} is rejected, and line {number} tells that money has moved: ask the bank, and put what came back --against what \
                 went out"
            ),
            State::Released | State::Accepted => {
                format!("payment {id} is {state}: it comes back by line {number} only after it has gone out; say first by which line")
            }
            State::Settled | State::Returned => {
                format!(
                    "payment {id} is {state}: another message has told it. If line {number} tells the same again, say --repetition-of {id}"
                )
            }
        }
    }

    /// What it books, if it moves these payments and the bank has kept that much.
    #[must_use]
    pub fn told<'p>(&self, payments: impl IntoIterator<Item = &'p Payment>, charges: Money) -> Vec<Told> {
        let of = |payment: &Payment| Told::Payment {
            party: payment.party.clone(),
            motion: self.motion(),
            amount: payment.amount,
            currency: payment.currency,
        };
        let kept = (charges != Money::ZERO).then_some(Told::Charges { amount: charges, currency: self.currency });
        payments.into_iter().map(of).chain(kept).collect()
    }

    /// What the bank has kept, if these payments went out by it, or came back: 0 where it is of their sum.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn charges_beside<'p>(&self, payments: impl IntoIterator<Item = &'p Payment>) -> Result<Money, SettleError> {
        let sum = Money::sum(payments.into_iter().map(|payment| payment.amount))?;
        let moved = if self.amount < Money::ZERO { sum.negated()? } else { sum };
        Ok(moved.minus(self.amount)?)
    }

    /// How it moves payments, if it is theirs.
    #[must_use]
    pub fn motion(&self) -> Motion {
        if self.amount < Money::ZERO { Motion::Arrived } else { Motion::CameBack }
    }

    /// Its amount without its sign.
    fn size(&self) -> Result<Money, SettleError> {
        Ok(if self.amount < Money::ZERO { self.amount.negated()? } else { self.amount })
    }
}

/// A payment, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'p> {
    /// The payment.
    pub payment: &'p Payment,
    /// Where it is.
    pub state: State,
    /// Whether it was ever told to have gone out.
    pub has_settled: bool,
}

/// What a line moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved<'p> {
    /// The payments that have gone out by it, or come back.
    pub payments: Vec<&'p Payment>,
    /// Those that went out by it, too, and were known to have come back before: the books have taken both for nothing.
    pub passed: Vec<&'p Payment>,
    /// Those that it is of as well, and that have told the same before.
    pub told: Vec<&'p Payment>,
    /// What the bank has kept: what it took beside them, or less than they went out with; 0 if it kept nothing.
    pub charges: Money,
}
