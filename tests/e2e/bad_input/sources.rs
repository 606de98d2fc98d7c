//! Sources that break off, are not what they are named, or cannot be read; and a flood of poison.

use super::{EVENT_UNITS, NOW, books, counts, gross, letters, meter, metering, raw, refused, said, shortened, unprivileged, usage, write};
use crate::support::Data;
use anyhow::{Context, Result, ensure};
use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// So many lines, each an event of its own.
fn events(prefix: &str, count: usize) -> String {
    (0..count).map(|number| usage(&format!("{prefix}-{number}")) + "\n").collect()
}

fn gzip(original: &str) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(original.as_bytes())?;
    Ok(encoder.finish()?)
}

fn zstd(original: &str) -> Result<Vec<u8>> {
    Ok(zstd::encode_all(original.as_bytes(), 1)?)
}

/// What can be read of a compressed file that is cut.
fn readable(name: &str, cut: &[u8]) -> Result<Vec<u8>> {
    let mut reader: Box<dyn Read + '_> = match name.rsplit('.').next() {
        Some("gz") => Box::new(flate2::read::GzDecoder::new(cut)),
        _ => Box::new(zstd::Decoder::new(cut)?),
    };
    let (mut readable, mut buffer) = (Vec::new(), [0; 7]);
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        readable.extend(&buffer[..count]);
    }
    Ok(readable)
}

/// Meters a file of 600 events that is cut there, twice, and then as it should be: each event once.
fn cut(data: &Data, name: &str, pack: fn(&str) -> Result<Vec<u8>>, at: impl Fn(usize) -> usize) -> Result<usize> {
    let original = events(name, 600);
    let packed = pack(&original)?;
    let at = at(packed.len());
    let whole_lines = readable(name, &packed[..at])?.iter().filter(|byte| **byte == b'\n').count();
    let before = gross(data)?;
    let metered = |events: usize| -> Result<()> {
        let found = gross(data)? - before;
        ensure!(found == EVENT_UNITS * i128::try_from(events)?, "{name} cut at {at}: {found} units for {events} events");
        Ok(())
    };
    write(data, name, &packed[..at])?;
    for _ in 0..2 {
        refused(data, metering(&[name]), &[name, "byte "])?;
        metered(whole_lines)?;
    }
    write(data, name, &packed)?;
    for _ in 0..2 {
        assert_eq!(meter(data, name, &[])?, [600, 600, 0, 0], "{name} cut at {at}, then whole");
        metered(600)?;
    }
    Ok(whole_lines)
}

/// Cuts from the first byte to the last, of which some leave nothing to be read and some all.
fn cuts(kind: &str, pack: fn(&str) -> Result<Vec<u8>>) -> Result<()> {
    let data = books()?;
    let mut partial = 0;
    for (number, at) in [1, 9, 12].into_iter().enumerate() {
        cut(&data, &format!("head-{number}.{kind}"), pack, |_| at)?;
    }
    for tenth in [2, 5, 8] {
        let lines = cut(&data, &format!("tenth-{tenth}.{kind}"), pack, |length| length * tenth / 10)?;
        partial += usize::from((1..600).contains(&lines));
    }
    for left in [1, 8] {
        cut(&data, &format!("tail-{left}.{kind}"), pack, |length| length - left)?;
    }
    ensure!(partial > 0, "no cut left some events and not others");
    ensure!(letters(&data)?.is_empty(), "half a line was taken for a whole one");
    data.ok(["verify"])?;
    Ok(())
}

#[test]
fn a_cut_gzip_gives_its_whole_lines_and_goes_on_when_it_is_whole() -> Result<()> {
    cuts("gz", gzip)
}

#[test]
fn a_cut_zstd_gives_its_whole_lines_and_goes_on_when_it_is_whole() -> Result<()> {
    cuts("zst", zstd)
}

#[test]
fn members_one_behind_another_are_one_file_and_junk_is_named() -> Result<()> {
    let data = books()?;
    let (one, two) = (events("one", 10), events("two", 10));
    write(&data, "members.gz", [gzip(&one)?, gzip(&two)?].concat())?;
    assert_eq!(meter(&data, "members.gz", &[])?, [20, 20, 0, 0]);
    write(&data, "frames.zst", [zstd(&one)?, zstd(&events("three", 10))?].concat())?;
    assert_eq!(meter(&data, "frames.zst", &[])?, [20, 10, 10, 0]);
    for (name, mut packed) in [("flipped.gz", gzip(&events("flipped-gz", 600))?), ("flipped.zst", zstd(&events("flipped-zst", 600))?)] {
        let middle = packed.len() / 2;
        packed[middle] ^= 1;
        write(&data, name, &packed)?;
        refused(&data, metering(&[name]), &[name, "byte "])?;
    }
    for (name, packed) in [("junk.gz", gzip(&one)?), ("junk.zst", zstd(&one)?)] {
        write(&data, name, [&packed[..], b"junk"].concat())?;
        refused(&data, metering(&[name]), &[name, "byte "])?;
    }
    Ok(())
}

