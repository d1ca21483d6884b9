//! Follows one job for a caller: its events in order, each once, then its end.
//!
//! The store is read and the live feed only wakes the reader, so a slow caller costs no memory and
//! any gateway goes on where another one stopped.

use std::time::Duration;

use kubently_broker::{Mark, Reply, Waiter};
use kubently_core::job::{JobRecord, JobState};
use kubently_core::job_event::JobEvent;
use kubently_core::response::JobResponse;
use kubently_core::transcript::{End, Step, Transcript};

use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::routes::jobs::state_of;

/// How often a caller hears that the connection lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a replica may lack what the feed has told of.
const LAG: (Duration, u32) = (Duration::from_millis(20), 100);
/// Failed reads in a row, one a second, after which the caller is let go to resume elsewhere.
const MOST_FAILURES: u32 = 30;

/// A reader of one job.
pub(crate) struct Reader {
    gateway: Gateway,
    record: JobRecord,
    waiter: Waiter,
    transcript: Transcript,
    /// Whether the job's end has been told.
    has_ended: bool,
    /// The last sequence that was read.
    after: u64,
    failures: u32,
}

/// What a reader has to tell.
pub(crate) enum Told {
    /// Events, at least one.
    Events(Vec<JobEvent>),
    /// Nothing, but the connection lives.
    Quiet,
    /// Nothing more will come: the job has ended and was told so, or the gateway stops and the
    /// caller resumes with the last id that it has, or what follows that id is gone, as who resumes
    /// is told.
    End,
}

/// Some events, and whether more are stored.
pub(crate) struct Batch {
    pub(crate) events: Vec<JobEvent>,
    pub(crate) more: bool,
}

impl Batch {
    /// What was read before something that is gone, or that it is.
    fn before_a_gap(mut self) -> Result<Self, ApiError> {
        if self.events.is_empty() {
            return Err(ApiError::EventsExpired);
        }
        // The next read begins, and ends, at the gap.
        self.more = true;
        Ok(self)
    }
}

impl Reader {
    /// A reader behind this event id; 0 is the beginning.
    pub(crate) async fn open(
        gateway: Gateway,
        record: JobRecord,
        since: u64,
    ) -> Result<Self, ApiError> {
        let reply = record.subject.reply();
        // First, so that nothing falls between the store and the feed.
        let waiter = gateway.live.follow(&reply).await?;
        let state = state_of(&gateway, &record).await?;
        let mut reader = Self::new(gateway, record, waiter);
        reader.after = since;
        if since > 0 {
            match reader.gateway.broker.mark(&reply, since).await? {
                Mark::Event(run, attempt, n) => {
                    reader.transcript = Transcript::after(run, attempt, n);
                }
                Mark::Result => reader.has_ended = true,
                Mark::Expired => return Err(ApiError::EventsExpired),
                Mark::NotOfThisJob => return Err(ApiError::BadEventId),
            }
        }
        if let JobState::Finished(result) = &state {
            reader.transcript = reader.transcript.decided_by(result);
            if reader.transcript.is_void() {
                reader.after = 0;
            }
        }
        Ok(reader)
    }

    /// A reader of a job that is being submitted, with the waiter that was registered before.
    pub(crate) fn new(gateway: Gateway, record: JobRecord, waiter: Waiter) -> Self {
        Self {
            gateway,
            record,
            waiter,
            transcript: Transcript::default(),
            has_ended: false,
            after: 0,
            failures: 0,
        }
    }

    /// Whether the job's end has been told.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// What is stored and was not read yet, without waiting for more.
    pub(crate) async fn read(&mut self) -> Result<Batch, ApiError> {
        let reply = self.record.subject.reply();
        let mut batch = Batch {
            events: Vec::new(),
            more: false,
        };
        if self.has_ended() {
            return Ok(batch);
        }
        let job = self.record.envelope.id;
        let stored = self
            .gateway
            .broker
            .replies_after(&reply, self.after)
            .await?;
        batch.more = stored.more;
        for stored in stored.items {
            let (id, at) = (stored.sequence, stored.stored_at);
            match stored.reply {
                Reply::Event(event) => match self.transcript.event(&event) {
                    Step::Skip => {}
                    Step::Lost => return batch.before_a_gap(),
                    step => {
                        if step == Step::Restart {
                            batch.events.push(JobEvent::reset(job));
                        }
                        batch.events.push(JobEvent::stored(job, id, at, event));
                    }
                },
                Reply::Result(result) => {
                    match self.transcript.result(&result) {
                        End::Lost => return batch.before_a_gap(),
                        End::Replay(_) => {
                            batch.events.push(JobEvent::reset(job));
                            self.transcript = Transcript::default().decided_by(&result);
                            self.after = 0;
                            batch.more = true;
                        }
                        End::Complete => {
                            let state = JobState::Finished(result);
                            let job = JobResponse::new(self.record.clone(), state);
                            batch.events.push(JobEvent::complete(id, at, job));
                            self.has_ended = true;
                            batch.more = false;
                            self.after = id;
                        }
                    }
                    return Ok(batch);
                }
                Reply::Unreadable => {}
            }
            self.after = id;
        }
        Ok(batch)
    }

    /// What comes next, or that nothing has come for a while.
    pub(crate) async fn next(&mut self) -> Told {
        let mut looks = 0;
        loop {
            if self.has_ended() {
                return Told::End;
            }
            let told = self.waiter.told();
            match self.read().await {
                Ok(batch) if !batch.events.is_empty() => {
                    self.failures = 0;
                    return Told::Events(batch.events);
                }
                Ok(batch) if batch.more => continue,
                Ok(_) if self.after < told && looks < LAG.1 => {
                    looks += 1;
                    tokio::time::sleep(LAG.0).await;
                    continue;
                }
                Ok(_) => self.failures = 0,
                // Who resumes is told so.
                Err(ApiError::EventsExpired) => return Told::End,
                Err(error) => {
                    self.failures += 1;
                    tracing::debug!(job = %self.record.envelope.id, %error, "events are not read");
                    if self.failures >= MOST_FAILURES {
                        return Told::End;
                    }
                }
            }
            let pause = if self.failures > 0 {
                Duration::from_secs(1)
            } else {
                HEARTBEAT
            };
            tokio::select! {
                biased;
                () = self.gateway.stop.cancelled() => return Told::End,
                () = self.waiter.changed(), if self.failures == 0 => {}
                () = tokio::time::sleep(pause) => {
                    return if self.is_gone().await { Told::End } else { Told::Quiet };
                }
            }
        }
    }

    /// Past its deadline a job that nobody ends is ended by who looks at it. Its result may then be
    /// gone by age as well: nothing will come.
    async fn is_gone(&self) -> bool {
        let deadline = self.record.deadline(self.record.envelope.queued_at);
        if self.gateway.directory.now() <= deadline {
            return false;
        }
        matches!(
            state_of(&self.gateway, &self.record).await,
            Err(ApiError::ResultExpired)
        )
    }
}
