//! The live feed: who follows which job, and what is told of it as it is stored.
//!
//! A gateway subscribes once to the replies of its own jobs; a job of another origin gets a
//! subscription of its own, which lives as long as somebody here follows the job. The feed is core
//! NATS, so a message may be missed; every 2 s, and after whatever may have cost us messages, one
//! task reads the results of all followed jobs from the store. The feed tells that there is
//! something new; who wants every event reads the store, so a slow reader costs no memory here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_nats::{Message, Subscriber};
use bytes::Bytes;
use futures::StreamExt as _;
use kubently_core::result::CommandResult;
use kubently_core::subject::{Origin, ReplyKind, ReplySubject, live_of_origin};
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::replies::decode_result;
use crate::unfinished::Unfinished;

/// How often the store is read for who waits.
const REREAD: Duration = Duration::from_secs(2);

/// A gateway's live feed. Clones share it.
#[derive(Clone)]
pub struct Live {
    broker: Broker,
    origin: Origin,
    followed: Followed,
    unfinished: Unfinished,
}

/// Somebody who follows a job; dropped, it follows no more.
pub struct Waiter {
    reply: ReplySubject,
    progress: watch::Receiver<Progress>,
    followed: Followed,
}

type Followed = Arc<Mutex<HashMap<ReplySubject, Job>>>;

/// A job that somebody follows.
struct Job {
    progress: watch::Sender<Progress>,
    waiters: usize,
    /// The subscription of a job of another origin.
    feed: Arc<OnceCell<Feed>>,
}

/// What is known of a job by the feed.
#[derive(Clone, Default)]
struct Progress {
    /// The sequence of the last reply that was told of.
    sequence: u64,
    result: Option<Told>,
}

#[derive(Clone)]
enum Told {
    /// As it came over the feed; its waiter decodes it, so that the feed is never held up.
    Payload(Bytes),
    Result(Arc<CommandResult>),
}

/// A task that hands on a subscription; dropped, both end.
struct Feed(JoinHandle<()>);

impl Live {
    /// Subscribes to the replies of this origin's jobs.
    ///
    /// # Errors
    /// [`StoreError`] where the hub is not reachable.
    pub async fn start(broker: &Broker, origin: &Origin) -> Result<Self, StoreError> {
        let feed = broker.client.subscribe(live_of_origin(origin)).await;
        let feed = feed.map_err(StoreError::client)?;
        broker.client.flush().await.map_err(StoreError::client)?;
        let live = Self {
            broker: broker.clone(),
            origin: origin.clone(),
            followed: Followed::default(),
            unfinished: Unfinished::default(),
        };
        let unfinished = live.unfinished.clone();
        tokio::spawn(hand_on(feed, Arc::downgrade(&live.followed), unfinished));
        tokio::spawn(reread(broker.clone(), Arc::downgrade(&live.followed)));
        let unfinished = live.unfinished.clone();
        tokio::spawn(unfinished.reread(broker.clone(), Arc::downgrade(&live.followed)));
        Ok(live)
    }

    /// Follows a job of this gateway's own origin from now on. To miss nothing, call it before the
    /// command is published.
    #[must_use]
    pub fn register(&self, reply: &ReplySubject) -> Waiter {
        self.join(reply).0
    }

    /// Follows any job from now on. To miss nothing, read the stores afterwards.
    ///
    /// # Errors
    /// [`StoreError`] where the hub is not reachable.
    pub async fn follow(&self, reply: &ReplySubject) -> Result<Waiter, StoreError> {
        let (waiter, feed) = self.join(reply);
        if reply.origin != self.origin {
            let subscribe = async || {
                let feed = self.broker.client.subscribe(reply.live()).await;
                let feed = feed.map_err(StoreError::client)?;
                let followed = Arc::downgrade(&self.followed);
                let task = hand_on(feed, followed, Unfinished::default());
                Ok::<_, StoreError>(Feed(tokio::spawn(task)))
            };
            // A read that is sent after the subscription is answered after it, too: the server
            // takes what comes over one connection in order.
            feed.get_or_try_init(subscribe).await?;
        }
        Ok(waiter)
    }

    /// How many jobs somebody follows.
    #[must_use]
    pub fn followed(&self) -> usize {
        lock(&self.followed).len()
    }

    /// The unfinished jobs that this gateway has accepted.
    #[must_use]
    pub const fn unfinished(&self) -> &Unfinished {
        &self.unfinished
    }

