//! What is enrolled: clusters and direct publishers, read and written by the gateway's commands.

use std::collections::BTreeMap;
use std::pin::pin;

use async_nats::jetstream::message::StreamMessage;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::{ClusterRecord, PublisherRecord};
use kubently_core::subject::PublisherName;
use serde::de::DeserializeOwned;

use crate::accounts::{Accounts, Publisher};
use crate::connect::Broker;
use crate::error::StoreError;
use crate::replies::decode;
use crate::topology::{CLUSTERS, bucket_stream};

/// What a publisher's key starts with; no cluster's id holds a dot.
const PUBLISHER: &str = "publisher.";
/// How often a change begins anew because others wrote at the same time.
const TRIES: u32 = 10;
/// Entries that are read at a time, and the most bytes of them.
const BATCH: (usize, usize) = (256, 1024 * 1024);

impl Broker {
    /// A cluster's entry; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn cluster_record(
        &self,
        cluster: &ClusterId,
    ) -> Result<Option<ClusterRecord>, StoreError> {
        self.entry(cluster.as_str(), "cluster").await
    }

    /// A publisher's entry; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn publisher_record(
        &self,
        publisher: &PublisherName,
    ) -> Result<Option<PublisherRecord>, StoreError> {
        let key = format!("{PUBLISHER}{publisher}");
        self.entry(&key, "publisher").await
    }

    /// Writes a publisher's entry.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn enrol_publisher(
        &self,
        publisher: &PublisherName,
        record: &PublisherRecord,
    ) -> Result<(), StoreError> {
        let value = serde_json::to_vec(record).map_err(|source| StoreError::Corrupt {
            what: "publisher",
            source,
        })?;
        let key = format!("{PUBLISHER}{publisher}");
        self.put(CLUSTERS, &key, value).await.map(drop)
    }

    /// Takes a publisher's entry away; nothing happens where there is none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn remove_publisher(&self, publisher: &PublisherName) -> Result<(), StoreError> {
        let key = format!("{PUBLISHER}{publisher}");
        self.answer(pin!(async {
            let store = self.js.get_key_value(CLUSTERS).await;
            let store = store.map_err(StoreError::client)?;
            store.delete(key).await.map_err(StoreError::client)
        }))
        .await
    }

    /// Takes a cluster that is removed out of what publishers may send to: the name may be given to
    /// another cluster, which they were not enrolled for.
    pub(crate) async fn withdraw_from_publishers(
        &self,
        cluster: &ClusterId,
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let mut is_done = true;
            for (key, message) in self.entries().await? {
                if !key.starts_with(PUBLISHER) {
                    continue;
                }
                let Some(mut record) = value::<PublisherRecord>(&message, "publisher")? else {
                    continue;
                };
                if !record.clusters.contains(cluster) {
                    continue;
                }
                record.clusters.retain(|known| known != cluster);
                let written = self.set(CLUSTERS, &key, &record, message.sequence, None);
                match written.await {
                    Ok(_) => {}
                    // It was enrolled anew at the same time.
                    Err(StoreError::Conflict) => is_done = false,
                    Err(error) => return Err(error),
                }
            }
            if is_done {
                return Ok(());
            }
        }
        Err(StoreError::Conflict)
    }

    /// Everybody who is enrolled and has a key, but for the hub's own.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn accounts(&self) -> Result<Accounts, StoreError> {
        let mut accounts = Accounts::default();
        for (key, message) in self.entries().await? {
            if let Some(name) = key.strip_prefix(PUBLISHER) {
                let (Ok(name), Some(record)) = (name.parse(), value(&message, "publisher")?) else {
                    continue;
                };
                let PublisherRecord {
                    clusters, nkeys, ..
                } = record;
                accounts
                    .publishers
                    .insert(name, Publisher { nkeys, clusters });
            } else if let Ok(cluster) = key.parse::<ClusterId>() {
                let Some(record) = value::<ClusterRecord>(&message, "cluster")? else {
                    continue;
                };
                if record.removed_at.is_none() {
                    accounts.clusters.insert(cluster, record.nkeys);
                }
            }
        }
        Ok(accounts)
    }

    /// Every registered cluster, also those that are being removed, in the order of their names.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn registered(&self) -> Result<BTreeMap<ClusterId, ClusterRecord>, StoreError> {
        let mut clusters = BTreeMap::new();
        for (key, message) in self.entries().await? {
            if let Ok(cluster) = key.parse::<ClusterId>()
                && let Some(record) = value(&message, "cluster")?
            {
                clusters.insert(cluster, record);
            }
        }
        Ok(clusters)
    }

    /// Every entry's key and last message.
    async fn entries(&self) -> Result<Vec<(String, StreamMessage)>, StoreError> {
        let (stream, prefix) = (bucket_stream(CLUSTERS), format!("$KV.{CLUSTERS}."));
        let all = format!("{prefix}>");
        let mut entries = Vec::new();
        let mut from = 1;
        loop {
            let (count, bytes) = BATCH;
            let batch = self.batch(&stream, &all, from, count, bytes).await?;
            let is_last = !batch.more || batch.messages.is_empty();
            for message in batch.messages {
                from = message.sequence + 1;
                if let Some(key) = message.subject.strip_prefix(&prefix) {
                    entries.push((key.to_owned(), message));
                }
            }
            if is_last {
                return Ok(entries);
            }
        }
    }

    async fn entry<T: DeserializeOwned>(
        &self,
        key: &str,
        what: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let subject = format!("$KV.{CLUSTERS}.{key}");
        let message = self.last(&bucket_stream(CLUSTERS), &subject).await?;
        message.map_or(Ok(None), |message| value(&message, what))
    }
}

/// The value of an entry; `None` for the mark of one that was taken away.
fn value<T: DeserializeOwned>(
    message: &StreamMessage,
    what: &'static str,
) -> Result<Option<T>, StoreError> {
    if message.headers.get("KV-Operation").is_some() {
        return Ok(None);
    }
    decode(&message.payload, what).map(Some)
}
