//! [`Folders`]: rows of a table on their way to one Parquet file per folder.
//!
//! A row group knows nothing of the file that it will stand in: so threads can encode parts of the same files side by side.

use crate::ArchiveError;
use crate::chunk::Compressor;
use crate::content::{Content, ContentWriter};
use crate::group::{Group, GroupFactory, GroupWriter, new_file};
use crate::write::GROUP_ROWS;
use arrow_array::{RecordBatch, UInt64Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use farthing_schemas::Cycle;
use farthing_schemas::tables::Table;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Folders of one table that are encoded as their rows come; what goes to others waits. Batches of more months are sealed early
/// (`ingest::sequencer`).
const ENCODED_AT_ONCE: usize = 64;

/// A Parquet file in memory.
pub struct Encoded {
    /// How many rows it has.
    pub rows: u64,
    /// All of it.
    pub content: Content,
}

/// Encodes rows of a table as one Parquet file.
///
/// # Errors
/// [`ArchiveError::Parquet`]
pub fn encode(table: Table, rows: &[RecordBatch]) -> Result<Encoded, ArchiveError> {
    let encoded = || {
        let (file, groups) = new_file(table)?;
        let mut file = OpenFile(file);
        file.append(FilePart::of(&groups, rows, &mut Compressor::new()?)?)?;
        file.finish()
    };
    encoded().map_err(|source| failed(table, source))
}

/// Rows of a table on their way to one Parquet file per folder, encoded as they come. Texts may be numbered even where the table's schema
/// has them plain: the files say the same.
pub struct Folders {
    table: Table,
    groups: GroupFactory,
    compressor: Compressor,
    encoding: BTreeMap<Cycle, FilePart>,
    /// Rows of all other folders, with the folder of each row. An encoder takes half a mebibyte before its first row, and a batch of one
    /// row a hundredth of that: of very many folders most wait together.
    waiting: Vec<(RecordBatch, Vec<Cycle>)>,
}

impl Folders {
    /// No rows yet.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`] never, unless Parquet cannot hold the table's schema.
    pub fn new(table: Table) -> Result<Folders, ArchiveError> {
        let new = || Ok((new_file(table)?.1, Compressor::new()?));
        let (groups, compressor) = new().map_err(|source| failed(table, source))?;
        Ok(Folders { table, groups, compressor, encoding: BTreeMap::new(), waiting: Vec::new() })
    }

    /// Takes rows of one folder.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`]
    pub fn write(&mut self, folder: Cycle, rows: RecordBatch) -> Result<(), ArchiveError> {
        if !self.encodes(folder) {
            let folders = vec![folder; rows.num_rows()];
            self.waiting.push((rows, folders));
            return Ok(());
        }
        let part = self.encoding.entry(folder).or_default();
        part.write(&self.groups, &rows, &mut self.compressor).map_err(|source| failed(self.table, source))
    }

    /// Takes rows with the folder of each; those of one folder stay in their order.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`]
    pub fn write_each(&mut self, rows: RecordBatch, folders: &[Cycle]) -> Result<(), ArchiveError> {
        // Nearly always all of one folder: nothing to sort, nothing to copy.
        if let Some(first) = folders.first().filter(|first| folders.iter().all(|folder| folder == *first)) {
            return self.write(*first, rows);
        }
        let (mut now, mut later) = (Vec::new(), Vec::new());
        for (row, folder) in folders.iter().enumerate() {
            if self.encodes(*folder) {
                self.encoding.entry(*folder).or_default();
                now.push(row);
            } else {
                later.push(row);
            }
        }
        if !later.is_empty() {
            self.waiting.push((self.taken(&rows, &later)?, later.iter().map(|row| folders[*row]).collect()));
        }
        for (folder, rows) in self.by_folder(&rows, now, folders)? {
            self.write(folder, rows)?;
        }
        Ok(())
    }

    fn encodes(&self, folder: Cycle) -> bool {
        self.encoding.len() < ENCODED_AT_ONCE || self.encoding.contains_key(&folder)
    }

    /// The wanted rows of each folder.
    fn by_folder(&self, rows: &RecordBatch, mut wanted: Vec<usize>, folders: &[Cycle]) -> Result<Vec<(Cycle, RecordBatch)>, ArchiveError> {
        wanted.sort_by_key(|row| folders[*row]);
        let (rows, mut start) = (self.taken(rows, &wanted)?, 0);
        let mut of_folders = Vec::new();
        for run in wanted.chunk_by(|a, b| folders[*a] == folders[*b]) {
            of_folders.push((folders[run[0]], rows.slice(start, run.len())));
            start += run.len();
        }
        Ok(of_folders)
    }

    fn taken(&self, rows: &RecordBatch, wanted: &[usize]) -> Result<RecordBatch, ArchiveError> {
        let wanted = UInt64Array::from_iter_values(wanted.iter().map(|row| u64::try_from(*row).unwrap_or(u64::MAX)));
        take_record_batch(rows, &wanted).map_err(|source| failed(self.table, source.into()))
    }

    /// Gives away what is encoded so far, for [`FolderFiles`]; row groups that are on their way stay.
    #[must_use]
    pub fn take_ended(&mut self) -> FolderParts {
        let with_any = self.encoding.iter_mut().filter(|(_, part)| !part.ended.is_empty());
        FolderParts(with_any.map(|(folder, part)| (*folder, std::mem::take(&mut part.ended))).collect())
    }

    /// Ends the encoding; gives what was not taken yet.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`]
    pub fn finish(mut self) -> Result<FolderParts, ArchiveError> {
        let failed = |source| failed(self.table, source);
        let mut parts = BTreeMap::new();
        let (rows, folders): (Vec<RecordBatch>, Vec<Vec<Cycle>>) = std::mem::take(&mut self.waiting).into_iter().unzip();
        if let Some(schema) = rows.first().map(RecordBatch::schema) {
            let together = concat_batches(&schema, &rows).map_err(|source| failed(source.into()))?;
            drop(rows);
            for (folder, rows) in self.by_folder(&together, (0..together.num_rows()).collect(), &folders.concat())? {
                parts.insert(folder, FilePart::of(&self.groups, &[rows], &mut self.compressor).map_err(failed)?);
            }
        }
        for (folder, part) in std::mem::take(&mut self.encoding) {
            parts.insert(folder, part.finish(&mut self.compressor).map_err(failed)?);
        }
        Ok(FolderParts(parts))
    }
}

/// Encoded rows of some folders that are in no file yet.
pub struct FolderParts(BTreeMap<Cycle, Vec<Group>>);

/// Row groups that will stand in one file, one after the other.
#[derive(Default)]
struct FilePart {
    open: Option<GroupWriter>,
    ended: Vec<Group>,
}

impl FilePart {
    fn of(groups: &GroupFactory, rows: &[RecordBatch], compressor: &mut Compressor) -> Result<Vec<Group>, ParquetError> {
        let mut part = FilePart::default();
        rows.iter().try_for_each(|rows| part.write(groups, rows, compressor))?;
        part.finish(compressor)
    }

    fn write(&mut self, groups: &GroupFactory, rows: &RecordBatch, compressor: &mut Compressor) -> Result<(), ParquetError> {
        let mut rest = rows.clone();
        while rest.num_rows() > 0 {
            let group = match &mut self.open {
                Some(open) => open,
                None => self.open.insert(groups.group()?),
            };
            let count = rest.num_rows().min(GROUP_ROWS - group.rows());
            group.write(&rest.slice(0, count), compressor)?;
            if group.rows() == GROUP_ROWS {
                self.end_group(compressor)?;
            }
            rest = rest.slice(count, rest.num_rows() - count);
        }
        Ok(())
    }

    fn end_group(&mut self, compressor: &mut Compressor) -> Result<(), ParquetError> {
        if let Some(group) = self.open.take() {
            self.ended.push(group.close(compressor)?);
        }
        Ok(())
    }

    fn finish(mut self, compressor: &mut Compressor) -> Result<Vec<Group>, ParquetError> {
        self.end_group(compressor)?;
        Ok(self.ended)
    }
}

/// One file per folder, of rows that were encoded in parts: in each file they stand in the order of the parts.
pub struct FolderFiles {
    table: Table,
    files: BTreeMap<Cycle, OpenFile>,
}

impl FolderFiles {
    /// No files yet.
    #[must_use]
    pub fn new(table: Table) -> FolderFiles {
        FolderFiles { table, files: BTreeMap::new() }
    }

    /// Takes the next part.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`]
    pub fn append(&mut self, parts: FolderParts) -> Result<(), ArchiveError> {
        let append = |(folder, groups)| match self.files.entry(folder) {
            Entry::Occupied(file) => file.into_mut().append(groups),
            Entry::Vacant(vacant) => vacant.insert(OpenFile(new_file(self.table)?.0)).append(groups),
        };
        parts.0.into_iter().try_for_each(append).map_err(|source| failed(self.table, source))
    }

    /// The files, in the order of their folders.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`]
    pub fn finish(self) -> Result<Vec<(Cycle, Encoded)>, ArchiveError> {
        let file = |(folder, file): (Cycle, OpenFile)| Ok((folder, file.finish()?));
        self.files.into_iter().map(file).collect::<Result<_, _>>().map_err(|source| failed(self.table, source))
    }
}

struct OpenFile(SerializedFileWriter<ContentWriter>);

impl OpenFile {
    fn append(&mut self, groups: Vec<Group>) -> Result<(), ParquetError> {
        groups.into_iter().try_for_each(|ended| {
            let mut group = self.0.next_row_group()?;
            ended.append_to(&mut group)?;
            group.close().map(|_| ())
        })
    }

    fn finish(self) -> Result<Encoded, ParquetError> {
        let rows = self.0.flushed_row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum();
        Ok(Encoded { rows, content: self.0.into_inner()?.finish() })
    }
}

fn failed(table: Table, source: ParquetError) -> ArchiveError {
    // A file is named by its bytes: this one has no name yet.
    ArchiveError::Parquet { path: format!("a new file of {}", table.name()), source }
}
