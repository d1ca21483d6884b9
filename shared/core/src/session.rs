//! Sessions: a caller's stretch of work on one cluster.

use serde::{Deserialize, Serialize};

use crate::bounded::TtlSeconds;
use crate::cluster::ClusterId;
use crate::id::{SessionId, UserId};
use crate::text::{CorrelationId, ServiceIdentity};
use crate::time::Timestamp;

mod request;
mod response;

pub use request::CreateSessionRequest;
pub use response::SessionResponse;

/// How long a session lives at most, in seconds, however busy it is: 8 h.
pub const MAX_AGE_SECONDS: u32 = 8 * 3600;

/// How long a session that is over can still be read, in seconds: 1 h.
pub const READABLE_SECONDS: u32 = 3600;

/// A session as it is stored. Its status is computed from its times, never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Session {
    /// The session's id.
    pub session_id: SessionId,
    /// Its cluster.
    pub cluster_id: ClusterId,
    /// Its owner.
    pub user_id: UserId,
    /// The caller's own id.
    #[serde(default)]
    pub correlation_id: Option<CorrelationId>,
    /// The service that its owner's key stands for.
    #[serde(default)]
    pub service_identity: Option<ServiceIdentity>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a command or a sign of life last came.
    pub last_activity: Timestamp,
    /// How many commands it has had.
    pub command_count: u64,
    /// How long it lives without activity.
    pub ttl_seconds: TtlSeconds,
    /// When it was ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
}

/// What a session is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SessionStatus {
    /// It takes commands.
    Active,
    /// It takes commands, and half its time without activity is over.
    Idle,
    /// Its time is over, for ever.
    Expired,
    /// It was ended, for ever.
    Ended,
}

/// Why a session takes no more commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionOver {
    /// Its time is over.
    #[error("the session has expired")]
    Expired,
    /// It was ended.
    #[error("the session has ended")]
    Ended,
}

impl Session {
    /// A new session of this owner.
    #[must_use]
    pub const fn new(
        session_id: SessionId,
        user_id: UserId,
        cluster_id: ClusterId,
        ttl_seconds: TtlSeconds,
        created_at: Timestamp,
    ) -> Self {
        Self {
            session_id,
            cluster_id,
            user_id,
            correlation_id: None,
            service_identity: None,
            created_at,
            last_activity: created_at,
            command_count: 0,
            ttl_seconds,
            ended_at: None,
        }
    }

    /// When it expires without further activity: `ttl_seconds` after the last one, at most 8 h
    /// after it was made.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        let sliding = self.last_activity.plus_seconds(self.ttl_seconds.get());
        sliding.min(self.created_at.plus_seconds(MAX_AGE_SECONDS))
    }

    /// Until when it can be read, also once it is over.
    #[must_use]
    pub fn readable_until(&self) -> Timestamp {
        let over = self.ended_at.unwrap_or_else(|| self.expires_at());
        over.plus_seconds(READABLE_SECONDS)
    }

    /// Its status at this time.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> SessionStatus {
        let idle_at = self.last_activity.plus_seconds(self.ttl_seconds.get() / 2);
        if self.ended_at.is_some() {
            SessionStatus::Ended
        } else if now >= self.expires_at() {
            SessionStatus::Expired
        } else if now >= idle_at {
            SessionStatus::Idle
        } else {
            SessionStatus::Active
        }
    }

    /// Whether its time is over, whether or not it was ended before.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at()
    }

    /// Whether it takes commands at this time.
    ///
    /// # Errors
    /// It has expired or was ended.
    pub fn check_live(&self, now: Timestamp) -> Result<(), SessionOver> {
        match self.status(now) {
            SessionStatus::Active | SessionStatus::Idle => Ok(()),
            SessionStatus::Expired => Err(SessionOver::Expired),
            SessionStatus::Ended => Err(SessionOver::Ended),
        }
    }

    /// The session after `commands` more commands, the last of them at this time; 0 is a mere
    /// sign of life. Times that come out of order never shorten it.
    ///
    /// # Errors
    /// It had expired or was ended.
    pub fn touch(self, at: Timestamp, commands: u64) -> Result<Self, SessionOver> {
        self.check_live(at)?;
        Ok(Self {
            last_activity: self.last_activity.max(at),
            command_count: self.command_count.saturating_add(commands),
            ..self
        })
    }

    /// The session, ended.
    ///
    /// # Errors
    /// It had expired or was ended.
    pub fn end(self, at: Timestamp) -> Result<Self, SessionOver> {
        self.check_live(at)?;
        Ok(Self {
            ended_at: Some(at),
            ..self
        })
    }
}

#[cfg(test)]
mod tests;
