//! Whether what was measured is little enough, and grows no faster than the payees do.

/// Memory that no judged step may reach: 2 GiB.
const PEAK_KIB_MAX: u64 = 2 << 20;
/// How many times as long a payee may take among the most payees as among few: machines have caches, and trees have depths.
const GROWTH_MAX: f64 = 1.3;
/// What takes less is mostly the start of a process, and noise.
const SECONDS_MIN: f64 = 0.5;

/// A step on the way of a cycle, each a command of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Registry,
    Meter,
    Close,
    Draft,
    Approve,
    Release,
    Check,
    Root,
}

impl Step {
    pub const fn as_str(self) -> &'static str {
        match self {
            Step::Registry => "registry load",
            Step::Meter => "meter",
            Step::Close => "close",
            Step::Draft => "draft",
            Step::Approve => "approve",
            Step::Release => "release",
            Step::Check => "check",
            Step::Root => "root",
        }
    }
}

/// The steps that are judged; what comes before them is measured elsewhere.
const JUDGED: [Step; 5] = [Step::Draft, Step::Approve, Step::Release, Step::Check, Step::Root];

/// What a step took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    pub step: Step,
    pub payees: u32,
    pub seconds: f64,
    pub peak_kib: u64,
}

impl Measured {
    pub fn seconds_a_payee(self) -> f64 {
        self.seconds / f64::from(self.payees)
    }
}

/// What was compared, and what is too much.
#[derive(Debug, Default)]
pub struct Verdict {
    pub compared: Vec<String>,
    pub faults: Vec<String>,
}

/// Judges the steps by themselves, and all of them together.
pub fn judge(measured: &[Measured]) -> Verdict {
    let mut verdict = Verdict::default();
    for over in measured.iter().filter(|of| JUDGED.contains(&of.step) && of.peak_kib >= PEAK_KIB_MAX) {
        verdict.faults.push(format!(
            "{} of {} payees takes {} MiB, and is to stay below 2 GiB",
            over.step.as_str(),
            over.payees,
            over.peak_kib >> 10
        ));
    }
    for step in JUDGED {
        let of_step: Vec<(u32, f64)> = measured.iter().filter(|of| of.step == step).map(|of| (of.payees, of.seconds)).collect();
        verdict.growth(step.as_str(), &of_step);
    }
    verdict.growth("from draft to root", &sums(measured));
    verdict
}

/// The seconds of all judged steps together, by size.
fn sums(measured: &[Measured]) -> Vec<(u32, f64)> {
    let mut sums: Vec<(u32, f64)> = Vec::new();
    for of in measured.iter().filter(|of| JUDGED.contains(&of.step)) {
        match sums.iter_mut().find(|(payees, _)| *payees == of.payees) {
            Some((_, seconds)) => *seconds += of.seconds,
            None => sums.push((of.payees, of.seconds)),
        }
    }
    sums
}

impl Verdict {
    /// Compares the most payees with the fewest that say something.
    fn growth(&mut self, name: &str, sizes: &[(u32, f64)]) {
        let Some((few, seconds)) = sizes.iter().filter(|(_, seconds)| *seconds >= SECONDS_MIN).min_by_key(|(payees, _)| *payees) else {
            return;
        };
        let Some((many, most)) = sizes.iter().max_by_key(|(payees, _)| *payees).filter(|(many, _)| many > few) else { return };
        let (one, other) = (seconds / f64::from(*few), most / f64::from(*many));
        let growth = other / one;
        let (one, other) = (one * 1e6, other * 1e6);
        self.compared.push(format!("{name}: {one:.1} s a million payees of {few}, {other:.1} of {many}: {growth:.2} times"));
        if growth > GROWTH_MAX {
            self.faults.push(format!("{name} takes {growth:.2} times as long a payee of {many} as of {few}, and {GROWTH_MAX} at most"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(step: Step, payees: u32, seconds: f64) -> Measured {
        Measured { step, payees, seconds, peak_kib: 1 << 20 }
    }

    #[track_caller]
    fn check(measured: &[Measured], expected: &[&str]) {
        let Verdict { faults, .. } = judge(measured);
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.starts_with(expected), "{fault}");
        }
    }

    #[test]
    fn two_gib_are_too_much_for_a_judged_step() {
        let at = |step, peak_kib| Measured { peak_kib, ..measured(step, 10_000, 0.1) };
        check(&[at(Step::Draft, PEAK_KIB_MAX - 1), at(Step::Registry, PEAK_KIB_MAX)], &[]);
        check(&[at(Step::Draft, PEAK_KIB_MAX), at(Step::Root, PEAK_KIB_MAX)], &["draft of 10000", "root of 10000"]);
    }

    #[test]
    fn time_grows_as_payees_do_and_hardly_more() {
        check(&[measured(Step::Check, 10_000, 1.0), measured(Step::Check, 100_000, 13.0)], &[]);
        check(&[measured(Step::Check, 10_000, 1.0), measured(Step::Check, 100_000, 13.1)], &["check takes", "from draft to root takes"]);
        check(&[measured(Step::Meter, 10_000, 1.0), measured(Step::Meter, 100_000, 99.0)], &[]);
    }

    #[test]
    fn what_is_too_short_to_say_anything_is_no_measure() {
        let few = [measured(Step::Draft, 10_000, 0.4), measured(Step::Check, 10_000, 0.4)];
        let many = [measured(Step::Draft, 100_000, 6.0), measured(Step::Draft, 1_000_000, 60.0), measured(Step::Check, 1_000_000, 20.0)];
        // The draft alone is compared from 100,000 on; together they are long enough.
        check(&[few.as_slice(), &many].concat(), &[]);
        let longer = measured(Step::Check, 1_000_000, 50.0);
        check(&[few.as_slice(), &many[..2], &[longer]].concat(), &["from draft to root takes"]);
    }
}
