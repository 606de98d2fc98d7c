//! Where the state is: `--data`, or `--ledger` and `--archive`, or a configuration file.

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where the ledger and the archive are.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceArgs {
    /// Folder of the embedded ledger and archive [default: farthing-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The ledger: sqlite://PATH
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
    /// `sqlite://PATH`
    pub ledger: String,
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
            (None, Some(data), None, None) => Ok(Place::embedded(data)),
            (None, None, Some(ledger), Some(archive)) => Ok(Place::apart(ledger, archive)),
            (None, None, None, None) => Ok(Place::embedded(Path::new("farthing-data"))),
            _ => bail!("name the books once: with --data, or with --ledger and --archive together, or with --config"),
        }
    }

    fn configured(path: &Path) -> anyhow::Result<Place> {
        let text = std::fs::read_to_string(path).with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        let read: Configuration = toml::from_str(&text).with_context(|| format!("the configuration {} is wrong", path.display()))?;
        match (read.data, read.ledger, read.archive) {
            (Some(data), None, None) => Ok(Place::embedded(&data)),
            (None, Some(ledger), Some(archive)) => Ok(Place::apart(&ledger, &archive)),
            _ => bail!("the configuration {} must name either data, or ledger and archive", path.display()),
        }
    }

    /// A folder that holds both.
    pub fn embedded(data: &Path) -> Place {
        Place {
            ledger: format!("sqlite://{}", data.join("ledger.sqlite").display()),
            archive: format!("file://{}", data.join("archive").display()),
            option: format!("--data {}", data.display()),
        }
    }

    fn apart(ledger: &str, archive: &str) -> Place {
        Place { ledger: ledger.to_owned(), archive: archive.to_owned(), option: format!("--ledger {ledger} --archive {archive}") }
    }

    /// The file of the ledger.
    pub fn ledger_path(&self) -> anyhow::Result<PathBuf> {
        let path = self.ledger.strip_prefix("sqlite://").filter(|path| !path.is_empty());
        path.map(PathBuf::from).with_context(|| format!("{:?} is no ledger URL of this version: use sqlite://PATH", self.ledger))
    }
}
