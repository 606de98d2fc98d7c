//! Originals of reversals, as the archive holds them.

use crate::batch::Because;
use crate::books::Books;
use crate::patience::Patience;
use arrow_array::RecordBatch;
use bytes::Bytes;
use farthing_aggregate::usage::{Place, UsageRows};
use farthing_archive::{Archive, ArchiveError, Catalog, read_around};
use farthing_ingest::{Original, Originals, Refusal};
use farthing_ledger::Ledger;
use farthing_schemas::manifest::File;
use farthing_schemas::registry::Registry;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Runs of rows that are kept at hand: reversals come in runs, too.
const RUNS_AT_HAND: usize = 8;

/// Reads originals from the archive.
pub struct ArchivedOriginals {
    archive: Archive,
    ledger: Ledger,
    patience: Patience,
    catalog: Catalog,
    registries: BTreeMap<u64, Arc<Registry>>,
    /// The file read last.
    file: Option<(String, Bytes)>,
    /// Runs of decoded rows and the file of each, the latest first.
    at_hand: VecDeque<(String, Vec<RecordBatch>)>,
    runtime: Handle,
}

impl ArchivedOriginals {
    /// A reader of what the books hold now and what the batches of this process add.
    pub async fn of(books: &mut Books) -> anyhow::Result<ArchivedOriginals> {
        let registry = books.registry_now().await?;
        Ok(ArchivedOriginals {
            archive: books.archive.clone(),
            ledger: books.ledger.clone(),
            patience: books.patience.clone(),
            catalog: books.catalog.clone(),
            registries: BTreeMap::from([(registry.version(), registry)]),
            file: None,
            at_hand: VecDeque::new(),
            runtime: Handle::current(),
        })
    }

    fn bytes(&mut self, file: &File) -> anyhow::Result<Bytes> {
        match &self.file {
            Some((path, bytes)) if *path == file.path => Ok(bytes.clone()),
            _ => {
                let bytes = self.runtime.block_on(self.archive.get(file))?;
                self.file = Some((file.path.clone(), bytes.clone()));
                Ok(bytes)
            }
        }
    }

    /// A row, if that file holds it; the rows around it are at hand from then on.
    fn read_row_of(&mut self, file: &File, place: Place) -> anyhow::Result<Option<RecordBatch>> {
        let bytes = self.bytes(file)?;
        let Some(around) = read_around(&file.path, &bytes, place)? else { return Ok(None) };
        let found = row_among(&around, place)?;
        self.at_hand.truncate(RUNS_AT_HAND - 1);
        self.at_hand.push_front((file.path.clone(), around));
        Ok(found)
    }

    /// What was known at first may be too little by now, since this process commits, or too much, since another may compact.
    fn row(&mut self, place: Place) -> anyhow::Result<RecordBatch> {
        if let Ok(row) = self.row_as_known(place) {
            return Ok(row);
        }
        let after = self.catalog.sequence;
        let more = self.patience.with(async || self.ledger.manifests_after(after).await);
        for manifest in self.runtime.block_on(more)? {
            self.catalog.take(manifest.sequence, &manifest.sha256, &manifest.body)?;
        }
        self.row_as_known(place)
    }

    fn row_as_known(&mut self, place: Place) -> anyhow::Result<RecordBatch> {
        let of_batch = |file: &&File| file.batches.is_some_and(|(first, last)| (first..=last).contains(&place.batch));
        let candidates: Vec<File> = self.catalog.files("usage").filter(of_batch).cloned().collect();
        let of_candidates = self.at_hand.iter().filter(|(path, _)| candidates.iter().any(|file| file.path == *path));
        if let Some(row) = row_among(of_candidates.flat_map(|(_, rows)| rows), place)? {
            return Ok(row);
        }
        for file in candidates {
            if let Some(row) = self.read_row_of(&file, place)? {
                return Ok(row);
            }
        }
        Err(ArchiveError::NoSuchRow { batch: place.batch, row: place.row }.into())
    }

    fn registry(&mut self, version: u64) -> anyhow::Result<Arc<Registry>> {
        if let Some(registry) = self.registries.get(&version) {
            return Ok(registry.clone());
        }
        let mut texts = Vec::new();
        for file in self.catalog.registry.iter().take(usize::try_from(version)?) {
            let packed = self.runtime.block_on(self.archive.get(file))?;
            texts.push(zstd::decode_all(&packed[..])?);
        }
        let registry = Arc::new(Registry::from_public((1..).zip(texts.iter().map(Vec::as_slice)))?);
        self.registries.insert(version, registry.clone());
        Ok(registry)
    }

    fn original(&mut self, place: Place) -> anyhow::Result<Original> {
        let row = self.row(place)?;
        let version = UsageRows::of(&row)?.registry_version(0);
        Ok(Original { registry: self.registry(version)?, row })
    }
}

/// The row at a place, if it is among these.
fn row_among<'r>(runs: impl IntoIterator<Item = &'r RecordBatch>, place: Place) -> anyhow::Result<Option<RecordBatch>> {
    for rows in runs {
        if let Some(at) = find(&UsageRows::of(rows)?, place) {
            return Ok(Some(rows.slice(at, 1)));
        }
    }
    Ok(None)
}

/// Rows of a file stand in the order of their places.
fn find(rows: &UsageRows<'_>, place: Place) -> Option<usize> {
    let (mut low, mut high) = (0, rows.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if rows.place(middle) < place { low = middle + 1 } else { high = middle }
    }
    (low < rows.len() && rows.place(low) == place).then_some(low)
}

impl Originals for ArchivedOriginals {
    fn read(&mut self, place: Place) -> Result<Original, Refusal> {
        Ok(self.original(place).map_err(Because)?)
    }
}
