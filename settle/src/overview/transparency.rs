//! [`Transparency`]: what a MID says to everybody of a cycle: counts and sums, of nobody in particular.
//!
//! It names no party, no platform and no agreement. Cells of too few contributors are pooled. There is no gross: beside labour it would give
//! away the rate of an agreement, above all where one platform is most of it. Shares are of labour, so they are the MID's own fee and what
//! is left of it; whether the 70 % rule held is said without figures.

use super::pool::{CONTRIBUTORS_MIN, Cell, pooled};
use super::{named, notice, title};
use crate::document::{Document, Fact, List, Part, Value};
use crate::draft::{Draft, Line};
use crate::earned::{Deferred, Earned, part};
use crate::error::SettleError;
use farthing_schemas::split::mul_div_floor;
use farthing_schemas::{Accrual, Money, ReferenceKind, Status, Use};
use std::collections::BTreeMap;

/// What is gathered for the report of a draft.
#[derive(Clone, Debug)]
pub struct Transparency<'d> {
    draft: &'d Draft,
    deferred: &'d Deferred,
    /// By use: each line's labour.
    uses: Vec<Cell>,
    /// What is owed and not settled, by status: each reference's labour.
    unsettled: BTreeMap<Status, BTreeMap<Reference, Money>>,
    /// Payable labour of the cycle.
    concentration: Concentration,
}

/// Whose a reference is: a work and a party may have one id. Nobody's has no kind.
type Reference = (Option<ReferenceKind>, String);

/// How much of the payable labour of a cycle and currency is one MID's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Concentration {
    ours: Money,
    everybodys: Money,
}

impl<'d> Transparency<'d> {
    /// Of a draft, before anything was [`added`](Transparency::add).
    #[must_use]
    pub fn of(draft: &'d Draft, deferred: &'d Deferred) -> Transparency<'d> {
        let uses = Use::ALL.iter().map(|use_| Cell::new(use_.as_str(), draft.lines.len())).collect();
        Transparency { draft, deferred, uses, unsettled: BTreeMap::new(), concentration: Concentration::default() }
    }

    /// Takes an accrual that the draft saw; what does not belong here is passed over.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn add(&mut self, accrual: &Accrual) -> Result<(), SettleError> {
        let key = &accrual.key;
        let settled = part(self.draft, self.deferred, &Earned::of(accrual, 0)).is_some_and(|part| part != crate::earned::Part::LeftOut);
        if settled && let Ok(at) = self.draft.lines.binary_search_by(|line| line.party.cmp(&key.party)) {
            let sum = &mut self.uses[key.use_ as usize].parts[at];
            *sum = sum.plus(accrual.labour)?;
        }
        if accrual.cycle != self.draft.cycle || key.currency != self.draft.currency {
            return Ok(());
        }
        let Concentration { ours, everybodys } = &mut self.concentration;
        if key.status == Status::Payable {
            *everybodys = everybodys.plus(accrual.labour)?;
            *ours = if key.mid == self.draft.mid { ours.plus(accrual.labour)? } else { *ours };
        } else if key.mid.is_empty() || key.mid == self.draft.mid {
            let sum = self.unsettled.entry(key.status).or_default().entry((key.reference_kind, key.party.clone())).or_default();
            *sum = sum.plus(accrual.labour)?;
        }
        Ok(())
    }

    /// The report.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn document(self) -> Result<Document, SettleError> {
        let draft = self.draft;
        let earned: Vec<Money> = draft.lines.iter().map(|line| line.net.plus(line.true_up)).collect::<Result<_, _>>()?;
        let earned = Cell { names: Vec::new(), parts: earned, of_nobody: Money::ZERO };
        let enough = earned.contributors() >= CONTRIBUTORS_MIN;
        let mut parts = vec![Part::facts("rule", "The 70 % rule, per agreement", self.rule())];
        let mut remarks = self.concentration.remarks()?;
        if enough {
            let (_, hidden) = shown_alone(unsettled(&self.unsettled))?;
            parts.extend(self.sums(&earned)?);
            if !hidden.is_empty() {
                remarks.push(format!(
                    "What platforms owe besides ({}) is of fewer than {CONTRIBUTORS_MIN} contributors, or mostly of one, and not shown.",
                    hidden.join(", ")
                ));
            }
            remarks.push(format!(
                "A sum of fewer than {CONTRIBUTORS_MIN} contributors, or of which one has more than half, is pooled with others; totals are exact."
            ));
        } else {
            remarks.push(format!("Fewer than {CONTRIBUTORS_MIN} contributors earned something, so there is no sum that may be shown."));
        }
        let (kind, title, notice) = ("transparency", title("Transparency report", draft), notice(draft));
        Ok(Document { kind, title, notice, facts: named(draft), parts, remarks })
    }

    fn rule(&self) -> Vec<Fact> {
        let count =
            |is: fn(&crate::draft::AgreementLine) -> bool| Value::how_many(self.draft.agreements.iter().filter(|line| is(line)).count());
        vec![
            Fact::new("agreements", "agreements judged", count(|_| true)),
            Fact::new("agreements_holding", "at least 70 % reached contributors", count(|line| line.holds)),
            Fact::new("agreements_mended", "mended out of the fee", count(|line| !line.holds && line.true_up != Money::ZERO)),
            Fact::new("refused", "refused", Value::Flag(self.draft.refused)),
        ]
    }

    fn sums(self, earned: &Cell) -> Result<Vec<Part>, SettleError> {
        let draft = self.draft;
        let (labour, kept) = (draft.totals.labour, draft.fee_kept);
        let to_contributors = earned.amount()?;
        let totals = vec![
            Fact::new("contributors", "contributors who earned something", count_of(earned)),
            Fact::new("labour", "labour", Value::Amount(labour)),
            Fact::new("to_contributors", "to contributors", Value::Amount(to_contributors)),
            Fact::new("share_to_contributors", "to contributors, of labour", Value::Share { part: to_contributors, whole: labour }),
            Fact::new("fee_kept", "fee kept by the MID", Value::Amount(kept)),
            Fact::new("share_of_fee", "fee kept, of labour", Value::Share { part: kept, whole: labour }),
        ];
        let concentration = self.concentration.facts()?;
        let (unsettled, _) = shown_alone(unsettled(&self.unsettled))?;
        let (outcome, uses) = (summed(outcomes(&draft.lines)?)?, summed(self.uses)?);
        Ok(vec![
            Part::facts("totals", format!("In {}", draft.currency), totals),
            Part::list("outcome", "What became of what contributors earned", outcome),
            Part::list("uses", "Labour by use", uses),
            Part::list("unsettled", "Labour that platforms owe besides, and nobody is paid yet", list(&unsettled)?),
            Part::facts("concentration", "Concentration", concentration),
        ])
    }
}

