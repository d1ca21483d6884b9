//! Buckets with typed values: reads with a revision, writes on condition of one.
//!
//! The client's own key-value calls lose times to live, so values are written as messages, with
//! the headers that the server itself understands.

use std::pin::pin;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::{
    NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE,
    NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_TTL,
};
use async_nats::jetstream::message::StreamMessage;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::replies::decode;
use crate::stream::Batch;
use crate::topology::bucket_stream;

/// Values that are read at a time, and the most bytes of them.
const BATCH: (usize, usize) = (512, 1024 * 1024);
/// How often a value is changed anew that others keep changing. Of many writers at once one gets
/// through each time, so this bounds how many there can be.
const TRIES: u32 = 200;
/// How long the mark of a key that was taken away stays: every watch has seen it by then.
const REMOVED: &str = "3600s";
/// "atomic publish batch is incomplete": more batches were under way than the server holds (50 a
/// stream), so it had let go of this one's beginning.
const BATCH_INCOMPLETE: u64 = 10176;
/// Another write to the key is under way (replicas).
const IN_FLIGHT: u64 = 10164;
/// How often such a write is sent anew, and the pause before.
const RESENDS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// A value and which write it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored<T> {
    pub(crate) value: T,
    pub(crate) revision: u64,
}

/// One write of several that happen together.
pub(crate) struct Write {
    key: String,
    /// None takes the key away.
    value: Option<Bytes>,
    expected: u64,
}

/// Where a walk through a bucket begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum From {
    /// At its first value.
    First,
    /// At what was written at or after this time, on the hub's clock.
    Time(DateTime<Utc>),
}

/// Whether a walk goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    On,
    Stop,
}

/// What became of a change.
pub(crate) enum Change<T> {
    /// Write this.
    Write(T),
    /// It is as wanted already: answer it, write nothing.
    Keep(T),
}

impl Write {
    /// A value for a key whose last write must be this one; 0: there is none.
    pub(crate) fn new(
        key: String,
        value: &impl Serialize,
        expected: u64,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            key,
            value: Some(encode(value, "value")?),
            expected,
        })
    }

    /// A key that goes, whose last write must be this one. Its bucket allows times to live.
    pub(crate) const fn removal(key: String, expected: u64) -> Self {
        Self {
            key,
            value: None,
            expected,
        }
    }

    /// What the message says beside its value.
    fn headers(&self) -> HeaderMap {
        let mut headers = expecting(self.expected);
        if self.value.is_none() {
            headers.insert("KV-Operation", "DEL");
            headers.insert(NATS_MESSAGE_TTL, REMOVED);
        }
        headers
    }
}

pub(crate) fn subject(bucket: &str, key: &str) -> String {
    format!("$KV.{bucket}.{key}")
}

/// The JSON of a value that is called so in an error.
pub(crate) fn encode(value: &impl Serialize, what: &'static str) -> Result<Bytes, StoreError> {
    // Most of them are a command or its job's record, which are shorter.
    let mut encoded = Vec::with_capacity(1024);
    let written = serde_json::to_writer(&mut encoded, value);
    written.map_err(|source| StoreError::Corrupt { what, source })?;
    Ok(encoded.into())
}

/// A deletion and the end of a time to live are messages without a value.
fn read<T: DeserializeOwned>(message: &StreamMessage) -> Result<Option<Stored<T>>, StoreError> {
    if message.payload.is_empty() {
        return Ok(None);
    }
    Ok(Some(Stored {
        value: decode(&message.payload, "value")?,
        revision: message.sequence,
    }))
}

fn contended(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Refused {
            code: BATCH_INCOMPLETE | IN_FLIGHT,
            ..
        }
    )
}

impl Broker {
    /// A key's value.
    pub(crate) async fn value<T: DeserializeOwned>(
        &self,
        bucket: &str,
        key: &str,
    ) -> Result<Option<Stored<T>>, StoreError> {
        let (stream, subject) = (bucket_stream(bucket), subject(bucket, key));
        match self.last(&stream, &subject).await? {
            Some(message) => read(&message),
            None => Ok(None),
        }
    }

