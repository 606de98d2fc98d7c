//! No file speaks of the machine that it was written on, none names a registry's host, and nothing is left undone.

use super::workspace::{TextFile, files};
use anyhow::Result;

/// Spelt in two halves, so that this file does not hold what it looks for.
const ANYWHERE: &[(&str, &str)] = &[
    ("/ro", "ot/"),
    ("/wo", "rk/"),
    ("py", "pi.org"),
    ("files.python", "hosted.org"),
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("arti", "factory"),
];
const IN_CODE: &[(&str, &str)] = &[("TO", "DO"), ("FIX", "ME"), ("todo", "!("), ("unimplemented", "!("), ("#[", "ignore")];
const CODE: &[&str] = &[".rs", ".py", ".sh", ".toml", ".sql", ".md", "Makefile", ".ci/run"];

fn leaks(file: &TextFile) -> Vec<String> {
    let is_code = CODE.iter().any(|end| file.path.ends_with(end));
    let patterns = ANYWHERE.iter().chain(IN_CODE.iter().filter(|_| is_code));
    let mut found = Vec::new();
    for (first, second) in patterns {
        let pattern = format!("{first}{second}");
        let lines = file.text.lines().enumerate().filter(|(_, line)| line.contains(&pattern));
        found.extend(lines.map(|(number, _)| format!("{}:{}: {pattern}", file.path, number + 1)));
    }
    found
}

#[test]
fn nothing_leaks_and_nothing_is_left_undone() -> Result<()> {
    let files = files()?;
    assert!(files.len() > 20, "only {} files found", files.len());
    assert_eq!(files.iter().flat_map(leaks).collect::<Vec<_>>(), Vec::<String>::new());
    Ok(())
}

#[test]
fn planted_leaks_are_found() {
    for (first, second) in ANYWHERE.iter().chain(IN_CODE) {
        let text = format!("fine\nsome {first}{second} here\n");
        let found = leaks(&TextFile { path: "planted.rs".to_owned(), text });
        assert_eq!(found, [format!("planted.rs:2: {first}{second}")]);
    }
}
