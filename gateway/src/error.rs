//! Every way in which a request can fail.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kubently_broker::{OverQuota, StoreError, SubmitError};
use kubently_core::access::Denied;
use kubently_core::api_key::{CannotMake, KeyOver};
use kubently_core::refusal::{Refusal, RefusalCode};
use kubently_core::repository::RepositoryError;
use kubently_core::request::{InvalidRequest, MAX_BODY};

use crate::problem::Problem;
use crate::run::chain;

/// Why a request has no answer; becomes a problem (see [`Problem`]). Its text is for the caller.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the body is not JSON: {0}")]
    MalformedJson(String),
    #[error("the body could not be read to its end")]
    BodyUnreadable,
    #[error("one valid API key is needed, in Authorization or X-API-Key")]
    Unauthenticated,
    #[error("only an admin may do this, or name a user_id or a service_identity")]
    NotAdmin,
    #[error("a key never grants more, or for longer, than the key that makes it")]
    GrantExceeded,
    #[error("{}", .0.message)]
    Forbidden(Box<Refusal>),
    #[error("there is no such route")]
    RouteNotFound,
    #[error("there is no such job")]
    JobNotFound,
    #[error("there is no such cluster")]
    ClusterNotFound,
    #[error("there is no such session")]
    SessionNotFound,
    #[error("there is no such user")]
    UserNotFound,
    #[error("there is no such API key")]
    KeyNotFound,
    #[error("this route does not answer to this method")]
    MethodNotAllowed,
    #[error("the body did not arrive in time")]
    BodyTooSlow,
    #[error("the job has not finished")]
    JobNotFinished,
    #[error("the session is of another cluster")]
    SessionElsewhere,
    #[error("the session has expired")]
    SessionExpired,
    #[error("the session has ended")]
    SessionEnded,
    #[error("another user has this e-mail address")]
    EmailTaken,
    #[error("the key is revoked")]
    KeyRevoked,
    #[error("the key has expired")]
    KeyExpired,
    #[error("a key of the configuration is no user's, so it makes no keys for itself")]
    NoUser,
    #[error("the user has as many keys as a user may have")]
    TooManyKeys,
    #[error("it was changed by others at the same time")]
    Contended,
    #[error("the job's result was kept for its time and is gone")]
    ResultExpired,
    #[error("the events behind this id were kept for their time and are gone")]
    EventsExpired,
    #[error("this is no id of an event of this job")]
    BadEventId,
    #[error("an Idempotency-Key is 1 to 255 printable ASCII characters without spaces, sent once")]
    BadIdempotencyKey,
    #[error("this Idempotency-Key stands for another command")]
    IdempotencyKeyReused,
    #[error("you have as many unfinished jobs on this gateway as a user may have")]
    OverQuota,
    #[error("a body has at most {MAX_BODY} bytes")]
    BodyTooLarge,
    #[error("the body must be application/json")]
    UnsupportedMediaType,
    #[error("the body must not be compressed")]
    UnsupportedEncoding,
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    #[error("the query is not understood: {0}")]
    BadQuery(&'static str),
    #[error("the cursor is none of this list's")]
    BadCursor,
    #[error("the user has as many sessions as a user may have")]
    TooManySessions,
    #[error("the cluster's queue is full")]
    QueueFull,
    #[error("more requests are in work than this gateway takes at a time")]
    Overloaded,
    #[error("the hub does not answer; what was asked may still happen")]
    HubUnavailable,
    #[error("the list of clusters is behind")]
    ClustersBehind,
    #[error("what is known of users and keys is behind")]
    IdentityBehind,
    #[error("something went wrong here; the request's id finds it in the log")]
    Internal,
}

