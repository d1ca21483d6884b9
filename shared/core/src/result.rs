//! The one final result of a command.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::envelope::VERSION;
use crate::event::{Chunk, Event, EventKind, OutputStream};
use crate::id::{JobId, RunId};
use crate::payload::{MAX_INLINE, Payload};
use crate::status::{ExecutionStatus, FinalStatus, Reason};
use crate::text::WorkerName;
use crate::time::Timestamp;
use crate::told::Told;

/// The result of a command, version 1. Whoever stores it first decides how the job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct CommandResult {
    /// Always [`VERSION`].
    pub v: u32,
    /// The job's id.
    pub id: JobId,
    /// The command's id, which is the job's.
    pub command_id: JobId,
    /// How many times the command had been delivered; 0 in a result that a gateway stored.
    pub attempt: u32,
    /// Which execution it is of; none in a result that a gateway stored.
    pub run: Option<RunId>,
    /// How the job ended.
    pub status: FinalStatus,
    /// Why it failed or was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Whether it ran to its end with exit code 0.
    pub success: bool,
    /// What it wrote to stdout, where that is inline and UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The same as base64, where it is no UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_b64: Option<String>,
    /// What it wrote to stderr (also when it succeeded), or why it never ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same as base64, where it is no UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_b64: Option<String>,
    /// kubectl's exit code; none where it never ran to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How long it ran, in milliseconds.
    pub execution_time_ms: u64,
    /// When it ended, on the hub's clock.
    pub executed_at: Timestamp,
    /// How many events of its run were stored before it.
    pub events: u64,
    /// Length of stdout in bytes.
    pub stdout_bytes: u64,
    /// Length of stderr in bytes.
    pub stderr_bytes: u64,
    /// SHA-256 of stdout, then stderr, in hex.
    pub sha256: String,
    /// Whether output was cut at the policy's cap.
    pub truncated: bool,
    /// The worker that ran it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerName>,
    /// The policy that the worker enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_hash: Option<String>,
}

/// How an execution ended, before it is put into a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How the job ended.
    pub status: FinalStatus,
    /// Why it failed or was cancelled.
    pub reason: Option<Reason>,
    /// kubectl's exit code, where it ran.
    pub exit_code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: Vec<u8>,
    /// Whether output was cut.
    pub truncated: bool,
    /// What was told of the two outputs before, while it ran; nothing for most commands.
    pub told: Told,
}

/// Which execution ended, where and when.
#[derive(Debug, Clone)]
pub struct Run {
    /// The job.
    pub job: JobId,
    /// The delivery count.
    pub attempt: u32,
    /// The execution.
    pub run: RunId,
    /// How long it took, in milliseconds.
    pub execution_time_ms: u64,
    /// When it ended, on the hub's clock.
    pub executed_at: Timestamp,
    /// Who ran it.
    pub worker: WorkerName,
    /// Under which policy.
    pub policy_hash: String,
}

impl Ended {
    /// It ran to its end, and nothing was told or cut before.
    #[must_use]
    pub fn completed(exit_code: i32, stdout: Vec<u8>, stderr: Vec<u8>) -> Self {
        Self {
            status: FinalStatus::Completed,
            reason: None,
            exit_code: Some(exit_code),
            stdout,
            stderr,
            truncated: false,
            told: Told::default(),
        }
    }

    /// It never ran, or not to its end.
    #[must_use]
    pub fn failed(reason: Reason, error: impl Into<String>) -> Self {
        Self {
            status: FinalStatus::Failed,
            reason: Some(reason),
            exit_code: None,
            ..Self::completed(0, Vec::new(), error.into().into_bytes())
        }
    }
}

