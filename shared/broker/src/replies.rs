//! Events and results: written by workers, read by gateways.

use std::pin::pin;

use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use kubently_core::envelope::VERSION;
use kubently_core::event::{Event, EventKind};
use kubently_core::id::JobId;
use kubently_core::result::CommandResult;
use kubently_core::status::{FinalStatus, Reason};
use kubently_core::subject::ReplySubject;
use kubently_core::time::Timestamp;
use kubently_core::visible;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::connect::{ANSWER, Broker};
use crate::error::StoreError;
use crate::outbox::Ack;
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
        let ack = self.add(reply.event(), HeaderMap::new(), value).await?;
        Ok(ack.sequence)
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
        match self.add(reply.result(), headers, value).await {
            Ok(_) => {
                self.counts.ended(result.status, result.reason);
                Ok(Stored::First)
            }
            Err(StoreError::Conflict) => Ok(Stored::Already),
            Err(error) => Err(error),
        }
    }

    /// Adds a message to a stream and waits for it, 5 s at most.
    async fn add(
        &self,
        subject: String,
        headers: HeaderMap,
        value: Vec<u8>,
    ) -> Result<Ack, StoreError> {
        let ask = pin!(self.outbox.ask(subject, headers, value.into()));
        let added = tokio::time::timeout(ANSWER, self.answer(ask)).await;
        added.unwrap_or(Err(StoreError::NoAnswer))
    }

    /// A job's stored result.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn result(&self, reply: &ReplySubject) -> Result<Option<CommandResult>, StoreError> {
        let message = self
            .last(&reply_stream(&reply.cluster), &reply.result())
            .await?;
        Ok(message.map(|message| {
            let stored_at = Timestamp::new(message.time);
            result_of(&message.payload, reply.job, stored_at)
        }))
    }

    /// What a job's last event tells of its start: the attempt, and when, where it says so. One that
    /// cannot be read tells that somebody has begun.
    pub(crate) async fn started(
        &self,
        reply: &ReplySubject,
    ) -> Result<Option<(u32, Option<Timestamp>)>, StoreError> {
        let message = self
            .last(&reply_stream(&reply.cluster), &reply.event())
            .await?;
        Ok(message.map(|message| start_of(&message.payload)))
    }
}

fn encode(value: &impl serde::Serialize, what: &'static str) -> Result<Vec<u8>, StoreError> {
    visible::to_vec(value).map_err(|source| StoreError::Corrupt { what, source })
}

pub(crate) fn decode<T: DeserializeOwned>(
    payload: &[u8],
    what: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_slice(payload).map_err(|source| StoreError::Corrupt { what, source })
}

fn start_of(event: &[u8]) -> (u32, Option<Timestamp>) {
    let Ok(event) = serde_json::from_slice::<Event>(event) else {
        return (1, None);
    };
    let at = match event.kind {
        EventKind::Started { timestamp, .. } => Some(timestamp),
        EventKind::Output(_) | EventKind::Log(_) => None,
    };
    (event.attempt, at)
}

/// Reads a result of this version or an earlier one.
pub(crate) fn decode_result(payload: &[u8]) -> Result<CommandResult, StoreError> {
    let result: CommandResult = decode(payload, "result")?;
    if result.v > VERSION {
        return Err(StoreError::Corrupt {
            what: "result",
            source: serde::de::Error::custom("it is of a later version"),
        });
    }
    Ok(result)
}

/// The result that is stored. What cannot be read stands all the same, because a job has one result:
/// it ends its job as `unsupported_version` where it is of a later version, else as `undecodable`.
pub(crate) fn result_of(payload: &[u8], job: JobId, stored_at: Timestamp) -> CommandResult {
    #[derive(Deserialize)]
    struct Versioned {
        v: u32,
    }
    decode_result(payload).unwrap_or_else(|error| {
        tracing::warn!(%job, %error, "an odd result");
        let reason = match serde_json::from_slice::<Versioned>(payload) {
            Ok(later) if later.v > VERSION => Reason::UnsupportedVersion,
            _ => Reason::Undecodable,
        };
        CommandResult::never_ran(job, FinalStatus::Failed, reason, stored_at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_cannot_be_read_ends_its_job_and_says_why() {
        let job: JobId = "0199b6a0-5c1e-7d3a-8f00-1234567890ab".parse().unwrap();
        let at = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
        let stored_at = serde_json::from_str("\"2026-11-23T08:00:01.000Z\"").unwrap();
        let read = |payload: &[u8]| result_of(payload, job, stored_at);
        let known = CommandResult::never_ran(job, FinalStatus::Failed, Reason::Timeout, at);
        let mut json = serde_json::to_value(&known).unwrap();
        assert_eq!(read(json.to_string().as_bytes()), known);
        json["v"] = 2.into();
        for strange in [serde_json::json!("done"), serde_json::json!("failed")] {
            json["status"] = strange;
            let later = read(json.to_string().as_bytes());
            assert_eq!(later.reason, Some(Reason::UnsupportedVersion));
            assert_eq!(later.executed_at, stored_at);
        }
        json["v"] = 1.into();
        json["status"] = "done".into();
        for odd in [json.to_string().as_bytes(), b"", b"{\"v\":1}", b"\xff"] {
            assert!(decode_result(odd).is_err());
            let result = read(odd);
            assert_eq!(result.reason, Some(Reason::Undecodable));
            assert_eq!((result.status, result.run), (FinalStatus::Failed, None));
        }
    }

    #[test]
    fn an_event_that_cannot_be_read_says_that_somebody_has_begun() {
        assert_eq!(start_of(br#"{"v":2,"type":"x"}"#), (1, None));
        assert_eq!(start_of(b"\xff"), (1, None));
        let at: Timestamp = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
        let started = br#"{"v":1,"attempt":3,"run":"7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90","n":0,
            "type":"started","worker":"w","timestamp":"2026-11-23T08:00:00.000Z"}"#;
        assert_eq!(start_of(started), (3, Some(at)));
    }
}
