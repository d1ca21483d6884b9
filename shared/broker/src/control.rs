//! Calling jobs off: the result that ends them, the queued command, the word to the workers.

use async_nats::Subscriber;
use chrono::TimeDelta;
use futures::StreamExt as _;
use kubently_core::bounded::{QueueTimeoutSeconds, TimeoutSeconds};
use kubently_core::cluster::ClusterId;
use kubently_core::id::{ApiKeyId, JobId, SessionId, UserId};
use kubently_core::job::{GRACE_SECONDS, JobRecord};
use kubently_core::result::CommandResult;
use kubently_core::status::{FinalStatus, Reason};
use kubently_core::subject::{CommandSubject, cancel_of, cancels_of, parse_cancel};
use kubently_core::time::Timestamp;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::job_repository::Start;
use crate::replies::Stored;
use crate::topology::command_stream;

/// How long ago the oldest job was submitted that is not past its deadline, and five minutes for
/// clocks that differ.
const OLDEST: u32 = QueueTimeoutSeconds::MAX + TimeoutSeconds::MAX + GRACE_SECONDS + 300;
/// Jobs that are cancelled at a time.
const PARALLEL: usize = 16;

/// Which of a user's unfinished jobs are called off together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelScope {
    /// Those of a session that has ended.
    Session(SessionId),
    /// Those that were submitted with a key that is revoked.
    Key(ApiKeyId),
    /// All of them: the user is deactivated.
    User,
}

/// The cancelled jobs of one cluster, as its workers are told of them.
pub struct Cancellations(Subscriber);

impl CancelScope {
    const fn reason(self) -> Reason {
        match self {
            Self::Session(_) => Reason::SessionEnded,
            Self::Key(_) => Reason::KeyRevoked,
            Self::User => Reason::UserDeactivated,
        }
    }

    fn takes(self, record: &JobRecord) -> bool {
        match self {
            Self::Session(session) => record.envelope.session_id == Some(session),
            Self::Key(key) => record.key_id == key,
            Self::User => true,
        }
    }
}

impl Cancellations {
    /// The next cancelled job; `None` once the connection is closed.
    pub async fn next(&mut self) -> Option<JobId> {
        loop {
            let message = self.0.next().await?;
            match parse_cancel(&message.subject) {
                Ok(job) => return Some(job),
                Err(error) => tracing::warn!(%error, "an odd subject among the cancellations"),
            }
        }
    }
}

impl Broker {
    /// Hears from now on which jobs of a cluster are cancelled.
    ///
    /// # Errors
    /// [`StoreError`] where the hub is not reachable.
    pub async fn cancellations(&self, cluster: &ClusterId) -> Result<Cancellations, StoreError> {
        let feed = self.client.subscribe(cancels_of(cluster)).await;
        feed.map(Cancellations).map_err(StoreError::client)
    }

    /// Ends a job with this result, unless it has one: the answer is the result that it has. Where
    /// that says that nobody is to run it, its command leaves the queue and the workers are told,
    /// again if need be: this may be repeated.
    ///
    /// # Errors
    /// [`StoreError`]; whether the job has a result is not known then.
    pub async fn end_job(
        &self,
        subject: &CommandSubject,
        result: CommandResult,
    ) -> Result<CommandResult, StoreError> {
        let reply = subject.reply();
        let stored = match self.insist(|| self.store_result(&reply, &result)).await? {
            Stored::First => result,
            // A result that is there and cannot be read was written a moment ago, or is as old as
            // the stream.
            Stored::Already => self.result(&reply).await?.ok_or(StoreError::NoAnswer)?,
        };
        if stored.run.is_none() {
            self.recall(subject).await;
        }
        Ok(stored)
    }

    /// Takes the command of a job that has ended without a run out of the queue and tells the workers,
    /// again if need be: this may be repeated.
    pub async fn recall(&self, subject: &CommandSubject) {
        if let Err(error) = self.withdraw(subject).await {
            // It is answered; the sweep takes what is left of it.
            tracing::warn!(job = %subject.job, %error, "an ended job's command stays queued");
        }
        let told = self
            .client
            .publish(cancel_of(&subject.cluster, subject.job), "".into());
        if let Err(error) = told.await {
            tracing::warn!(job = %subject.job, %error, "the workers are not told of a cancelled job");
        }
    }

    /// Calls off a user's unfinished jobs of this scope, by walking the records of its last hour;
    /// answers how many it ended. A job that is being submitted meanwhile may be missed: it may be repeated.
    ///
    /// # Errors
    /// The first [`StoreError`], once every job has been tried.
    pub async fn cancel_jobs(
        &self,
        owner: UserId,
        scope: CancelScope,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut ended = 0;
        let mut failed = None;
        // What is older is past its deadline.
        let mut from = Start::At(now.get() - TimeDelta::seconds(OLDEST.into()));
        loop {
            let (records, next) = self.jobs_of(owner, from).await?;
            // What is past its deadline runs no more, and may have lost its result to age.
            let open = records.into_iter().filter(|record| {
                scope.takes(record) && now < record.deadline(record.envelope.queued_at)
            });
            let mut outcomes = futures::stream::iter(open)
                .map(|record| async move {
                    let job = record.envelope.id;
                    let reason = scope.reason();
                    let result = CommandResult::never_ran(job, FinalStatus::Cancelled, reason, now);
                    let stored = self.end_job(&record.subject, result).await?;
                    Ok(stored.reason == Some(reason) && stored.executed_at == now)
                })
                .buffer_unordered(PARALLEL);
            while let Some(outcome) = outcomes.next().await {
                match outcome {
                    Ok(by_us) => ended += u64::from(by_us),
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            match next {
                Some(next) => from = next,
                None => return failed.map_or(Ok(ended), Err),
            }
        }
    }

    /// Takes a command out of the queue, where it still is; whoever runs it is not stopped by that.
    pub(crate) async fn withdraw(&self, subject: &CommandSubject) -> Result<(), StoreError> {
        match self.queued(subject).await? {
            Some(sequence) => {
                self.delete(&command_stream(&subject.cluster), sequence)
                    .await
            }
            None => Ok(()),
        }
    }
}
