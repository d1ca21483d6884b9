//! What travels to a worker.

use serde::{Deserialize, Serialize};

use crate::bounded::{Priority, QueueTimeoutSeconds, TimeoutSeconds};
use crate::cluster::ClusterId;
use crate::id::{JobId, SessionId, UserId};
use crate::lane::Lane;
use crate::subject::{CommandSubject, Origin};
use crate::text::{CorrelationId, ServiceIdentity};
use crate::time::Timestamp;
use crate::verb::Verb;

/// The version of the envelope, of events and of results that this build writes.
pub const VERSION: u32 = 1;

/// One command on its way, version 1. Its arguments are raw: the worker parses them again with
/// the same code, because it trusts nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Always [`VERSION`].
    pub v: u32,
    /// The job's id; also the message's id for the server's duplicate window.
    pub id: JobId,
    /// The cluster that is to run it.
    pub cluster_id: ClusterId,
    /// Who published it.
    pub origin: Origin,
    /// The user whose job it is; null from a publisher.
    pub owner: Option<UserId>,
    /// The session it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The caller's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<CorrelationId>,
    /// The service that the caller's key stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_identity: Option<ServiceIdentity>,
    /// The verb.
    pub command_type: Verb,
    /// The arguments as the caller gave them.
    pub args: Vec<String>,
    /// The namespace field as the caller gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// How long it may run.
    #[serde(default)]
    pub timeout_seconds: TimeoutSeconds,
    /// How long it may wait.
    #[serde(default)]
    pub queue_timeout_seconds: QueueTimeoutSeconds,
    /// How much it matters; its lane is the subject's.
    #[serde(default)]
    pub priority: Priority,
    /// When it was accepted.
    pub queued_at: Timestamp,
}

/// Why a message is no command that can be run.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEnvelope {
    /// Not JSON of the envelope's shape.
    #[error("the message is no command envelope: {0}")]
    Undecodable(String),
    /// Written by a newer build.
    #[error("the envelope has version {0}; this worker reads up to version {VERSION}: update it")]
    UnsupportedVersion(u64),
    /// A field says another thing than the subject.
    #[error("the envelope's {0} differs from its subject's")]
    SubjectMismatch(&'static str),
    /// A publisher's command names what only a gateway may.
    #[error("a publisher's command names no {0}: leave it out")]
    NotAPublishers(&'static str),
}

impl Envelope {
    /// The subject that this envelope belongs on.
    #[must_use]
    pub fn subject(&self) -> CommandSubject {
        CommandSubject {
            cluster: self.cluster_id.clone(),
            lane: Lane::from(self.priority),
            origin: self.origin.clone(),
            job: self.id,
        }
    }

    /// Reads the message that came on this subject; every token must equal its field.
    ///
    /// # Errors
    /// [`InvalidEnvelope`]; its text may be shown to the command's publisher.
    pub fn decode(payload: &[u8], subject: &CommandSubject) -> Result<Self, InvalidEnvelope> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u64,
        }
        if !payload.trim_ascii_start().starts_with(b"{") {
            // serde would take an array for an object.
            return Err(InvalidEnvelope::Undecodable(
                "it is no JSON object".to_owned(),
            ));
        }
        let read = serde_json::from_slice::<Self>(payload);
        let version = match &read {
            Ok(envelope) => envelope.v.into(),
            // What a later version writes may have any shape.
            Err(_) => serde_json::from_slice::<Versioned>(payload)
                .map_or(u64::from(VERSION), |read| read.v),
        };
        if version > u64::from(VERSION) {
            return Err(InvalidEnvelope::UnsupportedVersion(version));
        }
        if version == 0 {
            return Err(InvalidEnvelope::Undecodable(
                "versions start at 1".to_owned(),
            ));
        }
        let envelope = read.map_err(|error| InvalidEnvelope::Undecodable(error.to_string()))?;
        let own = envelope.subject();
        let differs = [
            ("cluster_id", own.cluster != subject.cluster),
            ("priority", own.lane != subject.lane),
            ("origin", own.origin != subject.origin),
            ("id", own.job != subject.job),
        ];
        if let Some((field, _)) = differs.into_iter().find(|(_, differs)| *differs) {
            return Err(InvalidEnvelope::SubjectMismatch(field));
        }
        if let Origin::Publisher(_) = envelope.origin {
            if envelope.owner.is_some() {
                return Err(InvalidEnvelope::NotAPublishers("owner"));
            }
            if envelope.session_id.is_some() {
                return Err(InvalidEnvelope::NotAPublishers("session_id"));
            }
        }
        Ok(envelope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json() -> serde_json::Value {
        serde_json::json!({
            "v": 1, "id": "0199b6a0-5c1e-7d3a-8f00-1234567890ab", "cluster_id": "prod-eu",
            "origin": "gw-0000beef", "owner": null, "command_type": "get", "args": ["pods"],
            "timeout_seconds": 10, "queue_timeout_seconds": 60, "priority": 1,
            "queued_at": "2026-11-23T08:00:00.000Z"
        })
    }

    fn subject() -> CommandSubject {
        serde_json::from_value::<Envelope>(json())
            .unwrap()
            .subject()
    }

    fn decode(json: &serde_json::Value) -> Result<Envelope, InvalidEnvelope> {
        Envelope::decode(json.to_string().as_bytes(), &subject())
    }

    #[test]
    fn an_envelope_reads_back_as_it_was_written() {
        let envelope = decode(&json()).unwrap();
        assert_eq!(serde_json::to_value(&envelope).unwrap(), json());
    }

    #[test]
    fn a_newer_version_is_told_apart_from_garbage() {
        let mut newer = json();
        newer["v"] = 2.into();
        newer["surprise"] = true.into();
        assert_eq!(decode(&newer), Err(InvalidEnvelope::UnsupportedVersion(2)));
        let garbage = Envelope::decode(b"\xff{", &subject());
        assert!(matches!(garbage, Err(InvalidEnvelope::Undecodable(_))));
    }

    #[test]
    fn every_token_of_the_subject_must_equal_its_field() {
        for (field, value) in [
            ("cluster_id", serde_json::json!("prod-us")),
            ("priority", 50.into()),
            ("origin", "gw-00000001".into()),
            ("id", "0199b6a0-5c1e-7d3a-8f00-000000000000".into()),
        ] {
            let mut other = json();
            other[field] = value;
            assert_eq!(decode(&other), Err(InvalidEnvelope::SubjectMismatch(field)));
        }
    }

    #[test]
    fn a_publisher_names_neither_owner_nor_session() {
        for field in ["owner", "session_id"] {
            let mut json = json();
            json["origin"] = "pub-bot".into();
            json[field] = "0199b6a0-5c1e-7d3a-8f00-000000000000".into();
            let envelope: Envelope = serde_json::from_value(json.clone()).unwrap();
            let decoded = Envelope::decode(json.to_string().as_bytes(), &envelope.subject());
            assert_eq!(decoded, Err(InvalidEnvelope::NotAPublishers(field)));
        }
    }
}
