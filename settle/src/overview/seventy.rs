//! The 70 % rule, per agreement and platform, with both bases: what the rule judges, and that with what reached nobody.

use super::{named, notice, title};
use crate::document::{Document, List, Part, Value};
use crate::draft::{AgreementLine, Draft};
use crate::error::SettleError;
use crate::report::judged;
use crate::unsettled::Unsettled;
use farthing_schemas::{Money, Status};

/// The columns by agreement.
const AGREEMENTS: [(&str, &str); 10] = [
    ("agreement", "agreement"),
    ("platform", "platform"),
    ("gross", "gross"),
    ("net", "net"),
    ("share", "net of gross"),
    ("true_up", "true-up"),
    ("share_with_true_up", "with true-up"),
    ("unlicensed", "unlicensed"),
    ("share_of_all", "net of all"),
    ("finding", "finding"),
];

/// The columns by platform.
const PLATFORMS: [(&str, &str); 9] = [
    ("platform", "platform"),
    ("gross", "gross"),
    ("net", "net"),
    ("share", "net of gross"),
    ("suspense", "suspense"),
    ("unattributed", "unattributed"),
    ("unlicensed", "unlicensed"),
    ("all", "all"),
    ("share_of_all", "net of all"),
];

/// The report of a draft. What undoes closed cycles is in none of it, as in the rule; what is another MID's neither.
///
/// # Errors
/// A sum that does not fit.
pub fn seventy(draft: &Draft, unsettled: &Unsettled<'_>) -> Result<Document, SettleError> {
    let mut facts = named(draft);
    facts.push(crate::document::Fact::new("refused", "refused", Value::Flag(draft.refused)));
    let remark = "Shares are cut, never rounded up. The rule judges net of gross, per agreement and before any true-up; all is gross with what \
                  reached nobody.";
    Ok(Document {
        kind: "seventy",
        title: title("The 70 % rule", draft),
        notice: notice(draft),
        facts,
        parts: vec![
            Part::list("agreements", "By agreement (all: with what was used without a licence under it)", agreements(draft, unsettled)?),
            Part::list(
                "platforms",
                "By platform (all: with what is in suspense, unattributed or unlicensed)",
                platforms(draft, unsettled)?,
            ),
        ],
        remarks: vec![remark.to_owned()],
    })
}

fn agreements(draft: &Draft, unsettled: &Unsettled<'_>) -> Result<List, SettleError> {
    let mut list = List::new(&AGREEMENTS);
    for line in &draft.agreements {
        let unlicensed = unsettled.gross(&line.platform, Status::Unlicensed, Some(&line.agreement))?;
        let AgreementLine { gross, net, true_up, .. } = *line;
        list.rows.push(vec![
            Value::id(&line.agreement),
            Value::id(&line.platform),
            Value::Amount(gross),
            Value::Amount(net),
            Value::Share { part: net, whole: gross },
            Value::Amount(true_up),
            Value::Share { part: net.plus(true_up)?, whole: gross },
            Value::Amount(unlicensed),
            Value::Share { part: net, whole: gross.plus(unlicensed)? },
            Value::text(finding(line)),
        ]);
    }
    Ok(list)
}

/// Where the rule fails something is missing, so a true-up of nothing says that none was agreed.
const fn finding(line: &AgreementLine) -> &'static str {
    match (line.holds, line.true_up.units()) {
        (true, _) => "holds",
        (false, 0) => "refused",
        (false, _) => "mended",
    }
}

fn platforms(draft: &Draft, unsettled: &Unsettled<'_>) -> Result<List, SettleError> {
    let mut list = List::new(&PLATFORMS);
    let mut sums = [Money::ZERO; 5];
    for line in &draft.platforms {
        let (gross, net) = judged(draft, &line.platform)?;
        let of = |status: Status| unsettled.gross(&line.platform, status, None);
        let amounts = [gross, net, of(Status::Suspense)?, of(Status::Unattributed)?, of(Status::Unlicensed)?];
        list.rows.push(platform_row(Value::id(&line.platform), amounts)?);
        for (sum, amount) in sums.iter_mut().zip(amounts) {
            *sum = sum.plus(amount)?;
        }
    }
    list.sum = Some(platform_row(Value::text("all"), sums)?);
    Ok(list)
}

fn platform_row(name: Value, amounts: [Money; 5]) -> Result<Vec<Value>, SettleError> {
    let [gross, net, suspense, unattributed, unlicensed] = amounts;
    let all = Money::sum([gross, suspense, unattributed, unlicensed])?;
    Ok(vec![
        name,
        Value::Amount(gross),
        Value::Amount(net),
        Value::Share { part: net, whole: gross },
        Value::Amount(suspense),
        Value::Amount(unattributed),
        Value::Amount(unlicensed),
        Value::Amount(all),
        Value::Share { part: net, whole: all },
    ])
}
