use super::*;
use farthing_schemas::manifest::sha256_hex;

/// A draft with lines of every kind, as settle's own tests keep it.
const TEXT: &str = include_str!("../../../settle/tests/settle/texts/draft.json");

fn row() -> StoredDraft {
    row_of(&Draft::from_json(TEXT).unwrap()).unwrap()
}

fn packed_of(row: &StoredDraft) -> &[u8] {
    let DraftText::Packed(packed) = &row.text else { panic!("rows are packed") };
    packed
}

#[test]
fn what_is_packed_comes_back() {
    let text = TEXT.trim_end();
    let draft = Draft::from_json(text).unwrap();
    let packed = row();
    assert!(packed_of(&packed).len() * 2 < text.len());
    assert_eq!(zstd::decode_all(packed_of(&packed)).unwrap(), text.as_bytes());
    let plain = StoredDraft { text: DraftText::Plain(text.to_owned()), ..packed.clone() };
    for row in [packed, plain] {
        assert_eq!(draft_of(&row).unwrap(), draft);
        assert_eq!(hashed(&row).unwrap(), (draft.clone(), sha256_hex(text.as_bytes())));
    }
}

#[test]
fn equal_drafts_are_packed_alike() {
    assert_eq!(row(), row());
}

#[track_caller]
fn check_damaged(text: DraftText, because: &str) {
    let row = StoredDraft { text, ..row() };
    let error = draft_of(&row).unwrap_err();
    assert_eq!(error.to_string(), format!("the draft {} in the ledger is damaged; run: farthing verify", row.sha256));
    let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    assert!(causes.iter().any(|cause| cause.contains(because)), "{causes:?}");
    assert!(hashed(&row).is_err());
}

#[test]
fn a_damaged_frame_is_an_error_that_names_its_draft() {
    let row = row();
    let packed = packed_of(&row);
    check_damaged(DraftText::Packed(Vec::new()), "incomplete frame");
    check_damaged(DraftText::Packed(packed[..packed.len() / 2].to_vec()), "incomplete frame");
    check_damaged(DraftText::Packed(packed[..packed.len() - 1].to_vec()), "incomplete frame");
    check_damaged(DraftText::Packed([b"{", packed].concat()), "Unknown frame descriptor");
    check_damaged(DraftText::Packed([packed, packed].concat()), "bytes follow its text");
    check_damaged(DraftText::Packed([packed, &[0]].concat()), "1 bytes follow its text");
}

#[test]
fn no_flipped_bit_makes_another_draft() {
    let (row, draft) = (row(), Draft::from_json(TEXT).unwrap());
    for bit in 0..packed_of(&row).len() * 8 {
        let mut packed = packed_of(&row).to_vec();
        packed[bit / 8] ^= 1 << (bit % 8);
        // What the frame says of its size and window is no part of the text.
        let read = draft_of(&StoredDraft { text: DraftText::Packed(packed), ..row.clone() });
        assert!(read.is_err() || read.is_ok_and(|read| read == draft), "bit {bit}");
    }
}

#[test]
fn a_changed_text_is_an_error_that_names_its_draft() {
    let text = TEXT.trim_end();
    let changed = text.replacen("false", "true", 1);
    for changed in [changed.as_str(), TEXT.strip_suffix('\n').map_or("", |_| TEXT)] {
        let why = "does not have the SHA-256";
        check_damaged(DraftText::Plain(changed.to_owned()), why);
        check_damaged(DraftText::Packed(zstd::encode_all(changed.as_bytes(), PACKED).unwrap()), why);
    }
    check_damaged(DraftText::Plain(String::new()), "EOF");
    let (row, other) = (row(), "0".repeat(64));
    let error = draft_of(&StoredDraft { sha256: other.clone(), ..row.clone() }).unwrap_err();
    assert_eq!(error.to_string(), format!("the draft {other} in the ledger is damaged; run: farthing verify"));
    assert_eq!(error.root_cause().to_string(), format!("its text has the SHA-256 {}", row.sha256));
}
