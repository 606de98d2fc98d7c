//! Drafts as the ledger holds them: packed, and never there as a whole text. That of many parties takes more room than the draft itself.

use crate::books::Books;
use anyhow::{Context, ensure};
use farthing_ledger::{DraftText, StoredDraft};
use farthing_schemas::manifest::Sha256Hasher;
use farthing_settle::Draft;
use std::io::{self, BufWriter, Read, Write};

/// How hard texts are packed: harder takes far longer, and saves little of what is mostly digits.
const PACKED: i32 = 3;

/// Many small pieces are packed in larger portions.
const PORTION_BYTES: usize = 1 << 16;

/// The row of a draft.
pub fn row_of(draft: &Draft) -> anyhow::Result<StoredDraft> {
    Ok(StoredDraft {
        sha256: draft.draft_sha256.clone(),
        mid: draft.mid.clone(),
        currency: draft.currency.to_string(),
        cycle: draft.cycle.to_string(),
        text: DraftText::Packed(packed(draft)?),
    })
}

/// The draft of that SHA-256.
pub async fn read(books: &Books, sha256: &str) -> anyhow::Result<Draft> {
    let row = books.ledger.draft(sha256).await?.with_context(|| format!("the ledger has lost the draft {sha256}; run: farthing verify"))?;
    draft_of(&row)
}

/// The draft of a row, if it is the one that the row names.
fn draft_of(row: &StoredDraft) -> anyhow::Result<Draft> {
    parsed(row).with_context(|| format!("the draft {} in the ledger is damaged; run: farthing verify", row.sha256))
}

fn parsed(row: &StoredDraft) -> anyhow::Result<Draft> {
    let draft = with_text(row, |text| Ok(Draft::read_json(text)?))?;
    ensure!(draft.draft_sha256 == row.sha256, "its text has the SHA-256 {}", draft.draft_sha256);
    Ok(draft)
}

/// The same, and the SHA-256 of its text as a whole, in hex; who asks says whose it is.
pub fn hashed(row: &StoredDraft) -> anyhow::Result<(Draft, String)> {
    let mut hasher = Sha256Hasher::default();
    with_text(row, |text| Ok(io::copy(text, &mut hasher)?))?;
    Ok((parsed(row)?, hasher.finish()))
}

/// Has the text of a row read through to its end. What is packed is one frame, and nothing follows it.
fn with_text<T>(row: &StoredDraft, read: impl FnOnce(&mut dyn Read) -> anyhow::Result<T>) -> anyhow::Result<T> {
    match &row.text {
        DraftText::Plain(text) => read(&mut text.as_bytes()),
        DraftText::Packed(packed) => {
            let mut unpacking = zstd::Decoder::with_buffer(packed.as_slice())?.single_frame();
            let found = read(&mut unpacking)?;
            let rest = unpacking.finish();
            ensure!(rest.is_empty(), "{} bytes follow its text", rest.len());
            Ok(found)
        }
    }
}

fn packed(draft: &Draft) -> anyhow::Result<Vec<u8>> {
    let mut packing = zstd::Encoder::new(Vec::new(), PACKED)?;
    let mut portions = BufWriter::with_capacity(PORTION_BYTES, &mut packing);
    draft.write_json(&mut portions)?;
    portions.flush()?;
    drop(portions);
    Ok(packing.finish()?)
}

#[cfg(test)]
mod tests;
