//! A session as its owner sees it.

use serde::{Deserialize, Serialize};

use super::{Session, SessionStatus};
use crate::bounded::TtlSeconds;
use crate::cluster::ClusterId;
use crate::id::{SessionId, UserId};
use crate::text::{CorrelationId, ServiceIdentity};
use crate::time::Timestamp;

/// A session as its owner sees it. Fields that are not known are null, never absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct SessionResponse {
    /// The session's id.
    pub session_id: SessionId,
    /// Its cluster.
    pub cluster_id: ClusterId,
    /// Its owner.
    pub user_id: UserId,
    /// Its status when this was written.
    pub status: SessionStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a command or a sign of life last came.
    pub last_activity: Timestamp,
    /// When it expires without further activity.
    pub expires_at: Timestamp,
    /// How long it lives without activity.
    pub ttl_seconds: TtlSeconds,
    /// How many commands it has had.
    pub command_count: u64,
    /// The caller's own id.
    pub correlation_id: Option<CorrelationId>,
    /// The service that its owner's key stands for.
    pub service_identity: Option<ServiceIdentity>,
}

impl SessionResponse {
    /// The session at this time.
    #[must_use]
    pub fn new(session: &Session, now: Timestamp) -> Self {
        Self {
            session_id: session.session_id,
            cluster_id: session.cluster_id.clone(),
            user_id: session.user_id,
            status: session.status(now),
            created_at: session.created_at,
            last_activity: session.last_activity,
            expires_at: session.expires_at(),
            ttl_seconds: session.ttl_seconds,
            command_count: session.command_count,
            correlation_id: session.correlation_id.clone(),
            service_identity: session.service_identity.clone(),
        }
    }
}
