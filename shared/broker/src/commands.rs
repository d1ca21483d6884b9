//! Putting a command into its cluster's queue.

use std::pin::pin;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use kubently_core::envelope::Envelope;
use kubently_core::trace::{self, TraceParent};

use crate::bucket::encode;
use crate::connect::Broker;
use crate::error::StoreError;

/// "stream store failed": what failed stands in the text alone.
const STORE_FAILED: u64 = 10077;

/// A command that the queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The server had it already, by its id.
    pub duplicate: bool,
}

/// A command that the queue does not hold, or may hold.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// As many commands wait for this cluster as may. Nothing was stored.
    #[error("the cluster's queue is full")]
    QueueFull,
    /// This very job is in the queue.
    #[error("the job is in the queue already")]
    StillQueued,
    /// The hub refused. Nothing was stored.
    #[error("the hub did not take the command")]
    Refused(#[source] StoreError),
    /// The hub did not answer: the command may be stored, and its deadline decides.
    #[error("the hub did not answer")]
    NoAnswer(#[source] StoreError),
}

impl Broker {
    /// [`Self::publish_traced`] without a trace.
    ///
    /// # Errors
    /// As there.
    pub async fn publish_command(&self, envelope: &Envelope) -> Result<Published, SubmitError> {
        self.publish_traced(envelope, None).await
    }

    /// Publishes a command on its own subject and waits until it is stored; its worker's trace goes
    /// on below `parent`. A stream without a leader is asked again for up to 15 s, and so is one whose answer
    /// was lost.
    ///
    /// # Errors
    /// [`SubmitError`]; after anything but `NoAnswer` nothing was stored by this call.
    pub async fn publish_traced(
        &self,
        envelope: &Envelope,
        parent: Option<TraceParent>,
    ) -> Result<Published, SubmitError> {
        let payload = encode(envelope, "command").map_err(SubmitError::Refused)?;
        let subject = envelope.subject().text();
        let headers = || {
            let mut headers = HeaderMap::new();
            headers.insert(NATS_MESSAGE_ID, envelope.id.to_string().as_str());
            if let Some(parent) = parent {
                headers.insert(trace::HEADER, parent.to_string().as_str());
            }
            headers
        };
        let mut patience = self.patience();
        loop {
            let (to, value) = (subject.clone(), payload.clone());
            let published = self
                .attempt(pin!(self.outbox.ask(to, headers(), value)))
                .await;
            let error = match published {
                Ok(ack) => {
                    return Ok(Published {
                        duplicate: ack.duplicate,
                    });
                }
                Err(error) => error,
            };
            if let StoreError::Refused {
                code: STORE_FAILED,
                ref text,
            } = error
            {
                if text.contains("maximum messages per subject") {
                    return Err(SubmitError::StillQueued);
                }
                if text.contains("maximum messages") && !patience.is_unsure {
                    return Err(SubmitError::QueueFull);
                }
            }
            if let Err(error) = self.again(&mut patience, error).await {
                let is_open = patience.is_unsure
                    || matches!(error, StoreError::NoAnswer | StoreError::NotReachable);
                return Err(if is_open {
                    SubmitError::NoAnswer(error)
                } else {
                    SubmitError::Refused(error)
                });
            }
            // The server knows a command again by its id, but for one that was taken before it started anew.
            if patience.is_unsure {
                let command = envelope.subject();
                let traced = Box::pin(self.has_trace(&command));
                let traced = tokio::time::timeout(patience.left(), traced);
                match traced.await.unwrap_or(Err(StoreError::NoAnswer)) {
                    Ok(true) => return Ok(Published { duplicate: true }),
                    Ok(false) => {}
                    Err(error) => return Err(SubmitError::NoAnswer(error)),
                }
            }
        }
    }
}
