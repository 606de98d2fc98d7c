//! [`Account`]: the chart of accounts of a MID's books.

use crate::error::SettleError;
use std::fmt;
use std::str::FromStr;

/// What an account is for; there is none for rounding, since nothing is ever left to put there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// What a platform owes.
    PlatformReceivable,
    /// What is owed to a party.
    PartyPayable,
    /// What the MID keeps for its work.
    FeeIncome,
    /// What has come in and is nobody's yet.
    Suspense,
    /// What is held back of a party's money, in a dispute.
    Held,
    /// What is kept for a party, to be paid later by plan.
    Reserve,
    /// What is withheld of a party's money for a tax.
    WithheldTax,
    /// What was released to a party's bank and is not known to have arrived.
    InFlight,
    /// What is in the bank.
    Bank,
    /// What passes from one currency to another.
    Fx,
}

/// Whose an account is, within the books of a MID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned {
    /// One account for each platform.
    ByPlatform,
    /// One account for each party.
    ByParty,
    /// One account, of the MID itself.
    ByMid,
}

/// One account of a MID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What this platform owes.
    PlatformReceivable(String),
    /// What is owed to this party; it owes where the account is in debit.
    PartyPayable(String),
    /// See [`AccountKind::FeeIncome`].
    FeeIncome,
    /// See [`AccountKind::Suspense`].
    Suspense,
    /// What is held back of this party's money.
    Held(String),
    /// What is kept for this party.
    Reserve(String),
    /// What is withheld of this party's money.
    WithheldTax(String),
    /// What is on its way to this party.
    InFlight(String),
    /// See [`AccountKind::Bank`].
    Bank,
    /// See [`AccountKind::Fx`].
    Fx,
}

impl AccountKind {
    /// All kinds, in the order of the chart.
    pub const ALL: [AccountKind; 10] = [
        AccountKind::PlatformReceivable,
        AccountKind::PartyPayable,
        AccountKind::FeeIncome,
        AccountKind::Suspense,
        AccountKind::Held,
        AccountKind::Reserve,
        AccountKind::WithheldTax,
        AccountKind::InFlight,
        AccountKind::Bank,
        AccountKind::Fx,
    ];

    /// The kind's name in tables, exports and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            AccountKind::PlatformReceivable => "platform_receivable",
            AccountKind::PartyPayable => "party_payable",
            AccountKind::FeeIncome => "fee_income",
            AccountKind::Suspense => "suspense",
            AccountKind::Held => "held",
            AccountKind::Reserve => "reserve",
            AccountKind::WithheldTax => "withheld_tax",
            AccountKind::InFlight => "in_flight",
            AccountKind::Bank => "bank",
            AccountKind::Fx => "fx",
        }
    }

    /// Whose accounts of this kind are.
    #[must_use]
    pub const fn owned(self) -> Owned {
        match self {
            AccountKind::PlatformReceivable => Owned::ByPlatform,
            AccountKind::PartyPayable | AccountKind::Held | AccountKind::Reserve | AccountKind::WithheldTax | AccountKind::InFlight => {
                Owned::ByParty
            }
            AccountKind::FeeIncome | AccountKind::Suspense | AccountKind::Bank | AccountKind::Fx => Owned::ByMid,
        }
    }
}

impl Account {
    /// The account of that kind and owner; the owner of the MID's own is empty.
    ///
    /// # Errors
    /// [`SettleError::NoSuchAccount`] where an owner is missing, or there is one too many.
    pub fn of(kind: AccountKind, owner: String) -> Result<Account, SettleError> {
        if owner.is_empty() != (kind.owned() == Owned::ByMid) {
            return Err(SettleError::NoSuchAccount(format!("{}:{owner}", kind.as_str())));
        }
        Ok(match kind {
            AccountKind::PlatformReceivable => Account::PlatformReceivable(owner),
            AccountKind::PartyPayable => Account::PartyPayable(owner),
            AccountKind::FeeIncome => Account::FeeIncome,
            AccountKind::Suspense => Account::Suspense,
            AccountKind::Held => Account::Held(owner),
            AccountKind::Reserve => Account::Reserve(owner),
            AccountKind::WithheldTax => Account::WithheldTax(owner),
            AccountKind::InFlight => Account::InFlight(owner),
            AccountKind::Bank => Account::Bank,
            AccountKind::Fx => Account::Fx,
        })
    }

    /// What it is for.
    #[must_use]
    pub const fn kind(&self) -> AccountKind {
        match self {
            Account::PlatformReceivable(_) => AccountKind::PlatformReceivable,
            Account::PartyPayable(_) => AccountKind::PartyPayable,
            Account::FeeIncome => AccountKind::FeeIncome,
            Account::Suspense => AccountKind::Suspense,
            Account::Held(_) => AccountKind::Held,
            Account::Reserve(_) => AccountKind::Reserve,
            Account::WithheldTax(_) => AccountKind::WithheldTax,
            Account::InFlight(_) => AccountKind::InFlight,
            Account::Bank => AccountKind::Bank,
            Account::Fx => AccountKind::Fx,
        }
    }

    /// The platform or party whose it is; empty for the MID's own.
    #[must_use]
    pub fn owner(&self) -> &str {
        match self {
            Account::PlatformReceivable(owner)
            | Account::PartyPayable(owner)
            | Account::Held(owner)
            | Account::Reserve(owner)
            | Account::WithheldTax(owner)
            | Account::InFlight(owner) => owner,
            Account::FeeIncome | Account::Suspense | Account::Bank | Account::Fx => "",
        }
    }
}

impl fmt::Display for AccountKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for AccountKind {
    type Err = SettleError;

    fn from_str(text: &str) -> Result<AccountKind, SettleError> {
        let found = AccountKind::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| SettleError::NoSuchAccount(text.chars().take(64).collect()))
    }
}

/// `party_payable:pty_ana`, or `bank`.
impl fmt::Display for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner() {
            "" => out.write_str(self.kind().as_str()),
            owner => write!(out, "{}:{owner}", self.kind()),
        }
    }
}

impl FromStr for Account {
    type Err = SettleError;

    fn from_str(text: &str) -> Result<Account, SettleError> {
        let (kind, owner) = text.split_once(':').unwrap_or((text, ""));
        Account::of(kind.parse()?, owner.to_owned())
    }
}
