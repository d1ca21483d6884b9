//! How many sessions take commands, for `/health`: counted beside the requests.

use std::time::Duration;

use kubently_broker::{ActiveSessions, Broker, Directory};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::run::chain;

/// How often they are counted.
const EVERY: Duration = Duration::from_secs(5);

/// The last count; none where it is not known.
#[derive(Debug, Clone)]
pub(crate) struct Active(watch::Receiver<Option<u64>>);

impl Active {
    /// Counts until it is stopped.
    pub(crate) fn start(broker: Broker, directory: Directory, stop: CancellationToken) -> Self {
        let (tell, told) = watch::channel(None);
        tokio::spawn(async move {
            let mut sessions = ActiveSessions::default();
            let mut ticks = tokio::time::interval(EVERY);
            while stop.run_until_cancelled(ticks.tick()).await.is_some() {
                let counted = sessions.count(&broker, directory.now()).await;
                let counted = counted.inspect_err(|error| {
                    tracing::debug!(reason = chain(error), "active sessions are not counted");
                });
                tell.send_replace(counted.unwrap_or_default());
            }
        });
        Self(told)
    }

    /// How many there were when they were last counted.
    pub(crate) fn get(&self) -> Option<u64> {
        *self.0.borrow()
    }
}
