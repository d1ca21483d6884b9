//! Job records: `job.<user>.<job>` in `kubently_jobs`, the owner first, so that a look-up for
//! somebody else's job cannot hit.

use chrono::{DateTime, Utc};
use kubently_core::id::{JobId, UserId};
use kubently_core::job::JobRecord;

use crate::bucket::subject;
use crate::connect::Broker;
use crate::error::StoreError;
use crate::topology::{JOBS, bucket_stream};

mod port;
/// Records that are read at a time, and the most bytes of them.
const BATCH: (usize, usize) = (256, 1024 * 1024);

/// Which write a value is of: its sequence in the bucket's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision(pub(crate) u64);

/// Where a reading of records begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start {
    /// At what was written at or after this time, on the hub's clock.
    At(DateTime<Utc>),
    /// At this write.
    Sequence(u64),
}

/// Where a job's record stands in the jobs' bucket.
pub(crate) fn key(owner: UserId, job: JobId) -> String {
    format!("job.{owner}.{job}")
}

impl Broker {
    /// Writes the record of a new job.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the job exists already.
    pub async fn create_job(
        &self,
        owner: UserId,
        record: &JobRecord,
    ) -> Result<Revision, StoreError> {
        let key = key(owner, record.envelope.id);
        self.set(JOBS, &key, record, 0, None).await.map(Revision)
    }

    /// The record of this user's job.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn job(&self, owner: UserId, job: JobId) -> Result<Option<JobRecord>, StoreError> {
        let Some(message) = self
            .last(&bucket_stream(JOBS), &subject(JOBS, &key(owner, job)))
            .await?
        else {
            return Ok(None);
        };
        let record =
            serde_json::from_slice(&message.payload).map_err(|source| StoreError::Corrupt {
                what: "job record",
                source,
            })?;
        Ok(Some(record))
    }

    /// Some of a user's job records, in the order they were written, and where there are more.
    pub(crate) async fn jobs_of(
        &self,
        owner: UserId,
        from: Start,
    ) -> Result<(Vec<JobRecord>, Option<Start>), StoreError> {
        let (stream, filter) = (bucket_stream(JOBS), format!("$KV.{JOBS}.job.{owner}.*"));
        let batch = match from {
            Start::At(time) => self.batch_since(&stream, &filter, time, BATCH).await?,
            Start::Sequence(from) => {
                let (count, bytes) = BATCH;
                self.batch(&stream, &filter, from, count, bytes).await?
            }
        };
        let last = batch.messages.last().map(|message| message.sequence);
        let next = last.filter(|_| batch.more);
        let next = next.map(|last| Start::Sequence(last + 1));
        let records = batch.messages.iter().filter_map(|message| {
            serde_json::from_slice(&message.payload)
                .inspect_err(
                    |error| tracing::warn!(%error, key = %message.subject, "an odd job record"),
                )
                .ok()
        });
        Ok((records.collect(), next))
    }
}
