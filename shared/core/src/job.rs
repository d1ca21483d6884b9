//! The life of one command.

use serde::{Deserialize, Serialize};

use crate::envelope::Envelope;
use crate::id::ApiKeyId;
use crate::idempotency::Submission;
use crate::result::CommandResult;
use crate::status::{ExecutionStatus, JobStatus};
use crate::subject::CommandSubject;
use crate::time::Timestamp;

/// How long past its queue and run time a command may still be answered, in seconds: the last
/// worker's last word needs a moment to arrive.
pub const GRACE_SECONDS: u32 = 10;

/// What is kept of a job beside its messages, under its owner: the door to its replies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Where the command was published.
    pub subject: CommandSubject,
    /// The command itself.
    pub envelope: Envelope,
    /// The key that submitted it.
    pub key_id: ApiKeyId,
}

/// How far a job has come. Derived from what is stored, never written itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// Its command waits in the queue.
    Queued,
    /// Its command is in the queue's hands and a worker has begun.
    Running {
        /// How often it had been delivered when the worker began.
        attempt: u32,
        /// When the worker began, on the hub's clock.
        started_at: Option<Timestamp>,
    },
    /// It has its one result.
    Finished(Box<CommandResult>),
}

/// What the stores hold of a job, read in this order: the result; where there is none, the
/// message; where there is none either, the result again, because it is stored before the ack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    /// The stored result.
    pub result: Option<Box<CommandResult>>,
    /// Whether the command is still in the queue's hands.
    pub message: bool,
    /// The job's last event: its attempt and its time.
    pub started: Option<(u32, Option<Timestamp>)>,
    /// Whether the reply stream still reaches back to when the job was queued.
    pub replies_reach_back: bool,
}

/// What the traces say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Derived {
    /// The job's state.
    State(JobState),
    /// Its result was stored once and is gone by age: 410.
    ResultExpired,
    /// Nothing took it and its deadline is over: whoever sees this stores a `timeout` result by
    /// compare-and-set and answers with what is stored then.
    Overdue,
}

impl JobRecord {
    /// The instant after which nobody starts the command or answers it, counted from when the
    /// hub stored it (`queued_at` where only this record is left).
    #[must_use]
    pub fn deadline(&self, stored_at: Timestamp) -> Timestamp {
        deadline(&self.envelope, stored_at)
    }

    /// The same command as it was submitted before, under the same idempotency key.
    #[must_use]
    pub fn resubmitted(mut self, earlier: &Submission) -> Self {
        self.envelope.id = earlier.subject.job;
        self.envelope.origin = earlier.subject.origin.clone();
        self.envelope.queued_at = earlier.queued_at;
        self.subject = earlier.subject.clone();
        self
    }

    /// What these traces say of the job at this time.
    #[must_use]
    pub fn derive(&self, traces: Traces, now: Timestamp) -> Derived {
        if let Some(result) = traces.result {
            return Derived::State(JobState::Finished(result));
        }
        let unfinished = match traces.started {
            Some((attempt, started_at)) => JobState::Running {
                attempt,
                started_at,
            },
            None => JobState::Queued,
        };
        if traces.message {
            return Derived::State(unfinished);
        }
        if !traces.replies_reach_back {
            return Derived::ResultExpired;
        }
        if now < self.deadline(self.envelope.queued_at) {
            return Derived::State(unfinished);
        }
        Derived::Overdue
    }
}

/// See [`JobRecord::deadline`].
#[must_use]
pub fn deadline(envelope: &Envelope, stored_at: Timestamp) -> Timestamp {
    let seconds = envelope.queue_timeout_seconds.get() + envelope.timeout_seconds.get();
    stored_at.plus_seconds(seconds + GRACE_SECONDS)
}

impl JobState {
    /// The status in a job's JSON.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        match self {
            Self::Queued => JobStatus::Queued,
            Self::Running { .. } => JobStatus::Running,
            Self::Finished(result) => result.status.into(),
        }
    }

    /// The status as the command's caller sees it.
    #[must_use]
    pub fn execution_status(&self) -> ExecutionStatus {
        match self {
            Self::Queued => ExecutionStatus::unfinished(false),
            Self::Running { .. } => ExecutionStatus::unfinished(true),
            Self::Finished(result) => result.execution_status(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{FinalStatus, Reason};

    fn record() -> JobRecord {
        let envelope: Envelope = serde_json::from_value(serde_json::json!({
            "v": 1, "id": "0199b6a0-5c1e-7d3a-8f00-1234567890ab", "cluster_id": "prod-eu",
            "origin": "gw-0000beef", "owner": null, "command_type": "get", "args": ["pods"],
            "queued_at": "2026-11-23T08:00:00.000Z"
        }))
        .unwrap();
        let key_id = "7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90".parse().unwrap();
        JobRecord {
            subject: envelope.subject(),
            envelope,
            key_id,
        }
    }

    fn nothing() -> Traces {
        Traces {
            result: None,
            message: false,
            started: None,
            replies_reach_back: true,
        }
    }

    fn after(seconds: u32) -> Timestamp {
        record().envelope.queued_at.plus_seconds(seconds)
    }

    #[test]
    fn a_result_decides_whatever_else_is_stored() {
        let id = record().envelope.id;
        let result = CommandResult::never_ran(
            id,
            FinalStatus::Cancelled,
            Reason::CancelledByUser,
            after(1),
        );
        let traces = Traces {
            result: Some(Box::new(result)),
            message: true,
            ..nothing()
        };
        let Derived::State(state) = record().derive(traces, after(1)) else {
            panic!("no state")
        };
        assert_eq!(state.status(), JobStatus::Cancelled);
    }

    #[test]
    fn a_message_with_an_event_is_running_and_without_one_is_queued() {
        let queued = Traces {
            message: true,
            ..nothing()
        };
        let running = Traces {
            message: true,
            started: Some((2, None)),
            ..nothing()
        };
        assert_eq!(
            record().derive(queued, after(999)),
            Derived::State(JobState::Queued)
        );
        let state = JobState::Running {
            attempt: 2,
            started_at: None,
        };
        assert_eq!(record().derive(running, after(1)), Derived::State(state));
    }

    #[test]
    fn a_job_without_any_trace_is_queued_until_its_deadline_and_overdue_after_it() {
        assert_eq!(
            record().derive(nothing(), after(79)),
            Derived::State(JobState::Queued)
        );
        assert_eq!(record().derive(nothing(), after(80)), Derived::Overdue);
        let aged = Traces {
            replies_reach_back: false,
            ..nothing()
        };
        assert_eq!(record().derive(aged, after(80)), Derived::ResultExpired);
    }
}
