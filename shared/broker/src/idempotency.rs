//! What idempotency keys stand for: `idem.<user>.<hash>` in `kubently_jobs`.

use kubently_core::id::UserId;
use kubently_core::idempotency::{IdempotencyKey, Submission};
use kubently_core::job::JobRecord;
use kubently_core::subject::CommandSubject;

use crate::bucket::Stored;
use crate::connect::Broker;
use crate::error::StoreError;
use crate::job_repository::{self, Revision};
use crate::topology::{JOBS, bucket_stream};

/// How often a key is looked at anew that others write at the same time.
const TRIES: u32 = 5;

/// What came of claiming a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It was free, and stands for this submission now.
    First(Revision),
    /// It stands for an earlier one.
    Taken(Submission, Revision),
}

fn key_of(owner: UserId, key: &IdempotencyKey) -> String {
    format!("idem.{owner}.{}", key.hash())
}

impl Broker {
    /// Makes a user's key stand for this submission, unless it stands for one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn claim_key(
        &self,
        owner: UserId,
        key: &IdempotencyKey,
        submission: &Submission,
    ) -> Result<Claim, StoreError> {
        let key = key_of(owner, key);
        for _ in 0..TRIES {
            match self.set(JOBS, &key, submission, 0, None).await {
                Ok(revision) => return Ok(Claim::First(Revision(revision))),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
            if let Some(Stored { value, revision }) = self.value(JOBS, &key).await? {
                return Ok(Claim::Taken(value, Revision(revision)));
            }
        }
        Err(StoreError::Conflict)
    }

    /// What a user's key stands for, where it stands for something.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn submission(
        &self,
        owner: UserId,
        key: &IdempotencyKey,
    ) -> Result<Option<Submission>, StoreError> {
        let stored = self.value(JOBS, &key_of(owner, key)).await?;
        Ok(stored.map(|Stored { value, .. }| value))
    }

    /// Writes a key's submission again, so that whoever wrote it before no longer can take it back, but for
    /// whoever does so now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it was written or taken back since it was read.
    pub async fn renew_key(
        &self,
        owner: UserId,
        key: &IdempotencyKey,
        submission: &Submission,
        read: Revision,
    ) -> Result<Revision, StoreError> {
        let key = key_of(owner, key);
        let renewed = self.set(JOBS, &key, submission, read.0, None);
        renewed.await.map(Revision)
    }

    /// Writes the record of a job again; whoever wrote it before no longer can take it back.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn rewrite_job(
        &self,
        owner: UserId,
        record: &JobRecord,
    ) -> Result<Revision, StoreError> {
        let value = serde_json::to_vec(record).map_err(|source| StoreError::Corrupt {
            what: "job record",
            source,
        })?;
        let key = job_repository::key(owner, record.envelope.id);
        let written = self.insist(|| self.put(JOBS, &key, value.clone()));
        written.await.map(Revision)
    }

    /// Takes back what was written under this revision of the jobs' bucket; answers that nothing was taken
    /// where it was written again since.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn take_back(&self, written: Revision) -> Result<bool, StoreError> {
        self.remove(&bucket_stream(JOBS), written.0).await
    }

    /// Whether a result or a queued command of the job is stored. Where neither is, nobody has the
    /// job in hand.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn has_trace(&self, subject: &CommandSubject) -> Result<bool, StoreError> {
        let reply = subject.reply();
        if self.result(&reply).await?.is_some() {
            return Ok(true);
        }
        let queued = self.queued(subject).await?;
        // The result is stored before the command is acked, so it may have come since.
        Ok(queued.is_some() || self.result(&reply).await?.is_some())
    }
}
