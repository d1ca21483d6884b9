//! What a caller asks of API keys.

use serde::Deserialize;

use super::{ApiKey, NewApiKey};
use crate::access::{Grant, Principal};
use crate::display_name::KeyName;
use crate::id::{ApiKeyId, UserId};
use crate::text::ServiceIdentity;
use crate::time::Timestamp;

/// The longest that a rotated key's old secret is still taken, in seconds: a week.
pub const MAX_OVERLAP_SECONDS: u32 = 7 * 24 * 3600;

/// The body of `POST /v1/api-keys`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKeyRequest {
    /// The key's name, for its owner.
    pub name: KeyName,
    /// Whose key it is; accepted from an admin only, the caller where it is absent.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// What it may do; what the key that makes it may, but no admin, where it is absent.
    #[serde(default)]
    pub grant: Option<Grant>,
    /// The service that it stands for; accepted from an admin only.
    #[serde(default)]
    pub service_identity: Option<ServiceIdentity>,
    /// From when on it is refused; as the key that makes it, where it is absent.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// The body of `POST /v1/api-keys/{id}/rotate`; may be absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RotateApiKeyRequest {
    /// How long the old secret is still taken, in seconds; 0 – one week, default 0.
    pub overlap_seconds: OverlapSeconds,
}

/// See [`RotateApiKeyRequest::overlap_seconds`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct OverlapSeconds(u32);

/// Why a key cannot be made so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotMake {
    /// The field is accepted from an admin only.
    #[error("{0} is accepted from an admin only")]
    NotAdmin(&'static str),
    /// The new key could do more, or for longer, than the one that makes it.
    #[error("a key never grants more, or for longer, than the key that makes it")]
    Exceeded,
    /// It would be of no use.
    #[error("expires_at is over already")]
    Over,
}

impl OverlapSeconds {
    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for OverlapSeconds {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        if seconds <= MAX_OVERLAP_SECONDS {
            Ok(Self(seconds))
        } else {
            Err(format!(
                "overlap_seconds is a whole number from 0 to {MAX_OVERLAP_SECONDS}"
            ))
        }
    }
}

impl Principal {
    /// Whether a key of this grant and end may come from this caller: it never grants more, nor
    /// for longer, than the caller's own.
    #[must_use]
    pub fn may_grant(&self, grant: &Grant, expires_at: Option<Timestamp>) -> bool {
        let no_longer = match (self.expires_at, expires_at) {
            (None, _) => true,
            (Some(own), Some(end)) => end <= own,
            (Some(_), None) => false,
        };
        no_longer && self.grant.covers(grant)
    }
}

impl CreateApiKeyRequest {
    /// The key that is asked for, as this caller may make it at this time.
    ///
    /// # Errors
    /// [`CannotMake`]
    pub fn new_key(
        self,
        id: ApiKeyId,
        maker: &Principal,
        now: Timestamp,
    ) -> Result<NewApiKey, CannotMake> {
        let is_admin = maker.grant.admin;
        if !is_admin && self.user_id.is_some_and(|user| user != maker.user_id) {
            return Err(CannotMake::NotAdmin("user_id"));
        }
        if !is_admin && self.service_identity.is_some() {
            return Err(CannotMake::NotAdmin("service_identity"));
        }
        let user_id = self.user_id.unwrap_or(maker.user_id);
        let grant = self.grant.unwrap_or_else(|| Grant {
            admin: false,
            ..Grant::clone(&maker.grant)
        });
        let expires_at = self.expires_at.or(maker.expires_at);
        if !maker.may_grant(&grant, expires_at) {
            return Err(CannotMake::Exceeded);
        }
        if expires_at.is_some_and(|end| end <= now) {
            return Err(CannotMake::Over);
        }
        // Another user's key stands for the service that is named, not for its maker's.
        let own = (user_id == maker.user_id).then(|| maker.service_identity.clone());
        Ok(NewApiKey {
            id,
            user_id,
            name: self.name,
            grant,
            service_identity: self.service_identity.or(own.flatten()),
            expires_at,
        })
    }
}

