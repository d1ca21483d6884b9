//! What becomes of one delivered command: judged, run, answered. Knows neither the hub nor
//! Kubernetes.

mod follow;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use kubently_core::envelope::VERSION;
use kubently_core::event::{Event, EventKind};
use kubently_core::id::RunId;
use kubently_core::policy::Policy;
use kubently_core::result::{CommandResult, Ended, Run};
use kubently_core::status::{FinalStatus, Reason};
use kubently_core::subject::{CommandSubject, ReplySubject};
use kubently_core::text::WorkerName;
use kubently_core::time::Timestamp;
use kubently_runtime::trace::{Tracer, note};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::cancels::Cancels;
use crate::execute::Execute;
use crate::judge::{Accepted, Incoming, judge};
use crate::metrics::Metrics;
use crate::ports::{HubTime, Replies};
use crate::spans;

/// Work that lasts this long is announced; shorter work is told by its result alone.
const ANNOUNCED_AFTER: Duration = Duration::from_millis(50);
/// The first and the longest pause between attempts to store an answer.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// What is to be done with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Its result is stored, or it can have none.
    Ack,
    /// It has no result yet: another attempt may bring one.
    GiveBack,
}

/// Handles commands. One for all of a worker's deliveries.
#[derive(Debug)]
pub struct Handler<E, R, T> {
    execute: E,
    replies: R,
    time: T,
    worker: WorkerName,
    policy: Arc<Policy>,
    policy_hash: String,
    cancels: Cancels,
    abandon: CancellationToken,
    metrics: Metrics,
    tracer: Tracer,
}

/// One execution and where its answers go.
struct Execution {
    reply: ReplySubject,
    attempt: u32,
    run: RunId,
    began: Instant,
}

