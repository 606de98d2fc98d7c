//! XML: what is written, and what is read within bounds.

mod read;
mod write;

pub(crate) use read::{Node, parse, parse_taking};
pub(crate) use write::Xml;
