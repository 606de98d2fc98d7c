//! Papers in their forms, and as files, many in a new folder.

use crate::cli::PaperFormat;
use anyhow::{Context, ensure};
use farthing_schemas::manifest::sha256_hex;
use farthing_settle::document::Document;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Bytes of a file's name that come from an id; file systems end at 255.
const NAME_BYTES_MAX: usize = 180;

/// A paper in one of its forms, each line ended.
pub fn form(document: &Document, format: PaperFormat) -> anyhow::Result<String> {
    Ok(match format {
        PaperFormat::Text => document.text(),
        PaperFormat::Html => document.html(),
        PaperFormat::Json => document.json() + "\n",
        PaperFormat::Csv => document.csv()?,
    })
}

/// The form that is asked for by flags.
pub const fn format(json: bool, csv: bool) -> PaperFormat {
    match (json, csv) {
        (true, _) => PaperFormat::Json,
        (false, true) => PaperFormat::Csv,
        (false, false) => PaperFormat::Text,
    }
}

/// How names of files of that form end.
pub const fn extension(format: PaperFormat) -> &'static str {
    match format {
        PaperFormat::Text => "txt",
        PaperFormat::Html => "html",
        PaperFormat::Json => "json",
        PaperFormat::Csv => "csv",
    }
}

/// Papers of two drafts in one folder would be taken for those of one: it has to be empty.
pub fn new_folder(out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
    let mut entries = std::fs::read_dir(out).with_context(|| format!("the folder {} cannot be read", out.display()))?;
    ensure!(entries.next().is_none(), "--out {}: there is something in it already; name a new folder", out.display());
    Ok(())
}

/// Writes a file that is not there yet.
pub fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let file = File::create_new(path).and_then(|mut file| file.write_all(bytes));
    file.with_context(|| format!("{} cannot be written", path.display()))
}

/// The id of whose paper it is as a file's name: what could mean something to a file system is written as `%` and two hex digits, and a
/// long id ends with its own hash. No two ids have one name.
pub fn file_name(id: &str, extension: &str) -> String {
    let plain = |at: usize, byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && at > 0);
    let written = |(at, byte): (usize, u8)| if plain(at, byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let mut name: String = id.bytes().enumerate().map(written).collect();
    if name.len() > NAME_BYTES_MAX {
        name.truncate(NAME_BYTES_MAX);
        name += &format!("~{}", &sha256_hex(id.as_bytes())[..32]);
    }
    format!("{name}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_have_names_of_their_own_that_stay_in_the_folder() {
        let check = |id: &str, expected: &str| assert_eq!(file_name(id, "txt"), expected);
        check("pty_ana-1.b", "pty_ana-1.b.txt");
        check("../etc/x", "%2E.%2Fetc%2Fx.txt");
        check("..", "%2E..txt");
        check("a%2Fb", "a%252Fb.txt");
        check("é", "%C3%A9.txt");
        let long: Vec<String> = ["a", "b"].into_iter().map(|end| format!("{}{end}", "é".repeat(120))).collect();
        let names: BTreeSet<String> = long.iter().map(|id| file_name(id, "proof.json")).collect();
        assert!(names.len() == 2 && names.iter().all(|name| name.len() <= 255), "{names:?}");
    }
}
