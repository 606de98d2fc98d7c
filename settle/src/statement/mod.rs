//! [`Statement`]: what one party gets from one MID for one cycle in one currency, and why: the paper that its holder keeps.
//!
//! It is a pure function of the cycle's draft and of the accruals or result lines below it, and holds ids only, so that it can be shown to
//! anybody. Of others it says nothing: no rate of a platform, no sum over several parties, nothing of an agreement under which the
//! party has nothing.
//!
//! Modules in reading order: [`gather`], [`mod@account`], [`wire`], [`mod@text`], [`html`], [`csv`].

pub mod account;
pub mod csv;
pub mod gather;
pub mod html;
pub mod text;
pub mod wire;

use crate::draft::{Draft, Exchanged, Line, TaxLine};
use crate::error::SettleError;
use crate::input::Tax;
use crate::moves::WhyCarried;
use crate::proof::Digest;
use crate::proof::tree::leaf_hash;
use farthing_schemas::{Currency, Cycle, Money, Rate, Use};

/// One party's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whose it is.
    pub party: String,
    /// Who owes and pays it.
    pub mid: String,
    /// The currency of every amount here.
    pub currency: Currency,
    /// The period: a month in UTC.
    pub cycle: Cycle,
    /// Whether the cycle was still open: such a statement is an estimate, and cannot be proven.
    pub preview: bool,
    /// What the MID keeps of labour.
    pub fee_rate: Rate,
    /// What was used, by agreement, platform and use.
    pub uses: Vec<UseLine>,
    /// What was undone of closed cycles, on their terms, by cycle and agreement.
    pub undone: Vec<UndoneUse>,
    /// What was left out of this cycle, to be settled in a later one; in none of the figures.
    pub left_out: Vec<UseLine>,
    /// Who had died and whose heir the party is, by id.
    pub inherited: Vec<Inherited>,
    /// The party's heirs, by id: it has died.
    pub passed_on: Vec<Inherited>,
    /// What is kept in reserve, here and from earlier cycles, if anything is or was: a part of what is held.
    pub reserve: Option<Reserved>,
    /// What is withheld for a tax of what is paid, be it nothing; none where there is no such tax.
    pub tax: Option<Withheld>,
    /// As what the payment arrives, where that is in another currency.
    pub exchanged: Option<Exchanged>,
    /// What closed cycles got wrong and is put right here, by number.
    pub adjustments: Vec<Adjusted>,
    /// What became of it.
    pub figures: Figures,
    /// The registry version that all terms come from.
    pub registry_version: u64,
    /// SHA-256 of the draft that it is a part of, in hex.
    pub draft_sha256: String,
    /// Keeps the hash of this statement, which is in the proofs of its neighbours, from giving away its figures to who tries guesses.
    pub salt: Digest,
}

/// What one use under one agreement earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseLine {
    /// The agreement.
    pub agreement: String,
    /// Who used it.
    pub platform: String,
    /// What was done.
    pub use_: Use,
    /// The events that count: those that were undone in the same cycle do not.
    pub events: i64,
    /// How many of these belong to an earlier cycle and are settled late.
    pub late: i64,
    /// The party's part of the revenue.
    pub gross: Money,
    /// What the agreement promises of it.
    pub labour: Money,
}

/// What was undone of one closed cycle under one agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoneUse {
    /// The cycle undone.
    pub cycle: Cycle,
    /// The agreement.
    pub agreement: String,
    /// Who had used it.
    pub platform: String,
    /// Negative: the events that no longer count.
    pub events: i64,
    /// Negative: the gross undone.
    pub gross: Money,
    /// Negative: the labour undone.
    pub labour: Money,
    /// Negative: the fee that the MID gives back.
    pub fee: Money,
    /// Negative: what the party gives back.
    pub net: Money,
}

/// What reserves do to a party's money. It stays the party's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserved {
    /// What is kept back of this cycle.
    pub held: Money,
    /// What is given back in this cycle.
    pub lifted: Money,
    /// What is kept after this cycle.
    pub outstanding: Money,
}

/// What passed from or to another party, where one of them had died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inherited {
    /// The other party.
    pub party: String,
    /// The heir's share.
    pub share: Rate,
    /// What passed.
    pub amount: Money,
}

/// What is withheld for a tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Under whose laws, at which rate, by which record and certificate.
    pub tax: Tax,
    /// What could have been paid without it.
    pub base: Money,
    /// What is withheld of the base.
    pub withheld: Money,
    /// What is paid besides, of which a tax was withheld before: it had come back.
    pub untaxed: Money,
}

impl Withheld {
    /// That of a draft's line.
    #[must_use]
    pub fn of(line: &TaxLine) -> Withheld {
        Withheld { tax: line.tax.clone(), base: line.base, withheld: line.withheld, untaxed: line.untaxed }
    }
}

/// A correction of a closed cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjusted {
    /// The adjustment's number.
    pub number: u64,
    /// The cycle that it corrects.
    pub cycle: Cycle,
    /// What the MID gives, or takes back if it is negative.
    pub amount: Money,
}

