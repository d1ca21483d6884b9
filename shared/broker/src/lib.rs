//! Kubently on NATS `JetStream`: the only crate that names `async_nats`.
//!
//! [`Broker`] is a connection to the hub. Gateways use all of it; a worker's credential lets it
//! pull its cluster's commands ([`consume`]), answer them ([`replies`]) and say that it is there
//! ([`presence`]) and hear what is cancelled ([`control`]), nothing else: workers create, list and direct-get nothing.

pub mod accounts;
pub mod active_sessions;
mod again;
pub mod backoff;
mod bucket;
pub mod commands;
pub mod connect;
pub mod consume;
pub mod control;
pub mod delivery;
pub mod directory;
pub mod error;
pub mod events;
pub mod hub_clock;
pub mod idempotency;
pub mod identity;
pub mod identity_repository;
pub mod job_repository;
pub mod live;
pub mod metrics;
pub mod nkey;
mod outbox;
pub mod output;
pub mod preflight;
pub mod presence;
pub mod queue;
pub mod registry;
pub mod remove_cluster;
pub mod replies;
pub mod repositories;
mod results;
mod retired;
pub mod session_repository;
pub mod state;
mod stream;
mod sweep;
pub mod topology;
pub mod unfinished;
mod upkeep;
mod watched;

pub use self::active_sessions::ActiveSessions;
pub use self::commands::{Published, SubmitError};
pub use self::connect::{Broker, ConnectError, HubConfig, Link, Replicas, TlsFiles};
#[cfg(feature = "test-util")]
pub use self::consume::Deliveries;
pub use self::consume::Intake;
pub use self::control::{CancelScope, Cancellations};
pub use self::delivery::Delivery;
pub use self::directory::{Directory, Lookup};
pub use self::error::StoreError;
pub use self::events::{Mark, Reply, StoredReplies, StoredReply};
pub use self::hub_clock::HubClock;
pub use self::idempotency::Claim;
pub use self::identity::{Authentication, Identity, KnownKey};
pub use self::job_repository::Revision;
pub use self::live::{Live, Waiter};
pub use self::metrics::{Counts, Queues};
pub use self::nkey::{Nkey, NkeyError};
pub use self::output::StoredOutput;
pub use self::remove_cluster::RemoveError;
pub use self::replies::Stored;
pub use self::repositories::HubRepositories;
pub use self::retired::DropsEarly;
pub use self::state::Known;
pub use self::sweep::MOST as MOST_DEADLINES;
pub use self::topology::TopologyError;
pub use self::unfinished::{MOST_A_USER, OverQuota, Place, Unfinished};
