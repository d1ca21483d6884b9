//! The port of sessions.

use async_trait::async_trait;

use super::{Page, PageRequest, RepositoryError};
use crate::cluster::ClusterId;
use crate::id::{SessionId, UserId};
use crate::session::{Session, SessionStatus};
use crate::text::CorrelationId;
use crate::time::Timestamp;

/// Which sessions are wanted; an absent field is any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Of this cluster.
    pub cluster_id: Option<ClusterId>,
    /// With this id of the caller's own.
    pub correlation_id: Option<CorrelationId>,
    /// With this status now.
    pub status: Option<SessionStatus>,
}

impl SessionFilter {
    /// Whether the session is wanted, as it stands at this time.
    #[must_use]
    pub fn takes(&self, session: &Session, now: Timestamp) -> bool {
        self.cluster_id
            .as_ref()
            .is_none_or(|id| *id == session.cluster_id)
            && (self.correlation_id.is_none() || self.correlation_id == session.correlation_id)
            && self
                .status
                .is_none_or(|status| status == session.status(now))
    }
}

/// What a user may ask of its sessions. A session is there until
/// [`Session::readable_until`], whatever was changed in between.
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// Stores a new session; `Conflict` where its owner has one of this id.
    async fn create_session(&self, session: &Session) -> Result<(), RepositoryError>;

    /// The owner's session of this id.
    async fn get_session(
        &self,
        owner: UserId,
        id: SessionId,
    ) -> Result<Option<Session>, RepositoryError>;

    /// A page of the owner's sessions that the filter takes.
    async fn list_sessions(
        &self,
        owner: UserId,
        filter: &SessionFilter,
        page: &PageRequest,
    ) -> Result<Page<Session>, RepositoryError>;

    /// Notes `commands` more commands, the last of them at this time, and answers the session;
    /// see [`Session::touch`].
    async fn touch_session(
        &self,
        owner: UserId,
        id: SessionId,
        at: Timestamp,
        commands: u64,
    ) -> Result<Session, RepositoryError>;

    /// Ends the session and answers it; see [`Session::end`].
    async fn end_session(
        &self,
        owner: UserId,
        id: SessionId,
        at: Timestamp,
    ) -> Result<Session, RepositoryError>;
}
