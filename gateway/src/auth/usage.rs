//! When keys were last used: noted at most once a minute a key, and no request waits for it.

use std::sync::Arc;

use kubently_broker::KnownKey;
use kubently_core::id::{ApiKeyId, UserId};
use kubently_core::repository::AdminApiKeyRepository;
use kubently_core::time::Timestamp;
use tokio::sync::mpsc;

use crate::metrics::Metrics;
use crate::run::chain;

/// The most notes that wait to be written; one more is dropped, and the key's next minute brings
/// another.
pub(crate) const MAX_WAITING: usize = 1024;

/// Where uses are noted.
#[derive(Debug, Clone)]
pub(crate) struct Usage {
    notes: mpsc::Sender<(UserId, ApiKeyId, Timestamp)>,
    metrics: Metrics,
}

impl Usage {
    /// Writes notes for as long as somebody can note.
    pub(crate) fn start(stores: Arc<dyn AdminApiKeyRepository>, metrics: Metrics) -> Self {
        let (notes, mut waiting) = mpsc::channel(MAX_WAITING);
        tokio::spawn(async move {
            while let Some((owner, key, at)) = waiting.recv().await {
                if let Err(error) = stores.update_api_key_last_used(owner, key, at).await {
                    tracing::debug!(reason = chain(&error), "the use of a key is not noted");
                }
            }
        });
        Self { notes, metrics }
    }

    /// How many uses wait to be noted.
    pub(crate) fn len(&self) -> usize {
        self.notes.max_capacity() - self.notes.capacity()
    }

    /// Notes a use, where the key's last one was noted a minute ago.
    pub(crate) fn note(&self, key: &KnownKey, now: Timestamp) {
        if key.is_due(now) {
            let note = (key.principal.user_id, key.principal.key_id, now);
            if self.notes.try_send(note).is_err() {
                tracing::debug!("too many uses wait to be noted: one is dropped");
                self.metrics.turned_away("key_notes");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use kubently_core::api_key::{ApiKey, ApiKeyHash};
    use kubently_core::repository::RepositoryError;

    use super::*;

    /// A store that never answers.
    struct Stuck;

    #[async_trait]
    impl AdminApiKeyRepository for Stuck {
        async fn get_api_key_by_hash(
            &self,
            _: &ApiKeyHash,
        ) -> Result<Option<ApiKey>, RepositoryError> {
            Ok(None)
        }

        async fn find_api_key(&self, _: ApiKeyId) -> Result<Option<ApiKey>, RepositoryError> {
            Ok(None)
        }

        async fn remove_api_key(
            &self,
            _: UserId,
            _: ApiKeyId,
            _: Timestamp,
        ) -> Result<bool, RepositoryError> {
            Ok(false)
        }

        async fn update_api_key_last_used(
            &self,
            _: UserId,
            _: ApiKeyId,
            _: Timestamp,
        ) -> Result<(), RepositoryError> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn a_store_that_hangs_holds_nobody_up_and_nothing_grows() {
        let usage = Usage::start(Arc::new(Stuck), Metrics::default());
        let id = uuid::Uuid::nil();
        let note = (
            UserId::from_uuid(id),
            ApiKeyId::from_uuid(id),
            chrono::DateTime::UNIX_EPOCH.into(),
        );
        let taken = (0..MAX_WAITING + 100).filter(|_| usage.notes.try_send(note).is_ok());
        assert!(taken.count() <= MAX_WAITING + 1);
    }
}
