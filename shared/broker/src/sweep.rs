//! What no worker took ends as a timeout, publishers' commands included.
//!
//! Every gateway sweeps. Each command is read once, when it is older than any that may have ended
//! by then; its deadline is kept, and what is past it gets its result by compare-and-set. Several
//! sweepers do no harm: the first result stands.

use std::collections::HashSet;
use std::time::Duration;

use async_nats::jetstream::message::StreamMessage;
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;
use kubently_core::bounded::{QueueTimeoutSeconds, TimeoutSeconds};
use kubently_core::cluster::ClusterId;
use kubently_core::envelope::Envelope;
use kubently_core::job::{GRACE_SECONDS, deadline};
use kubently_core::result::CommandResult;
use kubently_core::status::{FinalStatus, Reason};
use kubently_core::subject::{CommandSubject, all_commands, commands_of};
use kubently_core::time::Timestamp;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::deadlines::Deadlines;
use crate::connect::Broker;
use crate::directory::Directory;
use crate::error::StoreError;
use crate::metrics::{Depths, Queues, Swept};
use crate::retired::DropsEarly;
use crate::stream::StreamState;
use crate::topology::{COMMANDS, command_stream};

mod deadlines;

/// How often the queues are looked at, less some jitter.
const EVERY: Duration = Duration::from_secs(10);
/// Commands that are younger are not read: the shortest deadline is 12 s.
const YOUNGEST: TimeDelta = TimeDelta::seconds(11);
/// One pass in so many, about an hour's, also looks for replies that are over.
const RETIRED_EVERY: u64 = 360;
/// One pass in so many, about a minute's, also looks whether replies are kept for long enough.
const KEPT_EVERY: u64 = 6;
/// The most deadlines that are kept, the nearest ones.
pub const MOST: usize = 100_000;
/// Commands that are read at a time, and the most bytes of them.
const BATCH: (usize, usize) = (256, 1024 * 1024);
/// Queues with commands in them whose lanes are looked at in a pass: the others' are not known.
const MOST_LOOKED_AT: usize = 1_000;
/// Queues that are read, or jobs that are ended, at a time.
const PARALLEL: usize = 8;
/// The pause before what failed is tried again, in seconds.
const AGAIN: u32 = 10;

/// What one gateway knows of the queues.
struct Sweep {
    broker: Broker,
    directory: Directory,
    deadlines: Deadlines,
    passes: u64,
    /// Where each pass tells how the queues stand.
    seen: Queues,
}

/// A page of the list of streams.
#[derive(Deserialize)]
struct Listed {
    total: usize,
    #[serde(default)]
    streams: Option<Vec<Queue>>,
}

