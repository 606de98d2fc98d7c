//! [`Draft`]: what is shown, hashed, approved and kept of a plan.

use crate::book::{PartySums, StepSums};
use crate::earnings::Earning;
use crate::error::SettleError;
use crate::finding::{Finding, findings};
use crate::input::{Adjustment, OnShortfall, Quote, Tax};
use crate::moves::{Move, Rule, Step, WhyCarried};
use crate::steps::View;
use crate::steps::withhold::Taxed;
use crate::wire;
use farthing_schemas::{Currency, Cycle, Money, Rate};
use std::collections::{BTreeMap, BTreeSet};

/// A draft and the moves that it is the sum of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The draft.
    pub draft: Draft,
    /// The moves, in order; the draft names their SHA-256, so whoever approves the draft approves them.
    pub moves: Vec<Move>,
}

impl Plan {
    /// The draft with the SHA-256 of the moves and then its own.
    #[must_use]
    pub fn new(mut draft: Draft, moves: Vec<Move>) -> Plan {
        draft.moves_sha256 = wire::moves_sha256(&moves);
        Plan { draft: draft.sealed(), moves }
    }
}

/// One cycle, MID and currency, as it is to be settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The cycle.
    pub cycle: Cycle,
    /// The MID.
    pub mid: String,
    /// The currency of every amount here.
    pub currency: Currency,
    /// Whether the 70 % rule forbids it.
    pub refused: bool,
    /// SHA-256 of the canonical JSON without this field, in hex.
    pub draft_sha256: String,
    /// The sums of the lines.
    pub totals: Totals,
    /// What the MID keeps: fee less true-up.
    pub fee_kept: Money,
    /// The registry version that all terms come from.
    pub registry_version: u64,
    /// The MID's fee in that version.
    pub fee_rate: Rate,
    /// Whether the cycle was still open: such a draft cannot be approved.
    pub preview: bool,
    /// The agreements left out, which join the next cycle.
    pub without: BTreeSet<String>,
    /// SHA-256 of the moves as NDJSON, in hex.
    pub moves_sha256: String,
    /// By agreement.
    pub agreements: Vec<AgreementLine>,
    /// By platform.
    pub platforms: Vec<PlatformLine>,
    /// Reversals of events in closed cycles, by cycle undone, agreement and party; part of the lines too.
    pub undone: Vec<UndoneLine>,
    /// By number: corrections of closed cycles, booked here.
    pub adjustments: Vec<AdjustmentLine>,
    /// By hold: what it keeps back or gives back here, or still keeps back.
    pub holds: Vec<HoldLine>,
    /// By payment of an earlier cycle that has failed: part of what its party's line carries in.
    pub returned: Vec<ReturnedLine>,
    /// By party that is paid and has a tax: what is withheld of it, be it nothing.
    pub taxes: Vec<TaxLine>,
    /// By party that has died and heir: what passes on.
    pub inheritances: Vec<Inheritance>,
    /// By party.
    pub lines: Vec<Line>,
}

/// Sums over all lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Attributed revenue.
    pub gross: Money,
    /// What the agreements promise of it.
    pub labour: Money,
    /// What the MID takes of labour.
    pub fee: Money,
    /// Labour less fee.
    pub net: Money,
    /// What the MID gives back.
    pub true_up: Money,
    /// What leaves for the banks.
    pub paid: Money,
    /// What stays owed, less what parties owe.
    pub carried: Money,
}

/// One agreement's finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementLine {
    /// The agreement.
    pub agreement: String,
    /// Who owes under it.
    pub platform: String,
    /// The sum of its parties' gross.
    pub gross: Money,
    /// The sum of its parties' net, before any true-up.
    pub net: Money,
    /// Whether the 70 % rule held before any true-up.
    pub holds: bool,
    /// What the MID gives back; nothing where the rule failed and the draft is refused for it.
    pub true_up: Money,
}

/// What one platform owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformLine {
    /// The platform.
    pub platform: String,
    /// Gross in this draft.
    pub gross: Money,
    /// Net in this draft, before any true-up.
    pub net: Money,
    /// All that the platform owes on in this cycle and currency, whatever the status and the MID.
    pub gross_all: Money,
}

/// What a party gives back of a closed cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoneLine {
    /// The cycle undone.
    pub cycle: Cycle,
    /// The agreement.
    pub agreement: String,
    /// The party.
    pub party: String,
    /// Negative: the gross undone.
    pub gross: Money,
    /// Negative: the labour undone.
    pub labour: Money,
    /// Negative: the fee that the MID gives back.
    pub fee: Money,
    /// Negative: what the party gives back.
    pub net: Money,
}

