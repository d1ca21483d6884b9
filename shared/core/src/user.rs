//! Users: who owns keys, sessions and jobs.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::as_text::as_text;
use crate::display_name::UserName;
use crate::id::UserId;
use crate::time::Timestamp;

mod request;

pub use request::{CreateUserRequest, UpdateUserRequest};

/// The longest e-mail address, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
pub const MAX_EMAIL: usize = 254;

/// An e-mail address: visible ASCII, one `@` with something on both sides, at most 254 bytes.
///
/// It keeps its spelling and is compared case-folded: two users never differ by case alone. It is
/// ASCII, so that folding is exact and no two addresses look alike; other domains have an ASCII
/// form (RFC 5890).
#[derive(Debug, Clone)]
pub struct Email(String);

/// A text that is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an e-mail address is NAME@DOMAIN in visible ASCII, at most {MAX_EMAIL} bytes")]
pub struct InvalidEmail;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The user's name.
    pub name: UserName,
    /// The user's e-mail address; no other user has it.
    pub email: Email,
    /// When the user was made.
    pub created_at: Timestamp,
    /// Whether the user's keys may be used.
    #[serde(rename = "is_active")]
    pub state: UserState,
}

/// Whether a user's keys may be used; `true` or `false` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub enum UserState {
    /// They may.
    Active,
    /// Every key of the user is refused.
    Deactivated,
}

/// A change of state that the user has behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransition {
    /// Activated twice.
    #[error("the user is active already")]
    AlreadyActive,
    /// Deactivated twice.
    #[error("the user is deactivated already")]
    AlreadyDeactivated,
}

impl Email {
    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address in lower case, as it is compared.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The SHA-256 of the folded address in hex: its place in an index.
    #[must_use]
    pub fn index_hash(&self) -> String {
        crate::api_key::hex(&Sha256::digest(self.folded()))
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Email {}

impl Hash for Email {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = text.len() <= MAX_EMAIL && text.bytes().all(|byte| byte.is_ascii_graphic());
        match text.split_once('@') {
            Some((local, domain)) if visible && !local.is_empty() && is_domain(domain) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidEmail),
        }
    }
}

fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

as_text!(Email);

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<bool> for UserState {
    fn from(is_active: bool) -> Self {
        if is_active {
            Self::Active
        } else {
            Self::Deactivated
        }
    }
}

impl From<UserState> for bool {
    fn from(state: UserState) -> Self {
        state == UserState::Active
    }
}

impl User {
    /// A new, active user.
    #[must_use]
    pub const fn new(id: UserId, name: UserName, email: Email, created_at: Timestamp) -> Self {
        Self {
            id,
            name,
            email,
            created_at,
            state: UserState::Active,
        }
    }

    /// Whether the user's keys may be used.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == UserState::Active
    }

    /// The user, deactivated.
    ///
    /// # Errors
    /// The user is deactivated already.
    pub fn deactivate(self) -> Result<Self, InvalidTransition> {
        match self.state {
            UserState::Active => Ok(Self {
                state: UserState::Deactivated,
                ..self
            }),
            UserState::Deactivated => Err(InvalidTransition::AlreadyDeactivated),
        }
    }

    /// The user, active again.
    ///
    /// # Errors
    /// The user is active already.
    pub fn activate(self) -> Result<Self, InvalidTransition> {
        match self.state {
            UserState::Deactivated => Ok(Self {
                state: UserState::Active,
                ..self
            }),
            UserState::Active => Err(InvalidTransition::AlreadyActive),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> User {
        serde_json::from_value(serde_json::json!({
            "id": "0b0e1f0a-5c1e-4d3a-8f00-1234567890ab", "name": "Ada", "email": "Ada@Example.com",
            "created_at": "2026-11-23T08:00:00.000Z", "is_active": true
        }))
        .unwrap()
    }

    #[test]
    fn addresses_that_differ_by_case_are_one() {
        let plain: Email = "ada@example.com".parse().unwrap();
        assert_eq!(user().email, plain);
        assert_eq!(user().email.index_hash(), plain.index_hash());
        assert_eq!(user().email.as_str(), "Ada@Example.com");
        assert_ne!(plain, "adb@example.com".parse().unwrap());
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        let longest = format!("{}@example.com", "a".repeat(242));
        assert!(longest.parse::<Email>().is_ok());
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a@b@c",
            "ada@example..com",
            "ada@-example.com",
            "ada @example.com",
            "ada@example.com\r\nBcc: x@y.z",
            "ada\u{0}@example.com",
            "adá@example.com",
            &format!("a{longest}"),
        ] {
            assert_eq!(text.parse::<Email>(), Err(InvalidEmail), "{text:?}");
        }
    }

    #[test]
    fn a_user_is_deactivated_and_activated_once_each() {
        let off = user().deactivate().unwrap();
        assert!(!off.is_active());
        assert_eq!(
            off.clone().deactivate(),
            Err(InvalidTransition::AlreadyDeactivated)
        );
        assert!(off.activate().unwrap().is_active());
        assert_eq!(user().activate(), Err(InvalidTransition::AlreadyActive));
    }

    #[test]
    fn a_user_reads_back_with_is_active_as_a_boolean() {
        let json = serde_json::to_value(user()).unwrap();
        assert_eq!(json["is_active"], true);
        assert_eq!(serde_json::from_value::<User>(json).unwrap(), user());
    }
}
