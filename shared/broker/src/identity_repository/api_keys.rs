//! API keys on the hub.

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_core::api_key::{ApiKey, ApiKeyHash};
use kubently_core::id::{ApiKeyId, UserId};
use kubently_core::repository::{
    AdminApiKeyRepository, ApiKeyRepository, Listing, Page, PageRequest, Position, RepositoryError,
    Rotation, UserRepository as _,
};
use kubently_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bucket::{Change, From, Stored, Walk, Write};
use crate::error::StoreError;
use crate::repositories::{HubRepositories, Newest, taken};
use crate::topology::{IDENTITY, USAGE};

/// Keys of a page that are read at a time.
const AT_A_TIME: usize = 16;
/// How often a rotation begins anew because its key was changed meanwhile.
const TRIES: u32 = 10;

/// What `user_keys.<user>.<key>` says: enough to put a list in order.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Indexed {
    id: ApiKeyId,
    hash: ApiKeyHash,
    created_at: Timestamp,
}

fn key_of(hash: &ApiKeyHash) -> String {
    format!("key.{hash}")
}

fn index_of(owner: UserId, id: ApiKeyId) -> String {
    format!("user_keys.{owner}.{id}")
}

/// A new key and its index entry.
fn writes(key: &ApiKey) -> Result<[Write; 2], StoreError> {
    let indexed = Indexed {
        id: key.id,
        hash: key.key_hash,
        created_at: key.created_at,
    };
    Ok([
        Write::new(key_of(&key.key_hash), key, 0)?,
        Write::new(index_of(key.user_id, key.id), &indexed, 0)?,
    ])
}

impl HubRepositories {
    /// The owner's key as it is stored now.
    async fn own_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
    ) -> Result<Option<Stored<ApiKey>>, StoreError> {
        let index: Option<Stored<Indexed>> =
            self.broker.value(IDENTITY, &index_of(owner, id)).await?;
        match index {
            Some(index) => {
                let key = key_of(&index.value.hash);
                self.broker.value(IDENTITY, &key).await
            }
            None => Ok(None),
        }
    }
}

#[async_trait]
impl ApiKeyRepository for HubRepositories {
    async fn create_api_key(&self, key: &ApiKey) -> Result<(), RepositoryError> {
        // Users are never removed, so one that is there stays there.
        if self.get_user(key.user_id).await?.is_none() {
            return Err(RepositoryError::NotFound);
        }
        let stored = self.broker.set_all(IDENTITY, &writes(key)?).await;
        stored.map_err(taken)
    }

    async fn get_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, RepositoryError> {
        let stored = self.own_key(owner, id).await?;
        Ok(stored.map(|stored| stored.value))
    }

    async fn list_api_keys(
        &self,
        owner: UserId,
        page: &PageRequest,
    ) -> Result<Page<ApiKey>, RepositoryError> {
        let listing = Listing {
            of: "api_keys",
            owner: Some(owner),
        };
        let mut newest = Newest::new(listing, page)?;
        let each = |indexed: Indexed, _| {
            let position = Position {
                at: indexed.created_at,
                id: indexed.id.as_uuid(),
            };
            newest.push(position, indexed.hash);
            Walk::On
        };
        let filter = format!("user_keys.{owner}.*");
        self.broker
            .walk(IDENTITY, &filter, From::First, each)
            .await?;
        let Page { items, next } = newest.page(page)?;
        let keys = futures::stream::iter(items)
            .map(|hash| async move { self.get_api_key_by_hash(&hash).await })
            .buffered(AT_A_TIME);
        let keys: Vec<_> = keys.try_collect().await?;
        Ok(Page {
            items: keys.into_iter().flatten().collect(),
            next,
        })
    }

