//! Properties: sums are those of the payments, what is written is read back, and no bytes make a reader panic.

use crate::support::{Seeded, formats, order, totals, written};
use farthing_bank::characters::CharacterSet;
use farthing_bank::payment::{Creditor, CreditorKind};
use farthing_bank::{AccountNumber, Amount, Format, Order, check, read, read_back, write};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sha2::{Digest, Sha256};

/// The shortest forms of every answer, to be spoilt.
const ANSWERS: &[&[u8]] = &[
    include_bytes!("answers/pain002.xml"),
    include_bytes!("answers/camt054.xml"),
    include_bytes!("answers/camt053.xml"),
    include_bytes!("answers/returns.ach"),
    include_bytes!("answers/paypal.csv"),
    include_bytes!("answers/wise.csv"),
];

fn cases() -> ProptestConfig {
    ProptestConfig { cases: if std::env::var_os("FARTHING_TEST_SLOW").is_some() { 5000 } else { 300 }, ..ProptestConfig::default() }
}

/// Of a payment, all that its file says of it.
fn expected(order: &Order, format: &Format) -> Vec<(String, Amount, AccountNumber)> {
    let mut payments: Vec<_> = order.payments.iter().collect();
    if matches!(format, Format::Nacha(_)) {
        // Persons have a batch before organisations.
        payments.sort_by_key(|payment| matches!(payment.creditor, Creditor { kind: CreditorKind::Organisation, .. }));
    }
    payments.iter().map(|payment| (payment.id.to_string(), payment.amount, payment.account.number().clone())).collect()
}

