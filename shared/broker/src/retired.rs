//! The replies of removed clusters: kept for their time, then removed; and the replies that are not
//! kept for theirs.

use std::time::Duration;

use async_nats::jetstream::stream::Config;
use chrono::{DateTime, Utc};
use kubently_core::cluster::ClusterId;
use kubently_core::subject::all_replies;
use kubently_core::time::Timestamp;
use serde::Deserialize;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::stream::STREAM_NOT_FOUND;
use crate::topology::{JOB_RETENTION, REPLIES, replies};

/// The key of a stream's metadata that says since when its cluster is removed.
const REMOVED_AT: &str = "kubently_removed_at";

#[derive(Deserialize)]
struct Listed {
    total: usize,
    #[serde(default)]
    streams: Option<Vec<Stream>>,
}

#[derive(Deserialize)]
struct Stream {
    config: Marked,
    state: Kept,
    ts: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Kept {
    messages: u64,
    bytes: i64,
    first_ts: DateTime<Utc>,
}

/// A cluster whose reply stream is full and drops replies that are too young.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropsEarly {
    /// The cluster.
    pub cluster: ClusterId,
    /// How old the oldest reply is that it still has.
    pub kept: Duration,
}

#[derive(Deserialize)]
struct Marked {
    name: String,
    #[serde(default)]
    max_bytes: i64,
    #[serde(default)]
    metadata: std::collections::HashMap<String, String>,
}

impl Broker {
    /// Marks a cluster's replies as those of a removed one.
    pub(crate) async fn retire_replies(
        &self,
        cluster: &ClusterId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut config = replies(cluster);
        config
            .metadata
            .insert(REMOVED_AT.to_owned(), now.to_string());
        self.reshape(config).await
    }

    /// Changes a stream that is there; does nothing where it is gone.
    pub(crate) async fn reshape(&self, config: Config) -> Result<(), StoreError> {
        let config = Config {
            num_replicas: self.replicas.get(),
            ..config
        };
        let update = format!("STREAM.UPDATE.{}", config.name);
        let body = serde_json::to_value(config).map_err(|source| StoreError::Corrupt {
            what: "stream",
            source,
        })?;
        match self.command(&update, &body).await {
            Err(StoreError::Refused {
                code: STREAM_NOT_FOUND,
                ..
            }) => Ok(()),
            other => other,
        }
    }

    /// Removes the replies of clusters that were removed as long ago as results are kept.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn remove_retired(&self) -> Result<(), StoreError> {
        let over = self.reply_streams(Stream::is_over).await?;
        for stream in over {
            let name = stream.config.name;
            match self
                .ask::<serde_json::Value>(&format!("STREAM.DELETE.{name}"))
                .await
            {
                Ok(_) => tracing::info!(stream = name, "a removed cluster's replies are removed"),
                Err(StoreError::Refused {
                    code: STREAM_NOT_FOUND,
                    ..
                }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The clusters whose replies are gone sooner than `least` after they were stored.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn dropping_early(&self, least: Duration) -> Result<Vec<DropsEarly>, StoreError> {
        let full = self.reply_streams(|stream| stream.drops_before(least));
        let early = full.await?.into_iter().filter_map(|stream| {
            let cluster = stream.config.name.strip_prefix(REPLIES)?.parse().ok()?;
            let kept = stream.kept()?;
            Some(DropsEarly { cluster, kept })
        });
        Ok(early.collect())
    }

    /// The reply streams that are wanted.
    async fn reply_streams(
        &self,
        is_wanted: impl Fn(&Stream) -> bool,
    ) -> Result<Vec<Stream>, StoreError> {
        let mut offset = 0;
        let mut wanted = Vec::new();
        loop {
            let ask = serde_json::json!({"subject": all_replies(), "offset": offset});
            let page: Listed = self.ask_with("STREAM.LIST", &ask).await?;
            let streams = page.streams.unwrap_or_default();
            offset += streams.len();
            let is_last = streams.is_empty() || offset >= page.total;
            wanted.extend(streams.into_iter().filter(|stream| is_wanted(stream)));
            if is_last {
                return Ok(wanted);
            }
        }
    }
}

impl Stream {
    /// How old its oldest reply is; none where it has none.
    fn kept(&self) -> Option<Duration> {
        let age = self.ts.signed_duration_since(self.state.first_ts);
        age.to_std().ok().filter(|_| self.state.messages > 0)
    }

    /// A stream that is not full drops by age alone, and is young where little was said.
    fn drops_before(&self, least: Duration) -> bool {
        let is_full =
            self.config.max_bytes > 0 && self.state.bytes >= self.config.max_bytes / 10 * 9;
        is_full && self.kept().is_some_and(|kept| kept < least)
    }

    fn is_over(&self) -> bool {
        let removed = self.config.metadata.get(REMOVED_AT);
        let removed = removed.and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        removed.is_some_and(|removed| {
            let age = self.ts.signed_duration_since(removed);
            age.to_std().is_ok_and(|age| age > JOB_RETENTION)
        })
    }
}
