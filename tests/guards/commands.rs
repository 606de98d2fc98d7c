//! What the documents tell people to type exists.

use super::workspace::{read, root};
use anyhow::Result;
use std::collections::BTreeSet;

const DOCUMENTS: [&str; 2] = ["README.md", "tests/README.md"];
const PROMISED: [&str; 10] = ["bench", "bench-kafka", "check", "demo", "fix", "help", "setup", "soak", "test", "test-slow"];

fn targets(makefile: &str) -> BTreeSet<&str> {
    let names = makefile.lines().filter(|line| !line.starts_with(['\t', '#', '.', ' '])).filter_map(|line| line.split_once(':'));
    names.filter(|(name, rest)| !rest.starts_with('=') && !name.contains('=')).flat_map(|(name, _)| name.split_whitespace()).collect()
}

/// Targets that a document names: on lines of a code block that begin with `make`, and in inline code.
fn mentioned(document: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut in_block = false;
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            found.extend(target(line.trim_start().trim_start_matches("$ ")));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).filter_map(target));
        }
    }
    found
}

/// The target of a command `make NAME`, with flags and variables before it or not.
fn target(command: &str) -> Option<&str> {
    let words = command.strip_prefix("make ")?.split_whitespace();
    words.filter(|word| !word.starts_with('-') && !word.contains('=')).take(1).next()
}

fn missing(makefile: &str, document: &str) -> Vec<String> {
    let targets = targets(makefile);
    mentioned(document).into_iter().filter(|name| !targets.contains(name)).map(str::to_owned).collect()
}

#[test]
fn every_make_command_in_the_documents_is_a_target() -> Result<()> {
    let makefile = read("Makefile")?;
    for document in DOCUMENTS {
        assert_eq!(missing(&makefile, &read(document)?), Vec::<String>::new(), "{document}");
    }
    let targets = targets(&makefile);
    assert_eq!(PROMISED.into_iter().filter(|name| !targets.contains(name)).collect::<Vec<_>>(), Vec::<&str>::new());
    Ok(())
}

#[test]
fn ci_runs_what_the_readme_says() -> Result<()> {
    assert!(mentioned(&read("README.md")?).contains("test"), "the README does not say how to test");
    assert!(read(".ci/run")?.lines().any(|line| line.contains("make test")), "CI does not run make test");
    assert!(root().join("deploy/install-test-tools.sh").is_file());
    Ok(())
}

#[test]
fn a_planted_command_is_found() {
    let makefile = "FLAGS := -q\n.PHONY: demo\ndemo: setup ## runs\n\tcargo run: it\ntest-slow check:\n";
    assert_eq!(targets(makefile).into_iter().collect::<Vec<_>>(), ["check", "demo", "test-slow"]);
    let document =
        "Please make sure. `make demo`, `make no-such`, make it.\n```sh\n$ make -j2 X=1 check # all\nmake gone\nmakeshift\n```\n";
    assert_eq!(missing(makefile, document), ["gone", "no-such"]);
}
