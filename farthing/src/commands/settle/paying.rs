//! `farthing settle release`, `reissue` and `files`: what is sent to banks.

use super::brought::{Burden, Funding};
use super::moves::{Asked, make};
use super::settlement_of;
use crate::books::Books;
use crate::cli::{FilesOptions, ReissueOptions, ReleaseOptions};
use crate::output::{self, Answer};
use crate::payouts::files::{Unpayable, make_folder, write_out};
use crate::place::Place;
use anyhow::ensure;
use farthing_schemas::Instant;
use farthing_settle::cycle::Kind;
use serde_json::json;
use std::path::{Path, PathBuf};

pub async fn release(at: &Place, options: ReleaseOptions, json: bool) -> anyhow::Result<Answer> {
    let ReleaseOptions { cycle, making, leave_out, leave_out_unpayable, funded, sign } = options;
    let (now, out) = (making.now, making.out.clone());
    let unpayable = if leave_out_unpayable { Unpayable::LeaveOut } else { Unpayable::Refuse };
    let burden = Burden::Payments { making, leave_out, unpayable, funding: funding(funded) };
    send(at, &Asked { kind: Kind::Release, cycle, draft: None, why: None, burden, sign }, now, &out, json).await
}

pub async fn reissue(at: &Place, options: ReissueOptions, json: bool) -> anyhow::Result<Answer> {
    let ReissueOptions { cycle, parties, why, making, funded, sign } = options;
    let (now, out) = (making.now, making.out.clone());
    let burden = Burden::Further { making, parties, funding: funding(funded) };
    send(at, &Asked { kind: Kind::Reissue, cycle, draft: None, why: Some(why), burden, sign }, now, &out, json).await
}

fn funding(funded: bool) -> Funding {
    if funded { Funding::HasComeIn } else { Funding::Any }
}

/// The move first, which keeps the files in the ledger: whatever happens then, they can be written out, and are never made again.
async fn send(at: &Place, asked: &Asked, now: Option<Instant>, out: &Path, json: bool) -> anyhow::Result<Answer> {
    // The files stand in the text, and the time in the files.
    let signs_elsewhere = asked.sign.print_text || asked.sign.signature.is_some();
    ensure!(
        !signs_elsewhere || now.is_some(),
        "--now TIME is needed with --print-text and --signature: the same one, since it stands in the files"
    );
    // What is only printed changes nothing.
    if !asked.sign.print_text {
        make_folder(out)?;
    }
    let (answer, moved) = make(at, asked, json).await?;
    fail::fail_point!("release-committed");
    if let Some(sequence) = moved {
        let books = Books::open(at).await?;
        for path in write_out(&books, sequence, out).await? {
            output::note(&format!("written for the bank: {}", path.display()));
        }
        books.ledger.close().await;
    }
    Ok(answer)
}

/// Writes the files of a cycle again.
pub async fn files(at: &Place, options: &FilesOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let of = settlement_of(&*books.registry_now().await?, &options.mid, options.currency, options.cycle)?;
    let is_its = |step: &farthing_schemas::manifest::CycleMove| {
        step.released.is_some() && (&*step.mid, &*step.currency, &step.cycle) == (&*of.mid, of.currency.code(), &of.cycle.to_string())
    };
    let sequences: Vec<u64> = books.catalog.moves.iter().filter(|moved| is_its(&moved.step)).map(|moved| moved.sequence).collect();
    if sequences.is_empty() {
        output::note(&format!("cycle {} of {} in {} is not released: it has no files", of.cycle, of.mid, of.currency));
    }
    let answer = if sequences.is_empty() { Answer::No } else { Answer::Yes };
    let mut written: Vec<PathBuf> = Vec::new();
    for sequence in sequences {
        written.extend(write_out(&books, sequence, &options.out).await?);
    }
    let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    if json {
        output::json(&json!({"files": written}))?;
    } else if !written.is_empty() {
        output::text(&written.join("\n"))?;
    }
    books.ledger.close().await;
    Ok(answer)
}
