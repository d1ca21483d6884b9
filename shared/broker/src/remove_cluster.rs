//! Removing a cluster: its jobs are ended, its queue goes, its results stay for their time.

use std::pin::pin;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::stream::Config;
use kubently_core::cluster::ClusterId;
use kubently_core::result::CommandResult;
use kubently_core::status::{FinalStatus, Reason};
use kubently_core::subject::{CommandSubject, commands_of};
use kubently_core::time::Timestamp;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::stream::STREAM_NOT_FOUND;
use crate::topology::{CLUSTERS, command_stream, commands};

/// How long every gateway may take to see that a cluster takes nothing more.
const NOTICE: Duration = Duration::from_secs(5);
/// Commands that are read at a time, and the most bytes of them.
const BATCH: (usize, usize) = (256, 1024 * 1024);

/// Why a cluster is not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// It is not registered.
    #[error("cluster {0} is not registered")]
    Unknown(ClusterId),
    /// Commands wait or run there.
    #[error(
        "{0} commands of the cluster wait or run: let them end, or use --force, which ends each as cluster_removed"
    )]
    InUse(u64),
    /// The hub did not do as it was asked; it may be asked again.
    #[error("the cluster is not removed yet: try again")]
    Store(#[from] StoreError),
}

impl Broker {
    /// Removes a cluster: nobody submits to it any more, what waits or runs there ends as
    /// `cluster_removed`, its queue goes, and publishers lose their right to it. Its results stay readable for their time; adding the
    /// name again goes on with them. Answers how many commands were ended. What breaks off is
    /// finished by calling it again.
    ///
    /// # Errors
    /// [`RemoveError`]
    pub async fn remove_cluster(
        &self,
        cluster: &ClusterId,
        force: bool,
        now: Timestamp,
    ) -> Result<u64, RemoveError> {
        let known = self.cluster_record(cluster).await?;
        let mut record = known.ok_or_else(|| RemoveError::Unknown(cluster.clone()))?;
        let depth = match self.queue_depth(cluster).await {
            Err(StoreError::Refused {
                code: STREAM_NOT_FOUND,
                ..
            }) => 0,
            other => other?,
        };
        if depth > 0 && !force {
            return Err(RemoveError::InUse(depth));
        }
        if record.removed_at.is_none() {
            record.removed_at = Some(now);
            let value = serde_json::to_vec(&record).map_err(|source| StoreError::Corrupt {
                what: "cluster",
                source,
            })?;
            self.put(CLUSTERS, cluster.as_str(), value).await?;
        }
        // Before the wait: whatever the queue has taken by now is seen after it, on every replica.
        self.close_queue(cluster).await?;
        tokio::time::sleep(NOTICE).await;
        let ended = self.end_all(cluster, now).await?;
        self.retire_replies(cluster, now).await?;
        self.withdraw_from_publishers(cluster).await?;
        self.forget(cluster).await?;
        Ok(ended)
    }

    /// Lets the queue take nothing more, whoever publishes: a publisher knows nothing of the
    /// registry, and what it was promised would go with the queue. Adding the cluster opens it
    /// again.
    async fn close_queue(&self, cluster: &ClusterId) -> Result<(), StoreError> {
        // Smaller than any message; what is stored stays, for a full queue refuses what is new.
        let closed = Config {
            max_bytes: 1,
            ..commands(cluster)
        };
        self.reshape(closed).await
    }

    /// Ends whatever waits or runs, and then removes the queue.
    async fn end_all(&self, cluster: &ClusterId, now: Timestamp) -> Result<u64, StoreError> {
        let (stream, filter) = (command_stream(cluster), commands_of(cluster));
        let mut ended = 0;
        loop {
            let (count, bytes) = BATCH;
            let batch = match self.batch(&stream, &filter, 1, count, bytes).await {
                Err(StoreError::NoResponders) => {
                    return self.known_gone(&stream).await.map(|()| ended);
                }
                other => other?,
            };
            if batch.messages.is_empty() {
                break;
            }
            for message in batch.messages {
                if let Ok(subject) = message.subject.parse::<CommandSubject>() {
                    let reason = Reason::ClusterRemoved;
                    let result =
                        CommandResult::never_ran(subject.job, FinalStatus::Failed, reason, now);
                    let stored = self.end_job(&subject, result).await?;
                    ended += u64::from(stored.reason == Some(reason));
                }
                self.delete(&stream, message.sequence).await?;
            }
        }
        let delete = format!("STREAM.DELETE.{stream}");
        match self.ask::<serde_json::Value>(&delete).await {
            Err(StoreError::Refused {
                code: STREAM_NOT_FOUND,
                ..
            }) => Ok(ended),
            other => other.map(|_| ended),
        }
    }

    /// Succeeds where nobody answers for a queue because it was removed before, and not because its
    /// leader changes.
    async fn known_gone(&self, stream: &str) -> Result<(), StoreError> {
        match self.stream_state(stream).await {
            Err(StoreError::Refused {
                code: STREAM_NOT_FOUND,
                ..
            }) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(StoreError::NoResponders),
        }
    }

    /// Deletes the entry, which every watch sees.
    async fn forget(&self, cluster: &ClusterId) -> Result<(), StoreError> {
        let subject = format!("$KV.{CLUSTERS}.{cluster}");
        let mut headers = HeaderMap::new();
        headers.insert("KV-Operation", "DEL");
        self.answer(pin!(async {
            let sent = self.js.publish_with_headers(subject, headers, "".into());
            sent.await?.await?;
            Ok(())
        }))
        .await
    }
}
