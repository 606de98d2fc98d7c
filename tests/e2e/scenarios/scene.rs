//! A small world to play scenes in: one platform, two MIDs, three people.

use super::super::support::{Data, stderr};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// Everything arrives then, unless a scene says otherwise.
pub const NOW: &str = "2027-02-01T00:00:00Z";

/// Books with the registry of [`registry`].
pub struct Scene {
    pub data: Data,
}

/// ana and ben are represented by mid_a, cem by mid_b; nobody knows dora.
pub fn registry() -> Vec<Value> {
    let mid =
        |id: &str, fee: &str| json!({"kind": "mid", "id": id, "name": id, "legal_id": format!("LEI-{id}"), "fee": fee, "currency": "USD"});
    let party =
        |id: &str| json!({"kind": "party", "id": id, "name": id, "type": "person", "payout": {"method": "sepa", "currency": "USD"}});
    let member = |party: &str, mid: &str| json!({"kind": "membership", "party": party, "mid": mid, "platforms": "*", "uses": "*", "from": "2026-01-01T00:00:00Z"});
    let agreement = |id: &str, mid: &str, uses: &[&str], share: &str| {
        json!({"kind": "agreement", "id": id, "platform": "plt", "mid": mid, "uses": uses, "labour_share": share, "currency": "USD",
            "on_shortfall": "refuse", "from": "2026-01-01T00:00:00Z"})
    };
    vec![
        json!({"kind": "platform", "id": "plt", "name": "Platform", "legal_id": "LEI-P", "default_labour_share": "0.70"}),
        json!({"kind": "platform", "id": "plt_other", "name": "Other", "legal_id": "LEI-O", "default_labour_share": "0.70"}),
        mid("mid_a", "0.05"),
        mid("mid_b", "0.05"),
        party("ana"),
        party("ben"),
        party("cem"),
        member("ana", "mid_a"),
        member("ben", "mid_a"),
        member("cem", "mid_b"),
        agreement("agr_a", "mid_a", &["inference", "retrieval"], "0.80"),
        agreement("agr_train", "mid_a", &["training"], "0.75"),
        agreement("agr_b", "mid_b", &["inference"], "0.80"),
    ]
}

/// An event that used one party's work alone: all of the revenue is the party's gross.
pub fn event(id: &str, time: &str, party: &str, amount: &str) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "//plt", "type": "farthing.usage.inference.v1", "time": time, "data": {
        "platform": "plt", "model": "m-1", "revenue": {"amount": amount, "currency": "USD"},
        "attribution": {"kind": "citation_count", "entries": [{"party": party, "weight": 1}]}}})
}

/// The same for another use.
pub fn event_of(used: &str, id: &str, time: &str, party: &str, amount: &str) -> Value {
    let mut event = event(id, time, party, amount);
    event["type"] = format!("farthing.usage.{used}.v1").into();
    event
}

/// Undoes the event `of`.
pub fn reversal(id: &str, time: &str, of: &str) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "//plt", "type": "farthing.usage.reversal.v1", "time": time,
        "data": {"platform": "plt", "reverses": {"source": "//plt", "id": of}, "reason": "refund"}})
}

