//! [`Input`]: everything a draft depends on. Who calls fills it from the registry version that the draft names.

use farthing_schemas::money::MoneyError;
use farthing_schemas::{Accrual, Currency, Cycle, ExchangeRate, Instant, Money, Rate};
use std::collections::{BTreeMap, BTreeSet};

/// What a draft is a function of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The MID that settles, and its terms.
    pub mid: MidTerms,
    /// The cycle that is settled.
    pub cycle: Cycle,
    /// The currency that is settled; a MID has one draft per cycle and currency.
    pub currency: Currency,
    /// The registry version that all terms here come from.
    pub registry_version: u64,
    /// By id: every agreement of the MID that an accrual or `without` names.
    pub agreements: BTreeMap<String, AgreementTerms>,
    /// By id: every party that an accrual of the MID, a balance or a hold names, and all that come after them.
    pub payees: BTreeMap<String, Payee>,
    /// Every accrual of this cycle and currency, of any status and MID.
    pub accruals: Vec<Accrual>,
    /// Accruals that earlier drafts of this MID left out with `--without`; they join this cycle, late, and keep their own cycle here.
    pub deferred: Vec<Accrual>,
    /// By party: what stays owed to it (or, when negative, by it) from earlier cycles.
    pub carried_in: BTreeMap<String, Money>,
    /// By party and payment: what of it has come back, since payments of earlier cycles have failed and are not made anew.
    pub returned: BTreeMap<String, BTreeMap<String, Money>>,
    /// By party: what came back in earlier cycles and has not been paid since, as [`crate::untaxed`] has it.
    pub untaxed: BTreeMap<String, Money>,
    /// By number: the adjustments of earlier cycles of this MID and currency that no draft before has booked.
    pub adjustments: BTreeMap<u64, Adjustment>,
    /// By number: the holds on parties of this MID and currency that are in force, and the lifted ones that still keep something back.
    pub holds: BTreeMap<u64, Hold>,
    /// By party: what is withheld of what is paid to it, where something or nothing is by law.
    pub taxes: BTreeMap<String, Tax>,
    /// By currency that payouts may be in: what the draft's is worth in it.
    pub quotes: BTreeMap<Currency, Quote>,
    /// By party that died before the end of the cycle: those who come after it, by their ids.
    pub heirs: BTreeMap<String, Vec<Heir>>,
    /// The MID's fee in each closed cycle that an accrual undoes.
    pub fees_of_cycles: BTreeMap<Cycle, Rate>,
    /// For an agreement's cycle that was left out once and settled later: the cycle whose draft settled it, and so whose fee holds.
    pub settled_in: BTreeMap<(String, Cycle), Cycle>,
    /// Agreements to leave out: their accruals stay as they are and join the next cycle.
    pub without: BTreeSet<String>,
    /// Whether the cycle is still open: such a draft cannot be approved.
    pub preview: bool,
}

/// What the registry says of the MID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MidTerms {
    /// Its id.
    pub mid: String,
    /// What it keeps of labour.
    pub fee: Rate,
    /// How much of a cycle's earnings may go to what a party owes.
    pub recovery_cap: Rate,
    /// From which amounts on it pays out.
    pub thresholds: Vec<Threshold>,
}

/// The least amount that is paid out by one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The payout method.
    pub method: String,
    /// The currency of `amount`.
    pub currency: Currency,
    /// The least amount; what is cut to the minor unit must reach it.
    pub amount: Money,
}

/// What the registry says of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementTerms {
    /// Who owes under it.
    pub platform: String,
    /// What happens when the 70 % rule fails.
    pub on_shortfall: OnShortfall,
}

/// What happens to an agreement of which less than 70 % reaches its parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnShortfall {
    /// The draft is refused.
    Refuse,
    /// The MID gives back of its fee what is missing.
    TrueUp,
}

/// What the registry says of a party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payee {
    /// Where its money goes, if it said so.
    pub payout: Option<Payout>,
    /// Whether any of its memberships in this MID goes on after the cycle's end; the last payout knows no threshold.
    pub stays: bool,
}

/// What is withheld of what is paid to a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tax {
    /// Under whose laws.
    pub jurisdiction: String,
    /// The record of the registry that counts.
    pub withholding: String,
    /// The certificate whose rate it is, if it is not the record's own.
    pub certificate: Option<String>,
    /// How much.
    pub rate: Rate,
}

/// What one currency is worth in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// How much of the other one is given for one.
    pub rate: ExchangeRate,
    /// Who says so.
    pub source: String,
    /// When it was so.
    pub time: Instant,
}

/// Who comes after a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heir {
    /// Who it is.
    pub party: String,
    /// Its share; those of all heirs sum to one.
    pub share: Rate,
}

/// A correction of a closed cycle, booked in a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Whose money.
    pub party: String,
    /// The cycle that it corrects.
    pub cycle: Cycle,
    /// What the MID gives the party, or takes back if it is negative.
    pub amount: Money,
}

/// Money of a party that is held back, in a dispute or as a reserve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Whose money.
    pub party: String,
    /// The most that it keeps back; all that is available, or its share, without it.
    pub limit: Option<Money>,
    /// How it is kept as a reserve; none in a dispute.
    pub reserve: Option<Reserve>,
    /// What it keeps back from earlier cycles.
    pub held_before: Money,
    /// Whether it is lifted: then all that it keeps back is the party's again.
    pub lifted: bool,
}

/// A part of what a party earns, kept back for some time against what may be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// The share of the cycle's net and true-up, rounded down to a unit.
    pub share: Rate,
    /// What was kept back from earlier cycles and is given back in this one, its time being over.
    pub due: Money,
}

/// A payout instruction, as far as a plan needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// The payout method.
    pub method: String,
    /// The only currency that it takes; what is in another one is exchanged, where there is a rate for that.
    pub currency: Currency,
}

impl Input {
    /// What was carried from earlier cycles, without what has come back.
    #[must_use]
    pub fn carried_by(&self, party: &str) -> Money {
        self.carried_in.get(party).copied().unwrap_or_default()
    }

    /// What has come back of a party's payments.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn returned_to(&self, party: &str) -> Result<Money, MoneyError> {
        Money::sum(self.returned.get(party).into_iter().flat_map(|payments| payments.values().copied()))
    }
}

impl MidTerms {
    /// The least amount that goes out by this method in this currency, if one is set.
    #[must_use]
    pub fn threshold(&self, method: &str, currency: Currency) -> Option<Money> {
        self.thresholds
            .iter()
            .find(|threshold| threshold.method == method && threshold.currency == currency)
            .map(|threshold| threshold.amount)
    }
}