impl ApiError {
    const fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::MalformedJson(_) => (StatusCode::BAD_REQUEST, "malformed_json"),
            Self::BodyUnreadable => (StatusCode::BAD_REQUEST, "body_unreadable"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::NotAdmin => (StatusCode::FORBIDDEN, "not_admin"),
            Self::GrantExceeded => (StatusCode::FORBIDDEN, "grant_exceeded"),
            Self::Forbidden(refusal) => (StatusCode::FORBIDDEN, refusal.code.as_str()),
            Self::RouteNotFound => (StatusCode::NOT_FOUND, "route_not_found"),
            Self::JobNotFound => (StatusCode::NOT_FOUND, "job_not_found"),
            Self::ClusterNotFound => (StatusCode::NOT_FOUND, "cluster_not_found"),
            Self::SessionNotFound => (StatusCode::NOT_FOUND, "session_not_found"),
            Self::UserNotFound => (StatusCode::NOT_FOUND, "user_not_found"),
            Self::KeyNotFound => (StatusCode::NOT_FOUND, "api_key_not_found"),
            Self::SessionElsewhere => (StatusCode::CONFLICT, "session_of_other_cluster"),
            Self::SessionExpired => (StatusCode::CONFLICT, "session_expired"),
            Self::SessionEnded => (StatusCode::CONFLICT, "session_ended"),
            Self::EmailTaken => (StatusCode::CONFLICT, "email_taken"),
            Self::KeyRevoked => (StatusCode::CONFLICT, "key_revoked"),
            Self::KeyExpired => (StatusCode::CONFLICT, "key_expired"),
            Self::NoUser => (StatusCode::CONFLICT, "no_user"),
            Self::TooManyKeys => (StatusCode::CONFLICT, "too_many_keys"),
            Self::Contended => (StatusCode::CONFLICT, "contended"),
            Self::BadCursor => (StatusCode::UNPROCESSABLE_ENTITY, "bad_cursor"),
            Self::IdentityBehind => (StatusCode::SERVICE_UNAVAILABLE, "identity_behind"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "body_too_slow"),
            Self::JobNotFinished => (StatusCode::CONFLICT, "job_not_finished"),
            Self::ResultExpired => (StatusCode::GONE, "result_expired"),
            Self::EventsExpired => (StatusCode::GONE, "events_expired"),
            Self::BadEventId => (StatusCode::UNPROCESSABLE_ENTITY, "bad_event_id"),
            Self::BadIdempotencyKey => (StatusCode::UNPROCESSABLE_ENTITY, "bad_idempotency_key"),
            Self::IdempotencyKeyReused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused")
            }
            Self::TooManySessions | Self::OverQuota => (StatusCode::TOO_MANY_REQUESTS, "quota"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Self::UnsupportedEncoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding")
            }
            Self::Refused(refusal) => (StatusCode::UNPROCESSABLE_ENTITY, refusal.code.as_str()),
            Self::BadQuery(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_query"),
            Self::QueueFull => (StatusCode::TOO_MANY_REQUESTS, "queue_full"),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            Self::HubUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "hub_unavailable"),
            Self::ClustersBehind => (StatusCode::SERVICE_UNAVAILABLE, "clusters_behind"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated => Some("send Authorization: Bearer KEY, once"),
            Self::ClusterNotFound => Some("GET /v1/clusters lists what there is"),
            Self::UnsupportedMediaType => Some("send Content-Type: application/json"),
            Self::JobNotFinished => Some("ask again after Retry-After seconds"),
            Self::ResultExpired => Some("run the command again"),
            Self::EventsExpired | Self::BadEventId => {
                Some("read the events from the beginning, without an id, or the job itself")
            }
            Self::IdempotencyKeyReused => Some("send another command under a key of its own"),
            Self::OverQuota => Some("wait for some of them to end, or cancel them"),
            Self::NoUser => Some("make a user, or an admin with: kubently-gateway admin create"),
            Self::BadCursor => Some("begin again without a cursor"),
            Self::SessionExpired | Self::SessionEnded => Some("make a new session"),
            Self::TooManySessions => Some("sessions are gone an hour after they are over"),
            Self::QueueFull
            | Self::Overloaded
            | Self::HubUnavailable
            | Self::ClustersBehind
            | Self::IdentityBehind => Some("try again after Retry-After seconds"),
            _ => None,
        }
    }

    /// When to try again, in seconds.
    const fn retry_after(&self) -> Option<&'static str> {
        match self {
            Self::JobNotFinished | Self::Overloaded => Some("1"),
            Self::QueueFull
            | Self::OverQuota
            | Self::HubUnavailable
            | Self::ClustersBehind
            | Self::IdentityBehind => Some("2"),
            Self::TooManySessions => Some("60"),
            _ => None,
        }
    }

    fn problem(&self) -> Problem {
        if let Self::Refused(refusal) = self {
            return Problem::refused(refusal);
        }
        let (status, code) = self.status();
        if let Self::Forbidden(refusal) = self {
            return Problem {
                status,
                ..Problem::refused(refusal)
            };
        }
        let mut problem = Problem::new(status, code, self.to_string());
        problem.hint = self.hint().map(str::to_owned);
        problem
    }
}

