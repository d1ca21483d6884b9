//! Reading streams, and asking the server about them.

use async_nats::jetstream::stream::{DirectGetError, DirectGetErrorKind, LastRawMessageErrorKind};
use async_nats::jetstream::{message::StreamMessage, response::Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::connect::Broker;
use crate::error::StoreError;

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
        self.answer(async {
            let stream = self
                .js
                .get_stream_no_info(stream)
                .await
                .map_err(StoreError::client)?;
            if let Some(message) = found(stream.direct_get_last_for_subject(subject).await)? {
                return Ok(Some(message));
            }
            match stream.get_last_raw_message_by_subject(subject).await {
                Ok(message) => Ok(Some(message)),
                Err(error) => match error.kind() {
                    LastRawMessageErrorKind::NoMessageFound => Ok(None),
                    LastRawMessageErrorKind::JetStream(refused) => Err(refused.into()),
                    _ => Err(StoreError::client(error)),
                },
            }
        })
        .await
    }

    /// The next message on a subject at or after a sequence.
    pub(crate) async fn next(
        &self,
        stream: &str,
        subject: &str,
        sequence: u64,
    ) -> Result<Option<StreamMessage>, StoreError> {
        self.answer(async {
            let stream = self
                .js
                .get_stream_no_info(stream)
                .await
                .map_err(StoreError::client)?;
            found(
                stream
                    .direct_get_next_for_subject(subject, Some(sequence))
                    .await,
            )
        })
        .await
    }

    /// A request of the `JetStream` API, below its prefix.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, subject: &str) -> Result<T, StoreError> {
        self.answer(async {
            match self
                .js
                .request(subject.to_owned(), &serde_json::json!({}))
                .await?
            {
                Response::Ok(answer) => Ok(answer),
                Response::Err { error } => Err(error.into()),
            }
        })
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
            DirectGetErrorKind::TimedOut => Err(StoreError::NoAnswer),
            DirectGetErrorKind::Request => Err(StoreError::NoResponders),
            _ => Err(StoreError::client(error)),
        },
    }
}
