//! What a ledger promises, whichever database holds it: one suite, run on SQLite and on PostgreSQL.
//!
//! A scenario is a table: what is asked of the ledger, an arrow, and what it answers. Without a server of PostgreSQL the tests fail.

#[path = "contract/journal.rs"]
mod journal;
#[path = "contract/letters.rs"]
mod letters;
#[path = "contract/outages.rs"]
mod outages;
#[path = "contract/payments.rs"]
mod payments;
#[path = "contract/races.rs"]
mod races;
#[path = "contract/reservations.rs"]
mod reservations;
#[path = "contract/scenario.rs"]
mod scenario;
#[path = "contract/server.rs"]
mod server;
#[path = "contract/tables.rs"]
mod tables;

use scenario::Scenario;
use server::{Place, place_on_postgres, place_on_sqlite, run};

/// Plays a table of the same text on both.
fn on_both(table: &str) {
    for (name, place) in [("sqlite", place_on_sqlite as fn() -> Place), ("postgres", place_on_postgres)] {
        let place = place();
        run(async {
            let mut scenario = Scenario::of(&place).await;
            for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
                let (asked, expected) = line.split_once("->").unwrap_or_else(|| panic!("no arrow in {line:?}"));
                assert_eq!(scenario.ask(asked.trim()).await, expected.trim(), "{name}: {line}");
            }
        });
    }
}

#[test]
fn a_batch_moves_its_positions() {
    on_both(
        "lease a                            -> epoch 1 from 0
         batch a 1 0..10 rejected 1         -> done
         position a                         -> epoch 1 next 10 read 10 rejected 1
         batch a 1 10..15                   -> done
         position a                         -> epoch 1 next 15 read 15 rejected 1
         lease a                            -> epoch 2 from 15
         position b                         -> none
         seals                              -> whole",
    );
}

#[test]
fn nothing_is_appended_to_a_moved_head() {
    on_both(
        "lease a                            -> epoch 1 from 0
         batch a 1 0..10                    -> done
         upon 0 batch a 1 0..9              -> moved
         upon 0 cycle mid_a USD 2026-10     -> moved
         cycle mid_a USD 2026-10            -> done
         upon 1 batch a 1 10..20            -> moved
         position a                         -> epoch 1 next 10 read 10 rejected 0
         chain                              -> 2
         cycles                             -> mid_a USD 2026-10 closing",
    );
}

#[test]
fn a_lost_lease_commits_nothing() {
    on_both(
        "lease a                            -> epoch 1 from 0
         lease a                            -> epoch 2 from 0
         batch a 1 0..10 rejected 2         -> lost a
         batch b 1 0..10                    -> lost b
         chain                              -> 0
         letters                            -> none
         batch a 2 0..10                    -> done",
    );
}

#[test]
fn the_start_stops_a_rewind_and_a_gap() {
    on_both(
        "lease a                            -> epoch 1 from 0
         batch a 1 0..10                    -> done
         batch a 1 0..10                    -> lost a
         batch a 1 5..12                    -> lost a
         batch a 1 11..12                   -> lost a
         batch a 1 10..12                   -> done
         chain                              -> 2",
    );
}

#[test]
fn an_append_whose_answer_was_lost_is_not_done_twice() {
    on_both(
        "lease a                            -> epoch 1 from 0
         batch a 1 0..10 rejected 2 totals USD 1.000000000000 0.700000000000 -> done
         again                              -> done
         position a                         -> epoch 1 next 10 read 10 rejected 2
         letters                            -> 1 of 1, 2 of 1
         totals                             -> 1 USD 1.000000000000 0.700000000000
         batch a 1 10..20                   -> done
         again                              -> done
         again 1                            -> done
         upon 0 batch a 1 0..10 rejected 1  -> moved
         position a                         -> epoch 1 next 20 read 20 rejected 2
         chain                              -> 2",
    );
}

#[test]
fn dead_letters_are_numbered_and_replayed_once() {
    on_both(
        "lease a                            -> epoch 1 from 0
         batch a 1 0..10 rejected 2         -> done
         batch a 1 10..20 rejected 1        -> done
         letters                            -> 1 of 1, 2 of 1, 3 of 2
         lease r                            -> epoch 1 from 0
         batch r 1 0..2 replays 3,1         -> done
         letters                            -> 1 of 1 in 3, 2 of 1, 3 of 2 in 3
         batch r 1 2..3 replays 1           -> no letter 1
         batch r 1 2..3 replays 9           -> no letter 9
         batch r 1 2..3 replays 2,1         -> no letter 1
         batch r 1 2..3 replays 2,2         -> no letter 2
         position r                         -> epoch 1 next 2 read 2 rejected 0
         batch r 1 2..3 replays 2           -> done
         letters                            -> 1 of 1 in 3, 2 of 1 in 4, 3 of 2 in 3",
    );
}

