//! API keys: the secret, its hash, and what is kept of a key.

use serde::{Deserialize, Serialize};

use crate::access::Grant;
use crate::display_name::KeyName;
use crate::id::{ApiKeyId, UserId};
use crate::text::ServiceIdentity;
use crate::time::Timestamp;

mod request;
mod token;

pub use request::{
    CannotMake, CreateApiKeyRequest, MAX_OVERLAP_SECONDS, OverlapSeconds, RotateApiKeyRequest,
};
pub(crate) use token::hex;
pub use token::{ApiKeyHash, ApiKeyToken, InvalidHash, InvalidToken, KeyPrefix, TOKEN_BYTES};

/// A key as it is stored. Callers are shown an [`ApiKeyResponse`], which has no hash.
///
/// When it was last used stands elsewhere, so that noting it can never race a revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// Its owner.
    pub user_id: UserId,
    /// Its name.
    pub name: KeyName,
    /// The SHA-256 of its secret.
    pub key_hash: ApiKeyHash,
    /// The first characters of its secret, by which its owner knows it again.
    pub prefix: KeyPrefix,
    /// What it may do.
    pub grant: Grant,
    /// The service that it stands for.
    #[serde(default)]
    pub service_identity: Option<ServiceIdentity>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused; none is never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, for ever.
    #[serde(default)]
    pub revoked_at: Option<Timestamp>,
}

/// What a new key is made of, beside its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// Its owner.
    pub user_id: UserId,
    /// Its name.
    pub name: KeyName,
    /// What it may do; its maker's grant covers it.
    pub grant: Grant,
    /// The service that it stands for.
    pub service_identity: Option<ServiceIdentity>,
    /// From when on it is refused; none is never.
    pub expires_at: Option<Timestamp>,
}

/// A key as its owner sees it. Neither the secret nor its hash is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct ApiKeyResponse {
    /// The key's id.
    pub id: ApiKeyId,
    /// Its owner.
    pub user_id: UserId,
    /// Its name.
    pub name: KeyName,
    /// The first characters of its secret.
    pub prefix: KeyPrefix,
    /// What it may do.
    pub grant: Grant,
    /// The service that it stands for.
    pub service_identity: Option<ServiceIdentity>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute; null where it never was.
    pub last_used_at: Option<Timestamp>,
    /// From when on it is refused; null is never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Whether it is neither revoked nor expired.
    pub is_active: bool,
}

/// Why a key can no longer change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyOver {
    /// It was revoked.
    #[error("the key is revoked")]
    Revoked,
    /// Its time is over.
    #[error("the key has expired")]
    Expired,
}

impl ApiKey {
    /// The key of this secret.
    #[must_use]
    pub fn new(new: NewApiKey, token: &ApiKeyToken, created_at: Timestamp) -> Self {
        Self {
            id: new.id,
            user_id: new.user_id,
            name: new.name,
            key_hash: token.hash(),
            prefix: token.prefix(),
            grant: new.grant,
            service_identity: new.service_identity,
            created_at,
            expires_at: new.expires_at,
            revoked_at: None,
        }
    }

    /// Whether the key itself may be used now; its owner must be active as well.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.usable(now).is_ok()
    }

    fn usable(&self, now: Timestamp) -> Result<(), KeyOver> {
        if self.revoked_at.is_some() {
            Err(KeyOver::Revoked)
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Err(KeyOver::Expired)
        } else {
            Ok(())
        }
    }

    /// The key, revoked. One that has expired can be revoked too.
    ///
    /// # Errors
    /// It is revoked already, and keeps the time of that.
    pub fn revoke(self, at: Timestamp) -> Result<Self, KeyOver> {
        if self.revoked_at.is_some() {
            return Err(KeyOver::Revoked);
        }
        Ok(Self {
            revoked_at: Some(at),
            ..self
        })
    }

    /// The key, ending after `overlap_seconds`, and its successor with a new secret.
    ///
    /// The successor has the same owner, grant and end: a rotation changes the secret, and neither
    /// what a key may do nor for how long.
    ///
    /// # Errors
    /// The key is revoked or has expired.
    pub fn rotate(
        self,
        id: ApiKeyId,
        token: &ApiKeyToken,
        at: Timestamp,
        overlap_seconds: u32,
    ) -> Result<(Self, Self), KeyOver> {
        self.usable(at)?;
        let new = NewApiKey {
            id,
            user_id: self.user_id,
            name: self.name.clone(),
            grant: self.grant.clone(),
            service_identity: self.service_identity.clone(),
            expires_at: self.expires_at,
        };
        let overlap = at.plus_seconds(overlap_seconds);
        let old = Self {
            expires_at: Some(self.expires_at.map_or(overlap, |end| end.min(overlap))),
            ..self
        };
        Ok((old, Self::new(new, token, at)))
    }

    /// The key as its owner sees it.
    #[must_use]
    pub fn response(&self, last_used_at: Option<Timestamp>, now: Timestamp) -> ApiKeyResponse {
        ApiKeyResponse {
            id: self.id,
            user_id: self.user_id,
            name: self.name.clone(),
            prefix: self.prefix.clone(),
            grant: self.grant.clone(),
            service_identity: self.service_identity.clone(),
            created_at: self.created_at,
            last_used_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            is_active: self.is_usable(now),
        }
    }
}

#[cfg(test)]
mod tests;
