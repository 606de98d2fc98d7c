//! A store that fails for a while, throttles, cuts connections and loses its answers.

use crate::crash::child::Running;
use crate::crash::scene::{Scene, expected, expected_of_life, life, meter, refused, same, words};
use crate::dice::Dice;
use crate::services::proxy::{Fault, Proxy, Request};
use crate::services::s3;
use crate::support::{Data, stderr};
use anyhow::{Result, ensure};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Books behind a proxy.
fn behind(proxy: &Proxy) -> Result<Scene> {
    let scene = Scene::bare_in(Data::in_bucket(&proxy.endpoint)?)?;
    scene.ok(&words("registry load registry.ndjson"))?;
    Ok(scene)
}

/// Every third request fails, in every way in its turn.
fn often(request: &Request) -> Option<Fault> {
    let faults = [Fault::Answer(503, "SlowDown"), Fault::Cut, Fault::AnswerLost, Fault::Answer(500, "InternalError"), Fault::HalfAnswer];
    let turn = usize::try_from(request.number / 3).unwrap_or(0);
    request.number.is_multiple_of(3).then(|| faults[turn % faults.len()])
}

#[test]
fn a_store_that_often_fails_changes_nothing() -> Result<()> {
    let proxy = Proxy::new(often);
    let scene = Scene::bare_in(Data::in_bucket(&proxy.endpoint)?)?;
    for words in life(100) {
        scene.ok(&words)?;
    }
    ensure!(proxy.faults() > 50, "only {} faults", proxy.faults());
    same(&scene.outcome_of_life()?, expected_of_life()?, "a store that often fails")?;
    ensure!(scene.unnamed()?.is_empty(), "left behind: {:?}", scene.unnamed()?);
    Ok(())
}

/// All puts are done, and their answers are lost: the same bytes under the same name are no conflict.
#[test]
fn a_put_whose_answer_is_lost_is_done_once() -> Result<()> {
    let lost = AtomicBool::new(false);
    let proxy = Proxy::new(move |request| {
        let put = request.method == "PUT";
        (put && !lost.fetch_xor(true, Ordering::Relaxed)).then_some(Fault::AnswerLost)
    });
    let scene = behind(&proxy)?;
    scene.ok(&meter(100))?;
    ensure!(proxy.faults() > 5, "only {} answers were lost", proxy.faults());
    same(&scene.outcome()?, expected()?, "answers that were lost")?;
    ensure!(scene.unnamed()?.is_empty(), "left behind: {:?}", scene.unnamed()?);
    Ok(())
}

/// Away for some seconds in the middle of metering: the same process goes on.
#[test]
fn a_store_that_is_away_for_a_while_is_waited_for() -> Result<()> {
    let away = Arc::new(AtomicBool::new(false));
    let seen = away.clone();
    let proxy = Proxy::new(move |_| seen.load(Ordering::Relaxed).then_some(Fault::Answer(503, "SlowDown")));
    let scene = behind(&proxy)?;
    let mut command = scene.command(&meter(60));
    let mut running = Running::start(command.env("FAILPOINTS", "usage-written=1*off->1*sleep(500)"))?;
    running.wait_until_still()?;
    away.store(true, Ordering::Relaxed);
    ensure!(!running.ends_within(Duration::from_secs(4))?, "it did not wait");
    away.store(false, Ordering::Relaxed);
    let output = running.output()?;
    ensure!(output.status.success() && proxy.faults() > 2, "{} faults: {}", proxy.faults(), stderr(&output));
    same(&scene.outcome()?, expected()?, "away for a while")
}

