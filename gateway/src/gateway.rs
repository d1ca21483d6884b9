//! What every request needs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kubently_broker::{Broker, Directory, HubRepositories, Identity, Live};
use kubently_core::bounded::{TimeoutSeconds, TtlSeconds};
use kubently_core::clock::Clock;
use kubently_core::id::JobId;
use kubently_core::policy::Secrets;
use kubently_core::subject::Origin;
use kubently_core::time::Timestamp;
use kubently_runtime::clock::SystemClock;
use kubently_runtime::trace::Tracer;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::active::Active;
use crate::activity::Activity;
use crate::auth::Door;
use crate::error::ApiError;
use crate::metrics::Metrics;

/// The most requests in work at a time; one more is told to come back.
pub(crate) const MAX_IN_FLIGHT: usize = 4096;

/// The most event streams that are open at a time.
pub(crate) const MAX_STREAMS: usize = 4096;
/// The most large outputs in memory at a time: 16 MiB each as policies go, 64 MiB at most.
pub(crate) const MAX_LARGE_OUTPUTS: usize = 8;

/// The parts of a running gateway. Clones share them.
pub(crate) type Gateway = Arc<Parts>;

/// See [`Gateway`].
pub(crate) struct Parts {
    pub(crate) broker: Broker,
    pub(crate) directory: Directory,
    pub(crate) live: Live,
    /// Who is let in.
    pub(crate) door: Door,
    pub(crate) stores: HubRepositories,
    /// How many sessions take commands.
    pub(crate) active: Active,
    /// Makes spans, where there is a collector.
    pub(crate) tracer: Tracer,
    /// Counts everything else.
    pub(crate) metrics: Metrics,
    /// Counts the commands of sessions.
    pub(crate) activity: Arc<Activity>,
    /// Whose live feed our jobs' replies reach.
    pub(crate) origin: Origin,
    pub(crate) command_timeout: TimeoutSeconds,
    pub(crate) session_ttl: TtlSeconds,
    /// Whether commands may ask for secrets.
    pub(crate) secrets: Secrets,
    pub(crate) long_poll_timeout: Duration,
    pub(crate) started: Instant,
    /// Cancelled once the gateway stops: whoever waits is answered with what is known.
    pub(crate) stop: CancellationToken,
    pub(crate) in_flight: Semaphore,
    /// Open event streams, which are no requests in work any more.
    pub(crate) streams: Arc<Semaphore>,
    /// Outputs that do not stand in their results and are being read or sent.
    pub(crate) large_outputs: Arc<Semaphore>,
}

impl Parts {
    /// The users and keys of the hub.
    pub(crate) const fn identity(&self) -> &Identity {
        &self.door.identity
    }

    #[expect(
        clippy::unused_self,
        reason = "the clock is one of the parts; today there is one"
    )]
    pub(crate) fn now(&self) -> Timestamp {
        SystemClock.now().into()
    }

    /// A place for one more event stream.
    pub(crate) fn stream_place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let place = Arc::clone(&self.streams).try_acquire_owned();
        place.map_err(|_| ApiError::Overloaded)
    }

    /// A job id that nobody can guess.
    pub(crate) fn new_job_id(&self) -> JobId {
        // The bytes of a UUIDv4 but 6 to 8, which hold its version and variant.
        let bytes = Uuid::new_v4().into_bytes().into_iter().enumerate();
        let whole = bytes.filter(|(place, _)| !(6..9).contains(place));
        let mut random = [0; 10];
        for (byte, (_, from)) in random.iter_mut().zip(whole) {
            *byte = from;
        }
        JobId::new(self.now().get(), random)
    }
}

/// An origin for this process: new at each start.
pub(crate) fn new_origin() -> Origin {
    let [a, b, c, d, ..] = Uuid::new_v4().into_bytes();
    Origin::Gateway(u32::from_be_bytes([a, b, c, d]))
}