/// One message of an answer.
#[derive(Clone, Copy)]
enum Part<'a> {
    Event(&'a Event),
    Result(&'a CommandResult),
}

impl<E: Execute, R: Replies, T: HubTime> Handler<E, R, T> {
    /// A handler that gives everything back once `abandon` is cancelled.
    pub fn new(
        execute: E,
        replies: R,
        time: T,
        worker: WorkerName,
        policy: Arc<Policy>,
        cancels: Cancels,
        abandon: CancellationToken,
    ) -> Self {
        Self {
            execute,
            replies,
            time,
            worker,
            policy_hash: policy.hash(),
            policy,
            cancels,
            abandon,
            metrics: Metrics::default(),
            tracer: Tracer::default(),
        }
    }

    /// The same, counted here.
    #[must_use]
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// The same, with spans from here.
    #[must_use]
    pub fn traced(self, tracer: Tracer) -> Self {
        Self { tracer, ..self }
    }

    /// Makes its spans.
    pub const fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// Judges, runs and answers one command. The delivery must be kept alive meanwhile.
    pub async fn handle(&self, incoming: Incoming<'_>) -> Disposition {
        let disposition = tokio::select! {
            biased;
            () = self.abandon.cancelled() => Disposition::GiveBack,
            disposition = self.answer(incoming) => disposition,
        };
        if disposition == Disposition::GiveBack {
            self.metrics.given_back.inc();
        }
        disposition
    }

    async fn answer(&self, incoming: Incoming<'_>) -> Disposition {
        self.metrics.deliveries.inc();
        if incoming.attempt > 1 {
            self.metrics.redeliveries.inc();
        }
        let Ok(subject) = incoming.subject.parse::<CommandSubject>() else {
            // Its reply subject is derived from its own: there is nobody to answer.
            let count = self.metrics.unanswerable.inc() + 1;
            tracing::warn!(subject = ?incoming.subject, count, "no command subject: dropped");
            return Disposition::Ack;
        };
        let execution = Execution {
            reply: subject.reply(),
            attempt: incoming.attempt,
            run: RunId::from_uuid(Uuid::new_v4()),
            began: Instant::now(),
        };
        let now = self.time.now();
        let (ended, until) = match judge(&incoming, &subject, &self.policy, now) {
            Err(refused) => {
                if let Some(code) = refused.code {
                    self.metrics.refused(code);
                }
                (refused.ended, refused.until)
            }
            Ok(accepted) => {
                if incoming.attempt <= 1 {
                    let waited = now.get() - incoming.stored_at.get();
                    let waited = waited.to_std().unwrap_or_default();
                    self.metrics.queued.observe(waited.as_secs_f64());
                }
                let verb = accepted.command.verb();
                note("kubently.verb", || verb.as_str());
                let running = self.cancels.begin(subject.job);
                let ended = tokio::select! {
                    biased;
                    () = running.cancelled() => Some(called_off()),
                    ended = self.perform(&execution, &accepted) => ended,
                };
                let ran = execution.began.elapsed();
                self.metrics.ran(verb, ran);
                match ended {
                    Some(ended) => (ended, accepted.deadline),
                    None => return Disposition::GiveBack,
                }
            }
        };
        self.tell(&execution, &ended, until).await
    }

    /// Runs a command; `None` where a redelivered one cannot be announced.
    async fn perform(&self, execution: &Execution, accepted: &Accepted) -> Option<Ended> {
        if accepted.command.follows() {
            return Box::pin(self.follow(execution, accepted)).await;
        }
        let redelivered = execution.attempt > 1;
        if redelivered {
            // Readers must drop what the earlier run told them before this one adds to it.
            let started = self.started(execution);
            let part = Part::Event(&started);
            if !Box::pin(self.store(execution, part, accepted.deadline)).await {
                return None;
            }
        }
        let work = self.execute.execute(&accepted.command, accepted.limit);
        let mut work = pin!(tokio::time::timeout(accepted.limit, work));
        let mut announced = redelivered;
        let mut announcement = pin!(async {
            tokio::time::sleep(ANNOUNCED_AFTER).await;
            let started = self.started(execution);
            let told = self.replies.publish_event(&execution.reply, &started);
            if let Err(error) = told.await {
                tracing::warn!(job = %execution.reply.job, %error, "start is not announced");
            }
        });
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut work => break ended,
                () = &mut announcement, if !announced => announced = true,
            }
        };
        let seconds = accepted.limit.as_secs();
        let late = |_| format!("the command ran longer than {seconds} seconds");
        Some(ended.unwrap_or_else(|elapsed| Ended::failed(Reason::Timeout, late(elapsed))))
    }

    /// Stores the chunks, if any, and then the result.
    async fn tell(&self, execution: &Execution, ended: &Ended, until: Timestamp) -> Disposition {
        let Execution {
            reply,
            attempt,
            run,
            began,
        } = execution;
        let ended_at = Instant::now();
        let elapsed = (ended_at - *began).as_millis();
        let run = Run {
            job: reply.job,
            attempt: *attempt,
            run: *run,
            execution_time_ms: u64::try_from(elapsed).unwrap_or(u64::MAX),
            executed_at: self.time.now(),
            worker: self.worker.clone(),
            policy_hash: self.policy_hash.clone(),
        };
        let (chunks, result) = CommandResult::of(run, ended);
        spans::answered(&result);
        let span = spans::sending(&self.tracer, reply);
        let stored = async {
            let parts = chunks.iter().map(Part::Event);
            for part in parts.chain([Part::Result(&result)]) {
                if !self.store(execution, part, until).await {
                    return false;
                }
            }
            true
        };
        if !span.around(stored).await {
            span.fail("not_stored");
            tracing::error!(job = %reply.job, attempt, "not answered in time: given back");
            return Disposition::GiveBack;
        }
        drop(span);
        self.metrics.wrote(result.stdout_bytes, result.stderr_bytes);
        let returned = ended_at.elapsed().as_secs_f64();
        self.metrics.returned.observe(returned);
        tracing::info!(
            job = %reply.job,
            attempt,
            status = ?result.status,
            reason = result.reason.map(Reason::as_str),
            exit_code = result.exit_code,
            bytes = result.stdout_bytes + result.stderr_bytes,
            milliseconds = result.execution_time_ms,
            "answered"
        );
        Disposition::Ack
    }

    /// Stores one message, again and again until it is stored or it is too late: a lost answer may
    /// have been stored, and storing a result again changes nothing.
    async fn store(&self, execution: &Execution, part: Part<'_>, until: Timestamp) -> bool {
        let reply = &execution.reply;
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        while self.time.now() < until {
            let stored = match part {
                Part::Event(event) => self.replies.publish_event(reply, event).await,
                Part::Result(result) => self.replies.store_result(reply, result).await,
            };
            match stored {
                Ok(()) => return true,
                Err(error) => {
                    let error = anyhow::Error::from(error);
                    tracing::warn!(job = %reply.job, "not stored, trying again: {error:#}");
                }
            }
            tokio::time::sleep(backoff.pause()).await;
        }
        false
    }

    fn started(&self, execution: &Execution) -> Event {
        Event {
            v: VERSION,
            attempt: execution.attempt,
            run: execution.run,
            n: 0,
            kind: EventKind::Started {
                worker: self.worker.clone(),
                timestamp: self.time.now(),
            },
        }
    }
}

/// Whoever cancels a job has stored its result before, and that one stands. Ours only keeps a word
/// that nobody stored anything for from taking the command out of the queue unanswered.
fn called_off() -> Ended {
    Ended {
        status: FinalStatus::Cancelled,
        ..Ended::failed(Reason::CancelledByUser, "the job was cancelled")
    }
}

#[cfg(test)]
mod tests;
