//! [`Statements`]: the statements of a draft, from the draft and from what lies below it, line by line.

use super::{Adjusted, Figures, Inherited, Reserved, Statement, UndoneUse, UseLine, Withheld, salt};
use crate::draft::{AdjustmentLine, Draft, HoldKind, HoldLine, Inheritance, UndoneLine};
use crate::earned::{Deferred, Earned, Part, part};
use crate::error::SettleError;
use crate::proof::Digest;
use farthing_schemas::{Cycle, Money, Use};
use std::collections::BTreeMap;

/// Sums of a party up to which it takes no more room than they need.
const FEW: usize = 4;

/// The statements of a draft, one for each of its lines, in their order.
#[derive(Clone, Debug)]
pub struct Statements<'d> {
    draft: &'d Draft,
    deferred: &'d Deferred,
    /// Parties share few keys: they are numbered.
    numbers: BTreeMap<Key, u32>,
    keys: Vec<Key>,
    /// By line of the draft.
    sums: Vec<Vec<(u32, Sums)>>,
    /// What the draft says of what was undone, by party.
    undone: BTreeMap<&'d str, Vec<&'d UndoneLine>>,
    /// What parties get as heirs, and what passes from those who have died.
    inherited: Passed<'d>,
    passed_on: Passed<'d>,
    /// What it adjusts, by party.
    adjustments: BTreeMap<&'d str, Vec<&'d AdjustmentLine>>,
    /// What it keeps in reserve, by party.
    reserves: BTreeMap<&'d str, Vec<&'d HoldLine>>,
}

/// By party.
type Passed<'d> = BTreeMap<&'d str, Vec<&'d Inheritance>>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    part: Part,
    agreement: String,
    platform: String,
    use_: Use,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    events: i64,
    late: i64,
    gross: Money,
    labour: Money,
}

