//! Topics of a real broker: each event once, whatever happens to the workers, the group, the topic and the broker.

mod changes;
mod chaos;
mod forms;
mod produce;
mod scene;
mod workers;
