//! [`GroupWriter`]: one row group, encoded column by column as its rows come.

use crate::chunk::{Chunk, ChunkWriter, Compressor};
use crate::content::ContentWriter;
use crate::write::{dictionary_bytes, properties, telling_columns};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, FieldRef, Fields};
use farthing_schemas::tables::Table;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnDescPtr;
use std::io::Write;

/// A file of a table in memory, and what its row groups are made with.
pub(crate) fn new_file(table: Table) -> Result<(SerializedFileWriter<ContentWriter>, GroupFactory), ParquetError> {
    let arrow = ArrowWriter::try_new(ContentWriter::new(), table.schema(), Some(properties(table)))?;
    let (file, writers) = arrow.into_serialized_writer()?;
    let columns = file.schema_descr().columns().to_vec();
    Ok((file, GroupFactory { table, writers, columns }))
}

/// Makes the row groups of a table.
pub(crate) struct GroupFactory {
    table: Table,
    writers: ArrowRowGroupWriterFactory,
    /// The leaves of the schema.
    columns: Vec<ColumnDescPtr>,
}

impl GroupFactory {
    /// The next row group. The library wants its place in the file, for encryption alone.
    pub(crate) fn group(&self) -> Result<GroupWriter, ParquetError> {
        let schema = self.table.schema();
        let mut columns = self.columns.iter();
        let ours = schema.fields().iter().flat_map(|field| {
            let columns: Vec<&ColumnDescPtr> = columns.by_ref().take(leaves_of(field)).collect();
            self.writers_of_ours(field, &columns)
        });
        let leaf = |(ours, writer): (Option<ChunkWriter>, _)| match ours {
            Some(ours) => LeafWriter::Ours(Box::new(ours)),
            None => LeafWriter::Library(Box::new(writer)),
        };
        Ok(GroupWriter { leaves: ours.zip(self.writers.create_column_writers(0)?).map(leaf).collect(), rows: 0 })
    }

    /// A writer of ours for each leaf of a field that the library does not write.
    fn writers_of_ours(&self, field: &Field, columns: &[&ColumnDescPtr]) -> Vec<Option<ChunkWriter>> {
        let Some(fields) = struct_fields(field) else {
            let telling = telling_columns(self.table).contains(&field.name().as_str());
            let bytes = dictionary_bytes(self.table, field.name());
            return columns.iter().map(|column| ChunkWriter::of_rows(column, field.data_type(), bytes, telling)).collect();
        };
        let list = field;
        let of_field = |(at, (field, column)): (usize, (&FieldRef, &&ColumnDescPtr))| ChunkWriter::of_lists(column, at, field, list);
        fields.iter().zip(columns).enumerate().map(of_field).collect()
    }
}

/// The fields of a list's structs.
fn struct_fields(field: &Field) -> Option<&Fields> {
    match field.data_type() {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(fields) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}

fn leaves_of(field: &Field) -> usize {
    struct_fields(field).map_or(1, |fields| fields.len())
}

enum LeafWriter {
    Library(Box<ArrowColumnWriter>),
    Ours(Box<ChunkWriter>),
}

enum LeafChunk {
    Library(ArrowColumnChunk),
    Ours(Chunk),
}

/// A row group on its way; it knows nothing of the file that it will stand in.
pub(crate) struct GroupWriter {
    leaves: Vec<LeafWriter>,
    rows: usize,
}

impl GroupWriter {
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Takes rows of the table.
    pub(crate) fn write(&mut self, rows: &RecordBatch, compressor: &mut Compressor) -> Result<(), ParquetError> {
        self.rows += rows.num_rows();
        let mut leaves = self.leaves.as_mut_slice();
        for (field, column) in rows.schema_ref().fields().iter().zip(rows.columns()) {
            let (of_field, rest) = leaves.split_at_mut(leaves_of(field));
            leaves = rest;
            if of_field.iter().any(|leaf| matches!(leaf, LeafWriter::Library(_))) {
                for (leaf, writer) in compute_leaves(field, column)?.iter().zip(of_field.iter_mut()) {
                    if let LeafWriter::Library(writer) = writer {
                        writer.write(leaf)?;
                    }
                }
            }
            for writer in of_field {
                if let LeafWriter::Ours(writer) = writer {
                    writer.write(column, compressor)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn close(self, compressor: &mut Compressor) -> Result<Group, ParquetError> {
        let close = |leaf| match leaf {
            LeafWriter::Library(writer) => Ok(LeafChunk::Library(writer.close()?)),
            LeafWriter::Ours(writer) => Ok(LeafChunk::Ours(writer.close(compressor)?)),
        };
        Ok(Group { chunks: self.leaves.into_iter().map(close).collect::<Result<_, ParquetError>>()? })
    }
}

/// An encoded row group that is in no file yet.
pub(crate) struct Group {
    chunks: Vec<LeafChunk>,
}

impl Group {
    pub(crate) fn append_to<W: Write + Send>(self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        self.chunks.into_iter().try_for_each(|chunk| match chunk {
            LeafChunk::Library(chunk) => chunk.append_to_row_group(group),
            LeafChunk::Ours(chunk) => chunk.append_to_row_group(group),
        })
    }
}
