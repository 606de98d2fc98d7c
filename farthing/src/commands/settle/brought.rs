//! What moves bring along: the plan of an approval, the files of a release, the root of a seal.

use super::Settlement;
use crate::books::Books;
use crate::cli::MakingOptions;
use crate::commands::verify;
use crate::payouts::files::{Faults, Making, Unpayable, sending};
use crate::payouts::funded::unfunded;
use crate::payouts::{Sending, first_payments, further_payments, payments_of};
use crate::place::Place;
use crate::{courses, plan_input, statements, time};
use anyhow::{Context, ensure};
use farthing_ledger::PaymentRows;
use farthing_schemas::manifest::CycleMove;
use farthing_settle::payout::Payment;
use farthing_settle::{Draft, Plan};
use std::collections::{BTreeMap, BTreeSet};

/// What a move has to bring along.
pub enum Burden {
    Nothing,
    /// The plan of the draft, made again.
    Plan,
    /// Payments of all that the draft pays, in files for banks.
    Payments {
        making: MakingOptions,
        leave_out: Vec<String>,
        unpayable: Unpayable,
        funding: Funding,
    },
    /// Further payments to these parties.
    Further {
        making: MakingOptions,
        parties: Vec<String>,
        funding: Funding,
    },
    /// Nothing, but no payment is on its way any more.
    AllKnown,
    /// The root over the statements.
    Root,
}

/// Out of which money is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funding {
    /// Whatever the MID has.
    Any,
    /// What has come in from the platforms under which it was earned.
    HasComeIn,
}

/// What a move brings along.
#[derive(Default)]
pub struct Brought {
    pub plan: Option<Plan>,
    pub sending: Option<Sending>,
}

impl Burden {
    /// Whether it stands in the move, and so in what is signed.
    pub fn is_in_the_move(&self) -> bool {
        matches!(self, Burden::Payments { .. } | Burden::Further { .. } | Burden::Root)
    }
}

impl Brought {
    /// Takes what is sent, and has the move say so; or gives back why it cannot be.
    fn sends(&mut self, step: &mut CycleMove, sent: Result<Sending, Faults>) -> anyhow::Result<Result<(), Faults>> {
        let sending = match sent {
            Ok(sending) => sending,
            Err(faults) => return Ok(Err(faults)),
        };
        step.released = Some(Box::new(sending.released()?));
        self.sending = Some(sending);
        Ok(Ok(()))
    }

    /// The rows of payments that come with the move.
    pub fn into_rows(self, of: &Settlement, sequence: u64) -> anyhow::Result<PaymentRows> {
        self.sending.map_or(Ok(PaymentRows::default()), |sending| sending.into_rows(of, sequence))
    }
}

/// Faults that are told one by one.
const FAULTS_SHOWN: usize = 20;

/// Gathers what a move brings along, and puts into the move what belongs there; or says why it cannot be made.
pub async fn bring(
    books: &mut Books,
    at: &Place,
    of: &Settlement,
    burden: &Burden,
    step: &mut CycleMove,
) -> anyhow::Result<Result<Brought, String>> {
    let mut brought = Brought::default();
    match burden {
        Burden::Nothing => {}
        Burden::Plan => match verify::drafts::made_again(books, of).await? {
            Ok(plan) => brought.plan = Some(plan),
            Err(fault) => return Ok(Err(fault)),
        },
        Burden::Payments { making, leave_out, unpayable, funding } => {
            let (payments, left_out) = first(books, of, leave_out, *funding).await?;
            let sent = send(books, at, of, payments, making, (left_out, *unpayable)).await?;
            if let Err(faults) = brought.sends(step, sent)? {
                return Ok(Err(told(&faults)));
            }
        }
        Burden::Further { making, parties, funding } => {
            let payments = match further(books, of, parties, *funding).await? {
                Ok(payments) => payments,
                Err(why) => return Ok(Err(why)),
            };
            let sent = send(books, at, of, payments, making, (BTreeMap::new(), Unpayable::Refuse)).await?;
            if let Err(faults) = brought.sends(step, sent)? {
                return Ok(Err(told(&faults)));
            }
        }
        Burden::AllKnown => {
            if let Some(why) = on_their_way(books, of).await? {
                return Ok(Err(why));
            }
        }
        Burden::Root => {
            let seals = statements::seals(books, of).await?;
            step.root = Some(seals.last().context("a cycle with a final draft has a root")?.root.to_string());
        }
    }
    Ok(Ok(brought))
}

