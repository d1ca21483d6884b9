//! What can go wrong between us and the hub.

use std::error::Error as _;

use async_nats::StatusCode;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{
    CreateStreamError, CreateStreamErrorKind, PublishError, PublishErrorKind, RequestError,
    RequestErrorKind,
};
use async_nats::jetstream::stream::{
    ConsumerError, ConsumerErrorKind, DirectGetError, DirectGetErrorKind, RawMessageError,
    RawMessageErrorKind,
};

/// "JetStream system temporarily unavailable": no leader.
const NOT_AVAILABLE: u64 = 10008;
/// "No suitable peers for placement": servers of which nothing was heard yet count as away, so a hub that has
/// just started says it for some seconds. One that is too small for its replicas goes on saying it.
const NO_PEERS: u64 = 10005;

/// A store that did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection to the hub.
    #[error("the hub is not reachable")]
    NotReachable,
    /// The hub did not answer in time; what was asked may have happened.
    #[error("the hub did not answer in time")]
    NoAnswer,
    /// Nobody answers for the stream: a leader change, or it does not exist.
    #[error("no stream answered")]
    NoResponders,
    /// The value had changed since it was read, or exists already (10071).
    #[error("the value has changed")]
    Conflict,
    /// The server refused, with its own code.
    #[error("the hub refused: {text} ({code})")]
    Refused {
        /// The server's error code.
        code: u64,
        /// The server's text.
        text: String,
    },
    /// What is stored cannot be read.
    #[error("the stored {what} cannot be read")]
    Corrupt {
        /// What it should be.
        what: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// The client failed in another way.
    #[error("the NATS client failed")]
    Client(#[source] async_nats::Error),
}

impl StoreError {
    /// Whether the hub could not be asked at all.
    #[must_use]
    pub const fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::NotReachable | Self::NoAnswer | Self::NoResponders
        )
    }

    /// Whether another answer may come where there was none: no leader, none yet, or one that was lost.
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::NoAnswer
                | Self::NoResponders
                | Self::Refused {
                    code: NOT_AVAILABLE | NO_PEERS,
                    ..
                }
        )
    }

    /// Whether the hub itself said so.
    pub(crate) const fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::NoResponders | Self::Conflict | Self::Refused { .. } | Self::Corrupt { .. }
        )
    }

    pub(crate) fn client(error: impl Into<async_nats::Error>) -> Self {
        Self::Client(error.into())
    }
}

impl From<async_nats::jetstream::Error> for StoreError {
    fn from(error: async_nats::jetstream::Error) -> Self {
        if error.error_code() == ErrorCode::STREAM_WRONG_LAST_SEQUENCE {
            return Self::Conflict;
        }
        Self::Refused {
            code: error.error_code().0,
            text: error.to_string(),
        }
    }
}

impl From<PublishError> for StoreError {
    fn from(error: PublishError) -> Self {
        match error.kind() {
            PublishErrorKind::TimedOut => Self::NoAnswer,
            PublishErrorKind::BrokenPipe => Self::NotReachable,
            PublishErrorKind::StreamNotFound => Self::NoResponders,
            _ => match error.source().and_then(|source| source.downcast_ref()) {
                Some(refused) => Self::from(async_nats::jetstream::Error::clone(refused)),
                None => Self::client(error),
            },
        }
    }
}

impl From<RequestError> for StoreError {
    fn from(error: RequestError) -> Self {
        match error.kind() {
            RequestErrorKind::TimedOut => Self::NoAnswer,
            RequestErrorKind::NoResponders => Self::NoResponders,
            _ => Self::client(error),
        }
    }
}

impl From<CreateStreamError> for StoreError {
    fn from(error: CreateStreamError) -> Self {
        match error.kind() {
            CreateStreamErrorKind::JetStream(refused) => Self::from(refused),
            CreateStreamErrorKind::TimedOut => Self::NoAnswer,
            CreateStreamErrorKind::JetStreamUnavailable => Self::NoResponders,
            _ => Self::client(error),
        }
    }
}

impl From<ConsumerError> for StoreError {
    fn from(error: ConsumerError) -> Self {
        match error.kind() {
            ConsumerErrorKind::JetStream(refused) => Self::from(refused),
            ConsumerErrorKind::TimedOut => Self::NoAnswer,
            _ => {
                let request = error.source().and_then(|source| source.downcast_ref());
                let request = request.map(RequestError::kind);
                if request == Some(RequestErrorKind::NoResponders) {
                    Self::NoResponders
                } else {
                    Self::client(error)
                }
            }
        }
    }
}

impl From<DirectGetError> for StoreError {
    fn from(error: DirectGetError) -> Self {
        match error.kind() {
            DirectGetErrorKind::TimedOut => Self::NoAnswer,
            DirectGetErrorKind::ErrorResponse(StatusCode::NO_RESPONDERS, _) => Self::NoResponders,
            _ => Self::client(error),
        }
    }
}

impl From<RawMessageError> for StoreError {
    fn from(error: RawMessageError) -> Self {
        if let RawMessageErrorKind::JetStream(refused) = error.kind() {
            return refused.into();
        }
        let source = error.source().and_then(|it| it.downcast_ref());
        match source.map(RequestError::kind) {
            Some(RequestErrorKind::TimedOut) => Self::NoAnswer,
            Some(RequestErrorKind::NoResponders) => Self::NoResponders,
            _ => Self::client(error),
        }
    }
}