    async fn revoke_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<ApiKey, RepositoryError> {
        let index: Option<Stored<Indexed>> =
            self.broker.value(IDENTITY, &index_of(owner, id)).await?;
        let index = index.ok_or(RepositoryError::NotFound)?;
        let key = key_of(&index.value.hash);
        self.broker
            .change(IDENTITY, &key, |key: Option<&ApiKey>| {
                let key = key.ok_or(RepositoryError::NotFound)?;
                let revoked = key.clone().revoke(at).map(Change::Write);
                Ok((revoked.unwrap_or_else(|_| Change::Keep(key.clone())), None))
            })
            .await
    }

    async fn rotate_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
        rotation: &Rotation,
    ) -> Result<(ApiKey, ApiKey), RepositoryError> {
        for _ in 0..TRIES {
            let stored = self.own_key(owner, id).await?;
            let Stored { value, revision } = stored.ok_or(RepositoryError::NotFound)?;
            let key = key_of(&value.key_hash);
            let (old, new) = value.rotate(
                rotation.id,
                &rotation.token,
                rotation.at,
                rotation.overlap_seconds,
            )?;
            let [successor, index] = writes(&new)?;
            let writes = [Write::new(key, &old, revision)?, successor, index];
            match self.broker.set_all(IDENTITY, &writes).await {
                Ok(()) => return Ok((old, new)),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
            // Which of the three was it?
            let now = self.own_key(owner, id).await?;
            if now.is_some_and(|now| now.revision == revision) {
                return Err(RepositoryError::Conflict);
            }
        }
        Err(RepositoryError::Stale)
    }

    async fn api_key_last_used(
        &self,
        owner: UserId,
        id: ApiKeyId,
    ) -> Result<Option<Timestamp>, RepositoryError> {
        let stored = self.broker.value(USAGE, &format!("{owner}.{id}")).await?;
        Ok(stored.map(|stored| stored.value))
    }
}

#[async_trait]
impl AdminApiKeyRepository for HubRepositories {
    async fn get_api_key_by_hash(
        &self,
        hash: &ApiKeyHash,
    ) -> Result<Option<ApiKey>, RepositoryError> {
        let stored = self.broker.value(IDENTITY, &key_of(hash)).await?;
        Ok(stored.map(|stored| stored.value))
    }

    async fn find_api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, RepositoryError> {
        let mut found = None;
        let each = |indexed: Indexed, _| {
            found = Some(indexed.hash);
            Walk::Stop
        };
        let filter = format!("user_keys.*.{id}");
        self.broker
            .walk(IDENTITY, &filter, From::First, each)
            .await?;
        match found {
            Some(hash) => self.get_api_key_by_hash(&hash).await,
            None => Ok(None),
        }
    }

    async fn remove_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
        now: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let index_key = index_of(owner, id);
        for _ in 0..TRIES {
            let index: Option<Stored<Indexed>> = self.broker.value(IDENTITY, &index_key).await?;
            let Some(index) = index else {
                return Ok(false);
            };
            let key = key_of(&index.value.hash);
            let stored: Option<Stored<ApiKey>> = self.broker.value(IDENTITY, &key).await?;
            let Some(stored) = stored.filter(|stored| !stored.value.is_usable(now)) else {
                return Ok(false);
            };
            let writes = [
                Write::removal(key, stored.revision),
                Write::removal(index_key.clone(), index.revision),
            ];
            match self.broker.set_all(IDENTITY, &writes).await {
                Ok(()) => {
                    let used = format!("{owner}.{id}");
                    self.broker.erase(USAGE, &used).await?;
                    return Ok(true);
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(RepositoryError::Stale)
    }

    async fn update_api_key_last_used(
        &self,
        owner: UserId,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<(), RepositoryError> {
        let key = format!("{owner}.{id}");
        let noted = self.broker.change(USAGE, &key, |last: Option<&Timestamp>| {
            Ok::<_, StoreError>(match last {
                Some(last) if *last >= at => (Change::Keep(*last), None),
                _ => (Change::Write(at), None),
            })
        });
        noted.await?;
        Ok(())
    }
}
