//! Ids: one newtype for each kind of thing, all of them UUIDs in their one canonical spelling.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::as_text::as_text;

/// A text that is no UUID in its canonical spelling (lower case, four hyphens, RFC 9562 §4).
///
/// Other spellings are refused: ids are keys and subject tokens, and one thing has one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is a UUID in lower case with hyphens, such as 0199b6a0-5c1e-7d3a-8f00-1234567890ab")]
pub struct InvalidId;

fn canonical(text: &str) -> Result<Uuid, InvalidId> {
    let uuid = Uuid::try_parse(text).map_err(|_| InvalidId)?;
    let mut buffer = Uuid::encode_buffer();
    if uuid.hyphenated().encode_lower(&mut buffer) == text {
        Ok(uuid)
    } else {
        Err(InvalidId)
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// The id of this UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                canonical(text).map(Self)
            }
        }

        as_text!($name);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

id!(
    /// The id of a job and of its command: a UUIDv7 whose 74 random bits nobody can guess, so who
    /// was not told it cannot publish where its readers look.
    JobId
);
id!(
    /// The id of a session.
    SessionId
);
id!(
    /// The id of a user. A static key's user id is a `UUIDv8` derived from the key's hash.
    UserId
);
id!(
    /// The id of an API key.
    ApiKeyId
);
id!(
    /// The id of one execution of a command; random, new at each delivery.
    RunId
);

impl JobId {
    /// A UUIDv7 (RFC 9562 §5.7) of this time and these random bytes, of which 74 bits are used.
    #[must_use]
    pub fn new(at: DateTime<Utc>, random: [u8; 10]) -> Self {
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_of_a_uuid_are_refused() {
        let plain = "0199b6a0-5c1e-7d3a-8f00-1234567890ab";
        assert_eq!(plain.parse::<JobId>().unwrap().to_string(), plain);
        for text in [
            plain.to_uppercase(),
            format!("{{{plain}}}"),
            format!("urn:uuid:{plain}"),
            plain.replace('-', ""),
            format!(" {plain}"),
            String::new(),
        ] {
            assert_eq!(text.parse::<JobId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn job_ids_sort_by_the_time_they_were_made() {
        let at = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
        let first = JobId::new(at, [0xff; 10]);
        let second = JobId::new(at + chrono::TimeDelta::milliseconds(1), [0; 10]);
        assert!(first < second);
        assert_eq!(first.as_uuid().get_version_num(), 7);
    }
}
