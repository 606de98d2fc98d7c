//! The command line as people and programs meet it: help, exit codes, one JSON document, pipes.

mod tables;

use crate::bad_input::{EVENT_UNITS, NOW, REGISTRY, books, gross, refused, said, shortened, units, usage, write};
use crate::support::{Data, binary, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use tables::{ANSWERS, WRONG};

const OCTOBER: [&str; 4] = ["--mid", "mid_x", "--cycle", "2026-10"];
const CLOSE: [&str; 8] = ["settle", "close", "--mid", "mid_x", "--cycle", "2026-10", "--now", "2026-12-01T00:00:00Z"];

/// A second MID whose only agreement leaves its party less than 70 %, and one more of everything.
const MORE_REGISTRY: &str = r#"{"kind":"mid","id":"mid_y","fee":"0.05","currency":"USD"}
{"kind":"party","id":"pty_3","type":"community"}
{"kind":"party","id":"pty_0","type":"person"}
{"kind":"membership","party":"pty_3","mid":"mid_y","platforms":"*","uses":"*","from":"2026-01-01T00:00:00Z"}
{"kind":"membership","party":"pty_0","mid":"mid_x","platforms":"*","uses":"*","from":"2026-01-01T00:00:00Z"}
{"kind":"agreement","id":"agr_y","platform":"plt_a","mid":"mid_y","uses":"*","labour_share":"0.70","currency":"USD","on_shortfall":"refuse","from":"2026-01-01T00:00:00Z"}
"#;

/// Books of several platforms, parties and MIDs, with good events and bad ones.
pub fn varied_books() -> Result<Data> {
    let data = books()?;
    write(&data, "registry.ndjson", format!("{REGISTRY}{MORE_REGISTRY}"))?;
    data.ok(["registry", "load", "registry.ndjson"])?;
    let events = [
        usage("a"),
        usage("b").replace("plt_a", "plt_b"),
        usage("c").replace("pty_1", "pty_3").replace("wrk_1", "wrk_unknown"),
        usage("d").replace("pty_1", "pty_0").replace("inference", "training"),
        "rubbish".to_owned(),
        usage("e").replace("\"1.5\"", "1.5"),
    ];
    write(&data, "events.ndjson", events.join("\n"))?;
    write(&data, "answer.xml", crate::bank::REPORT)?;
    data.ok(["meter", "events.ndjson", "--now", NOW])?;
    Ok(data)
}

/// The one JSON document that a command printed, with a line end and nothing else.
fn document(output: &Output) -> Result<Value> {
    let text = std::str::from_utf8(&output.stdout)?;
    ensure!(text.ends_with('\n') && text.matches('\n').count() == 1, "not one line: {}", shortened(&output.stdout));
    serde_json::from_str(text).with_context(|| shortened(&output.stdout))
}

fn help(path: &[&str]) -> Result<String> {
    let output = Command::new(binary()).args(path).arg("--help").output()?;
    ensure!(output.status.success() && output.stderr.is_empty(), "{path:?} --help: {}", stderr(&output));
    Ok(String::from_utf8(output.stdout)?)
}

/// The names under `Commands:` in a help text.
fn subcommands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    list.filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .filter(|name| name != "help")
        .collect()
}

/// Every command's path with its help, groups before what is in them.
fn commands() -> Result<Vec<(Vec<String>, String)>> {
    let (mut found, mut open) = (Vec::new(), vec![Vec::<String>::new()]);
    while let Some(path) = open.pop() {
        let text = help(&path.iter().map(String::as_str).collect::<Vec<_>>())?;
        open.extend(subcommands(&text).into_iter().map(|name| [&path[..], &[name]].concat()));
        found.push((path, text));
    }
    Ok(found)
}

