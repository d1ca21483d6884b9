//! The ports of jobs on the hub: records in their bucket, events and results in the clusters'
//! reply streams.

use async_trait::async_trait;
use chrono::TimeDelta;
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_core::event::Event;
use kubently_core::id::{JobId, UserId};
use kubently_core::job::JobRecord;
use kubently_core::repository::{
    Completion, Job, JobJournal, JobRepository, Listing, Page, PageRequest, Position,
    RepositoryError,
};
use kubently_core::result::CommandResult;
use kubently_core::subject::ReplySubject;

use crate::bucket::{From, Walk};
use crate::error::StoreError;
use crate::replies::{Stored, decode};
use crate::repositories::{HubRepositories, Newest, taken};
use crate::state::Known;
use crate::topology::{JOBS, reply_stream};

/// Jobs whose state is read at a time.
const AT_A_TIME: usize = 16;
/// How far a gateway's clock, which dates jobs, and the hub's, which dates their records, may be
/// apart for a list to be in order.
const SKEW: TimeDelta = TimeDelta::minutes(10);
/// How far back the newest jobs are looked for at first, and then, before all of them are read.
const BACK: [TimeDelta; 2] = [TimeDelta::minutes(20), TimeDelta::hours(2)];
/// The most bytes of events in one answer.
const EVENT_BYTES: usize = 8 * 1024 * 1024;

impl HubRepositories {
    /// A job's state; none where its result was kept for its time and is gone.
    async fn with_state(&self, record: JobRecord) -> Result<Option<Job>, RepositoryError> {
        Ok(match self.broker.job_state(&record).await? {
            Known::State(state) => Some(Job { record, state }),
            Known::ResultExpired => None,
        })
    }

    /// The records of one page. Records stand in the order they were written and are read from
    /// some time on, so the newest are looked for in ever longer stretches before the cursor.
    async fn records(
        &self,
        owner: UserId,
        page: &PageRequest,
    ) -> Result<Page<JobRecord>, RepositoryError> {
        let listing = Listing {
            of: "jobs",
            owner: Some(owner),
        };
        let keys = format!("job.{owner}.*");
        for back in BACK.into_iter().map(Some).chain([None]) {
            let mut newest = Newest::new(listing, page)?;
            let before = newest.after().map_or(self.now(), |after| after.at).get();
            let stretch = back.map(|back| before - back);
            let each = |record: JobRecord, written| {
                let at = record.envelope.queued_at;
                // Near its beginning the stretch may lack jobs that are dated after it.
                if stretch.is_none_or(|begin| at.get() >= begin + SKEW) {
                    let id = record.envelope.id.as_uuid();
                    newest.push(Position { at, id }, record);
                }
                if written > before + SKEW {
                    Walk::Stop
                } else {
                    Walk::On
                }
            };
            let from = stretch.map_or(From::First, From::Time);
            self.broker.walk(JOBS, &keys, from, each).await?;
            if newest.is_full() || back.is_none() {
                return newest.page(page);
            }
        }
        Err(RepositoryError::Stale)
    }
}

#[async_trait]
impl JobRepository for HubRepositories {
    async fn create_job(&self, owner: UserId, record: &JobRecord) -> Result<(), RepositoryError> {
        let stored = self.broker.create_job(owner, record).await;
        stored.map(drop).map_err(taken)
    }

    async fn get_job(&self, owner: UserId, id: JobId) -> Result<Option<Job>, RepositoryError> {
        match self.broker.job(owner, id).await? {
            Some(record) => self.with_state(record).await,
            None => Ok(None),
        }
    }

    async fn list_jobs(
        &self,
        owner: UserId,
        page: &PageRequest,
    ) -> Result<Page<Job>, RepositoryError> {
        let Page { items, next } = self.records(owner, page).await?;
        let jobs = futures::stream::iter(items)
            .map(|record| self.with_state(record))
            .buffered(AT_A_TIME);
        let jobs: Vec<_> = jobs.try_collect().await?;
        Ok(Page {
            items: jobs.into_iter().flatten().collect(),
            next,
        })
    }

    async fn get_events_since(
        &self,
        owner: UserId,
        id: JobId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Event)>, RepositoryError> {
        let record = self.broker.job(owner, id).await?;
        let reply = record.ok_or(RepositoryError::NotFound)?.subject.reply();
        let count = usize::try_from(limit).unwrap_or(usize::MAX);
        let from = after.saturating_add(1);
        let stream = reply_stream(&reply.cluster);
        let batch = self
            .broker
            .batch(&stream, &reply.event(), from, count, EVENT_BYTES)
            .await?;
        let events = batch.messages.iter().map(|message| {
            let event = decode(&message.payload, "event")?;
            Ok::<_, StoreError>((message.sequence, event))
        });
        Ok(events.collect::<Result<_, _>>()?)
    }
}

#[async_trait]
impl JobJournal for HubRepositories {
    async fn add_event(&self, reply: &ReplySubject, event: &Event) -> Result<u64, RepositoryError> {
        Ok(self.broker.store_event(reply, event).await?)
    }

    async fn complete_job(
        &self,
        reply: &ReplySubject,
        result: &CommandResult,
    ) -> Result<Completion, RepositoryError> {
        match self.broker.store_result(reply, result).await? {
            Stored::First => Ok(Completion::First),
            Stored::Already => {
                let stored = self.broker.result(reply).await?;
                let stored = stored.ok_or(StoreError::NoAnswer)?;
                Ok(Completion::Already(Box::new(stored)))
            }
        }
    }
}
