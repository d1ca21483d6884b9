//! Sessions: `<user>.<session>` in `kubently_sessions`, the owner first. Every write says when the
//! record is to be gone: an hour after the session is over.

use std::time::Duration;

use async_trait::async_trait;
use kubently_core::id::{SessionId, UserId};
use kubently_core::repository::{
    Listing, Page, PageRequest, Position, RepositoryError, SessionFilter, SessionRepository,
};
use kubently_core::session::{Session, SessionOver};
use kubently_core::time::Timestamp;

use crate::bucket::{Change, From, Stored, Walk};
use crate::repositories::{HubRepositories, Newest, taken};
use crate::topology::SESSIONS;

fn key(owner: UserId, id: SessionId) -> String {
    format!("{owner}.{id}")
}

/// How long the record is kept from now on.
fn ttl(session: &Session, now: Timestamp) -> Duration {
    let left = session.readable_until().get() - now.get();
    left.to_std().unwrap_or_default()
}

impl HubRepositories {
    /// One of the owner's sessions, changed by its own rule.
    async fn change_session(
        &self,
        owner: UserId,
        id: SessionId,
        change: impl Fn(Session) -> Result<Session, SessionOver> + Send + Sync,
    ) -> Result<Session, RepositoryError> {
        let now = self.now();
        self.broker
            .change(SESSIONS, &key(owner, id), |stored: Option<&Session>| {
                let readable = stored.filter(|session| now < session.readable_until());
                let session = readable.ok_or(RepositoryError::NotFound)?;
                let changed = change(session.clone())?;
                let ttl = ttl(&changed, now);
                Ok((Change::Write(changed), Some(ttl)))
            })
            .await
    }

    /// How many sessions of a user are kept, those that are over included.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_sessions(&self, owner: UserId) -> Result<usize, RepositoryError> {
        Ok(self.broker.count(SESSIONS, &format!("{owner}.*")).await?)
    }
}

#[async_trait]
impl SessionRepository for HubRepositories {
    async fn create_session(&self, session: &Session) -> Result<(), RepositoryError> {
        let key = key(session.user_id, session.session_id);
        let ttl = ttl(session, self.now());
        let stored = self.broker.set(SESSIONS, &key, session, 0, Some(ttl)).await;
        stored.map(drop).map_err(taken)
    }

    async fn get_session(
        &self,
        owner: UserId,
        id: SessionId,
    ) -> Result<Option<Session>, RepositoryError> {
        let stored: Option<Stored<Session>> = self.broker.value(SESSIONS, &key(owner, id)).await?;
        let now = self.now();
        Ok(stored
            .map(|stored| stored.value)
            .filter(|session| now < session.readable_until()))
    }

    async fn list_sessions(
        &self,
        owner: UserId,
        filter: &SessionFilter,
        page: &PageRequest,
    ) -> Result<Page<Session>, RepositoryError> {
        let listing = Listing {
            of: "sessions",
            owner: Some(owner),
        };
        let now = self.now();
        let mut newest = Newest::new(listing, page)?;
        let each = |session: Session, _| {
            if now < session.readable_until() && filter.takes(&session, now) {
                let position = Position {
                    at: session.created_at,
                    id: session.session_id.as_uuid(),
                };
                newest.push(position, session);
            }
            Walk::On
        };
        let keys = format!("{owner}.*");
        self.broker.walk(SESSIONS, &keys, From::First, each).await?;
        newest.page(page)
    }

    async fn touch_session(
        &self,
        owner: UserId,
        id: SessionId,
        at: Timestamp,
        commands: u64,
    ) -> Result<Session, RepositoryError> {
        let touch = |session: Session| session.touch(at, commands);
        self.change_session(owner, id, touch).await
    }

    async fn end_session(
        &self,
        owner: UserId,
        id: SessionId,
        at: Timestamp,
    ) -> Result<Session, RepositoryError> {
        let end = |session: Session| session.end(at);
        self.change_session(owner, id, end).await
    }
}
