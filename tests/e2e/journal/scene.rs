//! Books of two MIDs in two currencies, with drafts approved, thrown away, withdrawn and approved again, over two cycles.

use crate::scenarios::scene::{NOW, Scene, event, event_of, registry};
use crate::support::Data;
use anyhow::{Context, Result};
use serde_json::{Value, json};

pub use crate::scenarios::scene::units;

pub struct Approved {
    scene: Scene,
    /// The drafts that are approved now, in the order of their cycles.
    pub drafts: Vec<Value>,
}

/// Whose cycle, and in which currency.
type Of<'a> = (&'a str, &'a str, &'a str);

impl Approved {
    pub fn new() -> Result<Approved> {
        let mut books = Approved { scene: Scene::new()?, drafts: Vec::new() };
        books.scene.load(&more_registry())?;
        books.meter()?;
        for (actor, person) in [("eve", "Eve"), ("bo", "Bo")] {
            books.data().ok(["actor", "add", actor, "--person", person, "--key", &format!("{actor}.pem")])?;
        }
        // Thrown away, since a fee was wrong: what is drafted again is another draft.
        let october = ("mid_a", "2026-10", "USD");
        books.close(october)?;
        books.draft(october)?;
        books.take_back("discard", october)?;
        let mid = json!({"kind": "mid", "id": "mid_a", "name": "mid_a", "legal_id": "LEI-mid_a", "fee": "0.06", "currency": "USD"});
        books.scene.load(&[mid])?;
        let draft = books.draft(october)?;
        books.approve(october, &draft)?;
        books.take_back("withdraw", october)?;
        books.approve(october, &draft)?;
        books.drafts.push(draft);
        for of in [("mid_b", "2026-10", "USD"), ("mid_a", "2026-10", "EUR"), ("mid_a", "2026-11", "USD")] {
            books.close(of)?;
            let draft = books.draft(of)?;
            books.approve(of, &draft)?;
            books.drafts.push(draft);
        }
        Ok(books)
    }

    pub fn data(&self) -> &Data {
        &self.scene.data
    }

    /// Amounts of which something is always left below a cent, and a party that earns in one month only.
    fn meter(&self) -> Result<()> {
        let mut events = Vec::new();
        for (at, party) in ["ana", "ben", "cem", "ana"].into_iter().enumerate() {
            events.push(event(&format!("o{at}"), "2026-10-03T09:12:44Z", party, "12.345678901234"));
        }
        events.push(event("n1", "2026-11-03T09:12:44Z", "ana", "3.000000000001"));
        events.push(event_of("retrieval", "p1", "2026-10-04T00:00:00Z", "ben", "0.777777777777"));
        events[5]["data"]["platform"] = "plt_other".into();
        let mut euros = event("e1", "2026-10-05T00:00:00Z", "ana", "5.55");
        euros["data"]["revenue"]["currency"] = "EUR".into();
        events.push(euros);
        self.scene.meter("usage", &events).map(drop)
    }

    fn settle(&self, what: &str, (mid, cycle, currency): Of<'_>, more: &[&str]) -> Result<Value> {
        self.data().json([&["settle", what, "--mid", mid, "--cycle", cycle, "--currency", currency], more].concat())
    }

    fn close(&self, of: Of<'_>) -> Result<Value> {
        self.settle("close", of, &["--now", NOW])
    }

    fn draft(&self, of: Of<'_>) -> Result<Value> {
        self.settle("draft", of, &["--as", "eve", "--key", "eve.pem"])
    }

    pub fn approve(&self, of: Of<'_>, draft: &Value) -> Result<Value> {
        let sha256 = draft["draft_sha256"].as_str().context("a draft without its hash")?;
        self.settle("approve", of, &["--draft", sha256, "--as", "bo", "--key", "bo.pem"])
    }

    pub fn take_back(&self, what: &str, of: Of<'_>) -> Result<Value> {
        self.settle(what, of, &["--as", "bo", "--key", "bo.pem", "--why", "it was too early"])
    }
}

fn more_registry() -> Vec<Value> {
    let agreement = |id: &str, platform: &str, currency: &str| {
        json!({"kind": "agreement", "id": id, "platform": platform, "mid": "mid_a", "uses": ["inference", "retrieval"], "labour_share": "0.85",
            "currency": currency, "on_shortfall": "true_up", "from": "2026-01-01T00:00:00Z"})
    };
    let mut records = registry();
    records.extend([agreement("agr_other", "plt_other", "USD"), agreement("agr_euro", "plt", "EUR")]);
    records
}
