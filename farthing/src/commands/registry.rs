//! `farthing registry`: loading records, all or none.

use crate::books::{Appended, Books};
use crate::cli::RegistryCommand;
use crate::output::{self, Answer};
use crate::place::Place;
use anyhow::{Context, bail, ensure};
use farthing_archive::catalog::registry_path;
use farthing_archive::{Content, NewFile};
use farthing_ledger::{Effects, PartyDetails};
use farthing_schemas::manifest::{Act, RegistryLoad, sha256_hex};
use farthing_schemas::registry::{BuildError, Delta, Record, Registry, read_load};
use serde_json::json;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use tokio::task::JoinHandle;

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

pub async fn run(at: &Place, command: RegistryCommand, json: bool) -> anyhow::Result<Answer> {
    match command {
        RegistryCommand::Load { files } => load(at, &files, json).await,
        RegistryCommand::Versions => versions(at, json).await,
    }
}

async fn load(at: &Place, files: &[PathBuf], json: bool) -> anyhow::Result<Answer> {
    let (version, changed) = load_files(at, files).await?;
    say(json, version, changed)
}

/// Loads the records of files, all or none; returns the version then in force and how many records are new or changed in it.
pub async fn load_files(at: &Place, files: &[PathBuf]) -> anyhow::Result<(u64, u64)> {
    let mut sources = Sources { files, read: HashMap::new() };
    let mut records = Some(sources.records()?);
    let mut books = Books::open_or_create(at).await?;
    loop {
        let known: HashMap<String, String> = books.ledger.details_by_party().await?.into_iter().collect();
        let (state, mut texts) = books.registry_state().await?;
        let unchanged = |party: &str, details: &farthing_schemas::registry::PrivateDetails| match known.get(party) {
            Some(known) => known == details.as_json(),
            None => details.is_empty(),
        };
        // Of many parties there is no room for a copy: where another load comes first, all is read again.
        let load = records.take().map_or_else(|| sources.records(), Ok)?;
        let mut delta = state.apply(load, unchanged).map_err(refused)?;
        drop((state, known));
        if delta.is_empty() {
            return Ok((books.catalog.registry_version(), 0));
        }
        let party_details = seal(&mut delta)?;
        let version = books.catalog.registry_version() + 1;
        let changed = u64::try_from(delta.len())?;
        let text = delta.public_ndjson();
        drop(delta);
        let packed = zstd::encode_all(&text[..], 0)?;
        texts.push(text);
        let compiled = compile(texts);
        let new = NewFile { table: "registry", rows: changed, batches: None, content: Content::of(packed) };
        let file = books.archive.put(new, |sha256| registry_path(version, sha256)).await?;
        let act = Act::Registry(RegistryLoad { registry_version: version, file });
        if append(&mut books, version, act, party_details).await? == Appended::Done {
            // The load is done, whatever comes of this.
            if let Ok(Ok(registry)) = compiled.await {
                books.keep_snapshot(&registry);
            }
            books.ledger.close().await;
            return Ok((version, changed));
        }
    }
}

/// Appends a load. Whatever comes first that is no load leaves it as it is: beside busy workers it gets in, too.
async fn append(books: &mut Books, version: u64, act: Act, party_details: Vec<PartyDetails>) -> anyhow::Result<Appended> {
    let effects = Effects { party_details, ..Effects::default() };
    loop {
        let appended = books.append(act.clone(), &effects).await?;
        if appended == Appended::Done || books.catalog.registry_version() + 1 != version {
            return Ok(appended);
        }
    }
}

/// Compiles public texts while they are archived and the ledger is written, so that whoever meters next need not.
fn compile(texts: Vec<Vec<u8>>) -> JoinHandle<Result<Registry, BuildError>> {
    // The texts and not the state: only they give the order of parties that everyone else finds.
    tokio::task::spawn_blocking(move || Registry::from_public((1..).zip(texts.iter().map(Vec::as_slice))))
}

/// Where records come from.
struct Sources<'f> {
    files: &'f [PathBuf],
    /// What was read of each before.
    read: HashMap<PathBuf, Source>,
}

