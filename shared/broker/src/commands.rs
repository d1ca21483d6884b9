//! Putting a command into its cluster's queue.

use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use kubently_core::envelope::Envelope;
use kubently_core::trace::{self, TraceParent};

use crate::connect::Broker;
use crate::error::StoreError;

/// How long a registered cluster's stream may have no leader.
const LEADERLESS: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(250);
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
    /// on below `parent`. A stream without a leader is asked again for up to 10 s.
    ///
    /// # Errors
    /// [`SubmitError`]; after anything but `NoAnswer` nothing was stored by this call.
    pub async fn publish_traced(
        &self,
        envelope: &Envelope,
        parent: Option<TraceParent>,
    ) -> Result<Published, SubmitError> {
        let payload = serde_json::to_vec(envelope).map_err(|source| {
            SubmitError::Refused(StoreError::Corrupt {
                what: "command",
                source,
            })
        })?;
        let payload = bytes::Bytes::from(payload);
        let subject = envelope.subject().to_string();
        let mut headers = HeaderMap::new();
        headers.insert(
            async_nats::header::NATS_MESSAGE_ID,
            envelope.id.to_string().as_str(),
        );
        if let Some(parent) = parent {
            headers.insert(trace::HEADER, parent.to_string().as_str());
        }
        let until = Instant::now() + LEADERLESS;
        loop {
            let published = self.answer(async {
                let publish = (subject.clone(), headers.clone(), payload.clone());
                let ack = self
                    .js
                    .publish_with_headers(publish.0, publish.1, publish.2)
                    .await?;
                Ok(ack.await?)
            });
            let error = match published.await {
                Ok(ack) => {
                    return Ok(Published {
                        duplicate: ack.duplicate,
                    });
                }
                Err(error) => error,
            };
            match error {
                StoreError::NoResponders if Instant::now() < until => {
                    tokio::time::sleep(PAUSE).await;
                }
                StoreError::Refused {
                    code: STORE_FAILED,
                    ref text,
                } => {
                    return Err(if text.contains("maximum messages per subject") {
                        SubmitError::StillQueued
                    } else if text.contains("maximum messages") {
                        SubmitError::QueueFull
                    } else {
                        SubmitError::Refused(error)
                    });
                }
                StoreError::NoAnswer | StoreError::NotReachable => {
                    return Err(SubmitError::NoAnswer(error));
                }
                other => return Err(SubmitError::Refused(other)),
            }
        }
    }
}