#[test]
fn what_is_posted_is_not_changed() {
    on_both(
        "lease a                            -> epoch 1 from 0
         batch a 1 0..10 rejected 1 totals EUR 2.000000000000 1.400000000000 -> done
         cycle mid_a USD 2026-10 draft      -> done
         sql UPDATE manifests SET body = '' -> refused manifests are append only
         sql DELETE FROM manifests          -> refused manifests are append only
         sql UPDATE drafts SET packed = NULL -> refused drafts are append only
         sql DELETE FROM drafts             -> refused drafts are append only
         sql UPDATE batch_totals SET gross = gross -> refused batch totals are append only
         sql DELETE FROM batch_totals       -> refused batch totals are append only
         sql DELETE FROM dead_letters       -> refused dead letters are kept
         chain                              -> 2
         totals                             -> 1 EUR 2.000000000000 1.400000000000",
    );
}

#[test]
fn a_draft_comes_with_its_move() {
    on_both(
        "cycle mid_a USD 2026-10            -> done
         drafts                             -> none
         cycle mid_a USD 2026-10 draft      -> done
         cycle mid_Z EUR 2026-09 draft      -> done
         drafts                             -> mid_Z EUR 2026-09, mid_a USD 2026-10
         cycles                             -> mid_Z EUR 2026-09 draft, mid_a USD 2026-10 draft",
    );
}

#[test]
fn a_draft_that_was_thrown_away_can_come_out_the_same() {
    on_both(
        "cycle mid_a USD 2026-10 draft      -> done
         cycle mid_a USD 2026-10            -> done
         drafts                             -> mid_a USD 2026-10
         cycle mid_a USD 2026-10 draft      -> done
         drafts                             -> mid_a USD 2026-10
         chain                              -> 3",
    );
}

#[test]
fn actors_are_added_and_retired_and_stay() {
    on_both(
        "actor bo Bo 01                     -> done
         actor ana Ana 02                   -> done
         retire bo                          -> done
         again                              -> done
         actors                             -> ana Ana 02 from 2, bo Bo 01 from 1 until 3
         sql UPDATE actors SET person = 'Eva' -> refused actors are append only
         sql DELETE FROM actors             -> refused actors are append only
         sql UPDATE retired_actors SET actor = 'ana' -> refused retired actors are append only
         sql DELETE FROM retired_actors     -> refused retired actors are append only
         chain                              -> 3",
    );
}

#[test]
fn a_changed_position_breaks_its_seal() {
    on_both(
        "lease a                            -> epoch 1 from 0
         lease b                            -> epoch 1 from 0
         seals                              -> whole
         sql UPDATE positions SET epoch = 7 WHERE partition = 'b' -> done
         seals                              -> broken b",
    );
}

/// 26 digits before the point and 12 behind it: what no float holds.
#[test]
fn totals_are_exact_at_38_digits() {
    on_both(
        "lease a                            -> epoch 1 from 0
         batch a 1 0..10 totals USD 99999999999999999999999999.999999999999 -99999999999999999999999999.999999999999 -> done
         batch a 1 10..11 totals JPY 0.000000000001 -0.000000000001 -> done
         batch a 1 11..12 totals EUR 12345678901234567890123456.789012345678 0.000000000000 -> done
         totals                             -> 1 USD 99999999999999999999999999.999999999999 -99999999999999999999999999.999999999999, 2 JPY 0.000000000001 -0.000000000001, 3 EUR 12345678901234567890123456.789012345678 0.000000000000",
    );
}

/// Texts come back as they were and in the order of their bytes, whatever the server's language is.
#[test]
fn texts_are_kept_and_ordered_by_their_bytes() {
    on_both(
        "lease b/ü                          -> epoch 1 from 0
         lease B                            -> epoch 1 from 0
         lease a                            -> epoch 1 from 0
         lease _'\"\\                        -> epoch 1 from 0
         lease é                            -> epoch 1 from 0
         positions                          -> B, _'\"\\, a, b/ü, é
         seals                              -> whole",
    );
}

#[test]
fn details_are_replaced_by_party() {
    on_both(
        "details pty_a one, pty_B two       -> done
         details pty_a three                -> done
         details                            -> pty_B two, pty_a three",
    );
}
