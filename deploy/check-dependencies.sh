#!/usr/bin/env bash
# Dependencies against deny.toml. What is held where:
#   always, by tests/guards/dependencies.rs: licences, bans, sources;
#   here, where cargo-deny is installed: the same by the tool itself, with the licence texts;
#   here, where the RustSec database can be fetched: advisories (FARTHING_ADVISORIES=require makes it an error that it cannot);
#   here, from the registry's index as cargo has it: no locked version is yanked.
# cargo-deny takes four minutes of processor time to build, so it is not installed by itself: cargo install --locked cargo-deny
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

loud() { printf '\n  !! NOT CHECKED: %s\n\n' "$*" >&2; }

python3 deploy/check_yanked.py

if ! command -v cargo-deny >/dev/null 2>&1; then
    loud "advisories (cargo-deny is not installed; licences, bans and sources are held by the guards)"
    [ "${FARTHING_ADVISORIES:-}" != require ]
    exit
fi

cargo deny --offline --all-features check bans licenses sources
if timeout 60 cargo deny fetch db >/dev/null 2>&1; then
    cargo deny --offline --all-features check advisories
else
    loud "advisories (the RustSec database cannot be fetched from here)"
    [ "${FARTHING_ADVISORIES:-}" != require ]
fi
