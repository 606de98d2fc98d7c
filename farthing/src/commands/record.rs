//! What people say for the record, which stays in the chain for good: why, what it refers to, who, and what shows it.

use anyhow::{Context, ensure};
use farthing_schemas::manifest::Sha256Hasher;
use std::fs::File;
use std::io;
use std::path::Path;

/// The longest reason and reference.
const TEXT_BYTES_MAX: usize = 1000;

/// What is said of a decision.
pub struct Record<'o> {
    pub reason: &'o str,
    pub reference: &'o str,
    pub by: String,
}

impl Record<'_> {
    /// Of `--why`, `--reference` and `--as`.
    pub fn of<'o>(why: &'o Option<String>, reference: &'o Option<String>, person: &Option<String>) -> anyhow::Result<Record<'o>> {
        let by = by(person.clone());
        said("--as", &by)?;
        Ok(Record { reason: text("--why", why)?, reference: text("--reference", reference)?, by })
    }
}

/// Who does something, as far as it is not signed.
pub fn by(person: Option<String>) -> String {
    person.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "unknown".to_owned())
}

/// What a text says that has to be there.
pub fn text<'o>(option: &'static str, text: &'o Option<String>) -> anyhow::Result<&'o str> {
    let text = text.as_deref().with_context(missing(option))?;
    said(option, text).map(|()| text)
}

/// That something was not said.
pub fn missing(option: &'static str) -> impl Fn() -> String {
    move || format!("{option} is missing")
}

/// Whether a text that stays in the chain says something, and nothing that a chain should not hold.
pub fn said(option: &str, text: &str) -> anyhow::Result<()> {
    ensure!(!text.trim().is_empty(), "{option} says nothing: an auditor will ask for it");
    ensure!(text.len() <= TEXT_BYTES_MAX, "{option} has {} bytes, and {TEXT_BYTES_MAX} at most", text.len());
    ensure!(!text.chars().any(char::is_control), "{option} has control characters");
    Ok(())
}

/// SHA-256 of the document that shows it, in hex; an empty one shows nothing.
pub fn evidence(path: &Path) -> anyhow::Result<String> {
    let hashed = || -> anyhow::Result<String> {
        let mut hasher = Sha256Hasher::default();
        ensure!(io::copy(&mut File::open(path)?, &mut hasher)? > 0, "it is empty");
        Ok(hasher.finish())
    };
    hashed().with_context(|| format!("--evidence {} cannot be read", path.display()))
}
