//! XML: what is written, and what is read within bounds.

mod read;
mod write;

pub(crate) use read::{Node, parse};
pub(crate) use write::Xml;
