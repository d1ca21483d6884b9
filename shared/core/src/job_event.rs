//! An event of a job as its owner reads it: `GET /v1/jobs/{id}/events`.

use serde::{Deserialize, Serialize};

use crate::event::{Chunk, Event, EventKind};
use crate::id::{JobId, RunId};
use crate::response::JobResponse;
use crate::text::WorkerName;
use crate::time::Timestamp;

/// One event of a job. The source model's fields `type`, `data`, `success` and `timestamp`, and
/// its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct JobEvent {
    /// Its id: it grows within a job, is not dense, and is the same on every gateway. Null of
    /// `reset`, which is no stored event.
    pub id: Option<u64>,
    /// The job.
    pub job_id: JobId,
    /// When the hub stored it; null of `reset`.
    pub timestamp: Option<Timestamp>,
    /// What happened.
    #[serde(flatten)]
    pub what: Happened,
}

/// What happened to a job; `type` in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Happened {
    /// A worker has begun.
    Started {
        /// How often the command had been delivered, from 1.
        attempt: u32,
        /// Which execution it is.
        run: RunId,
        /// Its number in the run: 0.
        n: u64,
        /// The worker's name.
        worker: WorkerName,
    },
    /// A stretch of output that was told at the command's end.
    Output(Stretch),
    /// A stretch of output that was told while the command ran.
    Log(Stretch),
    /// What was told before is void: another run counts.
    Reset,
    /// The job has ended; nothing comes after it.
    Complete {
        /// Whether it ran to its end with exit code 0.
        success: bool,
        /// The job, as `GET /v1/jobs/{id}` answers it.
        job: Box<JobResponse>,
    },
}

/// A stretch of one of the two output streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Stretch {
    /// How often the command had been delivered, from 1.
    pub attempt: u32,
    /// Which execution it is of.
    pub run: RunId,
    /// Its number in the run, from 1 without gaps.
    pub n: u64,
    /// The bytes, `data` where they are UTF-8, else `data_b64`.
    #[serde(flatten)]
    pub chunk: Chunk,
}

impl JobEvent {
    /// A stored event.
    #[must_use]
    pub fn stored(job_id: JobId, id: u64, timestamp: Timestamp, event: Event) -> Self {
        let Event {
            attempt, run, n, ..
        } = event;
        let stretch = |chunk| Stretch {
            attempt,
            run,
            n,
            chunk,
        };
        let what = match event.kind {
            EventKind::Started { worker, .. } => Happened::Started {
                attempt,
                run,
                n,
                worker,
            },
            EventKind::Output(chunk) => Happened::Output(stretch(chunk)),
            EventKind::Log(chunk) => Happened::Log(stretch(chunk)),
        };
        Self {
            id: Some(id),
            job_id,
            timestamp: Some(timestamp),
            what,
        }
    }

    /// What was told before is void.
    #[must_use]
    pub const fn reset(job_id: JobId) -> Self {
        Self {
            id: None,
            job_id,
            timestamp: None,
            what: Happened::Reset,
        }
    }

    /// The job's end.
    #[must_use]
    pub fn complete(id: u64, timestamp: Timestamp, job: JobResponse) -> Self {
        Self {
            id: Some(id),
            job_id: job.id,
            timestamp: Some(timestamp),
            what: Happened::Complete {
                success: job.success == Some(true),
                job: Box::new(job),
            },
        }
    }

    /// The type as it stands in JSON, also the name of a server-sent event.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.what {
            Happened::Started { .. } => "started",
            Happened::Output(_) => "output",
            Happened::Log(_) => "log",
            Happened::Reset => "reset",
            Happened::Complete { .. } => "complete",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::OutputStream;

    #[test]
    fn an_event_is_flat_and_has_its_id() {
        let event = Event {
            v: 1,
            attempt: 2,
            run: "7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90".parse().unwrap(),
            n: 3,
            kind: EventKind::Output(Chunk::of(OutputStream::Stderr, b"a\n")),
        };
        let job: JobId = "0199b6a0-5c1e-7d3a-8f00-1234567890ab".parse().unwrap();
        let at = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
        let told = JobEvent::stored(job, 12, at, event);
        assert_eq!(
            serde_json::to_value(&told).unwrap(),
            serde_json::json!({
                "id": 12, "job_id": "0199b6a0-5c1e-7d3a-8f00-1234567890ab",
                "timestamp": "2026-11-23T08:00:00.000Z", "type": "output", "attempt": 2,
                "run": "7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90", "n": 3, "stream": "stderr",
                "data": "a\n"
            })
        );
        let reset = serde_json::to_value(JobEvent::reset(job)).unwrap();
        assert_eq!(
            (&reset["type"], &reset["id"]),
            (&"reset".into(), &serde_json::Value::Null)
        );
    }
}
