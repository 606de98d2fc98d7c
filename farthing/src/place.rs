//! Where the state is: `--data`, or `--ledger` and `--archive`, or a configuration file.

use anyhow::{Context, bail};
use clap::Args;
use farthing_ledger::LedgerUrl;
use farthing_schemas::manifest::sha256_hex;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where the ledger and the archive are.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceArgs {
    /// Folder of the embedded ledger and archive [default: farthing-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The ledger: sqlite://PATH or postgres://USER@HOST/DATABASE
    #[arg(long, global = true, value_name = "URL")]
    pub ledger: Option<String>,
    /// The archive: file://DIR
    #[arg(long, global = true, value_name = "URL")]
    pub archive: Option<String>,
    /// Configuration file (TOML): data, or ledger and archive
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// A configuration file; unknown keys are refused.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    /// Folder of the embedded ledger and archive.
    data: Option<PathBuf>,
    /// URL of the ledger.
    ledger: Option<String>,
    /// URL of the archive.
    archive: Option<String>,
}

/// The URLs of the ledger and the archive.
#[derive(Clone, Debug)]
pub struct Place {
    /// `sqlite://PATH` or `postgres://USER@HOST/DATABASE`
    pub ledger: LedgerUrl,
    /// `file://DIR`
    pub archive: String,
    /// What a person writes to come here again.
    pub option: String,
}

impl Place {
    /// The place that the options name.
    pub fn of(args: &PlaceArgs) -> anyhow::Result<Place> {
        match (&args.config, &args.data, &args.ledger, &args.archive) {
            (Some(path), None, None, None) => Place::configured(path),
            (None, Some(data), None, None) => Place::embedded(data),
            (None, None, Some(ledger), Some(archive)) => Place::apart(ledger, archive),
            (None, None, None, None) => Place::embedded(Path::new("farthing-data")),
            _ => bail!("name the books once: with --data, or with --ledger and --archive together, or with --config"),
        }
    }

    fn configured(path: &Path) -> anyhow::Result<Place> {
        let text = std::fs::read_to_string(path).with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        let read: Configuration = toml::from_str(&text).with_context(|| format!("the configuration {} is wrong", path.display()))?;
        match (read.data, read.ledger, read.archive) {
            (Some(data), None, None) => Place::embedded(&data),
            (None, Some(ledger), Some(archive)) => Place::apart(&ledger, &archive),
            _ => bail!("the configuration {} must name either data, or ledger and archive", path.display()),
        }
    }

    /// A folder that holds both.
    pub fn embedded(data: &Path) -> anyhow::Result<Place> {
        Ok(Place {
            ledger: format!("sqlite://{}", data.join("ledger.sqlite").display()).parse()?,
            archive: format!("file://{}", data.join("archive").display()),
            option: format!("--data {}", data.display()),
        })
    }

    fn apart(ledger: &str, archive: &str) -> anyhow::Result<Place> {
        let ledger: LedgerUrl = ledger.parse()?;
        let option = format!("--ledger {ledger} --archive {archive}");
        Ok(Place { ledger, archive: archive.to_owned(), option })
    }

    /// The ledger as people are told of it: the path of a file, the URL of a server without its password.
    pub fn shown_ledger(&self) -> String {
        self.ledger.path().map_or_else(|| self.ledger.to_string(), |path| path.display().to_string())
    }

    /// Where a copy of the compiled registry is kept: beside an embedded ledger; for one on a server in the user's cache, if there is one.
    pub fn registry_snapshot(&self) -> Option<PathBuf> {
        if let Some(path) = self.ledger.path() {
            let mut path = path.as_os_str().to_owned();
            path.push(".registry-snapshot");
            return Some(path.into());
        }
        // The URL as it is shown has no password, of which nothing may be left in a name.
        let name = format!("{}.registry-snapshot", &sha256_hex(self.ledger.to_string().as_bytes())[..16]);
        Some(cache()?.join("farthing").join(name))
    }
}

/// The user's folder for what can be made again.
fn cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))
}
