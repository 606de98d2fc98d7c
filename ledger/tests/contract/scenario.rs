//! The words of the tables: each asks one thing of a ledger and says its answer in a few words.

use crate::server::{Place, execute};
use farthing_ledger::{DraftText, Effects, Ledger, LedgerError, PartyDetails, StoredActor, StoredDraft};
use farthing_schemas::manifest::{
    Act, ActorChange, Batch, Counts, CycleMove, DeadLetter, File, Manifest, RegistryLoad, Slice, Total, VERSION, dead_letters_sha256,
    sha256_hex,
};

/// A ledger, and all that was tried to append to it.
pub struct Scenario {
    pub ledger: Ledger,
    url: String,
    /// The chain as its maker knows it.
    chain: Vec<(Manifest, Effects)>,
}

impl Scenario {
    pub async fn of(place: &Place) -> Scenario {
        Scenario { ledger: place.open().await, url: place.text.clone(), chain: Vec::new() }
    }

    pub async fn ask(&mut self, asked: &str) -> String {
        let words: Vec<&str> = asked.split_whitespace().collect();
        match words[..] {
            ["lease", partition] => {
                let lease = self.ledger.lease(partition, "", 0).await.expect("the ledger answers");
                format!("epoch {} from {}", lease.epoch, lease.next)
            }
            ["batch", ..] => self.append(self.chain.len(), &words).await,
            ["cycle", ..] => self.append(self.chain.len(), &words).await,
            ["actor", ..] | ["retire", _] => self.append(self.chain.len(), &words).await,
            ["details", _, ..] => self.append(self.chain.len(), &words).await,
            ["upon", head, ref rest @ ..] => self.append(head.parse().expect("a word of the table"), rest).await,
            ["again"] => self.again(self.chain.len()).await,
            ["again", sequence] => self.again(sequence.parse().expect("a word of the table")).await,
            ["sql", ..] => self.sql(asked.trim_start_matches("sql ")).await,
            ["position", partition] => self.position(partition).await,
            [what] => self.all(what).await,
            _ => panic!("{asked:?} means nothing"),
        }
    }

    async fn append(&mut self, head: usize, words: &[&str]) -> String {
        let batches = self.chain[..head].iter().filter(|(manifest, _)| matches!(manifest.act, Act::Batch(_))).count();
        let (act, effects) = match words {
            ["batch", rest @ ..] => batch(u64::try_from(batches).expect("a small number") + 1, rest),
            ["cycle", rest @ ..] => cycle(rest),
            ["actor", actor, person, key] => actor_added(actor, person, key),
            ["retire", actor] => actor_retired(actor),
            ["details", rest @ ..] => details(&rest.join(" ")),
            _ => panic!("{words:?} means nothing"),
        };
        if let Act::Batch(batch) = &act {
            reserve(&self.url, batch.batch).await;
        }
        let manifest = self.upon(head, act);
        let answer = self.ledger.append(&manifest, &effects).await;
        if answer.is_ok() {
            self.chain.push((manifest, effects));
        }
        said(answer)
    }

    fn upon(&self, head: usize, act: Act) -> Manifest {
        let previous = head.checked_sub(1).map_or(String::new(), |before| sha256_hex(self.chain[before].0.to_json().as_bytes()));
        let sequence = u64::try_from(head).expect("a small number") + 1;
        Manifest { version: VERSION, sequence, previous, at: "2026-10-01T00:00:00Z".to_owned(), act }
    }

    async fn again(&self, sequence: usize) -> String {
        let (manifest, effects) = &self.chain[sequence - 1];
        said(self.ledger.append(manifest, effects).await)
    }