    /// Writes a key whose last write must be `expected` (0: there is none), to be gone after
    /// `ttl`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the last write is another.
    pub(crate) async fn set(
        &self,
        bucket: &str,
        key: &str,
        value: &impl Serialize,
        expected: u64,
        ttl: Option<Duration>,
    ) -> Result<u64, StoreError> {
        let value = encode(value, "value")?;
        let headers = || {
            let mut headers = expecting(expected);
            if let Some(ttl) = ttl {
                // Whole seconds, the least that the server takes; never shorter than asked.
                let seconds = ttl.as_millis().div_ceil(1000).max(1);
                headers.insert(NATS_MESSAGE_TTL, format!("{seconds}s").as_str());
            }
            headers
        };
        let mut sent = 0;
        let mut patience = self.patience();
        let (stream, subject) = (bucket_stream(bucket), subject(bucket, key));
        loop {
            let ask = (subject.clone(), headers(), value.clone());
            let written = self
                .attempt(pin!(self.outbox.ask(ask.0, ask.1, ask.2)))
                .await;
            match written {
                Ok(ack) => return Ok(ack.sequence),
                Err(error) if contended(&error) && sent < RESENDS => {
                    sent += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                // The write that was not answered may be the one that is there.
                Err(StoreError::Conflict) if patience.is_unsure => {
                    let stored = Box::pin(self.last(&stream, &subject)).await?;
                    let ours = stored.filter(|stored| stored.payload == value);
                    return ours
                        .map(|stored| stored.sequence)
                        .ok_or(StoreError::Conflict);
                }
                Err(error) => self.again(&mut patience, error).await?,
            }
        }
    }

    /// Takes a key's value out of a bucket that nobody watches; does nothing where there is none.
    pub(crate) async fn erase(&self, bucket: &str, key: &str) -> Result<(), StoreError> {
        let (stream, subject) = (bucket_stream(bucket), subject(bucket, key));
        match self.last(&stream, &subject).await? {
            Some(message) => self.delete(&stream, message.sequence).await,
            None => Ok(()),
        }
    }

    /// Writes all of these, or none (ADR-50).
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where any key's last write is another than expected.
    pub(crate) async fn set_all(&self, bucket: &str, writes: &[Write]) -> Result<(), StoreError> {
        let mut sent = 0;
        let mut patience = self.patience();
        loop {
            let sent_all = self.answer(pin!(self.send_all(bucket, writes))).await;
            match sent_all {
                Err(error) if contended(&error) && sent < RESENDS => {
                    sent += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                // Nothing is stored where nobody answers; a lost answer tells nothing.
                Err(error @ StoreError::NoResponders) => self.again(&mut patience, error).await?,
                other => return other,
            }
        }
    }

    async fn send_all(&self, bucket: &str, writes: &[Write]) -> Result<(), StoreError> {
        let batch = Uuid::new_v4().to_string();
        let last = writes.len();
        for (number, write) in (1..).zip(writes) {
            let mut headers = write.headers();
            let value = write.value.clone().unwrap_or_default();
            headers.insert(NATS_BATCH_ID, batch.as_str());
            headers.insert(NATS_BATCH_SEQUENCE, number.to_string().as_str());
            let subject = subject(bucket, &write.key);
            if number < last {
                // One connection keeps the order; only the commit is answered.
                let sent = self.client.publish_with_headers(subject, headers, value);
                sent.await.map_err(StoreError::client)?;
                continue;
            }
            headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
            let ack = self.js.publish_with_headers(subject, headers, value);
            ack.await?.await?;
        }
        Ok(())
    }

    /// Reads a key's value, lets `decide` change it and writes that on condition that nothing came
    /// between; as often as it takes.
    ///
    /// # Errors
    /// What `decide` says (of `None` too: the key has no value), or the store.
    pub(crate) async fn change<T, E>(
        &self,
        bucket: &str,
        key: &str,
        decide: impl Fn(Option<&T>) -> Result<(Change<T>, Option<Duration>), E> + Send + Sync,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
        E: std::convert::From<StoreError>,
    {
        for _ in 0..TRIES {
            let stored: Option<Stored<T>> = self.value(bucket, key).await?;
            let revision = stored.as_ref().map_or(0, |stored| stored.revision);
            let (next, ttl) = match decide(stored.as_ref().map(|stored| &stored.value))? {
                (Change::Keep(value), _) => return Ok(value),
                (Change::Write(value), ttl) => (value, ttl),
            };
            match self.set(bucket, key, &next, revision, ttl).await {
                Ok(_) => return Ok(next),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Gives the values of a key filter to `each`, with the time they were written and in the order
    /// of their writes, until it says that it has enough; a batch of them is in memory at a time.
    /// A value that cannot be read is passed over and logged.
    pub(crate) async fn walk<T: DeserializeOwned>(
        &self,
        bucket: &str,
        filter: &str,
        from: From,
        mut each: impl FnMut(T, DateTime<Utc>) -> Walk + Send,
    ) -> Result<(), StoreError> {
        let stream = bucket_stream(bucket);
        let filter = subject(bucket, filter);
        let mut batch = match from {
            From::First => self.page_of(&stream, &filter, 1).await?,
            From::Time(time) => self.batch_since(&stream, &filter, time, BATCH).await?,
        };
        loop {
            let mut last = None;
            for message in &batch.messages {
                last = Some(message.sequence);
                match read::<T>(message) {
                    Ok(Some(stored)) => {
                        if each(stored.value, message.time) == Walk::Stop {
                            return Ok(());
                        }
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(%error, key = %message.subject, "an odd value");
                    }
                }
            }
            match last {
                Some(last) if batch.more => {
                    batch = self.page_of(&stream, &filter, last + 1).await?;
                }
                _ => return Ok(()),
            }
        }
    }

    async fn page_of(&self, stream: &str, filter: &str, from: u64) -> Result<Batch, StoreError> {
        let (count, bytes) = BATCH;
        self.batch(stream, filter, from, count, bytes).await
    }

    /// How many keys of a filter have a value, or had one within the last minute.
    pub(crate) async fn count(&self, bucket: &str, filter: &str) -> Result<usize, StoreError> {
        #[derive(serde::Deserialize)]
        struct Answer {
            state: State,
        }
        #[derive(serde::Deserialize)]
        struct State {
            #[serde(default)]
            subjects: Option<std::collections::HashMap<String, u64>>,
        }
        let body = serde_json::json!({ "subjects_filter": subject(bucket, filter) });
        let request = format!("STREAM.INFO.{}", bucket_stream(bucket));
        let answer: Answer = self.ask_with(&request, &body).await?;
        Ok(answer.state.subjects.map_or(0, |subjects| subjects.len()))
    }
}

fn expecting(revision: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
        revision.to_string().as_str(),
    );
    headers
}