#[derive(Deserialize)]
struct Queue {
    config: Named,
    state: StreamState,
    ts: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Broker {
    /// Sweeps every queue of the hub until it is stopped, tells how each one stands, and warns where
    /// outputs are gone sooner than `result_ttl`.
    pub async fn sweep(
        &self,
        directory: Directory,
        seen: Queues,
        result_ttl: Duration,
        stop: CancellationToken,
    ) {
        let mut sweep = Sweep {
            broker: self.clone(),
            directory,
            deadlines: Deadlines::new(MOST),
            passes: 0,
            seen,
        };
        let swept = async {
            loop {
                tokio::time::sleep(jittered(EVERY)).await;
                let passed = sweep.pass().await;
                let outcome = if passed.is_ok() { "ok" } else { "error" };
                let sweeps = &sweep.broker.counts.sweeps;
                sweeps.get_or_create(&Swept { outcome }).inc();
                let kept = i64::try_from(sweep.deadlines.len()).unwrap_or(i64::MAX);
                sweep.broker.counts.deadlines.set(kept);
                if let Err(error) = passed {
                    tracing::warn!(%error, "the queues were not swept");
                }
                sweep.passes += 1;
                if sweep.passes.is_multiple_of(KEPT_EVERY) {
                    sweep.broker.warn_of_early_drops(result_ttl).await;
                }
                if sweep.passes.is_multiple_of(RETIRED_EVERY)
                    && let Err(error) = sweep.broker.remove_retired().await
                {
                    tracing::warn!(%error, "replies of removed clusters were not looked for");
                }
            }
        };
        tokio::select! {
            () = swept => {}
            () = stop.cancelled() => {}
        }
    }
}

impl Broker {
    async fn warn_of_early_drops(&self, result_ttl: Duration) {
        let early = match self.dropping_early(result_ttl).await {
            Ok(early) => early,
            Err(error) => {
                tracing::warn!(%error, "whether outputs are kept for long enough is not known");
                return;
            }
        };
        for DropsEarly { cluster, kept } in early {
            let (kept, wanted) = (kept.as_secs(), result_ttl.as_secs());
            tracing::warn!(
                %cluster, kept_seconds = kept, result_ttl = wanted,
                "the cluster's reply stream is full: outputs are gone sooner than result_ttl"
            );
        }
    }
}

/// Between three quarters of this length and the whole, so that gateways do not act in step.
fn jittered(length: Duration) -> Duration {
    let [low, ..] = Uuid::new_v4().as_u128().to_le_bytes();
    length * 3 / 4 + length / 4 * u32::from(low) / 255
}

impl Sweep {
    async fn pass(&mut self) -> Result<(), StoreError> {
        let queues = self.queues().await?;
        self.look(&queues).await;
        let there: HashSet<_> = queues.iter().map(|(cluster, _)| cluster.clone()).collect();
        self.deadlines.begin(|cluster| there.contains(cluster));
        let broker = self.broker.clone();
        let wanted = queues.into_iter().filter_map(|(cluster, queue)| {
            let age = queue.ts.signed_duration_since(queue.state.first_ts);
            let read = self.deadlines.read(&cluster);
            // A queue that was made anew counts from 1 again.
            let read = if read > queue.state.last_seq { 0 } else { read };
            let is_new = queue.state.last_seq > read;
            let wanted = queue.state.messages > 0 && age > YOUNGEST && is_new;
            wanted.then(|| (cluster, read, queue.ts - YOUNGEST))
        });
        let wanted: Vec<_> = wanted.collect();
        let mut reads = futures::stream::iter(wanted)
            .map(|(cluster, read, before)| read_queue(&broker, cluster, read, before))
            .buffer_unordered(PARALLEL);
        while let Some(read) = reads.next().await {
            match read {
                // At once: what many queues hold together has no bound but this one.
                Ok((cluster, commands)) => self.deadlines.keep(&cluster, commands),
                Err(error) => tracing::warn!(%error, "a queue was not read"),
            }
        }
        drop(reads);
        self.expire().await;
        Ok(())
    }

    /// Tells how the queues stand. Few hold anything at a time, and only those are asked for more.
    async fn look(&self, queues: &[(ClusterId, Queue)]) {
        let mut seen = Vec::with_capacity(queues.len());
        let mut held = Vec::new();
        for (cluster, queue) in queues {
            if queue.state.messages == 0 {
                seen.push((cluster.clone(), Depths::default()));
            } else if held.len() < MOST_LOOKED_AT {
                held.push(cluster.clone());
            }
        }
        let broker = self.broker.clone();
        let mut looks = futures::stream::iter(held)
            .map(|cluster| {
                let broker = broker.clone();
                async move { (broker.depths(&cluster).await, cluster) }
            })
            .buffer_unordered(PARALLEL);
        while let Some((depths, cluster)) = looks.next().await {
            seen.extend(depths.ok().map(|depths| (cluster, depths)));
        }
        seen.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.seen.set(seen);
    }

    async fn queues(&self) -> Result<Vec<(ClusterId, Queue)>, StoreError> {
        let mut queues = Vec::new();
        let mut offset = 0;
        loop {
            let ask = serde_json::json!({"subject": all_commands(), "offset": offset});
            let page: Listed = self.broker.ask_with("STREAM.LIST", &ask).await?;
            let streams = page.streams.unwrap_or_default();
            let count = streams.len();
            queues.extend(streams.into_iter().filter_map(|queue| {
                let cluster = queue.config.name.strip_prefix(COMMANDS)?.parse().ok()?;
                Some((cluster, queue))
            }));
            offset += count;
            if count == 0 || offset >= page.total {
                return Ok(queues);
            }
        }
    }

