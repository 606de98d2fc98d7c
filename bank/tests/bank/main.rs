//! Files for banks and their answers, judged by programs that share nothing with ours, and by properties.

mod answers;
mod defects;
mod doubts;
mod properties;
mod referees;
mod support;
mod through_a_bank;
mod tools;
