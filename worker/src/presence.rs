//! What the worker says of itself, every ten seconds and in a last word.

use std::time::Duration;

use kubently_broker::Broker;
use kubently_core::directory::{PRESENCE_SECONDS, Presence};
use kubently_kubectl::Cluster;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backoff::{Backoff, jittered};

/// How often the API server's version is asked for; it changes when the cluster is upgraded.
const VERSION_EVERY: Duration = Duration::from_secs(600);
/// How long one question to the API server, or the last word, may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says that the worker is there.
#[derive(Debug)]
pub struct Announcer {
    /// What does not change; the other fields are filled in each time.
    pub presence: Presence,
    /// The tasks that count as in flight.
    pub tasks: TaskTracker,
    /// Cancelled once the worker takes nothing more.
    pub stopping: CancellationToken,
    /// The API server's version, where it is known; see [`watch_version`].
    pub kubernetes_version: watch::Receiver<Option<String>>,
}

impl Announcer {
    /// Announces at once, every ten seconds less some jitter, when something has changed and, as a
    /// last word, when it is `done`.
    pub async fn run(mut self, broker: Broker, done: CancellationToken) {
        let mut lost = false;
        let every = Duration::from_secs(u64::from(PRESENCE_SECONDS));
        while !done.is_cancelled() {
            let now = self.now();
            let announced = tokio::select! {
                announced = broker.announce(&now) => announced,
                () = done.cancelled() => break,
            };
            match announced {
                Ok(()) => lost = false,
                Err(error) if !lost => {
                    lost = true;
                    tracing::warn!(%error, "presence is not announced");
                }
                Err(_) => {}
            }
            let told_of_stop = self.stopping.is_cancelled();
            tokio::select! {
                () = tokio::time::sleep(jittered(every)) => {}
                () = self.stopping.cancelled(), if !told_of_stop => {}
                Ok(()) = self.kubernetes_version.changed() => {}
                () = done.cancelled() => {}
            }
        }
        let farewell = Presence {
            stopping: true,
            ..self.now()
        };
        if tokio::time::timeout(PATIENCE, broker.announce(&farewell))
            .await
            .is_err()
        {
            tracing::warn!("the last word is not announced");
        }
    }

    fn now(&mut self) -> Presence {
        Presence {
            kubernetes_version: self.kubernetes_version.borrow_and_update().clone(),
            in_flight: u32::try_from(self.tasks.len()).unwrap_or(u32::MAX),
            stopping: self.stopping.is_cancelled(),
            ..self.presence.clone()
        }
    }
}

/// Keeps the API server's version known, until nobody wants to know it.
pub async fn watch_version(cluster: Cluster, known: watch::Sender<Option<String>>) {
    let backoff = || Backoff::new(Duration::from_secs(5), Duration::from_secs(60));
    let mut pauses = backoff();
    loop {
        let pause = match tokio::time::timeout(PATIENCE, cluster.server_version()).await {
            Ok(Ok(version)) => {
                pauses = backoff();
                known.send_replace(Some(version));
                VERSION_EVERY
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the API server does not tell its version");
                pauses.pause()
            }
            Err(_) => {
                tracing::warn!("the API server does not answer");
                pauses.pause()
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = known.closed() => return,
        }
    }
}
