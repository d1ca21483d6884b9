//! Jobs and their events in memory.

use std::collections::hash_map::Entry;

use async_trait::async_trait;

use super::{MemoryRepositories, State};
use crate::event::{Event, EventKind};
use crate::id::{JobId, UserId};
use crate::job::{JobRecord, JobState};
use crate::repository::{
    Completion, Job, JobJournal, JobRepository, Listing, Page, PageRequest, Position,
    RepositoryError,
};
use crate::result::CommandResult;
use crate::subject::ReplySubject;

impl State {
    fn job(&self, record: &JobRecord) -> Job {
        let id = record.envelope.id;
        let events = self.events.get(&id).map_or(&[][..], Vec::as_slice);
        let state = match (self.results.get(&id), events.last()) {
            (Some(result), _) => JobState::Finished(Box::new(result.clone())),
            (None, None) => JobState::Queued,
            (None, Some((_, last))) => JobState::Running {
                attempt: last.attempt,
                started_at: events
                    .iter()
                    .rev()
                    .find_map(|(_, event)| match &event.kind {
                        EventKind::Started { timestamp, .. } if event.run == last.run => {
                            Some(*timestamp)
                        }
                        _ => None,
                    }),
            },
        };
        Job {
            record: record.clone(),
            state,
        }
    }
}

#[async_trait]
impl JobRepository for MemoryRepositories {
    async fn create_job(&self, owner: UserId, record: &JobRecord) -> Result<(), RepositoryError> {
        let mut state = self.state();
        let key = (owner, record.envelope.id);
        if state.jobs.contains_key(&key) {
            return Err(RepositoryError::Conflict);
        }
        state.jobs.insert(key, record.clone());
        Ok(())
    }

    async fn get_job(&self, owner: UserId, id: JobId) -> Result<Option<Job>, RepositoryError> {
        let state = self.state();
        Ok(state.jobs.get(&(owner, id)).map(|record| state.job(record)))
    }

    async fn list_jobs(
        &self,
        owner: UserId,
        page: &PageRequest,
    ) -> Result<Page<Job>, RepositoryError> {
        let state = self.state();
        let rows = state
            .jobs
            .iter()
            .filter(|((user, _), _)| *user == owner)
            .map(|((_, id), record)| {
                let position = Position {
                    at: record.envelope.queued_at,
                    id: id.as_uuid(),
                };
                (position, state.job(record))
            });
        let listing = Listing {
            of: "jobs",
            owner: Some(owner),
        };
        Ok(listing.page(rows, page)?)
    }

    async fn get_events_since(
        &self,
        owner: UserId,
        id: JobId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Event)>, RepositoryError> {
        let state = self.state();
        if !state.jobs.contains_key(&(owner, id)) {
            return Err(RepositoryError::NotFound);
        }
        let events = state.events.get(&id).into_iter().flatten();
        Ok(events
            .filter(|(sequence, _)| *sequence > after)
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .cloned()
            .collect())
    }
}

#[async_trait]
impl JobJournal for MemoryRepositories {
    async fn add_event(&self, reply: &ReplySubject, event: &Event) -> Result<u64, RepositoryError> {
        let mut state = self.state();
        state.sequence += 1;
        let sequence = state.sequence;
        let events = state.events.entry(reply.job).or_default();
        events.push((sequence, event.clone()));
        Ok(sequence)
    }

    async fn complete_job(
        &self,
        reply: &ReplySubject,
        result: &CommandResult,
    ) -> Result<Completion, RepositoryError> {
        Ok(match self.state().results.entry(reply.job) {
            Entry::Occupied(stored) => Completion::Already(Box::new(stored.get().clone())),
            Entry::Vacant(entry) => {
                entry.insert(result.clone());
                Completion::First
            }
        })
    }
}