    async fn expire(&mut self) {
        let now = self.directory.now();
        let past = self.deadlines.past(now);
        let broker = &self.broker;
        let mut outcomes = futures::stream::iter(past)
            .map(|(cluster, sequence)| async move {
                let ended = end(broker, &cluster, sequence, now).await;
                (cluster, sequence, ended)
            })
            .buffer_unordered(PARALLEL);
        let (mut ended, mut dropped, mut again) = (0_u64, 0_u64, Vec::new());
        while let Some((cluster, sequence, outcome)) = outcomes.next().await {
            match outcome {
                Ok(Ended::Gone) => {}
                Ok(Ended::Answered) => ended += 1,
                Ok(Ended::Unanswerable) => dropped += 1,
                Err(error) => {
                    tracing::warn!(%cluster, %error, "a command past its deadline is not ended");
                    again.push((cluster, sequence));
                }
            }
        }
        drop(outcomes);
        self.deadlines.again(now.plus_seconds(AGAIN), again);
        broker.counts.dropped.inc_by(dropped);
        if ended > 0 || dropped > 0 {
            tracing::info!(ended, dropped, "commands past their deadlines were ended");
        }
    }
}

/// What was found of a command past its deadline.
enum Ended {
    /// It was taken meanwhile.
    Gone,
    /// It has its result and has left the queue.
    Answered,
    /// Its subject is none of ours, so there is nobody to answer: it has left the queue.
    Unanswerable,
}

/// The deadlines of a queue's commands after a sequence that were stored before this time.
async fn read_queue(
    broker: &Broker,
    cluster: ClusterId,
    read: u64,
    before: DateTime<Utc>,
) -> Result<(ClusterId, Vec<(u64, Timestamp)>), StoreError> {
    let (stream, filter) = (command_stream(&cluster), commands_of(&cluster));
    let mut commands = Vec::new();
    let mut from = read + 1;
    loop {
        let (count, bytes) = BATCH;
        let batch = broker.batch(&stream, &filter, from, count, bytes).await?;
        for message in &batch.messages {
            if message.time > before || commands.len() >= MOST {
                return Ok((cluster, commands));
            }
            commands.push((message.sequence, deadline_of(message)));
            from = message.sequence + 1;
        }
        if !batch.more || batch.messages.is_empty() {
            return Ok((cluster, commands));
        }
    }
}

/// What cannot be read has the deadline of the most patient command.
fn deadline_of(message: &StreamMessage) -> Timestamp {
    let stored_at = Timestamp::new(message.time);
    let subject = message.subject.parse::<CommandSubject>().ok();
    let envelope = subject.and_then(|subject| Envelope::decode(&message.payload, &subject).ok());
    match envelope {
        Some(envelope) => deadline(&envelope, stored_at),
        None => {
            stored_at.plus_seconds(QueueTimeoutSeconds::MAX + TimeoutSeconds::MAX + GRACE_SECONDS)
        }
    }
}

async fn end(
    broker: &Broker,
    cluster: &ClusterId,
    sequence: u64,
    now: Timestamp,
) -> Result<Ended, StoreError> {
    let stream = command_stream(cluster);
    let Some(message) = broker.at_leader(&stream, sequence).await? else {
        return Ok(Ended::Gone);
    };
    let Ok(subject) = message.subject.parse::<CommandSubject>() else {
        broker.delete(&stream, sequence).await?;
        return Ok(Ended::Unanswerable);
    };
    let started = broker.started(&subject.reply()).await?.is_some();
    let reason = if started {
        Reason::Timeout
    } else {
        Reason::QueueTimeout
    };
    let result = CommandResult::never_ran(subject.job, FinalStatus::Failed, reason, now);
    broker.end_job(&subject, result).await?;
    // Also where a worker has answered it and its ack was lost.
    broker.delete(&stream, sequence).await?;
    Ok(Ended::Answered)
}
