//! The replies of removed clusters: kept for their time, then removed.

use async_nats::jetstream::stream::Config;
use chrono::{DateTime, Utc};
use kubently_core::cluster::ClusterId;
use kubently_core::subject::all_replies;
use kubently_core::time::Timestamp;
use serde::Deserialize;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::stream::STREAM_NOT_FOUND;
use crate::topology::{JOB_RETENTION, replies};

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
    ts: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Marked {
    name: String,
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
        let mut config = Config {
            num_replicas: self.replicas.get(),
            ..replies(cluster)
        };
        config
            .metadata
            .insert(REMOVED_AT.to_owned(), now.to_string());
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
        let mut offset = 0;
        let mut over = Vec::new();
        loop {
            let ask = serde_json::json!({"subject": all_replies(), "offset": offset});
            let page: Listed = self.ask_with("STREAM.LIST", &ask).await?;
            let streams = page.streams.unwrap_or_default();
            offset += streams.len();
            let is_last = streams.is_empty() || offset >= page.total;
            over.extend(streams.into_iter().filter(Stream::is_over));
            if is_last {
                break;
            }
        }
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
}

impl Stream {
    fn is_over(&self) -> bool {
        let removed = self.config.metadata.get(REMOVED_AT);
        let removed = removed.and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        removed.is_some_and(|removed| {
            let age = self.ts.signed_duration_since(removed);
            age.to_std().is_ok_and(|age| age > JOB_RETENTION)
        })
    }
}
