//! What is booked when a draft is approved, and when that is withdrawn.

use super::account::{Account, AccountKind};
use super::entry::{Entry, EntryKind, Evidence, EvidenceKind, Header, Place, Posting, Sums};
use crate::draft::{Draft, Exchanged, HoldKind, HoldLine, Line, Plan};
use crate::error::SettleError;
use crate::moves;
use farthing_schemas::{Currency, Instant, Money};
use std::collections::BTreeMap;

/// When and why something is booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// Where the entry is to stand.
    pub place: Place,
    /// When it happened.
    pub happened: Instant,
    /// When it is written down.
    pub booked: Instant,
    /// Why, in a person's words.
    pub reason: String,
    /// What others know it by.
    pub reference: String,
}

/// What an approved draft books: every move takes from one account, which is debited, what it gives to another, which is credited.
///
/// Where a party is paid in another currency, what is paid passes through the account of the exchange: in each currency by itself, debits
/// are credits.
///
/// Of a party's account this leaves what the draft adds to what is owed to it, `net + true_up + adjusted` and what it inherits, less what goes to
/// its heirs and to accounts of its own. So what stands there after the entry is what stood there before it and has not left since, and that is
/// `carried_out` and everything that was paid and is not released yet.
///
/// # Errors
/// [`SettleError::NotToBook`] for a draft that cannot be approved, or a sum that does not fit.
pub fn entry_of_approval(plan: &Plan, occasion: Occasion) -> Result<Entry, SettleError> {
    let draft = &plan.draft;
    if draft.preview || draft.refused {
        return Err(SettleError::NotToBook(draft.draft_sha256.clone()));
    }
    let posting = |account: &moves::Account, amount| Posting { account: booked_on(account), currency: draft.currency, amount };
    let mut sums = Sums::default();
    for entry in &plan.moves {
        sums.add(posting(&entry.from, entry.amount))?;
        sums.add(posting(&entry.to, entry.amount.negated()?))?;
    }
    for line in &draft.lines {
        exchange(draft, line)?.into_iter().try_for_each(|posting| sums.add(posting))?;
    }
    let evidence = Evidence { kind: EvidenceKind::Draft, sha256: draft.draft_sha256.clone() };
    let Occasion { place, happened, booked, reason, reference } = occasion;
    let (kind, mid, cycle) = (EntryKind::Approval, draft.mid.clone(), Some(draft.cycle));
    Entry::of(Header { place, kind, mid, cycle, happened, booked, reason, reference, reverses: None, evidence }, sums)
}

/// What a line books where its party is paid in another currency: what goes into the exchange is no longer owed in the draft's currency,
/// and what comes out of it is owed in the other one.
fn exchange(draft: &Draft, line: &Line) -> Result<Vec<Posting>, SettleError> {
    let Some(&Exchanged { currency, amount, .. }) = line.exchanged.as_deref() else { return Ok(Vec::new()) };
    let party = || Account::PartyPayable(line.party.clone());
    Ok(vec![
        Posting { account: party(), currency: draft.currency, amount: line.paid },
        Posting { account: Account::Fx, currency: draft.currency, amount: line.paid.negated()? },
        Posting { account: Account::Fx, currency, amount },
        Posting { account: party(), currency, amount: amount.negated()? },
    ])
}

/// What is booked when an approval is withdrawn: the same with the opposite signs, on the evidence of that decision.
///
/// # Errors
/// The one amount that has no opposite.
pub fn reversal_of(entry: &Entry, occasion: Occasion, evidence: Evidence) -> Result<Entry, SettleError> {
    let opposite = |posting: &Posting| Ok(Posting { amount: posting.amount.negated()?, ..posting.clone() });
    let postings = entry.postings().iter().map(opposite).collect::<Result<Vec<_>, SettleError>>()?;
    let Occasion { place, happened, booked, reason, reference } = occasion;
    let (mid, cycle) = (entry.header().mid.clone(), entry.header().cycle);
    let (kind, reverses) = (EntryKind::Withdrawal, Some(entry.number()));
    Entry::new(Header { place, kind, mid, cycle, happened, booked, reason, reference, reverses, evidence }, postings)
}

/// Which way an entry books a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As it was approved.
    Booked,
    /// With the opposite signs, as it was withdrawn.
    Reversed,
}

