//! Guards: what must stay true of this repository, held by machine.
//!
//! Each guard is a pure check function over text or names, run once over the workspace as it is, and once over a planted bad sample that
//! it must refuse: a guard that cannot fail guards nothing.

mod arrows;
mod commands;
mod dependencies;
mod leaks;
mod lints;
mod purity;
mod size;
mod sources;
mod workspace;
