//! Who calls: the key of a request, looked up without a round trip.

mod usage;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use kubently_broker::{Authentication, Identity};
use kubently_core::access::{Grant, Principal};
use kubently_core::api_key::ApiKeyToken;
use kubently_core::id::{ApiKeyId, UserId};
use kubently_core::time::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};
use uuid::Uuid;

use crate::error::ApiError;

pub(crate) use usage::{MAX_WAITING as MOST_NOTES, Usage};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The most bytes of a key that are looked at.
const MAX_KEY: usize = 512;

/// The configured keys, as hashes.
pub(crate) struct Keys(Vec<([u8; 32], Arc<Principal>)>);

/// Who is let in: the keys of the configuration and those of the hub.
pub(crate) struct Door {
    pub(crate) keys: Keys,
    pub(crate) identity: Identity,
    pub(crate) usage: Usage,
}

/// What a request's key says; put into the request's extensions before any route runs.
#[derive(Debug, Clone)]
pub(crate) enum Presented {
    /// It is this caller's.
    Key(Arc<Principal>),
    /// There is not exactly one, or it lets nobody in: nobody is told which.
    Nothing,
    /// Who it lets in is not known just now.
    NotKnown {
        /// It let somebody in a moment ago, and is worth waiting for.
        is_likely: bool,
    },
}

/// The principal of a request; a handler that takes it cannot be reached without a key.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Arc<Principal>);

/// A request whose key manages users; others are answered 403.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admin;

impl Door {
    /// Who these headers let in at this time. Whatever is presented, the same is done with it: it
    /// is hashed and looked up.
    pub(crate) fn authenticate(&self, headers: &HeaderMap, now: Timestamp) -> Presented {
        let Some(key) = presented(headers) else {
            return Presented::Nothing;
        };
        if let Some(principal) = self.keys.find(key) {
            return Presented::Key(Arc::clone(principal));
        }
        let token = std::str::from_utf8(key).ok().map(str::parse::<ApiKeyToken>);
        let Some(Ok(token)) = token else {
            return Presented::Nothing;
        };
        let hash = token.hash();
        match self.identity.authenticate(&hash, now) {
            Authentication::Known(key) => {
                self.usage.note(&key, now);
                Presented::Key(Arc::clone(&key.principal))
            }
            Authentication::Unknown => Presented::Nothing,
            Authentication::Behind => Presented::NotKnown {
                is_likely: self.identity.has_known(&hash, now),
            },
        }
    }
}

impl Keys {
    /// Each key is a principal of its own, whose ids follow from the key's hash: the same on every
    /// gateway and after every start.
    pub(crate) fn new<'a>(keys: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let grant = Arc::new(Grant::default());
        let known = |key: &SecretString| {
            let hash: [u8; 32] = Sha256::digest(key.expose_secret()).into();
            let principal = Principal {
                user_id: UserId::from_uuid(derived("kubently user", &hash)),
                key_id: ApiKeyId::from_uuid(derived("kubently key", &hash)),
                service_identity: None,
                grant: Arc::clone(&grant),
                expires_at: None,
            };
            (hash, Arc::new(principal))
        };
        Self(keys.into_iter().map(known).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares with every key in the same time, whichever it is.
    fn find(&self, key: &[u8]) -> Option<&Arc<Principal>> {
        let hash: [u8; 32] = Sha256::digest(key).into();
        let mut found = u64::MAX;
        for (number, (known, _)) in (0_u64..).zip(&self.0) {
            found.conditional_assign(&number, known.ct_eq(&hash));
        }
        let (_, principal) = self.0.get(usize::try_from(found).ok()?)?;
        Some(principal)
    }
}

/// The key of `Authorization: Bearer KEY` (RFC 6750) or `X-API-Key: KEY`; exactly one of them,
/// once.
fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    let mut bearer = headers.get_all(header::AUTHORIZATION).into_iter();
    let mut plain = headers.get_all(X_API_KEY).into_iter();
    let key = match (bearer.next(), plain.next()) {
        (Some(value), None) => {
            let (scheme, key) = value.as_bytes().split_at_checked("Bearer ".len())?;
            scheme.eq_ignore_ascii_case(b"Bearer ").then_some(key)?
        }
        (None, Some(value)) => value.as_bytes(),
        _ => return None,
    };
    let once = bearer.next().is_none() && plain.next().is_none();
    (once && key.len() <= MAX_KEY).then(|| key.trim_ascii())
}

