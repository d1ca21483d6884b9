//! What a command's handling needs of the hub.

use std::future::Future;

use kubently_broker::{Broker, HubClock, StoreError, Stored};
use kubently_core::event::Event;
use kubently_core::result::CommandResult;
use kubently_core::subject::ReplySubject;
use kubently_core::time::Timestamp;

/// Where events and results go.
pub trait Replies: Send + Sync + 'static {
    /// Why something is not stored, or not known to be.
    type Error: std::error::Error + Send + Sync;

    /// Stores an event; ready once the hub has it.
    fn publish_event(
        &self,
        reply: &ReplySubject,
        event: &Event,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Stores the result unless there is one; ready once the hub has a result, this or another.
    fn store_result(
        &self,
        reply: &ReplySubject,
        result: &CommandResult,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// The time on the hub's clock, the only one by which commands are late.
pub trait HubTime: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl Replies for Broker {
    type Error = StoreError;

    async fn publish_event(&self, reply: &ReplySubject, event: &Event) -> Result<(), StoreError> {
        Self::publish_event(self, reply, event).await
    }

    async fn store_result(
        &self,
        reply: &ReplySubject,
        result: &CommandResult,
    ) -> Result<(), StoreError> {
        if Self::store_result(self, reply, result).await? == Stored::Already {
            tracing::info!(job = %result.id, "a result is stored already; this one is dropped");
        }
        Ok(())
    }
}

impl HubTime for HubClock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}
