//! [`Folders`]: rows of a table on their way to one Parquet file per folder.
//!
//! A row group is encoded column by column as its rows come, and knows nothing of the file that it will stand in: so threads can
//! encode parts of the same files side by side.

use crate::ArchiveError;
use crate::write::{GROUP_ROWS, properties};
use arrow_array::RecordBatch;
use farthing_schemas::Cycle;
use farthing_schemas::tables::Table;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
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
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Encodes rows of a table as one Parquet file.
///
/// # Errors
/// [`ArchiveError::Parquet`]
pub fn encode(table: Table, rows: &[RecordBatch]) -> Result<Encoded, ArchiveError> {
    let encoded = || {
        let (_, columns) = new_file(table, 0)?;
        written(table, vec![FilePart::of(&columns, rows)?])
    };
    encoded().map_err(|source| failed(table, source))
}

/// Rows of a table on their way to one Parquet file per folder, encoded as they come.
pub struct Folders {
    table: Table,
    columns: ArrowRowGroupWriterFactory,
    folders: BTreeMap<Cycle, Folder>,
}

enum Folder {
    Encoding(FilePart),
    /// An encoder takes half a mebibyte before the first row: of very many folders most wait their turn.
    Waiting(Vec<RecordBatch>),
}

impl Folders {
    /// No rows yet.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`] never, unless Parquet cannot hold the table's schema.
    pub fn new(table: Table) -> Result<Folders, ArchiveError> {
        let (_, columns) = new_file(table, 0).map_err(|source| failed(table, source))?;
        Ok(Folders { table, columns, folders: BTreeMap::new() })
    }

    /// Takes rows of one folder.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`]
    pub fn write(&mut self, folder: Cycle, rows: RecordBatch) -> Result<(), ArchiveError> {
        let room = self.folders.len() < ENCODED_AT_ONCE;
        let folder = match self.folders.entry(folder) {
            Entry::Occupied(folder) => folder.into_mut(),
            Entry::Vacant(new) if room => new.insert(Folder::Encoding(FilePart::default())),
            Entry::Vacant(new) => new.insert(Folder::Waiting(Vec::new())),
        };
        match folder {
            Folder::Encoding(part) => part.write(&self.columns, &rows).map_err(|source| failed(self.table, source))?,
            Folder::Waiting(waiting) => waiting.push(rows),
        }
        Ok(())
    }

    /// The files, in the order of their folders.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`]
    pub fn finish(self) -> Result<Vec<(Cycle, Encoded)>, ArchiveError> {
        Folders::join(self.table, [self.parts()?])
    }

    /// Ends the encoding: what [`Folders::join`] makes files of.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`]
    pub fn parts(self) -> Result<FolderParts, ArchiveError> {
        let Folders { table, columns, folders } = self;
        let mut parts = BTreeMap::new();
        for (folder, rows) in folders {
            let part = match rows {
                Folder::Encoding(mut part) => part.end_group().map(|()| part),
                Folder::Waiting(rows) => FilePart::of(&columns, &rows),
            };
            parts.insert(folder, part.map_err(|source| failed(table, source))?);
        }
        Ok(FolderParts(parts))
    }

    /// The files of rows that were encoded in parts: in each file they stand in the order of the parts.
    ///
    /// # Errors
    /// [`ArchiveError::Parquet`]
    pub fn join(table: Table, parts: impl IntoIterator<Item = FolderParts>) -> Result<Vec<(Cycle, Encoded)>, ArchiveError> {
        let mut files: BTreeMap<Cycle, Vec<FilePart>> = BTreeMap::new();
        for (folder, part) in parts.into_iter().flat_map(|parts| parts.0) {
            files.entry(folder).or_default().push(part);
        }
        let file = |(folder, parts)| Ok((folder, written(table, parts)?));
        files.into_iter().map(file).collect::<Result<_, _>>().map_err(|source| failed(table, source))
    }
}

/// Encoded rows of some folders that are in no file yet.
pub struct FolderParts(BTreeMap<Cycle, FilePart>);

/// Row groups that will stand in one file, one after the other; none is open any more when [`written`] gets them.
#[derive(Default)]
struct FilePart {
    /// One writer per leaf of the schema, and the rows that they have taken.
    open: Option<(Vec<ArrowColumnWriter>, usize)>,
    ended: Vec<Vec<ArrowColumnChunk>>,
    rows: u64,
    /// About how large it is when it is encoded.
    bytes: usize,
}

impl FilePart {
    fn of(columns: &ArrowRowGroupWriterFactory, rows: &[RecordBatch]) -> Result<FilePart, ParquetError> {
        let mut part = FilePart::default();
        rows.iter().try_for_each(|rows| part.write(columns, rows))?;
        part.end_group()?;
        Ok(part)
    }

    fn write(&mut self, columns: &ArrowRowGroupWriterFactory, rows: &RecordBatch) -> Result<(), ParquetError> {
        let mut rest = rows.clone();
        while rest.num_rows() > 0 {
            let (writers, taken) = match &mut self.open {
                Some(open) => open,
                None => self.open.insert((columns.create_column_writers(self.ended.len())?, 0)),
            };
            let count = rest.num_rows().min(GROUP_ROWS - *taken);
            write_columns(writers, &rest.slice(0, count))?;
            *taken += count;
            if *taken == GROUP_ROWS {
                self.end_group()?;
            }
            rest = rest.slice(count, rest.num_rows() - count);
        }
        self.rows += u64::try_from(rows.num_rows()).unwrap_or(u64::MAX);
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        if let Some((writers, _)) = self.open.take() {
            self.bytes += writers.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum::<usize>();
            self.ended.push(writers.into_iter().map(ArrowColumnWriter::close).collect::<Result<_, _>>()?);
        }
        Ok(())
    }
}

fn write_columns(writers: &mut [ArrowColumnWriter], rows: &RecordBatch) -> Result<(), ParquetError> {
    let mut writers = writers.iter_mut();
    for (field, column) in rows.schema_ref().fields().iter().zip(rows.columns()) {
        for (leaf, writer) in compute_leaves(field, column)?.iter().zip(writers.by_ref()) {
            writer.write(leaf)?;
        }
    }
    Ok(())
}

/// Room for a file's magic and footer.
const FOOTER_BYTES: usize = 64 << 10;

fn new_file(table: Table, bytes: usize) -> Result<(SerializedFileWriter<Vec<u8>>, ArrowRowGroupWriterFactory), ParquetError> {
    ArrowWriter::try_new(Vec::with_capacity(bytes), table.schema(), Some(properties(table)))?.into_serialized_writer()
}

fn written(table: Table, parts: Vec<FilePart>) -> Result<Encoded, ParquetError> {
    let (mut file, _) = new_file(table, parts.iter().map(|part| part.bytes).sum::<usize>() + FOOTER_BYTES)?;
    let mut rows = 0;
    for part in parts {
        rows += part.rows;
        for chunks in part.ended {
            let mut group = file.next_row_group()?;
            chunks.into_iter().try_for_each(|chunk| chunk.append_to_row_group(&mut group))?;
            group.close()?;
        }
    }
    Ok(Encoded { rows, bytes: file.into_inner()? })
}

fn failed(table: Table, source: ParquetError) -> ArchiveError {
    // A file is named by its bytes: this one has no name yet.
    ArchiveError::Parquet { path: format!("a new file of {}", table.name()), source }
}
