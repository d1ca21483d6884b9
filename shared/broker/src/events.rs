//! Reading what is stored of a job's replies, in order.

use kubently_core::event::Event;
use kubently_core::id::RunId;
use kubently_core::result::CommandResult;
use kubently_core::subject::ReplySubject;
use kubently_core::time::Timestamp;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::replies::{decode, result_of};
use crate::topology::reply_stream;

/// The most replies that are read at a time, and the most bytes of them.
const BATCH: (usize, usize) = (64, 512 * 1024);

/// One reply as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReply {
    /// Its sequence in its stream, which is an event's id.
    pub sequence: u64,
    /// When the hub stored it.
    pub stored_at: Timestamp,
    /// What it says.
    pub reply: Reply,
}

/// What a reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// One of the job's events.
    Event(Event),
    /// The job's one result.
    Result(Box<CommandResult>),
    /// An event that cannot be read, such as one of a later version.
    Unreadable,
}

/// Some of a job's replies, in the order they were stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReplies {
    /// The replies.
    pub items: Vec<StoredReply>,
    /// Whether more are stored behind them.
    pub more: bool,
}

/// What is stored under a sequence, for a reader who says that it has seen that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// An event of this run and attempt, with this number.
    Event(RunId, u32, u64),
    /// The job's result.
    Result,
    /// What was stored there is gone by age.
    Expired,
    /// Nothing of this job was ever stored there.
    NotOfThisJob,
}

impl Broker {
    /// The replies of a job after a sequence (0 is all), at most 64 of them and, unless one is
    /// larger, half a MiB.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn replies_after(
        &self,
        reply: &ReplySubject,
        after: u64,
    ) -> Result<StoredReplies, StoreError> {
        let stream = reply_stream(&reply.cluster);
        let (count, bytes) = BATCH;
        let from = after.saturating_add(1);
        let batch = self
            .batch(&stream, &reply.stored(), from, count, bytes)
            .await?;
        let result = reply.result();
        let items = batch.messages.into_iter().map(|message| {
            let stored_at = Timestamp::new(message.time);
            let read = if message.subject.as_str() == result {
                let read = result_of(&message.payload, reply.job, stored_at);
                Reply::Result(Box::new(read))
            } else {
                let read = decode(&message.payload, "event").map(Reply::Event);
                read.unwrap_or_else(|error| {
                    tracing::warn!(job = %reply.job, %error, "an odd event");
                    Reply::Unreadable
                })
            };
            StoredReply {
                sequence: message.sequence,
                stored_at,
                reply: read,
            }
        });
        Ok(StoredReplies {
            items: items.collect(),
            more: batch.more,
        })
    }

    /// What is stored of a job under a sequence.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn mark(&self, reply: &ReplySubject, sequence: u64) -> Result<Mark, StoreError> {
        let stream = reply_stream(&reply.cluster);
        let Some(message) = self.at(&stream, sequence).await? else {
            let state = self.insist(|| self.stream_state(&stream)).await?.state;
            let is_past = sequence > 0 && sequence < state.first_seq;
            return Ok(if is_past {
                Mark::Expired
            } else {
                Mark::NotOfThisJob
            });
        };
        if message.subject.as_str() == reply.result() {
            return Ok(Mark::Result);
        }
        if message.subject.as_str() != reply.event() {
            return Ok(Mark::NotOfThisJob);
        }
        // Nobody was told the id of one that cannot be read.
        let event = decode::<Event>(&message.payload, "event");
        Ok(event.map_or(Mark::NotOfThisJob, |event| {
            Mark::Event(event.run, event.attempt, event.n)
        }))
    }
}