/// What one adjustment does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdjustmentLine {
    /// Its number.
    pub number: u64,
    /// The cycle that it corrects.
    pub cycle: Cycle,
    /// Whose money it is.
    pub party: String,
    /// What the MID gives the party, or takes back if it is negative.
    pub amount: Money,
}

/// What one hold does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldLine {
    /// Its number.
    pub number: u64,
    /// Why it keeps something back.
    pub kind: HoldKind,
    /// Whose money it keeps back.
    pub party: String,
    /// What it keeps back of this draft.
    pub held: Money,
    /// What it gives back in this draft.
    pub lifted: Money,
    /// What it keeps back after this draft.
    pub outstanding: Money,
}

/// Why money of a party is held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HoldKind {
    /// Something about it is to be decided.
    #[default]
    Dispute,
    /// It is a part of what is earned, kept for some time against what may be undone.
    Reserve,
}

/// A payment of an earlier cycle that has failed for good and is not made anew: it is owed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedLine {
    /// The payment's id.
    pub payment: String,
    /// Whose money it is.
    pub party: String,
    /// How much.
    pub amount: Money,
}

/// What is withheld of a party's payment for a tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxLine {
    /// The party.
    pub party: String,
    /// Under whose laws, at which rate, by which record and certificate.
    pub tax: Tax,
    /// What could have been paid without it, less what is untaxed.
    pub base: Money,
    /// What is withheld of the base; the rest is paid.
    pub withheld: Money,
    /// What is paid besides, of which a tax was withheld before: it had come back.
    pub untaxed: Money,
}

/// What passes from a party that has died to one of its heirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inheritance {
    /// Who has died.
    pub party: String,
    /// Who comes after.
    pub heir: String,
    /// The heir's share.
    pub share: Rate,
    /// What the heir gets.
    pub amount: Money,
}

/// What comes out of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// The currency that arrives.
    pub currency: Currency,
    /// How much of it, in whole minor units.
    pub amount: Money,
    /// At which rate.
    pub quote: Quote,
}

/// One party's part of the draft.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The party.
    pub party: String,
    /// Attributed revenue.
    pub gross: Money,
    /// What the agreements promise of it.
    pub labour: Money,
    /// What the MID takes of labour.
    pub fee: Money,
    /// Labour less fee.
    pub net: Money,
    /// What the MID gives back.
    pub true_up: Money,
    /// What closed cycles got wrong: given by the MID, or taken back if it is negative.
    pub adjusted: Money,
    /// Held back in a dispute.
    pub held: Money,
    /// No longer held back.
    pub lifted: Money,
    /// Withheld, such as a tax.
    pub withheld: Money,
    /// What it gets as an heir.
    pub inherited: Money,
    /// What its heirs get, since it has died.
    pub passed_on: Money,
    /// What was taken for what the party owes.
    pub recovered: Money,
    /// What earlier cycles carried.
    pub carried_in: Money,
    /// What leaves for the bank.
    pub paid: Money,
    /// As what it arrives, where that is in another currency: of few lines, so it takes no room in the others.
    pub exchanged: Option<Box<Exchanged>>,
    /// What stays owed.
    pub carried_out: Money,
    /// Why it stays; none where nothing does.
    pub why_carried: Option<WhyCarried>,
}

impl Draft {
    /// What the book says, still without hashes.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn of(view: View<'_>) -> Result<Draft, SettleError> {
        let found = findings(view.input, view.earnings, view.book)?;
        let inheritances = inheritances(view);
        let lines = lines(view, &inheritances)?;
        let totals = Totals::of(&lines)?;
        let agreements = found.iter().map(agreement_line).collect::<Result<Vec<_>, _>>()?;
        let to_refuse = |(line, finding): (&AgreementLine, &Finding<'_>)| !line.holds && finding.terms.on_shortfall == OnShortfall::Refuse;
        Ok(Draft {
            cycle: view.input.cycle,
            mid: view.input.mid.mid.clone(),
            currency: view.input.currency,
            refused: agreements.iter().zip(&found).any(to_refuse),
            draft_sha256: String::new(),
            totals,
            fee_kept: totals.fee.minus(totals.true_up)?,
            registry_version: view.input.registry_version,
            fee_rate: view.input.mid.fee,
            preview: view.input.preview,
            without: view.input.without.clone(),
            moves_sha256: String::new(),
            platforms: platforms(view)?,
            undone: undone(view)?,
            adjustments: adjustments(view),
            holds: holds(view)?,
            returned: returned(view),
            taxes: taxes(view)?,
            inheritances,
            agreements,
            lines,
        })
    }
}