/// Whether an entry has exactly the figures that a draft says, which is without the moves, from its totals and lines. Which platform owes
/// what part of the labour, no draft says: of that only the sum is compared, and that none owes who is not in the draft.
///
/// # Errors
/// [`SettleError::NotAsDrafted`] with the first account that differs, or a sum that does not fit.
pub fn agrees(draft: &Draft, entry: &Entry, way: Way) -> Result<(), SettleError> {
    let signed = |amount: Money| if way == Way::Booked { Ok(amount) } else { amount.negated() };
    let expected = figures(draft)?;
    let mut found: BTreeMap<(Account, Currency), Money> = BTreeMap::new();
    let mut receivable = Money::ZERO;
    for posting in entry.postings() {
        let known = |platform: &String| draft.platforms.iter().any(|line| line.platform == *platform);
        match &posting.account {
            Account::PlatformReceivable(platform) if posting.currency == draft.currency && known(platform) => {
                receivable = receivable.plus(signed(posting.amount)?)?;
            }
            account => {
                let key = (account.clone(), posting.currency);
                if posting.currency != draft.currency && !expected.contains_key(&key) {
                    return Err(other(account, posting.amount, Money::ZERO));
                }
                found.insert(key, signed(posting.amount)?);
            }
        }
    }
    if receivable != draft.totals.labour {
        return Err(other(AccountKind::PlatformReceivable, receivable, draft.totals.labour));
    }
    for key in expected.keys().chain(found.keys()) {
        let of = |figures: &BTreeMap<_, Money>| figures.get(key).copied().unwrap_or_default();
        if of(&found) != of(&expected) {
            let (account, currency) = key;
            let account = if *currency == draft.currency { account.to_string() } else { format!("{account} in {currency}") };
            return Err(other(account, of(&found), of(&expected)));
        }
    }
    Ok(())
}

/// What a draft books but for what platforms owe.
fn figures(draft: &Draft) -> Result<BTreeMap<(Account, Currency), Money>, SettleError> {
    let mut figures: BTreeMap<(Account, Currency), Money> = BTreeMap::new();
    let mut add = |account: Account, currency: Currency, amount: Money| -> Result<(), SettleError> {
        // Of most parties nothing is held and nothing withheld.
        if amount == Money::ZERO {
            return Ok(());
        }
        let sum = figures.entry((account, currency)).or_default();
        *sum = sum.plus(amount)?;
        Ok(())
    };
    // What is adjusted comes out of what the MID keeps, or goes into it.
    let adjusted = Money::sum(draft.lines.iter().map(|line| line.adjusted))?;
    add(Account::FeeIncome, draft.currency, adjusted.minus(draft.fee_kept)?)?;
    // What lines say to be held is a reserve in part.
    for HoldLine { party, held, lifted, .. } in draft.holds.iter().filter(|line| line.kind == HoldKind::Reserve) {
        add(Account::Reserve(party.clone()), draft.currency, lifted.minus(*held)?)?;
        add(Account::Held(party.clone()), draft.currency, held.minus(*lifted)?)?;
    }
    for line in &draft.lines {
        for (account, amount) in figures_of(line)? {
            add(account, draft.currency, amount)?;
        }
        for Posting { account, currency, amount } in exchange(draft, line)? {
            add(account, currency, amount)?;
        }
    }
    Ok(figures)
}

/// What a line of a draft books for its party.
fn figures_of(line: &Line) -> Result<[(Account, Money); 3], SettleError> {
    let held = line.lifted.minus(line.held)?;
    let withheld = line.withheld.negated()?;
    let inherited = line.inherited.minus(line.passed_on)?;
    let earned = line.net.plus(line.true_up)?.plus(line.adjusted)?;
    let owed = earned.plus(inherited)?.plus(held)?.plus(withheld)?.negated()?;
    let party = || line.party.clone();
    Ok([(Account::PartyPayable(party()), owed), (Account::Held(party()), held), (Account::WithheldTax(party()), withheld)])
}

fn other(account: impl ToString, is: Money, should: Money) -> SettleError {
    SettleError::NotAsDrafted { account: account.to_string(), is, should }
}

/// On which account of the books a place of the plan is kept. To be paid or carried, it is owed: only a release ends that.
fn booked_on(account: &moves::Account) -> Account {
    match account {
        moves::Account::Platform(platform) => Account::PlatformReceivable(platform.to_string()),
        moves::Account::Mid(_) => Account::FeeIncome,
        moves::Account::Held(party) => Account::Held(party.to_string()),
        moves::Account::Reserve(party) => Account::Reserve(party.to_string()),
        moves::Account::Withheld(party) => Account::WithheldTax(party.to_string()),
        moves::Account::Party(party) | moves::Account::Payout(party) | moves::Account::Carried(party) => {
            Account::PartyPayable(party.to_string())
        }
    }
}
