//! What a draft should say, computed from single lines by the contract.

use super::model::{Line, Reserve, Sheet};
use super::money::{ONE, cut, floor, split};
use super::payments::Payment;
use super::world::{Books, CURRENCIES, World};
use std::collections::{BTreeMap, BTreeSet};

/// What a draft is made of.
pub struct Terms<'a> {
    pub world: &'a World,
    pub books: Books,
    pub cycle: usize,
    pub sheet: &'a Sheet,
    /// The drafts of earlier cycles, with these.
    pub before: Vec<(usize, &'a Draft)>,
    /// Agreements whose lines stay as they are.
    pub without: &'a BTreeSet<usize>,
    /// What has come back and is in no draft yet.
    pub returned: Vec<&'a Payment>,
}

/// A party's figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub gross: i128,
    pub labour: i128,
    pub fee: i128,
    pub net: i128,
    pub true_up: i128,
    pub adjusted: i128,
    pub held: i128,
    pub lifted: i128,
    pub withheld: i128,
    pub inherited: i128,
    pub passed_on: i128,
    pub recovered: i128,
    pub carried_in: i128,
    pub paid: i128,
    pub carried_out: i128,
    /// What arrives of it, where that is in another currency.
    pub arrives: Option<(usize, i128)>,
}

#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub sha256: String,
    pub fee: i128,
    pub lines: BTreeMap<usize, Figures>,
    pub returned: BTreeMap<String, i128>,
    pub returned_parties: BTreeMap<usize, i128>,
    /// What each hold keeps back by now.
    pub kept_back: BTreeMap<u64, i128>,
    /// What each hold keeps back here, and gives back.
    pub holds: BTreeMap<u64, (i128, i128)>,
    pub adjustments: BTreeSet<u64>,
    pub without: BTreeSet<usize>,
    pub labour_of_platforms: BTreeMap<usize, i128>,
}

/// What a party earned by an agreement, or lost of an earlier cycle.
type Earned = BTreeMap<(usize, Option<usize>), BTreeMap<usize, [i128; 2]>>;

/// Lines that earlier drafts left out and none has settled since, and in which cycle what was settled since was settled.
#[derive(Default)]
struct Waiting<'a> {
    lines: Vec<&'a Line>,
    settled_in: BTreeMap<(usize, usize), usize>,
}