#[test]
fn what_is_not_compressed_is_not_taken_for_it() -> Result<()> {
    let data = books()?;
    let text = events("plain", 5);
    for (name, content) in
        [("plain.ndjson.gz", text.as_bytes()), ("plain.ndjson.zst", text.as_bytes()), ("empty.gz", b""), ("empty.zst", b"")]
    {
        write(&data, name, content)?;
        let output = data.run(metering(&[name]))?;
        // An empty file says nothing wrong; it may be one that is still to be written.
        if content.is_empty() && output.status.success() {
            continue;
        }
        said(&output, 2, &[name, "byte 0"])?;
    }
    write(&data, "packed.ndjson", gzip(&text)?)?;
    let found = meter(&data, "packed.ndjson", &[])?;
    ensure!(found[1] < 5 && found[3] > 0, "gzip under a plain name: {found:?}");
    Ok(())
}

#[test]
fn a_source_that_cannot_be_read_is_named_and_nothing_is_metered() -> Result<()> {
    let data = books()?;
    std::fs::create_dir(data.path().join("folder.ndjson"))?;
    write(&data, "good.ndjson", events("good", 3))?;
    write(&data, "secret.ndjson", events("secret", 3))?;
    let none = || -> Result<()> {
        ensure!(gross(&data)? == 0, "something was metered");
        Ok(())
    };
    for (source, words) in [
        ("missing.ndjson", &["missing.ndjson", "No such file"][..]),
        ("folder.ndjson", &["folder.ndjson", "folder"]),
        ("kafka://localhost:9092", &["kafka://localhost:9092", "kafka://HOST:PORT"]),
        ("good.ndjson/more", &["good.ndjson/more", "Not a directory"]),
        ("", &["cannot be opened"]),
    ] {
        refused(&data, metering(&[source]), words)?;
        none()?;
        refused(&data, metering(&["good.ndjson", source]), words)?;
        none()?;
    }
    std::fs::set_permissions(data.path().join("secret.ndjson"), Permissions::from_mode(0o000))?;
    let output = unprivileged(&data, data.command(metering(&["good.ndjson", "secret.ndjson"])))?;
    said(&output, 2, &["secret.ndjson", "Permission denied"])?;
    none()?;
    assert_eq!(meter(&data, "good.ndjson", &[])?, [3, 3, 0, 0]);
    Ok(())
}

