//! Load for a topic of Kafka.

mod key;
mod pace;
pub mod produce;
