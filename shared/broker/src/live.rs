//! The live feed: one subscription for a gateway, and who waits for which job.
//!
//! The feed is core NATS, so a message may be missed; every 2 s, and after whatever may have cost
//! us messages, one task reads the results of all waited-for jobs from the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use kubently_core::id::JobId;
use kubently_core::result::CommandResult;
use kubently_core::subject::{Origin, ReplyKind, ReplySubject, live_of_origin};
use tokio::sync::oneshot;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::replies::decode;

/// How often the store is read for who waits.
const REREAD: Duration = Duration::from_secs(2);
/// Reads under way at a time.
const PARALLEL: usize = 16;

enum Told {
    /// As it came over the feed; its waiter decodes it, so that the feed is never held up.
    Payload(Bytes),
    Result(Box<CommandResult>),
}

struct Waiting {
    reply: ReplySubject,
    tell: oneshot::Sender<Told>,
}

type Waiters = Arc<Mutex<HashMap<JobId, Waiting>>>;

/// A gateway's live feed. Clones share it.
#[derive(Clone)]
pub struct Live {
    waiters: Waiters,
}

/// Somebody who waits for a job's result; dropped, it waits no more.
pub struct Waiter {
    job: JobId,
    told: oneshot::Receiver<Told>,
    waiters: Waiters,
}

impl Live {
    /// Subscribes to the results of this origin's jobs.
    ///
    /// # Errors
    /// [`StoreError`] where the hub is not reachable.
    pub async fn start(broker: &Broker, origin: &Origin) -> Result<Self, StoreError> {
        let subject = live_of_origin(origin);
        let mut feed = broker
            .client
            .subscribe(subject)
            .await
            .map_err(StoreError::client)?;
        broker.client.flush().await.map_err(StoreError::client)?;
        let live = Self {
            waiters: Waiters::default(),
        };
        let waiters = Arc::clone(&live.waiters);
        tokio::spawn(async move {
            while let Some(message) = feed.next().await {
                match ReplySubject::parse_live(&message.subject) {
                    Ok((reply, ReplyKind::Result)) => {
                        tell(&waiters, &reply, Told::Payload(message.payload));
                    }
                    Ok((_, ReplyKind::Event)) => {}
                    Err(error) => tracing::warn!(%error, "an odd subject on the live feed"),
                }
            }
        });
        tokio::spawn(reread(broker.clone(), Arc::downgrade(&live.waiters)));
        Ok(live)
    }

    /// Waits for a job's result from now on. To miss nothing, call it before the command is
    /// published.
    #[must_use]
    pub fn register(&self, reply: &ReplySubject) -> Waiter {
        let (tell, told) = oneshot::channel();
        let waiting = Waiting {
            reply: reply.clone(),
            tell,
        };
        lock(&self.waiters).insert(reply.job, waiting);
        Waiter {
            job: reply.job,
            told,
            waiters: Arc::clone(&self.waiters),
        }
    }
}

impl Waiter {
    /// The result, if it comes within this time.
    pub async fn wait(&mut self, limit: Duration) -> Option<Box<CommandResult>> {
        match tokio::time::timeout(limit, &mut self.told).await {
            Ok(Ok(Told::Result(result))) => Some(result),
            Ok(Ok(Told::Payload(payload))) => match decode(&payload, "result") {
                Ok(result) => Some(Box::new(result)),
                Err(error) => {
                    tracing::warn!(job = %self.job, %error, "an odd result on the live feed");
                    None
                }
            },
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        lock(&self.waiters).remove(&self.job);
    }
}

fn lock(waiters: &Waiters) -> MutexGuard<'_, HashMap<JobId, Waiting>> {
    waiters.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tell(waiters: &Waiters, reply: &ReplySubject, told: Told) {
    let waiting = lock(waiters).remove(&reply.job);
    if let Some(waiting) = waiting.filter(|waiting| waiting.reply == *reply) {
        // Who has stopped waiting reads the store later.
        let _ = waiting.tell.send(told);
    }
}

async fn reread(broker: Broker, waiters: std::sync::Weak<Mutex<HashMap<JobId, Waiting>>>) {
    let mut disturbed = broker.disturbed.clone();
    let mut ticks = tokio::time::interval(REREAD);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            changed = disturbed.changed() => if changed.is_err() { return },
        }
        let Some(waiters) = waiters.upgrade() else {
            return;
        };
        let replies: Vec<_> = lock(&waiters).values().map(|w| w.reply.clone()).collect();
        futures::stream::iter(replies)
            .for_each_concurrent(PARALLEL, |reply| {
                let (broker, waiters) = (&broker, &waiters);
                async move {
                    match broker.result(&reply).await {
                        Ok(Some(result)) => tell(waiters, &reply, Told::Result(Box::new(result))),
                        Ok(None) => {}
                        Err(error) => tracing::debug!(%error, "a result could not be read again"),
                    }
                }
            })
            .await;
    }
}
