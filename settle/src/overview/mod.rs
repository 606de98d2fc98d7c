//! Overviews of a draft for those who answer for it and for the public: the 70 % rule, transparency, payouts, exceptions.
//!
//! Modules in reading order: [`mod@seventy`], [`pool`], [`transparency`], [`mod@payouts`], [`exceptions`].

pub mod exceptions;
pub mod payouts;
pub mod pool;
pub mod seventy;
pub mod transparency;

use crate::document::{Fact, Value};
use crate::draft::Draft;

/// What names an overview.
fn named(draft: &Draft) -> Vec<Fact> {
    vec![
        Fact::new("mid", "MID", Value::id(&draft.mid)),
        Fact::new("currency", "currency", Value::text(draft.currency)),
        Fact::new("cycle", "cycle", Value::text(draft.cycle)),
        Fact::new("preview", "preview", Value::Flag(draft.preview)),
        Fact::new("draft_sha256", "SHA-256 of the draft", Value::text(&draft.draft_sha256)),
    ]
}

/// What has to be known of an overview before all else.
fn notice(draft: &Draft) -> Option<String> {
    draft.preview.then(|| "PREVIEW: the cycle is open, so all of this can still change".to_owned())
}

/// Where it comes from and what it is of, for people.
fn title(what: &str, draft: &Draft) -> String {
    format!("{what} of {} for {} in {}", draft.mid, draft.cycle, draft.currency)
}
