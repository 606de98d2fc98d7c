//! Where the state is: `--data`, or `--ledger` and `--archive`; what these leave open is in a configuration file.

use crate::configuration::{Configuration, S3Table};
use anyhow::{Context, bail};
use clap::Args;
use farthing_archive::S3;
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
    /// The archive: file://DIR or s3://BUCKET/PREFIX
    #[arg(long, global = true, value_name = "URL")]
    pub archive: Option<String>,
    /// Configuration file (TOML): data, or ledger and archive, where the command line names none; [s3]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The URLs of the ledger and the archive.
#[derive(Clone, Debug)]
pub struct Place {
    /// `sqlite://PATH`
    pub ledger: String,
    /// `file://DIR` or `s3://BUCKET/PREFIX`
    pub archive: String,
    /// How the bucket of the archive is reached, if it is in one.
    pub s3: S3,
    /// What a person writes to come here again.
    pub option: String,
}

impl Place {
    /// The place that the options name: URLs of the command line come first, and the file gives the rest.
    pub fn of(args: &PlaceArgs) -> anyhow::Result<Place> {
        let named = match (&args.data, &args.ledger, &args.archive) {
            (data, None, None) => data.as_deref().map(Place::embedded),
            (None, Some(ledger), Some(archive)) => Some(Place::apart(ledger, archive)),
            (None, ..) if args.config.is_some() => None,
            _ => bail!("name the books once: with --data, or with --ledger and --archive together; --config FILE gives what is left open"),
        };
        let Some(path) = &args.config else {
            return named.unwrap_or_else(|| Place::embedded(Path::new("farthing-data"))).reached_by(S3Table::default());
        };
        let read = Configuration::read(path)?;
        let mut place = match named {
            Some(place) => place,
            None => Place::configured(path, &read, args)?,
        };
        // Without the file nobody would know how to reach the bucket.
        let words = [
            ("--data", args.data.as_ref().map(|data| data.display().to_string())),
            ("--ledger", args.ledger.clone()),
            ("--archive", args.archive.clone()),
        ];
        let words: String = words.into_iter().filter_map(|(name, value)| Some(format!(" {name} {}", value?))).collect();
        place.option = format!("--config {}{words}", path.display());
        place.reached_by(read.s3)
    }

    /// The place of a file, but for what the command line names otherwise.
    fn configured(path: &Path, read: &Configuration, args: &PlaceArgs) -> anyhow::Result<Place> {
        let wrong = || format!("the configuration {} must name either data, or ledger and archive", path.display());
        let (mut ledger, mut archive) = match (&read.data, &read.ledger, &read.archive) {
            (Some(data), None, None) => {
                let Place { ledger, archive, .. } = Place::embedded(data);
                (Some(ledger), Some(archive))
            }
            (None, ledger, archive) => (ledger.clone(), archive.clone()),
            _ => bail!(wrong()),
        };
        ledger = args.ledger.clone().or(ledger);
        archive = args.archive.clone().or(archive);
        Ok(Place::apart(&ledger.with_context(wrong)?, &archive.with_context(wrong)?))
    }

    /// Only who uses a bucket has to say how it is reached.
    fn reached_by(mut self, table: S3Table) -> anyhow::Result<Place> {
        if self.archive.starts_with("s3://") {
            self.s3 = table.or(|name| std::env::var(name).ok())?;
        }
        Ok(self)
    }

    /// A folder that holds both.
    pub fn embedded(data: &Path) -> Place {
        Place {
            ledger: format!("sqlite://{}", data.join("ledger.sqlite").display()),
            archive: format!("file://{}", data.join("archive").display()),
            s3: S3::default(),
            option: format!("--data {}", data.display()),
        }
    }

    fn apart(ledger: &str, archive: &str) -> Place {
        let option = format!("--ledger {ledger} --archive {archive}");
        Place { ledger: ledger.to_owned(), archive: archive.to_owned(), s3: S3::default(), option }
    }

    /// The file of the ledger.
    pub fn ledger_path(&self) -> anyhow::Result<PathBuf> {
        let path = self.ledger.strip_prefix("sqlite://").filter(|path| !path.is_empty());
        path.map(PathBuf::from).with_context(|| format!("{:?} is no ledger URL of this version: use sqlite://PATH", self.ledger))
    }
}
