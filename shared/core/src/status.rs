//! The two views of how far a command has come.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The life of a job: queued → running → completed | failed | cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// Waiting for a worker.
    Queued,
    /// A worker has begun.
    Running,
    /// It ran; `success` says how it ended.
    Completed,
    /// It never ran, or not to its end; the reason says why.
    Failed,
    /// It was called off.
    Cancelled,
}

/// The status of a command as its caller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExecutionStatus {
    /// Queued.
    Pending,
    /// Running.
    Running,
    /// Completed with exit code 0.
    Success,
    /// Completed with another exit code, or failed before it ran.
    Failure,
    /// Failed because time ran out, in the queue or while it ran.
    Timeout,
    /// Cancelled.
    Cancelled,
}

/// How a job ended: the status of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FinalStatus {
    /// It ran to its end.
    Completed,
    /// It did not run to its end.
    Failed,
    /// It was called off.
    Cancelled,
}

/// Why a job failed or was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No worker took it within `queue_timeout_seconds`.
    QueueTimeout,
    /// It ran longer than `timeout_seconds`.
    Timeout,
    /// Nine deliveries ended without a result.
    Poison,
    /// The message was no command envelope.
    Undecodable,
    /// The subject's tokens and the envelope's fields differ.
    SubjectMismatch,
    /// The envelope's version is newer than the worker.
    UnsupportedVersion,
    /// The grammar or the worker's policy refused it.
    PolicyDenied,
    /// The output is over the cap and may not be cut.
    OutputTooLarge,
    /// Its owner cancelled it.
    CancelledByUser,
    /// Its session ended.
    SessionEnded,
    /// The key it was submitted with was revoked.
    KeyRevoked,
    /// Its owner was deactivated.
    UserDeactivated,
    /// Its cluster was removed.
    ClusterRemoved,
}

impl From<FinalStatus> for JobStatus {
    fn from(status: FinalStatus) -> Self {
        match status {
            FinalStatus::Completed => Self::Completed,
            FinalStatus::Failed => Self::Failed,
            FinalStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl ExecutionStatus {
    /// The view of an unfinished job.
    #[must_use]
    pub const fn unfinished(running: bool) -> Self {
        if running {
            Self::Running
        } else {
            Self::Pending
        }
    }

    /// The view of a finished one.
    #[must_use]
    pub const fn finished(status: FinalStatus, success: bool, reason: Option<Reason>) -> Self {
        match (status, reason) {
            (FinalStatus::Cancelled, _) => Self::Cancelled,
            (FinalStatus::Completed, _) if success => Self::Success,
            (FinalStatus::Failed, Some(Reason::QueueTimeout | Reason::Timeout)) => Self::Timeout,
            (FinalStatus::Completed | FinalStatus::Failed, _) => Self::Failure,
        }
    }
}

impl Reason {
    /// The reason as it stands in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueTimeout => "queue_timeout",
            Self::Timeout => "timeout",
            Self::Poison => "poison",
            Self::Undecodable => "undecodable",
            Self::SubjectMismatch => "subject_mismatch",
            Self::UnsupportedVersion => "unsupported_version",
            Self::PolicyDenied => "policy_denied",
            Self::OutputTooLarge => "output_too_large",
            Self::CancelledByUser => "cancelled_by_user",
            Self::SessionEnded => "session_ended",
            Self::KeyRevoked => "key_revoked",
            Self::UserDeactivated => "user_deactivated",
            Self::ClusterRemoved => "cluster_removed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_one_view() {
        use ExecutionStatus as View;
        let view = ExecutionStatus::finished;
        assert_eq!(view(FinalStatus::Completed, true, None), View::Success);
        assert_eq!(view(FinalStatus::Completed, false, None), View::Failure);
        assert_eq!(
            view(FinalStatus::Failed, false, Some(Reason::Poison)),
            View::Failure
        );
        assert_eq!(
            view(FinalStatus::Failed, false, Some(Reason::QueueTimeout)),
            View::Timeout
        );
        assert_eq!(
            view(FinalStatus::Failed, false, Some(Reason::Timeout)),
            View::Timeout
        );
        let cancelled = view(FinalStatus::Cancelled, false, Some(Reason::SessionEnded));
        assert_eq!(cancelled, View::Cancelled);
    }

    #[test]
    fn a_reason_reads_the_same_in_json_and_in_text() {
        for reason in [
            Reason::QueueTimeout,
            Reason::OutputTooLarge,
            Reason::ClusterRemoved,
        ] {
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("\"{reason}\""));
        }
    }
}
