//! The stores in memory, for tests: the same answers, nothing kept.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Repositories, RepositoryError};
use crate::api_key::{ApiKey, ApiKeyHash};
use crate::clock::Clock;
use crate::event::Event;
use crate::id::{ApiKeyId, JobId, SessionId, UserId};
use crate::job::JobRecord;
use crate::result::CommandResult;
use crate::session::Session;
use crate::time::Timestamp;
use crate::user::User;

mod api_keys;
mod jobs;
mod sessions;
mod users;

/// Every store in memory. One lock stands for the compare-and-set of the real ones.
pub struct MemoryRepositories {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    users: BTreeMap<UserId, User>,
    /// By the hash of the folded address.
    emails: HashMap<String, UserId>,
    keys: HashMap<ApiKeyHash, ApiKey>,
    last_used: HashMap<(UserId, ApiKeyId), Timestamp>,
    sessions: BTreeMap<(UserId, SessionId), Session>,
    jobs: BTreeMap<(UserId, JobId), JobRecord>,
    events: HashMap<JobId, Vec<(u64, Event)>>,
    results: HashMap<JobId, CommandResult>,
    /// The id of the last event of all.
    sequence: u64,
}

impl MemoryRepositories {
    /// Empty stores on this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    /// Nothing is written before it is decided, so a panic elsewhere leaves the state whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Repositories for MemoryRepositories {
    async fn initialize(&self) -> Result<(), RepositoryError> {
        Ok(())
    }

    async fn close(&self) -> Result<(), RepositoryError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
