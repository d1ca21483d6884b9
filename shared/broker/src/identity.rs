//! Users and keys as a gateway knows them, by one watch: whether a key is good costs no round
//! trip, and a revocation is known everywhere within a second.
//!
//! What is held is bounded by the bucket's own size.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_nats::jetstream::kv::Entry;
use kubently_core::access::Principal;
use kubently_core::api_key::{ApiKey, ApiKeyHash};
use kubently_core::id::{ApiKeyId, UserId};
use kubently_core::time::Timestamp;
use kubently_core::user::User;
use tokio::sync::watch::{self, Receiver};

use crate::connect::Broker;
use crate::error::StoreError;
use crate::hub_clock::HubClock;
use crate::topology::IDENTITY;
use crate::watched::{Standing, watch};

/// How often the use of one key is noted, in seconds.
const NOTED_EVERY: i64 = 60;
/// How long a gateway waits to see what it has just written itself.
const SEEN_LIMIT: Duration = Duration::from_secs(2);

/// Users and keys, held in memory. Clones share them.
#[derive(Clone)]
pub struct Identity {
    known: Arc<RwLock<Known>>,
    standing: Arc<Standing>,
    changed: Receiver<()>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<ApiKeyHash, Arc<KnownKey>>,
    /// Whether each user is active, and how many keys it has.
    users: HashMap<UserId, KnownUser>,
}

#[derive(Default, Clone, Copy)]
struct KnownUser {
    is_active: bool,
    keys: usize,
}

/// A key that is known.
#[derive(Debug)]
pub struct KnownKey {
    /// Who it lets in.
    pub principal: Arc<Principal>,
    revoked_at: Option<Timestamp>,
    /// When its use was last noted here, in seconds.
    noted: AtomicI64,
}

/// What is known of a key that is presented.
#[derive(Debug, Clone)]
pub enum Authentication {
    /// It is good now.
    Known(Arc<KnownKey>),
    /// It is no key, or it or its owner may not be used: nobody is told which.
    Unknown,
    /// What is known may be out of date: nobody is let in on it.
    Behind,
}

impl KnownKey {
    /// Whether this use is to be noted: the first one in a minute. It counts as noted then.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let now = now.get().timestamp();
        let last = self.noted.load(Ordering::Relaxed);
        let due = now.saturating_sub(last) >= NOTED_EVERY;
        due && self
            .noted
            .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    fn is_good(&self, now: Timestamp) -> bool {
        let expired = self.principal.expires_at.is_some_and(|end| end <= now);
        self.revoked_at.is_none() && !expired
    }

    /// Since when it lets nobody in; none while it does.
    fn over_since(&self, now: Timestamp) -> Option<Timestamp> {
        let expired = self.principal.expires_at.filter(|end| *end <= now);
        self.revoked_at.into_iter().chain(expired).min()
    }
}

impl Known {
    fn user(&mut self, user: &User) {
        self.users.entry(user.id).or_default().is_active = user.is_active();
    }

    fn key(&mut self, key: ApiKey) {
        let old = self.keys.get(&key.key_hash);
        let noted = old.map_or(0, |old| old.noted.load(Ordering::Relaxed));
        if old.is_none() {
            self.users.entry(key.user_id).or_default().keys += 1;
        }
        let known = KnownKey {
            principal: Arc::new(Principal {
                user_id: key.user_id,
                key_id: key.id,
                service_identity: key.service_identity,
                grant: Arc::new(key.grant),
                expires_at: key.expires_at,
            }),
            revoked_at: key.revoked_at,
            noted: AtomicI64::new(noted),
        };
        self.keys.insert(key.key_hash, Arc::new(known));
    }

    fn forget(&mut self, hash: &ApiKeyHash) {
        if let Some(key) = self.keys.remove(hash)
            && let Some(owner) = self.users.get_mut(&key.principal.user_id)
        {
            owner.keys = owner.keys.saturating_sub(1);
        }
    }