/// What became of what was earned; as in [`Line`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Attributed revenue.
    pub gross: Money,
    /// What the agreements promise of it.
    pub labour: Money,
    /// What the MID takes of labour.
    pub fee: Money,
    /// Labour less fee.
    pub net: Money,
    /// What the MID gives back, where less than 70 % would have reached the parties.
    pub true_up: Money,
    /// What closed cycles got wrong: given by the MID, or taken back if it is negative.
    pub adjusted: Money,
    /// Held back in a dispute.
    pub held: Money,
    /// No longer held back.
    pub lifted: Money,
    /// Withheld, such as a tax.
    pub withheld: Money,
    /// What the party gets as an heir.
    pub inherited: Money,
    /// What its heirs get, since it has died.
    pub passed_on: Money,
    /// What was taken for what the party owes.
    pub recovered: Money,
    /// What earlier cycles carried.
    pub carried_in: Money,
    /// What leaves for the bank.
    pub paid: Money,
    /// What stays owed.
    pub carried_out: Money,
    /// Why it stays; none where nothing does.
    pub why_carried: Option<WhyCarried>,
}

impl Figures {
    /// Those of a draft's line.
    #[must_use]
    pub const fn of(line: &Line) -> Figures {
        Figures {
            gross: line.gross,
            labour: line.labour,
            fee: line.fee,
            net: line.net,
            true_up: line.true_up,
            adjusted: line.adjusted,
            held: line.held,
            lifted: line.lifted,
            withheld: line.withheld,
            inherited: line.inherited,
            passed_on: line.passed_on,
            recovered: line.recovered,
            carried_in: line.carried_in,
            paid: line.paid,
            carried_out: line.carried_out,
            why_carried: line.why_carried,
        }
    }

    /// All that is owed before anything is paid.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn owed(&self) -> Result<Money, SettleError> {
        let taken = self.held.plus(self.withheld)?.plus(self.passed_on)?;
        let earned = self.net.plus(self.true_up)?.plus(self.adjusted)?;
        Ok(self.carried_in.plus(earned)?.plus(self.lifted)?.plus(self.inherited)?.minus(taken)?)
    }
}

impl Statement {
    /// Its hash as a leaf of the tree of its cycle.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        leaf_hash(self.to_json().as_bytes())
    }

    /// Whether the parts sum to the whole, to the unit.
    ///
    /// # Errors
    /// [`SettleError::DoesNotAddUp`] names what does not.
    pub fn check_sums(&self) -> Result<(), SettleError> {
        let of = |uses: fn(&UseLine) -> Money, undone: fn(&UndoneUse) -> Money| {
            Money::sum(self.uses.iter().map(uses).chain(self.undone.iter().map(undone)))
        };
        let figures = &self.figures;
        self.same("gross and its uses", of(|line| line.gross, |line| line.gross)?, figures.gross)?;
        self.same("labour and its uses", of(|line| line.labour, |line| line.labour)?, figures.labour)?;
        self.same("net and labour less fee", figures.labour.minus(figures.fee)?, figures.net)?;
        self.same("what is adjusted and its parts", Money::sum(self.adjustments.iter().map(|line| line.amount))?, figures.adjusted)?;
        for line in &self.undone {
            self.same("net and labour less fee of what was undone", line.labour.minus(line.fee)?, line.net)?;
        }
        let sum = |lines: &[Inherited]| Money::sum(lines.iter().map(|line| line.amount));
        self.same("what is inherited and its parts", sum(&self.inherited)?, figures.inherited)?;
        self.same("what is passed on and its parts", sum(&self.passed_on)?, figures.passed_on)?;
        if let Some(Reserved { held, lifted, .. }) = self.reserve {
            self.same("what is kept in reserve, and no more than is held", held.min(figures.held), held)?;
            self.same("what is given back of a reserve, and no more than is given back", lifted.min(figures.lifted), lifted)?;
        }
        if let Some(Withheld { base, withheld, untaxed, .. }) = self.tax {
            self.same("the tax and what is withheld", withheld, figures.withheld)?;
            self.same("the base of the tax and what is withheld and paid", base.plus(untaxed)?, withheld.plus(figures.paid)?)?;
        }
        self.same("what is owed and what is paid and carried", figures.owed()?, figures.paid.plus(figures.carried_out)?)
    }

    fn same(&self, what: &'static str, one: Money, other: Money) -> Result<(), SettleError> {
        let fault = || SettleError::DoesNotAddUp { party: self.party.clone(), what, one, other };
        if one == other { Ok(()) } else { Err(fault()) }
    }
}

/// The salt of a party's statement: it hangs on all moves of the plan, which nobody but the MID has, and on the party.
///
/// It is the SHA-256 of `farthing statement salt v1`, the SHA-256 of the moves in hex and the party's id, each ended by a line feed.
#[must_use]
pub fn salt(draft: &Draft, party: &str) -> Digest {
    Digest::of(&[format!("farthing statement salt v1\n{}\n{party}\n", draft.moves_sha256).as_bytes()])
}