impl ApiKey {
    /// Whether this caller may be shown a new secret of the key: a rotation must not hand out more
    /// than the caller could have made itself.
    #[must_use]
    pub fn may_be_rotated_by(&self, caller: &Principal) -> bool {
        caller.key_id == self.id || caller.may_grant(&self.grant, self.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn now() -> Timestamp {
        serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap()
    }

    fn maker(grant: &str, expires_at: Option<Timestamp>) -> Principal {
        Principal {
            user_id: "0b0e1f0a-5c1e-4d3a-8f00-1234567890ab".parse().unwrap(),
            key_id: "7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90".parse().unwrap(),
            service_identity: Some("ci".parse().unwrap()),
            grant: Arc::new(serde_json::from_str(grant).unwrap()),
            expires_at,
        }
    }

    fn made(maker: &Principal, body: &str) -> Result<NewApiKey, CannotMake> {
        let request: CreateApiKeyRequest = crate::body::read(body.as_bytes()).unwrap();
        let id = "7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a91".parse().unwrap();
        request.new_key(id, maker, now())
    }

    #[test]
    fn what_is_absent_is_the_makers_but_never_admin() {
        let admin = maker(r#"{"admin":true,"clusters":["a"]}"#, None);
        let key = made(&admin, r#"{"name":"x"}"#).unwrap();
        assert!(!key.grant.admin && key.grant.clusters == admin.grant.clusters);
        assert_eq!(key.user_id, admin.user_id);
        assert_eq!(key.service_identity, admin.service_identity);
        let other = r#"{"name":"x","user_id":"0b0e1f0a-5c1e-4d3a-8f00-1234567890ac"}"#;
        assert_eq!(made(&admin, other).unwrap().service_identity, None);
    }

    #[test]
    fn a_key_never_grants_more_nor_for_longer_than_its_maker() {
        let soon = now().plus_seconds(60);
        let limited = maker(r#"{"clusters":["a"]}"#, Some(soon));
        for (body, error) in [
            (r#"{"name":"x","grant":{}}"#, CannotMake::Exceeded),
            (
                r#"{"name":"x","grant":{"clusters":["a"],"admin":true}}"#,
                CannotMake::Exceeded,
            ),
            (
                r#"{"name":"x","expires_at":"2026-11-23T08:01:01Z"}"#,
                CannotMake::Exceeded,
            ),
            (
                r#"{"name":"x","expires_at":"2026-11-23T08:00:00Z"}"#,
                CannotMake::Over,
            ),
            (
                r#"{"name":"x","user_id":"0b0e1f0a-5c1e-4d3a-8f00-1234567890ac"}"#,
                CannotMake::NotAdmin("user_id"),
            ),
            (
                r#"{"name":"x","service_identity":"other"}"#,
                CannotMake::NotAdmin("service_identity"),
            ),
        ] {
            assert_eq!(made(&limited, body), Err(error), "{body}");
        }
        let key = made(&limited, r#"{"name":"x"}"#).unwrap();
        assert_eq!(key.expires_at, Some(soon));
        let zoneless = r#"{"name":"x","expires_at":"2026-11-23T08:00:00"}"#;
        assert!(crate::body::read::<CreateApiKeyRequest>(zoneless.as_bytes()).is_err());
    }

    #[test]
    fn a_lesser_key_cannot_rotate_a_greater_one_of_the_same_user() {
        let admin = maker(r#"{"admin":true}"#, None);
        let new = made(&admin, r#"{"name":"x","grant":{"admin":true}}"#).unwrap();
        let token = crate::api_key::ApiKeyToken::from_random([7; crate::api_key::TOKEN_BYTES]);
        let key = ApiKey::new(new, &token, now());
        assert!(key.may_be_rotated_by(&admin));
        assert!(!key.may_be_rotated_by(&maker("{}", None)));
    }
}
