//! The ports of core on `JetStream`: one file each for identity, sessions and jobs.

use async_trait::async_trait;
use kubently_core::repository::{
    Listing, Page, PageRequest, Position, Repositories, RepositoryError,
};
use kubently_core::time::Timestamp;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::hub_clock::HubClock;

/// Every store, on the hub's buckets and streams. Clones share the connection.
#[derive(Debug, Clone)]
pub struct HubRepositories {
    pub(crate) broker: Broker,
    clock: HubClock,
}

/// The rows of one page while they are looked for: never more than a few pages of them.
pub(crate) struct Newest<T> {
    listing: Listing,
    after: Option<Position>,
    keep: usize,
    rows: Vec<(Position, T)>,
}

impl HubRepositories {
    /// The stores behind this connection; sessions are told the time by this clock, the hub's.
    #[must_use]
    pub const fn new(broker: Broker, clock: HubClock) -> Self {
        Self { broker, clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

#[async_trait]
impl Repositories for HubRepositories {
    async fn initialize(&self) -> Result<(), RepositoryError> {
        let made = Box::pin(self.broker.ensure()).await;
        made.map_err(|error| RepositoryError::Unreachable(Box::new(error)))
    }

    async fn close(&self) -> Result<(), RepositoryError> {
        self.broker.close().await;
        Ok(())
    }
}

impl<T> Newest<T> {
    /// Of this list, behind the request's cursor.
    pub(crate) fn new(listing: Listing, request: &PageRequest) -> Result<Self, RepositoryError> {
        let after = request
            .cursor
            .as_ref()
            .map(|cursor| listing.position(cursor))
            .transpose()?;
        // One more than the page has tells whether there is a next one.
        let keep = usize::try_from(request.limit.get()).unwrap_or(usize::MAX) + 1;
        Ok(Self {
            listing,
            after,
            keep,
            rows: Vec::new(),
        })
    }

    /// Where the last page ended.
    pub(crate) const fn after(&self) -> Option<Position> {
        self.after
    }

    /// Whether the page and the row behind it are there.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= self.keep
    }

    pub(crate) fn push(&mut self, position: Position, row: T) {
        if self.after.is_some_and(|after| position >= after) {
            return;
        }
        self.rows.push((position, row));
        if self.rows.len() >= 4 * self.keep {
            self.rows
                .sort_by_key(|(position, _)| std::cmp::Reverse(*position));
            self.rows.truncate(self.keep);
        }
    }

    /// The page.
    pub(crate) fn page(self, request: &PageRequest) -> Result<Page<T>, RepositoryError> {
        Ok(self.listing.page(self.rows, request)?)
    }
}

impl From<StoreError> for RepositoryError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Stale,
            StoreError::Corrupt { .. } => Self::Corrupt(Box::new(error)),
            other => Self::Unreachable(Box::new(other)),
        }
    }
}

/// A new thing whose key is taken.
pub(crate) fn taken(error: StoreError) -> RepositoryError {
    match error {
        StoreError::Conflict => RepositoryError::Conflict,
        other => other.into(),
    }
}
