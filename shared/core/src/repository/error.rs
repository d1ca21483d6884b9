//! What can go wrong with a store.

use std::error::Error;

use super::page::InvalidCursor;
use crate::api_key::KeyOver;
use crate::session::SessionOver;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// What is to be changed is not there, or is somebody else's: nobody is told which.
    #[error("not found")]
    NotFound,
    /// Something else has this id, hash or e-mail address already.
    #[error("it exists already")]
    Conflict,
    /// It kept being changed by others; nothing was written.
    #[error("it was changed at the same time")]
    Stale,
    /// The cursor is of another list.
    #[error("{0}")]
    Cursor(#[from] InvalidCursor),
    /// The key can no longer change.
    #[error("{0}")]
    KeyOver(#[from] KeyOver),
    /// The session takes no more commands.
    #[error("{0}")]
    SessionOver(#[from] SessionOver),
    /// What is stored is none of our records.
    #[error("the stored record is corrupt")]
    Corrupt(#[source] Box<dyn Error + Send + Sync>),
    /// The store does not answer; whether it wrote is not known.
    #[error("the store is not reachable")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
}
