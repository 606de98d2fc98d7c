//! The archive: Parquet files and manifests in an object store, durable once written, checked whenever read.
//!
//! Invariants
//! - A file is whole or not there when [`Archive::put`] returns; on a disk it and its folders are synced, in a bucket the store has confirmed it.
//! - In a bucket nothing is ever overwritten with other bytes.
//! - No row is read from a file whose bytes are not those that its manifest names.
//! - Only files that a manifest names exist; others are on their way to a commit, or leftovers of a crash or a failure,
//!   which their writer's successor sweeps away.
//!
//! Modules in reading order: [`content`], [`asked`], [`store`], [`s3`], `bucket`, [`batches`], [`numbered`], [`holds`],
//! [`claims`], [`adjustments`], [`assignments`], [`remittances`], [`catalog`], [`write`], [`folders`], `group`, `chunk`, [`read`], [`merge`].
#![deny(missing_docs)]

pub mod adjustments;
pub mod asked;
pub mod assignments;
pub mod batches;
#[cfg(feature = "s3")]
mod bucket;
pub mod catalog;
mod chunk;
pub mod claims;
pub mod content;
pub mod folders;
mod group;
pub mod holds;
pub mod merge;
pub mod numbered;
pub mod read;
pub mod remittances;
pub mod s3;
pub mod store;
pub mod write;

pub use asked::Asked;
pub use batches::Batches;
#[cfg(feature = "s3")]
pub use bucket::{Bucket, BucketError};
pub use catalog::{Catalog, CatalogError};
pub use content::Content;
pub use folders::{Encoded, FolderFiles, Folders, encode};
pub use merge::in_order;
pub use read::{read_around, read_table};
pub use s3::S3;
pub use store::{Archive, NewFile, Root};
pub use write::{months, table_path};

use farthing_aggregate::columns::ColumnError;

/// Why the archive did not give or take a file.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The URL names no archive that this version can open.
    #[error("{0:?} is no archive URL of this version: use file://DIR or s3://BUCKET/PREFIX")]
    Url(String),
    /// Buckets are left out of this binary.
    #[error("{0:?}: this binary was built without S3; build it with the feature s3, or use file://DIR")]
    NotBuilt(String),
    /// A bucket cannot be used.
    #[cfg(feature = "s3")]
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The folder is not there.
    #[error("the archive folder {0} is not there; was it moved or unmounted?")]
    Vanished(String),
    /// The store refused.
    #[error("{path}: the archive refused")]
    Store {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: object_store::Error,
    },
    /// A file that a manifest names is not there.
    #[error("{0}: the file is missing from the archive")]
    Missing(String),
    /// A file's bytes are not those that its manifest names.
    #[error("{path}: its SHA-256 is {found}, but its manifest says {named}")]
    Altered {
        /// Which file.
        path: String,
        /// What its manifest says.
        named: String,
        /// What it has.
        found: String,
    },
    /// A file is no Parquet file, or cannot be written as one.
    #[error("{path}: not a Parquet file of ours")]
    Parquet {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// A file does not hold what its table's schema says.
    #[error("{path}: not of its table's schema")]
    Columns {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: ColumnError,
    },
    /// An event is not where a reversal or an index says that it is.
    #[error("batch {batch} has no row {row}")]
    NoSuchRow {
        /// Which batch.
        batch: u64,
        /// Which row of it.
        row: u32,
    },
}
