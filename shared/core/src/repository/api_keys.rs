//! The ports of API keys.

use async_trait::async_trait;

use super::{Page, PageRequest, RepositoryError};
use crate::api_key::{ApiKey, ApiKeyHash, ApiKeyToken};
use crate::id::{ApiKeyId, UserId};
use crate::time::Timestamp;

/// How a key is rotated.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The successor's id.
    pub id: ApiKeyId,
    /// The successor's secret.
    pub token: ApiKeyToken,
    /// When.
    pub at: Timestamp,
    /// How long the old secret is still taken, in seconds.
    pub overlap_seconds: u32,
}

/// What a user may ask of its keys.
#[async_trait]
pub trait ApiKeyRepository: Send + Sync {
    /// Stores a new key of an existing user.
    ///
    /// `NotFound` where there is no such user, `Conflict` where the id or the hash is taken.
    async fn create_api_key(&self, key: &ApiKey) -> Result<(), RepositoryError>;

    /// The owner's key of this id.
    async fn get_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, RepositoryError>;

    /// A page of the owner's keys, revoked and expired ones included.
    async fn list_api_keys(
        &self,
        owner: UserId,
        page: &PageRequest,
    ) -> Result<Page<ApiKey>, RepositoryError>;

    /// Revokes a key and answers it; one that is revoked already keeps the time of that.
    async fn revoke_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<ApiKey, RepositoryError>;

    /// Replaces a key: stores its end and its successor, both or neither, and answers both in this
    /// order. `KeyOver` where it is revoked or has expired.
    async fn rotate_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
        rotation: &Rotation,
    ) -> Result<(ApiKey, ApiKey), RepositoryError>;

    /// When the owner's key was last used; none where it never was.
    async fn api_key_last_used(
        &self,
        owner: UserId,
        id: ApiKeyId,
    ) -> Result<Option<Timestamp>, RepositoryError>;
}

/// What the gateway itself, or an admin, asks of keys.
#[async_trait]
pub trait AdminApiKeyRepository: Send + Sync {
    /// The key of this hash. Whether it and its owner are active is for the caller to check.
    async fn get_api_key_by_hash(
        &self,
        hash: &ApiKeyHash,
    ) -> Result<Option<ApiKey>, RepositoryError>;

    /// The key of this id, whosever it is.
    async fn find_api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, RepositoryError>;

    /// Forgets a key that is revoked or has expired, with when it was last used; whether it did: one
    /// that may still be used stays, and one that is not there is gone already.
    async fn remove_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;

    /// Notes that the owner's key was used; an earlier time than the stored one changes nothing.
    /// It writes beside the key and never to it.
    async fn update_api_key_last_used(
        &self,
        owner: UserId,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<(), RepositoryError>;
}
