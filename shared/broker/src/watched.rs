//! One watch on a bucket, and whether it keeps up.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream::kv::{Entry, Operation};
use futures::StreamExt as _;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::hub_clock::HubClock;
use crate::topology::bucket_stream;

/// How often the watch is compared with its bucket.
const COMPARE: Duration = Duration::from_secs(2);
/// How far it may lag.
const LAG: Duration = Duration::from_secs(5);
/// Pause before a broken watch is opened anew.
const REOPEN: Duration = Duration::from_millis(500);
/// How long the initial values may take, where nothing works without them.
const NEEDED: Duration = Duration::from_secs(30);
/// How long they are waited for, where it works.
const WELCOME: Duration = Duration::from_secs(10);

/// How a watch stands.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    revision: AtomicU64,
    behind: AtomicBool,
}

impl Standing {
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Relaxed)
    }
}

/// A watch that has just been opened.
pub(crate) struct Opened {
    standing: Arc<Standing>,
    /// Whether the initial values are in.
    is_ready: tokio::sync::watch::Receiver<bool>,
}

impl Opened {
    /// Waits for the initial values.
    ///
    /// # Errors
    /// [`StoreError::NoAnswer`] when they are not in after 30 s.
    pub(crate) async fn complete(mut self) -> Result<Arc<Standing>, StoreError> {
        let is_complete = self.within(NEEDED).await;
        is_complete
            .then_some(self.standing)
            .ok_or(StoreError::NoAnswer)
    }

    /// Waits for the initial values; a watch that does not get them in 10 s is behind until it has them.
    pub(crate) async fn or_behind(mut self) -> Arc<Standing> {
        if !self.within(WELCOME).await {
            self.standing.behind.store(true, Ordering::Relaxed);
        }
        self.standing
    }

    async fn within(&mut self, limit: Duration) -> bool {
        let ready = self.is_ready.wait_for(|ready| *ready);
        matches!(tokio::time::timeout(limit, ready).await, Ok(Ok(_)))
    }
}

/// Watches a bucket for as long as the process lives: every key's value (`None`: deleted) is
/// given to `apply`.
pub(crate) async fn watch(
    broker: &Broker,
    bucket: &'static str,
    clock: HubClock,
    apply: impl Fn(&str, Option<&Entry>) + Send + Sync + 'static,
) -> Result<Opened, StoreError> {
    let standing = Arc::new(Standing::default());
    let stream = bucket_stream(bucket);
    let state = broker.insist(|| broker.stream_state(&stream)).await?.state;
    let seen = state.last_seq;
    // An empty bucket sends no initial value; it may have held some, which age has taken.
    let is_empty = state.messages == 0;
    if is_empty {
        standing.revision.fetch_max(seen, Ordering::Relaxed);
    }
    let (ready, is_ready) = tokio::sync::watch::channel(is_empty);
    let (of_watch, own) = (broker.clone(), Arc::clone(&standing));
    tokio::spawn(async move {
        loop {
            if let Err(error) = follow(&of_watch, bucket, &own, seen, &ready, &apply).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(bucket, error, "the watch broke and is opened anew");
            }
            tokio::time::sleep(REOPEN).await;
        }
    });
    let (of_compare, own) = (broker.clone(), Arc::clone(&standing));
    tokio::spawn(async move { compare(&of_compare, bucket, &own, &clock).await });
    Ok(Opened { standing, is_ready })
}

async fn follow(
    broker: &Broker,
    bucket: &str,
    standing: &Standing,
    seen: u64,
    ready: &tokio::sync::watch::Sender<bool>,
    apply: &(impl Fn(&str, Option<&Entry>) + Send + Sync),
) -> Result<(), StoreError> {
    let store = broker
        .js
        .get_key_value(bucket)
        .await
        .map_err(StoreError::client)?;
    let mut entries = store
        .watch_with_history(">")
        .await
        .map_err(StoreError::client)?;
    while let Some(entry) = entries.next().await {
        let entry = entry.map_err(StoreError::client)?;
        let live = entry.operation == Operation::Put;
        apply(&entry.key, live.then_some(&entry));
        standing
            .revision
            .fetch_max(entry.revision, Ordering::Relaxed);
        // Entries come in the order of their revisions. A bucket that is written to without a pause
        // never has nothing left to send.
        if entry.seen_current || entry.delta == 0 || entry.revision >= seen {
            // What was written before the watch opened counts as seen: its last sequence may
            // belong to a value that a later one replaced or that age has taken.
            standing.revision.fetch_max(seen, Ordering::Relaxed);
            ready.send_replace(true);
        }
    }
    Ok(())
}

async fn compare(broker: &Broker, bucket: &str, standing: &Standing, clock: &HubClock) {
    let stream = bucket_stream(bucket);
    let mut lasts: VecDeque<(Instant, u64)> = VecDeque::new();
    let mut answered = Instant::now();
    let mut ticks = tokio::time::interval(COMPARE);
    loop {
        ticks.tick().await;
        if let Ok(answer) = broker.attempt(pin!(broker.stream_state(&stream))).await {
            clock.set(answer.ts);
            answered = Instant::now();
            let last = answer.state.last_seq;
            if standing.revision.load(Ordering::Relaxed) >= last {
                standing.behind.store(false, Ordering::Relaxed);
                lasts.clear();
                continue;
            }
            lasts.push_back((answered, last));
        }
        let mut due = None;
        while lasts.front().is_some_and(|(at, _)| at.elapsed() >= LAG) {
            due = lasts.pop_front();
        }
        let seen = standing.revision.load(Ordering::Relaxed);
        let lags = due.is_some_and(|(_, last)| seen < last);
        if due.is_some() || answered.elapsed() > LAG + COMPARE {
            standing.behind.store(
                lags || answered.elapsed() > LAG + COMPARE,
                Ordering::Relaxed,
            );
        }
    }
}
