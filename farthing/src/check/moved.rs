//! Every move of a cycle was allowed when it was made, and is signed by whoever may make it.

use super::{Chain, Invariant};
use crate::courses;

pub struct Moved;

impl Invariant for Moved {
    fn name(&self) -> &'static str {
        "every move of a cycle was allowed"
    }

    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String> {
        courses::judged(chain.catalog)?;
        let moves = &chain.catalog.moves;
        let signed = moves.iter().filter(|moved| moved.step.signed.is_some()).count();
        Ok(format!("{} moves, {signed} of them signed", moves.len()))
    }
}
