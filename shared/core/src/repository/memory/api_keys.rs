//! API keys in memory.

use async_trait::async_trait;

use super::{MemoryRepositories, State};
use crate::api_key::{ApiKey, ApiKeyHash};
use crate::id::{ApiKeyId, UserId};
use crate::repository::{
    AdminApiKeyRepository, ApiKeyRepository, Listing, Page, PageRequest, Position, RepositoryError,
    Rotation,
};
use crate::time::Timestamp;

impl State {
    fn key(&self, owner: UserId, id: ApiKeyId) -> Option<&ApiKey> {
        self.keys
            .values()
            .find(|key| key.user_id == owner && key.id == id)
    }

    fn is_taken(&self, key: &ApiKey) -> bool {
        let same_id = |other: &ApiKey| other.id == key.id;
        self.keys.contains_key(&key.key_hash) || self.keys.values().any(same_id)
    }
}

#[async_trait]
impl ApiKeyRepository for MemoryRepositories {
    async fn create_api_key(&self, key: &ApiKey) -> Result<(), RepositoryError> {
        let mut state = self.state();
        if !state.users.contains_key(&key.user_id) {
            return Err(RepositoryError::NotFound);
        }
        if state.is_taken(key) {
            return Err(RepositoryError::Conflict);
        }
        state.keys.insert(key.key_hash, key.clone());
        Ok(())
    }

    async fn get_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, RepositoryError> {
        Ok(self.state().key(owner, id).cloned())
    }

    async fn list_api_keys(
        &self,
        owner: UserId,
        page: &PageRequest,
    ) -> Result<Page<ApiKey>, RepositoryError> {
        let state = self.state();
        let rows = state
            .keys
            .values()
            .filter(|key| key.user_id == owner)
            .map(|key| {
                let position = Position {
                    at: key.created_at,
                    id: key.id.as_uuid(),
                };
                (position, key.clone())
            });
        let listing = Listing {
            of: "api_keys",
            owner: Some(owner),
        };
        Ok(listing.page(rows, page)?)
    }

    async fn revoke_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<ApiKey, RepositoryError> {
        let mut state = self.state();
        let key = state
            .key(owner, id)
            .cloned()
            .ok_or(RepositoryError::NotFound)?;
        let Ok(revoked) = key.clone().revoke(at) else {
            return Ok(key);
        };
        state.keys.insert(revoked.key_hash, revoked.clone());
        Ok(revoked)
    }

    async fn rotate_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
        rotation: &Rotation,
    ) -> Result<(ApiKey, ApiKey), RepositoryError> {
        let mut state = self.state();
        let key = state
            .key(owner, id)
            .cloned()
            .ok_or(RepositoryError::NotFound)?;
        let (old, new) = key.rotate(
            rotation.id,
            &rotation.token,
            rotation.at,
            rotation.overlap_seconds,
        )?;
        if state.is_taken(&new) {
            return Err(RepositoryError::Conflict);
        }
        state.keys.insert(old.key_hash, old.clone());
        state.keys.insert(new.key_hash, new.clone());
        Ok((old, new))
    }

    async fn api_key_last_used(
        &self,
        owner: UserId,
        id: ApiKeyId,
    ) -> Result<Option<Timestamp>, RepositoryError> {
        Ok(self.state().last_used.get(&(owner, id)).copied())
    }
}

#[async_trait]
impl AdminApiKeyRepository for MemoryRepositories {
    async fn get_api_key_by_hash(
        &self,
        hash: &ApiKeyHash,
    ) -> Result<Option<ApiKey>, RepositoryError> {
        Ok(self.state().keys.get(hash).cloned())
    }

    async fn find_api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, RepositoryError> {
        let state = self.state();
        Ok(state.keys.values().find(|key| key.id == id).cloned())
    }

    async fn remove_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
        now: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let mut state = self.state();
        let over = state.key(owner, id).filter(|key| !key.is_usable(now));
        let Some(hash) = over.map(|key| key.key_hash) else {
            return Ok(false);
        };
        state.keys.remove(&hash);
        state.last_used.remove(&(owner, id));
        Ok(true)
    }

    async fn update_api_key_last_used(
        &self,
        owner: UserId,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<(), RepositoryError> {
        let mut state = self.state();
        let last = state.last_used.entry((owner, id)).or_insert(at);
        *last = at.max(*last);
        Ok(())
    }
}
