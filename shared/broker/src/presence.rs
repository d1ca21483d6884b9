//! A worker says that it is there.

use kubently_core::directory::Presence;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::topology::WORKERS;

impl Broker {
    /// Writes a worker's presence.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn announce(&self, presence: &Presence) -> Result<(), StoreError> {
        let key = format!("{}.{}", presence.cluster_id, presence.worker.key_token());
        let value = serde_json::to_vec(presence).map_err(|source| StoreError::Corrupt {
            what: "presence",
            source,
        })?;
        self.put(WORKERS, &key, value).await.map(drop)
    }
}
