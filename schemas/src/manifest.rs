//! Manifests: the hash-chained record of every act that changed what exists.
//!
//! A manifest is one JSON document. Its SHA-256 stands in the next one, so nothing can be changed, removed or
//! swapped unseen. The ledger decides which manifests exist; the archive keeps a copy of each.

mod adjustment;
mod assignment;
mod claim;
mod hold;
mod pay;
mod remittance;

pub use adjustment::Adjustment;
pub use assignment::{AssignedTo, Assignment};
pub use claim::{Claim, ClaimPaid, ClaimPayment, CyclePaid};
pub use hold::{Hold, Lift, Reserve};
pub use pay::{BankFile, BankMessage, Released, Sum};
pub use remittance::Remittance;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;

/// The version of this wire form.
pub const VERSION: u32 = 1;

/// The source partition of the reversals that Farthing makes itself, of copies: its position counts them.
pub const COPIES: &str = "copies";

/// The source partition of what claims move: its position counts the rows.
pub const CLAIMS: &str = "claims";

/// Whether what a partition holds came from outside, and was not made by Farthing.
#[must_use]
pub fn is_from_outside(partition: &str) -> bool {
    partition != COPIES && partition != CLAIMS
}

/// One act and its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the wire form.
    pub version: u32,
    /// Its number, from 1 without gaps.
    pub sequence: u64,
    /// SHA-256 of the manifest before, in hex; empty for the first.
    pub previous: String,
    /// When it was made, RFC 3339 in UTC.
    pub at: String,
    /// What was done.
    pub act: Act,
}

/// What a manifest records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Act {
    /// A registry version was loaded.
    Registry(RegistryLoad),
    /// A batch of events was metered.
    Batch(Batch),
    /// Files were merged, and result lines written.
    Compaction(Compaction),
    /// A cycle moved from one state to the next.
    Cycle(CycleMove),
    /// Batches were searched for copies.
    Copies(CopySearch),
    /// Money of a party is held back from now on.
    Hold(Hold),
    /// A hold ends.
    Lift(Lift),
    /// Money that no draft could settle is asked for.
    Claim(Claim),
    /// What a closed cycle got wrong is put right.
    Adjustment(Adjustment),
    /// Somebody who acts came or went.
    Actor(ActorChange),
    /// What a bank has sent was taken in.
    BankMessage(BankMessage),
    /// A person said whose money on a bank account is.
    Assignment(Assignment),
    /// Withheld taxes were paid to a tax office.
    Remittance(Remittance),
}

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// `usage`, `accruals`, `lines`, `journal`, `payouts` or `registry`.
    pub table: String,
    /// Its path below the archive's root.
    pub path: String,
    /// How many rows or records it has.
    pub rows: u64,
    /// The least and the greatest number of the batches that its rows belong to, to tell quickly what it does not hold; of the
    /// entries for the journal; none for payouts and the registry.
    pub batches: Option<(u64, u64)>,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes in hex.
    pub sha256: String,
}

/// A registry version: what one load added or replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryLoad {
    /// The version that this load made.
    pub registry_version: u64,
    /// The public part of the changed records.
    pub file: File,
}

/// A batch of metered events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its number: no other batch has it. Numbers have gaps, and say nothing about the order of the chain.
    pub batch: u64,
    /// The registry version that it was metered with.
    pub registry_version: u64,
    /// What was taken from each source partition.
    pub slices: Vec<Slice>,
    /// The evidence and the sums.
    pub files: Vec<File>,
    /// The last closed cycle per MID and currency when it was committed.
    pub closed_through: Vec<Closed>,
    /// What its accruals add up to.
    pub totals: Vec<Total>,
    /// SHA-256 over its dead letters, in hex; see [`dead_letters_sha256`].
    pub dead_letters_sha256: String,
    /// The dead letters that it replayed, by their number.
    pub replayed: Vec<u64>,
}

/// What a batch took from one source partition; `read = metered + duplicate + rejected`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// The partition: a file, a standard input, a replay, a partition of a topic, [`COPIES`] or [`CLAIMS`].
    pub partition: String,
    /// The lease under which it was read.
    pub epoch: u64,
    /// The position before.
    pub start: u64,
    /// The position after.
    pub next: u64,
    /// What was counted.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Events by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All that were read.
    pub read: u64,
    /// Metered: each has a row in `usage`.
    pub metered: u64,
    /// Said before.
    pub duplicate: u64,
    /// In the dead-letter store.
    pub rejected: u64,
}

impl Batch {
    /// Whether it has no event from outside: all of it are reversals of copies, or what claims move.
    #[must_use]
    pub fn is_by_farthing(&self) -> bool {
        !self.slices.iter().any(|slice| is_from_outside(&slice.partition))
    }
}

impl Counts {
    /// Whether every event read became exactly one of the three.
    #[must_use]
    pub fn reconcile(&self) -> bool {
        let parts = self.metered.checked_add(self.duplicate).and_then(|sum| sum.checked_add(self.rejected));
        parts == Some(self.read)
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Counts) {
        self.read += other.read;
        self.metered += other.metered;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
    }
}

/// How far the cycles of a MID and currency are closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The MID.
    pub mid: String,
    /// The currency.
    pub currency: String,
    /// Its last closed cycle.
    pub cycle: String,
}