impl Terms<'_> {
    /// The draft; none if it is refused, leaves out what is not there, or undoes what has no draft.
    pub fn draft(&self) -> Option<Draft> {
        let mut draft = Draft { fee: self.world.mids[self.books.mid].fee, without: self.without.clone(), ..Draft::default() };
        self.earn(&mut draft)?;
        self.adjust(&mut draft);
        let debts = self.carry_in(&mut draft);
        self.lift(&mut draft, &debts);
        self.pass_on(&mut draft, &debts);
        self.hold(&mut draft, &debts);
        let untaxed = self.untaxed(&draft.returned_parties);
        for (party, line) in &mut draft.lines {
            let available = line.available(debts.get(party).copied().unwrap_or_default());
            (line.paid, line.withheld, line.arrives) = self.paid(*party, available, untaxed.get(party).copied().unwrap_or_default());
            line.carried_out = line.owed() - line.paid - line.withheld;
        }
        Some(draft)
    }

    /// Whether there is something of all that is left out.
    pub fn has_all(&self) -> bool {
        let waiting = self.waiting();
        let here = |agreement: &usize| {
            let current = self.sheet.lines.iter().filter(|line| line.cycle == self.cycle);
            current.chain(waiting.lines.iter().copied()).any(|line| line.agreement == *agreement)
        };
        self.without.iter().all(here)
    }

    /// The lines that the draft settles.
    pub fn settled(&self) -> Vec<&Line> {
        let current = self.sheet.lines.iter().filter(|line| line.cycle == self.cycle);
        current.chain(self.waiting().lines).filter(|line| !self.without.contains(&line.agreement)).collect()
    }

    fn waiting(&self) -> Waiting<'_> {
        let mut waiting = Waiting::default();
        for (cycle, draft) in &self.before {
            waiting.lines.retain(|line| {
                let waits = draft.without.contains(&line.agreement);
                if !waits {
                    waiting.settled_in.insert((line.agreement, line.cycle), *cycle);
                }
                waits
            });
            let left_out = |line: &&Line| line.cycle == *cycle && draft.without.contains(&line.agreement);
            waiting.lines.extend(self.sheet.lines.iter().filter(left_out));
        }
        waiting
    }

    fn earn(&self, draft: &mut Draft) -> Option<()> {
        let mut earned = Earned::new();
        let Waiting { lines: waiting, settled_in } = self.waiting();
        // What waits may be undone by what comes with it: then it is one.
        let joins: BTreeSet<(usize, usize)> = waiting.iter().map(|line| (line.agreement, line.cycle)).collect();
        if !self.has_all() {
            return None;
        }
        let current = self.sheet.lines.iter().filter(|line| line.cycle == self.cycle);
        let all = current.chain(waiting);
        for Line { agreement, party, undone, gross, labour, .. } in all.filter(|line| !self.without.contains(&line.agreement)) {
            let undone = undone.filter(|undone| !joins.contains(&(*agreement, *undone)));
            let sums = earned.entry((*agreement, undone)).or_default().entry(*party).or_default();
            sums[0] += gross;
            sums[1] += labour;
        }
        for ((agreement, undone), parties) in earned {
            let fee = match undone {
                Some(undone) => self.fee_of(*settled_in.get(&(agreement, undone)).unwrap_or(&undone))?,
                None => draft.fee,
            };
            let mut of_agreement = [0; 2];
            for (party, [gross, labour]) in &parties {
                let kept = floor(*labour, fee);
                of_agreement = [of_agreement[0] + gross, of_agreement[1] + labour - kept];
                if *labour != 0 {
                    let line = draft.lines.entry(*party).or_default();
                    (line.gross, line.labour) = (line.gross + gross, line.labour + labour);
                    (line.fee, line.net) = (line.fee + kept, line.net + labour - kept);
                }
                *draft.labour_of_platforms.entry(self.world.agreements[agreement].platform).or_default() += labour;
            }
            let [gross, net] = of_agreement;
            if undone.is_none() && 10 * net < 7 * gross {
                if !self.world.agreements[agreement].gives_back {
                    return None;
                }
                self.give_back(draft, &parties, (7 * gross + 9).div_euclid(10) - net);
            }
        }
        Some(())
    }

    /// The 70 % rule: what is missing is split by labour, at a tie to the lower name first.
    fn give_back(&self, draft: &mut Draft, parties: &BTreeMap<usize, [i128; 2]>, missing: i128) {
        let mut named: Vec<(&String, usize, i128)> =
            parties.iter().map(|(party, [_, labour])| (&self.world.parties[*party].id, *party, *labour)).collect();
        named.sort();
        let parts = split(missing, &named.iter().map(|(_, _, labour)| *labour).collect::<Vec<_>>());
        for ((_, party, _), part) in named.into_iter().zip(parts).filter(|(_, part)| *part != 0) {
            draft.lines.entry(party).or_default().true_up += part;
        }
    }

    fn fee_of(&self, undone: usize) -> Option<i128> {
        self.before.iter().find(|(cycle, _)| *cycle == undone).map(|(_, draft)| draft.fee)
    }

    fn adjust(&self, draft: &mut Draft) {
        let booked: BTreeSet<&u64> = self.before.iter().flat_map(|(_, draft)| &draft.adjustments).collect();
        for (number, made) in self.sheet.adjustments.iter().filter(|(number, made)| made.cycle < self.cycle && !booked.contains(number)) {
            draft.lines.entry(made.party).or_default().adjusted += made.amount;
            draft.adjustments.insert(*number);
        }
    }

    /// What is owed from before and what has come back is there again; of a debt only a part is recovered. The debts.
    fn carry_in(&self, draft: &mut Draft) -> BTreeMap<usize, i128> {
        let mut debts = BTreeMap::new();
        let last = self.before.last().map(|(_, draft)| *draft);
        for (party, line) in last.into_iter().flat_map(|draft| &draft.lines).filter(|(_, line)| line.carried_out != 0) {
            draft.lines.entry(*party).or_default().carried_in = line.carried_out;
            if line.carried_out < 0 {
                debts.insert(*party, -line.carried_out);
            }
        }
        for payment in &self.returned {
            draft.lines.entry(payment.party).or_default().carried_in += payment.amount;
            draft.returned.insert(payment.id.clone(), payment.amount);
            *draft.returned_parties.entry(payment.party).or_default() += payment.amount;
        }
        let cap = self.world.mids[self.books.mid].recovery_cap;
        for (party, debt) in &debts {
            let line = draft.lines.entry(*party).or_default();
            line.recovered = (*debt).min(floor((line.net + line.true_up).max(0), cap));
        }
        debts
    }

    /// What a hold has kept back by the draft before.
    fn kept_before(&self, number: u64) -> i128 {
        self.before.last().and_then(|(_, draft)| draft.kept_back.get(&number)).copied().unwrap_or_default()
    }

    /// What of a reserve has been kept for long enough.
    fn due(&self, number: u64, reserve: Reserve) -> i128 {
        let Some(cycles) = reserve.cycles else { return 0 };
        let of = |draft: &&Draft| draft.holds.get(&number).copied().unwrap_or_default();
        let over = self.before.iter().filter(|(cycle, _)| cycle + cycles <= self.cycle);
        let kept: i128 = over.map(|(_, draft)| of(draft).0).sum();
        kept - self.before.iter().map(|(_, draft)| of(draft).1).sum::<i128>()
    }

    /// A lifted hold gives back all; a reserve what is due, or what the party lacks, which it pays off first.
    fn lift(&self, draft: &mut Draft, debts: &BTreeMap<usize, i128>) {
        for (number, hold) in &self.sheet.holds {
            let mut line = draft.lines.get(&hold.party).cloned().unwrap_or_default();
            let debt = debts.get(&hold.party).copied().unwrap_or_default();
            let (available, owes) = (line.available(debt), debt - line.recovered);
            let kept = self.kept_before(*number);
            let amount = match hold.reserve {
                _ if hold.lifted => kept,
                Some(reserve) => kept.min(self.due(*number, reserve).max(owes + (-available).max(0))),
                None => 0,
            };
            if amount != 0 {
                line.lifted += amount;
                line.recovered += if hold.reserve.is_some() { amount.min(owes).min((available + amount).max(0)) } else { 0 };
                draft.lines.insert(hold.party, line);
                draft.holds.insert(*number, (0, amount));
            }
        }
    }

    /// What each hold on a party keeps back of what is available to it, the older first.
    fn kept_back(&self, party: usize, line: &Figures, holds: &BTreeMap<u64, (i128, i128)>, available: i128) -> Vec<(u64, i128)> {
        let mut left = available.max(0);
        let mut kept = Vec::new();
        for (number, hold) in self.sheet.holds.iter().filter(|(_, hold)| !hold.lifted && hold.party == party) {
            let wanted = hold.reserve.map_or(left, |reserve| floor((line.net + line.true_up).max(0), reserve.share).min(left));
            let lifted = holds.get(number).map_or(0, |(_, lifted)| *lifted);
            let room = hold.limit.map(|limit| (limit - self.kept_before(*number) + lifted).max(0));
            let amount = room.map_or(wanted, |room| room.min(wanted));
            kept.push((*number, amount));
            left -= amount;
        }
        kept
    }

    /// What is available to the dead, and not held back, is their heirs'; nobody is an heir of one with a higher number.
    fn pass_on(&self, draft: &mut Draft, debts: &BTreeMap<usize, i128>) {
        for (party, of) in self.world.parties.iter().enumerate() {
            let Some((_, heirs)) = of.died.as_ref().filter(|(month, _)| *month <= self.cycle) else { continue };
            let Some(line) = draft.lines.get_mut(&party) else { continue };
            let available = line.available(debts.get(&party).copied().unwrap_or_default()).max(0);
            let held: i128 = self.kept_back(party, line, &draft.holds, available).iter().map(|(_, amount)| amount).sum();
            if available == held {
                continue;
            }
            line.passed_on = available - held;
            let mut heirs: Vec<(&String, usize, i128)> =
                heirs.iter().map(|(heir, share)| (&self.world.parties[*heir].id, *heir, *share)).collect();
            heirs.sort();
            let parts = split(available - held, &heirs.iter().map(|(_, _, share)| *share).collect::<Vec<_>>());
            for ((_, heir, _), part) in heirs.into_iter().zip(parts).filter(|(_, part)| *part != 0) {
                draft.lines.entry(heir).or_default().inherited += part;
            }
        }
    }

    fn hold(&self, draft: &mut Draft, debts: &BTreeMap<usize, i128>) {
        let held: BTreeSet<usize> = self.sheet.holds.values().filter(|hold| !hold.lifted).map(|hold| hold.party).collect();
        for party in held {
            let line = draft.lines.get(&party).cloned().unwrap_or_default();
            let available = line.available(debts.get(&party).copied().unwrap_or_default());
            for (number, amount) in self.kept_back(party, &line, &draft.holds, available) {
                if amount != 0 {
                    draft.lines.entry(party).or_default().held += amount;
                    draft.holds.entry(number).or_default().0 += amount;
                }
                let (held, lifted) = draft.holds.get(&number).copied().unwrap_or_default();
                let kept = self.kept_before(number) + held - lifted;
                if kept != 0 {
                    draft.kept_back.insert(number, kept);
                }
            }
        }
    }

    /// What has come back was taxed once: it is paid again without a tax, whenever that is.
    fn untaxed(&self, returned: &BTreeMap<usize, i128>) -> BTreeMap<usize, i128> {
        let mut untaxed: BTreeMap<usize, i128> = BTreeMap::new();
        for (_, draft) in &self.before {
            draft.returned_parties.iter().for_each(|(party, amount)| *untaxed.entry(*party).or_default() += amount);
            for (party, line) in draft.lines.iter().filter(|(_, line)| line.paid > 0) {
                if let Some(left) = untaxed.get_mut(party) {
                    *left -= (*left).min(line.paid + line.withheld);
                }
            }
        }
        returned.iter().for_each(|(party, amount)| *untaxed.entry(*party).or_default() += amount);
        untaxed
    }

    /// What is paid, what is withheld of it, and what arrives where that is in another currency.
    fn paid(&self, party: usize, available: i128, untaxed: i128) -> (i128, i128, Option<(usize, i128)>) {
        let (of, mid) = (&self.world.parties[party], &self.world.mids[self.books.mid]);
        let Some(paid_in) = of.paid_in else { return (0, 0, None) };
        let goes_on = of.mid == self.books.mid && of.is_member(self.cycle + 1);
        let minor = CURRENCIES[paid_in].1;
        let least = if goes_on { mid.thresholds[paid_in].max(minor) } else { minor };
        let tax = mid.tax.unwrap_or_default();
        if paid_in == self.books.currency {
            let whole = cut(available, minor);
            let withheld = cut(floor(whole - untaxed.min(whole), tax), minor);
            return if whole - withheld >= least { (whole - withheld, withheld, None) } else { (0, 0, None) };
        }
        let Some(rate) = self.world.quotes.get(&(self.books.currency, paid_in, self.cycle)) else { return (0, 0, None) };
        // So many minor units can arrive; each takes more than the one before.
        let taken = |count: i128| {
            let paid = (count * minor * ONE + rate - 1).div_euclid(*rate);
            let taxed = paid - untaxed.min(paid);
            (paid, cut(taxed * tax / (1_000_000 - tax), self.books.minor()))
        };
        let (mut fits, mut too_many) = (0, available.max(0) * rate / ONE / minor + 1);
        while too_many - fits > 1 {
            let middle = fits + (too_many - fits) / 2;
            let (paid, withheld) = taken(middle);
            if paid + withheld <= available { fits = middle } else { too_many = middle }
        }
        let (paid, withheld) = taken(fits);
        if fits * minor >= least { (paid, withheld, Some((paid_in, fits * minor))) } else { (0, 0, None) }
    }
}

impl Figures {
    /// What there is before anything is paid.
    fn owed(&self) -> i128 {
        let has = self.carried_in + self.net + self.true_up + self.adjusted + self.lifted + self.inherited;
        has - self.held - self.passed_on
    }

    /// What could be paid of it or held back, where so much is owed from before: only what is recovered of a debt counts.
    fn available(&self, debt: i128) -> i128 {
        self.owed() + debt - self.recovered
    }
}