/// What became of what was earned, in cells that sum to it. What else came to a party or left it stands with what was brought in: of an
/// adjustment, which few have, nothing can be found out by taking one sum from another.
fn outcomes(lines: &[Line]) -> Result<Vec<Cell>, SettleError> {
    let names = ["paid", "carried", "held", "withheld", "brought_in"];
    let mut cells = names.map(|name| Cell::new(name, lines.len()));
    for (at, line) in lines.iter().enumerate() {
        let brought_in = Money::sum([line.carried_in, line.lifted, line.adjusted, line.inherited])?.minus(line.passed_on)?.negated()?;
        for (cell, part) in cells.iter_mut().zip([line.paid, line.carried_out, line.held, line.withheld, brought_in]) {
            cell.parts[at] = part;
        }
    }
    Ok(cells.into())
}

fn unsettled(sums: &BTreeMap<Status, BTreeMap<Reference, Money>>) -> Vec<Cell> {
    let references: BTreeMap<&Reference, usize> =
        sums.values().flat_map(BTreeMap::keys).collect::<std::collections::BTreeSet<_>>().into_iter().zip(0..).collect();
    let cell = |(status, parts): (&Status, &BTreeMap<Reference, Money>)| {
        let mut cell = Cell::new(status.as_str(), references.len());
        for (reference, amount) in parts {
            if reference.1.is_empty() {
                cell.of_nobody = *amount;
            } else {
                cell.parts[references[reference]] = *amount;
            }
        }
        cell
    };
    sums.iter().map(cell).collect()
}

fn count_of(cell: &Cell) -> Value {
    Value::how_many(cell.contributors())
}

/// The cells that may be shown beside what all come to, which is exact.
fn summed(cells: Vec<Cell>) -> Result<List, SettleError> {
    let cells = pooled(cells)?;
    let sum = cells.iter().map(Cell::amount).try_fold(Money::ZERO, |sum, amount| Ok::<_, SettleError>(sum.plus(amount?)?))?;
    Ok(List { sum: Some(vec![Value::text("all"), Value::Nothing, Value::Amount(sum)]), ..list(&cells)? })
}

/// The cells that may be shown where nothing says what all come to, and the names of the others: nobody can find these out.
fn shown_alone(cells: Vec<Cell>) -> Result<(Vec<Cell>, Vec<&'static str>), SettleError> {
    let (mut shown, mut others) = (Vec::new(), Vec::new());
    for cell in cells {
        if cell.may_be_shown()? {
            shown.push(cell);
        } else {
            others.extend(cell.names);
        }
    }
    Ok((shown, others))
}

fn list(cells: &[Cell]) -> Result<List, SettleError> {
    let mut list = List::new(&[("what", "what"), ("contributors", "contributors"), ("amount", "amount")]);
    for cell in cells {
        list.rows.push(vec![Value::text(cell.names.join(", ")), count_of(cell), Value::Amount(cell.amount()?)]);
    }
    Ok(list)
}

impl Concentration {
    /// A MID with more of a cycle is warned of.
    const PERCENT_MAX: u64 = 30;

    /// In whole per cents: a finer share would be the sum of the other MIDs.
    fn facts(self) -> Result<Vec<Fact>, SettleError> {
        let percent = if self.everybodys > Money::ZERO && self.ours >= Money::ZERO {
            let share = mul_div_floor(self.ours.units(), 100, self.everybodys.units())?;
            Value::Count(share)
        } else {
            Value::Nothing
        };
        let label = "this MID's of the payable labour of all MIDs, in whole per cents";
        Ok(vec![Fact::new("percent", label, percent), Fact::new("above_30_percent", "above 30 %", Value::Flag(self.is_high()?))])
    }

    fn is_high(self) -> Result<bool, SettleError> {
        Ok(self.everybodys > Money::ZERO && self.ours.times(100)? > self.everybodys.times(Self::PERCENT_MAX)?)
    }

    fn remarks(self) -> Result<Vec<String>, SettleError> {
        let warning = format!("WARNING: more than {} % of the payable labour of this cycle is this MID's.", Self::PERCENT_MAX);
        Ok(if self.is_high()? { vec![warning] } else { Vec::new() })
    }
}