fn ndjson(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

impl Scene {
    pub fn new() -> Result<Scene> {
        let scene = Scene { data: Data::new()? };
        scene.load(&registry())?;
        Ok(scene)
    }

    /// Loads records; the document that says which version there is now.
    pub fn load(&self, records: &[Value]) -> Result<Value> {
        self.write("registry.ndjson", records)?;
        self.data.json(["registry", "load", "registry.ndjson"])
    }

    /// Writes a file of records, or in place of one that is there.
    pub fn write(&self, name: &str, records: &[Value]) -> Result<()> {
        Ok(fs::write(self.data.path().join(name), ndjson(records))?)
    }

    /// Meters events from a new file of that name; what they were counted as: read, metered, duplicate, rejected.
    pub fn meter(&self, name: &str, events: &[Value]) -> Result<[u64; 4]> {
        self.meter_with(name, events, &[])
    }

    /// The same with more options.
    pub fn meter_with(&self, name: &str, events: &[Value], options: &[&str]) -> Result<[u64; 4]> {
        let name = format!("{name}.ndjson");
        self.write(&name, events)?;
        counts(&self.data.json([&["meter", &name, "--now", NOW], options].concat())?)
    }

    /// Meters what comes through a pipe.
    pub fn meter_piped(&self, events: &[Value]) -> Result<[u64; 4]> {
        let mut command = self.data.command(["meter", "-", "--json", "--now", NOW]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        child.stdin.take().context("no pipe")?.write_all(ndjson(events).as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{output:?}");
        counts(&serde_json::from_slice(&output.stdout)?)
    }

    /// The message of a command that must end with exit 2.
    pub fn refused(&self, arguments: &[&str]) -> Result<String> {
        let output = self.data.run(arguments)?;
        ensure!(output.status.code() == Some(2), "{arguments:?} must be refused: {output:?}");
        Ok(stderr(&output))
    }

    pub fn close(&self, mid: &str, cycle: &str) -> Result<String> {
        self.data.ok(["settle", "close", "--mid", mid, "--cycle", cycle, "--now", NOW])
    }

    pub fn draft(&self, mid: &str, cycle: &str) -> Result<Value> {
        self.data.json(["settle", "draft", "--mid", mid, "--cycle", cycle])
    }

    /// Closes a cycle and makes its final draft.
    pub fn settle(&self, mid: &str, cycle: &str) -> Result<Value> {
        self.close(mid, cycle)?;
        self.draft(mid, cycle)
    }

    /// What a party was credited with in a cycle, in order of time.
    pub fn statement(&self, party: &str, cycle: &str) -> Result<Vec<Value>> {
        let document = self.data.json(["statement", party, "--cycle", cycle])?;
        document["lines"].as_array().cloned().context("a statement without lines")
    }

    /// The gross of a party over all time, by status.
    pub fn gross(&self, party: &str, status: &str) -> Result<String> {
        let document = self.data.json(["accruals", "--by", "party,status"])?;
        let lines = document["lines"].as_array().context("accruals without lines")?;
        let line = lines.iter().find(|line| line["party"] == party && line["status"] == status);
        Ok(line.map_or("none", |line| line["gross"].as_str().unwrap_or_default()).to_owned())
    }

    /// The numbers and codes of the dead letters that wait.
    pub fn dead_letters(&self) -> Result<Vec<(u64, String)>> {
        let document = self.data.json(["dead-letters", "list"])?;
        let number = |letter: &Value| Some((letter["number"].as_u64()?, letter["code"].as_str()?.to_owned()));
        document["dead_letters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|letter| number(letter).context("a letter without number or code"))
            .collect()
    }

    /// Replays letters; what all replays so far were counted as.
    pub fn replay(&self, options: &[&str]) -> Result<[u64; 4]> {
        counts(&self.data.json([&["dead-letters", "replay", "--now", NOW], options].concat())?)
    }

    pub fn verify(&self) -> Result<()> {
        self.data.ok(["verify"]).map(drop)
    }
}

/// Read, metered, duplicate and rejected of a document of `meter`.
pub fn counts(document: &Value) -> Result<[u64; 4]> {
    let count = |name: &str| document[name].as_u64().with_context(|| format!("no {name} in {document}"));
    Ok([count("read")?, count("metered")?, count("duplicate")?, count("rejected")?])
}

/// A party's line of a draft, as [net, recovered, carried_in, paid, carried_out].
pub fn line(draft: &Value, party: &str) -> Result<[String; 5]> {
    let Some(line) = draft["lines"].as_array().into_iter().flatten().find(|line| line["party"] == party) else {
        bail!("{party} has no line in {draft}");
    };
    Ok(["net", "recovered", "carried_in", "paid", "carried_out"].map(|name| line[name].as_str().unwrap_or("missing").to_owned()))
}

/// Hundredths as an amount is written.
pub fn amount(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let hundredths = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}0000000000", hundredths / 100, hundredths % 100)
}

/// The units of an amount.
pub fn units(amount: &str) -> Result<i128> {
    let (whole, fraction) = amount.split_once('.').context("an amount without a point")?;
    ensure!(fraction.len() == 12, "{amount} has not twelve digits");
    Ok(format!("{whole}{fraction}").parse()?)
}
