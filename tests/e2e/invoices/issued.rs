//! Invoices: what is asked for is what is booked, in every form; previews; and nothing of others.

use super::{amount, december, list, receivable};
use crate::analysts::python;
use crate::journal::scene::Approved;
use crate::scenarios::scene::{Scene, event, event_of};
use crate::support::{Data, also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use farthing_settle::invoice::{InvoiceNumber, Invoiced};
use serde_json::Value;

const CENT: i128 = 10_000_000_000;

fn invoice(data: &Data, platform: &str, mid: &str, cycle: &str, more: &[&str]) -> Result<Value> {
    data.json([&["invoice", platform, "--mid", mid, "--cycle", cycle], more].concat())
}

#[test]
fn invoices_ask_for_what_is_booked() -> Result<()> {
    let books = Approved::new()?;
    let data = books.data();
    for (platform, mid, currency, cycles) in [
        ("plt", "mid_a", "USD", &["2026-10", "2026-11"][..]),
        ("plt_other", "mid_a", "USD", &["2026-10", "2026-11"]),
        ("plt", "mid_a", "EUR", &["2026-10"]),
        ("plt", "mid_b", "USD", &["2026-10"]),
    ] {
        let (mut asked, mut booked, mut carried) = (0, 0, 0);
        for cycle in cycles {
            let found = invoice(data, platform, mid, cycle, &["--currency", currency])?;
            let labour = receivable(data, mid, platform, currency, cycle)?;
            let figures = &found["figures"];
            assert_eq!((amount(figures, "labour")?, amount(figures, "carried_in")?), (labour, carried), "{found}");
            let of_uses: i128 = list(&found, "uses")?.iter().map(|line| amount(line, "labour")).sum::<Result<_>>()?;
            assert_eq!(of_uses, labour, "{found}");
            (asked, booked, carried) = (asked + amount(figures, "to_pay")?, booked + labour, amount(figures, "carried_out")?);
            ensure!(amount(figures, "to_pay")? % CENT == 0 && (0..CENT).contains(&carried), "{found}");
            let (currency, of) = (currency.parse()?, cycle.parse()?);
            let number = InvoiceNumber::of(&Invoiced { mid, platform, currency, cycle: of }).to_string();
            assert_eq!((&found["number"], &found["preview"]), (&Value::String(number), &Value::Bool(false)));
        }
        assert_eq!(asked + carried, booked, "{platform} {mid} {currency}");
        ensure!(booked > 0 && carried > 0, "{platform} {mid} {currency}: nothing below a cent");
    }
    Ok(())
}

#[test]
fn it_is_due_some_days_after_the_approval() -> Result<()> {
    let books = Approved::new()?;
    let data = books.data();
    let journal = data.json(["journal", "--mid", "mid_a", "--cycle", "2026-11"])?;
    let happened = list(&journal, "entries")?[0]["happened"].as_str().context("no time")?.to_owned();
    let day: farthing_schemas::Day = happened[..10].parse()?;
    let due = |more: &[&str]| -> Result<String> {
        let found = invoice(data, "plt", "mid_a", "2026-11", more)?;
        assert_eq!(found["date"], day.to_string());
        Ok(found["due"].as_str().context("no due")?.to_owned())
    };
    assert_eq!(due(&[])?, day.plus(30).to_string());
    assert_eq!(due(&["--due-days", "0"])?, day.to_string());
    let config = data.path().join("farthing.toml");
    std::fs::write(&config, "[invoices]\ndue_days = 45\n")?;
    let config = config.display().to_string();
    assert_eq!(due(&["--config", &config])?, day.plus(45).to_string());
    assert_eq!(due(&["--config", &config, "--due-days", "7"])?, day.plus(7).to_string());
    std::fs::write(&config, "[invoices]\ndue_days = 366\n")?;
    let refused = data.run(["invoice", "plt", "--mid", "mid_a", "--cycle", "2026-11", "--config", &config])?;
    ensure!(refused.status.code() == Some(2) && stderr(&refused).contains("0 to 365"), "{refused:?}");
    Ok(())
}

#[test]
fn without_an_approval_it_is_a_preview() -> Result<()> {
    let books = december()?;
    let data = books.data();
    let before = invoice(data, "plt", "mid_a", "2026-11", &[])?;
    let found = invoice(data, "plt", "mid_a", "2026-12", &[])?;
    assert_eq!((&found["preview"], &found["number"], &found["due"]), (&Value::Bool(true), &Value::Null, &Value::Null));
    assert_eq!(found["figures"]["carried_in"], before["figures"]["carried_out"]);
    // Two events of agr_a, one of them of two parties whom mid_a represents; October's is undone.
    let line = &list(&found, "uses")?[0];
    assert_eq!((&line["agreement"], &line["events"], &line["labour"]), (&"agr_a".into(), &2.into(), &"2.000000000000".into()), "{found}");
    let undone = &list(&found, "undone")?[0];
    assert_eq!((&undone["undone_cycle"], &undone["events"]), (&"2026-10".into(), &(-1).into()));
    assert_eq!(undone["labour"], "-9.876543120988");
    // More was undone than used: a credit, and nothing to pay.
    assert_eq!(found["figures"]["to_pay"], "0.000000000000");
    ensure!(amount(&found["figures"], "carried_out")? < 0, "{found}");
    let besides = list(&found, "unsettled")?;
    assert_eq!((&besides[0]["status"], &besides[0]["labour"]), (&"suspense".into(), &"0.350000000000".into()), "{found}");
    let output = data.run(["invoice", "plt", "--mid", "mid_a", "--cycle", "2026-12"])?;
    let said = String::from_utf8(output.stdout.clone())?;
    ensure!(said.contains("PREVIEW: the cycle is open") && stderr(&output).contains("PREVIEW"), "{output:?}");
    ensure!(said.contains("are credited, and taken from the next invoice"), "{said}");
    // What is taken back is a preview again, and what follows it says what it does not know.
    books.take_back("withdraw", ("mid_a", "2026-11", "USD"))?;
    let again = invoice(data, "plt", "mid_a", "2026-11", &[])?;
    assert_eq!((&again["preview"], &again["number"], &again["figures"]), (&Value::Bool(true), &Value::Null, &before["figures"]));
    let later = data.run(["invoice", "plt", "--mid", "mid_a", "--cycle", "2026-12"])?;
    ensure!(later.status.success() && stderr(&later).contains("2026-11 of mid_a in USD is not approved yet"), "{later:?}");
    Ok(())
}

#[test]
fn every_platform_gets_its_own_in_every_form() -> Result<()> {
    let books = Approved::new()?;
    let data = books.data();
    let all = ["invoice", "--all", "--mid", "mid_a", "--cycle", "2026-10"];
    for form in ["text", "html", "json", "csv"] {
        let found = data.json([&all[..], &["--format", form, "--out", form]].concat())?;
        assert_eq!((&found["preview"], list(&found, "invoices")?.len()), (&Value::Bool(false), 2));
        let end = if form == "text" { "txt" } else { form };
        for (platform, other) in [("plt", "plt_other"), ("plt_other", "plt")] {
            let written = std::fs::read_to_string(data.path().join(form).join(format!("{platform}.{end}")))?;
            let printed = data.ok(["invoice", platform, "--mid", "mid_a", "--cycle", "2026-10", "--format", form])?;
            ensure!(written == printed, "{form} of {platform}: {written}\nis not\n{printed}");
            let words: Vec<&str> = written.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
            let hidden = if platform == "plt" { "agr_other" } else { "agr_a" };
            for word in [other, hidden, "ana", "ben", "cem", "mid_b", "agr_b", "fee", "true_up", "0.80", "0.85"] {
                ensure!(!words.contains(&word), "{word} on the invoice of {platform}:\n{written}");
            }
        }
    }
    let html = ["plt", "plt_other"].map(|name| data.path().join("html").join(format!("{name}.html")).display().to_string());
    let rows = python::run("statements/check_html.py", &[&html[0], &html[1]])?;
    ensure!(rows.trim().parse::<usize>()? > 20, "{rows}");
    let refused = data.run([&all[..], &["--out", "text"]].concat())?;
    ensure!(refused.status.code() == Some(2) && stderr(&refused).contains("a new folder"), "{refused:?}");
    let told = data.ok([&all[..], &["--out", "told"]].concat())?;
    ensure!(told.starts_with("Invoices of mid_a in USD for 2026-10 are in told:") && told.contains("RF"), "{told}");
    Ok(())
}

#[test]
fn who_owes_nothing_gets_nothing() -> Result<()> {
    let books = Approved::new()?;
    for (arguments, words) in [
        (["invoice", "nobody", "--mid", "mid_a", "--cycle", "2026-10"], ["nobody is not a platform", "registry"]),
        (["invoice", "plt_other", "--mid", "mid_b", "--cycle", "2026-10"], ["plt_other owes mid_b nothing", "2026-10"]),
        (["invoice", "plt", "--mid", "nobody", "--cycle", "2026-10"], ["nobody", "mid_a"]),
    ] {
        let refused = books.data().run(arguments)?;
        let said = stderr(&refused);
        ensure!(refused.status.code() == Some(2) && words.iter().all(|word| said.contains(word)), "{arguments:?}: {refused:?}");
    }
    Ok(())
}

/// What a draft leaves out is said and not asked for, and is on the invoice of the cycle that settles it, late.
#[test]
fn what_was_left_out_is_invoiced_later() -> Result<()> {
    let scene = Scene::new()?;
    let train = event_of("training", "o2", "2026-10-04T00:00:00Z", "ben", "4");
    scene.meter("october", &[event("o1", "2026-10-03T00:00:00Z", "ana", "10"), train])?;
    scene.meter("november", &[event("n1", "2026-11-03T00:00:00Z", "ana", "1")])?;
    scene.close("mid_a", "2026-10")?;
    scene.data.json(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-10", "--without", "agr_train"])?;
    scene.settle("mid_a", "2026-11")?;
    let lines = |cycle: &str, name: &str| -> Result<Vec<String>> {
        let found = invoice(&scene.data, "plt", "mid_a", cycle, &[])?;
        let line = |line: &Value| format!("{} {} {} {}", line["agreement"], line["events"], line["late"], line["labour"]);
        Ok(list(&found, name)?.iter().map(line).collect())
    };
    assert_eq!(lines("2026-10", "uses")?, [r#""agr_a" 1 0 "8.000000000000""#]);
    assert_eq!(lines("2026-10", "left_out")?, [r#""agr_train" 1 0 "3.000000000000""#]);
    assert_eq!(lines("2026-11", "uses")?, [r#""agr_a" 1 0 "0.800000000000""#, r#""agr_train" 1 1 "3.000000000000""#]);
    let exceptions = scene.data.json(["report", "exceptions", "--mid", "mid_a", "--cycle", "2026-10"])?;
    assert_eq!(
        (&exceptions["exceptions"][0]["agreement"], &exceptions["exceptions"][0]["amount"]),
        (&"agr_train".into(), &"3.000000000000".into())
    );
    Ok(())
}

/// A unit from one platform to another leaves every sum of the draft as it is: an invoice is held to what was booked for its platform.
#[test]
fn what_is_not_as_it_was_booked_is_not_invoiced() -> Result<()> {
    let books = Approved::new()?;
    let data = books.data();
    let labours = ["plt", "plt_other"].map(|platform| receivable(data, "mid_a", platform, "USD", "2026-10"));
    let [one, other] = labours;
    let set = |platform: &str, units: i128| {
        let amount = farthing_schemas::Money::from_units(units);
        format!(
            "UPDATE journal_postings SET amount = '{amount}' WHERE entry = 3 AND account = 'platform_receivable' AND owner = '{platform}';"
        )
    };
    let sql = format!("DROP TRIGGER journal_postings_are_not_changed; {}{}", set("plt", one? + 1), set("plt_other", other? - 1));
    python::run("invoices/execute.py", &[&data.ledger().display().to_string(), &sql])?;
    let refused = data.run(["invoice", "plt", "--mid", "mid_a", "--cycle", "2026-10"])?;
    let said = stderr(&refused);
    ensure!(refused.status.code() == Some(2) && said.contains("where the journal has 29.629629362965"), "{refused:?}");
    ensure!(said.contains("farthing verify") && refused.stdout.is_empty(), "{refused:?}");
    Ok(())
}

/// Whatever the database and however often it is asked for, the bytes are the same but for what hangs on the clock.
#[test]
fn the_same_books_give_the_same_bytes() -> Result<()> {
    let of = |data: &Data| -> Result<String> {
        let mut found = invoice(data, "plt", "mid_a", "2026-10", &[])?;
        let same = invoice(data, "plt", "mid_a", "2026-10", &[])?;
        assert_eq!(found, same);
        for dated in ["date", "due"] {
            found[dated] = Value::Null;
        }
        Ok(found.to_string())
    };
    let (embedded, server) = (Approved::new()?, crate::support::on_postgres(Approved::new)?);
    assert_eq!(of(embedded.data())?, of(server.data())?);
    Ok(())
}

also_on_postgres!(invoices_ask_for_what_is_booked, without_an_approval_it_is_a_preview, every_platform_gets_its_own_in_every_form,);
