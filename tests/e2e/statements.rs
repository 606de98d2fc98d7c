//! Statements and their proofs: papers that say what the draft says, and that anybody can check with nothing but a root.

pub mod checkers;
mod many;
mod papers;
mod proofs;
