//! A command in a worker's hands: acknowledged, given back, or kept alive, and never forgotten.

use std::sync::Arc;

use async_nats::jetstream::{AckKind, Message};
use kubently_core::bounded::Priority;
use kubently_core::time::Timestamp;
use kubently_core::trace::{self, TraceParent};
use tokio::sync::OwnedSemaphorePermit;

use crate::consume::{Held, InHand};
use crate::error::StoreError;
use crate::outbox::{Note, Outbox};

/// One delivery of a command. It tells the server that it is in progress until it is acked or
/// given back; dropped undecided, it is given back.
#[derive(Debug)]
pub struct Delivery {
    message: Option<Message>,
    outbox: Arc<Outbox>,
    attempt: u32,
    stored_at: Timestamp,
    pending: u64,
    /// Let go of together with the delivery.
    _held: Held,
    /// The slot it runs in; none while it waits in the window.
    slot: Option<OwnedSemaphorePermit>,
}

impl Delivery {
    /// Takes a message of a pull; `None` where its ack subject is none of `JetStream`'s.
    pub(crate) fn new(message: Message, in_hand: &InHand, outbox: &Arc<Outbox>) -> Option<Self> {
        let (attempt, stored_at, pending) = {
            let info = message.info().ok()?;
            let attempt = u32::try_from(info.delivered).unwrap_or(u32::MAX);
            (attempt, Timestamp::new(info.published), info.pending)
        };
        let held = in_hand.hold(message.reply.clone()?);
        Some(Self {
            message: Some(message),
            outbox: Arc::clone(outbox),
            attempt,
            stored_at,
            pending,
            _held: held,
            slot: None,
        })
    }

    pub(crate) fn run_in(mut self, slot: OwnedSemaphorePermit) -> Self {
        self.slot = Some(slot);
        self
    }

    /// How many more messages its lane held when it was delivered.
    pub(crate) const fn pending(&self) -> u64 {
        self.pending
    }

    /// The exact number of its priority, which orders the window; 0 where it cannot be read.
    pub(crate) fn priority(&self) -> u32 {
        #[derive(serde::Deserialize)]
        struct Prioritised {
            #[serde(default)]
            priority: Priority,
        }
        let read = serde_json::from_slice::<Prioritised>(self.payload());
        read.map_or(0, |prioritised| prioritised.priority.get())
    }

    /// The subject that the command was published on.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.message
            .as_ref()
            .map_or("", |message| message.subject.as_str())
    }

    /// The message's bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.message
            .as_ref()
            .map_or(&[], |message| &message.payload)
    }

    /// Whose trace the command belongs to. A publisher can write anything there: what is no
    /// `traceparent`, or stands there twice, is none.
    #[must_use]
    pub fn parent(&self) -> Option<TraceParent> {
        let headers = self.message.as_ref()?.headers.as_ref()?;
        let mut values = headers.get_all(trace::HEADER);
        let parent = values.next()?.as_str().parse().ok();
        parent.filter(|_| values.next().is_none())
    }

    /// How often the command has been delivered, this time included.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When the hub stored the command, on its own clock.
    #[must_use]
    pub const fn stored_at(&self) -> Timestamp {
        self.stored_at
    }

    /// The command is answered: it leaves the queue, 5 ms later at most. An ack that is lost only brings the command
    /// back, and whoever gets it then finds the stored result.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn ack(mut self) -> Result<(), StoreError> {
        let Some(message) = self.message.take() else {
            return Ok(());
        };
        let Some(subject) = message.message.reply else {
            return Ok(());
        };
        let ack = Note {
            subject,
            reply: None,
            payload: AckKind::Ack.into(),
        };
        self.outbox.tell_along(ack).await
    }

    /// Gives the command back to the queue, at once.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn give_back(mut self) -> Result<(), StoreError> {
        let Some(message) = self.message.take() else {
            return Ok(());
        };
        message
            .ack_with(AckKind::Nak(None))
            .await
            .map_err(StoreError::client)
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let (Some(message), Ok(runtime)) =
            (self.message.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(async move {
            if let Err(error) = message.ack_with(AckKind::Nak(None)).await {
                tracing::warn!(%error, "a command could not be given back; it comes back by itself");
            }
        });
    }
}
