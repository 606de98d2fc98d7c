//! The books: the ledger, the archive and what the chain of manifests says exists, opened together.

use crate::lock::{Kept, Lock};
use crate::output::names_a_missing_file;
use crate::patience::{Patience, timely, timely_for};
use crate::place::Place;
use crate::registry_snapshot::RegistrySnapshot;
use crate::telemetry::{self, LedgerCall};
use crate::time::now;
use anyhow::{Context, bail};
use farthing_archive::catalog::manifest_path;
use farthing_archive::{Archive, Catalog, Content, NewFile};
use farthing_ledger::{Effects, Ledger, LedgerError};
use farthing_schemas::manifest::{Act, File, Manifest, Slice, VERSION};
use farthing_schemas::registry::{Registry, State};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// How often files are looked at that others merge meanwhile.
pub const LOOKS: usize = 4;

/// Open books.
pub struct Books {
    pub ledger: Ledger,
    pub archive: Archive,
    pub catalog: Catalog,
    /// By version, compiled from the archive.
    registries: HashMap<u64, Arc<Registry>>,
    snapshot: RegistrySnapshot,
    /// The one in force, if it was read from the snapshot.
    from_snapshot: Option<Arc<Registry>>,
    /// How long to wait for a ledger that is away.
    pub patience: Patience,
    /// What only one process does at a time, as far as this one is doing it.
    pub lock: Option<Lock>,
}

/// Whether an act was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is done, and durable.
    Done,
    /// Another act came first and is in the catalog now: look, and try again.
    Moved,
}

impl Books {
    /// Opens the books that are there.
    pub async fn open(at: &Place) -> anyhow::Result<Books> {
        if !Books::exist(at).await? {
            bail!("no ledger at {}; start one with: farthing registry load FILE {}", at.shown_ledger(), at.option);
        }
        Books::open_at(at, false).await
    }

    /// Opens the books, and makes them where there are none.
    pub async fn open_or_create(at: &Place) -> anyhow::Result<Books> {
        if Books::exist(at).await? {
            return Books::open_at(at, false).await;
        }
        if let Some(folder) = at.ledger.path().and_then(Path::parent) {
            std::fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        }
        Books::open_at(at, true).await
    }

    /// Whether there is a ledger.
    pub async fn exist(at: &Place) -> anyhow::Result<bool> {
        match at.ledger.path() {
            Some(path) => path.try_exists().with_context(|| format!("the ledger {} cannot be looked for", path.display())),
            None => Ok(Ledger::exists(&at.ledger).await?),
        }
    }

    async fn open_at(at: &Place, create: bool) -> anyhow::Result<Books> {
        // The archive first: a ledger without its archive would promise files that nobody has.
        let archive = Archive::open(&at.archive, &at.s3, create).await?.watched(telemetry::asked);
        let ledger = Ledger::open(&at.ledger, create).await?;
        let (catalog, snapshot) = (Catalog::default(), RegistrySnapshot::of(at));
        let mut books = Books {
            ledger,
            archive,
            catalog,
            registries: HashMap::new(),
            snapshot,
            from_snapshot: None,
            patience: Patience::default(),
            lock: None,
        };
        books.refresh().await?;
        books.belong_together().await?;
        Ok(books)
    }

    /// Another ledger's archive, or one that is ahead of this ledger, must not be touched: what it holds would be swept away.
    async fn belong_together(&mut self) -> anyhow::Result<()> {
        let number = |path: &String| path.rsplit('/').next().and_then(|name| name.split('-').next()?.parse::<u64>().ok());
        // One copy beyond the head is that of an act that was not committed; more than that would be listed, and nothing else is: a bucket
        // has as many copies as there are acts, and every command comes along here.
        let copies = self.archive.list_after("manifests", &manifest_path(self.catalog.sequence + 1, "~")).await?;
        // What was committed before they were listed is then no surprise.
        self.refresh().await?;
        let last = copies.iter().filter_map(number).max().unwrap_or(0);
        let root = self.archive.root();
        if last > self.catalog.sequence + 1 {
            bail!(
                "the archive at {root} holds manifest {last}, but the ledger ends at {}: it is another ledger's, or the ledger was emptied or put back from an older copy",
                self.catalog.sequence
            );
        }
        // An archive without any copies is told of by whoever reads it.
        let head = manifest_path(self.catalog.sequence, &self.catalog.sha256);
        if self.catalog.sequence > 0 && !self.archive.exists(&head).await? && !self.archive.list("manifests").await?.is_empty() {
            bail!(
                "the archive at {root} lacks manifest {} of this ledger: it is another ledger's, or a file is missing",
                self.catalog.sequence
            );
        }
        Ok(())
    }

