//! Reading what strace reports.

use anyhow::{Context, Result};
use std::collections::BTreeMap;

/// A finished system call; `start` and `end` are lines of the report, since another thread's calls may lie between.
#[derive(Clone, Debug)]
pub struct Call {
    pub thread: u32,
    pub start: usize,
    pub end: usize,
    pub name: String,
    pub arguments: String,
    pub result: i64,
}

impl Call {
    /// The path of the descriptor that is the first argument, as `-y` shows it.
    pub fn of_descriptor(&self) -> Option<&str> {
        let (_, rest) = self.arguments.split_once('<')?;
        Some(rest.split_once('>')?.0)
    }

    /// The quoted arguments: paths.
    pub fn quoted(&self) -> Vec<&str> {
        self.arguments.split('"').skip(1).step_by(2).collect()
    }
}

/// All calls that came to an end, in the order in which they began.
pub fn calls(report: &str) -> Result<Vec<Call>> {
    let mut open: BTreeMap<u32, (usize, String)> = BTreeMap::new();
    let mut calls = Vec::new();
    for (number, line) in report.lines().enumerate() {
        let (thread, rest) = line.split_once(' ').context("a thread")?;
        let (thread, rest) = (thread.parse().with_context(|| line.to_owned())?, rest.trim_start());
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            open.insert(thread, (number, begun.to_owned()));
            continue;
        }
        let (start, whole) = match rest.strip_prefix("<... ") {
            Some(resumed) => {
                let (start, begun) = open.remove(&thread).with_context(|| format!("resumed, but never begun: {line}"))?;
                let (_, end) = resumed.split_once(" resumed>").with_context(|| line.to_owned())?;
                (start, begun + end)
            }
            None => (number, rest.to_owned()),
        };
        calls.extend(call(thread, start, number, &whole));
    }
    calls.sort_by_key(|call| call.start);
    Ok(calls)
}

/// One call; none if it never returned.
fn call(thread: u32, start: usize, end: usize, whole: &str) -> Option<Call> {
    let (name, rest) = whole.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let number: String = result.chars().take_while(|sign| *sign == '-' || sign.is_ascii_digit()).collect();
    Some(Call { thread, start, end, name: name.to_owned(), arguments: arguments.trim_end().to_owned(), result: number.parse().ok()? })
}

#[test]
fn unfinished_calls_are_put_together() {
    let report = "7 fsync(3</a b> <unfinished ...>\n8   rename(\"/x#1\", \"/x\") = -1 ENOENT (No such file)\n7 <... fsync resumed>) = 0\n8 +++ exited with 0 +++\n";
    let calls = calls(report).unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].start, calls[0].end, calls[0].result, calls[0].of_descriptor()), (0, 2, 0, Some("/a b")));
    assert_eq!((calls[1].name.as_str(), calls[1].result, calls[1].quoted()), ("rename", -1, vec!["/x#1", "/x"]));
}
