//! Where the state is: `--data`, or `--ledger` and `--archive`; what these leave open is in a configuration file.

use crate::cli::LimitOptions;
#[cfg(feature = "telemetry")]
use crate::cli::MeterOptions;
use crate::configuration::limits::MeterTable;
use crate::configuration::payers::Payers;
use crate::configuration::topics::Topics;
use crate::configuration::{Configuration, InvoicesTable, S3Table};
#[cfg(feature = "telemetry")]
use crate::metering::BATCH_AGE;
use crate::telemetry::configuration::TelemetryTable;
use anyhow::{Context, bail};
use clap::Args;
use farthing_archive::S3;
use farthing_ingest::Room;
use farthing_ledger::LedgerUrl;
use farthing_schemas::manifest::sha256_hex;
use std::path::{Path, PathBuf};

/// MiB of memory for identities, where nobody says how many.
const IDENTITIES_MIB: u64 = 1024;

/// Where large files may be for a while; `/tmp` is often memory.
const LARGE_FILES: &str = "/var/tmp";

/// Where the ledger and the archive are.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceArgs {
    /// Folder of the embedded ledger and archive [default: farthing-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The ledger: sqlite://PATH or postgres://USER@HOST/DATABASE
    #[arg(long, global = true, value_name = "URL")]
    pub ledger: Option<String>,
    /// The archive: file://DIR or s3://BUCKET/PREFIX
    #[arg(long, global = true, value_name = "URL")]
    pub archive: Option<String>,
    /// Configuration file (TOML): data, or ledger and archive, where the command line names none; [s3], [meter], [topics.NAME], [telemetry],
    /// [invoices], [payers.MID.METHOD]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The URLs of the ledger and the archive.
#[derive(Clone, Debug)]
pub struct Place {
    /// `sqlite://PATH` or `postgres://USER@HOST/DATABASE`
    pub ledger: LedgerUrl,
    /// `file://DIR` or `s3://BUCKET/PREFIX`
    pub archive: String,
    /// How the bucket of the archive is reached, if it is in one.
    pub s3: S3,
    /// How metering is watched.
    pub telemetry: TelemetryTable,
    /// What a person writes to come here again.
    pub option: String,
    /// How events are metered, where the command line does not say it.
    pub meter: MeterTable,
    /// When invoices are to be paid, where the command line does not say it.
    pub invoices: InvoicesTable,
    /// Topics that can be metered by name.
    pub topics: Topics,
    /// From where MIDs pay.
    pub payers: Payers,
}

impl Place {
    /// The place that the options name: URLs of the command line come first, and the file gives the rest.
    pub fn of(args: &PlaceArgs) -> anyhow::Result<Place> {
        let named = match (&args.data, &args.ledger, &args.archive) {
            (data, None, None) => data.as_deref().map(Place::embedded).transpose()?,
            (None, Some(ledger), Some(archive)) => Some(Place::apart(ledger, archive)?),
            (None, ..) if args.config.is_some() => None,
            _ => bail!("name the books once: with --data, or with --ledger and --archive together; --config FILE gives what is left open"),
        };
        let Some(path) = &args.config else {
            return named.map_or_else(|| Place::embedded(Path::new("farthing-data")), Ok)?.reached_by(S3Table::default());
        };
        let read = Configuration::read(path)?;
        let mut place = match named {
            Some(place) => place,
            None => Place::configured(path, &read, args)?,
        };
        // Without the file nobody would know how to reach the bucket.
        let words = [
            ("--data", args.data.as_ref().map(|data| data.display().to_string())),
            ("--ledger", args.ledger.as_ref().map(|_| place.ledger.to_string())),
            ("--archive", args.archive.clone()),
        ];
        let words: String = words.into_iter().filter_map(|(name, value)| Some(format!(" {name} {}", value?))).collect();
        place.telemetry = read.telemetry;
        place.option = format!("--config {}{words}", path.display());
        place.meter = read.meter.checked("meter")?;
        place.invoices = read.invoices.checked()?;
        place.topics = read.topics;
        place.payers = read.payers;
        place.reached_by(read.s3)
    }

    /// The place of a file, but for what the command line names otherwise.
    fn configured(path: &Path, read: &Configuration, args: &PlaceArgs) -> anyhow::Result<Place> {
        let wrong = || format!("the configuration {} must name either data, or ledger and archive", path.display());
        let (mut ledger, mut archive) = match (&read.data, &read.ledger, &read.archive) {
            (Some(data), None, None) => {
                let Place { ledger, archive, .. } = Place::embedded(data)?;
                (Some(ledger.to_string()), Some(archive))
            }
            (None, ledger, archive) => (ledger.clone(), archive.clone()),
            _ => bail!(wrong()),
        };
        ledger = args.ledger.clone().or(ledger);
        archive = args.archive.clone().or(archive);
        Place::apart(&ledger.with_context(wrong)?, &archive.with_context(wrong)?)
    }

    /// Only who uses a bucket has to say how it is reached.
    fn reached_by(mut self, table: S3Table) -> anyhow::Result<Place> {
        if self.archive.starts_with("s3://") {
            self.s3 = table.or(|name| std::env::var(name).ok())?;
        }
        Ok(self)
    }

    /// A folder that holds both.
    pub fn embedded(data: &Path) -> anyhow::Result<Place> {
        Ok(Place {
            ledger: format!("sqlite://{}", data.join("ledger.sqlite").display()).parse()?,
            archive: format!("file://{}", data.join("archive").display()),
            s3: S3::default(),
            telemetry: TelemetryTable::default(),
            option: format!("--data {}", data.display()),
            meter: MeterTable::default(),
            invoices: InvoicesTable::default(),
            topics: Topics::new(),
            payers: Payers::new(),
        })
    }

    fn apart(ledger: &str, archive: &str) -> anyhow::Result<Place> {
        let ledger: LedgerUrl = ledger.parse()?;
        let option = format!("--ledger {ledger} --archive {archive}");
        let (telemetry, meter, topics) = (TelemetryTable::default(), MeterTable::default(), Topics::new());
        let (archive, s3, invoices, payers) = (archive.to_owned(), S3::default(), InvoicesTable::default(), Payers::new());
        Ok(Place { ledger, archive, s3, telemetry, option, meter, invoices, topics, payers })
    }

    /// The ledger as people are told of it: the path of a file, the URL of a server without its password.
    pub fn shown_ledger(&self) -> String {
        self.ledger.path().map_or_else(|| self.ledger.to_string(), |path| path.display().to_string())
    }

    /// Seconds of a batch, as far as anybody says.
    #[cfg(feature = "telemetry")]
    pub fn batch_seconds(&self, options: &MeterOptions) -> u64 {
        let of_topic = || self.topics.get(options.sources.first()?.strip_prefix("kafka:")?)?.batch_seconds;
        options.limits.batch_seconds.or_else(of_topic).or(self.meter.batch_seconds).unwrap_or(BATCH_AGE.as_secs())
    }

    /// Where identities go: beside an embedded ledger what does not fit in memory, for one on a server where large files may be.
    pub fn room(&self, limits: &LimitOptions) -> Room {
        // A bare name has an empty parent.
        let beside = self.ledger.path().and_then(Path::parent).map(|folder| Path::new(".").join(folder));
        let folder = limits.scratch.clone().or(beside).unwrap_or_else(|| PathBuf::from(LARGE_FILES));
        Room { memory_bytes: limits.identities_mib.unwrap_or(IDENTITIES_MIB) << 20, folder }
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