/// A pipe with a name is read once only: it is metered, or refused with the way to do it, but must not hang or lose its beginning.
#[test]
fn a_named_pipe_neither_hangs_nor_loses_events() -> Result<()> {
    let data = books()?;
    let pipe = data.path().join("pipe.ndjson");
    ensure!(Command::new("mkfifo").arg(&pipe).status()?.success(), "no pipe was made");
    let mut child = data.command(metering(&["pipe.ndjson"])).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    // Opened for both, a pipe can be opened and written to although nobody reads it.
    let mut writer = File::options().read(true).write(true).open(&pipe)?;
    writer.write_all(events("piped", 20).as_bytes())?;
    let start = Instant::now();
    // The end of a pipe is where its last writer leaves it.
    while child.try_wait()?.is_none() && start.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(writer);
    while child.try_wait()?.is_none() {
        if start.elapsed() > Duration::from_secs(5) {
            child.kill()?;
            child.wait()?;
            anyhow::bail!("metering a named pipe hangs");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        said(&output, 2, &["pipe.ndjson"])?;
        return Ok(());
    }
    ensure!(gross(&data)? == 20 * EVENT_UNITS, "events of a named pipe are lost");
    Ok(())
}

#[test]
fn a_file_that_became_another_is_refused() -> Result<()> {
    let data = books()?;
    let text = events("a", 20);
    write(&data, "a.ndjson", &text)?;
    assert_eq!(meter(&data, "a.ndjson", &[])?, [20, 20, 0, 0]);
    write(&data, "a.ndjson", events("b", 20))?;
    refused(&data, metering(&["a.ndjson"]), &["a.ndjson", "begins differently", "another name"])?;
    // Long enough to be known again, too short to go on.
    write(&data, "a.ndjson", &text[..text.len() - 1000])?;
    refused(&data, metering(&["a.ndjson"]), &["a.ndjson", "ends at byte", "cut or replaced"])?;
    write(&data, "a.ndjson", &text[..10])?;
    refused(&data, metering(&["a.ndjson"]), &["a.ndjson", "ends at byte 10"])?;
    write(&data, "a.ndjson", text + &events("c", 2))?;
    assert_eq!(meter(&data, "a.ndjson", &[])?, [22, 22, 0, 0]);
    data.ok(["verify"])?;
    Ok(())
}

/// What a broken source before or between good ones costs: what stands before it is metered, and the next run goes on.
#[test]
fn a_broken_source_among_good_ones_stops_the_run_and_loses_nothing() -> Result<()> {
    let data = books()?;
    let (one, cut, two) = (events("one", 50), events("cut", 600), events("two", 50));
    let packed = gzip(&cut)?;
    write(&data, "1.ndjson", &one)?;
    write(&data, "2.ndjson.gz", &packed[..packed.len() / 2])?;
    write(&data, "3.ndjson", &two)?;
    let all = metering(&["1.ndjson", "2.ndjson.gz", "3.ndjson"]);
    refused(&data, &all, &["2.ndjson.gz", "byte "])?;
    write(&data, "2.ndjson.gz", &packed)?;
    assert_eq!(counts(&data.json(&all)?)?, [700, 700, 0, 0]);
    assert_eq!(gross(&data)?, 700 * EVENT_UNITS);
    Ok(())
}

/// The most memory that a running process ever held, in KiB; none once it has ended.
fn peak_kib(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Runs a command to its end; the most memory it was seen to hold, and how long it took.
fn watched(data: &Data, arguments: &[&str]) -> Result<(u64, Duration)> {
    let start = Instant::now();
    let mut child = data.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peak = 0;
    loop {
        peak = peak.max(peak_kib(&child).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "{arguments:?}: {status}");
            return Ok((peak, start.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A deployment gone wrong sends nothing but rubbish: it is all kept, in moderate memory and time, and what is good goes on.
#[test]
fn a_flood_of_poison_is_kept_and_stops_nothing() -> Result<()> {
    const FLOOD: usize = 20_000;
    let data = books()?;
    let line = |number: usize| usage(&format!("flood-{number}")).replace("\"1.5\"", "1.5");
    let text: String = (0..FLOOD).map(|number| line(number) + "\n").collect();
    write(&data, "flood.ndjson", text + &events("good", 10))?;
    let (peak, time) = watched(&data, &metering(&["flood.ndjson"]))?;
    ensure!(peak < 400 << 10, "{peak} KiB for a flood of poison");
    ensure!(time < Duration::from_secs(60), "{time:?} for a flood of poison");
    assert_eq!(meter(&data, "flood.ndjson", &[])?, [FLOOD as u64 + 10, 10, 0, FLOOD as u64]);
    let kept = letters(&data)?;
    assert_eq!(kept.len(), FLOOD);
    for number in [0, 1, 9_999, FLOOD - 1] {
        let letter = kept.get(number).with_context(|| number.to_string())?;
        assert_eq!((letter["code"].as_str(), letter["number"].as_u64()), (Some("bad_amount"), Some(number as u64 + 1)));
        assert_eq!(raw(&data, &letter["number"])?, line(number).into_bytes(), "{letter}");
    }
    // All of them again, as they are: each is rejected again and none is lost.
    let (peak, _) = watched(&data, &["dead-letters", "replay", "--all", "--now", NOW])?;
    ensure!(peak < 400 << 10, "{peak} KiB for replaying a flood of poison");
    let kept = letters(&data)?;
    let waiting = kept.iter().filter(|letter| letter["replayed_in"].is_null()).count();
    assert_eq!((kept.len(), waiting), (2 * FLOOD, FLOOD));
    assert_eq!(gross(&data)?, 10 * EVENT_UNITS);
    Ok(())
}

/// What is piped has no name and no end that could be wrong; a batch behind a bad line is metered all the same.
#[test]
fn standard_input_takes_bad_lines_as_files_do() -> Result<()> {
    let data = books()?;
    let input = format!("rubbish\n{}\n\n{}", usage("a"), usage("torn").split_at(50).0);
    let mut arguments = metering(&["-"]);
    arguments.push("--json");
    for expected in [[3, 1, 0, 2], [3, 0, 1, 2]] {
        let mut child = data.command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{}", shortened(&output.stderr));
        assert_eq!(counts(&serde_json::from_slice(&output.stdout)?)?, expected);
    }
    assert_eq!(letters(&data)?.len(), 4);
    Ok(())
}
