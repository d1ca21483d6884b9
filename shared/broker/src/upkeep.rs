//! What a registered cluster must have on the hub: an operator's slip that took or changed it is said
//! aloud and mended.
//!
//! Every gateway looks, and several do no harm. Only what the flows rest on is compared: sizes and
//! replicas are an operator's own.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_nats::jetstream::consumer;
use async_nats::jetstream::stream::Config;
use kubently_core::cluster::ClusterId;
use kubently_core::lane::Lane;
use kubently_core::subject::{all_commands, all_replies};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::backoff::jittered;
use crate::connect::Broker;
use crate::directory::Directory;
use crate::error::StoreError;
use crate::topology::{TopologyError, command_stream, commands, lane, replies};

/// How often everything is looked at, less some jitter.
const EVERY: Duration = Duration::from_secs(20);
/// Clusters whose consumers are asked for each time beside those that lack one, in turn.
const CONSUMERS_OF: usize = 8;
/// "consumer not found"
const CONSUMER_NOT_FOUND: u64 = 10014;

/// A page of the list of streams.
#[derive(Deserialize)]
struct Listed {
    total: usize,
    #[serde(default)]
    streams: Option<Vec<Found>>,
}

/// A stream as it is.
#[derive(Deserialize)]
struct Found {
    config: Config,
    state: Consumers,
}

#[derive(Deserialize)]
struct Consumers {
    consumer_count: usize,
}

#[derive(Deserialize)]
struct FoundConsumer {
    config: consumer::Config,
}

impl Broker {
    /// Keeps every registered cluster's streams and consumers as they must be, until it is stopped.
    pub async fn keep_up(&self, directory: Directory, stop: CancellationToken) {
        let kept = async {
            let mut turn = 0;
            loop {
                tokio::time::sleep(jittered(EVERY)).await;
                if let Err(error) = self.look_after(&directory, &mut turn).await {
                    tracing::warn!(%error, "the clusters' streams were not looked at");
                }
            }
        };
        tokio::select! {
            () = kept => {}
            () = stop.cancelled() => {}
        }
    }

    async fn look_after(&self, directory: &Directory, turn: &mut usize) -> Result<(), StoreError> {
        // Known before and after the streams are listed: what was added meanwhile may not be in the
        // list, and what was removed is not to be made anew.
        let known = directory.clusters().into_iter().map(|(cluster, _)| cluster);
        let known: HashSet<_> = known.collect();
        let mut found = HashMap::new();
        for subject in [all_commands(), all_replies()] {
            self.list(&subject, &mut found).await?;
        }
        let mut clusters = directory.clusters();
        clusters.retain(|(cluster, _)| known.contains(cluster));
        let count = clusters.len().max(1);
        for (place, (cluster, _)) in clusters.iter().enumerate() {
            // Boxed: it seldom makes anything, and a stream's configuration is large.
            let mended = Box::pin(self.mend_streams(cluster, &found)).await;
            let lacks = match mended {
                Ok(is_new) => {
                    let queue = found.get(&command_stream(cluster));
                    let consumers = queue.map_or(0, |queue| queue.state.consumer_count);
                    is_new || consumers < Lane::ALL.len()
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(%cluster, error, "a cluster's streams cannot be mended");
                    continue;
                }
            };
            // Its turn comes every time where there are few.
            let is_due = (place + count - *turn % count) % count < CONSUMERS_OF;
            if (lacks || is_due)
                && let Err(error) = self.mend_consumers(cluster).await
            {
                tracing::error!(%cluster, %error, "a cluster's consumers cannot be mended");
            }
        }
        *turn = (*turn + CONSUMERS_OF) % count;
        Ok(())
    }

    async fn list(
        &self,
        subject: &str,
        found: &mut HashMap<String, Found>,
    ) -> Result<(), StoreError> {
        let mut offset = 0;
        loop {
            let ask = serde_json::json!({"subject": subject, "offset": offset});
            let page: Listed = self.ask_with("STREAM.LIST", &ask).await?;
            let streams = page.streams.unwrap_or_default();
            let count = streams.len();
            for stream in streams {
                found.insert(stream.config.name.clone(), stream);
            }
            offset += count;
            if count == 0 || offset >= page.total {
                return Ok(());
            }
        }
    }

