//! kill -9 at random instants, and on.

use super::child::Running;
use super::scene::{Scene, expected, expected_of_life, life, meter, same};
use crate::dice::Dice;
use crate::support::{also_on_postgres, also_on_s3, slow};
use anyhow::Result;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Batch sizes from many commits to few.
const BATCHES: [u64; 4] = [7, 23, 61, 200];
/// After so many kills a life is left to finish.
const KILLS_A_LIFE: u64 = 5;

fn kills_wanted() -> u64 {
    if slow() { 300 } else { 30 }
}

/// How long the undisturbed command takes here and now, measured again whenever it is asked for anew.
fn measured(times: &mut BTreeMap<u64, Duration>, batch: u64) -> Result<Duration> {
    if let Some(time) = times.get(&batch) {
        return Ok(*time);
    }
    let scene = Scene::new()?;
    let clock = Instant::now();
    scene.ok(&meter(batch))?;
    times.insert(batch, clock.elapsed());
    Ok(clock.elapsed())
}

/// A random part of a time.
fn part(dice: &mut Dice, whole: Duration) -> Duration {
    let micros = u64::try_from(whole.as_micros()).unwrap_or(u64::MAX).max(1);
    Duration::from_micros(dice.below(micros))
}

#[test]
fn killed_at_random_instants_metering_goes_on_to_the_same_result() {
    let mut dice = Dice::new(0xFA57);
    let mut times = BTreeMap::new();
    let (mut kills, mut life) = (0, 0);
    while kills < kills_wanted() {
        life += 1;
        let batch = *dice.pick(&BATCHES);
        let whole = measured(&mut times, batch).unwrap();
        let scene = Scene::new().unwrap();
        let mut delays = Vec::new();
        for _ in 0..KILLS_A_LIFE {
            let delay = part(&mut dice, whole);
            let mut running = Running::start(&mut scene.command(&meter(batch))).unwrap();
            if running.ends_within(delay).unwrap() {
                break;
            }
            running.kill_9().unwrap();
            delays.push(delay);
            kills += 1;
        }
        let story = format!("life {life}, batches of {batch}, killed after {delays:?}");
        let output = scene.run(&meter(batch)).unwrap();
        assert!(output.status.success(), "{story}: {output:?}");
        same(&scene.outcome().unwrap(), expected().unwrap(), &story).unwrap();
    }
}

/// The other commands, too: loading, replaying, compacting, closing and drafting, each killed now and then.
#[test]
fn killed_at_random_instants_a_whole_life_comes_to_the_same_result() {
    let mut dice = Dice::new(0x11FE);
    for number in 0..if slow() { 40 } else { 2 } {
        let scene = Scene::bare().unwrap();
        let mut story = format!("life {number}:");
        for words in life(*dice.pick(&BATCHES[1..])) {
            for _ in 0..3 {
                // Most commands but metering take some tens of milliseconds.
                let delay = part(&mut dice, Duration::from_millis(70));
                let mut running = Running::start(&mut scene.command(&words)).unwrap();
                if running.ends_within(delay).unwrap() {
                    break;
                }
                running.kill_9().unwrap();
                story += &format!(" {} killed after {delay:?};", words.join(" "));
            }
            let output = scene.run(&words).unwrap();
            assert!(output.status.success(), "{story} then {words:?}: {output:?}");
        }
        same(&scene.outcome_of_life().unwrap(), expected_of_life().unwrap(), &story).unwrap();
    }
}

also_on_postgres!(
    killed_at_random_instants_metering_goes_on_to_the_same_result,
    killed_at_random_instants_a_whole_life_comes_to_the_same_result
);

also_on_s3!(killed_at_random_instants_a_whole_life_comes_to_the_same_result);
