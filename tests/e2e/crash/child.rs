//! Processes that are watched, frozen and killed; none outlives its test.

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes on the slowest machine.
pub const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(2);
/// A process that did not run for so long, with no thread that wants to, waits for something.
const STILL: Duration = Duration::from_millis(60);

/// A process in a group of its own, killed with the whole group at the end of its scope.
pub struct Running {
    child: Option<Child>,
    group: u32,
    /// The port of the store of its archive, if that is a server.
    store: Option<u16>,
}

impl Running {
    pub fn start(command: &mut Command) -> Result<Running> {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()?;
        let endpoint = command.get_envs().find(|(name, _)| *name == "AWS_ENDPOINT_URL").and_then(|(_, value)| value?.to_str());
        let store = endpoint.and_then(|endpoint| endpoint.rsplit(':').next()?.parse().ok());
        Ok(Running { group: child.id(), child: Some(child), store })
    }

    fn child(&mut self) -> Result<&mut Child> {
        self.child.as_mut().context("the process was waited for already")
    }

    /// The end of the pipe that its command asked for.
    pub fn stdin(&mut self) -> Result<ChildStdin> {
        self.child()?.stdin.take().context("standard input is not piped")
    }

    pub fn id(&self) -> u32 {
        self.group
    }

    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child()?.try_wait()?)
    }

    /// Whether it ends by itself within a time.
    pub fn ends_within(&mut self, time: Duration) -> Result<bool> {
        let until = Instant::now() + time;
        loop {
            if self.ended()?.is_some() {
                return Ok(true);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            thread::sleep(left.min(POLL));
        }
    }

    /// Waits for its end; what it said.
    pub fn output(mut self) -> Result<Output> {
        ensure!(self.ends_within(PATIENCE)?, "the process did not end within {PATIENCE:?}");
        Ok(self.child.take().context("the process is there")?.wait_with_output()?)
    }

    /// SIGKILL, to it alone: it cannot know, tidy up or flush.
    pub fn kill_9(mut self) -> Result<()> {
        let child = self.child()?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) -> Result<()> {
        signal(name, &self.group.to_string())
    }

    /// The processes of its group, itself among them: a traced one is a child of its tracer.
    pub fn processes(&self) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            // A process may end while we look.
            let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            if after_name(&stat).nth(2).and_then(|group| group.parse().ok()) == Some(self.group) {
                found.push(pid);
            }
        }
        Ok(found)
    }

    /// How far a process of its group has read the file whose path ends so; none if none has it open.
    pub fn position_in(&self, suffix: &str) -> Result<Option<u64>> {
        for pid in self.processes()? {
            let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { continue };
            let named = |entry: &fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|path| path.to_string_lossy().ends_with(suffix));
            let Some(found) = open.flatten().find(named) else { continue };
            let Ok(info) = fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", found.file_name().display())) else { continue };
            return Ok(info.lines().find_map(|line| line.strip_prefix("pos:")?.trim().parse().ok()));
        }
        Ok(None)
    }

    /// Whether a process of its group has a file open whose path ends so.
    pub fn has_open(&self, suffix: &str) -> Result<bool> {
        Ok(self.position_in(suffix)?.is_some())
    }

    /// Waits until the process waits itself: at a named step that pauses it, or for input.
    pub fn wait_until_still(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let (mut since, mut last) = (Instant::now(), None);
        while Instant::now() < deadline {
            if let Some(status) = self.ended()? {
                let output = self.child.take().context("the process is there")?.wait_with_output()?;
                bail!("it ended ({status}) in place of waiting: {}", String::from_utf8_lossy(&output.stderr));
            }
            // Whoever waits for an answer of the store has not come to the step yet.
            let now = switches(self.group).filter(|_| !self.store.is_some_and(|port| asks(self.group, port)));
            if now.is_none() || now != last {
                (since, last) = (Instant::now(), now);
            } else if since.elapsed() >= STILL {
                return Ok(());
            }
            thread::sleep(POLL * 3);
        }
        bail!("the process was busy for {PATIENCE:?}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The group may be gone: that is as well.
        let _ = signal("KILL", &format!("-{}", self.group));
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn signal(name: &str, whom: &str) -> Result<()> {
    let output = Command::new("sh").args(["-c", &format!("kill -s {name} -- {whom}")]).output()?;
    ensure!(output.status.success(), "kill -s {name} {whom}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The words of a `stat` file after the name in brackets, which may hold anything.
fn after_name(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace()
}

/// How often the threads of a process went to sleep in all; none if one of them is not asleep now.
fn switches(pid: u32) -> Option<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let task = task.ok()?.path();
        let stat = fs::read_to_string(task.join("stat")).ok()?;
        if after_name(&stat).next() != Some("S") {
            return None;
        }
        let status = fs::read_to_string(task.join("status")).ok()?;
        let counts = status.lines().filter_map(|line| line.split_once("voluntary_ctxt_switches:"));
        sum += counts.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum::<u64>();
    }
    Some(sum)
}

/// Whether a process has a connection to a port of this machine, or is about to.
fn asks(pid: u32, port: u16) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let links = open.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    let sockets: Vec<String> =
        links.filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect();
    let connections = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap_or_default();
    connections.lines().any(|line| {
        // Number, local address, remote address, state, ..., inode: established is 01, asked for is 02.
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, _, remote, "01" | "02", _, _, _, _, _, inode, ..] = words[..] else { return false };
        remote.ends_with(&format!(":{port:04X}")) && sockets.iter().any(|socket| socket == inode)
    })
}

/// Polls until it is so.
pub fn wait_until(what: &str, mut so: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !so()? {
        ensure!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        thread::sleep(POLL);
    }
    Ok(())
}

/// A command under strace, whose report goes to a file. Without strace these tests cannot be, and must not be skipped.
pub fn strace(options: &[&str], report: &std::path::Path, traced: &Command) -> Result<Command> {
    let found = Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
    ensure!(found, "strace is not installed; run: deploy/install-test-tools.sh");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "--seccomp-bpf"]).args(options).arg("-o").arg(report).arg(traced.get_program()).args(traced.get_args());
    if let Some(folder) = traced.get_current_dir() {
        command.current_dir(folder);
    }
    for (name, value) in traced.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    Ok(command)
}
