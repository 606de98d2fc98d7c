//! Metering a topic: as a member of its group, one job after the other, each of the partitions that the group gives us then.
//!
//! Each partition has an index of identities of its own, since its copies and reversals come to it: so what is told apart does not hang
//! on who else holds what. Partitions that stay with us keep their lease and their index from job to job; whoever gets one anew takes the
//! next lease, which stops its last holder, and reads on where the ledger says. The indexes of partitions that went elsewhere are set aside:
//! who gets one back reads what others have added to it, and not all of it again.

mod held;

use crate::batch::{Around, lost_its_lease};
use crate::books::Books;
use crate::metering::{Done, Ended, Failed, Metering, NOT_IN_TIME, Reading, Seconds, Stop};
use crate::outgoing::Outgoing;
use crate::output;
use crate::remembered::{NOT_KEPT, OfPartition, brought_since};
use crate::telemetry::{Event, LedgerCall, tell, timed};
use anyhow::{Context, ensure};
use farthing_archive::ArchiveError;
use farthing_ingest::kafka::{Contact, Ends, KafkaError, Member, Offered, Stops, Topic, Turn, in_range};
use farthing_ingest::{Identities, Partition, Room};
use farthing_schemas::manifest::Slice;
use held::{Had, Held, Index, Indexed};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// How long a worker whose lease was taken waits before it joins anew.
const REJOIN_PAUSE: Duration = Duration::from_millis(500);

/// How often in a row an index is given up before it is read, because the group wants its partition back.
const GIVES_UP: u32 = 2;

/// How long a commit waits before it asks brokers again.
const ASK_PAUSE: Duration = Duration::from_secs(1);

/// One worker on one topic.
pub struct TopicMetering<'m> {
    pub topic: &'m Topic,
    pub metering: &'m Metering,
    pub stop: &'m Stop,
    /// Where rejected events go on to.
    pub outgoing: Outgoing,
}