    /// A user's key that has been over for the longest time.
    fn first_over(&self, user: UserId, now: Timestamp) -> Option<ApiKeyId> {
        let own = self
            .keys
            .values()
            .filter(|key| key.principal.user_id == user);
        let over = own.filter_map(|key| Some((key.over_since(now)?, key.principal.key_id)));
        over.min_by_key(|(since, _)| *since).map(|(_, id)| id)
    }

    fn good(&self, hash: &ApiKeyHash, now: Timestamp) -> Option<&Arc<KnownKey>> {
        let key = self.keys.get(hash).filter(|key| key.is_good(now))?;
        let owner = self.users.get(&key.principal.user_id)?;
        owner.is_active.then_some(key)
    }
}

impl Identity {
    /// Opens the watch and waits for what there is now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn start(broker: &Broker, clock: HubClock) -> Result<Self, StoreError> {
        let known = Arc::new(RwLock::new(Known::default()));
        let (tell, changed) = watch::channel(());
        let own = Arc::clone(&known);
        let standing = watch(broker, IDENTITY, clock, move |key, entry| {
            match entry {
                Some(entry) => apply(&own, key, entry),
                None => forget(&own, key),
            }
            tell.send_replace(());
        });
        let standing = standing.await?.complete().await?;
        Ok(Self {
            known,
            standing,
            changed,
        })
    }

    /// Whether the key of this hash lets somebody in at this time.
    #[must_use]
    pub fn authenticate(&self, hash: &ApiKeyHash, now: Timestamp) -> Authentication {
        if self.standing.is_behind() {
            return Authentication::Behind;
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .good(hash, now)
            .map_or(Authentication::Unknown, |key| {
                Authentication::Known(Arc::clone(key))
            })
    }

    /// Whether the key of this hash let somebody in by what was known last, however old that is.
    #[must_use]
    pub fn has_known(&self, hash: &ApiKeyHash, now: Timestamp) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.good(hash, now).is_some()
    }

    /// Whether what is known may be out of date.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.standing.is_behind()
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.keys.is_empty()
    }

    /// How many keys a user has, revoked and expired ones included; none where it is not known.
    #[must_use]
    pub fn keys_of(&self, user: UserId) -> Option<usize> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.users.get(&user).map(|user| user.keys)
    }

    /// A user's key that has been over for the longest time, revoked or expired; none where all may
    /// be used.
    #[must_use]
    pub fn first_over(&self, user: UserId, now: Timestamp) -> Option<ApiKeyId> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.first_over(user, now)
    }

    /// Waits until a key that was just forgotten is not known here any more, 2 s at most.
    pub async fn saw_gone(&self, id: ApiKeyId) {
        self.saw(|known| known.keys.values().all(|key| key.principal.key_id != id))
            .await;
    }

    /// Waits until a key that was just written here is known as that, 2 s at most: so that who was
    /// answered finds it so at this gateway.
    pub async fn saw_key(&self, key: &ApiKey) {
        let (hash, revoked, end) = (key.key_hash, key.revoked_at, key.expires_at);
        self.saw(|known| {
            known.keys.get(&hash).is_some_and(|known| {
                known.revoked_at == revoked && known.principal.expires_at == end
            })
        })
        .await;
    }

    /// The same for a user.
    pub async fn saw_user(&self, user: &User) {
        let (id, is_active) = (user.id, user.is_active());
        self.saw(|known| {
            let known = known.users.get(&id);
            known.is_some_and(|known| known.is_active == is_active)
        })
        .await;
    }

    async fn saw(&self, is_there: impl Fn(&Known) -> bool) {
        let mut changed = self.changed.clone();
        let seen = changed.wait_for(|()| {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            is_there(&known)
        });
        if tokio::time::timeout(SEEN_LIMIT, seen).await.is_err() {
            tracing::warn!("the identity watch has not shown what was written");
        }
    }
}

/// Only keys are ever taken away.
fn forget(known: &RwLock<Known>, key: &str) {
    let hash = key.strip_prefix("key.").and_then(|hash| hash.parse().ok());
    if let Some(hash) = hash {
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        known.forget(&hash);
    }
}

