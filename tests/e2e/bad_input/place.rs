//! Ledgers and archives that are not there, not ours, or not to be written to: a clear message, exit 2, nothing changed.

use super::{EVENT_UNITS, books, files, gross, meter, metering, refused, said, unprivileged, usage, write};
use crate::analysts::python;
use crate::support::{Data, binary, stderr};
use anyhow::{Context, Result, ensure};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

const CLOSE: [&str; 8] = ["settle", "close", "--mid", "mid_x", "--cycle", "2026-10", "--now", "2026-11-01T00:00:00Z"];

/// One command of each that reads books.
const READING: [&[&str]; 10] = [
    &["accruals"],
    &["registry", "versions"],
    &["settle", "status"],
    &["settle", "draft", "--mid", "mid_x", "--cycle", "2026-10"],
    &["statement", "pty_1", "--cycle", "2026-10"],
    &["dead-letters", "list"],
    &["dead-letters", "show", "1"],
    &["archive", "list"],
    &["archive", "check"],
    &["verify"],
];

/// One command of each that writes to them.
const WRITING: [&[&str]; 5] = [
    &["meter", "more.ndjson", "--now", super::NOW],
    &["dead-letters", "replay", "--all", "--now", super::NOW],
    &CLOSE,
    &["archive", "compact"],
    &["registry", "load", "more-registry.ndjson"],
];