impl<'d> Statements<'d> {
    /// The statements of a draft, before anything was [`added`](Statements::add).
    #[must_use]
    pub fn of(draft: &'d Draft, deferred: &'d Deferred) -> Statements<'d> {
        let mut undone: BTreeMap<&str, Vec<&UndoneLine>> = BTreeMap::new();
        for line in &draft.undone {
            undone.entry(&line.party).or_default().push(line);
        }
        let (mut inherited, mut passed_on) = (Passed::new(), Passed::new());
        for line in &draft.inheritances {
            inherited.entry(&line.heir).or_default().push(line);
            passed_on.entry(&line.party).or_default().push(line);
        }
        let mut adjustments: BTreeMap<&str, Vec<&AdjustmentLine>> = BTreeMap::new();
        for line in &draft.adjustments {
            adjustments.entry(&line.party).or_default().push(line);
        }
        let mut reserves: BTreeMap<&str, Vec<&HoldLine>> = BTreeMap::new();
        for line in draft.holds.iter().filter(|line| line.kind == HoldKind::Reserve) {
            reserves.entry(&line.party).or_default().push(line);
        }
        let sums = vec![Vec::new(); draft.lines.len()];
        let (numbers, keys) = (BTreeMap::new(), Vec::new());
        Statements { draft, deferred, numbers, keys, sums, undone, inherited, passed_on, adjustments, reserves }
    }

    /// Takes what somebody earned; what does not belong to the draft is passed over.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn add(&mut self, earned: &Earned<'_>) -> Result<(), SettleError> {
        let (Some(part), Some(at)) = (part(self.draft, self.deferred, earned), self.position(earned.party)) else { return Ok(()) };
        let late = earned.late || earned.cycle != self.draft.cycle;
        let number = self.number(part, earned);
        let sums = &mut self.sums[at];
        let place = match sums.iter().position(|(known, _)| *known == number) {
            Some(place) => place,
            None => {
                // Most parties have few, and there are many parties: no room for more of them than there are.
                if sums.len() < FEW {
                    sums.reserve_exact(1);
                }
                sums.push((number, Sums::default()));
                sums.len() - 1
            }
        };
        let sum = &mut sums[place].1;
        sum.events += earned.events;
        sum.late += if late { earned.events } else { 0 };
        (sum.gross, sum.labour) = (sum.gross.plus(earned.gross)?, sum.labour.plus(earned.labour)?);
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether nobody has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Where a party's statement stands, if it has one.
    #[must_use]
    pub fn position(&self, party: &str) -> Option<usize> {
        self.draft.lines.binary_search_by(|line| line.party.as_str().cmp(party)).ok()
    }

    /// One statement; none beyond the last.
    ///
    /// # Errors
    /// [`SettleError::DoesNotAddUp`] where what was added is not what the draft was made of.
    pub fn statement(&self, at: usize) -> Result<Option<Statement>, SettleError> {
        let Some(line) = self.draft.lines.get(at) else { return Ok(None) };
        let mut sums: Vec<(&Key, Sums)> = self.sums[at].iter().map(|(number, sums)| (&self.keys[*number as usize], *sums)).collect();
        sums.sort_by_key(|(key, _)| *key);
        let statement = Statement {
            party: line.party.clone(),
            mid: self.draft.mid.clone(),
            currency: self.draft.currency,
            cycle: self.draft.cycle,
            preview: self.draft.preview,
            fee_rate: self.draft.fee_rate,
            uses: use_lines(&sums, Part::Used),
            undone: self.undone(&line.party, &sums)?,
            left_out: use_lines(&sums, Part::LeftOut),
            inherited: passed(&self.inherited, &line.party, |line| &line.party),
            passed_on: passed(&self.passed_on, &line.party, |line| &line.heir),
            reserve: self.reserve(&line.party)?,
            tax: self.tax(&line.party),
            exchanged: line.exchanged.as_deref().cloned(),
            adjustments: self.adjusted(&line.party),
            figures: Figures::of(line),
            registry_version: self.draft.registry_version,
            draft_sha256: self.draft.draft_sha256.clone(),
            salt: salt(self.draft, &line.party),
        };
        statement.check_sums()?;
        Ok(Some(statement))
    }

    /// The hashes of all statements, the leaves of their tree.
    ///
    /// # Errors
    /// As [`Statements::statement`].
    pub fn leaves(&self) -> Result<Vec<Digest>, SettleError> {
        let leaf = |at: usize| Ok(self.statement(at)?.map(|statement| statement.leaf()));
        (0..self.len()).filter_map(|at| leaf(at).transpose()).collect()
    }

    fn number(&mut self, part: Part, earned: &Earned<'_>) -> u32 {
        let key = Key { part, agreement: earned.agreement.to_owned(), platform: earned.platform.to_owned(), use_: earned.use_ };
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = u32::try_from(self.keys.len()).expect("agreements, uses and cycles are fewer than 2^32");
        self.keys.push(key.clone());
        self.numbers.insert(key, number);
        number
    }

    fn reserve(&self, party: &str) -> Result<Option<Reserved>, SettleError> {
        let Some(lines) = self.reserves.get(party) else { return Ok(None) };
        let sum = |field: fn(&HoldLine) -> Money| Money::sum(lines.iter().map(|line| field(line)));
        let (held, lifted) = (sum(|line| line.held)?, sum(|line| line.lifted)?);
        Ok(Some(Reserved { held, lifted, outstanding: sum(|line| line.outstanding)? }))
    }

    fn tax(&self, party: &str) -> Option<Withheld> {
        let taxes = &self.draft.taxes;
        taxes.binary_search_by(|line| line.party.as_str().cmp(party)).ok().map(|at| Withheld::of(&taxes[at]))
    }

    fn adjusted(&self, party: &str) -> Vec<Adjusted> {
        let of_party = self.adjustments.get(party).into_iter().flatten();
        of_party.map(|line| Adjusted { number: line.number, cycle: line.cycle, amount: line.amount }).collect()
    }

    /// What was undone, with the fee that the draft found for it.
    fn undone(&self, party: &str, sums: &[(&Key, Sums)]) -> Result<Vec<UndoneUse>, SettleError> {
        let mut uses: BTreeMap<(Cycle, &str), (&str, Sums)> = BTreeMap::new();
        for (key, sums) in sums {
            let Part::Undone(cycle) = key.part else { continue };
            let (_, sum) = uses.entry((cycle, &key.agreement)).or_insert((&key.platform, Sums::default()));
            sum.events += sums.events;
            (sum.gross, sum.labour) = (sum.gross.plus(sums.gross)?, sum.labour.plus(sums.labour)?);
        }
        let of_party = self.undone.get(party).into_iter().flatten();
        let lines = of_party.map(|line| {
            let used = uses.remove(&(line.cycle, line.agreement.as_str()));
            let (platform, sum) = used.unwrap_or_default();
            UndoneUse {
                cycle: line.cycle,
                agreement: line.agreement.clone(),
                platform: platform.to_owned(),
                events: sum.events,
                gross: sum.gross,
                labour: sum.labour,
                fee: line.fee,
                net: line.net,
            }
        });
        Ok(lines.collect())
    }
}

/// The lines of one part; where all was undone again nothing is left to be shown.
fn use_lines(sums: &[(&Key, Sums)], part: Part) -> Vec<UseLine> {
    let of_part = sums.iter().filter(|(key, _)| key.part == part);
    let is_something = |sums: &Sums| sums.events != 0 || sums.gross != Money::ZERO || sums.labour != Money::ZERO;
    let line = |(key, sums): &(&Key, Sums)| UseLine {
        agreement: key.agreement.clone(),
        platform: key.platform.clone(),
        use_: key.use_,
        events: sums.events,
        late: sums.late,
        gross: sums.gross,
        labour: sums.labour,
    };
    of_part.filter(|(_, sums)| is_something(sums)).map(line).collect()
}

/// What passed from or to one party, each with the other one.
fn passed(lines: &Passed<'_>, party: &str, other: fn(&Inheritance) -> &String) -> Vec<Inherited> {
    let inherited = |line: &&Inheritance| Inherited { party: other(line).clone(), share: line.share, amount: line.amount };
    lines.get(party).into_iter().flatten().map(inherited).collect()
}
