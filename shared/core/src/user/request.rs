//! What an admin asks of users.

use serde::Deserialize;

use super::Email;
use crate::display_name::UserName;

/// The body of `POST /v1/users`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateUserRequest {
    /// The user's name.
    pub name: UserName,
    /// The user's e-mail address; no other user may have it.
    pub email: Email,
}

/// The body of `PATCH /v1/users/{id}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateUserRequest {
    /// Whether the user's keys may be used.
    pub is_active: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::InvalidRequest;

    #[test]
    fn a_wrong_field_is_pointed_at() {
        for (body, pointer) in [
            (r#"{"name":"Ada","email":"ada"}"#, Some("/email")),
            (
                r#"{"name":"A\u0000","email":"ada@example.com"}"#,
                Some("/name"),
            ),
            (
                r#"{"name":"Ada","email":"ada@example.com\r\n"}"#,
                Some("/email"),
            ),
            (
                r#"{"name":"Ada","email":"ada@example.com","is_admin":true}"#,
                Some("/is_admin"),
            ),
            (r#"{"name":"Ada"}"#, None),
        ] {
            match crate::body::read::<CreateUserRequest>(body.as_bytes()) {
                Err(InvalidRequest::Refused(refusal)) => {
                    assert_eq!(refusal.pointer.as_deref(), pointer, "{body}");
                }
                other => panic!("{body}: {other:?}"),
            }
        }
        for body in [r#"{"is_active":1}"#, r#"{"is_active":"true"}"#, "{}"] {
            let read = crate::body::read::<UpdateUserRequest>(body.as_bytes());
            assert!(matches!(read, Err(InvalidRequest::Refused(_))), "{body}");
        }
    }
}
