//! The product on real parts: one binary, so that it is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by failing; clippy sees helpers as no tests"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the clock and start real programs"
)]

mod ages;
mod answers;
mod asleep;
mod bad_api;
mod binaries;
mod broker;
mod cancel;
mod certificates;
mod charts;
mod corpus_door;
mod door;
mod dropped;
mod duplicates;
mod events;
mod fake_api;
mod faults;
mod followed;
mod full_queue;
mod history;
mod idempotent;
mod identity;
mod isolation;
mod jobs;
mod kept;
mod kill_points;
mod leaders;
mod links;
mod log_over_hub;
mod logs;
mod many_clusters;
mod odd_workers;
mod offline;
mod operators;
mod oracle;
mod outage;
mod outlive;
mod output;
mod parity;
mod partitions;
mod ports;
mod priorities;
mod publishers;
mod quota;
mod racers;
mod readers;
mod readonly;
mod registry;
mod repositories;
mod rolling;
mod secrets;
mod served;
mod sessions;
mod shipped;
mod slow_api;
mod slow_callers;
mod soak;
mod stop;
mod sweep;
mod swept;
mod telemetry;
mod three;
mod torn_log;

/// The example is run as its reader would run it.
#[path = "../examples/publisher.rs"]
mod publisher_example;
