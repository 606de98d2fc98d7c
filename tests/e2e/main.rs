//! End to end: the real binary, run as its users run it.

mod dice;
mod services;
mod support;

mod analysts;
mod bad_input;
mod bank;
mod bucket;
mod claims;
mod command_line;
mod copies;
mod crash;
mod four_eyes;
mod golden;
mod invoices;
mod journal;
mod paying;
mod readme;
mod scenarios;
mod snapshot;
mod statements;
mod tamper;
mod topics;
mod watching;
mod year;