/// What was read before, as far as it is kept.
enum Source {
    /// A file can be read again: the SHA-256 of what stood in it.
    File(String),
    /// What came through a pipe comes once.
    Stream(Vec<u8>),
}

impl Sources<'_> {
    fn records(&mut self) -> anyhow::Result<Vec<Record>> {
        let mut records = Vec::new();
        for path in self.files {
            let bytes = self.bytes(path)?;
            records.extend(read_load(&path.display().to_string(), &bytes).map_err(refused)?);
        }
        Ok(records)
    }

    fn bytes(&mut self, path: &Path) -> anyhow::Result<Cow<'_, [u8]>> {
        let unreadable = || format!("the registry file {} cannot be read", path.display());
        let is_file = path != Path::new(STANDARD_INPUT) && std::fs::metadata(path).with_context(unreadable)?.is_file();
        if is_file {
            let bytes = std::fs::read(path).with_context(unreadable)?;
            let sha256 = sha256_hex(&bytes);
            if let Some(Source::File(before)) = self.read.insert(path.to_owned(), Source::File(sha256.clone())) {
                ensure!(before == sha256, "{} has changed while it was loaded; load it again", path.display());
            }
            return Ok(Cow::Owned(bytes));
        }
        if !self.read.contains_key(path) {
            self.read.insert(path.to_owned(), Source::Stream(stream(path).with_context(unreadable)?));
        }
        match self.read.get(path) {
            Some(Source::Stream(bytes)) => Ok(Cow::Borrowed(bytes)),
            _ => bail!("{} was a file before; load it again", path.display()),
        }
    }
}

/// All that comes through a pipe.
fn stream(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new(STANDARD_INPUT) {
        io::stdin().read_to_end(&mut bytes)?
    } else {
        File::open(path)?.read_to_end(&mut bytes)?
    };
    Ok(bytes)
}

fn refused(errors: Vec<farthing_schemas::registry::RegistryError>) -> anyhow::Error {
    let lines: Vec<String> = errors.iter().map(|error| format!("  {error}")).collect();
    anyhow::anyhow!("nothing is loaded; the registry is refused:\n{}", lines.join("\n"))
}

/// Sets private details aside for the ledger, and their salted hashes into the public records.
fn seal(delta: &mut Delta) -> anyhow::Result<Vec<PartyDetails>> {
    let mut sealed = Vec::new();
    delta.seal_private(|party, details| -> anyhow::Result<_> {
        if details.is_empty() {
            return Ok(None);
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let (salt, details) = (hex::encode(salt), details.into_json());
        let sha256 = private_sha256(&salt, &details);
        let digest: [u8; 32] = hex::decode(&sha256)?.try_into().unwrap_or_default();
        sealed.push(PartyDetails { party: party.to_owned(), salt, sha256, details });
        Ok(Some(digest))
    })?;
    Ok(sealed)
}

/// The hash that stands in the archive for details that are not there: salted, so that nobody can guess them from it.
pub fn private_sha256(salt: &str, details: &str) -> String {
    sha256_hex(format!("{salt}\n{details}").as_bytes())
}

fn say(json: bool, version: u64, changed: u64) -> anyhow::Result<Answer> {
    if json {
        output::json(&json!({"registry_version": version, "changed": changed}))?;
    } else if changed == 0 {
        output::text(&format!("Nothing changed: registry version {version} stays in force."))?;
    } else {
        output::text(&format!("Registry version {version}: {changed} records new or changed."))?;
    }
    Ok(Answer::Yes)
}

async fn versions(at: &Place, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    let versions = books.catalog.registry.iter().zip(1_u64..);
    if json {
        let list: Vec<_> = versions
            .map(|(file, version)| json!({"registry_version": version, "records": file.rows, "path": file.path, "sha256": file.sha256}))
            .collect();
        output::json(&json!({"versions": list}))?;
    } else {
        let rows: Vec<Vec<String>> =
            versions.map(|(file, version)| vec![version.to_string(), file.rows.to_string(), file.path.clone()]).collect();
        output::text(&output::table(&["version", "records", "path"], &rows, 0))?;
    }
    Ok(Answer::Yes)
}