fn apply(known: &RwLock<Known>, key: &str, entry: &Entry) {
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    let read = match key.split_once('.') {
        Some(("user", _)) => {
            serde_json::from_slice(&entry.value).map(|user: User| known.user(&user))
        }
        Some(("key", _)) => serde_json::from_slice(&entry.value).map(|key| known.key(key)),
        _ => Ok(()),
    };
    if let Err(error) = read {
        tracing::error!(%error, "an odd entry in the identity bucket");
    }
}

#[cfg(test)]
mod tests {
    use kubently_core::access::Grant;
    use kubently_core::api_key::{ApiKeyToken, NewApiKey, TOKEN_BYTES};

    use super::*;

    fn at(second: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000 + second, 0)
            .unwrap()
            .into()
    }

    fn user() -> User {
        let id = "0b0e1f0a-5c1e-4d3a-8f00-1234567890ab".parse().unwrap();
        let email = "ada@example.com".parse().unwrap();
        User::new(id, "Ada".parse().unwrap(), email, at(0))
    }

    fn key() -> ApiKey {
        let new = NewApiKey {
            id: "7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90".parse().unwrap(),
            user_id: user().id,
            name: "ci".parse().unwrap(),
            grant: Grant::default(),
            service_identity: None,
            expires_at: Some(at(100)),
        };
        ApiKey::new(new, &ApiKeyToken::from_random([7; TOKEN_BYTES]), at(0))
    }

    #[test]
    fn a_key_is_good_until_it_expires_is_revoked_or_its_owner_is_deactivated() {
        let hash = key().key_hash;
        let mut known = Known::default();
        known.key(key());
        assert!(known.good(&hash, at(1)).is_none(), "no owner yet");
        known.user(&user());
        assert!(known.good(&hash, at(99)).is_some());
        assert!(known.good(&hash, at(100)).is_none(), "expired");
        known.user(&user().deactivate().unwrap());
        assert!(known.good(&hash, at(1)).is_none(), "deactivated");
        known.user(&user());
        known.key(key().revoke(at(2)).unwrap());
        assert!(known.good(&hash, at(1)).is_none(), "revoked");
        assert_eq!(known.users.get(&user().id).unwrap().keys, 1);
    }

    #[test]
    fn the_key_that_ended_first_makes_room_and_one_that_is_good_never_does() {
        let mut known = Known::default();
        known.user(&user());
        known.key(key());
        let owner = user().id;
        assert_eq!(known.first_over(owner, at(99)), None);
        assert_eq!(known.first_over(owner, at(100)), Some(key().id));
        let other = ApiKey {
            id: "8c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90".parse().unwrap(),
            key_hash: ApiKeyToken::from_random([8; TOKEN_BYTES]).hash(),
            ..key()
        };
        let id = other.id;
        known.key(other.revoke(at(50)).unwrap());
        assert_eq!(known.first_over(owner, at(100)), Some(id));
        known.forget(&ApiKeyToken::from_random([8; TOKEN_BYTES]).hash());
        assert_eq!(known.first_over(owner, at(100)), Some(key().id));
        assert_eq!(known.users.get(&owner).unwrap().keys, 1);
        let nobody = "0b0e1f0a-5c1e-4d3a-8f00-000000000000".parse().unwrap();
        assert_eq!(known.first_over(nobody, at(100)), None);
    }

    #[test]
    fn a_use_is_noted_once_a_minute_whatever_happens_to_the_key() {
        let mut known = Known::default();
        known.user(&user());
        known.key(key());
        let hash = key().key_hash;
        assert!(known.good(&hash, at(0)).unwrap().is_due(at(0)));
        known.key(key());
        let key = known.good(&hash, at(0)).unwrap();
        assert!(!key.is_due(at(59)));
        assert!(key.is_due(at(60)));
        assert!(!key.is_due(at(60)));
    }
}
