//! Sessions in memory.

use async_trait::async_trait;

use super::MemoryRepositories;
use crate::id::{SessionId, UserId};
use crate::repository::{
    Listing, Page, PageRequest, Position, RepositoryError, SessionFilter, SessionRepository,
};
use crate::session::{Session, SessionOver};
use crate::time::Timestamp;

impl MemoryRepositories {
    /// One of the owner's sessions, changed by its own rule.
    fn change(
        &self,
        owner: UserId,
        id: SessionId,
        change: impl FnOnce(Session) -> Result<Session, SessionOver>,
    ) -> Result<Session, RepositoryError> {
        let now = self.now();
        let mut state = self.state();
        let stored = state
            .sessions
            .get_mut(&(owner, id))
            .filter(|session| now < session.readable_until())
            .ok_or(RepositoryError::NotFound)?;
        *stored = change(stored.clone())?;
        Ok(stored.clone())
    }
}

#[async_trait]
impl SessionRepository for MemoryRepositories {
    async fn create_session(&self, session: &Session) -> Result<(), RepositoryError> {
        let mut state = self.state();
        let key = (session.user_id, session.session_id);
        if state.sessions.contains_key(&key) {
            return Err(RepositoryError::Conflict);
        }
        state.sessions.insert(key, session.clone());
        Ok(())
    }

    async fn get_session(
        &self,
        owner: UserId,
        id: SessionId,
    ) -> Result<Option<Session>, RepositoryError> {
        let now = self.now();
        let state = self.state();
        let session = state.sessions.get(&(owner, id));
        Ok(session
            .filter(|session| now < session.readable_until())
            .cloned())
    }

    async fn list_sessions(
        &self,
        owner: UserId,
        filter: &SessionFilter,
        page: &PageRequest,
    ) -> Result<Page<Session>, RepositoryError> {
        let now = self.now();
        let state = self.state();
        let rows = state
            .sessions
            .values()
            .filter(|session| session.user_id == owner && now < session.readable_until())
            .filter(|session| filter.takes(session, now))
            .map(|session| {
                let position = Position {
                    at: session.created_at,
                    id: session.session_id.as_uuid(),
                };
                (position, session.clone())
            });
        let listing = Listing {
            of: "sessions",
            owner: Some(owner),
        };
        Ok(listing.page(rows, page)?)
    }

    async fn touch_session(
        &self,
        owner: UserId,
        id: SessionId,
        at: Timestamp,
        commands: u64,
    ) -> Result<Session, RepositoryError> {
        self.change(owner, id, |session| session.touch(at, commands))
    }

    async fn end_session(
        &self,
        owner: UserId,
        id: SessionId,
        at: Timestamp,
    ) -> Result<Session, RepositoryError> {
        self.change(owner, id, |session| session.end(at))
    }
}