#[test]
fn what_is_written_is_read_back_and_sums_to_its_payments() {
    let mut runner = TestRunner::new(cases());
    let strategy = (0..formats().len(), 1..40_usize, any::<u64>(), "\\PC{1,40}");
    let outcome = runner.run(&strategy, |(at, payees, seed, purpose)| {
        let (_, format, currency) = formats()[at].clone();
        let mut order = order(&format, currency, payees, seed);
        let fits = CharacterSet::Sepa.write(&purpose).is_ok_and(|text| text.len() <= 32 && !text.starts_with(['+', '-']));
        if fits && CharacterSet::Nacha.write(&purpose).is_ok_and(|text| text.len() <= 32 && !text.starts_with(['=', '@'])) {
            order.payments.iter_mut().for_each(|payment| payment.purpose.clone_from(&purpose));
        }
        let totals = totals(&order);
        let checked = check(&order, &format, &totals).map_err(|findings| TestCaseError::fail(crate::support::told(&findings)))?;
        let file = write(&checked);
        prop_assert_eq!(&file.bytes, &write(&checked).bytes);
        prop_assert_eq!(&file.sha256, &hex(&file.bytes));
        let read = read_back(&file.bytes, &format).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(Amount::sum(currency, read.iter().map(|one| one.amount)), Ok(totals.amount));
        prop_assert_eq!(read.len(), totals.payments);
        for (one, (id, amount, account)) in read.iter().zip(expected(&order, &format)) {
            prop_assert!(one.reference.may_be(&id.parse().unwrap()), "{:?} is not {id}", one.reference);
            prop_assert_eq!((one.amount, &one.account), (amount, &account));
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn names_and_purposes_are_read_back_as_the_format_writes_them() {
    for (label, format, currency) in formats() {
        let order = order(&format, currency, 60, 21);
        let read = read_back(&written(&order, &format).bytes, &format).unwrap();
        let set = if matches!(format, Format::Nacha(_)) { CharacterSet::Nacha } else { CharacterSet::Sepa };
        for payment in &order.payments {
            let one = read.iter().find(|one| one.reference.may_be(&payment.id)).unwrap();
            let names = [Some(&payment.creditor.name.full), payment.creditor.name.short.as_ref()];
            let mut names = names.into_iter().flatten().map(|name| set.write(name).unwrap());
            assert!(
                one.name.is_empty() && matches!(format, Format::Paypal { .. }) || names.any(|name| name == one.name),
                "{label}: {one:?}"
            );
            let purpose = set.write(&payment.purpose).unwrap();
            assert!(one.purpose == purpose || matches!(format, Format::Wise { .. }), "{label}: {one:?}");
        }
    }
}

#[test]
fn spoilt_answers_are_errors_or_answers_and_never_panic() {
    let mut runner = TestRunner::new(cases());
    let strategy = (0..ANSWERS.len(), any::<u64>(), 1..12_u64);
    let outcome = runner.run(&strategy, |(at, seed, changes)| {
        let mut bytes = ANSWERS[at].to_vec();
        spoil(&mut bytes, &mut Seeded(seed), changes);
        if let Err(error) = read(&bytes) {
            prop_assert!(!error.to_string().is_empty());
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn spoilt_files_and_any_bytes_never_panic_either() {
    let files: Vec<(Format, Vec<u8>)> =
        formats().map(|(_, format, currency)| (format.clone(), written(&order(&format, currency, 4, 3), &format).bytes)).to_vec();
    let mut runner = TestRunner::new(cases());
    let strategy = (0..files.len(), any::<u64>(), 1..12_u64, proptest::collection::vec(any::<u8>(), 0..300), "(101|<|\"|a,b\n|)\\PC{0,80}");
    let outcome = runner.run(&strategy, |(at, seed, changes, noise, text)| {
        let (format, bytes) = &files[at];
        let mut bytes = bytes.clone();
        spoil(&mut bytes, &mut Seeded(seed), changes);
        let _ = read_back(&bytes, format);
        for any in [noise.as_slice(), text.as_bytes()] {
            let _ = (read(any), read_back(any, format));
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_digit_changed_in_a_file_is_found() {
    for (label, format, currency) in formats().into_iter().take(4) {
        let order = order(&format, currency, 5, 31);
        let amount = order.payments[2].amount;
        let text = String::from_utf8(written(&order, &format).bytes).unwrap();
        let (from, to) = match &format {
            Format::Nacha(_) => (
                format!("{:010}{}", amount.minor_units(), order.payments[2].id.beginning(15)),
                format!("{:010}{}", amount.minor_units() + 1, order.payments[2].id.beginning(15)),
            ),
            _ => {
                (format!(">{}<", amount.decimal()), format!(">{}<", Amount::from_minor_units(amount.minor_units() + 1, currency).decimal()))
            }
        };
        assert!(text.contains(&from), "{label}");
        let error = read_back(text.replacen(&from, &to, 1).as_bytes(), &format).unwrap_err().to_string();
        assert!(error.contains("CtrlSum") || error.contains("total of credits"), "{label}: {error}");
    }
}

/// Bytes put in, taken out, changed and doubled.
fn spoil(bytes: &mut Vec<u8>, seeded: &mut Seeded, changes: u64) {
    for _ in 0..changes {
        let place = |seeded: &mut Seeded, bytes: &[u8]| usize::try_from(seeded.below(bytes.len() as u64 + 1)).expect("below a length");
        let (from, to) = (place(seeded, bytes), place(seeded, bytes));
        let (from, to) = (from.min(to), from.max(to));
        let byte = u8::try_from(seeded.below(256)).expect("a byte");
        match seeded.below(5) {
            0 => bytes.insert(from, byte),
            1 => drop(bytes.drain(from..to.min(from + 40))),
            2 => bytes.get_mut(from).into_iter().for_each(|place| *place = byte),
            3 => bytes.get_mut(from).into_iter().for_each(|place| *place = *seeded.pick(b"<>&;\"'/ 09A,\n\xC3")),
            _ => {
                let part = bytes[from..to.min(from + 60)].to_vec();
                bytes.splice(to..to, part);
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn files_have_no_character_outside_their_set() {
    for (label, format, currency) in formats() {
        let text = String::from_utf8(written(&order(&format, currency, 500, 41), &format).bytes).unwrap();
        let set = if matches!(format, Format::Nacha(_)) { CharacterSet::Nacha } else { CharacterSet::Sepa };
        // What is between tags; an apostrophe is written as XML has it.
        let texts = text.replace("&apos;", "'");
        let texts = texts.split('<').map(|part| part.rsplit_once('>').map_or(part, |(_, text)| text));
        let further = match format {
            Format::Pain001 { .. } => "\n",
            // X12's own signs.
            Format::Nacha(_) => "\n*\\",
            Format::Paypal { .. } | Format::Wise { .. } => "\n\"@",
        };
        let outside: Vec<char> = texts.flat_map(str::chars).filter(|one| !set.has(*one) && !further.contains(*one)).collect();
        assert_eq!(outside, Vec::<char>::new(), "{label}");
    }
}