impl CommandResult {
    /// Puts an ended execution into a result, and before it the chunks of an output that is too
    /// large to stand in it, or that goes on from what was told while it ran. The chunks must be
    /// stored first.
    #[must_use]
    pub fn of(run: Run, ended: &Ended) -> (Vec<Event>, Self) {
        let Ended {
            status,
            reason,
            exit_code,
            stdout,
            stderr,
            truncated,
            told,
        } = ended;
        let mut result = Self {
            v: VERSION,
            id: run.job,
            command_id: run.job,
            attempt: run.attempt,
            run: Some(run.run),
            status: *status,
            reason: *reason,
            success: *status == FinalStatus::Completed && *exit_code == Some(0),
            output: None,
            output_b64: None,
            error: None,
            error_b64: None,
            exit_code: *exit_code,
            execution_time_ms: run.execution_time_ms,
            executed_at: run.executed_at,
            events: 0,
            stdout_bytes: told.stdout_bytes() + stdout.len() as u64,
            stderr_bytes: told.stderr_bytes() + stderr.len() as u64,
            sha256: hex(told.digest(stdout, stderr).as_ref()),
            truncated: *truncated,
            worker: Some(run.worker),
            policy_hash: Some(run.policy_hash),
        };
        let mut chunks = Vec::new();
        if told.events() == 0 && stdout.len() + stderr.len() <= MAX_INLINE {
            (result.output, result.output_b64) = Payload::of(stdout).into_fields();
            (result.error, result.error_b64) = Payload::of(stderr).into_fields();
        } else {
            let streams = [
                (OutputStream::Stdout, stdout),
                (OutputStream::Stderr, stderr),
            ];
            let pieces = streams.into_iter().flat_map(|(stream, bytes)| {
                bytes
                    .chunks(MAX_INLINE)
                    .map(move |piece| Chunk::of(stream, piece))
            });
            chunks = (told.events() + 1..)
                .zip(pieces)
                .map(|(n, chunk)| Event {
                    v: VERSION,
                    attempt: run.attempt,
                    run: run.run,
                    n,
                    kind: EventKind::Output(chunk),
                })
                .collect();
        }
        result.events = told.events() + chunks.len() as u64;
        (chunks, result)
    }

    /// A result that a gateway stores for what no worker ran.
    #[must_use]
    pub fn never_ran(job: JobId, status: FinalStatus, reason: Reason, at: Timestamp) -> Self {
        Self {
            v: VERSION,
            id: job,
            command_id: job,
            attempt: 0,
            run: None,
            status,
            reason: Some(reason),
            success: false,
            output: None,
            output_b64: None,
            error: None,
            error_b64: None,
            exit_code: None,
            execution_time_ms: 0,
            executed_at: at,
            events: 0,
            stdout_bytes: 0,
            stderr_bytes: 0,
            sha256: checksum(b"", b""),
            truncated: false,
            worker: None,
            policy_hash: None,
        }
    }

    /// stdout and stderr where they stand in the result; `None` where they are in chunks.
    #[must_use]
    pub fn inline_output(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        if self.is_silent() {
            return Some((Vec::new(), Vec::new()));
        }
        let stdout = Payload::bytes(self.output.as_deref(), self.output_b64.as_deref())?;
        let stderr = Payload::bytes(self.error.as_deref(), self.error_b64.as_deref())?;
        Some((stdout, stderr))
    }

    /// The same of a result that is not needed any more: text is not copied.
    #[must_use]
    pub fn into_inline_output(self) -> Option<(Vec<u8>, Vec<u8>)> {
        if self.is_silent() {
            return Some((Vec::new(), Vec::new()));
        }
        let stdout = Payload::bytes(self.output, self.output_b64.as_deref())?;
        let stderr = Payload::bytes(self.error, self.error_b64.as_deref())?;
        Some((stdout, stderr))
    }

    const fn is_silent(&self) -> bool {
        self.stdout_bytes == 0 && self.stderr_bytes == 0
    }

    /// Whether these bytes are what the worker wrote, whole.
    #[must_use]
    pub fn is_output(&self, stdout: &[u8], stderr: &[u8]) -> bool {
        checksum(stdout, stderr) == self.sha256
    }

    /// The caller's view of how it ended.
    #[must_use]
    pub const fn execution_status(&self) -> ExecutionStatus {
        ExecutionStatus::finished(self.status, self.success, self.reason)
    }
}

fn checksum(stdout: &[u8], stderr: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(stdout)
        .chain_update(stderr)
        .finalize();
    hex(&digest)
}

fn hex(digest: &[u8]) -> String {
    digest
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests;
