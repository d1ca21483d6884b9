//! What a caller asks for a session.

use serde::Deserialize;

use crate::bounded::TtlSeconds;
use crate::cluster::ClusterId;
use crate::id::UserId;
use crate::request::InvalidRequest;
use crate::text::{CorrelationId, ServiceIdentity};

/// The body of `POST /v1/sessions`.
///
/// Unknown fields, duplicate keys and numbers written as strings or floats are refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSessionRequest {
    /// The cluster that it is for.
    pub cluster_id: ClusterId,
    /// Accepted from an admin only: a caller's identity comes from its key.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// The caller's own id, shown with the session.
    #[serde(default)]
    pub correlation_id: Option<CorrelationId>,
    /// Accepted from an admin only.
    #[serde(default)]
    pub service_identity: Option<ServiceIdentity>,
    /// How long it lives without activity; the gateway's `session_ttl` where it is absent.
    #[serde(default)]
    pub ttl_seconds: Option<TtlSeconds>,
}

impl CreateSessionRequest {
    /// Reads a request from the bytes of a body.
    ///
    /// # Errors
    /// [`InvalidRequest`]; a refusal points at the field.
    pub fn from_json(body: &[u8]) -> Result<Self, InvalidRequest> {
        crate::body::read(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::RefusalCode as C;

    #[test]
    fn a_cluster_is_enough() {
        let request = CreateSessionRequest::from_json(br#"{"cluster_id":"prod-eu"}"#).unwrap();
        assert_eq!(request.cluster_id.as_str(), "prod-eu");
        assert_eq!(request.ttl_seconds, None);
    }

    #[test]
    fn each_wrong_field_is_pointed_at_with_its_code() {
        for (body, code, pointer) in [
            ("{}", C::MissingField, None),
            (r#"{"cluster_id":""}"#, C::BadClusterId, Some("/cluster_id")),
            (
                r#"{"cluster_id":"a","ttl_seconds":59}"#,
                C::BadField,
                Some("/ttl_seconds"),
            ),
            (
                r#"{"cluster_id":"a","ttl_seconds":3601}"#,
                C::BadField,
                Some("/ttl_seconds"),
            ),
            (
                r#"{"cluster_id":"a","ttl_seconds":"300"}"#,
                C::BadField,
                Some("/ttl_seconds"),
            ),
            (
                r#"{"cluster_id":"a","ttl_seconds":300.0}"#,
                C::BadField,
                Some("/ttl_seconds"),
            ),
            (
                r#"{"cluster_id":"a","user_id":"0B0E1F0A-5C1E-4D3A-8F00-1234567890AB"}"#,
                C::BadField,
                Some("/user_id"),
            ),
            (
                r#"{"cluster_id":"a","correlation_id":"a\nb"}"#,
                C::BadCorrelationId,
                Some("/correlation_id"),
            ),
            (
                r#"{"cluster_id":"a","x/y":1}"#,
                C::UnknownField,
                Some("/x~1y"),
            ),
            (
                r#"{"cluster_id":"a","cluster_id":"a"}"#,
                C::DuplicateField,
                Some("/cluster_id"),
            ),
        ] {
            match CreateSessionRequest::from_json(body.as_bytes()) {
                Err(InvalidRequest::Refused(refusal)) => {
                    let got = (refusal.code, refusal.pointer.as_deref());
                    assert_eq!(got, (code, pointer), "{body}");
                }
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in ["", "{", r#"{"cluster_id":"a"} x"#] {
            let read = CreateSessionRequest::from_json(body.as_bytes());
            assert!(matches!(read, Err(InvalidRequest::Malformed(_))), "{body}");
        }
    }
}
