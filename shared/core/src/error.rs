//! What a caller reads of an error.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The body of every refusal over HTTP: problem details (RFC 9457), in which the source's
/// [`ErrorResponse`] stands as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Problem {
    /// `about:blank`: the code says which problem it is, and there is no page about each
    /// (RFC 9457 §4.2.1).
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// One sentence for people.
    pub detail: String,
    /// The stable code that programs branch on; more may come, none changes its meaning.
    pub code: String,
    /// The places of the request that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Place>,
    /// What to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The source's own fields.
    #[serde(flatten)]
    pub response: ErrorResponse,
}

/// An error in the source's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct ErrorResponse {
    /// What is wrong, as in `detail`.
    pub error: String,
    /// More about it, as in `hint`.
    pub details: Option<String>,
    /// The request's id, as in the header `X-Request-Id` and in the gateway's log.
    pub request_id: Option<String>,
    /// When it was answered.
    pub timestamp: Timestamp,
}

/// One place of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Place {
    /// A JSON pointer (RFC 6901) into the body; empty is the whole of it.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
    /// The offending text, escaped and cut to 120 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
}
