//! The README's tours, as they are written: whoever copies its lines must see what it promises.

use crate::analysts::python;
use crate::support::{Data, binary, root};
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;

/// A clock for the commands that ask for one: the examples are of October 2026, whatever day it is.
const NOW: &str = " --now 2026-11-22T00:00:00Z";

/// The fenced blocks of a language below the headings of the tours, in order.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let tours = readme.split("\n## ").filter(|section| section.starts_with("Five minutes"));
    let fence = format!("```{language}\n");
    let of_tour = |tour: &str| -> Vec<String> {
        let after_fences = tour.split(&fence).skip(1);
        after_fences.filter_map(|rest| rest.split("\n```").next()).map(str::to_owned).collect()
    };
    tours.flat_map(of_tour).collect()
}

/// A line of the README, to be run at any time.
fn dated(line: &str) -> String {
    let command = line.split('#').next().unwrap_or_default().trim_end();
    let asks_the_time = ["farthing meter", "farthing dead-letters replay", "farthing settle close"];
    let now = if asks_the_time.iter().any(|start| command.starts_with(start)) { NOW } else { "" };
    format!("{command}{now}")
}

/// The broker of the tour, stopped whatever comes of it.
struct Broker(PathBuf);

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = Command::new(root().join("deploy/local/kafka.sh")).arg("down").arg(&self.0).output();
    }
}

fn toured() -> Result<(Data, String)> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let data = Data::new()?;
    for folder in ["examples", "deploy"] {
        std::os::unix::fs::symlink(root().join(folder), data.path().join(folder))?;
    }
    let _broker = Broker(data.path().join("kafka-data"));
    let folder = binary().parent().context("a binary is in a folder")?;
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let lines: Vec<String> = blocks(&readme, "sh").iter().flat_map(|block| block.lines()).map(dated).collect();
    ensure!(lines.len() >= 14, "the tours have only {} lines", lines.len());
    for line in lines {
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).env("PATH", &path).env("FARTHING_SERVICES", root().join(".services"));
        let output = shell.current_dir(data.path()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{line}: {}\n{said}", output.status);
        // Kafka's own producer says nothing when all is well, and neither does its end.
        let silent = ["ConsoleProducer", "kafka.sh down"].iter().any(|command| line.contains(command));
        ensure!(silent || !output.stdout.is_empty(), "{line}: prints nothing");
    }
    Ok((data, readme))
}

#[test]
fn the_tours_run_as_they_are_written() {
    let (data, readme) = toured().unwrap();

    // The event that shows the form is an event of the examples' registry.
    let events = blocks(&readme, "json");
    assert_eq!(events.len(), 1);
    std::fs::write(data.path().join("shown.ndjson"), &events[0]).unwrap();
    let counts = data.json(["meter", "shown.ndjson", "--now", "2026-11-22T00:00:00Z"]).unwrap();
    assert_eq!((counts["read"].as_u64(), counts["rejected"].as_u64()), (Some(1), Some(0)), "{counts}");

    // The query finds what there is.
    let queries = blocks(&readme, "sql");
    assert_eq!(queries.len(), 1);
    let views = data.ok(["archive", "list", "--sql"]).unwrap();
    let rows: usize = python::run("analysts/query.py", &[&views, &queries[0]]).unwrap().trim().parse().unwrap();
    let parties = data.json(["accruals", "--by", "party,currency,status"]).unwrap();
    let payable = parties["lines"].as_array().unwrap().iter().filter(|line| line["status"] == "payable").count();
    assert!(rows > 0 && rows == payable, "{rows} rows, {payable} parties");
}
