//! Generated files, kept between runs.

use crate::generate::{Plan, Popularity, generate};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A folder with `events.ndjson` and `registry.ndjson`.
#[derive(Debug)]
pub struct Dataset {
    folder: PathBuf,
}

impl Dataset {
    /// The files of that size below `parent`, generated if they are not there.
    pub fn ready(parent: &Path, events: u64, fan_out: u64, contributors: u64, popularity: Popularity) -> Result<Self> {
        let name = format!("events-{events}-fan-out-{fan_out}-contributors-{contributors}-{popularity:?}").to_lowercase();
        let folder = parent.join(&name);
        if !folder.is_dir() {
            let plan = Plan { events, fan_out, contributors, seed: 1, duplicates_micro: 10_000, popularity };
            // Renamed when whole, so that an interrupted run leaves nothing that looks like a file of that size.
            let unfinished = parent.join(format!("{name}.unfinished"));
            generate(&plan, &unfinished)?;
            fs::rename(&unfinished, &folder).with_context(|| format!("cannot rename {}", unfinished.display()))?;
        }
        Ok(Self { folder })
    }

    /// The events' path.
    pub fn events(&self) -> PathBuf {
        self.folder.join("events.ndjson")
    }

    /// The registry's path.
    pub fn registry(&self) -> PathBuf {
        self.folder.join("registry.ndjson")
    }

    /// Size of the events.
    pub fn bytes(&self) -> Result<u64> {
        let path = self.events();
        Ok(fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.len())
    }

    /// Reads the events once, so that they are in the page cache as far as they fit.
    pub fn warm(&self) -> Result<()> {
        let path = self.events();
        let mut file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        io::copy(&mut file, &mut io::sink()).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(())
    }
}
