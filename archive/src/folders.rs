//! [`Folders`]: rows of a table on their way to one Parquet file per folder.
//!
//! A row group is encoded column by column as its rows come, and knows nothing of the file that it will stand in: so threads can
//! encode parts of the same files side by side.

use crate::ArchiveError;
use crate::write::{GROUP_ROWS, properties};
use arrow_array::{RecordBatch, UInt64Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use farthing_schemas::Cycle;
use farthing_schemas::tables::Table;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use std::collections::BTreeMap;

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
        let (_, columns) = new_file(table, 0).map_err(|source| failed(table, source))?;
        Ok(Folders { table, columns, encoding: BTreeMap::new(), waiting: Vec::new() })
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
        part.write(&self.columns, &rows).map_err(|source| failed(self.table, source))
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
    pub fn parts(mut self) -> Result<FolderParts, ArchiveError> {
        let failed = |source| failed(self.table, source);
        let mut parts = BTreeMap::new();
        let (rows, folders): (Vec<RecordBatch>, Vec<Vec<Cycle>>) = std::mem::take(&mut self.waiting).into_iter().unzip();
        if !rows.is_empty() {
            let together = concat_batches(&self.table.schema(), &rows).map_err(|source| failed(source.into()))?;
            drop(rows);
            for (folder, rows) in self.by_folder(&together, (0..together.num_rows()).collect(), &folders.concat())? {
                parts.insert(folder, FilePart::of(&self.columns, &[rows]).map_err(failed)?);
            }
        }
        for (folder, mut part) in std::mem::take(&mut self.encoding) {
            part.end_group().map_err(failed)?;
            parts.insert(folder, part);
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
