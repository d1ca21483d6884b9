//! What a caller is answered.

use serde::{Deserialize, Serialize};

use crate::bounded::Priority;
use crate::cluster::ClusterId;
use crate::id::{JobId, SessionId, UserId};
use crate::job::{JobRecord, JobState};
use crate::payload::MAX_INLINE;
use crate::result::CommandResult;
use crate::status::{ExecutionStatus, JobStatus, Reason};
use crate::text::CorrelationId;
use crate::time::Timestamp;
use crate::verb::Verb;

mod command;
mod full;

pub use command::CommandResponse;
pub use full::FullJob;

/// A job as its owner sees it: `POST /v1/commands`, `GET /v1/jobs/{id}`.
///
/// Fields that are not known yet are null, never absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    any(test, feature = "schema"),
    derive(schemars::JsonSchema),
    schemars(rename = "Job")
)]
pub struct JobResponse {
    /// The job's id.
    pub id: JobId,
    /// Its owner.
    pub user_id: Option<UserId>,
    /// The cluster that runs it.
    pub cluster_id: ClusterId,
    /// The session it belongs to.
    pub session_id: Option<SessionId>,
    /// The caller's own id.
    pub correlation_id: Option<CorrelationId>,
    /// The verb.
    pub command_type: Verb,
    /// The arguments as they were given.
    pub args: Vec<String>,
    /// The namespace field as it was given, else `default`.
    pub namespace: String,
    /// How much it matters.
    pub priority: Priority,
    /// How far it has come.
    pub status: JobStatus,
    /// The same as its caller sees it.
    pub execution_status: ExecutionStatus,
    /// Whether it ran to its end with exit code 0; null until it has ended.
    pub success: Option<bool>,
    /// Why it failed or was cancelled.
    pub reason: Option<Reason>,
    /// When it was accepted.
    pub queued_at: Timestamp,
    /// When a worker began.
    pub start_time: Option<Timestamp>,
    /// When it ended.
    pub end_time: Option<Timestamp>,
    /// The worker's name (the source model's field).
    pub container_id: Option<String>,
    /// Always null (the source model's field).
    pub zip_file_path: Option<String>,
    /// How often it has been delivered to a worker.
    pub attempt: Option<u32>,
    /// kubectl's exit code.
    pub exit_code: Option<i32>,
    /// How long it ran, in milliseconds.
    pub execution_time_ms: Option<u64>,
    /// stdout, up to 256 KiB together with `error`; what is no UTF-8 reads as U+FFFD.
    pub output: Option<String>,
    /// stderr, or why it never ran.
    pub error: Option<String>,
    /// Where the output is, when it is too large to stand here.
    pub output_url: Option<String>,
    /// Whether the output was cut at the policy's cap.
    pub truncated: bool,
}

impl JobResponse {
    /// The job of this record in this state.
    #[must_use]
    pub fn new(record: JobRecord, state: JobState) -> Self {
        let envelope = record.envelope;
        let mut job = Self {
            id: envelope.id,
            user_id: envelope.owner,
            cluster_id: envelope.cluster_id,
            session_id: envelope.session_id,
            correlation_id: envelope.correlation_id,
            command_type: envelope.command_type,
            args: envelope.args,
            namespace: envelope.namespace.unwrap_or_else(|| "default".to_owned()),
            priority: envelope.priority,
            status: state.status(),
            execution_status: state.execution_status(),
            success: None,
            reason: None,
            queued_at: envelope.queued_at,
            start_time: None,
            end_time: None,
            container_id: None,
            zip_file_path: None,
            attempt: None,
            exit_code: None,
            execution_time_ms: None,
            output: None,
            error: None,
            output_url: None,
            truncated: false,
        };
        match state {
            JobState::Queued => {}
            JobState::Running {
                attempt,
                started_at,
            } => {
                job.attempt = Some(attempt);
                job.start_time = started_at;
            }
            JobState::Finished(result) => job.finish(*result),
        }
        job
    }

    fn finish(&mut self, mut result: CommandResult) {
        self.success = Some(result.success);
        self.reason = result.reason;
        // Two clocks were read, the gateway's and the hub's: nothing starts before it is queued.
        let started = result.executed_at.minus_millis(result.execution_time_ms);
        self.start_time = result.run.map(|_| started.max(self.queued_at));
        self.end_time = Some(result.executed_at);
        self.container_id = result.worker.take().map(String::from);
        self.attempt = Some(result.attempt);
        self.exit_code = result.exit_code;
        self.execution_time_ms = result.run.map(|_| result.execution_time_ms);
        self.truncated = result.truncated;
        let never = result.reason.filter(|_| result.run.is_none());
        match result.into_inline_output() {
            Some((stdout, stderr)) if stdout.len() + stderr.len() <= MAX_INLINE => {
                self.output = Some(lossy(stdout));
                self.error = Some(lossy(stderr));
            }
            _ => self.output_url = Some(format!("/v1/jobs/{}/output", self.id)),
        }
        if let Some(reason) = never {
            self.error = Some(never_ran(reason).to_owned());
        }
    }
}

/// Bytes as text, without a copy where they are text.
fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// What a job's owner reads where a gateway ended it.
const fn never_ran(reason: Reason) -> &'static str {
    match reason {
        Reason::QueueTimeout => {
            "no worker of the cluster took the command in time; ask again once one is connected, or with a larger queue_timeout_seconds"
        }
        Reason::Timeout => "the command's time was over before a worker answered",
        Reason::CancelledByUser => "the job was cancelled",
        Reason::SessionEnded => "the job's session ended",
        Reason::KeyRevoked => "the job's API key was revoked",
        Reason::UserDeactivated => "the job's owner was deactivated",
        Reason::ClusterRemoved => "the job's cluster was removed",
        Reason::Poison
        | Reason::Undecodable
        | Reason::SubjectMismatch
        | Reason::UnsupportedVersion
        | Reason::PolicyDenied
        | Reason::OutputTooLarge => "the command could not be run",
    }
}
