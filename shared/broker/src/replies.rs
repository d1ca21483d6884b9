//! Events and results: written by workers, read by gateways.

use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use kubently_core::event::{Event, OutputStream};
use kubently_core::result::CommandResult;
use kubently_core::subject::ReplySubject;
use serde::de::DeserializeOwned;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::topology::reply_stream;

/// What became of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was the first: it is the job's one result.
    First,
    /// Another one is stored already; this one is dropped.
    Already,
}

impl Broker {
    /// Stores an event and waits for it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn publish_event(
        &self,
        reply: &ReplySubject,
        event: &Event,
    ) -> Result<(), StoreError> {
        self.store_event(reply, event).await.map(drop)
    }

    /// Stores an event and answers its id: its sequence in the stream.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn store_event(
        &self,
        reply: &ReplySubject,
        event: &Event,
    ) -> Result<u64, StoreError> {
        let value = encode(event, "event")?;
        self.answer(async {
            let ack = self.js.publish(reply.event(), value.into()).await?.await?;
            Ok(ack.sequence)
        })
        .await
    }

    /// Stores a result if it is the job's first: the one decision point between completing,
    /// cancelling and expiring.
    ///
    /// # Errors
    /// [`StoreError`], also where another write to the subject is under way (10164): ask again.
    pub async fn store_result(
        &self,
        reply: &ReplySubject,
        result: &CommandResult,
    ) -> Result<Stored, StoreError> {
        let value = encode(result, "result")?;
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
        let stored = self.answer(async {
            self.js
                .publish_with_headers(reply.result(), headers, value.into())
                .await?
                .await?;
            Ok(())
        });
        match stored.await {
            Ok(()) => Ok(Stored::First),
            Err(StoreError::Conflict) => Ok(Stored::Already),
            Err(error) => Err(error),
        }
    }

    /// A job's stored result.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn result(&self, reply: &ReplySubject) -> Result<Option<CommandResult>, StoreError> {
        let message = self
            .last(&reply_stream(&reply.cluster), &reply.result())
            .await?;
        message
            .map(|message| decode(&message.payload, "result"))
            .transpose()
    }

    /// A job's last event.
    pub(crate) async fn last_event(
        &self,
        reply: &ReplySubject,
    ) -> Result<Option<Event>, StoreError> {
        let message = self
            .last(&reply_stream(&reply.cluster), &reply.event())
            .await?;
        message
            .map(|message| decode(&message.payload, "event"))
            .transpose()
    }

    /// The bytes of stdout and stderr: from the result, or from the chunks of its run. `None`
    /// where chunks are gone by age.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn output(
        &self,
        reply: &ReplySubject,
        result: &CommandResult,
    ) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
        if let Some(inline) = result.inline_output() {
            return Ok(Some(inline));
        }
        let (stream, subject) = (reply_stream(&reply.cluster), reply.event());
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut sequence = 1;
        let mut expected = 1;
        while let Some(message) = self.next(&stream, &subject, sequence).await? {
            sequence = message.sequence + 1;
            let event: Event = decode(&message.payload, "event")?;
            if Some(event.run) != result.run || event.n != expected {
                continue;
            }
            let Some(chunk) = event.kind.chunk() else {
                continue;
            };
            let Some(bytes) = chunk.bytes() else {
                return Ok(None);
            };
            match chunk.stream {
                OutputStream::Stdout => stdout.extend(bytes),
                OutputStream::Stderr => stderr.extend(bytes),
            }
            if expected == result.events {
                break;
            }
            expected += 1;
        }
        Ok(result
            .is_output(&stdout, &stderr)
            .then_some((stdout, stderr)))
    }
}

fn encode(value: &impl serde::Serialize, what: &'static str) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|source| StoreError::Corrupt { what, source })
}

pub(crate) fn decode<T: DeserializeOwned>(
    payload: &[u8],
    what: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_slice(payload).map_err(|source| StoreError::Corrupt { what, source })
}
