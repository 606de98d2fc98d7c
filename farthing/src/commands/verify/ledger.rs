//! The ledger's rows against the chain of manifests.

use super::Compared;
use crate::books::Books;
use crate::commands::registry::private_sha256;
use anyhow::{Context, ensure};
use farthing_archive::catalog::manifest_path;
use farthing_ledger::StoredActor;
use farthing_schemas::manifest::{ActorChange, Counts, Slice, Total, dead_letters_sha256};
use std::collections::{BTreeMap, HashMap};

/// The chain held when the books were opened; here its copies in the archive are compared.
pub async fn manifests(books: &Books, compared: &mut Compared) -> anyhow::Result<()> {
    for manifest in books.ledger.manifests_after(0).await? {
        let path = manifest_path(manifest.sequence, &manifest.sha256);
        let copy = books.archive.get_unchecked(&path).await?;
        ensure!(copy == manifest.body.as_bytes(), "{path}: the archive's copy of manifest {} is not the ledger's", manifest.sequence);
        compared.manifests += 1;
    }
    ensure!(compared.manifests == books.catalog.sequence, "the ledger changed while it was verified; verify again");
    Ok(())
}

/// Every registry version is readable, and private details are those that were loaded, where they were not erased.
pub async fn registry(books: &Books, compared: &mut Compared) -> anyhow::Result<()> {
    let (state, _) = books.registry_state().await?;
    for details in books.ledger.party_details().await? {
        let sealed = state.private_sha256(&details.party).map(hex::encode);
        let is = private_sha256(&details.salt, &details.details);
        let same = is == details.sha256 && sealed.as_deref() == Some(&details.sha256);
        ensure!(same, "ledger, party_details of {}: not what the registry was loaded with", details.party);
    }
    compared.registry_versions = books.catalog.registry_version();
    compared.files += compared.registry_versions;
    Ok(())
}

/// Slices are adjacent, counts reconcile, and positions are where the slices lead.
pub async fn positions(books: &Books) -> anyhow::Result<()> {
    let mut reached: BTreeMap<&str, (u64, u64, Counts)> = BTreeMap::new();
    for batch in &books.catalog.batches {
        for slice in &batch.slices {
            let Slice { partition, epoch, start, next, counts } = slice;
            ensure!(counts.reconcile(), "batch {}, {partition}: read is not metered + duplicate + rejected", batch.batch);
            let (at, under, sum) = reached.entry(partition).or_insert_with(|| (first_of(partition, *start), 0, Counts::default()));
            ensure!(*at == *start, "batch {}, {partition}: begins at {start}, but the batch before ended at {at}", batch.batch);
            ensure!(*under <= *epoch && start <= next, "batch {}, {partition}: an older lease or a rewind", batch.batch);
            (*at, *under) = (*next, *epoch);
            sum.add(counts);
        }
    }
    let positions = books.ledger.positions().await?;
    for position in &positions {
        let name = &position.partition;
        ensure!(position.sealed == position.seal(), "ledger, position of {name}: the row was changed");
        let not_read = || (first_of(name, position.next), 0, Counts::default());
        let (next, epoch, counts) = reached.remove(name.as_str()).unwrap_or_else(not_read);
        let same = position.next == next && position.counts == counts && position.epoch >= epoch;
        ensure!(same, "ledger, position of {name}: not where its batches lead (next {next}, {counts:?})");
    }
    ensure!(reached.is_empty(), "ledger: the positions of {:?} are missing", reached.keys());
    Ok(())
}

/// No number of a committed batch can be committed again.
pub async fn numbers(books: &Books) -> anyhow::Result<()> {
    let batches = &books.catalog.batches;
    for reserved in books.ledger.reserved().await? {
        let committed = batches.get(reserved.batch).is_some();
        ensure!(!committed, "ledger, reservation of batch {}: that batch is committed", reserved.batch);
    }
    let (last, highest) = (books.ledger.last_number().await?, batches.all_numbers().last().copied().unwrap_or(0));
    ensure!(highest <= last, "ledger, batch_numbers: the last number given out is {last}, but batch {highest} is committed");
    Ok(())
}

/// Where a partition begins: a file at its first byte, a topic at the first offset that it still had when it was met.
fn first_of(partition: &str, found: u64) -> u64 {
    if partition.starts_with("kafka:") { found } else { 0 }
}

