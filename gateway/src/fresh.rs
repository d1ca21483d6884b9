//! New ids and secrets, from the operating system's randomness.

use kubently_core::api_key::{ApiKeyToken, TOKEN_BYTES};
use kubently_core::id::{ApiKeyId, SessionId, UserId};
use uuid::Uuid;

pub(crate) fn user_id() -> UserId {
    UserId::from_uuid(Uuid::new_v4())
}

pub(crate) fn api_key_id() -> ApiKeyId {
    ApiKeyId::from_uuid(Uuid::new_v4())
}

pub(crate) fn session_id() -> SessionId {
    SessionId::from_uuid(Uuid::new_v4())
}

/// A secret of 240 random bits.
pub(crate) fn token() -> ApiKeyToken {
    // The bytes of UUIDv4s but 6 to 8, which hold their version and variant.
    let whole = std::iter::repeat_with(|| Uuid::new_v4().into_bytes().into_iter().enumerate())
        .flatten()
        .filter(|(place, _)| !(6..9).contains(place));
    let mut random = [0; TOKEN_BYTES];
    for (byte, (_, from)) in random.iter_mut().zip(whole) {
        *byte = from;
    }
    ApiKeyToken::from_random(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_secret_is_random() {
        let tokens: Vec<_> = (0..64).map(|_| token()).collect();
        for place in 3..43 {
            let mut seen: Vec<_> = tokens
                .iter()
                .map(|token| token.expose().as_bytes()[place])
                .collect();
            seen.sort_unstable();
            seen.dedup();
            assert!(seen.len() > 16, "place {place}");
        }
    }
}
