//! The journal equals the approved drafts: each is booked once, with exactly its figures, and each withdrawn approval is reversed; and what was
//! paid for claims.

use super::paid::occasion;
use super::{Chain, Invariant, SeenBody, SeenEntry, SeenWhat};
use crate::claims::paid_for;
use anyhow::{Context, anyhow, bail, ensure};
use farthing_schemas::manifest::{Claim, CycleMove};
use farthing_settle::cycle::Kind;
use farthing_settle::journal::{EntryKind, Way, agrees, entry_of_claim};
use std::collections::BTreeMap;

/// MID, currency and cycle.
type Key = (String, String, String);

#[derive(Default)]
pub struct Approved {
    /// The approvals that are booked and not reversed, with the draft of each.
    live: BTreeMap<Key, Vec<(u64, String)>>,
    approvals: u64,
    withdrawals: u64,
}

impl Invariant for Approved {
    fn name(&self) -> &'static str {
        "the journal equals the approved drafts"
    }

    fn entry(&mut self, seen: &SeenEntry<'_>) -> anyhow::Result<()> {
        let number = seen.row.number;
        let act = seen.act.with_context(|| format!("journal entry {number}: no act books it"))?;
        let name = act.what.name();
        let (kind, books) = match &act.what {
            SeenWhat::Move(kind, step) => (kind_of(act.sequence, number, *kind)?, (&step.mid, Some(&step.cycle))),
            SeenWhat::Message(message) => (EntryKind::BankMessage, (&message.mid, None)),
            SeenWhat::Assignment(assignment) => (EntryKind::Assignment, (&assignment.mid, None)),
            SeenWhat::Remittance(remittance) => (EntryKind::Remittance, (&remittance.mid, None)),
            SeenWhat::Claim(claim) => {
                let (_, paid) = claim.paid().with_context(|| format!("journal entry {number}: nothing was paid for its claim"))?;
                (EntryKind::Claim, (&paid.mid, None))
            }
        };
        ensure!(seen.row.kind == kind.as_str(), "journal entry {number}: it is of the kind {:?}, its act is a {name}", seen.row.kind);
        let same = (&seen.row.mid, seen.row.cycle.as_ref()) == books;
        ensure!(same, "journal entry {number}: it is in other books or another cycle than its act");
        if let (SeenWhat::Claim(claim), Some(body)) = (&act.what, &seen.body) {
            return of_claim(number, claim, body);
        }
        let SeenWhat::Move(kind @ (Kind::Approve | Kind::Withdraw), step) = &act.what else { return Ok(()) };
        if let Some(body) = &seen.body {
            figures(number, body, if *kind == Kind::Approve { Way::Booked } else { Way::Reversed })?;
        }
        self.follow(seen, *kind, step)
    }

    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String> {
        let mut approved: BTreeMap<Key, Option<&CycleMove>> = BTreeMap::new();
        for act in &chain.acts {
            let name = act.what.name();
            let is_one = act.numbers.as_ref().is_some_and(|numbers| numbers.start() == numbers.end());
            ensure!(is_one, "manifest {}: the {name} books not one entry", act.sequence);
            if let SeenWhat::Move(kind @ (Kind::Approve | Kind::Withdraw), step) = &act.what {
                approved.insert(key(step), (*kind == Kind::Approve).then_some(&**step));
            }
        }
        let mut in_force = 0;
        for (key, act) in approved {
            let (mid, currency, cycle) = &key;
            let live = self.live.remove(&key).unwrap_or_default();
            let drafts: Vec<&String> = live.iter().map(|(_, draft)| draft).collect();
            let should: Vec<&String> = act.iter().filter_map(|step| step.draft_sha256.as_ref()).collect();
            ensure!(drafts == should, "cycle {cycle} of {mid} in {currency}: booked and not reversed are {live:?}, approved is {should:?}");
            in_force += should.len();
        }
        ensure!(self.live.is_empty(), "booked, and not approved: {:?}", self.live);
        Ok(format!("{} approvals and {} withdrawals booked; {in_force} approved drafts in force", self.approvals, self.withdrawals))
    }
}

impl Approved {
    fn follow(&mut self, seen: &SeenEntry<'_>, kind: Kind, step: &CycleMove) -> anyhow::Result<()> {
        let (row, number) = (seen.row, seen.row.number);
        let live = self.live.entry(key(step)).or_default();
        let draft = step.draft_sha256.clone().unwrap_or_default();
        match (kind, row.reverses) {
            (Kind::Withdraw, Some(reversed)) => {
                let at = live.iter().position(|(booked, _)| *booked == reversed);
                let at = at.with_context(|| format!("journal entry {number}: it reverses entry {reversed}, which is not in force"))?;
                live.remove(at);
                self.withdrawals += 1;
            }
            (Kind::Withdraw, None) => bail!("journal entry {number}: it reverses nothing"),
            (_, Some(_)) => bail!("journal entry {number}: an approval reverses nothing"),
            (_, None) => {
                let same = row.evidence_kind == "draft" && row.evidence_sha256 == draft;
                ensure!(
                    same,
                    "journal entry {number}: its evidence is the {} {}, approved was the draft {draft}",
                    row.evidence_kind,
                    row.evidence_sha256
                );
                live.push((number, draft));
                self.approvals += 1;
            }
        }
        Ok(())
    }
}

fn figures(number: u64, body: &SeenBody<'_>, way: Way) -> anyhow::Result<()> {
    let entry = body.entry.as_ref().map_err(|fault| anyhow!("{fault:#}"))?;
    let draft = body.draft.with_context(|| format!("journal entry {number}: its act names no draft"))?;
    agrees(draft, entry, way).with_context(|| format!("journal entry {number}, of draft {}", draft.draft_sha256))
}

/// What a claim books is what its record says was paid.
fn of_claim(number: u64, claim: &Claim, body: &SeenBody<'_>) -> anyhow::Result<()> {
    let entry = body.entry.as_ref().map_err(|fault| anyhow!("{fault:#}"))?;
    let paid = paid_for(claim)?.with_context(|| format!("journal entry {number}: nothing was paid for its claim"))?;
    let should = entry_of_claim(&paid, occasion(entry.header()))?;
    ensure!(should == *entry, "journal entry {number} is not what was paid for claim {}", claim.number);
    Ok(())
}

fn key(step: &CycleMove) -> Key {
    (step.mid.clone(), step.currency.clone(), step.cycle.clone())
}

/// What a move of that kind books.
fn kind_of(sequence: u64, number: u64, kind: Kind) -> anyhow::Result<EntryKind> {
    Ok(match kind {
        Kind::Approve => EntryKind::Approval,
        Kind::Withdraw => EntryKind::Withdrawal,
        Kind::Release => EntryKind::Release,
        Kind::Reissue => EntryKind::Reissue,
        Kind::Close | Kind::Draft | Kind::Discard | Kind::Reconcile | Kind::Seal => {
            bail!("journal entry {number}: manifest {sequence} is a {kind}, which books nothing")
        }
    })
}
