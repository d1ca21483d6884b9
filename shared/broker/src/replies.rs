//! Events and results: written by workers, read by gateways.

use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use kubently_core::envelope::VERSION;
use kubently_core::event::Event;
use kubently_core::id::JobId;
use kubently_core::result::CommandResult;
use kubently_core::status::{FinalStatus, Reason};
use kubently_core::subject::ReplySubject;
use kubently_core::time::Timestamp;
use kubently_core::visible;
use serde::Deserialize;
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
            Ok(()) => {
                self.counts.ended(result.status, result.reason);
                Ok(Stored::First)
            }
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
            .map(|message| decode_result(&message.payload, reply.job))
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

/// Reads a result of this version or an earlier one; one of a later version ends its job as
/// `unsupported_version`.
pub(crate) fn decode_result(payload: &[u8], job: JobId) -> Result<CommandResult, StoreError> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u32,
        executed_at: Timestamp,
    }
    let read = decode::<CommandResult>(payload, "result");
    if read.as_ref().is_ok_and(|result| result.v <= VERSION) {
        return read;
    }
    match serde_json::from_slice::<Versioned>(payload) {
        Ok(later) if later.v > VERSION => Ok(CommandResult::never_ran(
            job,
            FinalStatus::Failed,
            Reason::UnsupportedVersion,
            later.executed_at,
        )),
        _ => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_of_a_later_version_ends_its_job_and_says_why() {
        let job: JobId = "0199b6a0-5c1e-7d3a-8f00-1234567890ab".parse().unwrap();
        let at = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
        let known = CommandResult::never_ran(job, FinalStatus::Failed, Reason::Timeout, at);
        let mut json = serde_json::to_value(&known).unwrap();
        assert_eq!(
            decode_result(json.to_string().as_bytes(), job).unwrap(),
            known
        );
        json["v"] = 2.into();
        for strange in [serde_json::json!("done"), serde_json::json!("failed")] {
            json["status"] = strange;
            let later = decode_result(json.to_string().as_bytes(), job).unwrap();
            assert_eq!(later.reason, Some(Reason::UnsupportedVersion));
            assert_eq!(later.executed_at, at);
        }
        json["v"] = 1.into();
        json["status"] = "done".into();
        assert!(decode_result(json.to_string().as_bytes(), job).is_err());
    }
}