/// Dead letters are those that the batches hashed, and only those are marked as replayed that a batch replayed.
pub async fn dead_letters(books: &Books, compared: &mut Compared) -> anyhow::Result<()> {
    let mut replayed: HashMap<u64, u64> = HashMap::new();
    for batch in &books.catalog.batches {
        replayed.extend(batch.replayed.iter().map(|number| (*number, batch.batch)));
    }
    let mut after = 0;
    for batch in &books.catalog.batches {
        let count = batch.slices.iter().map(|slice| slice.counts.rejected).sum();
        let letters = if count == 0 { Vec::new() } else { books.ledger.dead_letters_after(after, count).await? };
        for letter in &letters {
            after += 1;
            ensure!(letter.number <= after, "ledger, dead letter {after}: it is missing");
            let same = letter.number == after && letter.batch == batch.batch && letter.replayed_in == replayed.remove(&after);
            ensure!(same, "ledger, dead letter {}: its number, batch or replay is not what the manifests say", letter.number);
        }
        let sha256 = dead_letters_sha256(letters.iter().map(|kept| &kept.letter));
        ensure!(sha256 == batch.dead_letters_sha256, "ledger, dead letters of batch {}: not those that it rejected", batch.batch);
        compared.dead_letters += count;
    }
    ensure!(books.ledger.dead_letters_after(after, 1).await?.is_empty(), "ledger: dead letters after {after} belong to no batch");
    for (partition, through) in books.ledger.letters_sent().await? {
        ensure!(through <= after, "ledger, dead letters sent of {partition}: up to {through}, but the last one is {after}");
    }
    ensure!(replayed.is_empty(), "ledger: replayed dead letters are missing: {:?}", replayed.keys());
    Ok(())
}

/// Actors are those that were added, and retired those that were.
pub async fn actors(books: &Books) -> anyhow::Result<()> {
    let mut said: BTreeMap<&str, StoredActor> = BTreeMap::new();
    for changed in &books.catalog.actors {
        match &changed.change {
            ActorChange::Added { actor, person, public_key, .. } => {
                let [id, person, public_key] = [actor, person, public_key].map(String::clone);
                said.insert(actor, StoredActor { actor: id, person, public_key, added: changed.sequence, retired: None });
            }
            ActorChange::Retired { actor, .. } => {
                said.entry(actor).and_modify(|stored| stored.retired = Some(changed.sequence));
            }
        }
    }
    for row in books.ledger.actors().await? {
        let same = said.remove(row.actor.as_str()).as_ref() == Some(&row);
        ensure!(same, "ledger, actor {}: not what the manifests say of it", row.actor);
    }
    ensure!(said.is_empty(), "ledger: actors are missing: {:?}", said.keys());
    Ok(())
}

/// The states of cycles are those that their last moves led to.
pub async fn cycles(books: &Books) -> anyhow::Result<()> {
    let mut last: BTreeMap<[String; 3], String> = BTreeMap::new();
    for moved in &books.catalog.moves {
        let step = moved.step.clone();
        last.insert([step.mid, step.currency, step.cycle], step.to);
    }
    for row in books.ledger.cycles().await? {
        let [mid, currency, cycle, state] = row;
        let moved = last.remove(&[mid.clone(), currency.clone(), cycle.clone()]);
        let moved = moved.with_context(|| format!("ledger, cycle {cycle} of {mid} in {currency}: no manifest moved it"))?;
        ensure!(moved == state, "ledger, cycle {cycle} of {mid} in {currency}: its state is {state}, but it was moved to {moved}");
    }
    ensure!(last.is_empty(), "ledger: the states of cycles are missing: {:?}", last.keys());
    Ok(())
}

/// The totals of batches are those that their manifests say.
pub async fn batch_totals(books: &Books) -> anyhow::Result<()> {
    let rows = books.ledger.batch_totals().await?.into_iter();
    let mut kept: BTreeMap<(u64, String), Total> = rows.map(|(batch, total)| ((batch, total.currency.clone()), total)).collect();
    for batch in &books.catalog.batches {
        for said in &batch.totals {
            let name = || format!("ledger, totals of batch {} in {}", batch.batch, said.currency);
            let row = kept.remove(&(batch.batch, said.currency.clone())).with_context(|| format!("{}: they are missing", name()))?;
            let Total { gross, labour, .. } = &row;
            ensure!(row == *said, "{}: {gross} and {labour}, but the manifest says {} and {}", name(), said.gross, said.labour);
        }
    }
    let left: Vec<String> = kept.keys().map(|(batch, currency)| format!("batch {batch} in {currency}")).collect();
    ensure!(left.is_empty(), "ledger: totals that no manifest names, of {}", left.join(", "));
    Ok(())
}
