//! Reading streams, and asking the server about them.

use std::pin::pin;

use async_nats::StatusCode;
use async_nats::jetstream::stream::{DirectGetError, DirectGetErrorKind, LastRawMessageErrorKind};
use async_nats::jetstream::{message::StreamMessage, response::Response};
use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::connect::{ANSWER, Broker};
use crate::error::StoreError;

/// The end of a batch, which says whether more is stored.
const END_OF_BATCH: u16 = 204;
/// "no message found": the sequence is gone already.
const NO_MESSAGE: u64 = 10037;
/// "sequence not found", of a deletion.
const NO_SEQUENCE: u64 = 10043;
/// "message delete failed": why stands in the text alone.
const DELETE_FAILED: u64 = 10057;
/// "stream not found": the cluster was removed.
pub(crate) const STREAM_NOT_FOUND: u64 = 10059;

/// Messages of one question, in the order they were stored.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) messages: Vec<StreamMessage>,
    /// Whether more of them are stored behind these.
    pub(crate) more: bool,
}

/// A stream's state and the hub's clock at that moment.
#[derive(Debug, Deserialize)]
pub(crate) struct StreamAnswer {
    pub(crate) state: StreamState,
    pub(crate) ts: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StreamState {
    pub(crate) messages: u64,
    pub(crate) first_seq: u64,
    pub(crate) first_ts: DateTime<Utc>,
    pub(crate) last_seq: u64,
}

impl Broker {
    /// The last message on a subject. A miss by direct get, which any replica answers, counts
    /// only after the stream's leader has confirmed it.
    pub(crate) async fn last(
        &self,
        stream: &str,
        subject: &str,
    ) -> Result<Option<StreamMessage>, StoreError> {
        self.insist(|| async {
            let stream = self
                .js
                .get_stream_no_info(stream)
                .await
                .map_err(StoreError::client)?;
            match found(stream.direct_get_last_for_subject(subject).await) {
                Ok(Some(message)) => return Ok(Some(message)),
                // The leader tells a stream that is not there from one whose replicas do not answer.
                Ok(None) | Err(StoreError::NoResponders) => {}
                Err(error) => return Err(error),
            }
            match stream.get_last_raw_message_by_subject(subject).await {
                Ok(message) => Ok(Some(message)),
                Err(error) => match error.kind() {
                    LastRawMessageErrorKind::NoMessageFound => Ok(None),
                    _ => Err(error.into()),
                },
            }
        })
        .await
    }

    /// The message under a sequence, once the stream's leader has confirmed a miss.
    pub(crate) async fn at(
        &self,
        stream: &str,
        sequence: u64,
    ) -> Result<Option<StreamMessage>, StoreError> {
        let got = self.insist(|| async {
            let stream = self
                .js
                .get_stream_no_info(stream)
                .await
                .map_err(StoreError::client)?;
            found(stream.direct_get(sequence).await)
        });
        match got.await? {
            Some(message) => Ok(Some(message)),
            None => self.insist(|| self.at_leader(stream, sequence)).await,
        }
    }

    /// The message under a sequence, by the stream's leader.
    pub(crate) async fn at_leader(
        &self,
        stream: &str,
        sequence: u64,
    ) -> Result<Option<StreamMessage>, StoreError> {
        self.answer(pin!(async {
            let stream = self
                .js
                .get_stream_no_info(stream)
                .await
                .map_err(StoreError::client)?;
            match stream.get_raw_message(sequence).await {
                Ok(message) => Ok(Some(message)),
                Err(error) => match error.kind() {
                    LastRawMessageErrorKind::NoMessageFound => Ok(None),
                    _ => match error.into() {
                        StoreError::Refused {
                            code: NO_MESSAGE | STREAM_NOT_FOUND,
                            ..
                        } => Ok(None),
                        error => Err(error),
                    },
                },
            }
        }))
        .await
    }

    /// The messages of a subject filter from a sequence on, at most `count` of them and, unless the
    /// first is larger, at most `bytes` together: one request and no consumer (server 2.11).
    pub(crate) async fn batch(
        &self,
        stream: &str,
        filter: &str,
        from: u64,
        count: usize,
        bytes: usize,
    ) -> Result<Batch, StoreError> {
        let ask = serde_json::json!({
            "seq": from.max(1), "next_by_subj": filter, "batch": count, "max_bytes": bytes,
        });
        self.insist(|| self.ask_batch(stream, &ask)).await
    }

