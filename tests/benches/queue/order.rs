//! In what order commands were queued, and in what order their results were stored.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use async_nats::jetstream::{self, stream::Stream};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_core::id::JobId;
use kubently_core::subject::CommandSubject;
use kubently_tests::figures::print;
use kubently_tests::nats::Nats;
use serde_json::Value;

/// Messages that are read at a time.
const READS: usize = 64;

/// Jobs by their lanes, and their results.
pub(crate) struct Order {
    /// The jobs of each lane as they were queued.
    lanes: BTreeMap<String, Vec<JobId>>,
    /// The place of each job's success among all results.
    done: HashMap<JobId, usize>,
    /// From the first result to the last.
    span: TimeDelta,
}

/// What a stream holds, in its order.
struct Stored {
    subject: String,
    body: Value,
    at: DateTime<Utc>,
}

/// A fifth is urgent, and a fifth has no haste.
pub(crate) fn priority(number: usize) -> u32 {
    match number % 5 {
        0 => 80,
        4 => 0,
        _ => 1,
    }
}

/// The stream of a cluster's commands.
pub(crate) async fn queue(hub: &Nats, cluster: &str) -> Result<Stream> {
    stream(hub, &queue_of(cluster)).await
}

impl Order {
    /// Reads the queue.
    pub(crate) async fn queued(hub: &Nats, cluster: &str) -> Result<Self> {
        let mut lanes: BTreeMap<String, Vec<JobId>> = BTreeMap::new();
        for stored in all(hub, &queue_of(cluster)).await? {
            let subject: CommandSubject = stored.subject.parse()?;
            let lane = lanes.entry(subject.lane.to_string()).or_default();
            lane.push(subject.job);
        }
        Ok(Self {
            lanes,
            done: HashMap::new(),
            span: TimeDelta::zero(),
        })
    }

    /// Reads the results.
    pub(crate) async fn answered(&mut self, hub: &Nats, cluster: &str) -> Result<()> {
        let mut results = all(hub, &format!("KUBENTLY_REPLY_{cluster}")).await?;
        results.retain(|stored| stored.subject.ends_with(".result"));
        if let [first, .., last] = results.as_slice() {
            self.span = last.at.signed_duration_since(first.at);
        }
        for (place, stored) in results.into_iter().enumerate() {
            let id = stored.body.get("id").cloned().unwrap_or_default();
            if stored.body.get("success") == Some(&Value::Bool(true)) {
                self.done.insert(serde_json::from_value(id)?, place);
            }
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.lanes.values().map(Vec::len).sum()
    }

    /// Results a second.
    pub(crate) fn rate(&self) -> f64 {
        count(self.done.len()) / self.span.as_seconds_f64().max(f64::EPSILON)
    }

    /// How many have no result that is a success.
    pub(crate) fn lost(&self) -> f64 {
        let jobs = self.lanes.values().flatten();
        count(jobs.filter(|job| !self.done.contains_key(job)).count())
    }

    /// By how many places a job's result stands apart from the job's own place in its lane, at most.
    pub(crate) fn passed(&self) -> f64 {
        let mut most = 0;
        for (lane, jobs) in &self.lanes {
            let places = jobs.iter().filter_map(|job| self.done.get(job));
            let mut by_result: Vec<_> = places.enumerate().collect();
            by_result.sort_by_key(|(_, place)| **place);
            let apart = by_result.iter().enumerate();
            let apart = apart.map(|(now, (before, _))| now.abs_diff(*before)).max();
            let ends = by_result.iter().map(|(_, place)| *place);
            let middle = ends.clone().sum::<usize>() / by_result.len().max(1);
            print(format_args!(
                "lane {lane:<6}  {:>5} jobs, mean place {middle:>5}, at most {} places passed",
                jobs.len(),
                apart.unwrap_or_default()
            ));
            most = most.max(apart.unwrap_or_default());
        }
        count(most)
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most ten thousand")]
fn count(number: usize) -> f64 {
    number as f64
}

fn queue_of(cluster: &str) -> String {
    format!("KUBENTLY_CMD_{cluster}")
}

async fn stream(hub: &Nats, name: &str) -> Result<Stream> {
    let js = jetstream::new(hub.connect().await?);
    Ok(js.get_stream(name).await?)
}

async fn all(hub: &Nats, name: &str) -> Result<Vec<Stored>> {
    let mut stream = stream(hub, name).await?;
    let state = &stream.info().await?.state;
    let sequences = state.first_sequence..=state.last_sequence;
    let stream = &stream;
    futures::stream::iter(sequences)
        .map(|sequence| async move {
            let message = stream.direct_get(sequence).await?;
            Ok(Stored {
                subject: message.subject.to_string(),
                body: serde_json::from_slice(&message.payload)?,
                at: message.time,
            })
        })
        .buffered(READS)
        .try_collect()
        .await
}
