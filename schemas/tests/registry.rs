//! The contract of the registry: what loads, what is refused and how it is named, what is private, and what is resolved.
#![allow(clippy::unwrap_used)]

#[path = "registry/faults.rs"]
mod faults;
#[path = "registry/layers.rs"]
mod layers;
#[path = "registry/refusals.rs"]
mod refusals;
#[path = "registry/resolution.rs"]
mod resolution;
#[path = "registry/schema.rs"]
mod schema;
#[path = "registry/snapshot.rs"]
mod snapshot;
#[path = "registry/taxes.rs"]
mod taxes;

use farthing_schemas::registry::{Delta, RegistryError, State, read_load};

/// Two platforms, two MIDs, three parties, two works.
pub const BASE: &str = r#"{"kind":"platform","id":"plt_a","default_labour_share":"0.7","legal_id":"LEI-A"}
{"kind":"platform","id":"plt_b","default_labour_share":"0.72","consent_default":"deny"}
{"kind":"mid","id":"mid_x","fee":"0.05","currency":"USD"}
{"kind":"mid","id":"mid_y","fee":"0.1","currency":"EUR","legal_id":"LEI-Y"}
{"kind":"party","id":"pty_1","type":"person"}
{"kind":"party","id":"pty_2","type":"person"}
{"kind":"party","id":"pty_3","type":"community"}
{"kind":"work","id":"wrk_1","parties":[{"party":"pty_1","share":"1"}]}
{"kind":"work","id":"wrk_2","parties":[{"party":"pty_2","weight":2},{"party":"pty_1","weight":1}],"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z"}
"#;

/// What a load changes in that state; private details are always taken to be new where there are any.
pub fn judged(state: &State, text: &str) -> Result<Delta, Vec<RegistryError>> {
    state.apply(read_load("", text.as_bytes())?, |_, details| details.is_empty())
}

/// Loads and commits as the next version; gives its public text.
pub fn load(state: &mut State, text: &str) -> Vec<u8> {
    let delta = judged(state, text).unwrap();
    let public = delta.public_ndjson();
    state.commit(state.version() + 1, delta);
    public
}

/// A state that holds [`BASE`] as version 1.
pub fn base() -> State {
    let mut state = State::default();
    load(&mut state, BASE);
    state
}

/// All errors, one a line.
pub fn shown(errors: &[RegistryError]) -> String {
    errors.iter().map(|error| format!("{error}\n")).collect()
}
