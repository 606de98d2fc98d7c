//! Killed, starved, refused and crowded: whatever happens to a process, the same figures come out in the end.
//!
//! Each test takes the same small world of events through interruptions, and compares what is there in the end with a run
//! that nobody disturbed: counts, accruals, dead letters, drafts, and `verify`.

pub mod child;
mod faults;
mod follow;
mod kills;
mod leftovers;
mod numbers;
mod outages;
mod places;
mod races;
pub mod scene;
mod steps;
mod syscalls;
mod together;
mod trace;
pub mod world;