    /// Looks at files, and looks again if another process has merged some of them into a new one meanwhile. What was done until then stays
    /// done: whoever looks has to know it by the books.
    pub async fn look<T>(&mut self, mut look: impl AsyncFnMut(&mut Books) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let mut looks = 1;
        loop {
            match look(self).await {
                Err(error) if looks < LOOKS && names_a_missing_file(&error) => looks += 1,
                answer => return answer,
            }
            self.refresh().await?;
        }
    }

    /// Takes in what others appended.
    pub async fn refresh(&mut self) -> anyhow::Result<()> {
        let after = self.catalog.sequence;
        for manifest in
            self.patience.with(async || telemetry::timed(LedgerCall::Manifests, self.ledger.manifests_after(after)).await).await?
        {
            self.catalog
                .take(manifest.sequence, &manifest.sha256, &manifest.body)
                .context("the ledger's chain of manifests is broken; run: farthing verify")?;
        }
        Ok(())
    }

    /// Appends an act to the chain: first its copy in the archive, then the ledger, which decides.
    pub async fn append(&mut self, act: Act, effects: &Effects) -> anyhow::Result<Appended> {
        let (sequence, previous) = (self.catalog.sequence + 1, self.catalog.sha256.clone());
        let manifest = Manifest { version: VERSION, sequence, previous, at: now().to_string(), act };
        if let Err(gone) = self.still_there(manifest.files()).await {
            // Whoever took back a batch's number has swept its files away: then that is why.
            if let Act::Batch(batch) = &manifest.act {
                self.still_reserved(batch.batch, &batch.slices).await?;
            }
            return Err(gone);
        }
        let body = manifest.to_json();
        let copy = NewFile { table: "manifests", rows: 1, batches: None, content: Content::of(body.clone().into_bytes()) };
        let File { path, sha256, .. } = self.archive.put(copy, |sha256| manifest_path(sequence, sha256)).await?;
        fail::fail_point!("manifest-written");
        match self.append_patiently(&manifest, effects).await? {
            Ok(()) => {
                self.catalog.take(sequence, &sha256, &body)?;
                Ok(Appended::Done)
            }
            Err(LedgerError::Moved) => {
                self.archive.remove(&path).await?;
                self.refresh().await?;
                Ok(Appended::Moved)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Appends, however often the ledger goes away meanwhile: it knows what it has done already.
    async fn append_patiently(&mut self, manifest: &Manifest, effects: &Effects) -> anyhow::Result<Result<(), LedgerError>> {
        let mut waiting = self.patience.begin();
        loop {
            let result = match self.keep_lock(manifest).await? {
                Ok(()) => {
                    let postings: usize = effects.entries.iter().map(|(_, postings)| postings.len()).sum();
                    let rows = effects.party_details.len() + effects.dead_letters.len() + postings + effects.payments.count();
                    telemetry::timed(LedgerCall::Append, timely_for(rows, self.ledger.append(manifest, effects))).await
                }
                away => away,
            };
            match result {
                Err(error) if waiting.again(&error).await => {}
                result => return Ok(result),
            }
        }
    }

    /// A lock goes with its connection. Whoever had it meanwhile may have metered what we know nothing of.
    async fn keep_lock(&mut self, ours: &Manifest) -> anyhow::Result<Result<(), LedgerError>> {
        let Some(lock) = &mut self.lock else { return Ok(Ok(())) };
        match timely(lock.keep()).await {
            Ok(Kept::Still) => Ok(Ok(())),
            Ok(Kept::Again) => self.nobody_else_metered(ours).await.map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn nobody_else_metered(&self, ours: &Manifest) -> anyhow::Result<()> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let (after, ours) = (self.catalog.sequence, ours.to_json());
        let more = self.patience.with(async || self.ledger.manifests_after(after).await).await?;
        for manifest in more.iter().filter(|manifest| manifest.body != ours) {
            if let Act::Batch(batch) = Manifest::from_json(&manifest.body)?.act
                && batch.slices.iter().any(|slice| lock.excludes(&slice.partition))
            {
                bail!("the connection that held the lock was lost, and another process has metered meanwhile: run the same command again");
            }
        }
        Ok(())
    }

    /// A batch whose number was taken back cannot be committed: then the lease is lost.
    pub async fn still_reserved(&self, batch: u64, slices: &[Slice]) -> anyhow::Result<()> {
        let reserved = self.patience.with(async || self.ledger.reserved().await).await?;
        if reserved.iter().any(|reservation| reservation.batch == batch) {
            return Ok(());
        }
        let partition = slices.first().map(|slice| slice.partition.clone());
        Err(LedgerError::LostLease(partition.unwrap_or_default()).into())
    }

    /// The archive's folder could have been unmounted under us, or its bucket made anew: one in its place would lack all that was written before.
    async fn still_there(&self, written: &[File]) -> anyhow::Result<()> {
        let last = (self.catalog.sequence > 0).then(|| manifest_path(self.catalog.sequence, &self.catalog.sha256));
        for path in last.iter().chain(written.iter().map(|file| &file.path)) {
            if !self.archive.exists(path).await? {
                bail!("the archive at {} lacks {path}, which it held before; was it moved, unmounted or replaced?", self.archive.root());
            }
        }
        Ok(())
    }

    /// The registry version that is in force, from its snapshot if there is one; who has to prove something asks [`Books::registry`].
    pub async fn registry_now(&mut self) -> anyhow::Result<Arc<Registry>> {
        let version = self.catalog.registry_version();
        if version == 0 {
            bail!("no registry is loaded yet; load one with: farthing registry load FILE");
        }
        let known = self.from_snapshot.iter().chain(self.registries.get(&version)).find(|registry| registry.version() == version);
        if let Some(registry) = known {
            return Ok(registry.clone());
        }
        self.from_snapshot = self.snapshot.read(&self.catalog.registry).map(Arc::new);
        match &self.from_snapshot {
            Some(registry) => Ok(registry.clone()),
            None => self.registry(version).await,
        }
    }

    /// Keeps that registry, if it is the one in force, as a snapshot for the next process, unless it was read from there.
    pub fn keep_snapshot(&self, registry: &Registry) {
        let read = self.from_snapshot.as_ref().is_some_and(|read| std::ptr::eq(&**read, registry));
        if !read && registry.version() == self.catalog.registry_version() {
            self.snapshot.write(registry, &self.catalog.registry);
        }
    }

    /// Lets go of registries: one of many parties takes much room, and what was wanted of it is known.
    pub fn let_registries_go(&mut self) {
        self.registries.clear();
        self.from_snapshot = None;
    }

    /// A registry version for papers: the one in force as [`Books::registry_now`] has it, others from the archive.
    pub async fn registry_of(&mut self, version: u64) -> anyhow::Result<Arc<Registry>> {
        if version == self.catalog.registry_version() { self.registry_now().await } else { self.registry(version).await }
    }

    /// A registry version, compiled from the archive alone.
    pub async fn registry(&mut self, version: u64) -> anyhow::Result<Arc<Registry>> {
        if let Some(registry) = self.registries.get(&version) {
            return Ok(registry.clone());
        }
        let texts = self.registry_texts(version).await?;
        let numbered = (1..).zip(texts.iter().map(Vec::as_slice));
        let registry = Arc::new(Registry::from_public(numbered)?);
        self.registries.insert(version, registry.clone());
        Ok(registry)
    }

    /// The current records of the registry, to load upon, and the archived public text of each version.
    pub async fn registry_state(&self) -> anyhow::Result<(State, Vec<Vec<u8>>)> {
        let texts = self.registry_texts(self.catalog.registry_version()).await?;
        let mut state = State::default();
        for (version, text) in (1..).zip(&texts) {
            state.read_public(version, text).map_err(|errors| anyhow::anyhow!("registry version {version} cannot be read: {errors:?}"))?;
        }
        Ok((state, texts))
    }

    async fn registry_texts(&self, through: u64) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut texts = Vec::new();
        for file in self.catalog.registry.iter().take(usize::try_from(through)?) {
            let packed = self.archive.get(file).await?;
            texts.push(zstd::decode_all(&packed[..]).with_context(|| format!("{}: cannot be unpacked", file.path))?);
        }
        Ok(texts)
    }

    /// The live files of a table, by the least number of a batch in each.
    pub fn files_in_order(&self, table: &str) -> Vec<File> {
        let mut files: Vec<File> = self.catalog.files(table).cloned().collect();
        files.sort_by(|a, b| (a.batches, &a.path).cmp(&(b.batches, &b.path)));
        files
    }
}