impl Draft {
    /// What is to leave for a party's bank, in the currency that it leaves in; nothing where the party is not paid.
    #[must_use]
    pub fn payment_of(&self, line: &Line) -> Option<(Currency, Money)> {
        let exchanged = line.exchanged.as_ref().map(|exchanged| (exchanged.currency, exchanged.amount));
        exchanged.or_else(|| (line.paid != Money::ZERO).then_some((self.currency, line.paid)))
    }
}

impl Totals {
    fn of(lines: &[Line]) -> Result<Totals, SettleError> {
        let sum = |field: fn(&Line) -> Money| Money::sum(lines.iter().map(field));
        Ok(Totals {
            gross: sum(|line| line.gross)?,
            labour: sum(|line| line.labour)?,
            fee: sum(|line| line.fee)?,
            net: sum(|line| line.net)?,
            true_up: sum(|line| line.true_up)?,
            paid: sum(|line| line.paid)?,
            carried: sum(|line| line.carried_out)?,
        })
    }
}

fn agreement_line(finding: &Finding<'_>) -> Result<AgreementLine, SettleError> {
    Ok(AgreementLine {
        agreement: finding.agreement.to_owned(),
        platform: finding.terms.platform.clone(),
        gross: finding.gross,
        net: finding.net,
        holds: finding.holds()?,
        true_up: finding.true_up,
    })
}

fn platforms(view: View<'_>) -> Result<Vec<PlatformLine>, SettleError> {
    let mut sums: BTreeMap<&str, (Money, Money)> = BTreeMap::new();
    let mut last = None;
    for (key, earning) in view.earnings.iter() {
        let Some(terms) = view.input.agreements.get(&*key.terms.agreement) else { continue };
        let (gross, net) = sums.entry(&terms.platform).or_default();
        *gross = gross.plus(earning.gross)?;
        // What is earned under one set of terms stands together, and its net is there of all parties at once.
        if last.replace(&key.terms) != Some(&key.terms) {
            *net = net.plus(net_of(&view.book.under(&key.terms))?)?;
        }
    }
    let line = |(platform, (gross, net)): (&str, (Money, Money))| PlatformLine {
        platform: platform.to_owned(),
        gross,
        net,
        gross_all: view.earnings.gross_all(platform),
    };
    Ok(sums.into_iter().map(line).collect())
}

fn undone(view: View<'_>) -> Result<Vec<UndoneLine>, SettleError> {
    let mut lines = Vec::new();
    for (key, earning) in view.earnings.iter().filter(|(_, earning)| is_something(earning)) {
        let Some(cycle) = key.terms.undone else { continue };
        let sums = view.book.undone(key);
        lines.push(UndoneLine {
            cycle,
            agreement: key.terms.agreement.to_string(),
            party: key.party.to_string(),
            gross: earning.gross,
            labour: earning.labour,
            fee: sums.brought(Step::Fee).negated()?,
            net: net_of(&sums)?,
        });
    }
    lines.sort_by_key(|line| line.cycle);
    Ok(lines)
}

fn adjustments(view: View<'_>) -> Vec<AdjustmentLine> {
    let line = |(number, adjustment): (&u64, &Adjustment)| AdjustmentLine {
        number: *number,
        cycle: adjustment.cycle,
        party: adjustment.party.clone(),
        amount: adjustment.amount,
    };
    view.input.adjustments.iter().map(line).collect()
}

fn holds(view: View<'_>) -> Result<Vec<HoldLine>, SettleError> {
    let mut moved: BTreeMap<(u64, Step), Money> = BTreeMap::new();
    for entry in view.book.moves() {
        if let Rule::Hold(number) = entry.rule {
            moved.insert((number, entry.step), entry.amount);
        }
    }
    let mut lines = Vec::new();
    for (number, hold) in &view.input.holds {
        let by = |step: Step| moved.get(&(*number, step)).copied().unwrap_or_default();
        let (held, lifted) = (by(Step::Hold), by(Step::Lift));
        let kind = if hold.reserve.is_some() { HoldKind::Reserve } else { HoldKind::Dispute };
        let outstanding = hold.held_before.plus(held)?.minus(lifted)?;
        if (held, lifted, outstanding) != (Money::ZERO, Money::ZERO, Money::ZERO) {
            lines.push(HoldLine { number: *number, kind, party: hold.party.clone(), held, lifted, outstanding });
        }
    }
    Ok(lines)
}