/// A UUIDv8 (RFC 9562 §5.8) from a key's hash.
fn derived(what: &str, hash: &[u8; 32]) -> Uuid {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(what)
        .chain_update(hash)
        .finalize()
        .into();
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest) {
        *byte = from;
    }
    Uuid::new_v8(bytes)
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        match parts.extensions.get::<Presented>() {
            Some(Presented::Key(principal)) => Ok(Self(Arc::clone(principal))),
            Some(Presented::NotKnown { .. }) => Err(ApiError::IdentityBehind),
            Some(Presented::Nothing) | None => Err(ApiError::Unauthenticated),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Caller(principal) = Caller::from_request_parts(parts, state).await?;
        if principal.grant.admin {
            Ok(Self)
        } else {
            Err(ApiError::NotAdmin)
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const KEY: &str = "ci_0123456789012345678901234567890123456789";
    const OTHER: &str = "ci_9876543210987654321098765432109876543210";

    fn keys() -> Keys {
        Keys::new(&[KEY.into(), OTHER.into()])
    }

    fn principal(pairs: &[(&'static str, &str)]) -> Option<Arc<Principal>> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        presented(&headers).and_then(|key| keys().find(key).cloned())
    }

    #[test]
    fn a_key_gets_in_by_either_header() {
        let by_bearer = principal(&[("authorization", &format!("Bearer {KEY}"))]).unwrap();
        assert_eq!(principal(&[("x-api-key", KEY)]), Some(by_bearer.clone()));
        assert_eq!(
            principal(&[("authorization", &format!("bearer  {KEY}"))]),
            Some(by_bearer)
        );
    }

    #[test]
    fn each_key_is_a_user_of_its_own() {
        let (one, other) = (
            principal(&[("x-api-key", KEY)]),
            principal(&[("x-api-key", OTHER)]),
        );
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one.user_id, other.user_id);
        assert_ne!(one.key_id, other.key_id);
        assert_ne!(one.user_id.as_uuid(), one.key_id.as_uuid());
        assert_eq!(one.user_id.as_uuid().get_version_num(), 8);
    }

    #[test]
    fn a_users_id_never_changes() {
        let principal = principal(&[("x-api-key", KEY)]).unwrap();
        assert_eq!(
            principal.user_id.to_string(),
            "5bc82d72-c981-8a9e-a404-d2f0e92fe964"
        );
    }

    #[test]
    fn anything_but_one_known_key_stays_out() {
        let bearer = format!("Bearer {KEY}");
        let cases: &[&[(&'static str, &str)]] = &[
            &[],
            &[("authorization", KEY)],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer ")],
            &[("authorization", &bearer), ("authorization", &bearer)],
            &[("authorization", &bearer), ("x-api-key", KEY)],
            &[("x-api-key", KEY), ("x-api-key", KEY)],
            &[("x-api-key", "")],
            &[("x-api-key", &KEY[..42])],
            &[("x-api-key", &format!("{KEY}x"))],
            &[("authorization", &format!("Basic {KEY}"))],
        ];
        for case in cases {
            assert_eq!(principal(case), None, "{case:?}");
        }
    }

    #[test]
    fn without_keys_nobody_gets_in() {
        let mut headers = HeaderMap::new();
        headers.append("x-api-key", HeaderValue::from_static(KEY));
        let key = presented(&headers).unwrap();
        assert!(Keys::new(&[]).find(key).is_none());
    }
}
