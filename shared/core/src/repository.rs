//! What the stores must be able to do: one port per aggregate.
//!
//! - A lookup answers `Result<Option<T>, _>`: what is not there is no error. A change of what is
//!   not there is [`RepositoryError::NotFound`].
//! - What a user asks takes the owner first, so that a foreign id finds nothing. What only an
//!   admin or the gateway itself may ask is a port of its own.
//! - Lists are cut into pages, newest first, at most 100 rows each; see [`Page`].
//! - A change reads, decides with the aggregate's own transition and writes on condition that
//!   nothing came between; an implementation tries again until one of both holds.
//!
//! The feature `test-util` adds an implementation in memory, and the suite of facts that every
//! implementation has to keep.

mod api_keys;
mod error;
mod jobs;
mod page;
mod sessions;
mod users;

#[cfg(any(test, feature = "test-util"))]
pub mod contract;
#[cfg(any(test, feature = "test-util"))]
pub mod memory;

pub use api_keys::{AdminApiKeyRepository, ApiKeyRepository, Rotation};
pub use error::RepositoryError;
pub use jobs::{Completion, Job, JobJournal, JobRepository};
pub use page::{Cursor, InvalidCursor, Listing, Page, PageRequest, PageSize, Position};
pub use sessions::{SessionFilter, SessionRepository};
pub use users::{AdminUserRepository, UserRepository};

/// Every port at once: what a gateway is given.
#[async_trait::async_trait]
pub trait Repositories:
    UserRepository
    + AdminUserRepository
    + ApiKeyRepository
    + AdminApiKeyRepository
    + SessionRepository
    + JobRepository
    + JobJournal
{
    /// Makes what the stores need; does nothing where it is there.
    async fn initialize(&self) -> Result<(), RepositoryError>;

    /// Lets go of the stores; what was answered before is kept.
    async fn close(&self) -> Result<(), RepositoryError>;
}
