//! Whether this worker can take commands. The API server is no part of that: a command that finds
//! it away is answered in kubectl's words.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use kubently_broker::{Broker, Link};
use kubently_runtime::admin::Readiness;
use tokio_util::sync::CancellationToken;

/// Ready once the hub is connected and the consumers are bound, until the worker stops.
#[derive(Clone)]
pub struct Ready {
    state: Arc<Mutex<State>>,
    stop: CancellationToken,
}

enum State {
    /// What it waits for before it can take commands.
    Waiting(&'static str),
    /// The consumers are bound on this connection.
    Consuming(Box<Broker>),
}

impl Ready {
    /// Not ready yet.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            state: Arc::new(Mutex::new(State::Waiting(
                "the worker has not started to take commands",
            ))),
            stop,
        }
    }

    /// The consumers are bound on this connection.
    pub fn consuming(&self, broker: Broker) {
        self.set(State::Consuming(Box::new(broker)));
    }

    /// It cannot take commands yet, because of this.
    pub fn waits_for(&self, reason: &'static str) {
        self.set(State::Waiting(reason));
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

#[async_trait]
impl Readiness for Ready {
    async fn check(&self) -> Result<(), String> {
        if self.stop.is_cancelled() {
            return Err("the worker is stopping".to_owned());
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = match &*state {
            State::Waiting(reason) => reason,
            State::Consuming(broker) => match broker.link() {
                Link::Up => return Ok(()),
                Link::Down => "the hub is not connected",
                Link::Refused => "the hub refuses this worker's credential",
                Link::Distrusted(reason) => reason,
            },
        };
        Err(reason.to_owned())
    }
}
