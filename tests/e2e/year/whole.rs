//! Whether an act has changed anything at all, however: the ledger's tables, and the files of the archive.

use super::run::{Year, shown};
use crate::services::postgres;
use crate::support::Data;
use anyhow::{Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

/// All tables of a database, as one text.
const TABLES: &str = "SELECT string_agg(table_name || query_to_xml(format('SELECT md5(string_agg(t::text, '','' ORDER BY t::text)) FROM %I t', \
                      table_name), true, false, '')::text, '' ORDER BY table_name) FROM information_schema.tables WHERE table_schema = 'public'";

/// What the endings of the files of an SQLite ledger are; the second one is there while something is not in the first.
const ENDINGS: [&str; 2] = ["", "-wal"];

/// Everything that an act could change.
pub struct Whole {
    ledger: Ledger,
    archive: BTreeSet<String>,
}

enum Ledger {
    /// The bytes of its files: where they are the same, so are its tables.
    Files([Vec<u8>; 2]),
    Server(String),
}

impl Year {
    /// Everything as it is now.
    pub fn whole(&self) -> Result<Whole> {
        let ledger = if self.data.is_on_server() {
            Ledger::Server(postgres::query(self.data.server(), TABLES)?)
        } else {
            Ledger::Files(files(&self.data)?)
        };
        Ok(Whole { ledger, archive: self.data.archived("")? })
    }

    /// Nothing has changed since.
    pub fn is_still(&self, before: &Whole) -> Result<()> {
        let now = self.whole()?;
        let changed: Vec<&String> = now.archive.symmetric_difference(&before.archive).collect();
        ensure!(changed.is_empty(), "it changed the archive: {changed:?}");
        let same = match (&before.ledger, &now.ledger) {
            // The same tables may be written in other bytes.
            (Ledger::Files(before), Ledger::Files(now)) => before == now || dump(before)? == dump(now)?,
            (Ledger::Server(before), Ledger::Server(now)) => before == now,
            (Ledger::Files(_), Ledger::Server(_)) | (Ledger::Server(_), Ledger::Files(_)) => false,
        };
        ensure!(same, "it changed the ledger");
        Ok(())
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

fn files(data: &Data) -> Result<[Vec<u8>; 2]> {
    let mut bytes = [Vec::new(), Vec::new()];
    for (bytes, ending) in bytes.iter_mut().zip(ENDINGS) {
        match fs::read(with_ending(&data.ledger(), ending)) {
            Ok(found) => *bytes = found,
            Err(error) if error.kind() == ErrorKind::NotFound && !ending.is_empty() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(bytes)
}

/// All rows of all tables of an SQLite ledger, as one hash.
fn dump(files: &[Vec<u8>; 2]) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.sqlite");
    for (bytes, ending) in files.iter().zip(ENDINGS) {
        if !bytes.is_empty() {
            fs::write(with_ending(&path, ending), bytes)?;
        }
    }
    let program = "import hashlib, sqlite3, sys\n\
                   rows = sqlite3.connect(sys.argv[1]).iterdump()\n\
                   print(hashlib.sha256(chr(10).join(rows).encode()).hexdigest())";
    let output = Command::new("python3").args(["-c", program]).arg(&path).output()?;
    ensure!(output.status.success(), "{}", shown(&output));
    Ok(String::from_utf8(output.stdout)?)
}
