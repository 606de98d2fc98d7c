//! The demo's files: what is generated, and the trace of the real week that the binary carries.

use super::generate::people::People;
use super::generate::week::Trace;
use super::generate::{Size, month, registry};
use crate::place::Place;
use anyhow::Context;
use farthing_ingest::Input;
use farthing_ingest::source::Reader;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const TRACE: &[u8] = include_bytes!("../../data/ragpulse_0_trace.jsonl.gz");
const PASSAGES: &[u8] = include_bytes!("../../data/ragpulse_2_passages.jsonl.gz");
const LICENCE: &[u8] = include_bytes!("../../data/RAGPulse-MIT.txt");
const ORIGIN: &[u8] = include_bytes!("../../data/README.md");

/// What was written, and where.
#[derive(Debug)]
pub struct Files {
    pub folder: PathBuf,
    pub registry: PathBuf,
    /// Records in the registry.
    pub records: u64,
    pub month: PathBuf,
    pub week: PathBuf,
}

/// Writes everything beside the ledger.
pub fn write(at: &Place, size: &Size) -> anyhow::Result<Files> {
    let ledger = super::ledger_file(at)?;
    let folder = ledger.parent().unwrap_or(Path::new("")).join("demo");
    std::fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let trace = carried_trace(&folder)?;
    let people = People { seed: size.seed, contributors: size.contributors };
    let (registry, month, week) = (folder.join("registry.ndjson"), folder.join("month.ndjson"), folder.join("week.ndjson"));
    let mut records = 0;
    write_file(&registry, |out| {
        records = registry::write(&people, &trace.passages(), out)?;
        Ok(())
    })?;
    write_file(&month, |out| month::write(size, out))?;
    write_file(&week, |out| trace.write(out))?;
    Ok(Files { folder, registry, records, month, week })
}

/// The carried trace is put beside the rest with its licence, so that what is real can be told from what is not, and read from there.
fn carried_trace(folder: &Path) -> anyhow::Result<Trace> {
    let folder = folder.join("ragpulse");
    std::fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let put = |name: &str, bytes: &[u8]| -> anyhow::Result<PathBuf> {
        let path = folder.join(name);
        write_file(&path, |out| out.write_all(bytes))?;
        Ok(path)
    };
    put("RAGPulse-MIT.txt", LICENCE)?;
    put("README.md", ORIGIN)?;
    let requests = put("ragpulse_0_trace.jsonl.gz", TRACE)?;
    let passages = put("ragpulse_2_passages.jsonl.gz", PASSAGES)?;
    Ok(Trace::read(&unpacked(requests)?, &unpacked(passages)?)?)
}

fn unpacked(path: PathBuf) -> anyhow::Result<String> {
    let mut reader = Reader::open(&Input::File(path), 0)?;
    let mut bytes = Vec::new();
    while reader.read(&mut bytes, 1 << 20)? > 0 {}
    String::from_utf8(bytes).context("the carried trace is damaged")
}

fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> anyhow::Result<()> {
    let result = File::create(path).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 16, file);
        write(&mut out)?;
        out.flush()
    });
    result.with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_schemas::manifest::sha256_hex;

    #[test]
    fn what_is_carried_is_what_was_published() {
        assert_eq!(sha256_hex(TRACE), "e54a92e3f553bc3e923f06f788854a5d6dbdc4adcbe127601820d839f90eef70");
        assert_eq!(sha256_hex(PASSAGES), "efd2b27f812e33069df138a19151752095c4e447e320c10d1ce4cdf38c9ee145");
        assert!(String::from_utf8_lossy(LICENCE).starts_with("MIT License"));
    }
}
