//! [`Move`]: an amount that passes from one account to another, by which step and under which rule.

use crate::draft::Exchanged;
use crate::input::{Quote, Tax};
use farthing_schemas::{Cycle, Money, Rate};
use std::fmt;
use std::sync::Arc;

/// One entry of the plan; the journal follows from these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which step made it.
    pub step: Step,
    /// Why, and under whose terms.
    pub rule: Rule,
    /// Where it is taken.
    pub from: Account,
    /// Where it goes.
    pub to: Account,
    /// Always above 0: what goes the other way is written the other way.
    pub amount: Money,
}

/// The steps of the plan that make moves, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A platform's labour becomes a party's.
    Earn,
    /// The MID takes its fee.
    Fee,
    /// The MID gives back of its fee.
    TrueUp,
    /// What a closed cycle got wrong is put right.
    Adjust,
    /// What was carried is there again.
    BringIn,
    /// A part of the earnings goes to what the party owes.
    Recover,
    /// What a lifted hold kept back, and what a reserve keeps no longer, is the party's again.
    Lift,
    /// What a reserve keeps no longer goes to what the party owes.
    Offset,
    /// What is available to a party that has died is its heirs'.
    Inherit,
    /// What is in dispute, or is to be a reserve, is kept back.
    Hold,
    /// A tax is withheld of what is paid.
    Withhold,
    /// What reaches the threshold leaves for the party's bank.
    Pay,
    /// The rest stays owed.
    Carry,
}

/// The rule that a move follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The terms of an agreement.
    Terms(Terms),
    /// The adjustment of that number.
    Adjustment(u64),
    /// Balances are kept per party, MID and currency.
    Balance,
    /// Only this part of the earnings may be taken for what is owed.
    RecoveryCap(Rate),
    /// The hold of that number.
    Hold(u64),
    /// An heir of that share.
    Heir(Rate),
    /// A tax.
    Tax(Box<Tax>),
    /// At least this amount is paid out.
    Threshold(Money),
    /// At least the threshold is paid out, after an exchange.
    Exchange(Box<Exchanged>),
    /// Why the rest was not paid.
    Carried(WhyCarried),
}

/// Under which terms something was earned, or given back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Terms {
    /// The agreement.
    pub agreement: Arc<str>,
    /// The closed cycle that a reversal undoes; none for what this cycle settles itself.
    pub undone: Option<Cycle>,
}

/// Why something stays owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyCarried {
    /// It is less than the threshold of the party's method.
    BelowThreshold,
    /// It is less than the currency's minor unit.
    BelowMinorUnit,
    /// The party has no payout instruction in this currency.
    NoPayoutInstruction,
    /// The party owes it.
    Owing,
}

/// Where money stands. Ids are shared: a plan of many parties names each in many moves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// What a platform owes.
    Platform(Arc<str>),
    /// What the MID keeps.
    Mid(Arc<str>),
    /// A party's money within this plan; empty when the plan is done.
    Party(Arc<str>),
    /// What is held back of a party's money.
    Held(Arc<str>),
    /// What is kept in reserve of a party's money.
    Reserve(Arc<str>),
    /// What is withheld of a party's money.
    Withheld(Arc<str>),
    /// What leaves for a party's bank.
    Payout(Arc<str>),
    /// What stays owed to a party, or by it when negative.
    Carried(Arc<str>),
}

impl Account {
    /// The party whose account it is.
    #[must_use]
    pub fn party(&self) -> Option<&str> {
        match self {
            Account::Party(party)
            | Account::Held(party)
            | Account::Reserve(party)
            | Account::Withheld(party)
            | Account::Payout(party)
            | Account::Carried(party) => Some(party),
            Account::Platform(_) | Account::Mid(_) => None,
        }
    }
}

impl Step {
    /// The step's name in the journal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Step::Earn => "earn",
            Step::Fee => "fee",
            Step::TrueUp => "true_up",
            Step::Adjust => "adjust",
            Step::BringIn => "bring_in",
            Step::Recover => "recover",
            Step::Lift => "lift",
            Step::Offset => "offset",
            Step::Inherit => "inherit",
            Step::Hold => "hold",
            Step::Withhold => "withhold",
            Step::Pay => "pay",
            Step::Carry => "carry",
        }
    }
}

impl WhyCarried {
    /// All reasons, in the order that reports list them.
    pub const ALL: [WhyCarried; 4] =
        [WhyCarried::BelowThreshold, WhyCarried::BelowMinorUnit, WhyCarried::NoPayoutInstruction, WhyCarried::Owing];

    /// The reason's name in drafts and the journal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            WhyCarried::BelowThreshold => "below_threshold",
            WhyCarried::BelowMinorUnit => "below_minor_unit",
            WhyCarried::NoPayoutInstruction => "no_payout_instruction",
            WhyCarried::Owing => "owing",
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::Platform(id) => write!(out, "platform:{id}"),
            Account::Mid(id) => write!(out, "mid:{id}"),
            Account::Party(id) => write!(out, "party:{id}"),
            Account::Held(id) => write!(out, "held:{id}"),
            Account::Reserve(id) => write!(out, "reserve:{id}"),
            Account::Withheld(id) => write!(out, "withheld:{id}"),
            Account::Payout(id) => write!(out, "payout:{id}"),
            Account::Carried(id) => write!(out, "carried:{id}"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Terms(Terms { agreement, undone: None }) => write!(out, "agreement {agreement}"),
            Rule::Terms(Terms { agreement, undone: Some(cycle) }) => write!(out, "agreement {agreement} as of {cycle}"),
            Rule::Adjustment(number) => write!(out, "adjustment {number}"),
            Rule::Balance => write!(out, "balance"),
            Rule::RecoveryCap(cap) => write!(out, "recovery_cap {cap}"),
            Rule::Hold(number) => write!(out, "hold {number}"),
            Rule::Heir(share) => write!(out, "heir {share}"),
            Rule::Tax(tax) => {
                let Tax { withholding, certificate, rate, .. } = &**tax;
                write!(out, "withholding {withholding} {rate}")?;
                certificate.iter().try_for_each(|reference| write!(out, " by certificate {reference}"))
            }
            Rule::Threshold(least) => write!(out, "threshold {least}"),
            Rule::Exchange(exchanged) => {
                let Exchanged { currency, amount, quote: Quote { rate, source, time } } = &**exchanged;
                write!(out, "exchange to {currency} {amount} at {rate} of {source} {time}")
            }
            Rule::Carried(why) => write!(out, "{}", why.as_str()),
        }
    }
}