    fn join(&self, reply: &ReplySubject) -> (Waiter, Arc<OnceCell<Feed>>) {
        let mut followed = lock(&self.followed);
        let job = followed.entry(reply.clone()).or_insert_with(|| Job {
            progress: watch::Sender::default(),
            waiters: 0,
            feed: Arc::default(),
        });
        job.waiters += 1;
        let waiter = Waiter {
            reply: reply.clone(),
            progress: job.progress.subscribe(),
            followed: Arc::clone(&self.followed),
        };
        (waiter, Arc::clone(&job.feed))
    }
}

impl Waiter {
    /// The result, if it comes within this time.
    pub async fn wait(&mut self, limit: Duration) -> Option<Box<CommandResult>> {
        let told = self.progress.wait_for(|progress| progress.result.is_some());
        let told = match tokio::time::timeout(limit, told).await {
            Ok(Ok(progress)) => progress.result.clone()?,
            Ok(Err(_)) | Err(_) => return None,
        };
        match told {
            Told::Result(result) => Some(Box::new(Arc::unwrap_or_clone(result))),
            // What cannot be read, the store tells.
            Told::Payload(payload) => decode_result(&payload).ok().map(Box::new),
        }
    }

    /// Ready once something new was told of the job, or may have been missed.
    pub async fn changed(&mut self) {
        if self.progress.changed().await.is_err() {
            // Nobody is left to tell; whoever asks reads the store at its own pace.
            std::future::pending::<()>().await;
        }
    }

    /// The sequence of the last reply that was told of; 0 before the first one.
    #[must_use]
    pub fn told(&self) -> u64 {
        self.progress.borrow().sequence
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut followed = lock(&self.followed);
        let Some(job) = followed.get_mut(&self.reply) else {
            return;
        };
        job.waiters -= 1;
        if job.waiters == 0 {
            followed.remove(&self.reply);
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn lock(
    followed: &Mutex<HashMap<ReplySubject, Job>>,
) -> MutexGuard<'_, HashMap<ReplySubject, Job>> {
    followed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands on what comes over a subscription.
async fn hand_on(
    mut feed: Subscriber,
    followed: Weak<Mutex<HashMap<ReplySubject, Job>>>,
    unfinished: Unfinished,
) {
    while let Some(message) = feed.next().await {
        let Some(followed) = followed.upgrade() else {
            return;
        };
        let (reply, kind) = match ReplySubject::parse_live(&message.subject) {
            Ok(parsed) => parsed,
            Err(error) => {
                tracing::warn!(%error, "an odd subject on the live feed");
                continue;
            }
        };
        let sequence = sequence_of(&message);
        if kind == ReplyKind::Result {
            unfinished.ended(reply.job);
        }
        if let Some(job) = lock(&followed).get(&reply) {
            job.progress.send_modify(|progress| {
                progress.sequence = progress.sequence.max(sequence);
                if kind == ReplyKind::Result {
                    progress
                        .result
                        .get_or_insert(Told::Payload(message.payload));
                }
            });
        }
    }
}

/// The sequence that the stream gave to what it repeats.
fn sequence_of(message: &Message) -> u64 {
    let headers = message.headers.as_ref();
    let sequence = headers.and_then(|headers| headers.get(async_nats::header::NATS_SEQUENCE));
    sequence.map_or(0, |sequence| sequence.as_str().parse().unwrap_or(0))
}

async fn reread(broker: Broker, followed: Weak<Mutex<HashMap<ReplySubject, Job>>>) {
    let mut disturbed = broker.disturbed.clone();
    let mut ticks = tokio::time::interval(REREAD);
    loop {
        let wake = tokio::select! {
            _ = ticks.tick() => false,
            changed = disturbed.changed() => if changed.is_err() { return } else { true },
        };
        let Some(followed) = followed.upgrade() else {
            return;
        };
        let replies: Vec<_> = {
            let jobs = lock(&followed);
            if wake {
                // Events may have been missed, too.
                jobs.values()
                    .for_each(|job| job.progress.send_modify(|_| {}));
            }
            let waiting = jobs
                .iter()
                .filter(|(_, job)| job.progress.borrow().result.is_none());
            waiting.map(|(reply, _)| reply.clone()).collect()
        };
        broker
            .each_result(replies, |reply, result| found(&followed, reply, result))
            .await;
    }
}

/// A result that was found in the store.
fn found(
    followed: &Mutex<HashMap<ReplySubject, Job>>,
    reply: &ReplySubject,
    result: CommandResult,
) {
    if let Some(job) = lock(followed).get(reply) {
        job.progress.send_modify(|progress| {
            progress
                .result
                .get_or_insert(Told::Result(Arc::new(result)));
        });
    }
}