impl IntoResponse for ApiError {
    /// The status and the headers; the body is written once the request's id is known.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status().0;
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if matches!(self, Self::Unauthenticated) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self.problem());
        response
    }
}

impl ApiError {
    /// What a store did not do; `missing` says what is not there.
    pub(crate) fn of_store(error: &RepositoryError, missing: Self) -> Self {
        let reason = chain(error);
        match error {
            RepositoryError::NotFound => missing,
            RepositoryError::Conflict | RepositoryError::Stale => Self::Contended,
            RepositoryError::Cursor(_) => Self::BadCursor,
            RepositoryError::KeyOver(KeyOver::Revoked) => Self::KeyRevoked,
            RepositoryError::KeyOver(KeyOver::Expired) => Self::KeyExpired,
            RepositoryError::SessionOver(over) => (*over).into(),
            RepositoryError::Corrupt(_) => {
                tracing::error!(reason, "what the hub keeps cannot be read");
                Self::Internal
            }
            RepositoryError::Unreachable(_) => {
                tracing::warn!(reason, "the hub did not answer");
                Self::HubUnavailable
            }
        }
    }

    /// The same, where `taken` says what was there already.
    pub(crate) fn of_conflict(error: RepositoryError, taken: Self) -> Self {
        match error {
            RepositoryError::Conflict => taken,
            error => Self::of_store(&error, Self::Internal),
        }
    }
}

impl From<CannotMake> for ApiError {
    fn from(error: CannotMake) -> Self {
        match error {
            CannotMake::NotAdmin(_) => Self::NotAdmin,
            CannotMake::Exceeded => Self::GrantExceeded,
            CannotMake::Over => Refusal::new(RefusalCode::BadField, error.to_string())
                .pointer("/expires_at")
                .into(),
        }
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied.refusal() {
            Some(refusal) => Self::Forbidden(Box::new(refusal)),
            None => Self::ClusterNotFound,
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<InvalidRequest> for ApiError {
    fn from(error: InvalidRequest) -> Self {
        match error {
            InvalidRequest::Malformed(text) => Self::MalformedJson(text),
            InvalidRequest::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let reason = chain(&error);
        if error.is_unreachable() {
            tracing::warn!(reason, "the hub did not answer");
            return Self::HubUnavailable;
        }
        if let StoreError::Corrupt { .. } = error {
            tracing::error!(reason, "what the hub keeps cannot be read");
            return Self::Internal;
        }
        tracing::error!(reason, "the hub refused");
        Self::HubUnavailable
    }
}

impl From<OverQuota> for ApiError {
    fn from(_: OverQuota) -> Self {
        Self::OverQuota
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        if matches!(error, SubmitError::QueueFull) {
            return Self::QueueFull;
        }
        let reason = chain(&error);
        tracing::warn!(reason, "a command was not accepted");
        Self::HubUnavailable
    }
}