/// Books with two events and a dead letter, and beside them something more for each command that writes.
fn busy_books() -> Result<Data> {
    let data = books()?;
    write(&data, "events.ndjson", format!("{}\n{}\nrubbish\n", usage("a"), usage("b")))?;
    assert_eq!(meter(&data, "events.ndjson", &[])?, [3, 2, 0, 1]);
    write(&data, "more.ndjson", usage("more"))?;
    write(&data, "more-registry.ndjson", r#"{"kind":"party","id":"pty_more","type":"person"}"#)?;
    Ok(data)
}

/// A command without `--data`, beside the books.
fn bare(data: &Data, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(data.path());
    command
}

fn bare_output(data: &Data, arguments: &[&str]) -> Result<Output> {
    Ok(bare(data, arguments).output()?)
}

/// Both events are there and nothing more, and all of it is whole.
fn nothing_lost(data: &Data) -> Result<()> {
    ensure!(gross(data)? == 2 * EVENT_UNITS, "something was lost or came in");
    data.ok(["archive", "check"])?;
    data.ok(["verify"])?;
    Ok(())
}

fn mode(path: impl AsRef<Path>, mode: u32) -> Result<()> {
    Ok(std::fs::set_permissions(path, Permissions::from_mode(mode))?)
}

#[test]
fn where_no_books_are_the_way_to_them_is_told() -> Result<()> {
    let data = Data::new()?;
    write(&data, "more.ndjson", usage("more"))?;
    for arguments in READING.iter().chain(&WRITING[..4]) {
        let output = bare_output(&data, &[arguments, &["--data", "nowhere"][..]].concat())?;
        // Whoever verifies does not want to start books, but has named others than they meant.
        let way_out: &[&str] = if *arguments == ["verify"] { &[] } else { &["farthing registry load FILE", "--data nowhere"] };
        said(&output, 2, &[&["nowhere/ledger.sqlite"], way_out].concat()).with_context(|| format!("{arguments:?}"))?;
        ensure!(!data.path().join("nowhere").exists(), "{arguments:?} made a folder");
    }
    said(&bare_output(&data, &["accruals"])?, 2, &["farthing-data/ledger.sqlite", "farthing registry load FILE"])?;
    Ok(())
}

#[test]
fn half_a_place_is_wrong_use() -> Result<()> {
    let data = busy_books()?;
    let (ledger, archive) = ("sqlite://books/ledger.sqlite", "file://books/archive");
    for (arguments, words) in [
        (&["accruals", "--ledger", ledger][..], &["name the books once", "--archive"][..]),
        (&["accruals", "--archive", archive], &["name the books once"]),
        (&["accruals", "--data", "books", "--ledger", ledger, "--archive", archive], &["name the books once"]),
        (&["accruals", "--config", "c.toml", "--data", "books"], &["c.toml", "cannot be read"]),
        (&["accruals", "--config", "c.toml", "--data", "books", "--ledger", ledger], &["name the books once"]),
        (&["accruals", "--data"], &["--data <DIR>"]),
    ] {
        said(&bare_output(&data, arguments)?, 2, words)?;
    }
    let output = bare_output(&data, &["accruals", "--ledger", ledger, "--archive", archive])?;
    assert_eq!(String::from_utf8(output.stdout)?, data.ok(["accruals"])?);
    Ok(())
}

#[test]
fn places_of_later_versions_are_told_from_wrong_ones() -> Result<()> {
    let data = busy_books()?;
    let before = files(data.path())?;
    let (ledger, archive) = ("sqlite://books/ledger.sqlite", "file://books/archive");
    for (ledger, archive, words) in [
        ("mysql://ana:secret@h/farthing", archive, &["mysql://ana:***@h/farthing", "this version", "sqlite://PATH"][..]),
        ("postgres://ana:secret@127.0.0.1:1/farthing", archive, &["postgres://ana:***@127.0.0.1:1/farthing", "not available", "refused"]),
        ("postgres://ana:secret@127.0.0.1:port/farthing", archive, &["postgres://ana:***@127.0.0.1:port/farthing", "cannot be opened"]),
        ("books/ledger.sqlite", archive, &["books/ledger.sqlite", "sqlite://PATH"]),
        ("sqlite://", archive, &["sqlite://PATH"]),
        ("", archive, &["sqlite://PATH"]),
        (ledger, "ftp://bucket/prefix", &["ftp://bucket/prefix", "this version", "file://DIR", "s3://BUCKET/PREFIX"]),
        (ledger, "books/archive", &["books/archive", "file://DIR"]),
        (ledger, "file://", &["file://DIR"]),
        (ledger, "file://nowhere", &["nowhere", "not there"]),
        ("sqlite://nowhere/ledger.sqlite", archive, &["nowhere/ledger.sqlite", "registry load"]),
        ("sqlite://books", archive, &["books", "cannot be opened"]),
    ] {
        let place = ["--ledger", ledger, "--archive", archive];
        said(&bare_output(&data, &[&["accruals"], &place[..]].concat())?, 2, words)?;
    }
    for place in [["mysql://localhost/farthing", archive], ["sqlite://new/ledger.sqlite", "ftp://bucket/prefix"]] {
        let load = ["registry", "load", "more-registry.ndjson", "--ledger", place[0], "--archive", place[1]];
        said(&bare_output(&data, &load)?, 2, &["this version"])?;
    }
    // Looking at a ledger may leave its shared memory beside it.
    let kept = |found: &std::collections::BTreeMap<String, Vec<u8>>| -> Vec<String> {
        found.keys().filter(|path| !path.contains("ledger.sqlite")).cloned().collect()
    };
    assert_eq!(kept(&before), kept(&files(data.path())?));
    ensure!(!data.path().join("new/ledger.sqlite").exists(), "a ledger was made for an archive that cannot be");
    nothing_lost(&data)
}

#[test]
fn a_configuration_file_works_or_says_what_is_wrong_with_it() -> Result<()> {
    let data = busy_books()?;
    let accruals = data.ok(["accruals"])?;
    for good in
        ["data = \"books\"", "# where\ndata = 'books'\n", "ledger = \"sqlite://books/ledger.sqlite\"\narchive = \"file://books/archive\""]
    {
        write(&data, "good.toml", good)?;
        let output = bare_output(&data, &["--config", "good.toml", "accruals"])?;
        ensure!(output.status.success(), "{good}: {}", stderr(&output));
        assert_eq!(String::from_utf8(output.stdout)?, accruals, "{good}");
    }
    let config = ["accruals", "--config", "wrong.toml"];
    said(&bare_output(&data, &config)?, 2, &["wrong.toml", "No such file"])?;
    for (wrong, words) in [
        ("", &["data, or ledger and archive"][..]),
        ("data = 7", &["line 1"]),
        ("data = \"books\"\nledgr = \"x\"", &["ledgr", "line 2"]),
        ("[ledger]\nurl = \"x\"", &["line 1", "expected a string"]),
        ("data = \"books\"\nledger = \"sqlite://x\"", &["data, or ledger and archive"]),
        ("ledger = \"sqlite://x\"", &["data, or ledger and archive"]),
        ("data = \"books", &["line 1"]),
        ("{\"data\":\"books\"}", &["line 1"]),
        ("data = \"nowhere\"", &["nowhere/ledger.sqlite"]),
        ("ledger = \"mysql://u:secret@h/d\"\narchive = \"file://books/archive\"", &["mysql://u:***@h/d", "this version"]),
    ] {
        write(&data, "wrong.toml", wrong)?;
        said(&bare_output(&data, &config)?, 2, words).with_context(|| wrong.to_owned())?;
    }
    std::fs::write(data.path().join("wrong.toml"), b"data = \"\xff\"")?;
    said(&bare_output(&data, &config)?, 2, &["wrong.toml"])?;
    Ok(())
}

/// Every command refuses these books with these words, and leaves the ledger's file as it is.
fn refuse_all(data: &Data, words: &[&str]) -> Result<()> {
    let before = std::fs::read(data.ledger())?;
    for arguments in READING.iter().chain(&WRITING) {
        let output = data.run(*arguments)?;
        let told = format!("{}{}", stderr(&output), String::from_utf8_lossy(&output.stdout));
        let expected = if *arguments == ["verify"] { &[1, 2][..] } else { &[2] };
        ensure!(
            output.status.code().is_some_and(|code| expected.contains(&code)),
            "{arguments:?}: exit {:?}: {told}",
            output.status.code()
        );
        for word in words {
            ensure!(told.contains(word), "{arguments:?}: {word:?} is not in: {told}");
        }
    }
    ensure!(std::fs::read(data.ledger())? == before, "the ledger's file was changed");
    Ok(())
}

/// Without what a ledger has beside its file while it is in use.
fn alone(data: &Data) -> Result<()> {
    for end in ["-wal", "-shm"] {
        let path = format!("{}{end}", data.ledger().display());
        if Path::new(&path).exists() {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[test]
fn a_ledger_of_other_bytes_is_refused_and_left_alone() -> Result<()> {
    let data = busy_books()?;
    let archive = files(&data.archive())?;
    alone(&data)?;
    std::fs::write(data.ledger(), b"these are no books\n".repeat(500))?;
    refuse_all(&data, &["ledger.sqlite", "not a database"])?;
    assert!(files(&data.archive())? == archive, "the archive changed");
    Ok(())
}

#[test]
fn a_ledger_of_a_later_version_is_refused_and_left_alone() -> Result<()> {
    let data = busy_books()?;
    alone(&data)?;
    python::run("bad_input/later_schema.py", &[&data.ledger().display().to_string()])?;
    refuse_all(&data, &["newer version"])
}

/// A ledger that was emptied, or is another one by a slip of the pen, knows nothing of what its archive holds. It must not take the
/// archive for its own: what no manifest of *that* ledger names would be swept up as the leftover of a crash.
#[test]
fn a_ledger_beside_the_archive_of_another_is_refused_and_the_archive_is_whole() -> Result<()> {
    let data = busy_books()?;
    let archive = files(&data.archive())?;
    let place = ["--ledger", "sqlite://other.sqlite", "--archive", "file://books/archive"];
    bare_output(&data, &[&["registry", "load", "registry.ndjson"], &place[..]].concat())?;
    bare_output(&data, &[&metering(&["more.ndjson"]), &place[..]].concat())?;
    let after = files(&data.archive())?;
    let lost: Vec<&String> = archive.keys().filter(|path| !after.contains_key(*path)).collect();
    assert!(lost.is_empty(), "another ledger's metering removed {lost:?}");
    nothing_lost(&data)
}

#[test]
fn an_emptied_ledger_beside_a_full_archive_is_not_taken_for_a_new_one() -> Result<()> {
    let data = busy_books()?;
    let archive = files(&data.archive())?;
    alone(&data)?;
    std::fs::write(data.ledger(), b"")?;
    let output = data.run(["verify"])?;
    assert_ne!(output.status.code(), Some(0), "verified: {}", String::from_utf8_lossy(&output.stdout));
    refused(&data, ["accruals"], &["ledger"])?;
    data.run(["registry", "load", "registry.ndjson"])?;
    data.run(metering(&["more.ndjson"]))?;
    let after = files(&data.archive())?;
    assert!(archive.keys().all(|path| after.contains_key(path)), "the archive's files were removed");
    Ok(())
}

/// A crash leaves at most one manifest that the ledger does not know. More of them say that the ledger has lost what it once promised.
#[test]
fn a_ledger_put_back_from_an_old_copy_is_not_verified() -> Result<()> {
    let data = busy_books()?;
    let old = std::fs::read(data.ledger())?;
    ensure!(!Path::new(&format!("{}-wal", data.ledger().display())).exists(), "the copy is not the whole ledger");
    for arguments in [WRITING[4], WRITING[0], &CLOSE] {
        data.ok(arguments)?;
    }
    alone(&data)?;
    std::fs::write(data.ledger(), old)?;
    let output = data.run(["verify"])?;
    ensure!(output.status.code() == Some(1), "exit {:?}: {}", output.status.code(), String::from_utf8_lossy(&output.stdout));
    Ok(())
}

#[test]
fn a_ledger_that_is_read_only_can_be_read_and_not_written() -> Result<()> {
    let data = busy_books()?;
    alone(&data)?;
    mode(data.ledger(), 0o444)?;
    for arguments in &WRITING {
        let output = unprivileged(&data, data.command(*arguments))?;
        let text = said(&output, 2, &["because"]).with_context(|| format!("{arguments:?}"))?;
        ensure!(text.contains("readonly") || text.contains("read-only"), "{arguments:?}: {text}");
    }
    let output = unprivileged(&data, data.command(["accruals"]))?;
    ensure!(output.status.success(), "{}", stderr(&output));
    mode(data.ledger(), 0o644)?;
    nothing_lost(&data)?;
    data.ok(WRITING[0])?;
    Ok(())
}

#[test]
fn a_folder_that_is_read_only_is_named() -> Result<()> {
    let data = busy_books()?;
    alone(&data)?;
    unprivileged(&data, data.command(["accruals"]))?;
    alone(&data)?;
    mode(data.books(), 0o555)?;
    for arguments in READING.iter().chain(&WRITING) {
        let output = unprivileged(&data, data.command(*arguments))?;
        if !WRITING.contains(arguments) && output.status.success() {
            continue;
        }
        let told = format!("{}{}", stderr(&output), String::from_utf8_lossy(&output.stdout));
        ensure!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {told}");
        let named = ["readonly", "read-only", "Permission denied"].iter().any(|words| told.contains(words));
        ensure!(named, "{arguments:?}: {told}");
    }
    mode(data.books(), 0o755)?;
    nothing_lost(&data)
}

#[test]
fn a_folder_that_may_not_be_entered_is_not_taken_for_an_empty_one() -> Result<()> {
    let data = busy_books()?;
    unprivileged(&data, data.command(["accruals"]))?;
    mode(data.books(), 0o000)?;
    for arguments in [READING[0], WRITING[4]] {
        let output = unprivileged(&data, data.command(arguments))?;
        let text = said(&output, 2, &["books"])?;
        ensure!(text.contains("ermission denied"), "{arguments:?} does not say that it may not look: {text}");
    }
    mode(data.books(), 0o755)?;
    nothing_lost(&data)
}

#[test]
fn an_archive_that_is_read_only_loses_nothing() -> Result<()> {
    let data = busy_books()?;
    unprivileged(&data, data.command(["accruals"]))?;
    let archive = data.archive().display().to_string();
    let modes = |to: &str| Command::new("chmod").args(["-R", to, &archive]).status().map(drop);
    modes("a-w")?;
    for arguments in [WRITING[0], WRITING[2], WRITING[4]] {
        let output = unprivileged(&data, data.command(arguments))?;
        said(&output, 2, &["archive", "Permission denied"]).with_context(|| format!("{arguments:?}"))?;
    }
    modes("u+w")?;
    nothing_lost(&data)?;
    assert_eq!(meter(&data, "more.ndjson", &[])?, [1, 1, 0, 0]);
    data.ok(CLOSE)?;
    data.ok(["verify"])?;
    Ok(())
}

#[test]
fn an_archive_that_vanished_is_missed_and_all_is_well_when_it_is_back() -> Result<()> {
    let data = busy_books()?;
    let away = data.path().join("away");
    std::fs::rename(data.archive(), &away)?;
    refuse_all(&data, &["archive is not there"])?;
    ensure!(!data.archive().exists(), "a new archive was made in its place");
    // What an unmounted disk leaves is an empty folder.
    std::fs::create_dir(data.archive())?;
    for arguments in READING.iter().chain(&WRITING).filter(|arguments| !reads_the_ledger_alone(arguments)) {
        let output = data.run(*arguments)?;
        let told = format!("{}{}", stderr(&output), String::from_utf8_lossy(&output.stdout));
        ensure!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {told}");
        ensure!(told.contains("missing from the archive") || told.contains("lacks"), "{arguments:?}: {told}");
    }
    let made = files(&data.archive())?;
    ensure!(made.is_empty(), "written into the empty folder: {:?}", made.keys());
    std::fs::remove_dir_all(data.archive())?;
    std::fs::rename(&away, data.archive())?;
    nothing_lost(&data)?;
    assert_eq!(meter(&data, "more.ndjson", &[])?, [1, 1, 0, 0]);
    Ok(())
}

/// What needs nothing of the archive may answer without it.
fn reads_the_ledger_alone(arguments: &[&str]) -> bool {
    matches!(arguments, ["registry", "versions"] | ["dead-letters", "list" | "show", ..] | ["archive", "list"])
}

/// A disk that takes no more than so many KiB in any one file: writing fails at ever other places, in the archive and in the ledger.
#[test]
fn a_full_disk_loses_nothing_and_the_same_command_goes_on() -> Result<()> {
    let data = busy_books()?;
    let text: String = (0..300).map(|number| usage(&format!("disk-{number}")) + "\nrubbish\n").collect();
    write(&data, "disk.ndjson", text)?;
    let mut failures = 0;
    for kib in [0, 1, 2, 4, 8, 24, 48, 72, 80, 88, 96, 128] {
        // Whoever ignores the signal is told by the write that it failed, as a full disk tells.
        let limited = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
        let mut command = Command::new("bash");
        command.arg("-c").arg(limited).arg(binary()).args(metering(&["disk.ndjson", "--batch-events", "100"]));
        let output = command.arg("--data").arg(data.books()).current_dir(data.path()).output()?;
        if output.status.success() {
            break;
        }
        failures += 1;
        said(&output, 2, &["because"]).with_context(|| format!("{kib} KiB"))?;
        data.ok(["verify"]).with_context(|| format!("after a disk full at {kib} KiB"))?;
    }
    ensure!(failures > 5, "only {failures} writes failed");
    assert_eq!(meter(&data, "disk.ndjson", &[])?, [600, 300, 0, 300]);
    ensure!(gross(&data)? == 302 * EVENT_UNITS, "something was lost or counted twice");
    ensure!(data.json(["archive", "check"])?["leftovers"] == 0, "leftovers of what failed are still there");
    data.ok(["verify"])?;
    Ok(())
}