    /// The same from a time on, which is the hub's.
    pub(crate) async fn batch_since(
        &self,
        stream: &str,
        filter: &str,
        from: DateTime<Utc>,
        (count, bytes): (usize, usize),
    ) -> Result<Batch, StoreError> {
        let ask = serde_json::json!({
            "start_time": from, "next_by_subj": filter, "batch": count, "max_bytes": bytes,
        });
        self.insist(|| self.ask_batch(stream, &ask)).await
    }

    /// The last message on each of these subjects that has one, at most `bytes` together unless the first is
    /// larger, by any replica (server 2.11). It is asked once: who needs it asks again and again.
    pub(crate) async fn last_of(
        &self,
        stream: &str,
        subjects: &[&str],
        bytes: usize,
    ) -> Result<Batch, StoreError> {
        let ask = serde_json::json!({
            "multi_last": subjects, "batch": subjects.len(), "max_bytes": bytes,
        });
        self.ask_batch(stream, &ask).await
    }

    async fn ask_batch(&self, stream: &str, ask: &serde_json::Value) -> Result<Batch, StoreError> {
        let subject = format!("{}.DIRECT.GET.{stream}", self.api_prefix);
        self.answer(pin!(async {
            let inbox = self.client.new_inbox();
            let replies = self.client.subscribe(inbox.clone()).await;
            let mut replies = replies.map_err(StoreError::client)?;
            let sent = self
                .client
                .publish_with_reply(subject, inbox, ask.to_string().into());
            sent.await.map_err(StoreError::client)?;
            let mut batch = Batch::default();
            loop {
                let next = tokio::time::timeout(ANSWER, replies.next()).await;
                let message = next.ok().flatten().ok_or(StoreError::NoAnswer)?;
                match message.status.map(|status| status.as_u16()) {
                    None => {
                        let message = StreamMessage::try_from(message);
                        batch.messages.push(message.map_err(StoreError::client)?);
                    }
                    Some(END_OF_BATCH) => {
                        let headers = message.headers.as_ref();
                        let left = headers.and_then(|headers| headers.get("Nats-Num-Pending"));
                        batch.more = left.is_some_and(|left| left.as_str() != "0");
                        return Ok(batch);
                    }
                    Some(code) if code == StatusCode::NOT_FOUND.as_u16() => return Ok(batch),
                    Some(code) if code == StatusCode::NO_RESPONDERS.as_u16() => {
                        return Err(StoreError::NoResponders);
                    }
                    Some(code) => {
                        return Err(StoreError::Refused {
                            code: code.into(),
                            text: message.description.unwrap_or_default(),
                        });
                    }
                }
            }
        }))
        .await
    }

    /// Deletes a message; does nothing where it is gone.
    pub(crate) async fn delete(&self, stream: &str, sequence: u64) -> Result<(), StoreError> {
        self.remove(stream, sequence).await.map(drop)
    }

    /// The same, and whether it was there.
    pub(crate) async fn remove(&self, stream: &str, sequence: u64) -> Result<bool, StoreError> {
        let body = serde_json::json!({ "seq": sequence });
        match self
            .command(&format!("STREAM.MSG.DELETE.{stream}"), &body)
            .await
        {
            Err(StoreError::Refused {
                code: NO_MESSAGE | NO_SEQUENCE,
                ..
            }) => Ok(false),
            Err(StoreError::Refused {
                code: DELETE_FAILED,
                ref text,
            }) if text.contains("no message found") => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// A request of the `JetStream` API that changes something.
    pub(crate) async fn command(
        &self,
        subject: &str,
        body: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.ask_with::<serde_json::Value>(subject, body)
            .await
            .map(drop)
    }

    /// A request of the `JetStream` API, below its prefix.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, subject: &str) -> Result<T, StoreError> {
        self.ask_with(subject, &serde_json::json!({})).await
    }

    /// The same with a body.
    pub(crate) async fn ask_with<T: DeserializeOwned>(
        &self,
        subject: &str,
        body: &serde_json::Value,
    ) -> Result<T, StoreError> {
        self.answer(pin!(async {
            match self.js.request(subject.to_owned(), body).await? {
                Response::Ok(answer) => Ok(answer),
                Response::Err { error } => Err(error.into()),
            }
        }))
        .await
    }

    pub(crate) async fn stream_state(&self, stream: &str) -> Result<StreamAnswer, StoreError> {
        self.ask(&format!("STREAM.INFO.{stream}")).await
    }
}

/// A miss by direct get is an answer.
fn found(got: Result<StreamMessage, DirectGetError>) -> Result<Option<StreamMessage>, StoreError> {
    match got {
        Ok(message) => Ok(Some(message)),
        Err(error) => match error.kind() {
            DirectGetErrorKind::NotFound => Ok(None),
            _ => Err(error.into()),
        },
    }
}
