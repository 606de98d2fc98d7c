//! Tasks on several threads, their results in order.

use anyhow::anyhow;
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

/// Does the tasks on so many threads; on the calling one `take` gets the results in the order of the tasks, while others are still done.
pub fn side_by_side<T: Send, R: Send>(
    tasks: Vec<T>,
    threads: usize,
    work: impl Fn(T) -> anyhow::Result<R> + Sync,
    mut take: impl FnMut(R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let with_result = |task| {
        let (sender, result) = sync_channel(1);
        ((task, sender), result)
    };
    let (tasks, results): (Vec<_>, Vec<_>) = tasks.into_iter().map(with_result).unzip();
    let tasks = Mutex::new(tasks.into_iter());
    let next = || tasks.lock().ok()?.next();
    let worker = || {
        while let Some((task, result)) = next() {
            // Nobody listens after a failure.
            if result.send(work(task)).is_err() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let failed = |_| anyhow!("a thread has failed at its task");
        let done = results.into_iter().try_for_each(|result| take(result.recv().map_err(failed)??));
        // One that has panicked was noticed by what it did not send.
        workers.into_iter().for_each(|worker| drop(worker.join()));
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::ensure;
    use std::time::Duration;

    fn check(tasks: u64, threads: usize, work: impl Fn(u64) -> anyhow::Result<u64> + Sync) -> anyhow::Result<Vec<u64>> {
        let mut taken = Vec::new();
        side_by_side((0..tasks).collect(), threads, work, |result| {
            taken.push(result);
            Ok(())
        })?;
        Ok(taken)
    }

    #[test]
    fn results_come_in_the_order_of_the_tasks() {
        for (tasks, threads) in [(0, 2), (1, 3), (40, 1), (40, 4)] {
            let slow_at_first = |task: u64| {
                std::thread::sleep(Duration::from_millis(4_u64.saturating_sub(task)));
                Ok(task * 2)
            };
            let expected: Vec<u64> = (0..tasks).map(|task| task * 2).collect();
            assert_eq!(check(tasks, threads, slow_at_first).expect("all are done"), expected);
        }
    }

    #[test]
    fn a_failure_or_a_panic_ends_it() {
        let fails = |task: u64| {
            ensure!(task != 7, "seven");
            Ok(task)
        };
        assert_eq!(check(40, 2, fails).expect_err("one fails").to_string(), "seven");
        let panics = |task: u64| {
            assert!(task != 7, "seven");
            Ok(task)
        };
        assert_eq!(check(40, 2, panics).expect_err("one panics").to_string(), "a thread has failed at its task");
        assert_eq!(check(8, 1, panics).expect_err("the only one panics").to_string(), "a thread has failed at its task");
    }
}
