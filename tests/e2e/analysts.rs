//! What others see of the books: analysts read the archive with their own tools, and nobody reads there who a party is.

mod privacy;
pub mod python;
mod readers;
