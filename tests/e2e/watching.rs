//! Watching: what Prometheus scrapes, what a collector gets, whether a worker is alive and ready, and what `farthing status` says.

mod asked;
mod collector;
mod deployed;
mod exported;
mod ready;
mod scraped;
mod status;