    async fn sql(&self, statement: &str) -> String {
        match execute(&self.url, statement).await {
            Ok(()) => "done".to_owned(),
            Err(sqlx::Error::Database(error)) => format!("refused {}", error.message()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn position(&self, partition: &str) -> String {
        let Some(position) = self.ledger.position(partition).await.expect("the ledger answers") else { return "none".to_owned() };
        let Counts { read, rejected, .. } = position.counts;
        format!("epoch {} next {} read {read} rejected {rejected}", position.epoch, position.next)
    }

    async fn all(&self, what: &str) -> String {
        let list: Vec<String> = match what {
            "positions" => {
                self.ledger.positions().await.expect("the ledger answers").into_iter().map(|position| position.partition).collect()
            }
            "letters" => self.ledger.dead_letters_after(0, 99).await.expect("the ledger answers").iter().map(letter).collect(),
            "totals" => self.ledger.batch_totals().await.expect("the ledger answers").iter().map(total).collect(),
            "cycles" => self.ledger.cycles().await.expect("the ledger answers").iter().map(|cycle| cycle.join(" ")).collect(),
            "drafts" => {
                let drafts = self.ledger.drafts().await.expect("the ledger answers");
                drafts.iter().map(|draft| format!("{} {} {}", draft.mid, draft.currency, draft.cycle)).collect()
            }
            "details" => {
                let details = self.ledger.party_details().await.expect("the ledger answers");
                details.iter().map(|details| format!("{} {}", details.party, details.details)).collect()
            }
            "actors" => self.ledger.actors().await.expect("the ledger answers").iter().map(actor).collect(),
            "chain" => return self.ledger.manifests_after(0).await.expect("the ledger answers").len().to_string(),
            "seals" => {
                let positions = self.ledger.positions().await.expect("the ledger answers");
                let broken = positions.iter().find(|position| position.seal() != position.sealed);
                return broken.map_or("whole".to_owned(), |position| format!("broken {}", position.partition));
            }
            _ => panic!("{what:?} means nothing"),
        };
        if list.is_empty() { "none".to_owned() } else { list.join(", ") }
    }
}

/// Reserves a number past the ledger, so that the numbers of a table are those of its lines; `reservations.rs` plays the rest.
pub async fn reserve(url: &str, batch: u64) {
    let statements = format!("DELETE FROM reservations; INSERT INTO reservations VALUES ({batch}, 'any', 1)");
    execute(url, &statements).await.expect("the ledger answers");
}

fn said(answer: Result<(), LedgerError>) -> String {
    match answer {
        Ok(()) => "done".to_owned(),
        Err(LedgerError::Moved) => "moved".to_owned(),
        Err(LedgerError::LostLease(partition)) => format!("lost {partition}"),
        Err(LedgerError::NoSuchLetter(number)) => format!("no letter {number}"),
        Err(error) => panic!("{error:?}"),
    }
}

fn letter(kept: &farthing_ledger::KeptLetter) -> String {
    assert_eq!(kept.letter.raw, [0, 255, b'\'']);
    let replayed = kept.replayed_in.map_or(String::new(), |batch| format!(" in {batch}"));
    format!("{} of {}{replayed}", kept.number, kept.batch)
}

fn actor(stored: &StoredActor) -> String {
    let StoredActor { actor, person, public_key, added, retired } = stored;
    let retired = retired.map_or(String::new(), |sequence| format!(" until {sequence}"));
    format!("{actor} {person} {public_key} from {added}{retired}")
}

fn total((batch, total): &(u64, Total)) -> String {
    format!("{batch} {} {} {}", total.currency, total.gross, total.labour)
}

/// `PARTITION EPOCH START..NEXT`, then `rejected N`, `replays N,N` or `totals CURRENCY GROSS LABOUR`.
pub fn batch(number: u64, words: &[&str]) -> (Act, Effects) {
    let [partition, epoch, range, rest @ ..] = words else { panic!("{words:?} is no batch") };
    let (start, next) = range.split_once("..").expect("START..NEXT");
    let (start, next): (u64, u64) = (start.parse().expect("a word of the table"), next.parse().expect("a word of the table"));
    let after = |word: &str| rest.iter().position(|found| *found == word).map(|at| &rest[at + 1..]);
    let rejected: u64 = after("rejected").map_or(0, |words| words[0].parse().expect("a word of the table"));
    let counts = Counts { read: next - start, metered: next - start - rejected, duplicate: 0, rejected };
    let slice = Slice { partition: (*partition).to_owned(), epoch: epoch.parse().expect("a word of the table"), start, next, counts };
    let letters: Vec<DeadLetter> = (0..rejected).map(|number| dead_letter(partition, start + number)).collect();
    let total = |words: &[&str]| Total { currency: words[0].to_owned(), gross: words[1].to_owned(), labour: words[2].to_owned() };
    let batch = Batch {
        batch: number,
        registry_version: 1,
        slices: vec![slice],
        files: Vec::new(),
        closed_through: Vec::new(),
        totals: after("totals").map(total).into_iter().collect(),
        dead_letters_sha256: dead_letters_sha256(&letters),
        replayed: after("replays")
            .map_or(Vec::new(), |words| words[0].split(',').map(|number| number.parse().expect("a word of the table")).collect()),
    };
    (Act::Batch(batch), Effects { dead_letters: letters, ..Effects::default() })
}

fn dead_letter(partition: &str, position: u64) -> DeadLetter {
    let (code, sentence) = ("bad_field".to_owned(), "data.x: \"ü\" is wrong".to_owned());
    DeadLetter { partition: partition.to_owned(), position, code, sentence, raw: vec![0, 255, b'\''] }
}

/// `MID CURRENCY CYCLE`, then `draft` if it moves there.
pub fn cycle(words: &[&str]) -> (Act, Effects) {
    let [mid, currency, cycle, rest @ ..] = words else { panic!("{words:?} is no cycle") };
    let [mid, currency, cycle] = [mid, currency, cycle].map(|word| (*word).to_owned());
    let draft = (rest == ["draft"]).then(|| StoredDraft {
        sha256: sha256_hex(mid.as_bytes()),
        mid: mid.clone(),
        currency: currency.clone(),
        cycle: cycle.clone(),
        text: DraftText::Packed(vec![0, 255]),
    });
    let to = if draft.is_some() { "draft" } else { "closing" }.to_owned();
    let draft_sha256 = draft.as_ref().map(|draft| draft.sha256.clone());
    let step = CycleMove { mid, currency, cycle, to, by: "ana".to_owned(), draft_sha256, ..CycleMove::default() };
    (Act::Cycle(step), Effects { draft, ..Effects::default() })
}

/// `ACTOR PERSON KEY`
fn actor_added(actor: &str, person: &str, key: &str) -> (Act, Effects) {
    let [actor, person, public_key, by] = [actor, person, key, "ana"].map(str::to_owned);
    (Act::Actor(ActorChange::Added { actor, person, public_key, by }), Effects::default())
}

fn actor_retired(actor: &str) -> (Act, Effects) {
    (Act::Actor(ActorChange::Retired { actor: actor.to_owned(), by: "ana".to_owned() }), Effects::default())
}

/// `PARTY DETAILS, PARTY DETAILS`
fn details(text: &str) -> (Act, Effects) {
    let party_details = text.split(", ").map(|words| {
        let (party, details) = words.split_once(' ').expect("PARTY DETAILS");
        PartyDetails { party: party.to_owned(), salt: "0".to_owned(), sha256: "1".to_owned(), details: details.to_owned() }
    });
    let file = File { table: "registry".to_owned(), path: "p".to_owned(), rows: 1, batches: None, bytes: 1, sha256: String::new() };
    let effects = Effects { party_details: party_details.collect(), ..Effects::default() };
    (Act::Registry(RegistryLoad { registry_version: 1, file }), effects)
}
