//! The ports of jobs with their events.

use async_trait::async_trait;

use super::{Page, PageRequest, RepositoryError};
use crate::event::Event;
use crate::id::{JobId, UserId};
use crate::job::{JobRecord, JobState};
use crate::result::CommandResult;
use crate::subject::ReplySubject;

/// A job and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What is kept of it.
    pub record: JobRecord,
    /// How far it has come.
    pub state: JobState,
}

/// What came of completing a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    /// This result is the job's one result.
    First,
    /// The job had this one already, and keeps it.
    Already(Box<CommandResult>),
}

/// What a user may ask of its jobs.
#[async_trait]
pub trait JobRepository: Send + Sync {
    /// Stores a new job of this owner; `Conflict` where it has one of this id.
    async fn create_job(&self, owner: UserId, record: &JobRecord) -> Result<(), RepositoryError>;

    /// The owner's job of this id.
    async fn get_job(&self, owner: UserId, id: JobId) -> Result<Option<Job>, RepositoryError>;

    /// A page of the owner's jobs.
    async fn list_jobs(
        &self,
        owner: UserId,
        page: &PageRequest,
    ) -> Result<Page<Job>, RepositoryError>;

    /// At most `limit` events of the owner's job after this event id (0 is all), in order, each
    /// with its id. Ids grow and are not dense.
    async fn get_events_since(
        &self,
        owner: UserId,
        id: JobId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Event)>, RepositoryError>;
}

/// What whoever runs, cancels or expires a job writes of it.
#[async_trait]
pub trait JobJournal: Send + Sync {
    /// Adds an event and answers its id. The event `started` is what makes a job running.
    async fn add_event(&self, reply: &ReplySubject, event: &Event) -> Result<u64, RepositoryError>;

    /// Stores the job's one result: of all who try, the first one wins.
    async fn complete_job(
        &self,
        reply: &ReplySubject,
        result: &CommandResult,
    ) -> Result<Completion, RepositoryError>;
}
