//! Topics of a real broker: each event once, whatever happens to the workers, the group, the topic and the broker.

mod changes;
mod chaos;
mod configured;
mod dead_letters;
mod floods;
mod forms;
mod outages;
pub mod produce;
mod published;
pub mod read;
pub mod scene;
mod workers;