impl TopicMetering<'_> {
    /// Meters the topic to its end, or until a signal comes; what is read when it ends is committed.
    pub async fn run(&self, books: &mut Books) -> anyhow::Result<Seconds> {
        let mut seconds = Seconds::default();
        let (standing, mut indexed) = (Arc::default(), Indexed::default());
        tell(Event::Joins { topic: self.topic, standing: &standing });
        loop {
            let stop = Stops { job: self.stop.job(), membership: self.stop.signal() };
            let member = Member::join(self.topic, self.metering.follow, stop, &standing)?;
            match self.turns(books, &member, &mut indexed, &mut seconds).await {
                // Another worker has taken over what we held: what we had not committed is theirs to read.
                Err(error) if lost_its_lease(&error) => {
                    output::note(&format!("{:#}; joining the group anew", error.root_cause()));
                    member.leave();
                    tokio::time::sleep(REJOIN_PAUSE).await;
                }
                ended => {
                    member.leave();
                    return ended.map(|()| seconds);
                }
            }
        }
    }

    async fn turns(&self, books: &mut Books, member: &Member, indexed: &mut Indexed, seconds: &mut Seconds) -> anyhow::Result<()> {
        loop {
            tell(Event::Waits { source: &self.topic.name });
            match tokio::task::block_in_place(|| member.next())? {
                Turn::Stopped => return Ok(()),
                Turn::AtEnd { others } => {
                    if self.others_are_done(books, &others).await? {
                        return Ok(());
                    }
                }
                Turn::Assigned { fingerprint, partitions } => {
                    let now = match self.take_over(books, member, indexed, &fingerprint, &partitions).await {
                        Err(error) => was_merged(books, error).await.map(|()| None),
                        now => now,
                    };
                    let Some(now) = now? else { continue };
                    let (ended, after, more) = match self.job(books, member, indexed, now, &fingerprint).await {
                        // A member that has left says why.
                        Err(error) if lost_its_member(&error) => {
                            let turn = tokio::task::block_in_place(|| member.next())?;
                            ensure!(matches!(turn, Turn::Stopped), error);
                            output::note(NOT_IN_TIME);
                            return Ok(());
                        }
                        done => done?,
                    };
                    indexed.held = after;
                    *seconds += more;
                    if ended == Ended::NewRegistry {
                        output::note("the registry has a new version: what comes now is metered with it");
                    }
                }
            }
        }
    }

    /// The partitions as the ledger has them. Those that others may have read meanwhile get a new lease; if others have, also what they have
    /// added to the index. So brokers that were away for longer than our session cost no index, and what comes back costs little of one. None if
    /// the group wants some of them back before all is known of them: after an outage whoever comes first is given all there are.
    async fn take_over(
        &self,
        books: &mut Books,
        member: &Member,
        indexed: &mut Indexed,
        fingerprint: &str,
        offered: &[Offered],
    ) -> anyhow::Result<Option<BTreeMap<i32, Held>>> {
        tell(Event::TakesOver { source: &self.topic.name, partitions: offered.len() });
        // What is kept is read on without asking the ledger.
        if let Some(known) = indexed.fingerprint.replace(fingerprint.to_owned()) {
            ensure!(known == fingerprint, another_topic(self.topic, &known, fingerprint));
        }
        let is_kept = |offer: &Offered| offer.kept.is_some() && indexed.held.contains_key(&offer.partition);
        let leases = !offered.iter().all(is_kept);
        let (mut now, mut behind) = (BTreeMap::new(), Vec::new());
        for offer in offered {
            match self.had(books, indexed, fingerprint, offer).await? {
                Had::UpToDate(held) => {
                    now.insert(offer.partition, held);
                }
                Had::Behind(partition, index) => behind.push((offer.partition, partition, index)),
            }
        }
        if !behind.is_empty() {
            let starts = now.iter().map(|(number, held)| (*number, held.start));
            member.hold(starts.chain(behind.iter().map(|(number, partition, _)| (*number, partition.next))).collect());
        }
        // They take no memory from those that are held, and as much again of the disk.
        indexed.set_aside(offered.len());
        let room = self.room_of_each(offered.len());
        for held in now.values_mut() {
            held.index.identities.resize(room.memory_bytes).context(NOT_KEPT)?;
        }
        // After the leases: nobody adds to these partitions any more.
        books.refresh().await?;
        if leases {
            self.metering.sweep(books).await?;
        }
        let known = self.bring(books, member, indexed, behind, (&room, &mut now)).await;
        if !matches!(known, Ok(true)) {
            indexed.held = now;
            return known.map(|_| None);
        }
        self.outgoing.hold(now.keys().map(|number| self.topic.partition_name(*number)).collect());
        Ok(Some(now))
    }

    /// Brings what is behind up to date, those first of which something is known; false if the group wants some back before all is read.
    async fn bring(
        &self,
        books: &Books,
        member: &Member,
        indexed: &mut Indexed,
        behind: Vec<(i32, Partition, Option<Index>)>,
        (room, now): (&Room, &mut BTreeMap<i32, Held>),
    ) -> anyhow::Result<bool> {
        let (known, unknown) = behind.into_iter().partition(|(.., index)| index.is_some());
        now.extend(self.brought_up_to_date(books, known, room, || true).await?.unwrap_or_default());
        // Who has given up again and again reads to the end: workers that come and go may not keep it from ever beginning.
        let gives_up = indexed.given_up < GIVES_UP;
        let is_wanted = || !(self.stop.signalled() || gives_up && member.is_changing());
        let read = self.brought_up_to_date(books, unknown, room, is_wanted).await?;
        indexed.given_up = if read.is_some() { 0 } else { indexed.given_up + 1 };
        let is_read = read.is_some();
        now.extend(read.unwrap_or_default());
        Ok(is_read)
    }

    /// What we have of a partition that is offered: it has a new lease, unless the last job held it and it was kept since.
    async fn had(&self, books: &Books, indexed: &mut Indexed, fingerprint: &str, offer: &Offered) -> anyhow::Result<Had> {
        match (indexed.held.remove(&offer.partition), offer.kept) {
            (Some(held), Some(start)) => Ok(Had::UpToDate(Held { start, ..held })),
            (held, _) => {
                let had = held.or_else(|| indexed.take_aside(offer.partition));
                Ok(Had::under(self.lease(books, fingerprint, offer).await?, had))
            }
        }
    }

    /// Adds to the indexes of partitions what others have brought of them, as the catalog has it now; none where that is not wanted any more.
    async fn brought_up_to_date(
        &self,
        books: &Books,
        behind: Vec<(i32, Partition, Option<Index>)>,
        room: &Room,
        is_wanted: impl Fn() -> bool,
    ) -> anyhow::Result<Option<Vec<(i32, Held)>>> {
        let (mut partitions, mut known) = (Vec::new(), Vec::new());
        for (number, partition, index) in behind {
            let Index { mut identities, through } =
                index.unwrap_or_else(|| Index { identities: Identities::with_room(0, room), through: 0 });
            identities.resize(room.memory_bytes).context(NOT_KEPT)?;
            known.push(OfPartition { partition: partition.name.clone(), identities, through });
            partitions.push((number, partition));
        }
        let through = books.catalog.sequence;
        let Some(filled) = brought_since(books, known, room, is_wanted).await? else { return Ok(None) };
        let held = |((number, partition), identities): ((i32, Partition), Identities)| {
            (number, Held { start: partition.next, partition, index: Index { identities, through } })
        };
        Ok(Some(partitions.into_iter().zip(filled).map(held).collect()))
    }

    fn room_of_each(&self, partitions: usize) -> Room {
        let Room { memory_bytes, folder } = self.metering.room.clone();
        Room { memory_bytes: memory_bytes / partitions.max(1) as u64, folder }
    }

    /// Takes the lease of a partition, after making sure that it can be read on from where the ledger is.
    async fn lease(&self, books: &Books, fingerprint: &str, offer: &Offered) -> anyhow::Result<Partition> {
        let name = self.topic.partition_name(offer.partition);
        let (low, high) = match offer.ends {
            Some(ends) => ends,
            None => self.ends_of(offer.partition).await?,
        };
        if let Some(position) = books.patience.with(async || timed(LedgerCall::Position, books.ledger.position(&name)).await).await? {
            let known = position.fingerprint == fingerprint;
            ensure!(
                known || position.next == 0,
                "{name} is metered up to offset {}, but {}",
                position.next,
                another_topic(self.topic, &position.fingerprint, fingerprint)
            );
            in_range(self.topic, offer.partition, position.next, (low, high))?;
        }
        let lease = books.patience.with(async || timed(LedgerCall::Lease, books.ledger.lease(&name, fingerprint, low)).await).await?;
        Ok(Partition { name, epoch: lease.epoch, next: lease.next, index: 0 })
    }

    /// The offsets that Kafka has of a partition that was kept, and whose lease another has taken: until brokers answer they are asked again.
    async fn ends_of(&self, partition: i32) -> anyhow::Result<(u64, u64)> {
        let ends = Ends::of(self.topic)?;
        loop {
            match tokio::task::block_in_place(|| ends.watermarks(partition)) {
                Err(KafkaError::Unanswered { .. }) if self.metering.follow && !self.stop.signalled() => tokio::time::sleep(ASK_PAUSE).await,
                answer => return Ok(answer?),
            }
        }
    }

    async fn job(
        &self,
        books: &mut Books,
        member: &Member,
        indexed: &mut Indexed,
        held: BTreeMap<i32, Held>,
        fingerprint: &str,
    ) -> anyhow::Result<(Ended, BTreeMap<i32, Held>, Seconds)> {
        let starts: Vec<(i32, u64)> = held.iter().map(|(number, held)| (*number, held.start)).collect();
        let throughs: Vec<u64> = held.values().map(|held| held.index.through).collect();
        let (mut partitions, identities): (Vec<Partition>, Vec<Identities>) =
            held.into_values().map(|held| (held.partition, held.index.identities)).unzip();
        for (index, partition) in partitions.iter_mut().enumerate() {
            partition.index = index;
        }
        tell(Event::Reads { source: &self.topic.name, partitions: as_told(&starts, &partitions) });
        let source = member.read(starts.clone());
        // A hint that came to nothing in a rebalance is made good, also if nothing more is ever committed.
        member.contact().hint(starts.iter().zip(&partitions).map(|((number, _), partition)| (*number, partition.next)).collect());
        let reading = Reading {
            partitions: partitions.clone(),
            source,
            identities,
            total: None,
            can_begin_again: self.metering.follow,
            // The member ends the source itself, so that it knows what was given.
            stop: Arc::default(),
            around: self.around(member, fingerprint),
        };
        let job = self.metering.job(books, reading, self.stop).await;
        let Done { ended, identities, seconds } = job.map_err(|failed| left(failed, indexed, &starts, &partitions, &throughs))?;
        // Before the leases are asked for: one that is still ours then says that nobody else has added anything up to here.
        let through = books.catalog.sequence;
        let mut after = BTreeMap::new();
        for (((number, start), mut partition), identities) in starts.into_iter().zip(partitions).zip(identities) {
            // Another may have taken the lease since.
            let position = books
                .patience
                .with(async || books.ledger.position(&partition.name).await)
                .await?
                .filter(|position| position.epoch == partition.epoch);
            let Some(position) = position else { continue };
            partition.next = position.next;
            after.insert(number, Held { partition, start, index: Index { identities, through } });
        }
        Ok((ended, after, seconds))
    }

    /// Before each commit: the topic is still the one that it was when its partitions were taken over, so all that was read since is of it.
    /// After it, Kafka is told.
    fn around(&self, member: &Member, fingerprint: &str) -> Around {
        let (contact, stop) = (member.contact(), self.stop.clone());
        let (known, topic) = (fingerprint.to_owned(), self.topic.clone());
        let before = move || {
            let found = asked_until_answered(&contact, &stop)?;
            ensure!(found == known, another_topic(&topic, &known, &found));
            Ok(())
        };
        let (contact, topic, outgoing) = (member.contact(), self.topic.clone(), self.outgoing.hint());
        let after = move |slices: &[Slice]| {
            let next = |slice: &Slice| Some((topic.number_of(&slice.partition)?, slice.next));
            contact.hint(slices.iter().filter_map(next).collect());
            if slices.iter().any(|slice| slice.counts.rejected > 0) {
                outgoing.look();
            }
        };
        Around { before: Some(Box::new(before)), after: Some(Box::new(after)) }
    }

    /// Whether the partitions that others hold are metered as far as they went when we came.
    async fn others_are_done(&self, books: &Books, ends: &[(i32, u64)]) -> anyhow::Result<bool> {
        for (partition, end) in ends {
            let name = self.topic.partition_name(*partition);
            let position = books.patience.with(async || books.ledger.position(&name).await).await?;
            let next = position.map_or(0, |position| position.next);
            if next < *end && tokio::task::block_in_place(|| self.holds_messages(*partition, next..*end))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether there is anything to be metered at these offsets.
    fn holds_messages(&self, partition: i32, offsets: Range<u64>) -> anyhow::Result<bool> {
        let mut ends = Ends::of(self.topic)?;
        let first = ends.watermarks(partition).and_then(|(low, _)| ends.first_after(partition, offsets.start.max(low)));
        match first {
            Ok(first) => Ok(first.is_some_and(|(offset, _)| offset < offsets.end)),
            // It is asked again.
            Err(KafkaError::Unanswered { .. }) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

/// Why a job has failed; the indexes that are still good stay. Of each partition all is known through the last manifest of ours that has
/// something of it, and others may have added to it since.
fn left(failed: Failed, indexed: &mut Indexed, starts: &[(i32, u64)], partitions: &[Partition], throughs: &[u64]) -> anyhow::Error {
    let Failed { error, identities, last } = failed;
    let known = starts.iter().zip(partitions).zip(throughs).zip(identities.into_iter().flatten());
    for ((((number, start), partition), through), identities) in known {
        let through = last.get(&partition.name).copied().unwrap_or(*through);
        indexed.held.insert(*number, Held { partition: partition.clone(), start: *start, index: Index { identities, through } });
    }
    error
}

/// Whether a file is gone since another process has merged it with others: the next look has what it is in now. Anything else is an error.
async fn was_merged(books: &mut Books, error: anyhow::Error) -> anyhow::Result<()> {
    let Some(ArchiveError::Missing(path)) = error.chain().find_map(|cause| cause.downcast_ref()) else { return Err(error) };
    books.refresh().await?;
    let is_still_named = books.catalog.files("usage").any(|file| file.path == *path);
    ensure!(!is_still_named, error);
    Ok(())
}

/// Partitions by their numbers, with their names and positions in the ledger.
fn as_told(starts: &[(i32, u64)], partitions: &[Partition]) -> Vec<(i32, String, u64)> {
    let told = |((number, _), partition): (&(i32, u64), &Partition)| (*number, partition.name.clone(), partition.next);
    starts.iter().zip(partitions).map(told).collect()
}

fn another_topic(topic: &Topic, known: &str, found: &str) -> String {
    let cluster = |fingerprint: &str| fingerprint.split('/').next().unwrap_or_default().to_owned();
    let (called, name) = (&topic.topic, &topic.name);
    let what = if cluster(known) == cluster(found) { "was deleted and made anew" } else { "is of another cluster than before" };
    format!(
        "topic {called} {what}: its id was {known}, now it is {found}; to meter it from its beginning, name it anew: ?name={name}-2 in its \
         URL, or name in its table of the configuration"
    )
}

/// As long as no broker answers, a commit waits.
fn asked_until_answered(contact: &Contact, stop: &Stop) -> anyhow::Result<String> {
    loop {
        match contact.fingerprint() {
            Err(KafkaError::Unanswered { .. }) if !stop.signalled() => std::thread::sleep(ASK_PAUSE),
            answer => return Ok(answer?),
        }
    }
}

fn lost_its_member(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(KafkaError::Thread)))
}
