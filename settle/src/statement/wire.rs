//! Statements as JSON: one canonical text for each, which is the leaf of the tree of its cycle.
//!
//! Canonical is compact, in the order of the fields here. A statement with a reserve, a tax, an inheritance, an exchange or an adjustment
//! is of version 2, which a checker of version 1 does not take for what it knows; without them it is of version 1, as it always was.

use super::{Adjusted, Figures, Inherited, Reserved, Statement, UndoneUse, UseLine, Withheld};
use crate::draft::Exchanged;
use crate::error::SettleError;
use crate::input::Tax;
use crate::moves::WhyCarried;
use crate::proof::Digest;
use crate::wire::{amount, exchanged, is_nothing, text, why};
use farthing_schemas::{Currency, Cycle, Money, Rate, Use};
use serde::de::Error;
use serde::{Deserialize, Serialize};

/// The version of the form that a statement has.
fn version(statement: &Statement) -> u8 {
    let Statement { inherited, passed_on, reserve, tax, exchanged, adjustments, .. } = statement;
    let none_passed = inherited.is_empty() && passed_on.is_empty();
    let old = none_passed && reserve.is_none() && tax.is_none() && exchanged.is_none() && adjustments.is_empty();
    if old { 1 } else { 2 }
}

impl Statement {
    /// The canonical JSON: equal statements, equal bytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&StatementTwin::of(self)).expect("strings, numbers and lists of them always have a JSON text")
    }

    /// Reads [`Statement::to_json`]'s text.
    ///
    /// # Errors
    /// [`SettleError::NotAStatement`] for another text.
    pub fn from_json(text: &str) -> Result<Statement, SettleError> {
        let twin: StatementTwin = serde_json::from_str(text).map_err(SettleError::NotAStatement)?;
        let said = twin.farthing_statement;
        let statement = twin.statement();
        let expected = version(&statement);
        if said != expected {
            let fault = format!("its version is {said} and not {expected}");
            return Err(SettleError::NotAStatement(serde_json::Error::custom(fault)));
        }
        Ok(statement)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementTwin {
    farthing_statement: u8,
    party: String,
    mid: String,
    #[serde(with = "text")]
    currency: Currency,
    #[serde(with = "text")]
    cycle: Cycle,
    preview: bool,
    #[serde(with = "text")]
    fee_rate: Rate,
    uses: Vec<UseTwin>,
    undone: Vec<UndoneTwin>,
    left_out: Vec<UseTwin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inherited: Vec<InheritedTwin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    passed_on: Vec<InheritedTwin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reserve: Option<ReservedTwin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tax: Option<WithheldTwin>,
    #[serde(with = "exchanged", default, skip_serializing_if = "Option::is_none")]
    exchanged: Option<Exchanged>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    adjustments: Vec<AdjustedTwin>,
    #[serde(with = "FiguresTwin")]
    figures: Figures,
    registry_version: u64,
    draft_sha256: String,
    #[serde(with = "text")]
    salt: Digest,
}

impl StatementTwin {
    fn of(statement: &Statement) -> StatementTwin {
        let uses = |lines: &[UseLine]| lines.iter().cloned().map(UseTwin).collect();
        let inherited = |lines: &[Inherited]| lines.iter().cloned().map(InheritedTwin).collect();
        StatementTwin {
            farthing_statement: version(statement),
            party: statement.party.clone(),
            mid: statement.mid.clone(),
            currency: statement.currency,
            cycle: statement.cycle,
            preview: statement.preview,
            fee_rate: statement.fee_rate,
            uses: uses(&statement.uses),
            undone: statement.undone.iter().cloned().map(UndoneTwin).collect(),
            left_out: uses(&statement.left_out),
            inherited: inherited(&statement.inherited),
            passed_on: inherited(&statement.passed_on),
            reserve: statement.reserve.map(ReservedTwin),
            tax: statement.tax.as_ref().map(WithheldTwin::of),
            exchanged: statement.exchanged.clone(),
            adjustments: statement.adjustments.iter().copied().map(AdjustedTwin).collect(),
            figures: statement.figures,
            registry_version: statement.registry_version,
            draft_sha256: statement.draft_sha256.clone(),
            salt: statement.salt,
        }
    }

    fn statement(self) -> Statement {
        let uses = |twins: Vec<UseTwin>| twins.into_iter().map(|UseTwin(line)| line).collect();
        let inherited = |twins: Vec<InheritedTwin>| twins.into_iter().map(|InheritedTwin(line)| line).collect();
        Statement {
            party: self.party,
            mid: self.mid,
            currency: self.currency,
            cycle: self.cycle,
            preview: self.preview,
            fee_rate: self.fee_rate,
            uses: uses(self.uses),
            undone: self.undone.into_iter().map(|UndoneTwin(line)| line).collect(),
            left_out: uses(self.left_out),
            inherited: inherited(self.inherited),
            passed_on: inherited(self.passed_on),
            reserve: self.reserve.map(|ReservedTwin(reserve)| reserve),
            tax: self.tax.map(WithheldTwin::withheld),
            exchanged: self.exchanged,
            adjustments: self.adjustments.into_iter().map(|AdjustedTwin(line)| line).collect(),
            figures: self.figures,
            registry_version: self.registry_version,
            draft_sha256: self.draft_sha256,
            salt: self.salt,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct UseTwin(#[serde(with = "UseLineTwin")] UseLine);

#[derive(Serialize, Deserialize)]
#[serde(remote = "UseLine", deny_unknown_fields)]
struct UseLineTwin {
    agreement: String,
    platform: String,
    #[serde(rename = "use", with = "text")]
    use_: Use,
    events: i64,
    late: i64,
    #[serde(with = "amount")]
    gross: Money,
    #[serde(with = "amount")]
    labour: Money,
}

#[derive(Serialize, Deserialize)]
struct UndoneTwin(#[serde(with = "UndoneUseTwin")] UndoneUse);

#[derive(Serialize, Deserialize)]
#[serde(remote = "UndoneUse", deny_unknown_fields)]
struct UndoneUseTwin {
    #[serde(with = "text")]
    cycle: Cycle,
    agreement: String,
    platform: String,
    events: i64,
    #[serde(with = "amount")]
    gross: Money,
    #[serde(with = "amount")]
    labour: Money,
    #[serde(with = "amount")]
    fee: Money,
    #[serde(with = "amount")]
    net: Money,
}

#[derive(Serialize, Deserialize)]
struct InheritedTwin(#[serde(with = "InheritedLineTwin")] Inherited);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Inherited", deny_unknown_fields)]
struct InheritedLineTwin {
    party: String,
    #[serde(with = "text")]
    share: Rate,
    #[serde(with = "amount")]
    amount: Money,
}

#[derive(Serialize, Deserialize)]
struct ReservedTwin(#[serde(with = "ReservedFiguresTwin")] Reserved);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Reserved", deny_unknown_fields)]
struct ReservedFiguresTwin {
    #[serde(with = "amount")]
    held: Money,
    #[serde(with = "amount")]
    lifted: Money,
    #[serde(with = "amount")]
    outstanding: Money,
}

#[derive(Serialize, Deserialize)]
struct AdjustedTwin(#[serde(with = "AdjustedLineTwin")] Adjusted);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Adjusted", deny_unknown_fields)]
struct AdjustedLineTwin {
    number: u64,
    #[serde(with = "text")]
    cycle: Cycle,
    #[serde(with = "amount")]
    amount: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WithheldTwin {
    jurisdiction: String,
    withholding: String,
    certificate: Option<String>,
    #[serde(with = "text")]
    rate: Rate,
    #[serde(with = "amount")]
    base: Money,
    #[serde(with = "amount")]
    withheld: Money,
    #[serde(with = "amount", default, skip_serializing_if = "is_nothing")]
    untaxed: Money,
}

impl WithheldTwin {
    fn of(withheld: &Withheld) -> WithheldTwin {
        let Withheld { tax: Tax { jurisdiction, withholding, certificate, rate }, base, withheld, untaxed } = withheld.clone();
        WithheldTwin { jurisdiction, withholding, certificate, rate, base, withheld, untaxed }
    }

    fn withheld(self) -> Withheld {
        let WithheldTwin { jurisdiction, withholding, certificate, rate, base, withheld, untaxed } = self;
        Withheld { tax: Tax { jurisdiction, withholding, certificate, rate }, base, withheld, untaxed }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Figures", deny_unknown_fields)]
struct FiguresTwin {
    #[serde(with = "amount")]
    gross: Money,
    #[serde(with = "amount")]
    labour: Money,
    #[serde(with = "amount")]
    fee: Money,
    #[serde(with = "amount")]
    net: Money,
    #[serde(with = "amount")]
    true_up: Money,
    #[serde(with = "amount", default, skip_serializing_if = "is_nothing")]
    adjusted: Money,
    #[serde(with = "amount")]
    held: Money,
    #[serde(with = "amount")]
    lifted: Money,
    #[serde(with = "amount")]
    withheld: Money,
    #[serde(with = "amount", default, skip_serializing_if = "is_nothing")]
    inherited: Money,
    #[serde(with = "amount", default, skip_serializing_if = "is_nothing")]
    passed_on: Money,
    #[serde(with = "amount")]
    recovered: Money,
    #[serde(with = "amount")]
    carried_in: Money,
    #[serde(with = "amount")]
    paid: Money,
    #[serde(with = "amount")]
    carried_out: Money,
    #[serde(with = "why")]
    why_carried: Option<WhyCarried>,
}