/// The payments of all that the draft pays, and who is left out of them. Of many parties it takes as much room as all that is made from here on,
/// so that it is gone by then.
async fn first(
    books: &mut Books,
    of: &Settlement,
    leave_out: &[String],
    funding: Funding,
) -> anyhow::Result<(Vec<Payment>, BTreeMap<String, String>)> {
    let draft = draft(books, of).await?;
    for party in leave_out {
        let paid = draft.lines.iter().any(|line| line.party == *party && line.paid.units() > 0);
        ensure!(paid, "--leave-out {party}: the draft pays it nothing");
    }
    let mut left_out = waiting(books, of, &draft, funding).await?;
    left_out.extend(leave_out.iter().map(|party| (party.clone(), "left out of the release".to_owned())));
    Ok((first_payments(of, &draft), left_out))
}

/// What is paid anew.
async fn further(books: &mut Books, of: &Settlement, parties: &[String], funding: Funding) -> anyhow::Result<Result<Vec<Payment>, String>> {
    let draft = draft(books, of).await?;
    let mut waiting = waiting(books, of, &draft, funding).await?;
    waiting.retain(|party, _| parties.contains(party));
    if !waiting.is_empty() {
        let waits: Vec<String> = waiting.iter().map(|(party, why)| format!("{party}: {why}")).collect();
        return Ok(Err(format!("nothing is paid anew, since some wait; name the others without them:\n  {}", waits.join("\n  "))));
    }
    let taken = taken_in(books, of).await?;
    let before = payments_of(books, of, &draft).await?;
    Ok(further_payments(of, &before, &taken, parties).map_err(|why| format!("{why:#}")))
}

/// The draft of the cycle that is in force.
async fn draft(books: &Books, of: &Settlement) -> anyhow::Result<Draft> {
    plan_input::draft_of(books, of).await?.context("the cycle has no draft")
}

/// By party who has to wait for money that has not come in: why.
async fn waiting(books: &mut Books, of: &Settlement, draft: &Draft, funding: Funding) -> anyhow::Result<BTreeMap<String, String>> {
    if funding == Funding::Any {
        return Ok(BTreeMap::new());
    }
    let why = |platforms: BTreeSet<String>| format!("{} has not paid", platforms.into_iter().collect::<Vec<_>>().join(", "));
    Ok(unfunded(books, of, draft).await?.into_iter().map(|(party, platforms)| (party, why(platforms))).collect())
}

/// The payments that drafts in force of the MID, in whatever currency, owe again.
async fn taken_in(books: &Books, of: &Settlement) -> anyhow::Result<BTreeSet<String>> {
    let courses = courses::as_of(&books.catalog, books.catalog.sequence)?;
    let mut taken = BTreeSet::new();
    for (_, currency) in courses.books().filter(|(mid, _)| *mid == of.mid) {
        let of = Settlement { currency: currency.parse()?, ..of.clone() };
        let drafts = plan_input::drafts(books, &of, books.catalog.sequence).await?;
        taken.extend(drafts.into_iter().flat_map(|draft| draft.returned).map(|line| line.payment));
    }
    Ok(taken)
}

async fn send(
    books: &mut Books,
    at: &Place,
    of: &Settlement,
    payments: Vec<Payment>,
    options: &MakingOptions,
    (left_out, unpayable): (BTreeMap<String, String>, Unpayable),
) -> anyhow::Result<Result<Sending, Faults>> {
    let registry = books.registry_now().await?;
    let created = options.now.unwrap_or_else(time::now);
    let making = Making { payers: &at.payers, created, execution: options.execution, left_out, unpayable };
    let sending = sending(books, &registry, of, payments, making).await;
    drop(registry);
    books.let_registries_go();
    sending
}

fn told(Faults(faults): &Faults) -> String {
    let shown: Vec<&str> = faults.iter().take(FAULTS_SHOWN).map(String::as_str).collect();
    let more = match faults.len().saturating_sub(FAULTS_SHOWN) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    format!(
        "nothing was sent, since no bank would take it:\n  {}{more}\nMend the records with farthing registry load, or the configuration; a \
         release can also leave parties out, with --leave-out or --leave-out-unpayable",
        shown.join("\n  ")
    )
}

/// Which payments may still arrive or fail, if any.
async fn on_their_way(books: &Books, of: &Settlement) -> anyhow::Result<Option<String>> {
    let draft = draft(books, of).await?;
    let payments = payments_of(books, of, &draft).await?;
    let unknown: Vec<String> =
        payments.unknown().map(|(payment, state)| format!("{} to {} is {state}", payment.id, payment.party)).collect();
    let shown: Vec<&str> = unknown.iter().take(FAULTS_SHOWN).map(String::as_str).collect();
    let say = || {
        format!(
            "{} of its payments are not known to have arrived or failed: {}{}; book what the bank says with: farthing bank book FILE --mid {}",
            unknown.len(),
            shown.join(", "),
            if unknown.len() > shown.len() { " and so on" } else { "" },
            of.mid
        )
    };
    Ok((!unknown.is_empty()).then(say))
}
