//! Whether this worker can take commands. The API server is no part of that: a command that finds
//! it away is answered in kubectl's words.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use kubently_broker::Broker;
use kubently_runtime::admin::Readiness;
use tokio_util::sync::CancellationToken;

/// Ready once the hub is connected and the consumers are bound, until the worker stops.
#[derive(Clone)]
pub struct Ready {
    consuming: Arc<Mutex<Option<Broker>>>,
    stop: CancellationToken,
}

impl Ready {
    /// Not ready yet.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            consuming: Arc::default(),
            stop,
        }
    }

    /// The consumers are bound on this connection.
    pub fn consuming(&self, broker: Broker) {
        *self
            .consuming
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(broker);
    }
}

#[async_trait]
impl Readiness for Ready {
    async fn check(&self) -> Result<(), String> {
        let consuming = self.consuming.lock();
        let connected = consuming
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(Broker::is_connected);
        let reason = match connected {
            _ if self.stop.is_cancelled() => "the worker is stopping",
            None => "the worker has not started to take commands",
            Some(false) => "the hub is not connected",
            Some(true) => return Ok(()),
        };
        Err(reason.to_owned())
    }
}
