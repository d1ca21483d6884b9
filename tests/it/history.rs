//! A history of calls, as Jepsen keeps it: what was asked and when, what was told and when. The rules that
//! it must keep are in [`check`].

mod audit;
mod check;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) use audit::{audit, audit_as, recorded};
pub(crate) use check::check;

/// The calls of a run, of all its clients.
#[derive(Debug, Default)]
pub(crate) struct History {
    clock: AtomicUsize,
    calls: Mutex<Vec<Call>>,
}

/// One call. Its two times are places in the order of all beginnings and ends.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) asked: Asked,
    pub(crate) begun: usize,
    pub(crate) told: Told,
    pub(crate) ended: usize,
    pub(crate) took: Duration,
}

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// That a command be run. Its mark is its correlation id: one for a command and all its replays.
    Submit {
        mark: String,
        /// Text that only the answer to this command holds.
        expects: Option<String>,
    },
    /// The same past the gateways, under an id of one's own.
    Publish { job: String },
    /// How far a job has come.
    Read { job: String },
    /// That a job be called off.
    Cancel { job: String },
    /// The events of a job; one follower goes on where it was let go.
    Follow { job: String, follower: usize },
    /// Results of a job on the live feed.
    Listen { job: String },
}

/// What was told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// The state of a job: it is accepted.
    Job { job: String, state: State },
    /// The end of a job that was to be cancelled, and whether that ended it.
    Cancelled { end: End, won: bool },
    /// It is stored.
    Stored,
    /// Events, in the order they came.
    Events(Vec<Event>),
    /// Ends that were heard.
    Heard(Vec<End>),
    /// No: nothing has happened.
    Refused(String),
    /// Not known: it may have happened or not.
    Unknown(String),
}

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Unfinished,
    Ended(End),
}

/// How a job ended. Two readers of one job see equal ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) attempt: u64,
    pub(crate) worker: String,
    /// Standard output, then standard error.
    pub(crate) said: String,
}

/// An event as a follower sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// `started` is number 0 of its run.
    Of {
        id: u64,
        run: String,
        n: u64,
    },
    Reset,
    Complete {
        id: u64,
        end: End,
    },
}

/// What the hub keeps once everything has ended.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) jobs: Vec<KeptJob>,
    /// Commands in queues.
    pub(crate) queued: u64,
    /// Commands that consumers have still to deliver, and that wait for an ack.
    pub(crate) pending: (u64, u64),
}

/// What the hub keeps of one job.
#[derive(Debug, Default, Clone)]
pub(crate) struct KeptJob {
    pub(crate) job: String,
    /// The mark in its record; none where it has no record (a publisher's).
    pub(crate) mark: Option<String>,
    /// Every result, with the run it is of and how many events that had.
    pub(crate) results: Vec<(End, Option<String>, u64)>,
    /// Run and number of every event, in the stream's order.
    pub(crate) events: Vec<(String, u64)>,
}

impl History {
    /// Makes a call and keeps what it was told. A call that is dropped is not kept: let none be.
    pub(crate) async fn call(&self, asked: Asked, call: impl Future<Output = Told>) -> Told {
        let begun = self.clock.fetch_add(1, Ordering::SeqCst);
        let clock = Instant::now();
        let told = call.await;
        let took = clock.elapsed();
        let ended = self.clock.fetch_add(1, Ordering::SeqCst);
        let kept = told.clone();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(Call {
            asked,
            begun,
            told: kept,
            ended,
            took,
        });
        drop(calls);
        told
    }

    /// The calls so far, in the order of their beginnings.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut calls = calls.clone();
        calls.sort_by_key(|call| call.begun);
        calls
    }
}

impl State {
    /// Of a job as `/v1/jobs/{id}` answers it.
    pub(crate) fn of_job(job: &Value) -> Self {
        match job["status"].as_str() {
            Some("queued" | "running") => Self::Unfinished,
            _ => Self::Ended(End::of_job(job)),
        }
    }
}

impl End {
    /// Of a finished job as `/v1/jobs/{id}` answers it.
    pub(crate) fn of_job(job: &Value) -> Self {
        Self::of(job, "container_id")
    }

    /// Of a result as the hub keeps it.
    pub(crate) fn of_result(result: &Value) -> Self {
        Self::of(result, "worker")
    }

    fn of(json: &Value, worker: &str) -> Self {
        let text = |field: &str| json[field].as_str().unwrap_or_default().to_owned();
        let attempt = json["attempt"].as_u64().unwrap_or_default();
        // What a gateway ended has said nothing: a job's answer words the reason instead.
        let said = match attempt {
            0 => String::new(),
            _ => text("output") + &text("error"),
        };
        Self {
            status: text("status"),
            reason: text("reason"),
            attempt,
            worker: text(worker),
            said,
        }
    }
}

impl Event {
    /// Of a server-sent event.
    pub(crate) fn of(event: &kubently_tests::http::Event) -> Self {
        let id = event.id.parse().unwrap_or_default();
        match event.name.as_str() {
            "reset" => Self::Reset,
            "complete" => Self::Complete {
                id,
                end: End::of_job(&event.data["job"]),
            },
            _ => Self::Of {
                id,
                run: event.data["run"].as_str().unwrap_or_default().to_owned(),
                n: event.data["n"].as_u64().unwrap_or_default(),
            },
        }
    }

    /// The id to go on from.
    pub(crate) const fn id(&self) -> Option<u64> {
        match self {
            Self::Of { id, .. } | Self::Complete { id, .. } => Some(*id),
            Self::Reset => None,
        }
    }
}
