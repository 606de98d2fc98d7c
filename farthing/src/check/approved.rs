//! The journal equals the approved drafts: each is booked once, with exactly its figures, and each withdrawn approval is reversed.

use super::{Chain, Invariant, SeenAct, SeenBody, SeenEntry};
use anyhow::{Context, anyhow, bail, ensure};
use farthing_settle::cycle::Kind;
use farthing_settle::journal::{EntryKind, Way, agrees};
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
        let (kind, way) = match act.kind {
            Kind::Approve => (EntryKind::Approval, Way::Booked),
            Kind::Withdraw => (EntryKind::Withdrawal, Way::Reversed),
            other => bail!("journal entry {number}: manifest {} is a {other}, which books nothing", act.sequence),
        };
        ensure!(seen.row.kind == kind.as_str(), "journal entry {number}: it is of the kind {:?}, its act is a {}", seen.row.kind, act.kind);
        let same = seen.row.mid == act.step.mid && seen.row.cycle.as_ref() == Some(&act.step.cycle);
        ensure!(same, "journal entry {number}: it is in other books or another cycle than its act");
        if let Some(body) = &seen.body {
            figures(number, body, way)?;
        }
        self.follow(seen, act)
    }

    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String> {
        let mut approved: BTreeMap<Key, Option<&SeenAct>> = BTreeMap::new();
        for act in &chain.acts {
            ensure!(
                act.numbers.as_ref().is_some_and(|numbers| numbers.start() == numbers.end()),
                "manifest {}: the {} books not one entry",
                act.sequence,
                act.kind
            );
            approved.insert(key(act), (act.kind == Kind::Approve).then_some(act));
        }
        let mut in_force = 0;
        for (key, act) in approved {
            let (mid, currency, cycle) = &key;
            let live = self.live.remove(&key).unwrap_or_default();
            let drafts: Vec<&String> = live.iter().map(|(_, draft)| draft).collect();
            let should: Vec<&String> = act.iter().filter_map(|act| act.step.draft_sha256.as_ref()).collect();
            ensure!(drafts == should, "cycle {cycle} of {mid} in {currency}: booked and not reversed are {live:?}, approved is {should:?}");
            in_force += should.len();
        }
        ensure!(self.live.is_empty(), "booked, and not approved: {:?}", self.live);
        Ok(format!("{} approvals and {} withdrawals booked; {in_force} approved drafts in force", self.approvals, self.withdrawals))
    }
}

impl Approved {
    fn follow(&mut self, seen: &SeenEntry<'_>, act: &SeenAct) -> anyhow::Result<()> {
        let (row, number) = (seen.row, seen.row.number);
        let live = self.live.entry(key(act)).or_default();
        let draft = act.step.draft_sha256.clone().unwrap_or_default();
        match (act.kind, row.reverses) {
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

fn key(act: &SeenAct) -> Key {
    (act.step.mid.clone(), act.step.currency.clone(), act.step.cycle.clone())
}
