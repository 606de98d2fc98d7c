//! Numbers of batches: each is given out once, to whoever holds a lease, and committed once or never.

use crate::server::{Place, place_on_postgres, place_on_sqlite, run};
use farthing_ledger::{Effects, Ledger, LedgerError};
use farthing_schemas::manifest::{Act, Batch, Counts, Manifest, Slice, VERSION, sha256_hex};

const PARTITION: &str = "/events.ndjson";

/// A ledger of its own, and the chain that it holds.
struct Scene {
    ledger: Ledger,
    sequence: u64,
    previous: String,
}

impl Scene {
    async fn on(place: &Place) -> Scene {
        Scene { ledger: place.open().await, sequence: 0, previous: String::new() }
    }

    async fn lease(&self, partition: &str) -> u64 {
        self.ledger.lease(partition, "", 0).await.expect("a lease").epoch
    }

    async fn reserved(&self) -> Vec<u64> {
        self.ledger.reserved().await.expect("reservations").into_iter().map(|reservation| reservation.batch).collect()
    }

    /// Commits a batch of one event that goes on at `start`.
    async fn commit(&mut self, batch: u64, epoch: u64, start: u64) -> Result<(), LedgerError> {
        let counts = Counts { read: 1, metered: 1, duplicate: 0, rejected: 0 };
        let slice = Slice { partition: PARTITION.to_owned(), epoch, start, next: start + 1, counts };
        let (files, closed_through, totals, replayed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let dead_letters_sha256 = String::new();
        let act = Act::Batch(Batch {
            batch,
            registry_version: 1,
            slices: vec![slice],
            files,
            closed_through,
            totals,
            dead_letters_sha256,
            replayed,
        });
        let (sequence, previous) = (self.sequence + 1, self.previous.clone());
        let manifest = Manifest { version: VERSION, sequence, previous, at: String::new(), act };
        self.ledger.append(&manifest, &Effects::default()).await?;
        (self.sequence, self.previous) = (sequence, sha256_hex(manifest.to_json().as_bytes()));
        Ok(())
    }
}

fn lost(result: Result<impl Sized, LedgerError>) -> bool {
    matches!(result, Err(LedgerError::LostLease(partition)) if partition == PARTITION)
}

#[test]
fn numbers_are_given_out_once_and_committed_in_any_order_once() {
    [place_on_sqlite(), place_on_postgres()]
        .iter()
        .for_each(|place| run(numbers_are_given_out_once_and_committed_in_any_order_once_on(place)));
}

async fn numbers_are_given_out_once_and_committed_in_any_order_once_on(place: &Place) {
    let mut scene = Scene::on(place).await;
    let epoch = scene.lease(PARTITION).await;
    for expected in 1..=4 {
        assert_eq!(scene.ledger.reserve(PARTITION, epoch).await.expect("a number"), expected);
    }
    for (start, batch) in [3, 1].into_iter().enumerate() {
        scene.commit(batch, epoch, u64::try_from(start).expect("small")).await.expect("it is reserved");
    }
    assert_eq!(scene.reserved().await, [2, 4]);
    assert!(lost(scene.commit(3, epoch, 2).await), "a number is used up");
    assert!(lost(scene.commit(9, epoch, 2).await), "a number that nobody reserved");
    assert_eq!(
        (scene.ledger.last_number().await.expect("a number"), scene.ledger.reserve(PARTITION, epoch).await.expect("a number")),
        (4, 5)
    );
}

#[test]
fn a_number_goes_with_its_lease() {
    [place_on_sqlite(), place_on_postgres()].iter().for_each(|place| run(a_number_goes_with_its_lease_on(place)));
}

async fn a_number_goes_with_its_lease_on(place: &Place) {
    let mut scene = Scene::on(place).await;
    assert!(lost(scene.ledger.reserve(PARTITION, 1).await), "nobody holds it yet");
    let old = scene.lease(PARTITION).await;
    let other = scene.lease("/other.ndjson").await;
    let number = scene.ledger.reserve(PARTITION, old).await.expect("a number");
    scene.ledger.reserve("/other.ndjson", other).await.expect("a number");
    scene.ledger.drop_superseded().await.expect("dropped");
    assert_eq!(scene.reserved().await, [1, 2], "both leases are current");
    let new = scene.lease(PARTITION).await;
    assert!(lost(scene.ledger.reserve(PARTITION, old).await));
    scene.ledger.drop_superseded().await.expect("dropped");
    assert_eq!(scene.reserved().await, [2]);
    // Not even under the lease that is current now, if a number were mixed up.
    assert!(lost(scene.commit(number, new, 0).await));
    assert_eq!(scene.ledger.position(PARTITION).await.expect("a position").map(|position| position.next), Some(0), "nothing happened");
    let number = scene.ledger.reserve(PARTITION, new).await.expect("a number");
    scene.commit(number, new, 0).await.expect("it is reserved");
    scene.ledger.take_back(2).await.expect("taken back");
    scene.ledger.take_back(2).await.expect("nothing to take back");
    assert_eq!((number, scene.reserved().await), (3, Vec::new()));
}
