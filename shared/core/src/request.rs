//! What a caller may ask.

use serde::{Deserialize, Serialize};

use crate::bounded::{Priority, QueueTimeoutSeconds, TimeoutSeconds};
use crate::cluster::ClusterId;
use crate::command::Command;
use crate::id::{SessionId, UserId};
use crate::policy::Secrets;
use crate::refusal::Refusal;
use crate::text::{CorrelationId, ServiceIdentity};
use crate::verb::Verb;

/// The largest body of a request, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// The body of `POST /v1/commands`. Raw as JSON allows: [`Self::command`] parses the arguments.
///
/// Unknown fields, duplicate keys and numbers written as strings or floats are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExecuteCommandRequest {
    /// The cluster that is to run it.
    pub cluster_id: ClusterId,
    /// The session it belongs to.
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// The caller's own id, carried through to the result.
    #[serde(default)]
    pub correlation_id: Option<CorrelationId>,
    /// Accepted from an admin only: a caller's identity comes from its key.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// Accepted from an admin only.
    #[serde(default)]
    pub service_identity: Option<ServiceIdentity>,
    /// The verb; `get` where it is absent.
    #[serde(default = "get")]
    pub command_type: Verb,
    /// The arguments, without the verb (one echo of it is dropped); 1–20, 2 KiB each.
    #[serde(default)]
    pub args: Vec<String>,
    /// The namespace; `default` counts as not given.
    #[serde(default)]
    pub namespace: Option<String>,
    /// How long it may run; the gateway's `command_timeout` where it is absent.
    #[serde(default)]
    pub timeout_seconds: Option<TimeoutSeconds>,
    /// How long it may wait for a worker.
    #[serde(default)]
    pub queue_timeout_seconds: QueueTimeoutSeconds,
    /// How much it matters.
    #[serde(default)]
    pub priority: Priority,
}

const fn get() -> Verb {
    Verb::Get
}

/// Why a body is no request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// It is not JSON at all (RFC 8259).
    #[error("the body is not JSON: {0}")]
    Malformed(String),
    /// It is JSON, but not of this shape.
    #[error("{}", .0.message)]
    Refused(Refusal),
}

impl ExecuteCommandRequest {
    /// Reads a request from the bytes of a body.
    ///
    /// # Errors
    /// [`InvalidRequest`]; a refusal points at the field.
    pub fn from_json(body: &[u8]) -> Result<Self, InvalidRequest> {
        crate::body::read(body)
    }

    /// The command that the arguments say. Secrets are refused.
    ///
    /// # Errors
    /// The grammar's refusal.
    pub fn command(&self) -> Result<Command, Refusal> {
        self.command_with(Secrets::Deny)
    }

    /// The command that the arguments say, at a door that may let secrets be asked for: what a
    /// cluster shows of them is its own policy's to say.
    ///
    /// # Errors
    /// The grammar's refusal.
    pub fn command_with(&self, secrets: Secrets) -> Result<Command, Refusal> {
        let namespace = self.namespace.as_deref();
        Command::parse_with(self.command_type, &self.args, namespace, secrets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::RefusalCode;

    fn refused(body: &str) -> (RefusalCode, Option<String>) {
        match ExecuteCommandRequest::from_json(body.as_bytes()) {
            Err(InvalidRequest::Refused(refusal)) => (refusal.code, refusal.pointer),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn defaults_stand_for_what_is_absent() {
        let body = br#"{"cluster_id":"prod-eu","args":["pods"]}"#;
        let request = ExecuteCommandRequest::from_json(body).unwrap();
        assert_eq!(request.command_type, Verb::Get);
        assert_eq!(request.queue_timeout_seconds.get(), 60);
        assert_eq!(request.priority.get(), 1);
        assert!(request.command().is_ok());
    }

    #[test]
    fn each_wrong_field_is_pointed_at_with_its_code() {
        use RefusalCode as C;
        for (body, code, pointer) in [
            (
                r#"{"cluster_id":"a.>","args":["pods"]}"#,
                C::BadClusterId,
                "/cluster_id",
            ),
            (r#"{"args":["pods"]}"#, C::MissingField, ""),
            (
                r#"{"cluster_id":"a","args":["pods",1]}"#,
                C::BadArgsType,
                "/args/1",
            ),
            (
                r#"{"cluster_id":"a","args":"pods"}"#,
                C::BadArgsType,
                "/args",
            ),
            (
                r#"{"cluster_id":"a","args":[],"command_type":"GET"}"#,
                C::BadCommandType,
                "/command_type",
            ),
            (
                r#"{"cluster_id":"a","args":[],"timeout_seconds":"10"}"#,
                C::BadTimeout,
                "/timeout_seconds",
            ),
            (
                r#"{"cluster_id":"a","args":[],"timeout_seconds":31}"#,
                C::BadTimeout,
                "/timeout_seconds",
            ),
            (
                r#"{"cluster_id":"a","args":[],"priority":1.0}"#,
                C::BadPriority,
                "/priority",
            ),
            (
                r#"{"cluster_id":"a","args":[],"session_id":""}"#,
                C::BadSessionId,
                "/session_id",
            ),
            (
                r#"{"cluster_id":"a","args":[],"surprise":1}"#,
                C::UnknownField,
                "/surprise",
            ),
            (
                r#"{"cluster_id":"a","cluster_id":"b","args":[]}"#,
                C::DuplicateField,
                "/cluster_id",
            ),
        ] {
            assert_eq!(refused(body).0, code, "{body}");
            assert_eq!(refused(body).1.as_deref().unwrap_or(""), pointer, "{body}");
        }
    }

    #[test]
    fn only_an_object_is_a_request() {
        for body in [r#"["prod-eu",null]"#, "null", "1", "\"prod-eu\""] {
            assert_eq!(refused(body), (RefusalCode::BadField, None), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let twice = r#"{"cluster_id":"a","args":[]} {}"#;
        for body in [
            "",
            "{",
            r#"{"surprise""#,
            twice,
            "nul",
            "{\"cluster_id\":\"a\",}",
            "\u{feff}{}",
        ] {
            let read = ExecuteCommandRequest::from_json(body.as_bytes());
            assert!(
                matches!(read, Err(InvalidRequest::Malformed(_))),
                "{body}: {read:?}"
            );
        }
    }
}