#[test]
fn every_command_says_what_it_does_and_shows_an_example() -> Result<()> {
    let commands = commands()?;
    assert!(commands.len() > 15, "only {} commands found", commands.len());
    let mut wrong = Vec::new();
    for (path, text) in &commands {
        let mut fault = |what: String| wrong.push(format!("{}: {what}", path.join(" ")));
        let description = text.lines().next().unwrap_or_default();
        if description.len() < 10 || description.starts_with("Usage") {
            fault(format!("no description: {description:?}"));
        }
        for bare in text.lines().filter(|line| line.trim_start().starts_with("--") && line.split_whitespace().count() < 4) {
            // What an option does may stand on the line below.
            if !text.contains(&format!("{bare}\n          ")) {
                fault(format!("an option without a description: {bare}"));
            }
        }
        let usage = text.lines().find(|line| line.starts_with("Usage:")).unwrap_or_default().replace("[OPTIONS]", "");
        let needs_more = usage.contains('<') && !usage.contains("<COMMAND>");
        if needs_more && !text.contains("Example") {
            fault(format!("what it needs is not shown by an example: {usage}"));
        }
        for example in text.lines().filter(|line| line.starts_with("  farthing ")) {
            wrong.extend(unparsed(example).err().map(|error| format!("{error:#}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// An example must be a command that exists: run where nothing is, it may miss books or files, but never be wrong use.
fn unparsed(example: &str) -> Result<()> {
    let nowhere = tempfile::tempdir()?;
    let command = example.split(['>', '#']).next().unwrap_or_default();
    let output = Command::new(binary()).args(command.split_whitespace().skip(1)).current_dir(nowhere.path()).output()?;
    ensure!(!stderr(&output).contains("error: "), "{example}: {}", stderr(&output));
    Ok(())
}

#[test]
fn every_command_with_json_prints_one_document() -> Result<()> {
    let data = varied_books()?;
    let mut wrong = Vec::new();
    for &(arguments, code, fields) in ANSWERS {
        let output = data.run([arguments, &["--json"]].concat())?;
        let fault = match document(&output) {
            _ if output.status.code() != Some(code) => Some(format!("exit {:?}, not {code}: {}", output.status.code(), stderr(&output))),
            Ok(found) => fields.iter().find(|field| found.get(**field).is_none()).map(|field| format!("no {field} in {found}")),
            Err(error) => Some(format!("{error:#}")),
        };
        wrong.extend(fault.map(|fault| format!("{}: {fault}", arguments.join(" "))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Every command is in the table, but those that make something of their own: a month of events, a script for a shell.
    let run: BTreeSet<String> = ANSWERS.iter().map(|(arguments, ..)| arguments[..arguments.len().min(2)].join(" ")).collect();
    for (path, _) in commands()?.iter().filter(|(_, text)| subcommands(text).is_empty()) {
        let own = ["demo", "completions"].contains(&path[0].as_str());
        ensure!(own || run.iter().any(|run| run.starts_with(&path.join(" "))), "{path:?} is not in the table");
    }
    Ok(())
}

#[test]
fn what_can_give_no_document_says_so() -> Result<()> {
    let data = varied_books()?;
    for arguments in [&["archive", "list", "--sql", "--json"][..], &["dead-letters", "show", "1", "--raw", "--json"]] {
        let output = data.run(arguments)?;
        ensure!(document(&output).is_ok() || said(&output, 2, &["--json"]).is_ok(), "{arguments:?}: {}", shortened(&output.stdout));
    }
    Ok(())
}

#[test]
fn wrong_use_is_told_and_prints_no_document() -> Result<()> {
    let data = varied_books()?;
    let mut wrong = Vec::new();
    for &(arguments, words) in WRONG {
        for json in [&[][..], &["--json"]] {
            let arguments = [arguments, json].concat();
            let fault = refused(&data, &arguments, words).err();
            wrong.extend(fault.map(|fault| format!("{}: {fault:#}", arguments.join(" "))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn a_no_is_exit_1_and_still_one_document() -> Result<()> {
    let data = varied_books()?;
    let draft = ["settle", "draft", "--mid", "mid_y", "--cycle", "2026-10", "--json"];
    let output = data.run(draft)?;
    assert_eq!((output.status.code(), &document(&output)?["refused"]), (Some(1), &Value::Bool(true)));
    let output = data.run([&draft[..], &["--without", "agr_y"]].concat())?;
    assert_eq!((output.status.code(), &document(&output)?["refused"]), (Some(0), &Value::Bool(false)));
    let files = data.json(["archive", "list"])?;
    let file = files["files"].as_array().and_then(|files| files.first()).context("no file")?;
    let path = data.archive().join(file["path"].as_str().context("no path")?);
    let mut bytes = std::fs::read(&path)?;
    bytes[10] ^= 1;
    std::fs::write(&path, bytes)?;
    for (command, field) in [("check", "faults"), ("verify", "difference")] {
        let arguments: &[&str] = if command == "check" { &["archive", "check"] } else { &["verify"] };
        let output = data.run([arguments, &["--json"]].concat())?;
        let found = document(&output)?;
        ensure!(output.status.code() == Some(1) && !found[field].is_null(), "{command}: exit {:?}: {found}", output.status.code());
        let output = data.run(arguments)?;
        ensure!(output.status.code() == Some(1) && !output.stdout.is_empty(), "{command}: exit {:?}", output.status.code());
    }
    Ok(())
}

#[test]
fn global_options_stand_anywhere() -> Result<()> {
    let data = varied_books()?;
    let expected = data.json(["settle", "status"])?;
    let books = data.books().display().to_string();
    let in_place = format!("--data={books}");
    let (ledger, archive) = (format!("sqlite://{}", data.ledger().display()), format!("file://{}", data.archive().display()));
    write(&data, "farthing.toml", format!("data = {books:?}"))?;
    let run = |arguments: &[&str]| Command::new(binary()).args(arguments).current_dir(data.path()).output();
    let mut wrong = Vec::new();
    for arguments in [
        &["--data", &books, "--json", "settle", "status"][..],
        &["--json", "settle", "--data", &books, "status"],
        &["settle", "--json", "status", "--data", &books],
        &["settle", "status", &in_place, "--json"],
        &["--ledger", &ledger, "--archive", &archive, "settle", "status", "--json"],
        &["--ledger", &ledger, "settle", "--archive", &archive, "status", "--json"],
        &["settle", "status", "--config", "farthing.toml", "--json"],
        &["--config", "farthing.toml", "settle", "status", "--json"],
        &["--data", &books, "settle", "status", "--config", "farthing.toml", "--json"],
        &["settle", "--config", "farthing.toml", "status", "--ledger", &ledger, "--archive", &archive, "--json"],
        &["settle", "--config", "farthing.toml", "status", "--archive", &archive, "--json"],
    ] {
        let output = run(arguments)?;
        if !output.status.success() || document(&output)? != expected {
            wrong.push(format!("{arguments:?}: {}", stderr(&output)));
        }
    }
    for contradiction in [
        &["--data", &books, "settle", "status", "--ledger", &ledger, "--archive", &archive][..],
        &["--data", &books, "settle", "status", "--config", "farthing.toml", "--ledger", &ledger],
        &["--ledger", &ledger, "settle", "status"],
        &["settle", "--archive", &archive, "status"],
    ] {
        wrong.extend(said(&run(contradiction)?, 2, &["--"]).err().map(|error| format!("{contradiction:?}: {error:#}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn completions_are_scripts_that_their_shells_accept() -> Result<()> {
    for (shell, checked_by) in [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish")] {
        let output = Command::new(binary()).args(["completions", shell]).output()?;
        let script = String::from_utf8(output.stdout)?;
        ensure!(output.status.success() && output.stderr.is_empty(), "{shell}");
        for word in ["dead-letters", "settle", "draft", "--without", "--archive"] {
            ensure!(script.contains(word.trim_start_matches("--")), "{shell}: no {word}");
        }
        // Only bash is on every machine.
        match Command::new(checked_by).arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn() {
            Ok(mut child) => {
                child.stdin.take().context("no standard input")?.write_all(script.as_bytes())?;
                let output = child.wait_with_output()?;
                ensure!(output.status.success(), "{shell}: {}", stderr(&output));
            }
            Err(_) if shell != "bash" => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[test]
fn a_pipe_gets_no_colour_and_no_progress() -> Result<()> {
    let data = varied_books()?;
    write(&data, "more.ndjson", (0..2_000).map(|number| usage(&number.to_string()) + "\n").collect::<String>())?;
    let shown: [&[&str]; 8] = [
        &["--help"],
        &["meter", "--help"],
        &["nonsense"],
        &["accruals"],
        &["settle", "draft", "--mid", "mid_y", "--cycle", "2026-10"],
        &["meter", "more.ndjson", "--now", NOW],
        &["statement", "pty_1", "--cycle", "2026-10", "--all"],
        &["verify"],
    ];
    for arguments in shown {
        let output = data.command(arguments).env("TERM", "xterm-256color").output()?;
        for stream in [&output.stdout, &output.stderr] {
            ensure!(!stream.iter().any(|byte| [0x1b, b'\r', 0x08].contains(byte)), "{arguments:?}: {}", shortened(stream));
        }
        ensure!(output.stderr.is_empty() || !output.status.success(), "{arguments:?}: {}", stderr(&output));
    }
    assert_eq!(gross(&data)?, 2_004 * EVENT_UNITS);
    Ok(())
}

/// `farthing ... | head -1`: whoever reads has seen enough, which is nobody's fault.
#[test]
fn a_reader_that_leaves_early_is_no_failure() -> Result<()> {
    let data = varied_books()?;
    write(&data, "long.ndjson", "x".repeat(2 << 20))?;
    data.ok(["meter", "long.ndjson"])?;
    let mut wrong = Vec::new();
    let shown: [&[&str]; 11] = [
        &["--help"],
        &["accruals"],
        &["accruals", "--json"],
        &["dead-letters", "list"],
        &["dead-letters", "show", "3"],
        &["dead-letters", "show", "3", "--raw"],
        &["archive", "list", "--sql"],
        &["statement", "pty_1", "--cycle", "2026-10", "--json"],
        &["settle", "draft", "--mid", "mid_x", "--cycle", "2026-10"],
        &["verify"],
        &["completions", "bash"],
    ];
    for arguments in shown {
        let mut child = data.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        drop(child.stdout.take());
        let output = child.wait_with_output()?;
        if output.status.code() != Some(0) || !output.stderr.is_empty() {
            wrong.push(format!("{arguments:?}: exit {:?}: {}", output.status.code(), shortened(&output.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// The fields of an object that stand first, in the contract's order, and that its amounts are decimals.
fn shape(object: &Value, fields: &[&str]) -> Result<()> {
    let found = object.as_object().context("not an object")?;
    for field in fields {
        ensure!(found.contains_key(*field), "no {field} in {object}");
    }
    for amount in fields.iter().filter(|field| AMOUNTS.contains(field)) {
        units(&object[*amount]).with_context(|| format!("{amount} in {object}"))?;
    }
    Ok(())
}

const AMOUNTS: [&str; 16] = [
    "gross",
    "labour",
    "fee",
    "net",
    "true_up",
    "paid",
    "carried",
    "fee_kept",
    "gross_all",
    "held",
    "lifted",
    "withheld",
    "recovered",
    "carried_in",
    "carried_out",
    "amount",
];

/// The objects of a list, each of that shape, in the order of these keys and no two alike.
fn sorted(document: &Value, list: &str, keys: &[&str], fields: &[&str]) -> Result<usize> {
    let objects = document[list].as_array().with_context(|| format!("no list {list}"))?;
    let mut before: Option<Vec<&str>> = None;
    for object in objects {
        shape(object, fields)?;
        let key = keys.iter().map(|key| object[*key].as_str().with_context(|| format!("{key} of {object}"))).collect::<Result<Vec<_>>>()?;
        ensure!(before.as_ref().is_none_or(|before| *before < key), "{list}: {key:?} stands behind {before:?}");
        before = Some(key);
    }
    Ok(objects.len())
}

#[test]
fn a_draft_has_the_shape_of_the_contract() -> Result<()> {
    let data = varied_books()?;
    let draft = data.json([&["settle", "draft"], &OCTOBER[..]].concat())?;
    let own = "cycle mid currency refused draft_sha256 gross labour fee net true_up paid carried fee_kept registry_version agreements platforms lines";
    shape(&draft, &own.split(' ').collect::<Vec<_>>())?;
    let line = "party gross labour fee net true_up held lifted withheld recovered carried_in paid carried_out";
    assert_eq!(sorted(&draft, "agreements", &["agreement"], &["agreement", "platform", "gross", "net", "holds", "true_up"])?, 2);
    assert_eq!(sorted(&draft, "platforms", &["platform"], &["platform", "gross", "net", "gross_all"])?, 2);
    assert_eq!(sorted(&draft, "lines", &["party"], &line.split(' ').collect::<Vec<_>>())?, 2);
    ensure!(draft["refused"] == false && draft["agreements"][0]["holds"] == true && draft["registry_version"] == 2, "{draft}");
    let sum = |field: &str| -> Result<i128> { draft["lines"].as_array().context("no lines")?.iter().map(|line| units(&line[field])).sum() };
    assert_eq!(units(&draft["gross"])?, sum("gross")?);
    assert_eq!(units(&draft["carried"])?, sum("carried_out")?);
    Ok(())
}

#[test]
fn accruals_have_the_shape_of_the_contract() -> Result<()> {
    let data = varied_books()?;
    let keys = ["reference_kind", "party", "mid", "agreement", "platform", "use", "currency", "status"];
    let fields: Vec<&str> = keys.into_iter().chain(["gross", "labour"]).collect();
    let lines = sorted(&data.json(["accruals"])?, "lines", &keys, &fields)?;
    assert!(lines > 8, "only {lines} lines");
    for by in ["party", "status", "mid,status", "platform,use", "reference_kind,party"] {
        let document = data.json(["accruals", "--by", by])?;
        let keys: Vec<&str> = by.split(',').chain(["currency"]).collect();
        sorted(&document, "lines", &keys, &["gross", "labour"])?;
        let sum: i128 = document["lines"].as_array().context("no lines")?.iter().map(|line| units(&line["gross"])).sum::<Result<_>>()?;
        assert_eq!(sum, 4 * EVENT_UNITS, "--by {by}");
    }
    let metered = data.json(["meter", "events.ndjson", "--now", NOW])?;
    shape(&metered["partitions"][0], &["partition", "read", "metered", "duplicate", "rejected", "next"])?;
    Ok(())
}

#[test]
fn cycles_close_once_and_in_order() -> Result<()> {
    let data = books()?;
    let of = |month: &str| usage(month).replace("2026-10", &format!("2026-{month}"));
    write(&data, "months.ndjson", ["08", "09", "10"].map(of).join("\n"))?;
    data.ok(["meter", "months.ndjson", "--now", NOW])?;
    let close =
        |month: &'static str| ["settle", "close", "--mid", "mid_x", "--cycle", month, "--now", "2026-12-01T00:00:00Z", "--as", "ana"];
    let draft = |month: &'static str| ["settle", "draft", "--mid", "mid_x", "--cycle", month, "--json"];
    refused(&data, close("2026-10"), &["in order", "2026-08", "2026-09"])?;
    assert_eq!(data.json(close("2026-08"))?["state"], "closing");
    // A close that is repeated finishes what may have been interrupted.
    assert_eq!(data.json(close("2026-08"))?["state"], "closing");
    refused(&data, close("2026-09"), &["2026-08", "draft"])?;
    let first = data.ok(draft("2026-08"))?;
    assert_eq!(data.ok(draft("2026-08"))?, first, "a draft made again is another");
    refused(&data, close("2026-08"), &["closed already", "draft"])?;
    refused(&data, [&draft("2026-08")[..], &["--without", "agr_a"]].concat(), &["final draft already"])?;
    refused(&data, close("2026-10"), &["in order", "2026-09"])?;
    // What was never used is passed over, and cannot be closed behind a later one.
    refused(&data, close("2026-07"), &["closed already"])?;
    refused(&data, draft("2026-07"), &["2026-07", "passed over"])?;
    refused(&data, close("2026-12"), &["not ended"])?;
    let preview: Value = serde_json::from_str(&data.ok(draft("2026-09"))?)?;
    assert_eq!((&preview["preview"], &preview["refused"]), (&Value::Bool(true), &Value::Bool(false)));
    data.ok(close("2026-09"))?;
    data.ok(draft("2026-09"))?;
    let states = data.json(["settle", "status"])?;
    let states: Vec<_> = states["cycles"].as_array().context("no cycles")?.iter().map(|cycle| cycle["state"].as_str()).collect();
    assert_eq!(states, [Some("draft"), Some("draft"), Some("open")]);
    // An event of a month that is closed is settled later, and a cycle that holds nothing can be drafted all the same.
    write(&data, "late.ndjson", usage("late").replace("2026-10", "2026-08"))?;
    data.ok(["meter", "late.ndjson", "--now", NOW])?;
    assert_eq!(data.json([&["settle", "draft"], &OCTOBER[..]].concat())?["gross"].as_str(), Some("1.749999750000"));
    let empty = data.json(["settle", "draft", "--mid", "mid_x", "--cycle", "2026-10", "--currency", "EUR"])?;
    assert_eq!((empty["gross"].as_str(), empty["lines"].as_array().map(Vec::len)), (Some("0.000000000000"), Some(0)));
    data.ok(["verify"])?;
    Ok(())
}

#[test]
fn a_statement_is_of_whoever_is_named_somewhere() -> Result<()> {
    let data = varied_books()?;
    let statement = |party: &'static str, cycle: &'static str| ["statement", party, "--cycle", cycle];
    assert!(data.ok(statement("pty_1", "2026-10"))?.contains("agr_a"));
    assert!(data.ok(statement("pty_1", "2026-09"))?.contains("Nothing was earned"));
    // Money in suspense has a statement too, although the registry knows no such work.
    assert!(data.ok(statement("wrk_unknown", "2026-10"))?.contains("suspense"));
    refused(&data, statement("wrk_unknown", "2026-09"), &["wrk_unknown", "2026-09"])?;
    refused(&data, statement("mid_x", "2026-10"), &["mid_x"])?;
    Ok(())
}
