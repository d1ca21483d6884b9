//! A command in the source's own shape.

use serde::{Deserialize, Serialize};

use super::JobResponse;
use crate::cluster::ClusterId;
use crate::id::{JobId, SessionId};
use crate::status::ExecutionStatus;
use crate::text::CorrelationId;
use crate::time::Timestamp;

/// What `POST /debug/execute` answers: the source's view of a [`JobResponse`]. Fields that are not
/// known yet are null, never absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct CommandResponse {
    /// The command's id, which is the job's.
    pub command_id: JobId,
    /// The session it belongs to.
    pub session_id: Option<SessionId>,
    /// The cluster that runs it.
    pub cluster_id: ClusterId,
    /// How far it has come.
    pub status: ExecutionStatus,
    /// The caller's own id.
    pub correlation_id: Option<CorrelationId>,
    /// stdout, up to 256 KiB together with `error`.
    pub output: Option<String>,
    /// stderr, or why it never ran.
    pub error: Option<String>,
    /// How long it ran, in milliseconds.
    pub execution_time_ms: Option<u64>,
    /// When it ended.
    pub executed_at: Option<Timestamp>,
}

impl From<JobResponse> for CommandResponse {
    fn from(job: JobResponse) -> Self {
        Self {
            command_id: job.id,
            session_id: job.session_id,
            cluster_id: job.cluster_id,
            status: job.execution_status,
            correlation_id: job.correlation_id,
            output: job.output,
            error: job.error,
            execution_time_ms: job.execution_time_ms,
            executed_at: job.end_time,
        }
    }
}