/// Sums in one currency, as 12-digit decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// The currency.
    pub currency: String,
    /// Attributed revenue.
    pub gross: String,
    /// The part promised to contributors.
    pub labour: String,
}

/// Files of earlier batches merged into fewer, with the same rows; or result lines computed from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compaction {
    /// The last manifest of which it knew: the batches of all manifests up to that one have their result lines now.
    pub through_sequence: u64,
    /// The new files.
    pub files: Vec<File>,
    /// Paths of the files that no longer exist for readers.
    pub replaces: Vec<String>,
}

/// A search for copies: of events whose identity was metered before, in whatever partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopySearch {
    /// The last manifest of which it knew: in the batches of all manifests up to that one every identity counts once, with the batches
    /// of [`COPIES`] that come before this act.
    pub through_sequence: u64,
}

/// A cycle's move to another state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleMove {
    /// The MID.
    pub mid: String,
    /// The currency.
    pub currency: String,
    /// The cycle.
    pub cycle: String,
    /// The state it moves to.
    pub to: String,
    /// Who did it: the actor's id if it is signed, else whatever name was given.
    pub by: String,
    /// SHA-256 of the draft that is made, thrown away, approved or no longer approved.
    pub draft_sha256: Option<String>,
    /// Agreements left out of the draft; their lines join the next cycle.
    pub without: Vec<String>,
    /// Why, where something is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The actor's signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
    /// What it sends to banks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<Box<Released>>,
    /// What it seals: the root over the statements of this cycle and of all before it, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// What it archives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// What it books.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked: Option<Booked>,
}

/// The entries that an act adds to the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// How many entries.
    pub entries: u64,
    /// How many postings they have together.
    pub postings: u64,
    /// SHA-256 of the last of them, in hex: it names the one before, and so all.
    pub sha256: String,
}

/// An Ed25519 signature, over a text that `settle` makes of the move and its place among the moves of its cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The key, in hex.
    pub public_key: String,
    /// The signature, in hex.
    pub signature: String,
}

/// Who acts is a key, and a person is behind it. Both stay for ever: an actor has one key, and a key one actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ActorChange {
    /// An actor was added.
    Added {
        /// Its id.
        actor: String,
        /// The natural person who holds the key, as declared.
        person: String,
        /// The Ed25519 key, in hex.
        public_key: String,
        /// Who did it.
        by: String,
    },
    /// An actor signs nothing any more; what it has signed stays.
    Retired {
        /// Its id.
        actor: String,
        /// Who did it.
        by: String,
    },
}

impl Manifest {
    /// The bytes that are hashed and stored.
    ///
    /// # Panics
    /// Never: every field has a JSON form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a manifest is plain text and numbers")
    }

    /// Reads what [`Manifest::to_json`] wrote.
    ///
    /// # Errors
    /// The JSON error, if it is not a manifest.
    pub fn from_json(text: &str) -> Result<Manifest, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The files that this act added.
    #[must_use]
    pub fn files(&self) -> &[File] {
        match &self.act {
            Act::Registry(load) => std::slice::from_ref(&load.file),
            Act::Batch(batch) => &batch.files,
            Act::Compaction(compaction) => &compaction.files,
            Act::Cycle(step) => &step.files,
            Act::Copies(_)
            | Act::Hold(_)
            | Act::Lift(_)
            | Act::Claim(_)
            | Act::Adjustment(_)
            | Act::Actor(_)
            | Act::BankMessage(_)
            | Act::Assignment(_)
            | Act::Remittance(_) => &[],
        }
    }
}

impl Act {
    /// What it adds to the journal.
    #[must_use]
    pub fn booked(&self) -> Option<&Booked> {
        match self {
            Act::Cycle(step) => step.booked.as_ref(),
            Act::BankMessage(message) => message.booked.as_ref(),
            Act::Claim(claim) => claim.booked.as_ref(),
            Act::Assignment(assignment) => assignment.booked.as_ref(),
            Act::Remittance(remittance) => remittance.booked.as_ref(),
            Act::Registry(_)
            | Act::Batch(_)
            | Act::Compaction(_)
            | Act::Copies(_)
            | Act::Hold(_)
            | Act::Lift(_)
            | Act::Adjustment(_)
            | Act::Actor(_) => None,
        }
    }
}

/// SHA-256 of bytes, in hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Makes the same of bytes that come one after the other.
#[derive(Clone, Debug, Default)]
pub struct Sha256Hasher(Sha256);

impl Sha256Hasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// SHA-256 of all of them, in hex.
    #[must_use]
    pub fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

impl io::Write for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One rejected event, as the dead-letter store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The source partition.
    pub partition: String,
    /// Where it began.
    pub position: u64,
    /// The rejection's code.
    pub code: String,
    /// The rejection's sentence.
    pub sentence: String,
    /// The original bytes.
    pub raw: Vec<u8>,
}

/// SHA-256 over dead letters in their order, in hex: a change to any field of any of them changes it.
#[must_use]
pub fn dead_letters_sha256<'a>(letters: impl IntoIterator<Item = &'a DeadLetter>) -> String {
    let mut hasher = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hasher.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(bytes);
    };
    for letter in letters {
        field(letter.partition.as_bytes());
        field(&letter.position.to_le_bytes());
        field(letter.code.as_bytes());
        field(letter.sentence.as_bytes());
        field(&letter.raw);
    }
    hex::encode(hasher.finalize())
}
