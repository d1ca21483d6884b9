//! How far a job has come, read from what is stored.

use kubently_core::job::{Derived, JobRecord, JobState, Traces};
use kubently_core::result::CommandResult;
use kubently_core::status::{FinalStatus, Reason};
use kubently_core::time::Timestamp;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::stream::StreamAnswer;
use crate::topology::{JOB_RETENTION, reply_stream};

/// What the stores know of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Its state.
    State(JobState),
    /// It had a result, which is gone by age.
    ResultExpired,
}

impl Broker {
    /// Derives a job's state. A job that nobody took in time gets its `timeout` result here, by
    /// compare-and-set, and is answered with whatever is stored then.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn job_state(&self, record: &JobRecord) -> Result<Known, StoreError> {
        let reply = record.subject.reply();
        let finished = |result| Known::State(JobState::Finished(Box::new(result)));
        if let Some(result) = self.result(&reply).await? {
            return Ok(finished(result));
        }
        let message = self.queued(&record.subject).await?.is_some();
        let started = self.started(&reply).await?;
        let mut traces = Traces {
            result: None,
            message,
            started,
            replies_reach_back: true,
        };
        let mut now = record.envelope.queued_at;
        if !message {
            // The result is stored before the command is acked, so it may have come since.
            traces.result = self.result(&reply).await?.map(Box::new);
            let replies = reply_stream(&reply.cluster);
            let replies = self.insist(|| self.stream_state(&replies)).await?;
            now = Timestamp::new(replies.ts);
            traces.replies_reach_back = reaches_back(&replies, record.envelope.queued_at);
        }
        match record.derive(traces, now) {
            Derived::State(state) => Ok(Known::State(state)),
            Derived::ResultExpired => Ok(Known::ResultExpired),
            Derived::Overdue => {
                let reason = if started.is_some() {
                    Reason::Timeout
                } else {
                    Reason::QueueTimeout
                };
                let job = record.envelope.id;
                let result = CommandResult::never_ran(job, FinalStatus::Failed, reason, now);
                self.insist(|| self.store_result(&reply, &result)).await?;
                Ok(finished(self.result(&reply).await?.unwrap_or(result)))
            }
        }
    }
}

fn reaches_back(replies: &StreamAnswer, queued_at: Timestamp) -> bool {
    let state = &replies.state;
    if state.first_seq <= 1 {
        return true;
    }
    if state.messages == 0 {
        let age = replies.ts.signed_duration_since(queued_at.get());
        return age.to_std().is_ok_and(|age| age < JOB_RETENTION);
    }
    state.first_ts <= queued_at.get()
}