fn returned(view: View<'_>) -> Vec<ReturnedLine> {
    let of_party = |(party, payments): (&String, &BTreeMap<String, Money>)| {
        let line = |(payment, amount): (&String, &Money)| ReturnedLine { payment: payment.clone(), party: party.clone(), amount: *amount };
        payments.iter().map(line).collect::<Vec<_>>()
    };
    let mut lines: Vec<ReturnedLine> = view.input.returned.iter().flat_map(of_party).collect();
    lines.sort_by(|one, two| one.payment.cmp(&two.payment));
    lines
}

/// What is exempt is listed, too: an authority asks after it.
fn taxes(view: View<'_>) -> Result<Vec<TaxLine>, SettleError> {
    let mut lines = Vec::new();
    for (party, tax) in &view.input.taxes {
        let Some(sums) = view.book.party(party) else { continue };
        let (paid, withheld) = (sums.steps.brought(Step::Pay).negated()?, sums.steps.brought(Step::Withhold).negated()?);
        if paid != Money::ZERO {
            let gross = paid.plus(withheld)?;
            let untaxed = Taxed::of(view.input, party)?.untaxed.min(gross);
            lines.push(TaxLine { party: party.clone(), tax: tax.clone(), base: gross.minus(untaxed)?, withheld, untaxed });
        }
    }
    Ok(lines)
}

fn inheritances(view: View<'_>) -> Vec<Inheritance> {
    let inheritance = |entry: &Move| {
        let (Rule::Heir(share), Some(party), Some(heir)) = (&entry.rule, entry.from.party(), entry.to.party()) else { return None };
        Some(Inheritance { party: party.to_owned(), heir: heir.to_owned(), share: *share, amount: entry.amount })
    };
    let mut lines: Vec<Inheritance> = view.book.moves().iter().filter_map(inheritance).collect();
    lines.sort_by(|one, two| (&one.party, &one.heir).cmp(&(&two.party, &two.heir)));
    lines
}

fn lines(view: View<'_>, inheritances: &[Inheritance]) -> Result<Vec<Line>, SettleError> {
    let mut gross: BTreeMap<&str, Money> = view.book.parties().map(|(party, _)| (&**party, Money::ZERO)).collect();
    for (key, earning) in view.earnings.iter().filter(|(_, earning)| is_something(earning)) {
        let sum = gross.entry(&key.party).or_default();
        *sum = sum.plus(earning.gross)?;
    }
    let nothing = PartySums::default();
    let mut lines = Vec::with_capacity(gross.len());
    for (party, gross) in gross {
        lines.push(line(party, gross, view.book.party(party).unwrap_or(&nothing))?);
    }
    for entry in view.book.moves() {
        let (Rule::Exchange(exchanged), Some(party)) = (&entry.rule, entry.to.party()) else { continue };
        if let Ok(at) = lines.binary_search_by(|line| line.party.as_str().cmp(party)) {
            lines[at].exchanged = Some(exchanged.clone());
        }
    }
    for Inheritance { party, heir, amount, .. } in inheritances {
        // Who has moves has a line.
        let mut add = |name: &str, sum: fn(&mut Line) -> &mut Money| -> Result<(), SettleError> {
            if let Ok(at) = lines.binary_search_by(|line| line.party.as_str().cmp(name)) {
                let sum = sum(&mut lines[at]);
                *sum = sum.plus(*amount)?;
            }
            Ok(())
        };
        add(party, |line| &mut line.passed_on)?;
        add(heir, |line| &mut line.inherited)?;
    }
    Ok(lines)
}

fn line(party: &str, gross: Money, sums: &PartySums) -> Result<Line, SettleError> {
    let taken = |step: Step| sums.steps.brought(step).negated();
    let why_carried = match sums.carried.cmp(&Money::ZERO) {
        std::cmp::Ordering::Less => Some(WhyCarried::Owing),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => sums.why_carried,
    };
    Ok(Line {
        party: party.to_owned(),
        gross,
        labour: sums.steps.brought(Step::Earn),
        fee: taken(Step::Fee)?,
        net: net_of(&sums.steps)?,
        true_up: sums.steps.brought(Step::TrueUp),
        adjusted: sums.steps.brought(Step::Adjust),
        held: taken(Step::Hold)?,
        lifted: sums.steps.brought(Step::Lift),
        withheld: taken(Step::Withhold)?,
        recovered: taken(Step::Recover)?.plus(taken(Step::Offset)?)?,
        carried_in: sums.carried_in,
        paid: taken(Step::Pay)?,
        carried_out: sums.carried,
        why_carried,
        ..Line::default()
    })
}

fn net_of(sums: &StepSums) -> Result<Money, SettleError> {
    sums.brought_by(&[Step::Earn, Step::Fee])
}

fn is_something(earning: &Earning) -> bool {
    earning.gross != Money::ZERO || earning.labour != Money::ZERO
}