/// Patience ends with a message that names the object, the service, the cause and the way on; and the next process goes on.
#[test]
fn a_store_that_stays_away_ends_metering_in_order() -> Result<()> {
    for fault in [Fault::Answer(503, "SlowDown"), Fault::Cut] {
        let away = Arc::new(AtomicBool::new(false));
        let seen = away.clone();
        let proxy = Proxy::new(move |request| (seen.load(Ordering::Relaxed) && request.method == "PUT").then_some(fault));
        let scene = behind(&proxy)?;
        fs::write(scene.data.path().join("short.toml"), "[s3]\npatience_seconds = 2\n")?;
        away.store(true, Ordering::Relaxed);
        let (clock, mut impatient) = (Instant::now(), meter(60));
        impatient.extend(words("--config short.toml"));
        let output = scene.run(&impatient)?;
        let url = scene.data.bucket().url();
        refused(&output, &["metering stopped", "same command goes on", &url, &proxy.endpoint, "once it is well again"])?;
        ensure!(fault == Fault::Cut || stderr(&output).contains("503 Service Unavailable, SlowDown"), "{}", stderr(&output));
        ensure!(clock.elapsed() < Duration::from_secs(40), "it took {:?}", clock.elapsed());
        away.store(false, Ordering::Relaxed);
        scene.ok(&meter(60))?;
        same(&scene.outcome()?, expected()?, "away for too long")?;
    }
    Ok(())
}

/// Stores that do not know the condition are asked before each put.
#[test]
fn without_conditional_puts_nothing_is_overwritten_either() -> Result<()> {
    let proxy = Proxy::new(often);
    let scene = behind(&proxy)?;
    fs::write(scene.data.path().join("plain.toml"), "[s3]\nconditional_puts = false\n")?;
    let mut plain = meter(100);
    plain.extend(words("--config plain.toml"));
    scene.ok(&plain)?;
    same(&scene.outcome()?, expected()?, "without conditions")
}

/// Objects beyond the size of a part go up in parts, each of which may fail; an upload that fails for good is given up and leaves no parts.
#[test]
fn large_objects_go_up_in_parts() -> Result<()> {
    let (broken, parts) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let (seen, counted) = (broken.clone(), parts.clone());
    let proxy = Proxy::new(move |request| {
        let part = request.path.contains("partNumber=2");
        counted.fetch_add(u32::from(part), Ordering::Relaxed);
        if seen.load(Ordering::Relaxed) { part.then_some(Fault::Answer(500, "InternalError")) } else { often(request) }
    });
    let scene = behind(&proxy)?;
    fs::write(scene.data.path().join("parts.toml"), "[s3]\npart_mib = 5\npatience_seconds = 2\n")?;
    fs::write(scene.data.path().join("large.ndjson"), large())?;
    let line = words("meter large.ndjson --now 2026-11-05T00:00:00Z --config parts.toml");
    refused(&scene.run(&line)?, &["metering stopped", "500 Internal Server Error, InternalError"])?;
    let uploads = || s3::server().request("GET", &format!("/{}?uploads", scene.data.bucket().name), "");
    ensure!(parts.load(Ordering::Relaxed) > 1 && !uploads()?.contains("<UploadId>"), "parts were left: {}", uploads()?);
    broken.store(false, Ordering::Relaxed);
    fs::write(scene.data.path().join("parts.toml"), "[s3]\npart_mib = 5\npatience_seconds = 60\n")?;
    scene.ok(&line)?;
    ensure!(scene.unnamed()?.is_empty(), "left behind: {:?}", scene.unnamed()?);
    scene.sound()
}

/// Events whose evidence takes more than two parts: their identities cannot be compressed.
fn large() -> String {
    let mut dice = Dice::new(0x1A26E);
    let mut text = String::new();
    for number in 0..80_000 {
        let noise: String = (0..16).map(|_| format!("{:012x}", dice.below(1 << 48))).collect();
        text += &format!(
            r#"{{"specversion":"1.0","id":"{number}-{noise}","source":"//s","type":"farthing.usage.inference.v1","time":"2026-10-03T09:12:44Z","data":{{"platform":"plt_red","revenue":{{"amount":"1","currency":"USD"}},"attribution":{{"kind":"share","entries":[{{"party":"pty_00","weight":1}}]}}}}}}"#
        );
        text.push('\n');
    }
    text
}
