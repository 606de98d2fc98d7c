//! [`Exceptions`]: what of a draft a person has to look at: holds, money that has nowhere to go, parties that owe, agreements left out.

use super::{named, notice, title};
use crate::document::{Document, List, Part as DocumentPart, Value};
use crate::draft::{Draft, HoldKind, HoldLine, Line};
use crate::earned::{Deferred, Earned, Part, part};
use crate::error::SettleError;
use crate::moves::WhyCarried;
use farthing_schemas::{Accrual, Money};
use std::collections::BTreeMap;

/// The columns.
const EXCEPTIONS: [(&str, &str); 8] = [
    ("kind", "kind"),
    ("party", "party"),
    ("agreement", "agreement"),
    ("hold", "hold"),
    ("amount", "amount"),
    ("since", "since"),
    ("reason", "reason"),
    ("reference", "reference"),
];

/// What a person said of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldReason {
    /// When it was made.
    pub since: String,
    /// Why.
    pub reason: String,
    /// What it refers to.
    pub reference: Option<String>,
}

/// What is gathered for the list of a draft.
#[derive(Clone, Debug)]
pub struct Exceptions<'d> {
    draft: &'d Draft,
    deferred: &'d Deferred,
    /// By agreement: the labour that was left out.
    left_out: BTreeMap<String, Money>,
}

/// A row of the list.
#[derive(Clone, Debug, Default)]
struct Exception<'a> {
    kind: &'static str,
    party: Option<&'a str>,
    agreement: Option<&'a str>,
    hold: Option<u64>,
    amount: Money,
    said: Option<&'a HoldReason>,
}

impl<'d> Exceptions<'d> {
    /// Of a draft, before anything was [`added`](Exceptions::add).
    #[must_use]
    pub fn of(draft: &'d Draft, deferred: &'d Deferred) -> Exceptions<'d> {
        let left_out = draft.without.iter().map(|agreement| (agreement.clone(), Money::ZERO)).collect();
        Exceptions { draft, deferred, left_out }
    }

    /// Takes an accrual that the draft saw; what does not belong here is passed over.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn add(&mut self, accrual: &Accrual) -> Result<(), SettleError> {
        if part(self.draft, self.deferred, &Earned::of(accrual, 0)) == Some(Part::LeftOut) {
            let sum = self.left_out.entry(accrual.key.agreement.clone()).or_default();
            *sum = sum.plus(accrual.labour)?;
        }
        Ok(())
    }

    /// The list, with what was said of each hold by its number.
    #[must_use]
    pub fn document(&self, holds: &BTreeMap<u64, HoldReason>) -> Document {
        let mut list = List::new(&EXCEPTIONS);
        list.rows = self.all(holds).map(|exception| exception.row()).collect();
        let remarks = if list.rows.is_empty() { vec!["There are none.".to_owned()] } else { Vec::new() };
        let parts = vec![DocumentPart::list("exceptions", format!("Amounts in {}", self.draft.currency), list)];
        let (title, notice) = (title("Exceptions", self.draft), notice(self.draft));
        Document { kind: "exceptions", title, notice, facts: named(self.draft), parts, remarks }
    }

    fn all<'a>(&'a self, holds: &'a BTreeMap<u64, HoldReason>) -> impl Iterator<Item = Exception<'a>> {
        let held = self.draft.holds.iter().map(|line| Exception {
            kind: kind_of(line),
            party: Some(&line.party),
            hold: Some(line.number),
            amount: if kind_of(line) == "lifted" { line.lifted } else { line.outstanding },
            said: holds.get(&line.number),
            ..Exception::default()
        });
        let carried = |why: WhyCarried, kind: &'static str| {
            let lines = self.draft.lines.iter().filter(move |line| line.why_carried == Some(why));
            lines.map(move |line: &Line| Exception { kind, party: Some(&line.party), amount: line.carried_out, ..Exception::default() })
        };
        let left_out = self.left_out.iter().map(|(agreement, labour)| Exception {
            kind: "agreement_left_out",
            agreement: Some(agreement),
            amount: *labour,
            ..Exception::default()
        });
        let nowhere = carried(WhyCarried::NoPayoutInstruction, "no_payout_instruction");
        held.chain(nowhere).chain(carried(WhyCarried::Owing, "negative_balance")).chain(left_out)
    }
}

fn kind_of(line: &HoldLine) -> &'static str {
    match line.kind {
        HoldKind::Reserve => "reserve",
        HoldKind::Dispute if line.lifted == Money::ZERO => "held",
        HoldKind::Dispute => "lifted",
    }
}

impl Exception<'_> {
    fn row(&self) -> Vec<Value> {
        let id = |id: Option<&str>| id.map_or(Value::Nothing, Value::id);
        let said = |field: fn(&HoldReason) -> Option<&str>| Value::or_nothing(self.said.and_then(field));
        vec![
            Value::text(self.kind),
            id(self.party),
            id(self.agreement),
            self.hold.map_or(Value::Nothing, Value::count),
            Value::Amount(self.amount),
            said(|said| Some(&said.since)),
            said(|said| Some(&said.reason)),
            said(|said| said.reference.as_deref()),
        ]
    }
}