    /// Answers whether the queue was made anew.
    async fn mend_streams(
        &self,
        cluster: &ClusterId,
        found: &HashMap<String, Found>,
    ) -> Result<bool, TopologyError> {
        let mut is_new = false;
        for wanted in [commands(cluster), replies(cluster)] {
            let name = wanted.name.clone();
            match found.get(&name) {
                None => {
                    tracing::error!(stream = %name, "a stream is gone, and what it held; it is made anew");
                    is_new |= name == command_stream(cluster);
                    self.make(wanted).await?;
                }
                Some(stream) => {
                    if let Some(field) = drift(&stream.config, &wanted) {
                        tracing::error!(stream = %name, field, "a stream was changed; it is set right");
                        self.make(mended(&stream.config, wanted)).await?;
                    }
                }
            }
        }
        Ok(is_new)
    }

    async fn mend_consumers(&self, cluster: &ClusterId) -> Result<(), StoreError> {
        let stream = command_stream(cluster);
        for kind in Lane::ALL {
            let wanted = lane(cluster, kind);
            let info = format!("CONSUMER.INFO.{stream}.{kind}");
            match self.ask::<FoundConsumer>(&info).await {
                Ok(found) if !has_drifted(&found.config, &wanted) => continue,
                Ok(_) => {
                    tracing::error!(%stream, consumer = %kind, "a consumer was changed; it is set right");
                }
                Err(StoreError::Refused {
                    code: CONSUMER_NOT_FOUND,
                    ..
                }) => {
                    tracing::error!(%stream, consumer = %kind, "a consumer is gone; it is made anew");
                }
                Err(error) => return Err(error),
            }
            self.make_lane(cluster, kind).await?;
        }
        Ok(())
    }
}

/// The first field that the flows rest on and that is another than it must be.
fn drift(found: &Config, wanted: &Config) -> Option<&'static str> {
    let fields = [
        ("subjects", found.subjects == wanted.subjects),
        ("retention", found.retention == wanted.retention),
        ("discard", found.discard == wanted.discard),
        (
            "max_msgs_per_subject",
            found.max_messages_per_subject == wanted.max_messages_per_subject,
        ),
        (
            "discard_new_per_subject",
            found.discard_new_per_subject == wanted.discard_new_per_subject,
        ),
        (
            "max_age",
            found.max_age.is_zero() || found.max_age >= wanted.max_age,
        ),
        ("allow_direct", found.allow_direct == wanted.allow_direct),
        (
            "allow_rollup_hdrs",
            found.allow_rollup == wanted.allow_rollup,
        ),
        (
            "allow_msg_ttl",
            found.allow_message_ttl == wanted.allow_message_ttl,
        ),
        ("republish", found.republish == wanted.republish),
        ("sealed", !found.sealed),
    ];
    let mut fields = fields.into_iter();
    fields.find_map(|(name, holds)| (!holds).then_some(name))
}

/// What must be so, with the sizes that somebody chose.
fn mended(found: &Config, wanted: Config) -> Config {
    Config {
        max_bytes: found.max_bytes,
        max_messages: found.max_messages,
        placement: found.placement.clone(),
        ..wanted
    }
}

fn has_drifted(found: &consumer::Config, wanted: &consumer::pull::Config) -> bool {
    found.filter_subject != wanted.filter_subject
        || found.ack_policy != wanted.ack_policy
        || found.ack_wait != wanted.ack_wait
        || found.max_deliver != wanted.max_deliver
        || found.max_ack_pending < wanted.max_ack_pending
        || found.max_waiting < wanted.max_waiting
        || !found.backoff.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_an_operators_own_and_the_rest_is_not() {
        let cluster: ClusterId = "prod-eu".parse().unwrap();
        let wanted = commands(&cluster);
        assert_eq!(drift(&wanted, &wanted), None);
        let roomier = Config {
            max_bytes: 1 << 30,
            max_messages: 50_000,
            num_replicas: 3,
            max_age: wanted.max_age * 2,
            ..wanted.clone()
        };
        assert_eq!(drift(&roomier, &wanted), None);
        let again = mended(&roomier, wanted.clone());
        assert_eq!((again.max_bytes, again.max_messages), (1 << 30, 50_000));
        let shorter = Config {
            max_age: Duration::from_secs(60),
            ..wanted.clone()
        };
        assert_eq!(drift(&shorter, &wanted), Some("max_age"));
        let silent = Config {
            republish: None,
            ..replies(&cluster)
        };
        assert_eq!(drift(&silent, &replies(&cluster)), Some("republish"));
    }
}
